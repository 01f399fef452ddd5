//! Who is behind a request, once that is proven.

use jiff::Timestamp;

use crate::kernel::caller::{Actor, Authority, Caller, Origin};
use crate::kernel::ids::{ApiKeyId, StaffId, StaffSessionId};
use crate::kernel::permission::{Permissions, Role};

use super::Username;

/// Somebody who is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// A member of the staff who is signed in.
    Staff {
        /// By which session.
        session: StaffSessionId,
        /// Who.
        staff: StaffId,
        /// By which name.
        username: Username,
        /// As what.
        role: Role,
        /// Whether they have to choose a password before anything else.
        must_change_password: bool,
        /// Until when.
        expires_at: Timestamp,
    },
    /// A program with a key.
    ApiKey {
        /// Which key.
        id: ApiKeyId,
        /// The holder's name.
        name: String,
        /// What the key is for.
        scopes: Permissions,
        /// Until when.
        expires_at: Option<Timestamp>,
    },
    /// Somebody whom the application around the engine knows.
    Other {
        /// Who.
        actor: Actor,
        /// What they may do.
        permissions: Permissions,
    },
}

impl Principal {
    /// How they are written into the trail.
    pub fn actor(&self) -> Actor {
        match self {
            Self::Staff { username, .. } => Actor::staff(username.as_str()),
            Self::ApiKey { name, .. } => Actor::api_key(name),
            Self::Other { actor, .. } => actor.clone(),
        }
    }

    /// What they may do. Who has to choose a password first may do nothing before that.
    pub fn permissions(&self) -> Permissions {
        match self {
            Self::Staff { must_change_password: true, .. } => Permissions::NONE,
            Self::Staff { role, .. } => role.permissions(),
            Self::ApiKey { scopes, .. } => *scopes,
            Self::Other { permissions, .. } => *permissions,
        }
    }

    /// Are they still known at `now`?
    pub fn holds(&self, now: Timestamp) -> bool {
        match self {
            Self::Staff { expires_at, .. } => now < *expires_at,
            Self::ApiKey { expires_at, .. } => expires_at.is_none_or(|expires_at| now < expires_at),
            Self::Other { .. } => true,
        }
    }

    /// The caller of a use case that they ask for from there.
    pub fn caller(&self, origin: Origin) -> Caller {
        let authority = match self {
            Self::Staff { staff, .. } => Authority::Staff(*staff),
            Self::ApiKey { id, .. } => Authority::ApiKey(*id),
            Self::Other { .. } => Authority::Program,
        };
        let caller = Caller::new(self.actor()).limited_to(self.permissions());
        caller.on_authority(authority).coming_from(origin)
    }
}
