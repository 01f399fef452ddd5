-- Programs elsewhere that are told of events: whom, how far each was told, and how each telling went.
CREATE TABLE webhook (
    id               BLOB PRIMARY KEY,
    url              TEXT NOT NULL,
    description      TEXT NOT NULL,
    events           TEXT NOT NULL,
    disabled_at      INTEGER,
    disabled_because TEXT CHECK (disabled_because IN ('person', 'gone', 'failing')),
    failing_since    INTEGER,
    followed_to      INTEGER NOT NULL CHECK (followed_to >= 0),
    created_at       INTEGER NOT NULL,
    changed_at       INTEGER NOT NULL,
    removed_at       INTEGER,
    CHECK ((disabled_at IS NULL) = (disabled_because IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE webhook_secret (
    webhook_id BLOB NOT NULL REFERENCES webhook (id),
    number     INTEGER NOT NULL CHECK (number > 0),
    sealed     BLOB NOT NULL,
    good_until INTEGER,
    PRIMARY KEY (webhook_id, number)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX webhook_secret_present ON webhook_secret (webhook_id) WHERE good_until IS NULL;

CREATE TABLE webhook_delivery (
    id         BLOB PRIMARY KEY,
    webhook_id BLOB NOT NULL REFERENCES webhook (id),
    position   INTEGER CHECK (position > 0),
    kind       TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('pending', 'succeeded', 'failed')),
    tries      INTEGER NOT NULL CHECK (tries >= 0),
    attempts   INTEGER NOT NULL CHECK (attempts >= 0),
    due_at     INTEGER,
    created_at INTEGER NOT NULL,
    settled_at INTEGER,
    CHECK ((state = 'pending') = (due_at IS NOT NULL)),
    CHECK ((state = 'pending') = (settled_at IS NULL)),
    UNIQUE (webhook_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_delivery_due ON webhook_delivery (webhook_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX webhook_delivery_page ON webhook_delivery (webhook_id, id);
CREATE INDEX webhook_delivery_failed ON webhook_delivery (webhook_id, id) WHERE state = 'failed';
CREATE INDEX webhook_delivery_created ON webhook_delivery (created_at);

CREATE TABLE webhook_attempt (
    delivery_id BLOB NOT NULL REFERENCES webhook_delivery (id) ON DELETE CASCADE,
    number      INTEGER NOT NULL CHECK (number > 0),
    at          INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL CHECK (duration_ms >= 0),
    status      INTEGER,
    answer      TEXT,
    error       TEXT,
    PRIMARY KEY (delivery_id, number),
    CHECK ((status IS NULL) = (error IS NOT NULL)),
    CHECK ((status IS NULL) = (answer IS NULL))
) STRICT, WITHOUT ROWID;
