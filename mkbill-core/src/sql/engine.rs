//! Two databases behind one small trait, and what differs between them.

use std::cell::Cell;
use std::future::Future;
use std::sync::OnceLock;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use serde_json::Value as Json;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgRow, Postgres};
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteRow};
use sqlx::{Arguments as _, Column as _, Database, Row, SqlStr};
use uuid::Uuid;

use super::statement::Texts;
use super::value::Value;

/// One database: how it names itself, locks, lists, binds and runs.
pub(crate) trait Dialect: Database<Row: Record> {
    /// For people.
    const ENGINE: &'static str;
    /// Begins a transaction that will write.
    const BEGIN_WRITE: &'static str;
    /// Begins a transaction that only reads, and sees nothing that is committed meanwhile.
    const BEGIN_SNAPSHOT: &'static str;
    /// What `{for_update}` stands for.
    const FOR_UPDATE: &'static str;
    /// What `{for_key_share}` stands for.
    const FOR_KEY_SHARE: &'static str;
    /// Rows per statement of a bulk insert.
    const BULK_ROWS: usize;
    /// Answers how large the database is, as `n` bytes.
    const BYTES: &'static str;
    /// Do snapshots have connections of their own?
    const SNAPSHOTS_APART: bool;

    /// Where a statement keeps its text for this database.
    fn text(texts: &Texts) -> &OnceLock<String>;

    /// Locks the rows of a table and leaves out those that others have locked.
    fn skip_locked(table: &str) -> String;
    /// Membership of a column in the bound list of identifiers.
    fn in_uuids(parameter: &str) -> String;
    /// Membership of a column in the bound list of texts.
    fn in_texts(parameter: &str) -> String;
    /// The source of a bulk insert: `rows` rows of `columns`, and its arguments.
    fn bulk(
        columns: &[(&'static str, Vec<Value>)],
        rows: std::ops::Range<usize>,
    ) -> Result<(String, Self::Arguments), BoxDynError>;

    fn bind(arguments: &mut Self::Arguments, value: Value) -> Result<(), BoxDynError>;

    fn execute(
        connection: &mut Self::Connection,
        sql: SqlStr,
        arguments: Self::Arguments,
    ) -> impl Future<Output = sqlx::Result<u64>> + Send;

    fn fetch(
        connection: &mut Self::Connection,
        sql: SqlStr,
        arguments: Self::Arguments,
    ) -> impl Future<Output = sqlx::Result<Vec<Self::Row>>> + Send;
}

/// Reads columns by name.
pub(crate) trait Record: Send + Sync {
    fn uuid(&self, column: &str) -> sqlx::Result<Uuid>;
    fn uuid_or_none(&self, column: &str) -> sqlx::Result<Option<Uuid>>;
    fn text(&self, column: &str) -> sqlx::Result<String>;
    fn text_or_none(&self, column: &str) -> sqlx::Result<Option<String>>;
    fn int(&self, column: &str) -> sqlx::Result<i64>;
    fn int_or_none(&self, column: &str) -> sqlx::Result<Option<i64>>;
    fn flag(&self, column: &str) -> sqlx::Result<bool>;
    fn bytes(&self, column: &str) -> sqlx::Result<Vec<u8>>;
    fn bytes_or_none(&self, column: &str) -> sqlx::Result<Option<Vec<u8>>>;
    fn json_or_none(&self, column: &str) -> sqlx::Result<Option<Json>>;
    fn instant_or_none(&self, column: &str) -> sqlx::Result<Option<Timestamp>>;
    fn date_or_none(&self, column: &str) -> sqlx::Result<Option<Date>>;

    fn instant(&self, column: &str) -> sqlx::Result<Timestamp> {
        self.instant_or_none(column)?.ok_or_else(|| unexpected(column, "null"))
    }

    fn date(&self, column: &str) -> sqlx::Result<Date> {
        self.date_or_none(column)?.ok_or_else(|| unexpected(column, "null"))
    }
}

fn unexpected(column: &str, what: &str) -> sqlx::Error {
    sqlx::Error::ColumnDecode {
        index: column.to_owned(),
        source: format!("unexpected {what}").into(),
    }
}

thread_local! {
    /// The place after the column that was read last.
    static NEXT: Cell<usize> = const { Cell::new(0) };
}

/// Where a column stands. Columns are read in about the order in which they were asked for, so the
/// search begins behind the one that was read last.
fn place_of<R: Row>(row: &R, column: &str) -> sqlx::Result<usize> {
    let columns = row.columns();
    let next = NEXT.get().min(columns.len());
    let (before, behind) = columns.split_at(next);
    let is_it = |there: &<R::Database as Database>::Column| there.name() == column;
    let found = behind.iter().position(is_it).map(|place| next + place);
    let place = found.or_else(|| before.iter().position(is_it));
    let place = place.ok_or_else(|| sqlx::Error::ColumnNotFound(column.to_owned()))?;
    NEXT.set(place + 1);
    Ok(place)
}

/// The column readers that are alike for both databases.
macro_rules! alike {
    () => {
        fn uuid(&self, column: &str) -> sqlx::Result<Uuid> {
            self.try_get(place_of(self, column)?)
        }
        fn uuid_or_none(&self, column: &str) -> sqlx::Result<Option<Uuid>> {
            self.try_get(place_of(self, column)?)
        }
        fn text(&self, column: &str) -> sqlx::Result<String> {
            self.try_get(place_of(self, column)?)
        }
        fn text_or_none(&self, column: &str) -> sqlx::Result<Option<String>> {
            self.try_get(place_of(self, column)?)
        }
        fn int(&self, column: &str) -> sqlx::Result<i64> {
            self.try_get(place_of(self, column)?)
        }
        fn int_or_none(&self, column: &str) -> sqlx::Result<Option<i64>> {
            self.try_get(place_of(self, column)?)
        }
        fn flag(&self, column: &str) -> sqlx::Result<bool> {
            self.try_get(place_of(self, column)?)
        }
        fn bytes(&self, column: &str) -> sqlx::Result<Vec<u8>> {
            self.try_get(place_of(self, column)?)
        }
        fn bytes_or_none(&self, column: &str) -> sqlx::Result<Option<Vec<u8>>> {
            self.try_get(place_of(self, column)?)
        }
        fn json_or_none(&self, column: &str) -> sqlx::Result<Option<Json>> {
            self.try_get(place_of(self, column)?)
        }
    };
}

impl Record for PgRow {
    alike!();

    fn instant_or_none(&self, column: &str) -> sqlx::Result<Option<Timestamp>> {
        let stored: Option<jiff_sqlx::Timestamp> = self.try_get(place_of(self, column)?)?;
        Ok(stored.map(jiff_sqlx::Timestamp::to_jiff))
    }

    fn date_or_none(&self, column: &str) -> sqlx::Result<Option<Date>> {
        let stored: Option<jiff_sqlx::Date> = self.try_get(place_of(self, column)?)?;
        Ok(stored.map(jiff_sqlx::Date::to_jiff))
    }
}

impl Record for SqliteRow {
    alike!();

    fn instant_or_none(&self, column: &str) -> sqlx::Result<Option<Timestamp>> {
        let stored: Option<i64> = self.try_get(place_of(self, column)?)?;
        let read =
            |micros| Timestamp::from_microsecond(micros).map_err(|_| unexpected(column, "instant"));
        stored.map(read).transpose()
    }

    fn date_or_none(&self, column: &str) -> sqlx::Result<Option<Date>> {
        let stored: Option<String> = self.try_get(place_of(self, column)?)?;
        let read = |day: String| day.parse().map_err(|_| unexpected(column, "date"));
        stored.map(read).transpose()
    }
}

/// Running a statement, alike for both databases.
macro_rules! run {
    () => {
        async fn execute(
            connection: &mut Self::Connection,
            sql: SqlStr,
            arguments: Self::Arguments,
        ) -> sqlx::Result<u64> {
            let query = sqlx::query_with(sql, arguments);
            Ok(query.execute(connection).await?.rows_affected())
        }

        async fn fetch(
            connection: &mut Self::Connection,
            sql: SqlStr,
            arguments: Self::Arguments,
        ) -> sqlx::Result<Vec<Self::Row>> {
            sqlx::query_with(sql, arguments).fetch_all(connection).await
        }
    };
}

impl Dialect for Postgres {
    const ENGINE: &'static str = "PostgreSQL";
    const BEGIN_WRITE: &'static str = "BEGIN";
    const BEGIN_SNAPSHOT: &'static str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";
    const FOR_UPDATE: &'static str = "FOR UPDATE";
    const FOR_KEY_SHARE: &'static str = "FOR KEY SHARE";
    const BULK_ROWS: usize = 10_000;
    const BYTES: &'static str = "SELECT pg_database_size(current_database()) AS n";
    const SNAPSHOTS_APART: bool = false;

    run!();

    fn text(texts: &Texts) -> &OnceLock<String> {
        &texts.postgres
    }

    fn skip_locked(table: &str) -> String {
        format!("FOR UPDATE OF {table} SKIP LOCKED")
    }

    fn in_uuids(parameter: &str) -> String {
        format!("= ANY({parameter})")
    }

    fn in_texts(parameter: &str) -> String {
        format!("= ANY({parameter})")
    }

    fn bulk(
        columns: &[(&'static str, Vec<Value>)],
        rows: std::ops::Range<usize>,
    ) -> Result<(String, PgArguments), BoxDynError> {
        let mut arguments = PgArguments::default();
        let mut parameters = Vec::with_capacity(columns.len());
        for (index, (_, values)) in columns.iter().enumerate() {
            let kind = add_array(&mut arguments, &values[rows.clone()])?;
            parameters.push(format!("${}::{kind}[]", index + 1));
        }
        Ok((format!("SELECT * FROM UNNEST({})", parameters.join(", ")), arguments))
    }

    fn bind(arguments: &mut PgArguments, value: Value) -> Result<(), BoxDynError> {
        match value {
            Value::Uuid(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value),
            Value::Int(value) => arguments.add(value),
            Value::Bool(value) => arguments.add(value),
            Value::Instant(value) => arguments.add(value.map(Timestamp::to_sqlx)),
            Value::Day(value) => arguments.add(value.map(Date::to_sqlx)),
            Value::Bytes(value) => arguments.add(value),
            Value::Json(value) => arguments.add(value),
            Value::Uuids(values) => arguments.add(values),
            Value::Texts(values) => arguments.add(values),
        }
    }
}

/// Binds a column of equal kinds as one array and answers the kind's name.
fn add_array(arguments: &mut PgArguments, values: &[Value]) -> Result<&'static str, BoxDynError> {
    macro_rules! array {
        ($kind:ident, $name:literal, |$v:ident| $map:expr) => {{
            let kind = |value: &Value| match value {
                Value::$kind($v) => Ok($map),
                other => Err(BoxDynError::from(format!("{other:?} in a column of {}", $name))),
            };
            let list: Vec<_> = values.iter().map(kind).collect::<Result<_, _>>()?;
            arguments.add(list)?;
            $name
        }};
    }
    Ok(match values.first() {
        Some(Value::Uuid(_)) => array!(Uuid, "uuid", |v| *v),
        Some(Value::Text(_)) => array!(Text, "text", |v| v.clone()),
        Some(Value::Int(_)) => array!(Int, "bigint", |v| *v),
        Some(Value::Bool(_)) => array!(Bool, "bool", |v| *v),
        Some(Value::Json(_)) => array!(Json, "jsonb", |v| v.clone()),
        Some(Value::Bytes(_)) => array!(Bytes, "bytea", |v| v.clone()),
        Some(Value::Day(_)) => array!(Day, "date", |v| v.map(Date::to_sqlx)),
        Some(Value::Instant(_)) => array!(Instant, "timestamptz", |v| v.map(Timestamp::to_sqlx)),
        other => return Err(format!("no bulk form for {other:?}").into()),
    })
}

impl Dialect for Sqlite {
    const ENGINE: &'static str = "SQLite";
    const BEGIN_WRITE: &'static str = "BEGIN IMMEDIATE";
    const BEGIN_SNAPSHOT: &'static str = "BEGIN";
    const FOR_UPDATE: &'static str = "";
    const FOR_KEY_SHARE: &'static str = "";
    const BULK_ROWS: usize = 100;
    const BYTES: &'static str =
        "SELECT page_count * page_size AS n FROM pragma_page_count, pragma_page_size";
    const SNAPSHOTS_APART: bool = true;

    run!();

    fn text(texts: &Texts) -> &OnceLock<String> {
        &texts.sqlite
    }

    fn skip_locked(_: &str) -> String {
        String::new()
    }

    fn in_uuids(parameter: &str) -> String {
        format!("IN (SELECT unhex(value) FROM json_each({parameter}))")
    }

    fn in_texts(parameter: &str) -> String {
        format!("IN (SELECT value FROM json_each({parameter}))")
    }

    fn bulk(
        columns: &[(&'static str, Vec<Value>)],
        rows: std::ops::Range<usize>,
    ) -> Result<(String, SqliteArguments), BoxDynError> {
        let mut arguments = SqliteArguments::default();
        for row in rows.clone() {
            for (_, values) in columns {
                Self::bind(&mut arguments, values[row].clone())?;
            }
        }
        // Bare `?`: SQLite looks up numbered parameters one by one, which is quadratic in their count.
        let group = format!("({})", vec!["?"; columns.len()].join(", "));
        let groups = vec![group; rows.len()];
        Ok((format!("VALUES {}", groups.join(", ")), arguments))
    }

    fn bind(arguments: &mut SqliteArguments, value: Value) -> Result<(), BoxDynError> {
        match value {
            Value::Uuid(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value),
            Value::Int(value) => arguments.add(value),
            Value::Bool(value) => arguments.add(value),
            Value::Instant(value) => arguments.add(value.map(Timestamp::as_microsecond)),
            Value::Day(value) => arguments.add(value.map(|day| day.to_string())),
            Value::Bytes(value) => arguments.add(value),
            Value::Json(value) => arguments.add(value),
            Value::Uuids(values) => {
                let hex: Vec<String> = values.iter().map(|id| id.simple().to_string()).collect();
                arguments.add(Json::from(hex))
            }
            Value::Texts(values) => arguments.add(Json::from(values)),
        }
    }
}
