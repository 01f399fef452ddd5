-- What moves through each router and how it fares, over time. Its counters restart; what is added up here does not.
CREATE TABLE router_interface (
    router_id      BLOB NOT NULL REFERENCES router (id),
    name           TEXT NOT NULL,
    kind           TEXT NOT NULL,
    running        INTEGER NOT NULL CHECK (running IN (0, 1)),
    disabled       INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    down_since     INTEGER,
    counted_since  INTEGER NOT NULL,
    seen_at        INTEGER NOT NULL,
    uptime_seconds INTEGER NOT NULL CHECK (uptime_seconds >= 0),
    counter_rx     INTEGER NOT NULL CHECK (counter_rx >= 0),
    counter_tx     INTEGER NOT NULL CHECK (counter_tx >= 0),
    total_rx       INTEGER NOT NULL CHECK (total_rx >= 0),
    total_tx       INTEGER NOT NULL CHECK (total_tx >= 0),
    rate_rx        INTEGER CHECK (rate_rx >= 0),
    rate_tx        INTEGER CHECK (rate_tx >= 0),
    PRIMARY KEY (router_id, name),
    CHECK ((rate_rx IS NULL) = (rate_tx IS NULL)),
    CHECK (down_since IS NULL OR NOT running)
) STRICT, WITHOUT ROWID;

CREATE TABLE interface_day (
    router_id BLOB NOT NULL REFERENCES router (id),
    name      TEXT NOT NULL,
    day       TEXT NOT NULL,
    rx_bytes  INTEGER NOT NULL CHECK (rx_bytes >= 0),
    tx_bytes  INTEGER NOT NULL CHECK (tx_bytes >= 0),
    PRIMARY KEY (router_id, name, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX interface_day_day ON interface_day (day);

ALTER TABLE router ADD COLUMN sampled_at INTEGER;
ALTER TABLE router ADD COLUMN failed_logins_unsampled INTEGER CHECK (failed_logins_unsampled >= 0);

CREATE TABLE router_sample (
    router_id            BLOB NOT NULL REFERENCES router (id),
    at                   INTEGER NOT NULL,
    cpu_load             INTEGER CHECK (cpu_load >= 0),
    memory_free          INTEGER CHECK (memory_free >= 0),
    memory_total         INTEGER CHECK (memory_total >= 0),
    storage_free         INTEGER CHECK (storage_free >= 0),
    storage_total        INTEGER CHECK (storage_total >= 0),
    clock_ahead_seconds  INTEGER,
    latency_milliseconds INTEGER CHECK (latency_milliseconds >= 0),
    failed_logins        INTEGER CHECK (failed_logins >= 0),
    hotspot_sessions     INTEGER CHECK (hotspot_sessions >= 0),
    pppoe_sessions       INTEGER CHECK (pppoe_sessions >= 0),
    PRIMARY KEY (router_id, at)
) STRICT, WITHOUT ROWID;
CREATE INDEX router_sample_at ON router_sample (at);
