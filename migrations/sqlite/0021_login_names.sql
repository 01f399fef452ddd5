-- Names of subscribers' logins are counted by prefix, and pass over what routers have without our mark.
CREATE TABLE login_numbering (
    prefix     TEXT PRIMARY KEY,
    digits     INTEGER NOT NULL CHECK (digits BETWEEN 1 AND 10),
    last       INTEGER NOT NULL CHECK (last >= 0),
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE router_stranger (
    router_id BLOB NOT NULL REFERENCES router (id),
    kind      TEXT NOT NULL CHECK (kind IN ('hotspot', 'pppoe')),
    name      TEXT NOT NULL,
    profile   TEXT NOT NULL,
    comment   TEXT NOT NULL,
    disabled  INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    marked    INTEGER NOT NULL CHECK (marked IN (0, 1)),
    seen_at   INTEGER NOT NULL,
    PRIMARY KEY (router_id, kind, name)
) STRICT, WITHOUT ROWID;
