-- Closing the books waits for entries that are being written, so that none commits into a closed day.
CREATE FUNCTION books_lock_waits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE ledger_entry IN SHARE MODE;
    RETURN NULL;
END $$;
CREATE TRIGGER books_lock_waits BEFORE INSERT OR UPDATE ON books_lock
    FOR EACH STATEMENT EXECUTE FUNCTION books_lock_waits();

CREATE INDEX ledger_posting_account ON ledger_posting (account, currency) INCLUDE (amount_minor);
