-- What keeps the engine honest: the outbox, the trail of writes, answered requests, counters, keys.
CREATE TABLE outbox (
    id           BLOB PRIMARY KEY,
    dedup        TEXT NOT NULL UNIQUE,
    kind         TEXT NOT NULL,
    subject      BLOB NOT NULL,
    run_at       INTEGER NOT NULL,
    generation   INTEGER NOT NULL DEFAULT 1,
    attempts     INTEGER NOT NULL DEFAULT 0,
    lease        INTEGER NOT NULL DEFAULT 0,
    locked_until INTEGER,
    dead         INTEGER NOT NULL DEFAULT 0 CHECK (dead IN (0, 1)),
    last_error   TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_due ON outbox (run_at) WHERE NOT dead;

CREATE TABLE audit (
    id           BLOB PRIMARY KEY,
    at           INTEGER NOT NULL,
    actor        TEXT NOT NULL,
    reason       TEXT,
    action       TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject      BLOB NOT NULL,
    before       TEXT NOT NULL,
    after        TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_subject ON audit (subject, id);

CREATE TRIGGER audit_only_grows_update BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit trail only grows');
END;
CREATE TRIGGER audit_only_grows_delete BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit trail only grows');
END;

CREATE TABLE request_key (
    actor  TEXT NOT NULL,
    key    TEXT NOT NULL,
    input  BLOB NOT NULL,
    result BLOB NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (actor, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE counter (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL CHECK (value > 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE api_key (
    id         BLOB PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    digest     BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;
