-- Names of subscribers' logins are counted by prefix, and pass over what routers have without our mark.
CREATE TABLE login_numbering (
    prefix     text PRIMARY KEY,
    digits     bigint NOT NULL CHECK (digits BETWEEN 1 AND 10),
    last       bigint NOT NULL CHECK (last >= 0),
    updated_at timestamptz NOT NULL
);

CREATE TABLE router_stranger (
    router_id uuid NOT NULL REFERENCES router (id),
    kind      text NOT NULL CHECK (kind IN ('hotspot', 'pppoe')),
    name      text NOT NULL,
    profile   text NOT NULL,
    comment   text NOT NULL,
    disabled  bool NOT NULL,
    marked    bool NOT NULL,
    seen_at   timestamptz NOT NULL,
    PRIMARY KEY (router_id, kind, name)
);
