-- Where a test clock stands. A database without a row lives on real time.
CREATE TABLE test_clock (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
