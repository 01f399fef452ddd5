-- Subscribers dial in: a login may be a PPP secret, with addresses of its own, and a person may close it or take care of it.
-- SQLite cannot change a CHECK, so the table is made anew; no other table refers to it.
CREATE TABLE login_new (
    id                    BLOB PRIMARY KEY,
    router_id             BLOB NOT NULL REFERENCES router (id),
    kind                  TEXT NOT NULL CHECK (kind IN ('hotspot', 'pppoe')),
    name                  TEXT NOT NULL,
    voucher_id            BLOB REFERENCES voucher (id),
    subscription_id       BLOB REFERENCES subscription (id),
    presence              TEXT NOT NULL CHECK (presence IN ('enabled', 'disabled', 'absent')),
    password              TEXT NOT NULL,
    profile               TEXT NOT NULL,
    limit_uptime_seconds  INTEGER,
    limit_bytes           INTEGER,
    line                  TEXT,
    fixed_address         TEXT,
    comment               TEXT NOT NULL,
    care                  TEXT NOT NULL DEFAULT 'books' CHECK (care IN ('books', 'adopting', 'manual')),
    closed                INTEGER NOT NULL DEFAULT 0 CHECK (closed IN (0, 1)),
    revision              INTEGER NOT NULL,
    sync                  TEXT NOT NULL CHECK (sync IN ('pending', 'applied', 'blocked')),
    attempts              INTEGER NOT NULL DEFAULT 0,
    last_error            TEXT,
    applied_at            INTEGER,
    ever_applied          INTEGER NOT NULL DEFAULT 0 CHECK (ever_applied IN (0, 1)),
    uptime_before_seconds INTEGER NOT NULL DEFAULT 0,
    uptime_seen_seconds   INTEGER NOT NULL DEFAULT 0,
    bytes_before          INTEGER NOT NULL DEFAULT 0,
    bytes_seen            INTEGER NOT NULL DEFAULT 0,
    UNIQUE (router_id, kind, name),
    CHECK (sync <> 'applied' OR (ever_applied AND applied_at IS NOT NULL)),
    CHECK (sync <> 'blocked' OR last_error IS NOT NULL),
    CHECK ((voucher_id IS NULL) <> (subscription_id IS NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO login_new (
    id, router_id, kind, name, voucher_id, subscription_id, presence, password, profile, limit_uptime_seconds, limit_bytes, comment, revision, sync, attempts,
    last_error, applied_at, ever_applied, uptime_before_seconds, uptime_seen_seconds, bytes_before, bytes_seen
)
SELECT
    id, router_id, kind, name, voucher_id, subscription_id, presence, password, profile, limit_uptime_seconds, limit_bytes, comment, revision, sync, attempts,
    last_error, applied_at, ever_applied, uptime_before_seconds, uptime_seen_seconds, bytes_before, bytes_seen
FROM login;
DROP TABLE login;
ALTER TABLE login_new RENAME TO login;
CREATE INDEX login_live ON login (router_id, id) WHERE presence <> 'absent' OR sync = 'pending';
CREATE INDEX login_fresh ON login (router_id, id) WHERE sync = 'pending';
CREATE INDEX login_voucher ON login (voucher_id);
CREATE INDEX login_subscription ON login (subscription_id, id) WHERE subscription_id IS NOT NULL;
CREATE UNIQUE INDEX login_fixed_address ON login (router_id, fixed_address)
    WHERE fixed_address IS NOT NULL AND presence <> 'absent';
