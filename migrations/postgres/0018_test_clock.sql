-- Where a test clock stands. A database without a row lives on real time.
CREATE TABLE test_clock (
    id bigint PRIMARY KEY CHECK (id = 1),
    at timestamptz NOT NULL
);
