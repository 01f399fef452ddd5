-- Lists are read in more orders than that of making, each behind the last item of the page before: by value and identity.
CREATE INDEX voucher_batch_page ON voucher (batch_id, id);
CREATE INDEX voucher_state_page ON voucher (state, id);
CREATE INDEX voucher_first_login_page ON voucher (first_login_at, id) WHERE first_login_at IS NOT NULL;
-- Nothing asks for the vouchers of a batch in one state.
DROP INDEX voucher_batch_state;

CREATE INDEX customer_name_page ON customer (LOWER(name), id) WHERE deleted_at IS NULL;

CREATE INDEX subscription_due_page ON subscription (service_until, id) WHERE service_until IS NOT NULL;
CREATE INDEX subscription_ends_page ON subscription (ends_on, id) WHERE ends_on IS NOT NULL;

CREATE INDEX invoice_issued_page ON invoice (issued_on, id);
CREATE INDEX invoice_due_page ON invoice (due_on, id);
CREATE INDEX invoice_open_page ON invoice ((CASE WHEN state = 'open' THEN total_minor - paid_minor END), id)
    WHERE CASE WHEN state = 'open' THEN total_minor - paid_minor END IS NOT NULL;

CREATE INDEX payment_received_page ON payment (received_on, id);
CREATE INDEX payment_amount_page ON payment (amount_minor, id);

CREATE INDEX login_name_page ON login (name, id) WHERE subscription_id IS NOT NULL;

CREATE INDEX ledger_entry_date_page ON ledger_entry (business_date, id);
DROP INDEX ledger_entry_date;
