//! Webhooks: programs elsewhere that are told of events, by the Standard Webhooks specification.

pub mod delivery;
pub mod filter;
pub mod message;
pub mod secret;
pub mod store;

use jiff::{SignedDuration, Timestamp};

use crate::kernel::error::{Error, Refusal};
use crate::kernel::ids::WebhookId;
use crate::kernel::language::{Said, said};
use crate::kernel::names::names;
use crate::kernel::patch::Patch;
use crate::kernel::web::WebUrl;

use filter::KindFilter;

/// The most webhooks a business has.
pub const WEBHOOKS_MAX: usize = 32;
/// An old secret is good for so long after a new one was made, unless told otherwise.
pub const OVERLAP: SignedDuration = SignedDuration::from_hours(24);
/// An old secret is never good for longer.
pub const OVERLAP_MAX: SignedDuration = SignedDuration::from_hours(24 * 7);
/// A webhook that has had nothing but failures for so long is switched off.
pub const FAILING_MAX: SignedDuration = SignedDuration::from_hours(24 * 5);
const DESCRIPTION_CHARS_MAX: usize = 200;

names! {
    /// Why a webhook is told nothing.
    pub enum DisabledBecause "disabled_because" {
        /// A person wanted it so.
        Person = "person",
        /// It answered that it is gone for good.
        Gone = "gone",
        /// It has had nothing but failures for too long.
        Failing = "failing",
    }
}

/// Why and since when a webhook is told nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disabled {
    /// Since when.
    pub at: Timestamp,
    /// Why.
    pub because: DisabledBecause,
}

/// A program elsewhere that is told of events.
#[derive(Debug, Clone, PartialEq)]
pub struct Webhook {
    /// Identity.
    pub id: WebhookId,
    /// Where it is told.
    pub url: WebUrl,
    /// What it is for, in the words of people.
    pub description: String,
    /// Of which events it is told.
    pub events: KindFilter,
    /// Why and since when it is told nothing; absent as long as it is told.
    pub disabled: Option<Disabled>,
    /// Since when it has had nothing but failures; absent if the last delivery went well.
    pub failing_since: Option<Timestamp>,
    /// Until when deliveries are signed with the secret before the present one as well.
    pub old_secret_until: Option<Timestamp>,
    /// The position of the last event for which deliveries were made.
    pub followed_to: i64,
    /// When it was added.
    pub created_at: Timestamp,
    /// When a person, or the engine, changed it last.
    pub changed_at: Timestamp,
    /// When it was removed.
    pub removed_at: Option<Timestamp>,
}

impl Webhook {
    /// What its secret is sealed for; each has a number.
    pub fn secret_purpose(id: WebhookId, number: i64) -> String {
        format!("webhook:{id}:{number}")
    }

    /// Is it told of events?
    pub const fn is_told(&self) -> bool {
        self.disabled.is_none() && self.removed_at.is_none()
    }

    /// Has it had nothing but failures for too long?
    pub fn is_lost(&self, now: Timestamp) -> bool {
        self.failing_since.is_some_and(|since| now.duration_since(since) >= FAILING_MAX)
    }
}

/// What a new webhook is asked for with.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    /// Where it is told.
    pub url: WebUrl,
    /// What it is for.
    pub description: String,
    /// Of which events it is told.
    pub events: KindFilter,
    /// Is it told from the beginning?
    pub enabled: bool,
}

/// What changes of a webhook; what is absent stays as it is.
#[derive(Debug, Clone, Default)]
pub struct WebhookChange {
    /// Where it is told.
    pub url: Option<WebUrl>,
    /// What it is for.
    pub description: Patch<String>,
    /// Of which events it is told; of all if it is cleared.
    pub events: Patch<KindFilter>,
    /// Is it told?
    pub enabled: Option<bool>,
}

impl WebhookChange {
    /// The webhook as it is to be.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a description that is too long.
    pub fn apply(self, before: &Webhook, now: Timestamp) -> Result<Webhook, Error> {
        let mut after = before.clone();
        if let Some(url) = self.url.filter(|url| *url != before.url) {
            after.url = url;
            after.failing_since = None;
        }
        match self.description {
            Patch::Keep => {}
            Patch::Clear => after.description.clear(),
            Patch::Set(text) => after.description = described(&text)?,
        }
        match self.events {
            Patch::Keep => {}
            Patch::Clear => after.events = KindFilter::all(),
            Patch::Set(events) => after.events = events,
        }
        match (self.enabled, after.disabled) {
            (Some(true), Some(_)) => {
                after.disabled = None;
                after.failing_since = None;
            }
            (Some(false), None) => {
                after.disabled = Some(Disabled { at: now, because: DisabledBecause::Person });
            }
            _ => {}
        }
        if after != *before {
            after.changed_at = now;
        }
        Ok(after)
    }
}

/// Reads a description.
///
/// # Errors
///
/// [`Error::Invalid`] for one that is too long or has control characters.
pub fn described(text: &str) -> Result<String, Error> {
    let text = text.trim();
    if text.chars().count() > DESCRIPTION_CHARS_MAX || text.chars().any(char::is_control) {
        let problem = said!(
            "use at most {DESCRIPTION_CHARS_MAX} characters in one line",
            "gunakan paling banyak {DESCRIPTION_CHARS_MAX} karakter dalam satu baris"
        );
        return Err(Error::invalid("description", problem));
    }
    Ok(text.to_owned())
}

/// Checks for how long an old secret stays good.
///
/// # Errors
///
/// [`Error::Invalid`] for less than nothing or too long.
pub fn checked_overlap(overlap: SignedDuration) -> Result<SignedDuration, Error> {
    if (SignedDuration::ZERO..=OVERLAP_MAX).contains(&overlap) {
        return Ok(overlap);
    }
    Err(Error::invalid(
        "overlap",
        said!("use 0 seconds to 7 days", "gunakan 0 detik sampai 7 hari"),
    ))
}

/// Why something was not done with a webhook.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebhookRefusal {
    /// There are enough.
    #[error("there are {WEBHOOKS_MAX} webhooks, which is all there can be: remove one first")]
    TooMany,
    /// Nothing can be sent there.
    #[error("nothing is sent to this address: {0}")]
    Address(Said),
    /// It is told nothing.
    #[error("the webhook is disabled: enable it first")]
    Disabled,
}

impl Refusal for WebhookRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::TooMany => "too_many_webhooks",
            Self::Address(_) => "webhook_address",
            Self::Disabled => "webhook_disabled",
        }
    }

    fn indonesian(&self) -> String {
        match self {
            Self::TooMany => {
                format!("sudah ada {WEBHOOKS_MAX} webhook, jumlah paling banyak: hapus satu dulu")
            }
            Self::Address(fault) => {
                format!("tidak ada yang dikirim ke alamat ini: {}", fault.indonesian())
            }
            Self::Disabled => "webhook dinonaktifkan: aktifkan dulu".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook() -> Webhook {
        Webhook {
            id: WebhookId::from_uuid(uuid::Uuid::nil()),
            url: "https://shop.example/hooks".parse().unwrap(),
            description: "the shop".to_owned(),
            events: KindFilter::all(),
            disabled: None,
            failing_since: Some(Timestamp::UNIX_EPOCH),
            old_secret_until: None,
            followed_to: 7,
            created_at: Timestamp::UNIX_EPOCH,
            changed_at: Timestamp::UNIX_EPOCH,
            removed_at: None,
        }
    }

    const LATER: Timestamp = Timestamp::constant(1_000, 0);

    #[test]
    fn a_change_names_why_and_since_when_nothing_is_told() {
        let off = WebhookChange { enabled: Some(false), ..WebhookChange::default() };
        let disabled = off.clone().apply(&webhook(), LATER).unwrap();
        let because = DisabledBecause::Person;
        assert_eq!(disabled.disabled, Some(Disabled { at: LATER, because }));
        let again = off.apply(&disabled, Timestamp::MAX).unwrap();
        assert_eq!(again, disabled, "it was so before");
        let on = WebhookChange { enabled: Some(true), ..WebhookChange::default() };
        let enabled = on.apply(&disabled, LATER).unwrap();
        assert!(enabled.is_told() && enabled.failing_since.is_none(), "it begins anew");
    }

    #[test]
    fn at_another_address_failures_are_counted_anew() {
        let moved = |url: &str| {
            let url = Some(url.parse().unwrap());
            WebhookChange { url, ..WebhookChange::default() }.apply(&webhook(), LATER).unwrap()
        };
        assert_eq!(moved("https://shop.example/other").failing_since, None);
        assert_eq!(moved("https://shop.example/hooks"), webhook());
    }

    #[test]
    fn what_is_not_named_stays_and_what_is_cleared_goes() {
        let same = WebhookChange::default().apply(&webhook(), LATER).unwrap();
        assert_eq!(same, webhook());
        let cleared = WebhookChange { description: Patch::Clear, ..WebhookChange::default() };
        assert_eq!(cleared.apply(&webhook(), LATER).unwrap().description, "");
        let long = WebhookChange {
            description: Patch::Set("x".repeat(DESCRIPTION_CHARS_MAX + 1)),
            ..WebhookChange::default()
        };
        assert!(long.apply(&webhook(), LATER).is_err());
    }

    #[test]
    fn five_days_of_nothing_but_failures_are_enough() {
        let since = Timestamp::UNIX_EPOCH;
        assert!(!webhook().is_lost(since + FAILING_MAX - SignedDuration::from_secs(1)));
        assert!(webhook().is_lost(since + FAILING_MAX));
        assert!(!Webhook { failing_since: None, ..webhook() }.is_lost(Timestamp::MAX));
    }
}
