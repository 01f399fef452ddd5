-- A request that is repeated gets its first answer again, byte for byte, so that answer is kept for a while.
CREATE TABLE request_answer (
    actor        TEXT NOT NULL,
    key          TEXT NOT NULL,
    input        BLOB NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('working', 'answered')),
    lease        BLOB NOT NULL,
    locked_until INTEGER NOT NULL,
    status       INTEGER CHECK (status BETWEEN 100 AND 599),
    head         TEXT,
    body_sealed  BLOB,
    at           INTEGER NOT NULL,
    PRIMARY KEY (actor, key),
    CHECK ((state = 'answered') = (status IS NOT NULL)),
    CHECK ((status IS NULL) = (head IS NULL) AND (status IS NULL) = (body_sealed IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX request_answer_at ON request_answer (at);
