-- What customers keep from period to period, on terms that a later change of the plan leaves alone.
CREATE TABLE subscription (
    id               BLOB PRIMARY KEY,
    customer_id      BLOB NOT NULL REFERENCES customer (id),
    plan_id          BLOB NOT NULL REFERENCES plan (id),
    currency         TEXT NOT NULL,
    price_cost_minor INTEGER NOT NULL CHECK (price_cost_minor >= 0),
    price_sell_minor INTEGER NOT NULL CHECK (price_sell_minor >= price_cost_minor),
    service          TEXT NOT NULL CHECK (service IN ('hotspot', 'pppoe')),
    cycle            TEXT NOT NULL CHECK (cycle IN ('weekly', 'monthly', 'quarterly', 'yearly', 'days')),
    cycle_days       INTEGER CHECK (cycle_days BETWEEN 1 AND 3660),
    billing          TEXT NOT NULL CHECK (billing IN ('prepaid', 'postpaid')),
    activation       TEXT NOT NULL CHECK (activation IN ('immediate', 'on_payment')),
    lead_days        INTEGER NOT NULL CHECK (lead_days BETWEEN 0 AND 60),
    grace_days       INTEGER NOT NULL CHECK (grace_days BETWEEN 0 AND 60),
    late_renewal     TEXT NOT NULL CHECK (late_renewal IN ('from_payment', 'from_due')),
    overdue_profile  TEXT,
    tax              TEXT,
    profile          TEXT NOT NULL,
    next_plan_id     BLOB REFERENCES plan (id),
    login_id         BLOB UNIQUE,
    zone             TEXT NOT NULL,
    anchor           TEXT NOT NULL,
    anchor_number    INTEGER NOT NULL CHECK (anchor_number >= 0),
    next_number      INTEGER NOT NULL CHECK (next_number + 1 >= anchor_number),
    service_until    TEXT,
    state            TEXT NOT NULL CHECK (state IN ('pending', 'active', 'overdue', 'paused', 'cancelled')),
    state_since      TEXT NOT NULL,
    resume_on        TEXT,
    ends_on          TEXT,
    discount_minor   INTEGER NOT NULL DEFAULT 0 CHECK (discount_minor >= 0),
    discount_bp      INTEGER NOT NULL DEFAULT 0 CHECK (discount_bp BETWEEN 0 AND 10000),
    discount_periods INTEGER CHECK (discount_periods >= 0),
    due_at           INTEGER,
    trouble          TEXT,
    created_at       INTEGER NOT NULL,
    revision         INTEGER NOT NULL DEFAULT 1,
    CHECK ((cycle = 'days') = (cycle_days IS NOT NULL)),
    CHECK (resume_on IS NULL OR state = 'paused'),
    CHECK (state <> 'cancelled' OR due_at IS NULL)
) STRICT, WITHOUT ROWID;
CREATE INDEX subscription_customer ON subscription (customer_id);
CREATE INDEX subscription_due ON subscription (due_at, customer_id) WHERE due_at IS NOT NULL AND trouble IS NULL;
CREATE INDEX subscription_plan ON subscription (plan_id);

CREATE TABLE subscription_period (
    subscription_id BLOB NOT NULL REFERENCES subscription (id),
    number          INTEGER NOT NULL CHECK (number >= 0),
    start_on        TEXT NOT NULL,
    end_on          TEXT NOT NULL CHECK (end_on > start_on),
    granted_days    INTEGER NOT NULL CHECK (granted_days >= 0),
    PRIMARY KEY (subscription_id, number),
    UNIQUE (subscription_id, start_on)
) STRICT, WITHOUT ROWID;
