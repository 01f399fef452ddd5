-- Routers come first: everything that is sold works on one.
CREATE TABLE router (
    id              BLOB PRIMARY KEY,
    name            TEXT NOT NULL UNIQUE,
    host            TEXT NOT NULL,
    port            INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
    trust           TEXT NOT NULL CHECK (trust IN ('plain', 'web_pki', 'pin', 'any')),
    pin             TEXT,
    username        TEXT NOT NULL,
    password_sealed BLOB NOT NULL,
    version         TEXT,
    observed_at     INTEGER,
    uptime_seconds  INTEGER,
    failures        INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    last_error      TEXT,
    profiles        TEXT,
    created_at      INTEGER NOT NULL,
    CHECK ((trust = 'pin') = (pin IS NOT NULL))
) STRICT, WITHOUT ROWID;
