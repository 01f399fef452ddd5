-- What ought to be on each router, and how far the router has followed.
CREATE TABLE login (
    id                    uuid PRIMARY KEY,
    router_id             uuid NOT NULL REFERENCES router (id),
    kind                  text NOT NULL CHECK (kind IN ('hotspot')),
    name                  text NOT NULL,
    voucher_id            uuid NOT NULL REFERENCES voucher (id),
    presence              text NOT NULL CHECK (presence IN ('enabled', 'disabled', 'absent')),
    password              text NOT NULL,
    profile               text NOT NULL,
    limit_uptime_seconds  bigint,
    limit_bytes           bigint,
    comment               text NOT NULL,
    revision              bigint NOT NULL,
    sync                  text NOT NULL CHECK (sync IN ('pending', 'applied', 'blocked')),
    attempts              bigint NOT NULL DEFAULT 0,
    last_error            text,
    applied_at            timestamptz,
    ever_applied          bool NOT NULL DEFAULT false,
    uptime_before_seconds bigint NOT NULL DEFAULT 0,
    uptime_seen_seconds   bigint NOT NULL DEFAULT 0,
    bytes_before          bigint NOT NULL DEFAULT 0,
    bytes_seen            bigint NOT NULL DEFAULT 0,
    UNIQUE (router_id, kind, name),
    CHECK (sync <> 'applied' OR (ever_applied AND applied_at IS NOT NULL)),
    CHECK (sync <> 'blocked' OR last_error IS NOT NULL)
);
CREATE INDEX login_live ON login (router_id, id) WHERE presence <> 'absent' OR sync = 'pending';
CREATE INDEX login_fresh ON login (router_id, id) WHERE sync = 'pending';
CREATE INDEX login_voucher ON login (voucher_id);
