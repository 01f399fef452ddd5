//! Pages of a list, by cursor.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::error::Error;
use super::language::said;
use super::order::{Order, SortKey, SortValue};
use super::wrong::Wrong;

/// The most items one page may hold.
pub const PAGE_ITEMS_MAX: u32 = 200;
const PAGE_ITEMS_DEFAULT: u32 = 50;
const CURSOR_CHARS_MAX: usize = 4_096;
const ID_BYTES: usize = 16;

/// Where the next page begins, in one order of one list; opaque to clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    list: String,
    order: String,
    id: Uuid,
    value: Option<String>,
}

impl Cursor {
    /// A cursor behind the item of a place.
    pub(crate) fn behind<K: SortKey>(order: Order<K>, place: &Place) -> Self {
        let (list, order) = (K::LIST.to_owned(), order.name().to_owned());
        Self { list, order, id: place.id, value: place.value.text() }
    }

    /// The place it stands for, if it was made for this order.
    fn place<K: SortKey>(&self, order: Order<K>) -> Result<Place, Error> {
        if self.list != K::LIST {
            return Err(Error::invalid(
                "cursor",
                said!("it belongs to another list", "itu milik daftar lain"),
            ));
        }
        if self.order != order.name() {
            return Err(Error::invalid(
                "cursor",
                said!(
                    "it belongs to a list in another order than {order}: begin again without it",
                    "itu milik daftar dengan urutan selain {order}: mulai lagi tanpa `cursor`"
                ),
            ));
        }
        let value = SortValue::read(order.key.kind(), self.value.as_deref());
        Ok(Place { value: value.ok_or_else(no_cursor)?, id: self.id })
    }
}

fn no_cursor() -> Error {
    Error::invalid(
        "cursor",
        said!(
            "use the `next_cursor` of an earlier page",
            "gunakan `next_cursor` dari halaman sebelumnya"
        ),
    )
}

/// `list:order`, a line feed, the identity, and `=value` if there is one.
impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = format!("{}:{}\n", self.list, self.order).into_bytes();
        bytes.extend(self.id.as_bytes());
        if let Some(value) = &self.value {
            bytes.push(b'=');
            bytes.extend(value.as_bytes());
        }
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

fn read(text: &str) -> Option<Cursor> {
    if text.len() > CURSOR_CHARS_MAX {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let line = bytes.iter().position(|byte| *byte == b'\n')?;
    let (list, order) = str::from_utf8(&bytes[..line]).ok()?.split_once(':')?;
    let (id, rest) = bytes[line + 1..].split_at_checked(ID_BYTES)?;
    let value = match rest {
        [] => None,
        [b'=', value @ ..] => Some(str::from_utf8(value).ok()?.to_owned()),
        _ => return None,
    };
    let id = Uuid::from_slice(id).ok()?;
    Some(Cursor { list: list.to_owned(), order: order.to_owned(), id, value })
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        read(text).ok_or_else(no_cursor)
    }
}

/// Where an item stands in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// By what it is sorted.
    pub value: SortValue,
    /// Its identity, which decides between items of equal value.
    pub id: Uuid,
}

/// Which page is wanted, in which order.
#[derive(Debug, Clone)]
pub struct PageRequest<K> {
    order: Order<K>,
    after: Option<Place>,
    limit: u32,
}

impl<K: SortKey> PageRequest<K> {
    /// A page of `limit` items, 1 to 200, in the list's own order; from the beginning without a cursor.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for another limit, and for a cursor of another list or order.
    pub fn new(after: Option<Cursor>, limit: u32) -> Result<Self, Error> {
        Self::sorted(K::DEFAULT, after, limit)
    }

    /// The same in an order.
    ///
    /// # Errors
    ///
    /// As of [`Self::new`].
    pub fn sorted(order: Order<K>, after: Option<Cursor>, limit: u32) -> Result<Self, Error> {
        if !(1..=PAGE_ITEMS_MAX).contains(&limit) {
            let range = Wrong::Range { least: 1, most: PAGE_ITEMS_MAX.into() };
            return Err(Error::invalid("limit", range));
        }
        let after = after.map(|cursor| cursor.place(order)).transpose()?;
        Ok(Self { order, after, limit })
    }

    /// In which order.
    pub const fn order(&self) -> Order<K> {
        self.order
    }

    /// Behind this place; from the beginning if absent.
    pub const fn after(&self) -> Option<&Place> {
        self.after.as_ref()
    }

    /// How many items at most.
    pub const fn limit(&self) -> u32 {
        self.limit
    }
}

impl<K: SortKey> Default for PageRequest<K> {
    fn default() -> Self {
        Self { order: K::DEFAULT, after: None, limit: PAGE_ITEMS_DEFAULT }
    }
}

/// Some items of a list and where to go on.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The items, in the order that was asked for.
    pub items: Vec<T>,
    /// The next page's beginning; absent on the last page.
    pub next: Option<Cursor>,
}

#[cfg(test)]
mod tests {
    use super::super::order::tests::FruitSort;
    use super::super::order::{SortKind, sorts};
    use super::*;

    sorts! {
        /// Another list.
        pub(in crate::kernel) NutSort of "nuts", ascending Name {
            /// By name.
            Name = "name": Text,
        }
    }

    fn place(value: SortValue) -> Place {
        Place { value, id: Uuid::from_u128(7) }
    }

    fn name(text: &str) -> SortValue {
        SortValue::Text(text.to_owned())
    }

    #[test]
    fn a_cursor_goes_on_where_it_was_made() {
        let by_name = Order::ascending(FruitSort::Name);
        let newest = Order::<FruitSort>::default();
        for (order, value) in [
            (by_name, name("=\n:äpfel")),
            (by_name, SortValue::Nothing),
            (Order::descending(FruitSort::Weight), SortValue::Int(-3)),
            (newest, SortValue::Nothing),
        ] {
            let place = place(value);
            let text = Cursor::behind(order, &place).to_string();
            let request = PageRequest::sorted(order, Some(text.parse().unwrap()), 2).unwrap();
            assert_eq!(request.after(), Some(&place));
        }
    }

    #[test]
    fn a_cursor_of_another_list_or_order_is_refused() {
        let by_name = Order::ascending(FruitSort::Name);
        let cursor = || Cursor::behind(by_name, &place(name("fig")));
        let refused = |error: Error| match error {
            Error::Invalid { field, .. } => (field, error.said().to_string()),
            other => panic!("{other}"),
        };
        let turned = Order::descending(FruitSort::Name);
        let (field, why) = refused(PageRequest::sorted(turned, Some(cursor()), 2).unwrap_err());
        assert_eq!(field, "cursor");
        assert!(why.contains("another order than -name"), "{why}");
        let (_, why) = refused(PageRequest::<NutSort>::new(Some(cursor()), 2).unwrap_err());
        assert!(why.contains("another list"), "{why}");
    }

    #[test]
    fn nonsense_is_no_cursor_and_no_limit() {
        let short = URL_SAFE_NO_PAD.encode(b"fruits:-made\n123");
        let tail = URL_SAFE_NO_PAD.encode(b"fruits:-made\n1234567890123456x");
        let long = "A".repeat(CURSOR_CHARS_MAX + 1);
        for bad in ["%%%", "AAAA", "", &short, &tail, &long] {
            assert!(bad.parse::<Cursor>().is_err(), "{bad:.40}");
        }
        let weight = Order::ascending(FruitSort::Weight);
        let forged =
            Cursor { value: Some("heavy".to_owned()), ..Cursor::behind(weight, &place(name(""))) };
        assert!(PageRequest::sorted(weight, Some(forged), 2).is_err());
        assert!(PageRequest::<FruitSort>::new(None, 0).is_err());
        assert!(PageRequest::<FruitSort>::new(None, 201).is_err());
        assert_eq!(FruitSort::Name.kind(), SortKind::Text);
    }
}
