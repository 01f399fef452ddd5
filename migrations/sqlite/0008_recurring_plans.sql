-- Plans that a customer keeps from period to period, and the dated taxes on what is sold.
CREATE TABLE plan_terms (
    plan_id          BLOB PRIMARY KEY REFERENCES plan (id),
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
    CHECK ((cycle = 'days') = (cycle_days IS NOT NULL))
) STRICT, WITHOUT ROWID;
ALTER TABLE plan ADD COLUMN retired_at INTEGER;
ALTER TABLE plan ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;

CREATE TABLE tax_rule (
    name             TEXT NOT NULL,
    since            TEXT NOT NULL,
    mode             TEXT NOT NULL CHECK (mode IN ('inclusive', 'exclusive')),
    rate_bp          INTEGER NOT NULL CHECK (rate_bp BETWEEN 0 AND 10000),
    base_numerator   INTEGER NOT NULL CHECK (base_numerator > 0),
    base_denominator INTEGER NOT NULL CHECK (base_denominator BETWEEN base_numerator AND 1000),
    created_at       INTEGER NOT NULL,
    PRIMARY KEY (name, since)
) STRICT, WITHOUT ROWID;
