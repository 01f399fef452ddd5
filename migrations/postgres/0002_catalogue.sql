-- What is sold, and who sells it.
CREATE TABLE plan (
    id                   uuid PRIMARY KEY,
    name                 text NOT NULL UNIQUE,
    router_profile       text NOT NULL,
    currency             text NOT NULL,
    price_cost_minor     bigint NOT NULL CHECK (price_cost_minor >= 0),
    price_sell_minor     bigint NOT NULL,
    uptime_quota_seconds bigint CHECK (uptime_quota_seconds > 0),
    data_quota_bytes     bigint CHECK (data_quota_bytes > 0),
    validity_seconds     bigint CHECK (validity_seconds > 0),
    created_at           timestamptz NOT NULL,
    CHECK (price_sell_minor >= price_cost_minor)
);

CREATE TABLE vendor (
    id         uuid PRIMARY KEY,
    code       text NOT NULL UNIQUE,
    name       text NOT NULL,
    created_at timestamptz NOT NULL
);
