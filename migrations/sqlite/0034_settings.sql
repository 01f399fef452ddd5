-- What the business decides for itself without a restart: who it is, and what holds where nobody says
-- otherwise. One row, from the beginning; what is null is as the engine was started.
CREATE TABLE settings (
    id                 INTEGER PRIMARY KEY CHECK (id = 1),
    name               TEXT CHECK (length(name) BETWEEN 1 AND 200),
    address            TEXT CHECK (length(address) BETWEEN 1 AND 500),
    phone              TEXT CHECK (phone LIKE '+%'),
    email              TEXT CHECK (email LIKE '%@%'),
    language           TEXT CHECK (language IN ('en', 'id')),
    sign_in_slow_down  TEXT CHECK (sign_in_slow_down IN ('on', 'off')),
    high_debt_minor    INTEGER CHECK (high_debt_minor >= 0),
    high_debt_currency TEXT CHECK (length(high_debt_currency) = 3),
    changed_at         INTEGER,
    revision           INTEGER NOT NULL CHECK (revision > 0),
    CHECK ((high_debt_minor IS NULL) = (high_debt_currency IS NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO settings (id, revision) VALUES (1, 1);
