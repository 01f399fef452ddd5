//! Choices that have a name in the database, in the API and on the command line, and names that people
//! give so that they fit in an address.

use super::error::Error;
use crate::kernel::wrong::Wrong;

/// A name of 1 to `most` lower-case letters, digits and dashes.
pub(crate) fn slug(text: &str, field: &'static str, most: usize) -> Result<String, Error> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=most).contains(&text.len()) && text.bytes().all(plain) {
        return Ok(text.to_owned());
    }
    Err(Error::invalid(field, Wrong::Slug { most }))
}

/// A name for people: 1 to `most` visible characters without blanks around them.
pub(crate) fn visible(text: &str, field: &'static str, most: usize) -> Result<String, Error> {
    let text = text.trim();
    if (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(Error::invalid(field, Wrong::Visible { most }))
}

/// Declares an enum whose every choice has a stable name, with `name`, `named`, `ALL` and `FromStr`.
macro_rules! names {
    (
        $(#[$doc:meta])*
        pub enum $enum:ident $field:literal {
            $($(#[$choice_doc:meta])* $choice:ident = $name:literal),+ $(,)?
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $enum {
            $($(#[$choice_doc])* $choice),+
        }

        impl $enum {
            /// Every choice.
            pub const ALL: &'static [Self] = &[$(Self::$choice),+];

            /// Its stable name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$choice => $name),+
                }
            }

            /// Reads a stable name.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|choice| choice.name() == name)
            }
        }

        impl std::fmt::Display for $enum {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl std::str::FromStr for $enum {
            type Err = $crate::kernel::error::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let allowed = || {
                    let names: Vec<&str> = Self::ALL.iter().map(|choice| choice.name()).collect();
                    $crate::kernel::error::Error::invalid($field, $crate::kernel::wrong::Wrong::OneOf(names))
                };
                Self::named(text).ok_or_else(allowed)
            }
        }
    };
}
pub(crate) use names;
