-- A request that is repeated gets its first answer again, byte for byte, so that answer is kept for a while.
CREATE TABLE request_answer (
    actor        text NOT NULL,
    key          text NOT NULL,
    input        bytea NOT NULL,
    state        text NOT NULL CHECK (state IN ('working', 'answered')),
    lease        uuid NOT NULL,
    locked_until timestamptz NOT NULL,
    status       bigint CHECK (status BETWEEN 100 AND 599),
    head         jsonb,
    body_sealed  bytea,
    at           timestamptz NOT NULL,
    PRIMARY KEY (actor, key),
    CHECK ((state = 'answered') = (status IS NOT NULL)),
    CHECK ((status IS NULL) = (head IS NULL) AND (status IS NULL) = (body_sealed IS NULL))
);
CREATE INDEX request_answer_at ON request_answer (at);
