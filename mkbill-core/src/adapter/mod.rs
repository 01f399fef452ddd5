//! What implements ports of the core over the network. Nothing in the core names it.

pub mod outbound;
