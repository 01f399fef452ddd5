-- Batches and vouchers. A code is unique for ever; a voucher is never sold below cost.
CREATE TABLE voucher_batch (
    id                   uuid PRIMARY KEY,
    number               text NOT NULL UNIQUE,
    router_id            uuid NOT NULL REFERENCES router (id),
    plan_id              uuid NOT NULL REFERENCES plan (id),
    vendor_id            uuid REFERENCES vendor (id),
    count                bigint NOT NULL CHECK (count BETWEEN 1 AND 10000),
    profile              text NOT NULL,
    prefix               text NOT NULL,
    random_chars         bigint NOT NULL CHECK (random_chars > 0),
    login_mode           text NOT NULL CHECK (login_mode IN ('same', 'separate')),
    currency             text NOT NULL,
    price_cost_minor     bigint NOT NULL CHECK (price_cost_minor >= 0),
    price_sell_minor     bigint NOT NULL,
    uptime_quota_seconds bigint,
    data_quota_bytes     bigint,
    validity_seconds     bigint,
    sell_by              timestamptz,
    created_at           timestamptz NOT NULL,
    created_by           text NOT NULL,
    cancelled_at         timestamptz,
    CHECK (price_sell_minor >= price_cost_minor)
);

CREATE TABLE voucher (
    id                    uuid PRIMARY KEY,
    batch_id              uuid NOT NULL REFERENCES voucher_batch (id),
    number                bigint NOT NULL CHECK (number > 0),
    router_id             uuid NOT NULL REFERENCES router (id),
    vendor_id             uuid REFERENCES vendor (id),
    login_id              uuid NOT NULL UNIQUE,
    code                  text NOT NULL UNIQUE,
    password              text NOT NULL,
    currency              text NOT NULL,
    price_cost_minor      bigint NOT NULL CHECK (price_cost_minor >= 0),
    price_sell_minor      bigint NOT NULL,
    uptime_quota_seconds  bigint,
    data_quota_bytes      bigint,
    validity_seconds      bigint,
    sell_by               timestamptz,
    state                 text NOT NULL CHECK (state IN
        ('pending_push', 'available', 'active', 'disabled', 'expired', 'used_up', 'cancelled')),
    resume_state          text CHECK (resume_state IN ('pending_push', 'available', 'active')),
    first_login_at        timestamptz,
    first_login_earliest  timestamptz,
    first_login_latest    timestamptz,
    first_login_evidence  text,
    expires_at            timestamptz,
    mac                   text,
    address               text,
    ended_at              timestamptz,
    end_cause             text CHECK (end_cause IN ('validity', 'sell_by', 'uptime', 'data')),
    due_at                timestamptz,
    revision              bigint NOT NULL DEFAULT 1,
    UNIQUE (batch_id, number),
    CHECK (price_sell_minor >= price_cost_minor),
    CHECK ((state = 'disabled') = (resume_state IS NOT NULL)),
    CHECK (state NOT IN ('active', 'used_up') OR first_login_at IS NOT NULL),
    CHECK (state NOT IN ('pending_push', 'available', 'cancelled') OR first_login_at IS NULL),
    CHECK ((state IN ('expired', 'used_up', 'cancelled')) = (ended_at IS NOT NULL))
);
CREATE INDEX voucher_due ON voucher (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX voucher_batch_state ON voucher (batch_id, state);

CREATE TABLE code_space (
    prefix       text NOT NULL,
    random_chars bigint NOT NULL,
    used         bigint NOT NULL CHECK (used >= 0),
    PRIMARY KEY (prefix, random_chars)
);
