-- What happened, in one order, for those who follow it. Positions are taken last in a commit, so they have no gap.
CREATE TABLE event (
    position     INTEGER PRIMARY KEY CHECK (position > 0),
    at           INTEGER NOT NULL,
    kind         TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject      BLOB NOT NULL,
    data         TEXT
) STRICT, WITHOUT ROWID;
