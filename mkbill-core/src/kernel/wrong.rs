//! What can be wrong with a value that was given, as data that can be said in each language.

use super::language::said;
use std::fmt;

use super::language::{Language, Said};

/// What is wrong with a value, and what is allowed instead. The value itself is never told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// A number outside its range.
    Range {
        /// The least one.
        least: u64,
        /// The greatest one.
        most: u64,
    },
    /// A number of days outside its range.
    Days {
        /// The least one.
        least: u64,
        /// The greatest one.
        most: u64,
    },
    /// A text that is empty or too long.
    Length {
        /// Fewest characters.
        least: usize,
        /// Most characters.
        most: usize,
    },
    /// A text that is empty, too long, or has characters that nobody sees.
    Visible {
        /// Most characters.
        most: usize,
    },
    /// The same, or a text of several lines.
    OneLine {
        /// Most characters.
        most: usize,
    },
    /// A text that is too long or has control characters.
    Prose {
        /// Most characters.
        most: usize,
    },
    /// A code that is empty, too long, or of other characters than capital letters, digits and dashes.
    Code {
        /// Most characters.
        most: usize,
    },
    /// A name that is empty, too long, or of other characters than small letters, digits and dashes.
    Slug {
        /// Most characters.
        most: usize,
    },
    /// None of the names that there are.
    OneOf(Vec<&'static str>),
    /// Not the name of a time zone. There is an example of one.
    Zone(&'static str),
    /// A span that is longer than ten years.
    Span,
    /// Something of its own.
    Other(Said),
}

impl Wrong {
    /// What is wrong, in every language.
    pub fn said(&self) -> Said {
        match self {
            Self::Range { least, most } => {
                said!("use {least} to {most}", "gunakan {least} sampai {most}")
            }
            Self::Days { least, most } => {
                said!("use {least} to {most} days", "gunakan {least} sampai {most} hari")
            }
            Self::OneOf(names) => {
                said!("use {names}", "gunakan salah satu: {names}", names = names.join(", "))
            }
            Self::Zone(example) => said!(
                "use an IANA name such as {example}",
                "gunakan nama zona waktu IANA seperti {example}"
            ),
            Self::Span => said!("use at most ten years", "gunakan paling lama sepuluh tahun"),
            Self::Other(said) => said.clone(),
            Self::Length { least, most } => {
                said!("use {least} to {most} characters", "gunakan {least} sampai {most} karakter")
            }
            Self::Visible { most } => said!(
                "use 1 to {most} visible characters",
                "gunakan 1 sampai {most} karakter yang terlihat"
            ),
            Self::OneLine { most } => said!(
                "use 1 to {most} visible characters on one line",
                "gunakan 1 sampai {most} karakter yang terlihat dalam satu baris"
            ),
            Self::Prose { most } => said!(
                "use at most {most} characters of text",
                "gunakan teks paling panjang {most} karakter"
            ),
            Self::Code { most } => said!(
                "use 1 to {most} of A-Z, 0-9 and -",
                "gunakan 1 sampai {most} karakter dari A-Z, 0-9 dan -"
            ),
            Self::Slug { most } => said!(
                "use 1 to {most} lower-case letters, digits and dashes",
                "gunakan 1 sampai {most} huruf kecil, angka, dan tanda hubung"
            ),
        }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.said().text(Language::English))
    }
}

impl From<Said> for Wrong {
    fn from(said: Said) -> Self {
        Self::Other(said)
    }
}

/// A field of a request, in the words of the API, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongField {
    /// The field.
    pub field: &'static str,
    /// What is wrong.
    pub problem: Wrong,
}
