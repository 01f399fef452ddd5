-- What is sold, and who sells it.
CREATE TABLE plan (
    id                   BLOB PRIMARY KEY,
    name                 TEXT NOT NULL UNIQUE,
    router_profile       TEXT NOT NULL,
    currency             TEXT NOT NULL,
    price_cost_minor     INTEGER NOT NULL CHECK (price_cost_minor >= 0),
    price_sell_minor     INTEGER NOT NULL,
    uptime_quota_seconds INTEGER CHECK (uptime_quota_seconds > 0),
    data_quota_bytes     INTEGER CHECK (data_quota_bytes > 0),
    validity_seconds     INTEGER CHECK (validity_seconds > 0),
    created_at           INTEGER NOT NULL,
    CHECK (price_sell_minor >= price_cost_minor)
) STRICT, WITHOUT ROWID;

CREATE TABLE vendor (
    id         BLOB PRIMARY KEY,
    code       TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
