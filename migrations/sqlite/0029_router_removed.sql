-- A router may be removed. What happened on it refers to it, so its row stays, under its id; its name is free again.
ALTER TABLE router ADD COLUMN removed_at INTEGER;
ALTER TABLE router ADD COLUMN removed_name TEXT CHECK ((removed_at IS NULL) = (removed_name IS NULL));
