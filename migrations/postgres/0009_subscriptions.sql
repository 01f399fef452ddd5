-- What customers keep from period to period, on terms that a later change of the plan leaves alone.
CREATE TABLE subscription (
    id               uuid PRIMARY KEY,
    customer_id      uuid NOT NULL REFERENCES customer (id),
    plan_id          uuid NOT NULL REFERENCES plan (id),
    currency         text NOT NULL,
    price_cost_minor bigint NOT NULL CHECK (price_cost_minor >= 0),
    price_sell_minor bigint NOT NULL CHECK (price_sell_minor >= price_cost_minor),
    service          text NOT NULL CHECK (service IN ('hotspot', 'pppoe')),
    cycle            text NOT NULL CHECK (cycle IN ('weekly', 'monthly', 'quarterly', 'yearly', 'days')),
    cycle_days       bigint CHECK (cycle_days BETWEEN 1 AND 3660),
    billing          text NOT NULL CHECK (billing IN ('prepaid', 'postpaid')),
    activation       text NOT NULL CHECK (activation IN ('immediate', 'on_payment')),
    lead_days        bigint NOT NULL CHECK (lead_days BETWEEN 0 AND 60),
    grace_days       bigint NOT NULL CHECK (grace_days BETWEEN 0 AND 60),
    late_renewal     text NOT NULL CHECK (late_renewal IN ('from_payment', 'from_due')),
    overdue_profile  text,
    tax              text,
    profile          text NOT NULL,
    next_plan_id     uuid REFERENCES plan (id),
    login_id         uuid UNIQUE,
    zone             text NOT NULL,
    anchor           date NOT NULL,
    anchor_number    bigint NOT NULL CHECK (anchor_number >= 0),
    next_number      bigint NOT NULL CHECK (next_number + 1 >= anchor_number),
    service_until    date,
    state            text NOT NULL CHECK (state IN ('pending', 'active', 'overdue', 'paused', 'cancelled')),
    state_since      date NOT NULL,
    resume_on        date,
    ends_on          date,
    discount_minor   bigint NOT NULL DEFAULT 0 CHECK (discount_minor >= 0),
    discount_bp      bigint NOT NULL DEFAULT 0 CHECK (discount_bp BETWEEN 0 AND 10000),
    discount_periods bigint CHECK (discount_periods >= 0),
    due_at           timestamptz,
    trouble          text,
    created_at       timestamptz NOT NULL,
    revision         bigint NOT NULL DEFAULT 1,
    CHECK ((cycle = 'days') = (cycle_days IS NOT NULL)),
    CHECK (resume_on IS NULL OR state = 'paused'),
    CHECK (state <> 'cancelled' OR due_at IS NULL)
);
CREATE INDEX subscription_customer ON subscription (customer_id);
CREATE INDEX subscription_due ON subscription (due_at, customer_id) WHERE due_at IS NOT NULL AND trouble IS NULL;
CREATE INDEX subscription_plan ON subscription (plan_id);

CREATE TABLE subscription_period (
    subscription_id uuid NOT NULL REFERENCES subscription (id),
    number          bigint NOT NULL CHECK (number >= 0),
    start_on        date NOT NULL,
    end_on          date NOT NULL CHECK (end_on > start_on),
    granted_days    bigint NOT NULL CHECK (granted_days >= 0),
    PRIMARY KEY (subscription_id, number),
    UNIQUE (subscription_id, start_on)
);
