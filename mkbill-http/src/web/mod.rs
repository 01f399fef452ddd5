//! Pages for people.

pub(crate) mod setup;
