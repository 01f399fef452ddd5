-- What moves through each router and how it fares, over time. Its counters restart; what is added up here does not.
CREATE TABLE router_interface (
    router_id      uuid NOT NULL REFERENCES router (id),
    name           text NOT NULL,
    kind           text NOT NULL,
    running        bool NOT NULL,
    disabled       bool NOT NULL,
    down_since     timestamptz,
    counted_since  timestamptz NOT NULL,
    seen_at        timestamptz NOT NULL,
    uptime_seconds bigint NOT NULL CHECK (uptime_seconds >= 0),
    counter_rx     bigint NOT NULL CHECK (counter_rx >= 0),
    counter_tx     bigint NOT NULL CHECK (counter_tx >= 0),
    total_rx       bigint NOT NULL CHECK (total_rx >= 0),
    total_tx       bigint NOT NULL CHECK (total_tx >= 0),
    rate_rx        bigint CHECK (rate_rx >= 0),
    rate_tx        bigint CHECK (rate_tx >= 0),
    PRIMARY KEY (router_id, name),
    CHECK ((rate_rx IS NULL) = (rate_tx IS NULL)),
    CHECK (down_since IS NULL OR NOT running)
);

CREATE TABLE interface_day (
    router_id uuid NOT NULL REFERENCES router (id),
    name      text NOT NULL,
    day       date NOT NULL,
    rx_bytes  bigint NOT NULL CHECK (rx_bytes >= 0),
    tx_bytes  bigint NOT NULL CHECK (tx_bytes >= 0),
    PRIMARY KEY (router_id, name, day)
);
CREATE INDEX interface_day_day ON interface_day (day);

ALTER TABLE router ADD COLUMN sampled_at timestamptz;
ALTER TABLE router ADD COLUMN failed_logins_unsampled bigint CHECK (failed_logins_unsampled >= 0);

CREATE TABLE router_sample (
    router_id            uuid NOT NULL REFERENCES router (id),
    at                   timestamptz NOT NULL,
    cpu_load             bigint CHECK (cpu_load >= 0),
    memory_free          bigint CHECK (memory_free >= 0),
    memory_total         bigint CHECK (memory_total >= 0),
    storage_free         bigint CHECK (storage_free >= 0),
    storage_total        bigint CHECK (storage_total >= 0),
    clock_ahead_seconds  bigint,
    latency_milliseconds bigint CHECK (latency_milliseconds >= 0),
    failed_logins        bigint CHECK (failed_logins >= 0),
    hotspot_sessions     bigint CHECK (hotspot_sessions >= 0),
    pppoe_sessions       bigint CHECK (pppoe_sessions >= 0),
    PRIMARY KEY (router_id, at)
);
CREATE INDEX router_sample_at ON router_sample (at);
