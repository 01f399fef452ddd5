-- What a customer owes for what, once for each period, never paid by more than its total.
CREATE TABLE invoice (
    id              uuid PRIMARY KEY,
    number          text NOT NULL UNIQUE,
    customer_id     uuid NOT NULL REFERENCES customer (id),
    subscription_id uuid REFERENCES subscription (id),
    plan_id         uuid REFERENCES plan (id),
    kind            text NOT NULL CHECK (kind IN ('period', 'plan_change', 'manual')),
    period_number   bigint,
    period_start    date,
    period_end      date,
    currency        text NOT NULL,
    net_minor       bigint NOT NULL,
    tax_minor       bigint NOT NULL,
    carried_minor   bigint NOT NULL CHECK (carried_minor >= 0),
    total_minor     bigint NOT NULL CHECK (total_minor >= 0),
    paid_minor      bigint NOT NULL CHECK (paid_minor BETWEEN 0 AND total_minor),
    issued_on       date NOT NULL,
    due_on          date NOT NULL CHECK (due_on >= issued_on),
    state           text NOT NULL CHECK (state IN ('open', 'paid', 'carried_over', 'void')),
    closed_at       timestamptz,
    carried_into    uuid REFERENCES invoice (id),
    void_reason     text,
    token_digest    bytea NOT NULL UNIQUE,
    created_at      timestamptz NOT NULL,
    revision        bigint NOT NULL DEFAULT 1,
    CHECK (total_minor = net_minor + tax_minor + carried_minor),
    CHECK (state <> 'paid' OR paid_minor = total_minor),
    CHECK ((state = 'open') = (closed_at IS NULL)),
    CHECK ((state = 'carried_over') = (carried_into IS NOT NULL)),
    CHECK ((state = 'void') = (void_reason IS NOT NULL)),
    CHECK ((kind = 'period') = (period_number IS NOT NULL)),
    CHECK ((period_number IS NULL) = (period_start IS NULL)),
    CHECK ((period_number IS NULL) = (period_end IS NULL)),
    CHECK (kind = 'manual' OR subscription_id IS NOT NULL),
    CHECK (period_end > period_start)
);
CREATE UNIQUE INDEX invoice_period ON invoice (subscription_id, period_start) WHERE kind = 'period' AND state <> 'void';
CREATE UNIQUE INDEX invoice_period_number ON invoice (subscription_id, period_number) WHERE kind = 'period' AND state <> 'void';
CREATE INDEX invoice_customer ON invoice (customer_id, id);
CREATE INDEX invoice_open ON invoice (customer_id, due_on) WHERE state = 'open';
CREATE INDEX invoice_due ON invoice (due_on) WHERE state = 'open';
CREATE INDEX invoice_carried_into ON invoice (carried_into) WHERE carried_into IS NOT NULL;

CREATE TABLE invoice_line (
    invoice_id  uuid NOT NULL REFERENCES invoice (id),
    line        bigint NOT NULL CHECK (line > 0),
    kind        text NOT NULL CHECK (kind IN ('period', 'charge', 'credit', 'discount', 'carried')),
    text        text NOT NULL,
    quantity    bigint NOT NULL CHECK (quantity > 0),
    unit_minor  bigint NOT NULL,
    net_minor   bigint NOT NULL,
    tax_minor   bigint NOT NULL,
    source_id   uuid REFERENCES invoice (id),
    PRIMARY KEY (invoice_id, line),
    CHECK ((kind = 'carried') = (source_id IS NOT NULL))
);

CREATE TABLE credit_note (
    id           uuid PRIMARY KEY,
    number       text NOT NULL UNIQUE,
    invoice_id   uuid NOT NULL REFERENCES invoice (id),
    customer_id  uuid NOT NULL REFERENCES customer (id),
    currency     text NOT NULL,
    net_minor    bigint NOT NULL CHECK (net_minor >= 0),
    tax_minor    bigint NOT NULL CHECK (tax_minor >= 0),
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    reason       text NOT NULL,
    issued_on    date NOT NULL,
    created_at   timestamptz NOT NULL,
    CHECK (amount_minor = net_minor + tax_minor)
);
CREATE INDEX credit_note_invoice ON credit_note (invoice_id);
CREATE INDEX credit_note_customer ON credit_note (customer_id, id);
