-- How each router fares: what it said of itself when last seen, when it was away, and where it and the books disagree.
ALTER TABLE router ADD COLUMN vitals jsonb;
ALTER TABLE router ADD COLUMN look_asked_at timestamptz;

CREATE TABLE router_outage (
    id         uuid PRIMARY KEY,
    router_id  uuid NOT NULL REFERENCES router (id),
    began_at   timestamptz NOT NULL,
    ended_at   timestamptz,
    last_error text NOT NULL,
    CHECK (ended_at IS NULL OR ended_at >= began_at)
);
CREATE UNIQUE INDEX router_outage_open ON router_outage (router_id) WHERE ended_at IS NULL;
CREATE INDEX router_outage_router ON router_outage (router_id, id);

CREATE TABLE router_drift (
    router_id uuid NOT NULL REFERENCES router (id),
    kind      text NOT NULL CHECK (kind IN ('hotspot', 'pppoe')),
    name      text NOT NULL,
    what      text NOT NULL CHECK (what IN ('missing', 'changed', 'unmarked', 'orphan', 'still_online')),
    fields    text NOT NULL,
    login_id  uuid REFERENCES login (id),
    found_at  timestamptz NOT NULL,
    PRIMARY KEY (router_id, kind, name, what)
);
