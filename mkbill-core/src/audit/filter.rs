//! Which rows of the trail are asked for.

use std::net::IpAddr;
use std::str::FromStr;

use jiff::Timestamp;
use uuid::Uuid;

use crate::kernel::error::Error;
use crate::kernel::language::said;
use crate::kernel::order::sorts;
use crate::kernel::search::SearchText;

const WORD_CHARS_MAX: usize = 120;

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
    pub reason: Option<SearchText>,
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

sorts! {
    /// What rows of the trail may be sorted by.
    pub AuditSort of "audit", descending Created {
        /// When they were written.
        Created = "created": Identity,
    }
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
