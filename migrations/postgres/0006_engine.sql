-- What keeps the engine honest: the outbox, the trail of writes, answered requests, counters, keys.
CREATE TABLE outbox (
    id           uuid PRIMARY KEY,
    dedup        text NOT NULL UNIQUE,
    kind         text NOT NULL,
    subject      uuid NOT NULL,
    run_at       timestamptz NOT NULL,
    generation   bigint NOT NULL DEFAULT 1,
    attempts     bigint NOT NULL DEFAULT 0,
    lease        bigint NOT NULL DEFAULT 0,
    locked_until timestamptz,
    dead         bool NOT NULL DEFAULT false,
    last_error   text
);
CREATE INDEX outbox_due ON outbox (run_at) WHERE NOT dead;

CREATE TABLE audit (
    id           uuid PRIMARY KEY,
    at           timestamptz NOT NULL,
    actor        text NOT NULL,
    reason       text,
    action       text NOT NULL,
    subject_kind text NOT NULL,
    subject      uuid NOT NULL,
    before       jsonb NOT NULL,
    after        jsonb NOT NULL
);
CREATE INDEX audit_subject ON audit (subject, id);

CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail only grows';
END $$;
CREATE TRIGGER audit_only_grows BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_only_grows();

CREATE TABLE request_key (
    actor  text NOT NULL,
    key    text NOT NULL,
    input  bytea NOT NULL,
    result uuid NOT NULL,
    at     timestamptz NOT NULL,
    PRIMARY KEY (actor, key)
);

CREATE TABLE counter (
    name  text PRIMARY KEY,
    value bigint NOT NULL CHECK (value > 0)
);

CREATE TABLE api_key (
    id         uuid PRIMARY KEY,
    name       text NOT NULL UNIQUE,
    digest     bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);
