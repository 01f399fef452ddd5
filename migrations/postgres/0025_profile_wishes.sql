-- Profiles that routers ought to have, asked for by a person. What a wish does not name is left as it is.
CREATE TABLE profile_wish (
    router_id               uuid NOT NULL REFERENCES router (id),
    kind                    text NOT NULL CHECK (kind IN ('hotspot', 'pppoe')),
    name                    text NOT NULL,
    rate_limit              text,
    session_timeout_seconds bigint CHECK (session_timeout_seconds > 0),
    idle_timeout_seconds    bigint CHECK (idle_timeout_seconds > 0),
    remote_address          text,
    local_address           text,
    address_list            text,
    sessions_max            bigint CHECK (sessions_max > 0),
    sync                    text NOT NULL CHECK (sync IN ('pending', 'applied', 'blocked')),
    last_error              text,
    updated_at              timestamptz NOT NULL,
    PRIMARY KEY (router_id, kind, name),
    CHECK (sync <> 'blocked' OR last_error IS NOT NULL)
);
