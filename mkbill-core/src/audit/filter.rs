//! Which rows of the trail are asked for.

use std::net::IpAddr;
use std::str::FromStr;

use jiff::Timestamp;
use uuid::Uuid;

use crate::kernel::error::Error;
use crate::kernel::language::said;
use crate::kernel::wrong::Wrong;

const WORD_CHARS_MAX: usize = 120;
const SEARCH_CHARS_MAX: usize = 100;

/// What was done: one action, or all that begin alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionFilter {
    /// This one, such as `voucher.extend`.
    Exactly(String),
    /// All that begin with these words, such as `voucher.`, written `voucher.*`.
    Beginning(String),
}

impl FromStr for ActionFilter {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let plain = |text: &str| {
            let known = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'.' | b'_');
            (1..=WORD_CHARS_MAX).contains(&text.len()) && text.bytes().all(known)
        };
        match text.strip_suffix('*') {
            None if plain(text) => Ok(Self::Exactly(text.to_owned())),
            Some(words) if words.ends_with('.') && plain(words) => {
                Ok(Self::Beginning(words.to_owned()))
            }
            _ => Err(Error::invalid(
                "action",
                said!(
                    "use an action such as voucher.extend, or voucher.*",
                    "gunakan tindakan seperti voucher.extend, atau voucher.*"
                ),
            )),
        }
    }
}

/// A text to look for in reasons, whatever its case: 1 to 100 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReasonSearch(String);

impl ReasonSearch {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ReasonSearch {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if !(1..=SEARCH_CHARS_MAX).contains(&text.chars().count()) || text.contains('\0') {
            return Err(Error::invalid("q", Wrong::Length { least: 1, most: SEARCH_CHARS_MAX }));
        }
        Ok(Self(text.to_owned()))
    }
}

/// Which rows; what is absent lets all through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// By this actor, such as `api_key:front-desk`.
    pub actor: Option<String>,
    /// What was done.
    pub action: Option<ActionFilter>,
    /// To this kind of thing.
    pub subject_kind: Option<String>,
    /// To this thing.
    pub subject: Option<Uuid>,
    /// Not before this instant.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub until: Option<Timestamp>,
    /// From this address.
    pub address: Option<IpAddr>,
    /// With this in its reason.
    pub reason: Option<ReasonSearch>,
}

impl AuditFilter {
    /// What was done to one thing.
    pub fn about(subject: Uuid) -> Self {
        Self { subject: Some(subject), ..Self::default() }
    }

    /// Refuses what can match nothing or is too long to be looked for.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if let (Some(from), Some(until)) = (self.from, self.until)
            && from >= until
        {
            return Err(Error::invalid(
                "from",
                said!("`from` is not before `to`", "`from` tidak lebih awal dari `to`"),
            ));
        }
        let words = [("actor", &self.actor), ("subject_kind", &self.subject_kind)];
        for (field, word) in words {
            if word.as_ref().is_some_and(|word| word.chars().count() > 2 * WORD_CHARS_MAX) {
                return Err(Error::invalid(
                    field,
                    said!(
                        "nothing has a name as long as that",
                        "tidak ada yang namanya sepanjang itu"
                    ),
                ));
            }
        }
        Ok(())
    }
}

/// In which order rows are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuditOrder {
    /// The newest first.
    #[default]
    Newest,
    /// The oldest first.
    Oldest,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_one_or_all_that_begin_alike() {
        let read = |text: &str| text.parse::<ActionFilter>().ok();
        assert_eq!(
            read("voucher.extend"),
            Some(ActionFilter::Exactly("voucher.extend".to_owned()))
        );
        assert_eq!(read("voucher.*"), Some(ActionFilter::Beginning("voucher.".to_owned())));
        for bad in ["", "*", "vou*", "voucher.%", "V", &"x".repeat(121)] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
