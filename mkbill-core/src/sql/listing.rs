//! Lists that are read page by page, in every order they may be sorted by.
//!
//! A page begins behind the last item of the one before, by its sort value and its identity, and never
//! by counting items. Each order of a list has statements of its own, made from one text by its marks:
//!
//! - `{value}` behind the columns: what is sorted by, for the cursor;
//! - `{past}` as the first condition: the items of this part of the list behind the cursor;
//! - `{page}` at the end: the order and the limit.
//!
//! Items without a value are the second part of a list; they come when those with one are through.

use crate::kernel::order::{Direction, Order, SortKey, SortKind, SortValue};
use crate::kernel::page::{Cursor, Page, PageRequest, Place};
use crate::store::StoreError;

use super::engine::Dialect;
use super::error::driver;
use super::record::Record;
use super::statement::Statement;
use super::value::Value;
use super::{ReadError, SqlTx};

/// What the items of a list are sorted by, in SQL.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Column {
    /// The identity alone.
    Identity,
    /// An expression that is never null.
    Always(&'static str),
    /// An expression that may be null.
    Perhaps(&'static str),
}

impl Column {
    const fn expression(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Always(expression) | Self::Perhaps(expression) => Some(expression),
        }
    }
}

/// Which items of a list a statement reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// From the beginning.
    Beginning,
    /// Behind a cursor.
    Past,
    /// Without a value, from the beginning of those.
    Valueless,
    /// Without a value, behind a cursor.
    PastValueless,
}

/// How a statement walks through a list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Walk {
    /// The identity of an item.
    pub(crate) id: &'static str,
    pub(crate) column: Column,
    pub(crate) direction: Direction,
    pub(crate) part: Part,
}

impl Walk {
    /// How many parameters it has beside those of the text: the limit, and what the cursor holds.
    pub(super) const fn parameters(self) -> usize {
        match (self.part, self.column) {
            (Part::Beginning | Part::Valueless, _) => 1,
            (Part::PastValueless, _) | (Part::Past, Column::Identity) => 2,
            (Part::Past, Column::Always(_) | Column::Perhaps(_)) => 3,
        }
    }

    /// Fills in the marks of a text whose own parameters are `$1` to `$last`.
    pub(super) fn fill(self, text: &str, last: usize) -> String {
        let text = text.replace("{value}", &self.value());
        text.replace("{past}", &self.past(last)).replace("{page}", &self.page(last))
    }

    fn value(self) -> String {
        let value = self.column.expression().map(|value| format!(", {value} AS sort_value"));
        value.unwrap_or_default()
    }

    fn past(self, last: usize) -> String {
        let beyond = match self.direction {
            Direction::Ascending => '>',
            Direction::Descending => '<',
        };
        let (id, at, value) = (self.id, last + 2, last + 3);
        let behind_id = format!("{id} {beyond} ${at}");
        // SQLite finds the beginning in an index of an expression by the second condition alone.
        let behind = |what: &str| {
            format!("({what}, {id}) {beyond} (${value}, ${at}) AND {what} {beyond}= ${value}")
        };
        match (self.part, self.column) {
            (Part::Beginning, Column::Identity | Column::Always(_)) => "TRUE".to_owned(),
            (Part::Beginning, Column::Perhaps(what)) => format!("{what} IS NOT NULL"),
            (Part::Past, Column::Identity) => behind_id,
            (Part::Past, Column::Always(what)) => behind(what),
            (Part::Past, Column::Perhaps(what)) => {
                format!("{what} IS NOT NULL AND {}", behind(what))
            }
            (Part::Valueless | Part::PastValueless, column) => {
                let nothing = format!("{} IS NULL", column.expression().unwrap_or(id));
                if self.part == Part::Valueless {
                    nothing
                } else {
                    format!("{nothing} AND {behind_id}")
                }
            }
        }
    }

    fn page(self, last: usize) -> String {
        let way = match self.direction {
            Direction::Ascending => "",
            Direction::Descending => " DESC",
        };
        let (id, limit) = (self.id, last + 1);
        match (self.part, self.column.expression()) {
            (Part::Beginning | Part::Past, Some(what)) => {
                format!("ORDER BY {what}{way}, {id}{way} LIMIT ${limit}")
            }
            _ => format!("ORDER BY {id}{way} LIMIT ${limit}"),
        }
    }
}

/// One way to sort a list, and its statements in each direction: for each [`Part`] in turn.
#[derive(Debug)]
pub(crate) struct Sorted<K: 'static> {
    pub(crate) key: K,
    pub(crate) column: Column,
    pub(crate) ascending: [Statement; 4],
    pub(crate) descending: [Statement; 4],
}

/// The statements of a list.
#[derive(Debug)]
pub(crate) struct Listing<K: 'static>(pub(crate) &'static [Sorted<K>]);

impl<K: SortKey> Listing<K> {
    /// The statements of an order, for those with a value and for those without.
    fn of(&self, order: Order<K>) -> (&'static Sorted<K>, &'static [Statement; 4]) {
        let sorted = self.0.iter().find(|sorted| sorted.key == order.key);
        let sorted = sorted.expect("a list is only read in orders that it has");
        match order.direction {
            Direction::Ascending => (sorted, &sorted.ascending),
            Direction::Descending => (sorted, &sorted.descending),
        }
    }

    /// All statements that are ever used.
    #[cfg(feature = "testkit")]
    pub(super) fn statements(&self) -> Vec<Statement> {
        let used = |sorted: &Sorted<K>| match sorted.column {
            Column::Perhaps(_) => 4,
            Column::Identity | Column::Always(_) => 2,
        };
        let both = |sorted: &'static Sorted<K>| {
            let used = used(sorted);
            sorted.ascending[..used].iter().chain(&sorted.descending[..used])
        };
        self.0.iter().flat_map(both).copied().collect()
    }
}

/// Declares a list: its statements in every order, from one text with the marks of this module.
macro_rules! listing {
    ($name:ident of $key:ident: $act:literal = $text:expr, by $id:literal {
        $($variant:ident: $column:expr),+ $(,)?
    }) => {
        pub(super) const $name: $crate::sql::listing::Listing<$key> =
            $crate::sql::listing::Listing(&[$($crate::sql::listing::Sorted {
                key: $key::$variant,
                column: $column,
                ascending: listing!(@parts $act, $text, $id, $column, Ascending),
                descending: listing!(@parts $act, $text, $id, $column, Descending),
            }),+]);
    };
    (@parts $act:literal, $text:expr, $id:literal, $column:expr, $direction:ident) => {
        [
            listing!(@part $act, $text, $id, $column, $direction, Beginning),
            listing!(@part $act, $text, $id, $column, $direction, Past),
            listing!(@part $act, $text, $id, $column, $direction, Valueless),
            listing!(@part $act, $text, $id, $column, $direction, PastValueless),
        ]
    };
    (@part $act:literal, $text:expr, $id:literal, $column:expr, $direction:ident, $part:ident) => {
        $crate::sql::statement::Statement {
            act: $act,
            text: $text,
            walk: Some($crate::sql::listing::Walk {
                id: $id,
                column: $column,
                direction: $crate::kernel::order::Direction::$direction,
                part: $crate::sql::listing::Part::$part,
            }),
            texts: || {
                static TEXTS: $crate::sql::statement::Texts = $crate::sql::statement::Texts::new();
                &TEXTS
            },
        }
    };
}
pub(super) use listing;

/// What a statement is told of the place it goes on behind; `None` if only items without a value are
/// left behind it.
fn told(column: Column, place: &Place) -> Option<Vec<Value>> {
    let id = place.id.into();
    let value = match (&place.value, column) {
        (SortValue::Nothing, Column::Identity) => return Some(vec![id]),
        (SortValue::Nothing, Column::Always(_) | Column::Perhaps(_)) => return None,
        (SortValue::Text(text), _) => text.as_str().into(),
        (SortValue::Int(number), _) => (*number).into(),
        (SortValue::Instant(at), _) => (*at).into(),
        (SortValue::Day(day), _) => (*day).into(),
    };
    Some(vec![id, value])
}

fn value_of(row: &impl Record, kind: SortKind) -> sqlx::Result<SortValue> {
    let column = "sort_value";
    let value = match kind {
        SortKind::Identity => None,
        SortKind::Text => row.text_or_none(column)?.map(SortValue::Text),
        SortKind::Int => row.int_or_none(column)?.map(SortValue::Int),
        SortKind::Instant => row.instant_or_none(column)?.map(SortValue::Instant),
        SortKind::Day => row.date_or_none(column)?.map(SortValue::Day),
    };
    Ok(value.unwrap_or(SortValue::Nothing))
}

/// Cuts rows into a page: those beyond the limit only prove that there is more.
pub(super) fn cut<D: Dialect, K: SortKey, T>(
    act: &'static str,
    mut rows: Vec<D::Found>,
    page: &PageRequest<K>,
    read: impl Fn(&D::Found) -> Result<T, ReadError>,
) -> Result<Page<T>, StoreError> {
    let limit = page.limit() as usize;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let place = |row: &D::Found| -> sqlx::Result<Place> {
        Ok(Place { value: value_of(row, page.order().key.kind())?, id: row.uuid("id")? })
    };
    let last = rows.last().filter(|_| more).map(place).transpose();
    let last = last.map_err(|error| driver(act, error))?;
    let items = rows.iter().map(|row| read(row).map_err(|error| error.while_doing(act)));
    Ok(Page {
        items: items.collect::<Result<_, _>>()?,
        next: last.map(|place| Cursor::behind(page.order(), &place)),
    })
}

impl<D: Dialect> SqlTx<D> {
    /// A page of a list. `filter` are the parameters of its text.
    pub(super) async fn page<K: SortKey, T>(
        &mut self,
        listing: &Listing<K>,
        filter: Vec<Value>,
        page: &PageRequest<K>,
        read: impl Fn(&D::Found) -> Result<T, ReadError> + Send + Sync,
    ) -> Result<Page<T>, StoreError> {
        let (sorted, [beginning, past, valueless, past_valueless]) = listing.of(page.order());
        let bound = |limit: u32, place: Vec<Value>| {
            let own = [Value::from(limit)].into_iter().chain(place);
            filter.iter().cloned().chain(own).collect::<Vec<_>>()
        };
        let wanted = page.limit() + 1;
        let behind = page.after().map(|place| told(sorted.column, place));
        let mut rows = match &behind {
            None => self.rows(*beginning, bound(wanted, Vec::new())).await?,
            Some(Some(place)) => self.rows(*past, bound(wanted, place.clone())).await?,
            Some(None) => Vec::new(),
        };
        let missing = wanted.saturating_sub(u32::try_from(rows.len()).unwrap_or(wanted));
        if matches!(sorted.column, Column::Perhaps(_)) && missing > 0 {
            rows.extend(match (page.after(), behind) {
                (Some(place), Some(None)) => {
                    self.rows(*past_valueless, bound(missing, vec![place.id.into()])).await?
                }
                _ => self.rows(*valueless, bound(missing, Vec::new())).await?,
            });
        }
        cut::<D, K, T>(beginning.act, rows, page, read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(column: Column, direction: Direction, part: Part) -> String {
        let walk = Walk { id: "i.id", column, direction, part };
        walk.fill("SELECT i.id{value} FROM i WHERE {past} AND a = $1 {page}", 1)
    }

    #[test]
    fn a_list_goes_on_behind_value_and_identity() {
        let sorted = Column::Always("b");
        assert_eq!(
            filled(sorted, Direction::Descending, Part::Past),
            "SELECT i.id, b AS sort_value FROM i WHERE (b, i.id) < ($4, $3) AND b <= $4 AND a = $1 \
             ORDER BY b DESC, i.id DESC LIMIT $2"
        );
        assert_eq!(
            filled(sorted, Direction::Ascending, Part::Beginning),
            "SELECT i.id, b AS sort_value FROM i WHERE TRUE AND a = $1 ORDER BY b, i.id LIMIT $2"
        );
        assert_eq!(
            filled(Column::Identity, Direction::Ascending, Part::Past),
            "SELECT i.id FROM i WHERE i.id > $3 AND a = $1 ORDER BY i.id LIMIT $2"
        );
    }

    #[test]
    fn items_without_a_value_are_a_part_of_their_own() {
        let sorted = Column::Perhaps("b");
        assert_eq!(
            filled(sorted, Direction::Ascending, Part::Beginning),
            "SELECT i.id, b AS sort_value FROM i WHERE b IS NOT NULL AND a = $1 \
             ORDER BY b, i.id LIMIT $2"
        );
        assert_eq!(
            filled(sorted, Direction::Descending, Part::PastValueless),
            "SELECT i.id, b AS sort_value FROM i WHERE b IS NULL AND i.id < $3 AND a = $1 \
             ORDER BY i.id DESC LIMIT $2"
        );
    }
}
