//! What is not settled about real routers and can be chosen.

/// How changes to a user or secret reach sessions that run. Each default is what routers are believed to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SessionRules {
    /// What disabling or removing does.
    pub disabling: Disabling,
    /// When limits are read.
    pub limits: Limits,
    /// When the counters of a hotspot user move.
    pub counters: Counters,
}

/// What disabling or removing a hotspot user or PPP secret does to its sessions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Disabling {
    /// They run on; only a removed row of `active` ends one.
    #[default]
    LeavesSessions,
    /// They end at once, as if an operator had removed them.
    EndsSessions,
}

/// When the limits of a hotspot user are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Limits {
    /// At login: a change reaches the next session.
    #[default]
    FixedAtLogin,
    /// Always: a session over its new limit is cut at once.
    FollowChanges,
}

/// When `uptime` and `bytes-in/out` of a hotspot user move.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Counters {
    /// When a session ends.
    #[default]
    MoveAtLogout,
    /// While it runs.
    MoveLive,
}
