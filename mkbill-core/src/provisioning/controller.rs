//! The port to routers.

use async_trait::async_trait;
use jiff::SignedDuration;
use jiff::civil::DateTime;
use secrecy::SecretString;

use crate::kernel::error::Error;
use crate::kernel::ids::{LoginId, RouterId};
use crate::kernel::language::Said;
use crate::router::health::Vitals;
use crate::router::{LinkSecurity, RouterAddress};

use super::LoginKind;
use super::line::{Line, LineField};
use super::profile::ProfileFacts;

/// Everything needed to reach one router.
#[derive(Debug, Clone)]
pub struct Target {
    /// Which router; connections are kept per router.
    pub router: RouterId,
    /// Where.
    pub address: RouterAddress,
    /// How protected.
    pub security: LinkSecurity,
    /// API user.
    pub username: String,
    /// API password.
    pub password: SecretString,
}

/// What a router says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouterFacts {
    /// Its own name (`/system/identity`).
    pub identity: String,
    /// RouterOS version, such as `7.18.2 (stable)`.
    pub version: String,
    /// Time since it started.
    pub uptime: SignedDuration,
    /// Its wall clock, in its own zone.
    pub clock: Option<DateTime>,
    /// The name of that zone, such as `Asia/Jakarta`.
    pub zone: Option<String>,
    /// What it says of its machine.
    pub vitals: Vitals,
    /// Its profiles for hotspot users and for secrets.
    pub profiles: Vec<ProfileFacts>,
}

/// How far something about our access to a router is as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessVerdict {
    /// As it should be.
    Good,
    /// It works, and could be safer.
    Advice,
    /// It does not work without.
    Missing,
}

/// One thing about our access to a router.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessFinding {
    /// What was looked at.
    pub what: &'static str,
    /// How far it is as it should be.
    pub verdict: AccessVerdict,
    /// What was seen, and what to do.
    pub detail: String,
}

/// An object's handle on the router; good for one connection only, never stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectId(pub String);

/// A hotspot user or a secret as it stands on the router.
#[derive(Clone, PartialEq, Eq)]
pub struct ObservedUser {
    /// In which menu.
    pub kind: LoginKind,
    /// Handle for changes.
    pub id: ObjectId,
    /// Login name.
    pub name: String,
    /// Password; `None` if the API user may not read it.
    pub password: Option<String>,
    /// Router profile.
    pub profile: String,
    /// Comment, empty if there is none.
    pub comment: String,
    /// Closed?
    pub disabled: bool,
    /// `limit-uptime`.
    pub limit_uptime: Option<SignedDuration>,
    /// `limit-bytes-total`.
    pub limit_bytes: Option<u64>,
    /// Who may use it, and which addresses it gets.
    pub line: Line,
    /// Time online over finished sessions (some versions count the running one too).
    pub uptime: SignedDuration,
    /// Bytes in and out together, counted like `uptime`.
    pub bytes: u64,
}

impl std::fmt::Debug for ObservedUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ObservedUser")
            .field("kind", &self.kind)
            .field("id", &self.id)
            .field("profile", &self.profile)
            .field("comment", &self.comment)
            .field("disabled", &self.disabled)
            .field("uptime", &self.uptime)
            .finish_non_exhaustive()
    }
}

/// A running session (`/ip/hotspot/active`, `/ppp/active`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedSession {
    /// In which menu its login lives.
    pub kind: LoginKind,
    /// Handle for ending it.
    pub id: ObjectId,
    /// Login name.
    pub user: String,
    /// The customer's address.
    pub address: Option<String>,
    /// The customer's device: its MAC address, or whatever called.
    pub device: Option<String>,
    /// How it came in, such as `http-chap`, `mac-cookie` or `pppoe`.
    pub via: Option<String>,
    /// How long it has been running.
    pub uptime: SignedDuration,
    /// Bytes from the customer.
    pub bytes_in: u64,
    /// Bytes to the customer.
    pub bytes_out: u64,
}

/// An interface that does not come and go with a session (`/interface`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedInterface {
    /// Its name.
    pub name: String,
    /// What it is, such as `ether` or `vlan`; empty if the router does not say.
    pub kind: String,
    /// Does it have a link?
    pub running: bool,
    /// Is it switched off?
    pub disabled: bool,
    /// Bytes received since its counter began.
    pub rx_bytes: u64,
    /// Bytes sent since its counter began.
    pub tx_bytes: u64,
}

/// A cookie that lets a device back in without a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedCookie {
    /// Handle for removing it.
    pub id: ObjectId,
    /// Login name.
    pub user: String,
}

/// A line of the router's log about somebody who signed in, or could not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedIn {
    /// Login name.
    pub user: String,
    /// The router's wall clock when it was written.
    pub at: DateTime,
}

/// One complete look at a router. An incomplete look is an error, never a shorter list.
#[derive(Debug, Clone)]
pub struct Observed {
    /// The connection this was read on; changes are refused on any other.
    pub connection: u64,
    /// What the router says of itself.
    pub facts: RouterFacts,
    /// All hotspot users and secrets.
    pub users: Vec<ObservedUser>,
    /// All sessions of both.
    pub sessions: Vec<ObservedSession>,
    /// All hotspot cookies; secrets have none.
    pub cookies: Vec<ObservedCookie>,
    /// Logins at the hotspot that the log still remembers; empty if the log cannot be read.
    pub logins: Vec<LoggedIn>,
    /// Those that failed; empty if the log cannot be read.
    pub failed_logins: Vec<LoggedIn>,
    /// Its interfaces; `None` if they cannot be read, which is not the same as having none.
    pub interfaces: Option<Vec<ObservedInterface>>,
    /// How long it took to read all this.
    pub took: SignedDuration,
}

/// A hotspot user or a secret to be added.
#[derive(Clone, PartialEq, Eq)]
pub struct LoginAdd {
    /// Which login of the books.
    pub login: LoginId,
    /// In which menu.
    pub kind: LoginKind,
    /// Its name.
    pub name: String,
    /// Its password.
    pub password: String,
    /// Its router profile.
    pub profile: String,
    /// `limit-uptime`.
    pub limit_uptime: Option<SignedDuration>,
    /// `limit-bytes-total`.
    pub limit_bytes: Option<u64>,
    /// Who may use it, and which addresses it gets.
    pub line: Line,
    /// Its comment. An existing user of this name is adopted only if [`Mark`] says it is this login.
    pub comment: String,
}

impl std::fmt::Debug for LoginAdd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoginAdd").field("login", &self.login).finish_non_exhaustive()
    }
}

/// The field that closes a user.
pub(super) const DISABLED: &str = "disabled";

/// Fields of an existing user to set; `None` leaves one as it is, `Some(None)` clears it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct UserPatch {
    /// Password.
    pub password: Option<String>,
    /// Router profile.
    pub profile: Option<String>,
    /// Comment.
    pub comment: Option<String>,
    /// Closed?
    pub disabled: Option<bool>,
    /// `limit-uptime`.
    pub limit_uptime: Option<Option<SignedDuration>>,
    /// `limit-bytes-total`.
    pub limit_bytes: Option<Option<u64>>,
    /// New values of other fields. What is to be emptied is a [`Step::ClearField`].
    pub line: Vec<(LineField, String)>,
}

impl UserPatch {
    /// Nothing to set?
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The fields that are set, by their names on the router.
    pub fn fields(&self, kind: LoginKind) -> Vec<&'static str> {
        let set = [
            ("password", self.password.is_some()),
            ("profile", self.profile.is_some()),
            ("comment", self.comment.is_some()),
            (DISABLED, self.disabled.is_some()),
            ("limit-uptime", self.limit_uptime.is_some()),
            ("limit-bytes-total", self.limit_bytes.is_some()),
        ];
        let set = set.into_iter().filter(|(_, is_set)| *is_set).map(|(name, _)| name);
        set.chain(self.line.iter().filter_map(|(field, _)| field.on_router(kind))).collect()
    }
}

impl std::fmt::Debug for UserPatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserPatch")
            .field("profile", &self.profile)
            .field("comment", &self.comment)
            .field("disabled", &self.disabled)
            .field("limit_uptime", &self.limit_uptime)
            .field("limit_bytes", &self.limit_bytes)
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}

/// One step on a router, in the menus of the login it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Set fields of a user.
    SetUser(ObjectId, UserPatch),
    /// Empty a field of a user.
    ClearField(ObjectId, LineField),
    /// Remove a cookie; one that is gone already counts as removed.
    RemoveCookie(ObjectId),
    /// End a session; one that is gone already counts as ended.
    EndSession(ObjectId),
    /// Remove a user; one that is gone already counts as removed.
    RemoveUser(ObjectId),
    /// Add a user.
    AddUser(LoginAdd),
}

/// What one login needs, in this order; a failed step stops the rest of the same login only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which login of the books.
    pub login: LoginId,
    /// In whose menus the steps are made.
    pub kind: LoginKind,
    /// The steps.
    pub steps: Vec<Step>,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeOutcome {
    /// The router acknowledged every step.
    Applied,
    /// A user of this name exists and is not ours.
    NameTaken,
    /// The router refused; trying the same again would be refused again.
    Refused(String),
    /// Not known whether it was applied, or surely not: look and try again.
    Unfinished(String),
}

/// Tells whether an existing router comment belongs to the login that would write `wanted`.
pub trait Mark: Send + Sync {
    /// Is `found` the mark of the same login?
    fn is_same(&self, found: &str, wanted: &str) -> bool;
}

/// Hears of progress: how many of how many changes have an outcome.
pub trait Progress: Send + Sync {
    /// `done` of `total` items of the running work have an outcome.
    fn advanced(&self, done: usize, total: usize);
}

/// Hears nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn advanced(&self, _done: usize, _total: usize) {}
}

/// Why a router could not be worked with, by what an operator can do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RouterFault {
    /// No connection: refused, timed out, lost.
    #[error("router at {address} cannot be reached: {detail}")]
    Unreachable {
        /// Where.
        address: String,
        /// What happened and what to check.
        detail: String,
    },
    /// User name or password refused.
    #[error("router at {address} refuses user name or password: {detail}")]
    Auth {
        /// Where.
        address: String,
        /// What the router said and what to check.
        detail: String,
    },
    /// The certificate is not the trusted one.
    #[error("router at {address} is not trusted: {detail}")]
    Untrusted {
        /// Where.
        address: String,
        /// What was presented and what to do.
        detail: String,
    },
    /// The API user may not do this.
    #[error("router at {address} denies permission: {detail}")]
    Denied {
        /// Where.
        address: String,
        /// Which right is missing.
        detail: String,
    },
    /// The peer does not speak the protocol, or the connection changed under a change.
    #[error("talking to router at {address} failed: {detail}")]
    Broken {
        /// Where.
        address: String,
        /// What happened.
        detail: String,
    },
}

impl RouterFault {
    /// What happened, in every language; what router and network said stays in their own words.
    pub fn said(&self) -> Said {
        let indonesian = match self {
            Self::Unreachable { address, detail } => {
                format!("router di {address} tidak bisa dihubungi: {detail}")
            }
            Self::Auth { address, detail } => {
                format!("router di {address} menolak nama pengguna atau kata sandi: {detail}")
            }
            Self::Untrusted { address, detail } => {
                format!("router di {address} tidak dipercaya: {detail}")
            }
            Self::Denied { address, detail } => {
                format!("router di {address} tidak memberi izin: {detail}")
            }
            Self::Broken { address, detail } => {
                format!("komunikasi dengan router di {address} gagal: {detail}")
            }
        };
        Said::new(self.to_string(), indonesian)
    }
}

/// Works on routers. Implemented over the RouterOS API; a fake success is never an answer.
#[async_trait]
pub trait RouterController: Send + Sync {
    /// Looks whether connections can be protected as asked; no router is reached for it.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] names `certificate_pin` when the pin is written in no form that is known.
    fn check_security(&self, wanted: &LinkSecurity) -> Result<(), Error>;

    /// Reads a speed as routers take it and gives its shortest form, in which it is compared.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] names `rate_limit`.
    fn check_rate_limit(&self, text: &str) -> Result<String, Error>;

    /// Adds profiles, or sets what these facts say of the ones that are there. One outcome per profile,
    /// in order.
    async fn put_profiles(
        &self,
        target: &Target,
        profiles: &[ProfileFacts],
    ) -> Result<Vec<ChangeOutcome>, RouterFault>;

    /// Signs in and asks the router about itself.
    async fn probe(&self, target: &Target) -> Result<RouterFacts, RouterFault>;

    /// Looks whether our account there has what the engine needs and no more.
    async fn inspect(&self, target: &Target) -> Result<Vec<AccessFinding>, RouterFault>;

    /// Looks at everything this engine needs to see, completely or not at all.
    async fn observe(&self, target: &Target) -> Result<Observed, RouterFault>;

    /// Adds users without looking first, many at once. A taken name is looked at afterwards: a user
    /// with our mark for the same login is adopted. One outcome per item, in order.
    async fn add(
        &self,
        target: &Target,
        adds: &[LoginAdd],
        mark: &dyn Mark,
        progress: &dyn Progress,
    ) -> Result<Vec<ChangeOutcome>, RouterFault>;

    /// Applies changes that were computed from an observation on `connection`. One outcome per
    /// change, in order.
    async fn apply(
        &self,
        target: &Target,
        connection: u64,
        changes: &[Change],
    ) -> Result<Vec<ChangeOutcome>, RouterFault>;
}
