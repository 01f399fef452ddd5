-- Money that came in, from whom, in which parts, and which invoices it paid.
CREATE TABLE payment (
    id              uuid PRIMARY KEY,
    number          text NOT NULL UNIQUE,
    customer_id     uuid REFERENCES customer (id),
    subscription_id uuid REFERENCES subscription (id),
    currency        text NOT NULL,
    amount_minor    bigint NOT NULL CHECK (amount_minor > 0),
    received_on     date NOT NULL,
    reference       text,
    note            text,
    recorded_at     timestamptz NOT NULL,
    recorded_by     text NOT NULL,
    matched_at      timestamptz,
    reversed_at     timestamptz,
    reversal_reason text,
    revision        bigint NOT NULL DEFAULT 1,
    CHECK ((reversed_at IS NULL) = (reversal_reason IS NULL)),
    CHECK (matched_at IS NULL OR customer_id IS NOT NULL)
);
CREATE UNIQUE INDEX payment_reference ON payment (reference) WHERE reference IS NOT NULL AND reversed_at IS NULL;
CREATE INDEX payment_customer ON payment (customer_id, id);
CREATE INDEX payment_unmatched ON payment (id) WHERE customer_id IS NULL AND reversed_at IS NULL;

CREATE TABLE payment_part (
    payment_id   uuid NOT NULL REFERENCES payment (id),
    line         bigint NOT NULL CHECK (line > 0),
    method       text NOT NULL CHECK (method IN ('cash', 'bank_transfer', 'other')),
    reference    text,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    PRIMARY KEY (payment_id, line)
);

CREATE TABLE allocation (
    id                     uuid PRIMARY KEY,
    customer_id            uuid NOT NULL REFERENCES customer (id),
    invoice_id             uuid NOT NULL REFERENCES invoice (id),
    payment_id             uuid REFERENCES payment (id),
    credit_subscription_id uuid REFERENCES subscription (id),
    currency               text NOT NULL,
    amount_minor           bigint NOT NULL CHECK (amount_minor > 0),
    made_at                timestamptz NOT NULL,
    released_at            timestamptz
);
CREATE INDEX allocation_invoice ON allocation (invoice_id);
CREATE INDEX allocation_payment ON allocation (payment_id) WHERE payment_id IS NOT NULL;
