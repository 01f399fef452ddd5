-- People who operate the system sign in by themselves, and keys of programs may do only what they are for.
CREATE TABLE staff (
    id                   BLOB PRIMARY KEY,
    username             TEXT NOT NULL UNIQUE,
    name                 TEXT NOT NULL,
    role                 TEXT NOT NULL CHECK (role IN ('operator', 'admin', 'super_admin')),
    password             TEXT NOT NULL,
    must_change_password INTEGER NOT NULL CHECK (must_change_password IN (0, 1)),
    created_at           INTEGER NOT NULL,
    disabled_at          INTEGER,
    removed_at           INTEGER,
    revision             INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE staff_session (
    id         BLOB PRIMARY KEY,
    staff_id   BLOB NOT NULL REFERENCES staff (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL CHECK (expires_at > created_at),
    seen_at    INTEGER NOT NULL,
    revoked_at INTEGER,
    address    TEXT,
    agent      TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX staff_session_of_staff ON staff_session (staff_id, id);

CREATE TABLE sign_in_failure (
    subject  TEXT PRIMARY KEY,
    failures INTEGER NOT NULL CHECK (failures > 0),
    last_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE staff_setup (
    digest     BLOB PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Keys that are there already keep what they could do: everything.
ALTER TABLE api_key ADD COLUMN scopes TEXT NOT NULL DEFAULT '*';
ALTER TABLE api_key ADD COLUMN expires_at INTEGER;
ALTER TABLE api_key ADD COLUMN last_used_at INTEGER;
