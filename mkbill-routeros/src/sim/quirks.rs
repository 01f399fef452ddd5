//! What routers do differently from one to the next, as far as anyone knows.

use std::time::Duration;

/// Choices where real routers disagree or nobody has measured them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quirks {
    /// `/ip hotspot user print` in one word is taken like `/ip/hotspot/user/print`; otherwise it is no command.
    pub takes_spaced_paths: bool,
    /// A cancel of a tag that nothing runs under is answered by `no such item`; otherwise by `!done` alone.
    pub traps_unknown_cancel: bool,
    /// How much of the router's time passes until a backup shows in `/file` and an export can be read; none by
    /// default, real routers need up to a second.
    pub file_delay: Duration,
}
