-- A login belongs to a voucher or to a subscription, and the router is told of both the same way.
ALTER TABLE login ALTER COLUMN voucher_id DROP NOT NULL;
ALTER TABLE login ADD COLUMN subscription_id uuid REFERENCES subscription (id);
ALTER TABLE login ADD CONSTRAINT login_owner CHECK ((voucher_id IS NULL) <> (subscription_id IS NULL));
CREATE INDEX login_subscription ON login (subscription_id, id) WHERE subscription_id IS NOT NULL;
