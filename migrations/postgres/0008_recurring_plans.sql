-- Plans that a customer keeps from period to period, and the dated taxes on what is sold.
CREATE TABLE plan_terms (
    plan_id          uuid PRIMARY KEY REFERENCES plan (id),
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
    CHECK ((cycle = 'days') = (cycle_days IS NOT NULL))
);
ALTER TABLE plan ADD COLUMN retired_at timestamptz;
ALTER TABLE plan ADD COLUMN revision bigint NOT NULL DEFAULT 1;

CREATE TABLE tax_rule (
    name             text NOT NULL,
    since            date NOT NULL,
    mode             text NOT NULL CHECK (mode IN ('inclusive', 'exclusive')),
    rate_bp          bigint NOT NULL CHECK (rate_bp BETWEEN 0 AND 10000),
    base_numerator   bigint NOT NULL CHECK (base_numerator > 0),
    base_denominator bigint NOT NULL CHECK (base_denominator BETWEEN base_numerator AND 1000),
    created_at       timestamptz NOT NULL,
    PRIMARY KEY (name, since)
);
