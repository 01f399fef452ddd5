-- Profiles that routers ought to have, asked for by a person. What a wish does not name is left as it is.
CREATE TABLE profile_wish (
    router_id               BLOB NOT NULL REFERENCES router (id),
    kind                    TEXT NOT NULL CHECK (kind IN ('hotspot', 'pppoe')),
    name                    TEXT NOT NULL,
    rate_limit              TEXT,
    session_timeout_seconds INTEGER CHECK (session_timeout_seconds > 0),
    idle_timeout_seconds    INTEGER CHECK (idle_timeout_seconds > 0),
    remote_address          TEXT,
    local_address           TEXT,
    address_list            TEXT,
    sessions_max            INTEGER CHECK (sessions_max > 0),
    sync                    TEXT NOT NULL CHECK (sync IN ('pending', 'applied', 'blocked')),
    last_error              TEXT,
    updated_at              INTEGER NOT NULL,
    PRIMARY KEY (router_id, kind, name),
    CHECK (sync <> 'blocked' OR last_error IS NOT NULL)
) STRICT, WITHOUT ROWID;
