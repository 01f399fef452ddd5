//! Versions such as `7.14.3 (stable)` and what each can do.

use std::fmt;

use thiserror::Error;

use super::{date::DateDialect, decimal::whole};

/// A text that names no version.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("reading version {text:?}")]
pub struct VersionError {
    /// The text as it came, cut to a readable length.
    pub text: String,
}

/// The release a router runs, ordered by age. The channel (`stable`, `long-term` …) does not matter
/// to what it can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version {
    /// 6 or 7.
    pub major: u16,
    /// 14 in `7.14.3`.
    pub minor: u16,
    /// 3 in `7.14.3`; 0 when missing.
    pub patch: u16,
}

/// The first release of what changed, for tables of releases. [`Version`] answers the questions.
pub(crate) mod release {
    use super::Version;

    pub(crate) const PLAIN_LOGIN: Version = Version::new(6, 43, 0);
    pub(crate) const V7: Version = Version::new(7, 0, 0);
    pub(crate) const REST: Version = Version::new(7, 1, 0);
    pub(crate) const REST_WITHOUT_TLS: Version = Version::new(7, 9, 0);
    pub(crate) const ISO_DATES: Version = Version::new(7, 10, 0);
    pub(crate) const FILE_CHUNKS: Version = Version::new(7, 13, 5);
    pub(crate) const MAX_SESSIONS: Version = Version::new(7, 16, 0);
    pub(crate) const DRY_IMPORT: Version = Version::new(7, 16, 0);
    pub(crate) const EMPTY: Version = Version::new(7, 18, 0);
    pub(crate) const MASKED_SECRETS: Version = Version::new(7, 21, 0);
    pub(crate) const TOTP: Version = Version::new(7, 21, 0);
    pub(crate) const OTP: Version = Version::new(7, 21, 3);
    pub(crate) const SCHEDULER_DAYS: Version = Version::new(7, 24, 0);
}

impl Version {
    /// A version from its three numbers.
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch }
    }

    /// Parses what `/system/resource` calls `version`. A test build such as `7.15rc2` counts as its
    /// release.
    ///
    /// # Errors
    ///
    /// [`VersionError`] when there are no two numbers at the start.
    pub fn parse(text: &str) -> Result<Self, VersionError> {
        parse(text).ok_or_else(|| VersionError { text: text.chars().take(40).collect() })
    }

    /// How this router writes dates (7.10).
    pub fn date_dialect(self) -> DateDialect {
        if self >= release::ISO_DATES { DateDialect::Iso } else { DateDialect::MonthName }
    }

    /// Whether a print that finds nothing is answered by `!empty` (7.18).
    pub fn sends_empty(self) -> bool {
        self >= release::EMPTY
    }

    /// Whether the login takes the password as it is (6.43) rather than answering a challenge.
    pub fn takes_plain_login(self) -> bool {
        self >= release::PLAIN_LOGIN
    }

    /// Whether the REST interface may be there (7.1).
    pub fn has_rest(self) -> bool {
        self >= release::REST
    }

    /// Whether the REST interface may also be on the service without TLS (7.9).
    pub fn has_rest_without_tls(self) -> bool {
        self >= release::REST_WITHOUT_TLS
    }

    /// Whether services limit their sessions (7.16).
    pub fn limits_sessions(self) -> bool {
        self >= release::MAX_SESSIONS
    }

    /// Whether `/file/read` exists (7.13.5).
    pub fn reads_files_in_chunks(self) -> bool {
        self >= release::FILE_CHUNKS
    }

    /// Whether secrets are masked unless a print asks with `show-sensitive` (7.21).
    pub fn masks_secrets(self) -> bool {
        self >= release::MASKED_SECRETS
    }

    /// Whether an export leaves secrets out unless asked to show them (7.0). Before, it shows them
    /// unless asked to hide them.
    pub fn exports_without_secrets(self) -> bool {
        self >= release::V7
    }

    /// What a hotspot user's secret for one-time passwords is called: `totp-secret` from 7.21,
    /// `otp-secret` from 7.21.3, nothing before.
    pub fn otp_field(self) -> Option<&'static str> {
        if self >= release::OTP {
            Some("otp-secret")
        } else if self >= release::TOTP {
            Some("totp-secret")
        } else {
            None
        }
    }

    /// Whether `/import` can check a file without running it (7.16).
    pub fn imports_dry(self) -> bool {
        self >= release::DRY_IMPORT
    }

    /// Whether queues have a `bucket-size` (7.0).
    pub fn has_queue_buckets(self) -> bool {
        self >= release::V7
    }

    /// Whether address pools have comments (7.0).
    pub fn has_pool_comments(self) -> bool {
        self >= release::V7
    }

    /// Whether PPP secrets tell who called last and why the call ended (7.0).
    pub fn tells_last_ppp_caller(self) -> bool {
        self >= release::V7
    }

    /// Whether schedulers choose among the days of the week (7.24).
    pub fn schedules_by_day(self) -> bool {
        self >= release::SCHEDULER_DAYS
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)?;
        if self.patch > 0 { write!(formatter, ".{}", self.patch) } else { Ok(()) }
    }
}

fn parse(text: &str) -> Option<Version> {
    let number = text.split_ascii_whitespace().next()?;
    let mut parts = number.split('.');
    let major = whole(parts.next()?)?.try_into().ok()?;
    let minor = leading(parts.next()?)?;
    let patch = parts.next().map_or(Some(0), leading)?;
    Some(Version::new(major, minor, patch))
}

/// The number that `14rc2` begins with.
fn leading(text: &str) -> Option<u16> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn releases_of_every_channel_are_read() {
        for (text, expected) in [
            ("7.14.3 (stable)", Version::new(7, 14, 3)),
            ("6.49.10 (long-term)", Version::new(6, 49, 10)),
            ("7.18 (stable)", Version::new(7, 18, 0)),
            ("7.15rc2 (testing)", Version::new(7, 15, 0)),
            ("7.1beta4", Version::new(7, 1, 0)),
        ] {
            assert_eq!(version(text), expected, "{text}");
        }
        for text in ["", "seven", "7", "7.x", "70000.1", "+7.1", "7.+1"] {
            assert!(Version::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn each_ability_begins_with_its_release() {
        assert_eq!(version("7.9.2").date_dialect(), DateDialect::MonthName);
        assert_eq!(version("7.10").date_dialect(), DateDialect::Iso);
        assert!(!version("7.17.2").sends_empty() && version("7.18").sends_empty());
        assert!(!version("6.42.12").takes_plain_login() && version("6.43").takes_plain_login());
        assert!(!version("6.49.10").has_rest() && version("7.1").has_rest());
        assert!(!version("7.15.3").limits_sessions() && version("7.16").limits_sessions());
        assert!(
            !version("7.13.4").reads_files_in_chunks() && version("7.14").reads_files_in_chunks()
        );
        assert!(!version("7.20.8").masks_secrets() && version("7.21").masks_secrets());
        assert!(!version("7.8").has_rest_without_tls() && version("7.9").has_rest_without_tls());
        assert!(!version("7.15.3").imports_dry() && version("7.16").imports_dry());
        assert!(!version("7.23.2").schedules_by_day() && version("7.24").schedules_by_day());
        for is_of_seven in [
            Version::exports_without_secrets,
            Version::has_queue_buckets,
            Version::has_pool_comments,
            Version::tells_last_ppp_caller,
        ] {
            assert!(!is_of_seven(version("6.49.10")) && is_of_seven(version("7.1")));
        }
    }

    #[test]
    fn the_secret_for_one_time_passwords_changed_its_name() {
        for (text, expected) in [
            ("7.20.8", None),
            ("7.21", Some("totp-secret")),
            ("7.21.2", Some("totp-secret")),
            ("7.21.3", Some("otp-secret")),
            ("7.24.4", Some("otp-secret")),
        ] {
            assert_eq!(version(text).otp_field(), expected, "{text}");
        }
    }

    #[test]
    fn a_version_is_written_short() {
        assert_eq!(version("7.18.0").to_string(), "7.18");
        assert_eq!(version("7.14.3 (stable)").to_string(), "7.14.3");
    }
}
