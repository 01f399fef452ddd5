//! Two databases behind one small trait, and what differs between them.

use std::convert::Infallible;
use std::future::Future;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use serde_json::Value as Json;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, Postgres};
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteRow};
use sqlx::{Arguments as _, Database, SqlStr};

use crate::store::StoreError;

use super::lanes::{Lane, Lanes};
use super::readers::Lent;
use super::record::{PostgresRow, Record};
use super::statement::Texts;
use super::value::Value;

/// One database: how it names itself, locks, lists, binds and runs.
pub(crate) trait Dialect: Database {
    /// A row, however it came.
    type Found: Record + From<Self::Row>;
    /// A connection on which many may ask at the same time; uninhabited where there is none.
    type Shared: Share<Self::Found>;
    /// Where those connections are.
    type Lanes: Lend<Self::Shared>;

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
    ) -> impl Future<Output = sqlx::Result<Vec<Self::Found>>> + Send;
}

/// Asks without waiting for the answers to what others asked before.
pub(crate) trait Share<F>: Send + Sync {
    /// The rows of one statement, whose text is the same at each call.
    fn fetch(
        &self,
        act: &'static str,
        sql: &'static str,
        values: Vec<Value>,
    ) -> impl Future<Output = Result<Vec<F>, StoreError>> + Send;
}

/// Lends connections that are shared.
pub(crate) trait Lend<S>: Send + Sync {
    /// One that answers soon, if there is one.
    fn lend(&self) -> impl Future<Output = Option<S>> + Send;
    /// How many are in use, and how many wait.
    fn lent(&self) -> Lent;
    /// Closes them.
    fn close(&self) -> impl Future<Output = ()> + Send;
}

/// For a database whose connections cannot be shared.
impl<F> Share<F> for Infallible {
    async fn fetch(
        &self,
        _: &'static str,
        _: &'static str,
        _: Vec<Value>,
    ) -> Result<Vec<F>, StoreError> {
        match *self {}
    }
}

impl Lend<Infallible> for () {
    async fn lend(&self) -> Option<Infallible> {
        None
    }

    fn lent(&self) -> Lent {
        Lent::default()
    }

    async fn close(&self) {}
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
        ) -> sqlx::Result<Vec<Self::Found>> {
            let rows = sqlx::query_with(sql, arguments).fetch_all(connection).await?;
            Ok(rows.into_iter().map(Self::Found::from).collect())
        }
    };
}

impl Dialect for Postgres {
    type Found = PostgresRow;
    type Shared = Arc<Lane>;
    type Lanes = Lanes;

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
    type Found = SqliteRow;
    type Shared = Infallible;
    type Lanes = ();

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
