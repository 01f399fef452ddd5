//! What a caller saw of a thing before changing it: who saw an older state changes nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::error::Refusal;

/// The state in which a thing has to be for a change of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// Any, as long as it is there.
    Any,
    /// One of these revisions.
    Revisions(Vec<i64>),
}

/// A condition of the caller's that a use case has to check, in its transaction and under its locks,
/// before it changes anything. One that cannot check it is refused as soon as it writes.
#[derive(Debug, Clone)]
pub struct Precondition {
    seen: Seen,
    is_checked: Arc<AtomicBool>,
}

/// Why a condition kept a thing from being changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PreconditionRefusal {
    /// Somebody else was first.
    #[error("it was changed since you looked at it: look again and send the tag that you see then")]
    Failed,
    /// Nobody compares it here.
    #[error("a change like this takes no condition: send it without one")]
    Unsupported,
}

impl Refusal for PreconditionRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::Failed => "precondition_failed",
            Self::Unsupported => "precondition_unsupported",
        }
    }

    fn indonesian(&self) -> String {
        match self {
            Self::Failed => "data sudah diubah sejak Anda lihat: lihat lagi dan kirim tag yang Anda lihat saat itu".to_owned(),
            Self::Unsupported => "perubahan seperti ini tidak menerima syarat: kirim tanpa syarat".to_owned(),
        }
    }
}

impl Precondition {
    /// The thing has to be as it was seen.
    pub fn new(seen: Seen) -> Self {
        Self { seen, is_checked: Arc::default() }
    }

    /// Compares it with the revision that was read under lock.
    pub(crate) fn check(&self, revision: i64) -> Result<(), PreconditionRefusal> {
        self.is_checked.store(true, Ordering::Relaxed);
        match &self.seen {
            Seen::Revisions(seen) if !seen.contains(&revision) => Err(PreconditionRefusal::Failed),
            Seen::Any | Seen::Revisions(_) => Ok(()),
        }
    }

    /// Has a use case compared it?
    pub(crate) fn is_checked(&self) -> bool {
        self.is_checked.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_seen_is_changed() {
        let seen = |seen: &[i64]| Precondition::new(Seen::Revisions(seen.to_vec()));
        assert_eq!(seen(&[2, 3]).check(3), Ok(()));
        assert_eq!(seen(&[2]).check(3), Err(PreconditionRefusal::Failed));
        assert_eq!(seen(&[]).check(3), Err(PreconditionRefusal::Failed));
        let any = Precondition::new(Seen::Any);
        assert!(!any.is_checked());
        assert_eq!(any.check(3), Ok(()));
        assert!(any.clone().is_checked());
    }
}
