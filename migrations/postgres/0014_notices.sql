-- What has to be told to a customer or an operator: once for each cause, and it may wait for long.
CREATE TABLE notice (
    id           uuid PRIMARY KEY,
    kind         text NOT NULL,
    customer_id  uuid REFERENCES customer (id),
    subject_kind text NOT NULL,
    subject      uuid NOT NULL,
    facts        jsonb NOT NULL,
    cause        text NOT NULL UNIQUE,
    not_before   timestamptz NOT NULL,
    created_at   timestamptz NOT NULL
);
CREATE INDEX notice_customer ON notice (customer_id, id) WHERE customer_id IS NOT NULL;
CREATE INDEX notice_kind ON notice (kind, id);

-- Whoever looks for messages of one kind must not step over all that wait of another.
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (kind, run_at) WHERE NOT dead;
