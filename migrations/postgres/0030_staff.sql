-- People who operate the system sign in by themselves, and keys of programs may do only what they are for.
CREATE TABLE staff (
    id                   uuid PRIMARY KEY,
    username             text NOT NULL UNIQUE,
    name                 text NOT NULL,
    role                 text NOT NULL CHECK (role IN ('operator', 'admin', 'super_admin')),
    password             text NOT NULL,
    must_change_password bool NOT NULL,
    created_at           timestamptz NOT NULL,
    disabled_at          timestamptz,
    removed_at           timestamptz,
    revision             bigint NOT NULL
);

CREATE TABLE staff_session (
    id         uuid PRIMARY KEY,
    staff_id   uuid NOT NULL REFERENCES staff (id),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
    seen_at    timestamptz NOT NULL,
    revoked_at timestamptz,
    address    text,
    agent      text
);
CREATE INDEX staff_session_of_staff ON staff_session (staff_id, id);

CREATE TABLE sign_in_failure (
    subject  text PRIMARY KEY,
    failures bigint NOT NULL CHECK (failures > 0),
    last_at  timestamptz NOT NULL
);

CREATE TABLE staff_setup (
    digest     bytea PRIMARY KEY,
    expires_at timestamptz NOT NULL
);

-- Keys that are there already keep what they could do: everything.
ALTER TABLE api_key ADD COLUMN scopes text NOT NULL DEFAULT '*';
ALTER TABLE api_key ADD COLUMN expires_at timestamptz;
ALTER TABLE api_key ADD COLUMN last_used_at timestamptz;
