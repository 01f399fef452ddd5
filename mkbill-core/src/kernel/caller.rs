//! Who asks, why, and how often the same request may arrive.

use super::language::said;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use super::error::Error;
use super::ids::{ApiKeyId, StaffId};
use super::permission::{Forbidden, Permission, Permissions};
use super::precondition::{Precondition, PreconditionRefusal};

const ACTOR_CHARS_MAX: usize = 120;
const REASON_CHARS_MAX: usize = 500;
const KEY_CHARS_MAX: usize = 255;
const AGENT_CHARS_MAX: usize = 200;

/// Who writes: a kind and a name, such as `api_key:front-desk`, `cli:root` or `engine`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Actor(String);

impl Actor {
    /// The engine itself: polls, expiry, deliveries.
    pub fn engine() -> Self {
        Self("engine".to_owned())
    }

    /// A person at a terminal of the machine.
    pub fn cli(user: &str) -> Self {
        Self::of("cli", user)
    }

    /// A program holding an API key.
    pub fn api_key(name: &str) -> Self {
        Self::of("api_key", name)
    }

    /// A member of the staff.
    pub fn staff(username: &str) -> Self {
        Self::of("staff", username)
    }

    /// Somebody who has not said who they are.
    pub fn anonymous() -> Self {
        Self("anonymous".to_owned())
    }

    fn of(kind: &str, name: &str) -> Self {
        let clean = name.chars().filter(|c| !c.is_control());
        Self(format!("{kind}:{}", clean.take(ACTOR_CHARS_MAX).collect::<String>()))
    }

    /// Wraps an actor that was stored before.
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name without its kind: what is written beside a voucher as its maker.
    pub fn name(&self) -> &str {
        self.0.split_once(':').map_or(self.0.as_str(), |(_, name)| name)
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a caller's permissions rest on, so that they can be asked for again later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Authority {
    /// The word of the program around the engine, such as the command line: it is given once and holds.
    #[default]
    Program,
    /// What this member of the staff may do.
    Staff(StaffId),
    /// What this key is for.
    ApiKey(ApiKeyId),
}

/// A client's own name for one request: the same key with the same input gets the first answer again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The key's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IdempotencyKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let fits = (1..=KEY_CHARS_MAX).contains(&text.len());
        if fits && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::invalid(
                "idempotency_key",
                said!(
                    "use 1 to {KEY_CHARS_MAX} printable ASCII characters without blanks",
                    "gunakan 1 sampai {KEY_CHARS_MAX} karakter ASCII yang terlihat tanpa spasi"
                ),
            ))
        }
    }
}

/// Whether a use case keeps what it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Write.
    #[default]
    Commit,
    /// Do everything, answer as if, and roll back.
    DryRun,
}

/// Where a request came from. What is not known is absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// The address of the client's machine.
    pub address: Option<IpAddr>,
    /// How the client's program calls itself.
    pub agent: Option<String>,
}

impl Origin {
    /// A request from an address by a program. The program's name is the client's own word: what
    /// controls terminals is taken out of it, and it is cut to 200 characters.
    pub fn new(address: Option<IpAddr>, agent: Option<&str>) -> Self {
        let clean = |agent: &str| {
            let printable = agent.chars().filter(|c| !c.is_control());
            printable.take(AGENT_CHARS_MAX).collect::<String>()
        };
        let agent = agent.map(clean).filter(|agent| !agent.is_empty());
        Self { address: address.map(|address| address.to_canonical()), agent }
    }
}

/// Everything about the one who calls a use case.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who.
    pub actor: Actor,
    /// From where.
    pub origin: Origin,
    /// Why, in the caller's words.
    pub reason: Option<String>,
    /// The client's key for this request.
    pub idempotency_key: Option<IdempotencyKey>,
    /// Keep or only try.
    pub mode: Mode,
    /// What this caller may do.
    pub permissions: Permissions,
    /// Why they may.
    pub authority: Authority,
    /// What the thing that is changed has to be like.
    pub precondition: Option<Precondition>,
}

impl Caller {
    /// A caller inside this process, who may do everything: without reason or key, and who means it.
    pub fn new(actor: Actor) -> Self {
        Self {
            actor,
            origin: Origin::default(),
            reason: None,
            idempotency_key: None,
            mode: Mode::Commit,
            permissions: Permissions::ALL,
            authority: Authority::Program,
            precondition: None,
        }
    }

    /// The engine acting by itself.
    pub fn engine() -> Self {
        Self::new(Actor::engine())
    }

    /// The same caller with a reason.
    pub fn because(mut self, reason: &str) -> Result<Self, Error> {
        if reason.chars().count() > REASON_CHARS_MAX {
            return Err(Error::invalid(
                "reason",
                said!(
                    "at most {REASON_CHARS_MAX} characters",
                    "paling banyak {REASON_CHARS_MAX} karakter"
                ),
            ));
        }
        self.reason = Some(reason.to_owned());
        Ok(self)
    }

    /// The same caller, whose request came from there.
    #[must_use]
    pub fn coming_from(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    /// The same caller, whose permissions rest on this.
    #[must_use]
    pub fn on_authority(mut self, authority: Authority) -> Self {
        self.authority = authority;
        self
    }

    /// The same caller, who changes a thing only as it was seen.
    #[must_use]
    pub fn only_if(mut self, precondition: Precondition) -> Self {
        self.precondition = Some(precondition);
        self
    }

    /// Compares the caller's precondition, if there is one, with the revision of the thing that is to
    /// be changed, as it was read in the transaction that changes it.
    pub(crate) fn has_seen(&self, revision: i64) -> Result<(), PreconditionRefusal> {
        self.precondition.as_ref().map_or(Ok(()), |condition| condition.check(revision))
    }

    /// The same caller with an idempotency key.
    #[must_use]
    pub fn with_key(mut self, key: IdempotencyKey) -> Self {
        self.idempotency_key = Some(key);
        self
    }

    /// The same caller for one item of many, which has a key of its own if the whole has one.
    #[must_use]
    pub fn for_item(&self, position: usize) -> Self {
        let key = self.idempotency_key.as_ref();
        let key = key.map(|key| IdempotencyKey(format!("{}#{position}", key.0)));
        Self { idempotency_key: key, ..self.clone() }
    }

    /// The same caller, who may do nothing beyond this.
    #[must_use]
    pub fn limited_to(mut self, permissions: Permissions) -> Self {
        self.permissions = self.permissions.common(permissions);
        self
    }

    /// May this caller do that?
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.hold(permission)
    }

    /// Refuses whoever may not do that.
    ///
    /// # Errors
    ///
    /// [`Forbidden`].
    pub fn must(&self, permission: Permission) -> Result<(), Error> {
        if self.may(permission) { Ok(()) } else { Err(Forbidden(permission).into()) }
    }

    /// The same caller, only trying.
    #[must_use]
    pub fn dry_run(mut self) -> Self {
        self.mode = Mode::DryRun;
        self
    }
}

/// A digest of one request's input, to tell a repeated request from a reused key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Digests `action` and every field of its input, each with its length so that fields never run together.
    pub fn of(action: &str, fields: &[&dyn fmt::Debug]) -> Self {
        let mut digest = Sha256::new();
        let mut put = |text: &str| {
            digest.update((text.len() as u64).to_be_bytes());
            digest.update(text.as_bytes());
        };
        put(action);
        for field in fields {
            put(&format!("{field:?}"));
        }
        Self(digest.finalize().into())
    }

    /// Digests bytes.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Wraps a stored digest; `None` if it is none.
    pub fn stored(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The digest's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_tells_fields_apart() {
        let split = Fingerprint::of("x", &[&"ab", &"c"]);
        assert_eq!(split, Fingerprint::of("x", &[&"ab", &"c"]));
        assert_ne!(split, Fingerprint::of("x", &[&"a", &"bc"]));
        assert_ne!(split, Fingerprint::of("y", &[&"ab", &"c"]));
    }

    #[test]
    fn the_name_of_a_program_is_plain_and_short() {
        let told = |agent: &str| Origin::new(None, Some(agent)).agent;
        assert_eq!(told("curl/8\u{1b}[2J\r\n").as_deref(), Some("curl/8[2J"));
        assert_eq!(told(&"é".repeat(500)).unwrap().chars().count(), AGENT_CHARS_MAX);
        assert_eq!(told("\u{7}"), None);
        let mapped = Origin::new(Some("::ffff:192.0.2.7".parse().unwrap()), None);
        assert_eq!(mapped.address, Some("192.0.2.7".parse().unwrap()));
    }

    #[test]
    fn an_idempotency_key_is_plain_and_short() {
        assert!("order-7".parse::<IdempotencyKey>().is_ok());
        for bad in ["", "two words", "tab\t", "é", &"x".repeat(256)] {
            assert!(bad.parse::<IdempotencyKey>().is_err(), "{bad:?}");
        }
    }
}
