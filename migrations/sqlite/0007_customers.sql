-- Who pays, how they are reached, and what each of them holds and owes.
CREATE TABLE customer (
    id                 BLOB PRIMARY KEY,
    name               TEXT NOT NULL,
    phone              TEXT NOT NULL,
    phone_as_given     TEXT NOT NULL,
    email              TEXT,
    address            TEXT,
    notes              TEXT,
    zone               TEXT,
    locale             TEXT NOT NULL CHECK (locale IN ('id', 'en')),
    status             TEXT NOT NULL CHECK (status IN ('active', 'inactive', 'blacklisted')),
    credit_limit_minor INTEGER CHECK (credit_limit_minor >= 0),
    search             TEXT NOT NULL,
    high_debt_since    INTEGER,
    credit_reminded_at INTEGER,
    deleted_at         INTEGER,
    anonymised_at      INTEGER,
    created_at         INTEGER NOT NULL,
    updated_at         INTEGER NOT NULL,
    revision           INTEGER NOT NULL DEFAULT 1
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX customer_phone ON customer (phone) WHERE deleted_at IS NULL;

CREATE TABLE customer_contact (
    customer_id BLOB NOT NULL REFERENCES customer (id),
    line        INTEGER NOT NULL CHECK (line > 0),
    kind        TEXT NOT NULL CHECK (kind IN ('whatsapp', 'phone', 'email')),
    value       TEXT NOT NULL,
    is_primary  INTEGER NOT NULL CHECK (is_primary IN (0, 1)),
    notes       TEXT,
    PRIMARY KEY (customer_id, line),
    UNIQUE (customer_id, kind, value)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX customer_contact_primary ON customer_contact (customer_id, kind) WHERE is_primary;

CREATE TABLE customer_tag (
    customer_id BLOB NOT NULL REFERENCES customer (id),
    tag         TEXT NOT NULL,
    colour      TEXT NOT NULL,
    PRIMARY KEY (customer_id, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_tag_tag ON customer_tag (tag);

CREATE TABLE customer_balance (
    customer_id     BLOB NOT NULL REFERENCES customer (id),
    account         TEXT NOT NULL CHECK (account IN ('customer_credit', 'receivable')),
    subscription_id BLOB NOT NULL,
    currency        TEXT NOT NULL,
    amount_minor    INTEGER NOT NULL,
    PRIMARY KEY (customer_id, account, subscription_id, currency)
) STRICT, WITHOUT ROWID;
