-- Batches and vouchers. A code is unique for ever; a voucher is never sold below cost.
CREATE TABLE voucher_batch (
    id                   BLOB PRIMARY KEY,
    number               TEXT NOT NULL UNIQUE,
    router_id            BLOB NOT NULL REFERENCES router (id),
    plan_id              BLOB NOT NULL REFERENCES plan (id),
    vendor_id            BLOB REFERENCES vendor (id),
    count                INTEGER NOT NULL CHECK (count BETWEEN 1 AND 10000),
    profile              TEXT NOT NULL,
    prefix               TEXT NOT NULL,
    random_chars         INTEGER NOT NULL CHECK (random_chars > 0),
    login_mode           TEXT NOT NULL CHECK (login_mode IN ('same', 'separate')),
    currency             TEXT NOT NULL,
    price_cost_minor     INTEGER NOT NULL CHECK (price_cost_minor >= 0),
    price_sell_minor     INTEGER NOT NULL,
    uptime_quota_seconds INTEGER,
    data_quota_bytes     INTEGER,
    validity_seconds     INTEGER,
    sell_by              INTEGER,
    created_at           INTEGER NOT NULL,
    created_by           TEXT NOT NULL,
    cancelled_at         INTEGER,
    CHECK (price_sell_minor >= price_cost_minor)
) STRICT, WITHOUT ROWID;

CREATE TABLE voucher (
    id                    BLOB PRIMARY KEY,
    batch_id              BLOB NOT NULL REFERENCES voucher_batch (id),
    number                INTEGER NOT NULL CHECK (number > 0),
    router_id             BLOB NOT NULL REFERENCES router (id),
    vendor_id             BLOB REFERENCES vendor (id),
    login_id              BLOB NOT NULL UNIQUE,
    code                  TEXT NOT NULL UNIQUE,
    password              TEXT NOT NULL,
    currency              TEXT NOT NULL,
    price_cost_minor      INTEGER NOT NULL CHECK (price_cost_minor >= 0),
    price_sell_minor      INTEGER NOT NULL,
    uptime_quota_seconds  INTEGER,
    data_quota_bytes      INTEGER,
    validity_seconds      INTEGER,
    sell_by               INTEGER,
    state                 TEXT NOT NULL CHECK (state IN
        ('pending_push', 'available', 'active', 'disabled', 'expired', 'used_up', 'cancelled')),
    resume_state          TEXT CHECK (resume_state IN ('pending_push', 'available', 'active')),
    first_login_at        INTEGER,
    first_login_earliest  INTEGER,
    first_login_latest    INTEGER,
    first_login_evidence  TEXT,
    expires_at            INTEGER,
    mac                   TEXT,
    address               TEXT,
    ended_at              INTEGER,
    end_cause             TEXT CHECK (end_cause IN ('validity', 'sell_by', 'uptime', 'data')),
    due_at                INTEGER,
    revision              INTEGER NOT NULL DEFAULT 1,
    UNIQUE (batch_id, number),
    CHECK (price_sell_minor >= price_cost_minor),
    CHECK ((state = 'disabled') = (resume_state IS NOT NULL)),
    CHECK (state NOT IN ('active', 'used_up') OR first_login_at IS NOT NULL),
    CHECK (state NOT IN ('pending_push', 'available', 'cancelled') OR first_login_at IS NULL),
    CHECK ((state IN ('expired', 'used_up', 'cancelled')) = (ended_at IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX voucher_due ON voucher (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX voucher_batch_state ON voucher (batch_id, state);

CREATE TABLE code_space (
    prefix       TEXT NOT NULL,
    random_chars INTEGER NOT NULL,
    used         INTEGER NOT NULL CHECK (used >= 0),
    PRIMARY KEY (prefix, random_chars)
) STRICT, WITHOUT ROWID;
