//! Rows, and how their columns are read.

use std::cell::Cell;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value as Json;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Column as _, Decode, Postgres, Row as _, Sqlite, Type};
use tokio_postgres::Row as LaneRow;
use tokio_postgres::types::FromSql;
use uuid::Uuid;

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
fn place<C>(columns: &[C], name: impl Fn(&C) -> &str, column: &str) -> sqlx::Result<usize> {
    let next = NEXT.get().min(columns.len());
    let (before, behind) = columns.split_at(next);
    let found = behind.iter().position(|there| name(there) == column).map(|place| next + place);
    let place = found.or_else(|| before.iter().position(|there| name(there) == column));
    let place = place.ok_or_else(|| sqlx::Error::ColumnNotFound(column.to_owned()))?;
    NEXT.set(place + 1);
    Ok(place)
}

/// A row of PostgreSQL: of a connection that was had alone, or of one that is shared.
pub(crate) enum PostgresRow {
    Own(PgRow),
    Shared(LaneRow),
}

impl From<PgRow> for PostgresRow {
    fn from(row: PgRow) -> Self {
        Self::Own(row)
    }
}

fn of_own<'r, T>(row: &'r PgRow, column: &str) -> sqlx::Result<T>
where
    T: Decode<'r, Postgres> + Type<Postgres>,
{
    row.try_get(place(row.columns(), |column| column.name(), column)?)
}

fn of_shared<'r, T: FromSql<'r>>(row: &'r LaneRow, column: &str) -> sqlx::Result<T> {
    row.try_get(place(row.columns(), |column| column.name(), column)?).map_err(|error| {
        sqlx::Error::ColumnDecode { index: column.to_owned(), source: error.into() }
    })
}

fn of_postgres<'r, T>(row: &'r PostgresRow, column: &str) -> sqlx::Result<T>
where
    T: Decode<'r, Postgres> + Type<Postgres> + FromSql<'r>,
{
    match row {
        PostgresRow::Own(row) => of_own(row, column),
        PostgresRow::Shared(row) => of_shared(row, column),
    }
}

fn of_sqlite<'r, T>(row: &'r SqliteRow, column: &str) -> sqlx::Result<T>
where
    T: Decode<'r, Sqlite> + Type<Sqlite>,
{
    row.try_get(place(row.columns(), |column| column.name(), column)?)
}

/// The column readers that are alike for both databases.
macro_rules! alike {
    ($read:ident) => {
        fn uuid(&self, column: &str) -> sqlx::Result<Uuid> {
            $read(self, column)
        }
        fn uuid_or_none(&self, column: &str) -> sqlx::Result<Option<Uuid>> {
            $read(self, column)
        }
        fn text(&self, column: &str) -> sqlx::Result<String> {
            $read(self, column)
        }
        fn text_or_none(&self, column: &str) -> sqlx::Result<Option<String>> {
            $read(self, column)
        }
        fn int(&self, column: &str) -> sqlx::Result<i64> {
            $read(self, column)
        }
        fn int_or_none(&self, column: &str) -> sqlx::Result<Option<i64>> {
            $read(self, column)
        }
        fn flag(&self, column: &str) -> sqlx::Result<bool> {
            $read(self, column)
        }
        fn bytes(&self, column: &str) -> sqlx::Result<Vec<u8>> {
            $read(self, column)
        }
        fn bytes_or_none(&self, column: &str) -> sqlx::Result<Option<Vec<u8>>> {
            $read(self, column)
        }
        fn json_or_none(&self, column: &str) -> sqlx::Result<Option<Json>> {
            $read(self, column)
        }
    };
}

impl Record for PostgresRow {
    alike!(of_postgres);

    fn instant_or_none(&self, column: &str) -> sqlx::Result<Option<Timestamp>> {
        match self {
            Self::Own(row) => {
                let stored: Option<jiff_sqlx::Timestamp> = of_own(row, column)?;
                Ok(stored.map(jiff_sqlx::Timestamp::to_jiff))
            }
            Self::Shared(row) => of_shared(row, column),
        }
    }

    fn date_or_none(&self, column: &str) -> sqlx::Result<Option<Date>> {
        match self {
            Self::Own(row) => {
                let stored: Option<jiff_sqlx::Date> = of_own(row, column)?;
                Ok(stored.map(jiff_sqlx::Date::to_jiff))
            }
            Self::Shared(row) => of_shared(row, column),
        }
    }
}

impl Record for SqliteRow {
    alike!(of_sqlite);

    fn instant_or_none(&self, column: &str) -> sqlx::Result<Option<Timestamp>> {
        let stored: Option<i64> = of_sqlite(self, column)?;
        let read =
            |micros| Timestamp::from_microsecond(micros).map_err(|_| unexpected(column, "instant"));
        stored.map(read).transpose()
    }

    fn date_or_none(&self, column: &str) -> sqlx::Result<Option<Date>> {
        let stored: Option<String> = of_sqlite(self, column)?;
        let read = |day: String| day.parse().map_err(|_| unexpected(column, "date"));
        stored.map(read).transpose()
    }
}
