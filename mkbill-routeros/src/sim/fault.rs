//! Things that go wrong, on demand.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::SignedDuration;

use super::{journal::CommandSeen, refusal::Refusal};

/// Something that goes wrong with chosen commands.
///
/// ```
/// use mkbill_routeros::sim::{At, Effect, Fault, On};
///
/// let fault = Fault {
///     effect: Effect::DropAfterApply,
///     on: On::Matching("/ip/hotspot/user/add".to_owned()),
///     at: At::Nth(3),
/// };
/// # drop(fault);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What goes wrong.
    pub effect: Effect,
    /// With which commands.
    pub on: On,
    /// With which of those, counted since the fault was scripted.
    pub at: At,
}

/// Which commands a fault looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum On {
    /// All of them, logins included.
    Any,
    /// Those that change the router.
    Writes,
    /// Those of this path, such as `/ip/hotspot/user/add`.
    Matching(String),
}

/// Which of the commands it looks at a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// Only the n-th, from 1.
    Nth(u64),
    /// The n-th and all that follow.
    From(u64),
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// The connection is cut and the command has no effect.
    DropBefore,
    /// The command takes effect and the connection is cut before the answer.
    DropAfterApply,
    /// The connection is cut after this many more bytes of answers, wherever that is.
    DropAfterBytes(u32),
    /// The command takes effect and the connection is cut inside the last word of the answer.
    CutMidWord,
    /// The connection stays open and never answers again.
    Hang,
    /// The command takes effect and is never answered; later ones are.
    Mute,
    /// The command waits this much longer.
    Delay(Duration),
    /// The router does nothing for this long: this command and all that come meanwhile, on every
    /// connection, wait.
    Stall(Duration),
    /// The command takes effect and its answer comes this much later; those of others overtake it.
    LateReply(Duration),
    /// A login fails although its password is right. Other commands are left alone.
    DenyLogin,
    /// `!fatal` with this reason, and the connection ends.
    Fatal(String),
    /// The command fails with this trap and has no effect.
    Trap(Refusal),
    /// The router restarts with a clock of 1970.
    Reboot,
    /// The router's clock jumps ahead by this much, or back when negative, before the command takes
    /// effect.
    ClockJump(SignedDuration),
    /// The network tells the router the true time before the command takes effect.
    NtpSync,
    /// All objects get new numbers before the command takes effect.
    RenumberIds,
    /// This many rows with tags that nobody asked with come before the answer.
    UnknownTags(u32),
    /// This many rows without a tag come before the answer.
    Untagged(u32),
    /// The length prefix of a word of 4 GiB comes before the answer.
    HostileLength,
    /// A reserved control byte (0xF8) comes before the answer.
    ControlByte,
    /// In place of the answer comes a row whose words never end. The command has no effect.
    EndlessSentence,
    /// The answer comes twice.
    RepeatReply,
    /// From here on the connection sends one byte at a time.
    SplitReplies,
}

/// How much longer a command waits.
pub(super) fn delay(effects: &[Effect]) -> Duration {
    let by = |effect: &Effect| if let Effect::Delay(by) = effect { *by } else { Duration::ZERO };
    effects.iter().map(by).sum()
}

pub(super) fn stalls(effects: &[Effect]) -> impl Iterator<Item = Duration> {
    effects.iter().filter_map(|effect| match effect {
        Effect::Stall(by) => Some(*by),
        _ => None,
    })
}

#[derive(Debug)]
struct Scripted {
    fault: Fault,
    seen: u64,
}

impl Scripted {
    fn strikes(&mut self, command: &CommandSeen) -> bool {
        let looks = match &self.fault.on {
            On::Any => true,
            On::Writes => command.is_write,
            On::Matching(path) => *path == command.path,
        };
        self.seen += u64::from(looks);
        looks
            && match self.fault.at {
                At::Nth(n) => self.seen == n,
                At::From(n) => self.seen >= n,
            }
    }
}

/// The faults scripted for a simulator, and how often they struck.
#[derive(Debug, Default)]
pub struct Faults {
    script: Mutex<Script>,
}

#[derive(Debug, Default)]
struct Script {
    faults: Vec<Scripted>,
    fired: u64,
}

impl Faults {
    /// Adds a fault. Several may strike one command, in the order in which they were added.
    ///
    /// Commands are counted as they come in, over all connections, also those that take effect later.
    pub fn push(&self, fault: Fault) {
        self.script().faults.push(Scripted { fault, seen: 0 });
    }

    /// Nothing goes wrong any more.
    pub fn clear(&self) {
        self.script().faults.clear();
    }

    /// How often a fault struck.
    pub fn fired(&self) -> u64 {
        self.script().fired
    }

    pub(super) fn strike(&self, command: &CommandSeen) -> Vec<Effect> {
        let mut script = self.script();
        let effects: Vec<Effect> = script
            .faults
            .iter_mut()
            .filter_map(|held| held.strikes(command).then(|| held.fault.effect.clone()))
            .collect();
        script.fired += effects.len() as u64;
        effects
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
