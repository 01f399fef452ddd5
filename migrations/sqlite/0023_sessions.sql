-- Who was online when, and how much was used. Counters of routers restart; what is added up here does not.
CREATE TABLE session (
    id             BLOB PRIMARY KEY,
    router_id      BLOB NOT NULL REFERENCES router (id),
    kind           TEXT NOT NULL CHECK (kind IN ('hotspot', 'pppoe')),
    name           TEXT NOT NULL,
    login_id       BLOB REFERENCES login (id),
    device         TEXT,
    address        TEXT,
    via            TEXT,
    started_at     INTEGER NOT NULL,
    seen_at        INTEGER NOT NULL,
    ended_at       INTEGER,
    uptime_seconds INTEGER NOT NULL CHECK (uptime_seconds >= 0),
    bytes_in       INTEGER NOT NULL CHECK (bytes_in >= 0),
    bytes_out      INTEGER NOT NULL CHECK (bytes_out >= 0),
    counter_in     INTEGER NOT NULL CHECK (counter_in >= 0),
    counter_out    INTEGER NOT NULL CHECK (counter_out >= 0),
    CHECK (ended_at IS NULL OR ended_at >= seen_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX session_open ON session (router_id) WHERE ended_at IS NULL;
CREATE INDEX session_login ON session (login_id, id) WHERE login_id IS NOT NULL;
CREATE INDEX session_ended ON session (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE usage_day (
    login_id       BLOB NOT NULL REFERENCES login (id),
    day            TEXT NOT NULL,
    bytes_in       INTEGER NOT NULL CHECK (bytes_in >= 0),
    bytes_out      INTEGER NOT NULL CHECK (bytes_out >= 0),
    uptime_seconds INTEGER NOT NULL CHECK (uptime_seconds >= 0),
    PRIMARY KEY (login_id, day)
) STRICT, WITHOUT ROWID;
