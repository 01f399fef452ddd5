-- What is wrong for so long that somebody has to know, by rules that people change.
CREATE TABLE alert_rule (
    name              TEXT PRIMARY KEY,
    condition         TEXT NOT NULL,
    threshold         INTEGER NOT NULL CHECK (threshold > 0),
    lasting_seconds   INTEGER NOT NULL CHECK (lasting_seconds >= 0),
    severity          TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    cool_down_seconds INTEGER NOT NULL CHECK (cool_down_seconds >= 0),
    router_id         BLOB REFERENCES router (id),
    escalation        TEXT NOT NULL,
    enabled           INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    updated_at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE alert (
    id                   BLOB PRIMARY KEY,
    rule                 TEXT NOT NULL,
    router_id            BLOB REFERENCES router (id),
    condition            TEXT NOT NULL,
    threshold            INTEGER NOT NULL CHECK (threshold > 0),
    value                INTEGER NOT NULL CHECK (value >= 0),
    severity             TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    state                TEXT NOT NULL CHECK (state IN ('waiting', 'open', 'acknowledged', 'resolved')),
    began_at             INTEGER NOT NULL,
    raised_at            INTEGER,
    acknowledged_at      INTEGER,
    acknowledged_by      TEXT,
    acknowledged_because TEXT,
    resolved_at          INTEGER,
    told                 INTEGER NOT NULL CHECK (told >= 0),
    owes_end             INTEGER NOT NULL CHECK (owes_end IN (0, 1)),
    returns              INTEGER NOT NULL CHECK (returns >= 0),
    revision             INTEGER NOT NULL,
    CHECK ((state = 'waiting') = (raised_at IS NULL)),
    CHECK ((state = 'resolved') = (resolved_at IS NOT NULL)),
    CHECK (state <> 'acknowledged' OR acknowledged_at IS NOT NULL),
    CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX alert_current_router ON alert (rule, router_id) WHERE router_id IS NOT NULL AND resolved_at IS NULL;
CREATE UNIQUE INDEX alert_current_engine ON alert (rule) WHERE router_id IS NULL AND resolved_at IS NULL;
CREATE INDEX alert_resolved ON alert (resolved_at) WHERE resolved_at IS NOT NULL;
CREATE INDEX login_blocked ON login (router_id) WHERE sync = 'blocked';
CREATE INDEX subscription_trouble ON subscription (id) WHERE trouble IS NOT NULL;

INSERT INTO alert_rule (name, condition, threshold, lasting_seconds, severity, cool_down_seconds, escalation, enabled, updated_at) VALUES
    (
        'router-down', 'router_down', 60, 0, 'critical', 1800,
        '[{"after_seconds": 0, "tell": "operator"}, {"after_seconds": 1800, "tell": "admin"}, {"after_seconds": 3600, "tell": "super_admin"}]', 1,
        0
    ),
    ('cpu-high', 'cpu_load', 80, 300, 'warning', 1800, '[{"after_seconds": 0, "tell": "operator"}, {"after_seconds": 3600, "tell": "admin"}]', 1, 0),
    ('memory-full', 'memory_used', 85, 300, 'warning', 1800, '[{"after_seconds": 0, "tell": "operator"}, {"after_seconds": 3600, "tell": "admin"}]', 1, 0),
    ('storage-full', 'storage_used', 90, 0, 'critical', 3600, '[{"after_seconds": 0, "tell": "operator"}, {"after_seconds": 1800, "tell": "admin"}]', 1, 0),
    ('clock-off', 'clock_off', 60, 0, 'warning', 86400, '[{"after_seconds": 0, "tell": "operator"}]', 1, 0),
    ('router-slow', 'latency', 5000, 300, 'warning', 1800, '[{"after_seconds": 0, "tell": "operator"}]', 1, 0),
    ('licence-full', 'licence_used', 90, 0, 'warning', 86400, '[{"after_seconds": 0, "tell": "operator"}, {"after_seconds": 3600, "tell": "admin"}]', 1, 0),
    ('logins-failing', 'failed_logins', 10, 0, 'warning', 3600, '[{"after_seconds": 0, "tell": "operator"}]', 1, 0),
    ('logins-refused', 'logins_blocked', 1, 300, 'warning', 86400, '[{"after_seconds": 0, "tell": "operator"}]', 1, 0),
    (
        'billing-stuck', 'subscriptions_in_trouble', 1, 0, 'critical', 86400,
        '[{"after_seconds": 0, "tell": "operator"}, {"after_seconds": 3600, "tell": "admin"}]', 1, 0
    );
