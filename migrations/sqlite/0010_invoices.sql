-- What a customer owes for what, once for each period, never paid by more than its total.
CREATE TABLE invoice (
    id              BLOB PRIMARY KEY,
    number          TEXT NOT NULL UNIQUE,
    customer_id     BLOB NOT NULL REFERENCES customer (id),
    subscription_id BLOB REFERENCES subscription (id),
    plan_id         BLOB REFERENCES plan (id),
    kind            TEXT NOT NULL CHECK (kind IN ('period', 'plan_change', 'manual')),
    period_number   INTEGER,
    period_start    TEXT,
    period_end      TEXT,
    currency        TEXT NOT NULL,
    net_minor       INTEGER NOT NULL,
    tax_minor       INTEGER NOT NULL,
    carried_minor   INTEGER NOT NULL CHECK (carried_minor >= 0),
    total_minor     INTEGER NOT NULL CHECK (total_minor >= 0),
    paid_minor      INTEGER NOT NULL CHECK (paid_minor BETWEEN 0 AND total_minor),
    issued_on       TEXT NOT NULL,
    due_on          TEXT NOT NULL CHECK (due_on >= issued_on),
    state           TEXT NOT NULL CHECK (state IN ('open', 'paid', 'carried_over', 'void')),
    closed_at       INTEGER,
    carried_into    BLOB REFERENCES invoice (id),
    void_reason     TEXT,
    token_digest    BLOB NOT NULL UNIQUE,
    created_at      INTEGER NOT NULL,
    revision        INTEGER NOT NULL DEFAULT 1,
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
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX invoice_period ON invoice (subscription_id, period_start) WHERE kind = 'period' AND state <> 'void';
CREATE UNIQUE INDEX invoice_period_number ON invoice (subscription_id, period_number) WHERE kind = 'period' AND state <> 'void';
CREATE INDEX invoice_customer ON invoice (customer_id, id);
CREATE INDEX invoice_open ON invoice (customer_id, due_on) WHERE state = 'open';
CREATE INDEX invoice_due ON invoice (due_on) WHERE state = 'open';
CREATE INDEX invoice_carried_into ON invoice (carried_into) WHERE carried_into IS NOT NULL;

CREATE TABLE invoice_line (
    invoice_id  BLOB NOT NULL REFERENCES invoice (id),
    line        INTEGER NOT NULL CHECK (line > 0),
    kind        TEXT NOT NULL CHECK (kind IN ('period', 'charge', 'credit', 'discount', 'carried')),
    text        TEXT NOT NULL,
    quantity    INTEGER NOT NULL CHECK (quantity > 0),
    unit_minor  INTEGER NOT NULL,
    net_minor   INTEGER NOT NULL,
    tax_minor   INTEGER NOT NULL,
    source_id   BLOB REFERENCES invoice (id),
    PRIMARY KEY (invoice_id, line),
    CHECK ((kind = 'carried') = (source_id IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE credit_note (
    id           BLOB PRIMARY KEY,
    number       TEXT NOT NULL UNIQUE,
    invoice_id   BLOB NOT NULL REFERENCES invoice (id),
    customer_id  BLOB NOT NULL REFERENCES customer (id),
    currency     TEXT NOT NULL,
    net_minor    INTEGER NOT NULL CHECK (net_minor >= 0),
    tax_minor    INTEGER NOT NULL CHECK (tax_minor >= 0),
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    reason       TEXT NOT NULL,
    issued_on    TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    CHECK (amount_minor = net_minor + tax_minor)
) STRICT, WITHOUT ROWID;
CREATE INDEX credit_note_invoice ON credit_note (invoice_id);
CREATE INDEX credit_note_customer ON credit_note (customer_id, id);
