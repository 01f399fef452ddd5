-- What users of one sort have in common on a router. A profile is missing only after a complete look without it.
-- It takes the place of router.profiles, which nothing reads any more.
CREATE TABLE router_profile (
    router_id               uuid NOT NULL REFERENCES router (id),
    kind                    text NOT NULL CHECK (kind IN ('hotspot', 'pppoe')),
    name                    text NOT NULL,
    rate_limit              text,
    session_timeout_seconds bigint,
    idle_timeout_seconds    bigint,
    remote_address          text,
    local_address           text,
    address_list            text,
    sessions_max            bigint CHECK (sessions_max > 0),
    seen_at                 timestamptz NOT NULL,
    missing_since           timestamptz,
    PRIMARY KEY (router_id, kind, name)
);
