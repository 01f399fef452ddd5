//! Changes of what may be absent.

use super::error::Error;

/// What becomes of something that may be absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// It stays as it is.
    #[default]
    Keep,
    /// It is absent from now on.
    Clear,
    /// It is this from now on.
    Set(T),
}

impl<T> Patch<T> {
    /// What it becomes when its value is read; a value that reads as nothing clears.
    ///
    /// # Errors
    ///
    /// What reading the value reports.
    pub fn try_map<U>(
        self,
        map: impl FnOnce(T) -> Result<Option<U>, Error>,
    ) -> Result<Patch<U>, Error> {
        Ok(match self {
            Self::Keep => Patch::Keep,
            Self::Clear => Patch::Clear,
            Self::Set(value) => map(value)?.map_or(Patch::Clear, Patch::Set),
        })
    }

    /// Does it change anything?
    pub fn is_change(&self) -> bool {
        !matches!(self, Self::Keep)
    }

    /// Does it to a value.
    pub fn apply(self, to: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *to = None,
            Self::Set(value) => *to = Some(value),
        }
    }
}
