-- Who was online when, and how much was used. Counters of routers restart; what is added up here does not.
CREATE TABLE session (
    id             uuid PRIMARY KEY,
    router_id      uuid NOT NULL REFERENCES router (id),
    kind           text NOT NULL CHECK (kind IN ('hotspot', 'pppoe')),
    name           text NOT NULL,
    login_id       uuid REFERENCES login (id),
    device         text,
    address        text,
    via            text,
    started_at     timestamptz NOT NULL,
    seen_at        timestamptz NOT NULL,
    ended_at       timestamptz,
    uptime_seconds bigint NOT NULL CHECK (uptime_seconds >= 0),
    bytes_in       bigint NOT NULL CHECK (bytes_in >= 0),
    bytes_out      bigint NOT NULL CHECK (bytes_out >= 0),
    counter_in     bigint NOT NULL CHECK (counter_in >= 0),
    counter_out    bigint NOT NULL CHECK (counter_out >= 0),
    CHECK (ended_at IS NULL OR ended_at >= seen_at)
);
CREATE INDEX session_open ON session (router_id) WHERE ended_at IS NULL;
CREATE INDEX session_login ON session (login_id, id) WHERE login_id IS NOT NULL;
CREATE INDEX session_ended ON session (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE usage_day (
    login_id       uuid NOT NULL REFERENCES login (id),
    day            date NOT NULL,
    bytes_in       bigint NOT NULL CHECK (bytes_in >= 0),
    bytes_out      bigint NOT NULL CHECK (bytes_out >= 0),
    uptime_seconds bigint NOT NULL CHECK (uptime_seconds >= 0),
    PRIMARY KEY (login_id, day)
);
