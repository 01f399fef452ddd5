//! Values that know whether they have to be written.

use std::ops::Deref;

/// Whether the store knows a value as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Stored,
    Changed,
    New,
}

/// A value of an account, and whether it has to be written.
#[derive(Debug, Clone)]
pub struct Tracked<T> {
    value: T,
    fate: Fate,
}

impl<T> Tracked<T> {
    /// As it is stored.
    pub const fn stored(value: T) -> Self {
        Self { value, fate: Fate::Stored }
    }

    /// Not stored yet.
    pub const fn new(value: T) -> Self {
        Self { value, fate: Fate::New }
    }

    /// To be changed.
    pub fn edit(&mut self) -> &mut T {
        if self.fate == Fate::Stored {
            self.fate = Fate::Changed;
        }
        &mut self.value
    }

    /// Does the store not know it yet?
    pub fn is_new(&self) -> bool {
        self.fate == Fate::New
    }

    /// Does it differ from what is stored?
    pub fn is_touched(&self) -> bool {
        self.fate != Fate::Stored
    }
}

impl<T> Deref for Tracked<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}
