-- When the customer of an invoice that belongs to no subscription is reminded next.
ALTER TABLE invoice ADD COLUMN remind_at INTEGER CHECK (remind_at IS NULL OR state = 'open');
CREATE INDEX invoice_remind ON invoice (remind_at, customer_id) WHERE remind_at IS NOT NULL;
