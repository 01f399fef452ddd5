//! The languages in which people are told why something was not done.

use std::borrow::Cow;
use std::fmt;

/// A language that every refusal is said in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// `en`: what logs, the command line and programs read.
    #[default]
    English,
    /// `id`: what operators in Indonesia read.
    Indonesian,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::English, Self::Indonesian];

    /// Its tag as of RFC 5646.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Indonesian => "id",
        }
    }
}

/// One text in every language; `Display` is the English one. Made by [`said!`](crate::said).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    english: Cow<'static, str>,
    indonesian: Cow<'static, str>,
}

impl Said {
    /// A text that never changes.
    pub const fn fixed(english: &'static str, indonesian: &'static str) -> Self {
        Self { english: Cow::Borrowed(english), indonesian: Cow::Borrowed(indonesian) }
    }

    /// A text with values in it.
    pub fn new(english: impl Into<String>, indonesian: impl Into<String>) -> Self {
        Self { english: Cow::Owned(english.into()), indonesian: Cow::Owned(indonesian.into()) }
    }

    /// What [`said!`](crate::said) writes.
    #[doc(hidden)]
    pub fn of(english: fmt::Arguments<'_>, indonesian: fmt::Arguments<'_>) -> Self {
        let text = |text: fmt::Arguments<'_>| match text.as_str() {
            Some(fixed) => Cow::Borrowed(fixed),
            None => Cow::Owned(text.to_string()),
        };
        Self { english: text(english), indonesian: text(indonesian) }
    }

    /// The text in a language.
    pub fn text(&self, language: Language) -> &str {
        match language {
            Language::English => &self.english,
            Language::Indonesian => &self.indonesian,
        }
    }

    /// The Indonesian text.
    pub fn indonesian(&self) -> &str {
        &self.indonesian
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.english)
    }
}

/// A text in English and in Indonesian, each a format with the same values.
///
/// A value that is given by name has to be used in both.
///
/// ```
/// use mkbill_core::kernel::language::Language;
/// use mkbill_core::said;
///
/// let most = 20;
/// let text = said!("use at most {most} tags", "gunakan paling banyak {most} tag");
/// assert_eq!(text.text(Language::Indonesian), "gunakan paling banyak 20 tag");
/// ```
#[macro_export]
macro_rules! said {
    ($english:literal, $indonesian:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::kernel::language::Said::of(
            format_args!($english $(, $name = $value)*),
            format_args!($indonesian $(, $name = $value)*),
        )
    };
}
