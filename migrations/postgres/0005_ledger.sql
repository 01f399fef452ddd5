-- The books: they only grow, every entry sums to zero, and no cause is booked twice.
CREATE TABLE ledger_entry (
    id            uuid PRIMARY KEY,
    cause         text NOT NULL UNIQUE,
    voucher_id    uuid REFERENCES voucher (id),
    vendor_id     uuid REFERENCES vendor (id),
    business_date date NOT NULL,
    recorded_at   timestamptz NOT NULL
);
CREATE INDEX ledger_entry_date ON ledger_entry (business_date);

CREATE TABLE ledger_posting (
    entry_id     uuid NOT NULL REFERENCES ledger_entry (id),
    line         bigint NOT NULL,
    account      text NOT NULL,
    currency     text NOT NULL,
    amount_minor bigint NOT NULL,
    PRIMARY KEY (entry_id, line)
);

CREATE FUNCTION ledger_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger only grows: write a reversing entry';
END $$;
CREATE TRIGGER ledger_entry_only_grows BEFORE UPDATE OR DELETE ON ledger_entry
    FOR EACH ROW EXECUTE FUNCTION ledger_only_grows();
CREATE TRIGGER ledger_posting_only_grows BEFORE UPDATE OR DELETE ON ledger_posting
    FOR EACH ROW EXECUTE FUNCTION ledger_only_grows();

CREATE FUNCTION ledger_sums_to_zero() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM ledger_posting WHERE entry_id = NEW.entry_id
               GROUP BY currency HAVING SUM(amount_minor) <> 0) THEN
        RAISE EXCEPTION 'the entry does not sum to zero';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_posting_sums_to_zero AFTER INSERT ON ledger_posting
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_sums_to_zero();
