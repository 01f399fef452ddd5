-- Entries of the books that concern customers, and months that are closed.
ALTER TABLE ledger_entry ADD COLUMN customer_id BLOB REFERENCES customer (id);
ALTER TABLE ledger_entry ADD COLUMN invoice_id BLOB REFERENCES invoice (id);
ALTER TABLE ledger_entry ADD COLUMN payment_id BLOB REFERENCES payment (id);
ALTER TABLE ledger_entry ADD COLUMN reverses TEXT REFERENCES ledger_entry (cause);
ALTER TABLE ledger_entry ADD COLUMN memo TEXT;
CREATE INDEX ledger_entry_customer ON ledger_entry (customer_id, id) WHERE customer_id IS NOT NULL;
CREATE INDEX ledger_entry_invoice ON ledger_entry (invoice_id) WHERE invoice_id IS NOT NULL;

ALTER TABLE ledger_posting ADD COLUMN customer_id BLOB REFERENCES customer (id);
ALTER TABLE ledger_posting ADD COLUMN subscription_id BLOB REFERENCES subscription (id);
ALTER TABLE ledger_posting ADD COLUMN plan_id BLOB REFERENCES plan (id);

CREATE TABLE books_lock (
    id             INTEGER PRIMARY KEY CHECK (id = 1),
    locked_through TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER ledger_entry_books_are_open BEFORE INSERT ON ledger_entry
WHEN EXISTS (SELECT 1 FROM books_lock WHERE locked_through >= NEW.business_date)
BEGIN
    SELECT RAISE(ABORT, 'the books of that day are closed');
END;
