//! In which orders a list may be read.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;

use super::error::Error;
use super::language::said;

/// What the items of one list may be sorted by.
pub trait SortKey: Copy + PartialEq + fmt::Debug + Send + Sync + 'static {
    /// The list, so that a cursor of one is none of another.
    const LIST: &'static str;
    /// All of them.
    const ALL: &'static [Self];
    /// The order of a list that is asked for in none.
    const DEFAULT: Order<Self>;

    /// The name of its order in each direction: `name` and `-name`.
    fn names(self) -> [&'static str; 2];
    /// What is compared.
    fn kind(self) -> SortKind;
}

/// What is compared when items are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortKind {
    /// Identities, which ascend in the order of making.
    Identity,
    /// Texts.
    Text,
    /// Whole numbers.
    Int,
    /// Instants.
    Instant,
    /// Civil dates.
    Day,
}

/// Which end of a list comes first. Items without a value come last either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The least first.
    Ascending,
    /// The greatest first.
    Descending,
}

/// One order of a list, written `name` or `-name`.
///
/// ```
/// use mkbill_core::kernel::order::{Direction, Order};
/// use mkbill_core::plan::store::PlanSort;
///
/// let dearest_first: Order<PlanSort> = "-price".parse()?;
/// assert_eq!(dearest_first, Order { key: PlanSort::Price, direction: Direction::Descending });
/// assert!("colour".parse::<Order<PlanSort>>().is_err());
/// # Ok::<(), mkbill_core::kernel::error::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order<K> {
    /// What is compared.
    pub key: K,
    /// Which end comes first.
    pub direction: Direction,
}

impl<K> Order<K> {
    /// The least first.
    pub const fn ascending(key: K) -> Self {
        Self { key, direction: Direction::Ascending }
    }

    /// The greatest first.
    pub const fn descending(key: K) -> Self {
        Self { key, direction: Direction::Descending }
    }
}

impl<K: SortKey> Order<K> {
    /// Every order of the list.
    pub fn all() -> impl Iterator<Item = Self> {
        K::ALL.iter().flat_map(|key| [Self::ascending(*key), Self::descending(*key)])
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        let [ascending, descending] = self.key.names();
        match self.direction {
            Direction::Ascending => ascending,
            Direction::Descending => descending,
        }
    }
}

impl<K: SortKey> Default for Order<K> {
    fn default() -> Self {
        K::DEFAULT
    }
}

impl<K: SortKey> fmt::Display for Order<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl<K: SortKey> FromStr for Order<K> {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::all().find(|order| order.name() == text).ok_or_else(|| {
            let names: Vec<&str> = Self::all().map(Self::name).collect();
            let known = names.join(", ");
            Error::invalid("sort", said!("use one of {known}", "gunakan salah satu dari {known}"))
        })
    }
}

/// By what an item is sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SortValue {
    /// It has none, or only its identity is compared.
    Nothing,
    /// A text.
    Text(String),
    /// A whole number.
    Int(i64),
    /// An instant.
    Instant(Timestamp),
    /// A civil date.
    Day(Date),
}

impl SortValue {
    /// The text that [`Self::read`] understands; `None` for nothing.
    pub(super) fn text(&self) -> Option<String> {
        Some(match self {
            Self::Nothing => return None,
            Self::Text(text) => text.clone(),
            Self::Int(number) => number.to_string(),
            Self::Instant(at) => at.to_string(),
            Self::Day(day) => day.to_string(),
        })
    }

    /// What every database can compare: a text without NUL, a day or instant of our era.
    pub(super) fn read(kind: SortKind, text: Option<&str>) -> Option<Self> {
        let Some(text) = text else { return Some(Self::Nothing) };
        match kind {
            SortKind::Identity => None,
            SortKind::Text => (!text.contains('\0')).then(|| Self::Text(text.to_owned())),
            SortKind::Int => text.parse().ok().map(Self::Int),
            SortKind::Instant => {
                let at = text.parse().ok().filter(|at| *at >= Timestamp::UNIX_EPOCH);
                at.map(Self::Instant)
            }
            SortKind::Day => text.parse().ok().filter(|day: &Date| day.year() > 0).map(Self::Day),
        }
    }
}

/// Declares what a list may be sorted by.
macro_rules! sorts {
    (
        $(#[$doc:meta])*
        $visible:vis $name:ident of $list:literal, $direction:ident $first:ident {
            $($(#[$key_doc:meta])* $key:ident = $word:literal: $kind:ident,)+
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $visible enum $name {
            $($(#[$key_doc])* $key,)+
        }

        impl $crate::kernel::order::SortKey for $name {
            const LIST: &'static str = $list;
            const ALL: &'static [Self] = &[$(Self::$key),+];
            const DEFAULT: $crate::kernel::order::Order<Self> =
                $crate::kernel::order::Order::$direction(Self::$first);

            fn names(self) -> [&'static str; 2] {
                match self {
                    $(Self::$key => [$word, concat!("-", $word)],)+
                }
            }

            fn kind(self) -> $crate::kernel::order::SortKind {
                match self {
                    $(Self::$key => $crate::kernel::order::SortKind::$kind,)+
                }
            }
        }
    };
}
pub(crate) use sorts;

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    sorts! {
        /// Of the tests.
        pub(in crate::kernel) FruitSort of "fruits", descending Made {
            /// By making.
            Made = "made": Identity,
            /// By name.
            Name = "name": Text,
            /// By weight.
            Weight = "weight": Int,
        }
    }

    #[test]
    fn an_order_is_written_as_it_is_read() {
        for order in Order::<FruitSort>::all() {
            assert_eq!(order.to_string().parse::<Order<FruitSort>>().unwrap(), order);
        }
        assert_eq!(Order::<FruitSort>::default().to_string(), "-made");
    }

    #[test]
    fn an_unknown_order_is_refused_with_all_that_are_known() {
        for text in ["", "-", "--name", "Name", "name ", "colour", "made,name"] {
            let error = text.parse::<Order<FruitSort>>().unwrap_err();
            let Error::Invalid { field: "sort", .. } = &error else { panic!("{text}: {error}") };
            let known = "made, -made, name, -name, weight, -weight";
            assert!(error.said().to_string().contains(known), "{error}");
            assert!(error.said().indonesian().contains(known), "{error}");
        }
    }

    #[test]
    fn values_come_back_as_they_were_written() {
        let at: Timestamp = "2026-01-31T17:00:00.123456Z".parse().unwrap();
        let day: Date = "2026-01-31".parse().unwrap();
        for (kind, value) in [
            (SortKind::Identity, SortValue::Nothing),
            (SortKind::Text, SortValue::Text(String::new())),
            (SortKind::Text, SortValue::Text("é \n=".to_owned())),
            (SortKind::Int, SortValue::Int(i64::MIN)),
            (SortKind::Instant, SortValue::Instant(at)),
            (SortKind::Day, SortValue::Day(day)),
        ] {
            assert_eq!(SortValue::read(kind, value.text().as_deref()), Some(value));
        }
    }

    #[test]
    fn what_no_database_can_compare_is_no_value() {
        for (kind, text) in [
            (SortKind::Identity, "x"),
            (SortKind::Text, "a\0b"),
            (SortKind::Int, "9223372036854775808"),
            (SortKind::Instant, "-009999-01-02T01:59:59Z"),
            (SortKind::Day, "-009999-01-01"),
        ] {
            assert_eq!(SortValue::read(kind, Some(text)), None, "{text}");
        }
    }
}
