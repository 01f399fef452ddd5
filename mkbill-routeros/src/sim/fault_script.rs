//! Faults as a text that operators and test authors write, in TOML.

use std::{num::NonZeroU64, str::FromStr, time::Duration};

use jiff::SignedDuration;
use serde::Deserialize;
use thiserror::Error;

use super::{
    fault::{At, Effect, Fault, On},
    refusal::Refusal,
};

/// Most bytes of a script.
const BYTES_MAX: usize = 1 << 20;
/// Most faults of a script.
const FAULTS_MAX: usize = 1000;
/// Most milliseconds of a delay: an hour.
const MILLISECONDS_MAX: u64 = 3_600_000;
/// Most rows that a fault makes up.
const ROWS_MAX: u32 = 1_000_000;
/// Most seconds that a clock jumps: a century.
const SECONDS_MAX: i64 = 100 * 366 * 86_400;

/// What goes wrong with a router, read from TOML.
///
/// Every `[[fault]]` says what goes wrong (`effect`), with which commands (`on`: `any` unless told
/// otherwise, `writes`, or a path) and with which of those (`at`: all unless told otherwise,
/// `{ nth = 3 }` or `{ from = 3 }`, counted from 1). `[tires]` slows the router down after so many
/// commands without a rest.
///
/// | `effect` | what goes wrong |
/// |---|---|
/// | `"drop-before"` | [`Effect::DropBefore`] |
/// | `"drop-after-apply"` | [`Effect::DropAfterApply`] |
/// | `{ drop-after-bytes = 100 }` | [`Effect::DropAfterBytes`] |
/// | `"cut-mid-word"` | [`Effect::CutMidWord`] |
/// | `"hang"` | [`Effect::Hang`]: the silent router |
/// | `"mute"` | [`Effect::Mute`] |
/// | `{ delay-ms = 500 }` | [`Effect::Delay`] |
/// | `{ stall-ms = 7000 }` | [`Effect::Stall`] |
/// | `{ late-reply-ms = 3000 }` | [`Effect::LateReply`] |
/// | `"repeat-reply"` | [`Effect::RepeatReply`] |
/// | `"split-replies"` | [`Effect::SplitReplies`] |
/// | `"deny-login"` | [`Effect::DenyLogin`] |
/// | `{ fatal = "out of memory" }` | [`Effect::Fatal`] |
/// | `{ trap = { message = "failure", category = 4 } }` | [`Effect::Trap`]; `category` may be left out |
/// | `{ unknown-tags = 10 }` | [`Effect::UnknownTags`] |
/// | `{ untagged = 1000 }` | [`Effect::Untagged`] |
/// | `"hostile-length"` | [`Effect::HostileLength`] |
/// | `"control-byte"` | [`Effect::ControlByte`] |
/// | `"endless-sentence"` | [`Effect::EndlessSentence`] |
/// | `"reboot"` | [`Effect::Reboot`] |
/// | `{ clock-jump-s = -86400 }` | [`Effect::ClockJump`] |
/// | `"ntp-sync"` | [`Effect::NtpSync`] |
/// | `"renumber-ids"` | [`Effect::RenumberIds`] |
///
/// ```
/// use mkbill_routeros::sim::FaultScript;
///
/// let script: FaultScript = r#"
///     [tires]
///     after = 150
///     service-ms = 20
///
///     [[fault]]
///     effect = "drop-after-apply"
///     on = "/ip/hotspot/user/add"
///     at = { nth = 3 }
///
///     [[fault]]
///     effect = { stall-ms = 7000 }
///     at = { nth = 40 }
/// "#
/// .parse()?;
/// assert_eq!(script.faults().count(), 2);
/// # Ok::<(), mkbill_routeros::sim::FaultScriptError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultScript {
    tires: Option<Tires>,
    #[serde(default)]
    fault: Vec<Entry>,
}

/// Why a text is no script.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FaultScriptError {
    /// Longer than 1 MiB.
    #[error("reading a fault script: it is longer than 1 MiB")]
    TooLong,
    /// More than 1000 faults.
    #[error("reading a fault script: it has more than 1000 faults")]
    TooMany,
    /// Not TOML, or not a script; the cause says in which line, and which words are known.
    #[error(
        "reading a fault script, in which an effect is a word such as \"hang\", or takes a value as \
         in {{ delay-ms = 500 }}"
    )]
    Text(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl FaultScript {
    /// The faults, in their order.
    pub fn faults(&self) -> impl Iterator<Item = Fault> {
        self.fault.iter().cloned().map(|entry| Fault {
            effect: entry.effect.into(),
            on: entry.on.0,
            at: entry.at.into(),
        })
    }

    /// After how many commands without a rest each takes how long, if the router tires.
    pub fn tires(&self) -> Option<(u32, Duration)> {
        self.tires.map(|Tires { after, service_ms }| (after, service_ms.into()))
    }
}

impl FromStr for FaultScript {
    type Err = FaultScriptError;

    fn from_str(text: &str) -> Result<Self, FaultScriptError> {
        if text.len() > BYTES_MAX {
            return Err(FaultScriptError::TooLong);
        }
        let script: Self =
            toml::from_str(text).map_err(|error| FaultScriptError::Text(Box::new(error)))?;
        if script.fault.len() > FAULTS_MAX {
            return Err(FaultScriptError::TooMany);
        }
        Ok(script)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Tires {
    after: u32,
    service_ms: Milliseconds,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    effect: Wrong,
    #[serde(default)]
    on: Chosen,
    #[serde(default)]
    at: Count,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Wrong {
    DropBefore,
    DropAfterApply,
    DropAfterBytes(u32),
    CutMidWord,
    Hang,
    Mute,
    DelayMs(Milliseconds),
    StallMs(Milliseconds),
    LateReplyMs(Milliseconds),
    RepeatReply,
    SplitReplies,
    DenyLogin,
    Fatal(String),
    Trap(Trap),
    UnknownTags(Rows),
    Untagged(Rows),
    HostileLength,
    ControlByte,
    EndlessSentence,
    Reboot,
    ClockJumpS(Seconds),
    NtpSync,
    RenumberIds,
}

impl From<Wrong> for Effect {
    fn from(wrong: Wrong) -> Self {
        match wrong {
            Wrong::DropBefore => Self::DropBefore,
            Wrong::DropAfterApply => Self::DropAfterApply,
            Wrong::DropAfterBytes(bytes) => Self::DropAfterBytes(bytes),
            Wrong::CutMidWord => Self::CutMidWord,
            Wrong::Hang => Self::Hang,
            Wrong::Mute => Self::Mute,
            Wrong::DelayMs(by) => Self::Delay(by.into()),
            Wrong::StallMs(by) => Self::Stall(by.into()),
            Wrong::LateReplyMs(by) => Self::LateReply(by.into()),
            Wrong::RepeatReply => Self::RepeatReply,
            Wrong::SplitReplies => Self::SplitReplies,
            Wrong::DenyLogin => Self::DenyLogin,
            Wrong::Fatal(reason) => Self::Fatal(reason),
            Wrong::Trap(Trap { message, category }) => Self::Trap(Refusal { message, category }),
            Wrong::UnknownTags(Rows(count)) => Self::UnknownTags(count),
            Wrong::Untagged(Rows(count)) => Self::Untagged(count),
            Wrong::HostileLength => Self::HostileLength,
            Wrong::ControlByte => Self::ControlByte,
            Wrong::EndlessSentence => Self::EndlessSentence,
            Wrong::Reboot => Self::Reboot,
            Wrong::ClockJumpS(Seconds(by)) => Self::ClockJump(SignedDuration::from_secs(by)),
            Wrong::NtpSync => Self::NtpSync,
            Wrong::RenumberIds => Self::RenumberIds,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Trap {
    message: String,
    category: Option<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
struct Chosen(On);

impl Default for Chosen {
    fn default() -> Self {
        Self(On::Any)
    }
}

impl TryFrom<String> for Chosen {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "any" => Ok(Self(On::Any)),
            "writes" => Ok(Self(On::Writes)),
            path if path.starts_with('/') => Ok(Self(On::Matching(text))),
            _ => Err(format!("`{text}`, expected `any`, `writes` or a path such as `/login`")),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Count {
    Nth(NonZeroU64),
    From(NonZeroU64),
}

impl Default for Count {
    fn default() -> Self {
        Self::From(NonZeroU64::MIN)
    }
}

impl From<Count> for At {
    fn from(count: Count) -> Self {
        match count {
            Count::Nth(n) => Self::Nth(n.get()),
            Count::From(n) => Self::From(n.get()),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u64")]
struct Milliseconds(u64);

impl TryFrom<u64> for Milliseconds {
    type Error = String;

    fn try_from(value: u64) -> Result<Self, String> {
        let error = || format!("{value} milliseconds, expected at most {MILLISECONDS_MAX}");
        (value <= MILLISECONDS_MAX).then_some(Self(value)).ok_or_else(error)
    }
}

impl From<Milliseconds> for Duration {
    fn from(Milliseconds(value): Milliseconds) -> Self {
        Self::from_millis(value)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
struct Rows(u32);

impl TryFrom<u32> for Rows {
    type Error = String;

    fn try_from(value: u32) -> Result<Self, String> {
        let error = || format!("{value} rows, expected at most {ROWS_MAX}");
        (value <= ROWS_MAX).then_some(Self(value)).ok_or_else(error)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "i64")]
struct Seconds(i64);

impl TryFrom<i64> for Seconds {
    type Error = String;

    fn try_from(value: i64) -> Result<Self, String> {
        let range = -SECONDS_MAX..=SECONDS_MAX;
        let error = || format!("{value} seconds, expected at most {SECONDS_MAX} either way");
        range.contains(&value).then_some(Self(value)).ok_or_else(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(effect: &str) -> Effect {
        let script: FaultScript = format!("[[fault]]\neffect = {effect}\n").parse().unwrap();
        let fault = script.faults().next().unwrap();
        assert_eq!((fault.on, fault.at), (On::Any, At::From(1)), "{effect}");
        fault.effect
    }

    #[test]
    fn every_effect_has_its_word() {
        let second = Duration::from_secs(1);
        for (text, effect) in [
            (r#""drop-before""#, Effect::DropBefore),
            (r#""drop-after-apply""#, Effect::DropAfterApply),
            ("{ drop-after-bytes = 7 }", Effect::DropAfterBytes(7)),
            (r#""cut-mid-word""#, Effect::CutMidWord),
            (r#""hang""#, Effect::Hang),
            (r#""mute""#, Effect::Mute),
            ("{ delay-ms = 1000 }", Effect::Delay(second)),
            ("{ stall-ms = 1000 }", Effect::Stall(second)),
            ("{ late-reply-ms = 1000 }", Effect::LateReply(second)),
            (r#""repeat-reply""#, Effect::RepeatReply),
            (r#""split-replies""#, Effect::SplitReplies),
            (r#""deny-login""#, Effect::DenyLogin),
            (r#"{ fatal = "bye" }"#, Effect::Fatal("bye".to_owned())),
            (r#"{ trap = { message = "no" } }"#, Effect::Trap(Refusal::new("no"))),
            ("{ unknown-tags = 2 }", Effect::UnknownTags(2)),
            ("{ untagged = 2 }", Effect::Untagged(2)),
            (r#""hostile-length""#, Effect::HostileLength),
            (r#""control-byte""#, Effect::ControlByte),
            (r#""endless-sentence""#, Effect::EndlessSentence),
            (r#""reboot""#, Effect::Reboot),
            ("{ clock-jump-s = -60 }", Effect::ClockJump(SignedDuration::from_mins(-1))),
            (r#""ntp-sync""#, Effect::NtpSync),
            (r#""renumber-ids""#, Effect::RenumberIds),
        ] {
            assert_eq!(only(text), effect);
        }
    }

    #[test]
    fn a_fault_says_with_which_commands_it_happens() {
        let text = r#"
            [[fault]]
            effect = "mute"
            on = "writes"
            at = { nth = 2 }
            [[fault]]
            effect = "mute"
            on = "/login"
            at = { from = 3 }
        "#;
        let faults: Vec<Fault> = text.parse::<FaultScript>().unwrap().faults().collect();
        assert_eq!((&faults[0].on, faults[0].at), (&On::Writes, At::Nth(2)));
        assert_eq!((&faults[1].on, faults[1].at), (&On::Matching("/login".into()), At::From(3)));
    }

    #[test]
    fn a_mistake_is_told_with_its_line_and_the_words_that_are_known() {
        let fault = "\n[[fault]]\n";
        for (text, line, word) in [
            (format!("{fault}effect = \"hnag\""), "line 3", "`hang`"),
            (format!("{fault}effect = \"mute\"\nnth = 3"), "line 4", "`at`"),
            (format!("{fault}effect = \"mute\"\non = \"reads\""), "line 4", "`writes`"),
            (format!("{fault}effect = \"mute\"\nat = {{ nth = 0 }}"), "line 4", "nonzero"),
            (format!("{fault}effect = {{ stall-ms = 9999999999 }}"), "line 3", "3600000"),
            (format!("{fault}effect = {{ untagged = 9999999 }}"), "line 3", "1000000"),
            (format!("{fault}effect = {{ delay-ms = \"7s\" }}"), "line 3", "delay-ms"),
            ("[tires]\nafter = 150".to_owned(), "line 1", "`service-ms`"),
            ("[[faults]]".to_owned(), "line 1", "`fault`"),
            ("fault".to_owned(), "line 1", ""),
        ] {
            let FaultScriptError::Text(cause) = text.parse::<FaultScript>().unwrap_err() else {
                panic!("{text} is told otherwise");
            };
            let cause = cause.to_string();
            assert!(cause.contains(line) && cause.contains(word), "{text}: {cause}");
        }
    }

    #[test]
    fn scripts_have_limits() {
        let many = "[[fault]]\neffect = \"mute\"\n".repeat(FAULTS_MAX + 1);
        assert!(matches!(many.parse::<FaultScript>(), Err(FaultScriptError::TooMany)));
        let long = "#".repeat(BYTES_MAX + 1);
        assert!(matches!(long.parse::<FaultScript>(), Err(FaultScriptError::TooLong)));
    }
}
