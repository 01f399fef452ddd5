-- How each router fares: what it said of itself when last seen, when it was away, and where it and the books disagree.
ALTER TABLE router ADD COLUMN vitals TEXT;
ALTER TABLE router ADD COLUMN look_asked_at INTEGER;

CREATE TABLE router_outage (
    id         BLOB PRIMARY KEY,
    router_id  BLOB NOT NULL REFERENCES router (id),
    began_at   INTEGER NOT NULL,
    ended_at   INTEGER,
    last_error TEXT NOT NULL,
    CHECK (ended_at IS NULL OR ended_at >= began_at)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX router_outage_open ON router_outage (router_id) WHERE ended_at IS NULL;
CREATE INDEX router_outage_router ON router_outage (router_id, id);

CREATE TABLE router_drift (
    router_id BLOB NOT NULL REFERENCES router (id),
    kind      TEXT NOT NULL CHECK (kind IN ('hotspot', 'pppoe')),
    name      TEXT NOT NULL,
    what      TEXT NOT NULL CHECK (what IN ('missing', 'changed', 'unmarked', 'orphan', 'still_online')),
    fields    TEXT NOT NULL,
    login_id  BLOB REFERENCES login (id),
    found_at  INTEGER NOT NULL,
    PRIMARY KEY (router_id, kind, name, what)
) STRICT, WITHOUT ROWID;
