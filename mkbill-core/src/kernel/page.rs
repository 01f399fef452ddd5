//! Pages of a list, by cursor.

use super::language::said;
use crate::kernel::wrong::Wrong;
use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::error::Error;

/// The most items one page may hold.
pub const PAGE_ITEMS_MAX: u32 = 200;
const PAGE_ITEMS_DEFAULT: u32 = 50;

/// Where the next page begins; opaque to clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor(Uuid);

impl Cursor {
    /// A cursor behind the item with this identifier.
    pub const fn after(id: Uuid) -> Self {
        Self(id)
    }

    /// The identifier of the last item seen.
    pub const fn id(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0.as_bytes()))
    }
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        bytes.and_then(|bytes| Uuid::from_slice(&bytes).ok()).map(Self).ok_or_else(|| {
            Error::invalid(
                "cursor",
                said!(
                    "use the `next_cursor` of an earlier page",
                    "gunakan `next_cursor` dari halaman sebelumnya"
                ),
            )
        })
    }
}

/// Which page is wanted.
#[derive(Debug, Clone, Copy)]
pub struct PageRequest {
    /// Behind this item; from the beginning if absent.
    pub after: Option<Cursor>,
    limit: u32,
}

impl PageRequest {
    /// A page of `limit` items: 1 to 200.
    pub fn new(after: Option<Cursor>, limit: u32) -> Result<Self, Error> {
        if (1..=PAGE_ITEMS_MAX).contains(&limit) {
            Ok(Self { after, limit })
        } else {
            Err(Error::invalid("limit", Wrong::Range { least: 1, most: PAGE_ITEMS_MAX.into() }))
        }
    }

    /// How many items at most.
    pub const fn limit(self) -> u32 {
        self.limit
    }
}

impl Default for PageRequest {
    fn default() -> Self {
        Self { after: None, limit: PAGE_ITEMS_DEFAULT }
    }
}

/// Some items of a list and where to go on.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The items, newest first unless the list says otherwise.
    pub items: Vec<T>,
    /// The next page's beginning; absent on the last page.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// Cuts a read of `limit + 1` items or more into a page: the extra ones only prove that there is
    /// more.
    pub fn cut(mut items: Vec<T>, request: PageRequest, id: impl Fn(&T) -> Uuid) -> Self {
        let limit = request.limit as usize;
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(|item| Cursor::after(id(item)));
        Self { items, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_knows_whether_there_is_more() {
        let ids: Vec<Uuid> = (1..=3).map(Uuid::from_u128).collect();
        let two = PageRequest::new(None, 2).unwrap();
        let page = Page::cut(ids.clone(), two, |id| *id);
        assert_eq!(page.next, Some(Cursor::after(Uuid::from_u128(2))));
        assert_eq!(Page::cut(ids[..2].to_vec(), two, |id| *id).next, None);
        let text = page.next.unwrap().to_string();
        assert_eq!(text.parse::<Cursor>().unwrap(), page.next.unwrap());
    }

    #[test]
    fn nonsense_is_no_cursor_and_no_limit() {
        assert!("%%%".parse::<Cursor>().is_err());
        assert!("AAAA".parse::<Cursor>().is_err());
        assert!(PageRequest::new(None, 0).is_err());
        assert!(PageRequest::new(None, 201).is_err());
    }
}
