-- What users of one sort have in common on a router. A profile is missing only after a complete look without it.
-- It takes the place of router.profiles, which nothing reads any more.
CREATE TABLE router_profile (
    router_id               BLOB NOT NULL REFERENCES router (id),
    kind                    TEXT NOT NULL CHECK (kind IN ('hotspot', 'pppoe')),
    name                    TEXT NOT NULL,
    rate_limit              TEXT,
    session_timeout_seconds INTEGER,
    idle_timeout_seconds    INTEGER,
    remote_address          TEXT,
    local_address           TEXT,
    address_list            TEXT,
    sessions_max            INTEGER CHECK (sessions_max > 0),
    seen_at                 INTEGER NOT NULL,
    missing_since           INTEGER,
    PRIMARY KEY (router_id, kind, name)
) STRICT, WITHOUT ROWID;
