-- Who pays, how they are reached, and what each of them holds and owes.
CREATE TABLE customer (
    id                 uuid PRIMARY KEY,
    name               text NOT NULL,
    phone              text NOT NULL,
    phone_as_given     text NOT NULL,
    email              text,
    address            text,
    notes              text,
    zone               text,
    locale             text NOT NULL CHECK (locale IN ('id', 'en')),
    status             text NOT NULL CHECK (status IN ('active', 'inactive', 'blacklisted')),
    credit_limit_minor bigint CHECK (credit_limit_minor >= 0),
    search             text NOT NULL,
    high_debt_since    timestamptz,
    credit_reminded_at timestamptz,
    deleted_at         timestamptz,
    anonymised_at      timestamptz,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    revision           bigint NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX customer_phone ON customer (phone) WHERE deleted_at IS NULL;

CREATE TABLE customer_contact (
    customer_id uuid NOT NULL REFERENCES customer (id),
    line        bigint NOT NULL CHECK (line > 0),
    kind        text NOT NULL CHECK (kind IN ('whatsapp', 'phone', 'email')),
    value       text NOT NULL,
    is_primary  bool NOT NULL,
    notes       text,
    PRIMARY KEY (customer_id, line),
    UNIQUE (customer_id, kind, value)
);
CREATE UNIQUE INDEX customer_contact_primary ON customer_contact (customer_id, kind) WHERE is_primary;

CREATE TABLE customer_tag (
    customer_id uuid NOT NULL REFERENCES customer (id),
    tag         text NOT NULL,
    colour      text NOT NULL,
    PRIMARY KEY (customer_id, tag)
);
CREATE INDEX customer_tag_tag ON customer_tag (tag);

CREATE TABLE customer_balance (
    customer_id     uuid NOT NULL REFERENCES customer (id),
    account         text NOT NULL CHECK (account IN ('customer_credit', 'receivable')),
    subscription_id uuid NOT NULL,
    currency        text NOT NULL,
    amount_minor    bigint NOT NULL,
    PRIMARY KEY (customer_id, account, subscription_id, currency)
);
