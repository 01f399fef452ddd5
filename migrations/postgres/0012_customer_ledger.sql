-- Entries of the books that concern customers, and months that are closed.
ALTER TABLE ledger_entry ADD COLUMN customer_id uuid REFERENCES customer (id);
ALTER TABLE ledger_entry ADD COLUMN invoice_id uuid REFERENCES invoice (id);
ALTER TABLE ledger_entry ADD COLUMN payment_id uuid REFERENCES payment (id);
ALTER TABLE ledger_entry ADD COLUMN reverses text REFERENCES ledger_entry (cause);
ALTER TABLE ledger_entry ADD COLUMN memo text;
CREATE INDEX ledger_entry_customer ON ledger_entry (customer_id, id) WHERE customer_id IS NOT NULL;
CREATE INDEX ledger_entry_invoice ON ledger_entry (invoice_id) WHERE invoice_id IS NOT NULL;

ALTER TABLE ledger_posting ADD COLUMN customer_id uuid REFERENCES customer (id);
ALTER TABLE ledger_posting ADD COLUMN subscription_id uuid REFERENCES subscription (id);
ALTER TABLE ledger_posting ADD COLUMN plan_id uuid REFERENCES plan (id);

CREATE TABLE books_lock (
    id             bigint PRIMARY KEY CHECK (id = 1),
    locked_through date NOT NULL
);

CREATE FUNCTION books_are_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM books_lock WHERE locked_through >= NEW.business_date) THEN
        RAISE EXCEPTION 'the books of that day are closed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_entry_books_are_open BEFORE INSERT ON ledger_entry
    FOR EACH ROW EXECUTE FUNCTION books_are_open();
