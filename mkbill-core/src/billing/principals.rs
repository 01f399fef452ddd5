//! Who is behind a request: looked up in the database once a second at most, and again at once when
//! anything changed about who may do what.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use crate::apikey::{self, ApiKey, KeyDigest};
use crate::kernel::caller::Mode;
use crate::kernel::error::Error;
use crate::kernel::ids::StaffSessionId;
use crate::signal::{Listener, Signal, Topic};
use crate::staff::principal::Principal;
use crate::staff::session::StaffSession;
use crate::staff::{Staff, StaffState};
use crate::transact::{reading, transact};

use super::Reader;
use super::kept::Kept;

const KEPT_MAX: usize = 10_000;
/// Use is noted to the minute.
const NOTED_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// What somebody shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Proof {
    Session(StaffSessionId),
    Key(KeyDigest),
}

/// Those who were looked up lately.
pub(super) struct Principals {
    seen: RwLock<HashMap<Proof, Kept<Principal>>>,
    changes: Listener,
}

impl Principals {
    pub(super) fn new(signal: &dyn Signal) -> Self {
        Self { seen: RwLock::default(), changes: signal.listen(Topic::Access) }
    }

    fn find(&self, proof: Proof) -> Option<Principal> {
        let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
        seen.get(&proof)?.believed(&self.changes)
    }

    fn keep(&self, proof: Proof, changes: u64, principal: &Principal) {
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= KEPT_MAX {
            seen.clear();
        }
        seen.insert(proof, Kept::new(principal.clone(), changes));
    }
}

impl Reader {
    /// The holder of an API key; `None` if it is unknown, over or revoked.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn holder_of_key(
        &self,
        presented: &SecretString,
    ) -> Result<Option<Principal>, Error> {
        self.known(Proof::Key(apikey::digest(presented))).await
    }

    /// Who is signed in by this session; `None` if it is over or its holder may not sign in any more.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn holder_of_session(
        &self,
        session: StaffSessionId,
    ) -> Result<Option<Principal>, Error> {
        self.known(Proof::Session(session)).await
    }

    async fn known(&self, proof: Proof) -> Result<Option<Principal>, Error> {
        let principals = &self.parts().principals;
        let mut found = principals.find(proof);
        if found.is_none() {
            let changes = principals.changes.count();
            found = self.look_up(proof).await?;
            if let Some(principal) = &found {
                principals.keep(proof, changes, principal);
            }
        }
        Ok(found.filter(|principal| principal.holds(self.now())))
    }

    async fn look_up(&self, proof: Proof) -> Result<Option<Principal>, Error> {
        let now = self.now();
        match proof {
            Proof::Key(digest) => {
                let key = reading!(self.store(), |tx| tx.api_key_by_digest(digest).await)?;
                let Some(key) = key.filter(|key| key.holds(now)) else { return Ok(None) };
                if is_due(key.last_used_at, now) {
                    let noted = transact!(self.store(), Mode::Commit, |tx| {
                        tx.api_key_used(key.id, now).await
                    });
                    report(noted);
                }
                Ok(Some(holder(key)))
            }
            Proof::Session(id) => {
                let found = reading!(self.store(), |tx| tx.staff_session_by_id(id).await)?;
                let Some((session, staff)) = found else { return Ok(None) };
                if !session.holds(now) || staff.state != StaffState::Active {
                    return Ok(None);
                }
                if is_due(Some(session.seen_at), now) {
                    let noted = transact!(self.store(), Mode::Commit, |tx| {
                        tx.staff_session_seen(id, now).await
                    });
                    report(noted);
                }
                Ok(Some(signed_in(&session, staff)))
            }
        }
    }
}

fn is_due(noted: Option<Timestamp>, now: Timestamp) -> bool {
    noted.is_none_or(|noted| now.duration_since(noted) >= NOTED_EVERY)
}

/// That something was used is worth knowing, but no reason to refuse it.
fn report(noted: Result<(), Error>) {
    if let Err(error) = noted {
        tracing::warn!(%error, "noting that somebody was here");
    }
}

fn holder(key: ApiKey) -> Principal {
    Principal::ApiKey { id: key.id, name: key.name, scopes: key.scopes, expires_at: key.expires_at }
}

fn signed_in(session: &StaffSession, staff: Staff) -> Principal {
    Principal::Staff {
        session: session.id,
        staff: staff.id,
        username: staff.username,
        role: staff.role,
        must_change_password: staff.must_change_password,
        expires_at: session.expires_at,
    }
}
