-- What has to be told to a customer or an operator: once for each cause, and it may wait for long.
CREATE TABLE notice (
    id           BLOB PRIMARY KEY,
    kind         TEXT NOT NULL,
    customer_id  BLOB REFERENCES customer (id),
    subject_kind TEXT NOT NULL,
    subject      BLOB NOT NULL,
    facts        TEXT NOT NULL,
    cause        TEXT NOT NULL UNIQUE,
    not_before   INTEGER NOT NULL,
    created_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX notice_customer ON notice (customer_id, id) WHERE customer_id IS NOT NULL;
CREATE INDEX notice_kind ON notice (kind, id);

-- Whoever looks for messages of one kind must not step over all that wait of another.
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (kind, run_at) WHERE NOT dead;
