-- Money that came in, from whom, in which parts, and which invoices it paid.
CREATE TABLE payment (
    id              BLOB PRIMARY KEY,
    number          TEXT NOT NULL UNIQUE,
    customer_id     BLOB REFERENCES customer (id),
    subscription_id BLOB REFERENCES subscription (id),
    currency        TEXT NOT NULL,
    amount_minor    INTEGER NOT NULL CHECK (amount_minor > 0),
    received_on     TEXT NOT NULL,
    reference       TEXT,
    note            TEXT,
    recorded_at     INTEGER NOT NULL,
    recorded_by     TEXT NOT NULL,
    matched_at      INTEGER,
    reversed_at     INTEGER,
    reversal_reason TEXT,
    revision        INTEGER NOT NULL DEFAULT 1,
    CHECK ((reversed_at IS NULL) = (reversal_reason IS NULL)),
    CHECK (matched_at IS NULL OR customer_id IS NOT NULL)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX payment_reference ON payment (reference) WHERE reference IS NOT NULL AND reversed_at IS NULL;
CREATE INDEX payment_customer ON payment (customer_id, id);
CREATE INDEX payment_unmatched ON payment (id) WHERE customer_id IS NULL AND reversed_at IS NULL;

CREATE TABLE payment_part (
    payment_id   BLOB NOT NULL REFERENCES payment (id),
    line         INTEGER NOT NULL CHECK (line > 0),
    method       TEXT NOT NULL CHECK (method IN ('cash', 'bank_transfer', 'other')),
    reference    TEXT,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    PRIMARY KEY (payment_id, line)
) STRICT, WITHOUT ROWID;

CREATE TABLE allocation (
    id                     BLOB PRIMARY KEY,
    customer_id            BLOB NOT NULL REFERENCES customer (id),
    invoice_id             BLOB NOT NULL REFERENCES invoice (id),
    payment_id             BLOB REFERENCES payment (id),
    credit_subscription_id BLOB REFERENCES subscription (id),
    currency               TEXT NOT NULL,
    amount_minor           INTEGER NOT NULL CHECK (amount_minor > 0),
    made_at                INTEGER NOT NULL,
    released_at            INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX allocation_invoice ON allocation (invoice_id);
CREATE INDEX allocation_payment ON allocation (payment_id) WHERE payment_id IS NOT NULL;
