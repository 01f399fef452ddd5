-- What happened, in one order, for those who follow it. Positions are taken last in a commit, so they have no gap.
CREATE TABLE event (
    position     bigint PRIMARY KEY CHECK (position > 0),
    at           timestamptz NOT NULL,
    kind         text NOT NULL,
    subject_kind text NOT NULL,
    subject      uuid NOT NULL,
    data         jsonb
);
