//! The languages in which people are told why something was not done.

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

    /// The one of this tag, such as `id`.
    pub fn tagged(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }

    /// Its tag as of RFC 5646.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Indonesian => "id",
        }
    }
}

/// One text in every language; `Display` is the English one. Made by [`said!`].
#[derive(Debug, Clone)]
pub struct Said(Text);

/// Small, since refusals that hold several texts are handed over by value.
#[derive(Debug, Clone)]
enum Text {
    Fixed { english: &'static str, indonesian: &'static str },
    Made(Box<(String, String)>),
}

impl Said {
    /// A text that never changes.
    pub const fn fixed(english: &'static str, indonesian: &'static str) -> Self {
        Self(Text::Fixed { english, indonesian })
    }

    /// A text with values in it.
    pub fn new(english: impl Into<String>, indonesian: impl Into<String>) -> Self {
        Self(Text::Made(Box::new((english.into(), indonesian.into()))))
    }

    /// What [`said!`] writes.
    #[doc(hidden)]
    pub fn of(english: fmt::Arguments<'_>, indonesian: fmt::Arguments<'_>) -> Self {
        match (english.as_str(), indonesian.as_str()) {
            (Some(english), Some(indonesian)) => Self::fixed(english, indonesian),
            _ => Self::new(english.to_string(), indonesian.to_string()),
        }
    }

    /// The text in a language.
    pub fn text(&self, language: Language) -> &str {
        match (&self.0, language) {
            (Text::Fixed { english, .. }, Language::English) => english,
            (Text::Fixed { indonesian, .. }, Language::Indonesian) => indonesian,
            (Text::Made(texts), Language::English) => &texts.0,
            (Text::Made(texts), Language::Indonesian) => &texts.1,
        }
    }

    /// The Indonesian text.
    pub fn indonesian(&self) -> &str {
        self.text(Language::Indonesian)
    }
}

impl PartialEq for Said {
    fn eq(&self, other: &Self) -> bool {
        Language::ALL.iter().all(|language| self.text(*language) == other.text(*language))
    }
}

impl Eq for Said {}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text(Language::English))
    }
}

/// A text in English and in Indonesian, each a format with the same values.
///
/// A value that is given by name has to be used in both.
///
/// ```
/// use mkbill_core::kernel::language::{Language, said};
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
pub use said;
