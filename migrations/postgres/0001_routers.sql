-- Routers come first: everything that is sold works on one.
CREATE TABLE router (
    id              uuid PRIMARY KEY,
    name            text NOT NULL UNIQUE,
    host            text NOT NULL,
    port            bigint NOT NULL CHECK (port BETWEEN 1 AND 65535),
    trust           text NOT NULL CHECK (trust IN ('plain', 'web_pki', 'pin', 'any')),
    pin             text,
    username        text NOT NULL,
    password_sealed bytea NOT NULL,
    version         text,
    observed_at     timestamptz,
    uptime_seconds  bigint,
    failures        bigint NOT NULL DEFAULT 0 CHECK (failures >= 0),
    last_error      text,
    profiles        jsonb,
    created_at      timestamptz NOT NULL,
    CHECK ((trust = 'pin') = (pin IS NOT NULL))
);
