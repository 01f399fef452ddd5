-- What is wrong for so long that somebody has to know, by rules that people change.
CREATE TABLE alert_rule (
    name              text PRIMARY KEY,
    condition         text NOT NULL,
    threshold         bigint NOT NULL CHECK (threshold > 0),
    lasting_seconds   bigint NOT NULL CHECK (lasting_seconds >= 0),
    severity          text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    cool_down_seconds bigint NOT NULL CHECK (cool_down_seconds >= 0),
    router_id         uuid REFERENCES router (id),
    escalation        jsonb NOT NULL,
    enabled           bool NOT NULL,
    updated_at        timestamptz NOT NULL
);

CREATE TABLE alert (
    id                   uuid PRIMARY KEY,
    rule                 text NOT NULL,
    router_id            uuid REFERENCES router (id),
    condition            text NOT NULL,
    threshold            bigint NOT NULL CHECK (threshold > 0),
    value                bigint NOT NULL CHECK (value >= 0),
    severity             text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    state                text NOT NULL CHECK (state IN ('waiting', 'open', 'acknowledged', 'resolved')),
    began_at             timestamptz NOT NULL,
    raised_at            timestamptz,
    acknowledged_at      timestamptz,
    acknowledged_by      text,
    acknowledged_because text,
    resolved_at          timestamptz,
    told                 bigint NOT NULL CHECK (told >= 0),
    owes_end             bool NOT NULL,
    returns              bigint NOT NULL CHECK (returns >= 0),
    revision             bigint NOT NULL,
    CHECK ((state = 'waiting') = (raised_at IS NULL)),
    CHECK ((state = 'resolved') = (resolved_at IS NOT NULL)),
    CHECK (state <> 'acknowledged' OR acknowledged_at IS NOT NULL),
    CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL))
);
CREATE UNIQUE INDEX alert_current_router ON alert (rule, router_id) WHERE router_id IS NOT NULL AND resolved_at IS NULL;
CREATE UNIQUE INDEX alert_current_engine ON alert (rule) WHERE router_id IS NULL AND resolved_at IS NULL;
CREATE INDEX alert_resolved ON alert (resolved_at) WHERE resolved_at IS NOT NULL;
CREATE INDEX login_blocked ON login (router_id) WHERE sync = 'blocked';
CREATE INDEX subscription_trouble ON subscription (id) WHERE trouble IS NOT NULL;

INSERT INTO alert_rule (name, condition, threshold, lasting_seconds, severity, cool_down_seconds, escalation, enabled, updated_at) VALUES
    (
        'router-down', 'router_down', 60, 0, 'critical', 1800,
        '[{"after_seconds": 0, "tell": "operator"}, {"after_seconds": 1800, "tell": "admin"}, {"after_seconds": 3600, "tell": "super_admin"}]', TRUE,
        '1970-01-01T00:00:00Z'
    ),
    ('cpu-high', 'cpu_load', 80, 300, 'warning', 1800, '[{"after_seconds": 0, "tell": "operator"}, {"after_seconds": 3600, "tell": "admin"}]', TRUE, '1970-01-01T00:00:00Z'),
    ('memory-full', 'memory_used', 85, 300, 'warning', 1800, '[{"after_seconds": 0, "tell": "operator"}, {"after_seconds": 3600, "tell": "admin"}]', TRUE, '1970-01-01T00:00:00Z'),
    ('storage-full', 'storage_used', 90, 0, 'critical', 3600, '[{"after_seconds": 0, "tell": "operator"}, {"after_seconds": 1800, "tell": "admin"}]', TRUE, '1970-01-01T00:00:00Z'),
    ('clock-off', 'clock_off', 60, 0, 'warning', 86400, '[{"after_seconds": 0, "tell": "operator"}]', TRUE, '1970-01-01T00:00:00Z'),
    ('router-slow', 'latency', 5000, 300, 'warning', 1800, '[{"after_seconds": 0, "tell": "operator"}]', TRUE, '1970-01-01T00:00:00Z'),
    ('licence-full', 'licence_used', 90, 0, 'warning', 86400, '[{"after_seconds": 0, "tell": "operator"}, {"after_seconds": 3600, "tell": "admin"}]', TRUE, '1970-01-01T00:00:00Z'),
    ('logins-failing', 'failed_logins', 10, 0, 'warning', 3600, '[{"after_seconds": 0, "tell": "operator"}]', TRUE, '1970-01-01T00:00:00Z'),
    ('logins-refused', 'logins_blocked', 1, 300, 'warning', 86400, '[{"after_seconds": 0, "tell": "operator"}]', TRUE, '1970-01-01T00:00:00Z'),
    (
        'billing-stuck', 'subscriptions_in_trouble', 1, 0, 'critical', 86400,
        '[{"after_seconds": 0, "tell": "operator"}, {"after_seconds": 3600, "tell": "admin"}]', TRUE, '1970-01-01T00:00:00Z'
    );
