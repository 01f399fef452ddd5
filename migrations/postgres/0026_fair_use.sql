-- What becomes of a subscriber who uses much within a period, and how much each has used in the present one.
ALTER TABLE plan_terms ADD COLUMN fair_use jsonb;
ALTER TABLE subscription ADD COLUMN fair_use jsonb;
ALTER TABLE subscription ADD COLUMN use_step bigint NOT NULL DEFAULT 0 CHECK (use_step >= 0);
CREATE INDEX subscription_fair_use ON subscription (login_id) WHERE fair_use IS NOT NULL;

-- Bytes count for a period only if the look before them was made in it. Due are those that passed a step or whose period is over.
CREATE TABLE subscription_use (
    subscription_id uuid PRIMARY KEY REFERENCES subscription (id),
    began_at        timestamptz,
    bytes_in        bigint NOT NULL CHECK (bytes_in >= 0),
    bytes_out       bigint NOT NULL CHECK (bytes_out >= 0),
    next_at         bigint CHECK (next_at > 0),
    counted_from    timestamptz NOT NULL,
    due_at          timestamptz NOT NULL
);
CREATE INDEX subscription_use_due ON subscription_use (due_at);
