//! Small types that every feature shares. Imports nothing else of this crate.

pub mod caller;
pub mod clock;
pub mod context;
pub mod document;
pub mod entropy;
pub mod error;
pub mod ids;
pub mod language;
pub mod money;
pub mod names;
pub mod network;
pub mod order;
pub mod page;
pub mod patch;
pub mod permission;
pub mod precondition;
pub mod search;
pub mod secret;
pub mod spreadsheet;
pub mod table;
pub mod thing;
pub mod time;
pub mod web;
pub mod wrong;
