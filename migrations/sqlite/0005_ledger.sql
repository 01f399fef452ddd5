-- The books: they only grow, every entry sums to zero, and no cause is booked twice.
CREATE TABLE ledger_entry (
    id            BLOB PRIMARY KEY,
    cause         TEXT NOT NULL UNIQUE,
    voucher_id    BLOB REFERENCES voucher (id),
    vendor_id     BLOB REFERENCES vendor (id),
    business_date TEXT NOT NULL,
    recorded_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_entry_date ON ledger_entry (business_date);

CREATE TABLE ledger_posting (
    entry_id     BLOB NOT NULL REFERENCES ledger_entry (id),
    line         INTEGER NOT NULL,
    account      TEXT NOT NULL,
    currency     TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    PRIMARY KEY (entry_id, line)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER ledger_entry_only_grows_update BEFORE UPDATE ON ledger_entry
BEGIN
    SELECT RAISE(ABORT, 'the ledger only grows: write a reversing entry');
END;
CREATE TRIGGER ledger_entry_only_grows_delete BEFORE DELETE ON ledger_entry
BEGIN
    SELECT RAISE(ABORT, 'the ledger only grows: write a reversing entry');
END;
CREATE TRIGGER ledger_posting_only_grows_update BEFORE UPDATE ON ledger_posting
BEGIN
    SELECT RAISE(ABORT, 'the ledger only grows: write a reversing entry');
END;
CREATE TRIGGER ledger_posting_only_grows_delete BEFORE DELETE ON ledger_posting
BEGIN
    SELECT RAISE(ABORT, 'the ledger only grows: write a reversing entry');
END;

