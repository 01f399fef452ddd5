-- Subscribers dial in: a login may be a PPP secret, with addresses of its own, and a person may close it or take care of it.
ALTER TABLE login DROP CONSTRAINT login_kind_check;
ALTER TABLE login ADD CONSTRAINT login_kind_check CHECK (kind IN ('hotspot', 'pppoe'));
ALTER TABLE login ADD COLUMN line jsonb;
ALTER TABLE login ADD COLUMN fixed_address text;
ALTER TABLE login ADD COLUMN care text NOT NULL DEFAULT 'books' CHECK (care IN ('books', 'adopting', 'manual'));
ALTER TABLE login ADD COLUMN closed bool NOT NULL DEFAULT false;
CREATE UNIQUE INDEX login_fixed_address ON login (router_id, fixed_address)
    WHERE fixed_address IS NOT NULL AND presence <> 'absent';
