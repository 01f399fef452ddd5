-- The trail becomes a chain: each record is sealed with the one before it, and knows where the request came from.
ALTER TABLE audit ADD COLUMN address TEXT;
ALTER TABLE audit ADD COLUMN agent TEXT;
-- Absent in rows from before the chain, and in those of a program that is older than it.
ALTER TABLE audit ADD COLUMN position INTEGER CHECK (position > 0);
ALTER TABLE audit ADD COLUMN hash BLOB
    CHECK ((position IS NULL) = (hash IS NULL) AND (hash IS NULL OR length(hash) = 32));
CREATE UNIQUE INDEX audit_position ON audit (position);
CREATE INDEX audit_unchained ON audit (id) WHERE position IS NULL;
CREATE INDEX audit_actor ON audit (actor, id);
CREATE INDEX audit_action ON audit (action, id);
CREATE INDEX audit_address ON audit (address, id) WHERE address IS NOT NULL;

-- The end of the chain stands beside the counter of events, which every commit that tells something locks last.
ALTER TABLE counter ADD COLUMN chain_position INTEGER CHECK (chain_position > 0);
ALTER TABLE counter ADD COLUMN chain_hash BLOB
    CHECK ((chain_position IS NULL) = (chain_hash IS NULL));
