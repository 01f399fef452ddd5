-- What the business decides for itself without a restart: who it is, and what holds where nobody says
-- otherwise. One row, from the beginning; what is null is as the engine was started.
CREATE TABLE settings (
    id                 bigint PRIMARY KEY CHECK (id = 1),
    name               text CHECK (length(name) BETWEEN 1 AND 200),
    address            text CHECK (length(address) BETWEEN 1 AND 500),
    phone              text CHECK (phone LIKE '+%'),
    email              text CHECK (email LIKE '%@%'),
    language           text CHECK (language IN ('en', 'id')),
    sign_in_slow_down  text CHECK (sign_in_slow_down IN ('on', 'off')),
    high_debt_minor    bigint CHECK (high_debt_minor >= 0),
    high_debt_currency text CHECK (length(high_debt_currency) = 3),
    changed_at         timestamptz,
    revision           bigint NOT NULL CHECK (revision > 0),
    CHECK ((high_debt_minor IS NULL) = (high_debt_currency IS NULL))
);
INSERT INTO settings (id, revision) VALUES (1, 1);
