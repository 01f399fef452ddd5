-- One writer at a time closes books here without help; the trial balance reads its accounts in order.
CREATE INDEX ledger_posting_account ON ledger_posting (account, currency, amount_minor);
