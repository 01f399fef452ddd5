//! What a router can do, all in one place.

use super::{DateDialect, Version};

/// What can be told from a version alone. [`Version`] knows the first release of each; this is the
/// whole list, for showing it and for writing requests.
///
/// Packages, licences and the rights of a user may take more away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a list of facts that do not depend on each other"
)]
pub struct Capabilities {
    /// The version they belong to.
    pub version: Version,
    /// How dates are written (7.10).
    pub dates: DateDialect,
    /// The login takes the password as it is (6.43).
    pub plain_login: bool,
    /// A print that finds nothing is answered by `!empty` (7.18).
    pub empty_replies: bool,
    /// REST over TLS (7.1).
    pub rest: bool,
    /// REST without TLS too (7.9).
    pub rest_without_tls: bool,
    /// `/file/read` gives a file in chunks (7.13.5).
    pub file_chunks: bool,
    /// `max-sessions` of services (7.16).
    pub max_sessions: bool,
    /// `dry-run` of `/import` (7.16).
    pub import_dry_run: bool,
    /// Secrets are masked, and `show-sensitive` shows them (7.21).
    pub masked_secrets: bool,
    /// Exports leave secrets out unless asked (7.0).
    pub exports_without_secrets: bool,
    /// The name of a hotspot user's secret for one-time passwords (7.21, renamed in 7.21.3).
    pub otp_field: Option<&'static str>,
    /// `bucket-size` of queues (7.0).
    pub queue_buckets: bool,
    /// Comments of address pools (7.0).
    pub pool_comments: bool,
    /// `last-caller-id` and `last-disconnect-reason` of PPP secrets (7.0).
    pub last_ppp_caller: bool,
    /// `days` of schedulers (7.24).
    pub scheduler_days: bool,
}

impl Capabilities {
    /// The capabilities of a version.
    pub fn of(version: Version) -> Self {
        Self {
            version,
            dates: version.date_dialect(),
            plain_login: version.takes_plain_login(),
            empty_replies: version.sends_empty(),
            rest: version.has_rest(),
            rest_without_tls: version.has_rest_without_tls(),
            file_chunks: version.reads_files_in_chunks(),
            max_sessions: version.limits_sessions(),
            import_dry_run: version.imports_dry(),
            masked_secrets: version.masks_secrets(),
            exports_without_secrets: version.exports_without_secrets(),
            otp_field: version.otp_field(),
            queue_buckets: version.has_queue_buckets(),
            pool_comments: version.has_pool_comments(),
            last_ppp_caller: version.tells_last_ppp_caller(),
            scheduler_days: version.schedules_by_day(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_router_can_do_nothing_new_and_the_latest_everything() {
        let old = Capabilities::of(Version::new(6, 42, 12));
        let flags = |can: Capabilities| {
            [
                can.plain_login,
                can.empty_replies,
                can.rest,
                can.rest_without_tls,
                can.file_chunks,
                can.max_sessions,
                can.import_dry_run,
                can.masked_secrets,
                can.exports_without_secrets,
                can.otp_field.is_some(),
                can.queue_buckets,
                can.pool_comments,
                can.last_ppp_caller,
                can.scheduler_days,
            ]
        };
        assert_eq!((flags(old), old.dates), ([false; 14], DateDialect::MonthName));
        let new = Capabilities::of(Version::new(7, 24, 4));
        assert_eq!((flags(new), new.dates), ([true; 14], DateDialect::Iso));
    }
}
