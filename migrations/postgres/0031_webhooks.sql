-- Programs elsewhere that are told of events: whom, how far each was told, and how each telling went.
CREATE TABLE webhook (
    id               uuid PRIMARY KEY,
    url              text NOT NULL,
    description      text NOT NULL,
    events           jsonb NOT NULL,
    disabled_at      timestamptz,
    disabled_because text CHECK (disabled_because IN ('person', 'gone', 'failing')),
    failing_since    timestamptz,
    followed_to      bigint NOT NULL CHECK (followed_to >= 0),
    created_at       timestamptz NOT NULL,
    changed_at       timestamptz NOT NULL,
    removed_at       timestamptz,
    CHECK ((disabled_at IS NULL) = (disabled_because IS NULL))
);

CREATE TABLE webhook_secret (
    webhook_id uuid NOT NULL REFERENCES webhook (id),
    number     bigint NOT NULL CHECK (number > 0),
    sealed     bytea NOT NULL,
    good_until timestamptz,
    PRIMARY KEY (webhook_id, number)
);
CREATE UNIQUE INDEX webhook_secret_present ON webhook_secret (webhook_id) WHERE good_until IS NULL;

CREATE TABLE webhook_delivery (
    id         uuid PRIMARY KEY,
    webhook_id uuid NOT NULL REFERENCES webhook (id),
    position   bigint CHECK (position > 0),
    kind       text NOT NULL,
    state      text NOT NULL CHECK (state IN ('pending', 'succeeded', 'failed')),
    tries      bigint NOT NULL CHECK (tries >= 0),
    attempts   bigint NOT NULL CHECK (attempts >= 0),
    due_at     timestamptz,
    created_at timestamptz NOT NULL,
    settled_at timestamptz,
    CHECK ((state = 'pending') = (due_at IS NOT NULL)),
    CHECK ((state = 'pending') = (settled_at IS NULL)),
    UNIQUE (webhook_id, position)
);
CREATE INDEX webhook_delivery_due ON webhook_delivery (webhook_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX webhook_delivery_page ON webhook_delivery (webhook_id, id);
CREATE INDEX webhook_delivery_failed ON webhook_delivery (webhook_id, id) WHERE state = 'failed';
CREATE INDEX webhook_delivery_created ON webhook_delivery (created_at);

CREATE TABLE webhook_attempt (
    delivery_id uuid NOT NULL REFERENCES webhook_delivery (id) ON DELETE CASCADE,
    number      bigint NOT NULL CHECK (number > 0),
    at          timestamptz NOT NULL,
    duration_ms bigint NOT NULL CHECK (duration_ms >= 0),
    status      bigint,
    answer      text,
    error       text,
    PRIMARY KEY (delivery_id, number),
    CHECK ((status IS NULL) = (error IS NOT NULL)),
    CHECK ((status IS NULL) = (answer IS NULL))
);
