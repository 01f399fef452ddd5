//! Signing in and out, and choosing a password.

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::apikey;
use crate::audit::{Act, Record};
use crate::kernel::caller::{Actor, Caller, Mode, Origin};
use crate::kernel::error::Error;
use crate::kernel::ids::{StaffId, StaffSessionId};
use crate::kernel::language::said;
use crate::kernel::page::{Page, PageRequest};
use crate::kernel::permission::Role;
use crate::kernel::thing::Thing;
use crate::staff::password::{self, Hash};
use crate::staff::session::{SESSION_LASTS, StaffSession};
use crate::staff::slow_down::{FORGOTTEN_AFTER, subjects};
use crate::staff::store::{Sessions, StaffSessionSort};
use crate::staff::{NewStaff, SETUP_LASTS, Staff, StaffRefusal, StaffState, Username};
use crate::transact::{reading, transact};

use super::staff::{add, note, record};
use super::{Billing, Reader};

/// Somebody who has just signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who.
    pub staff: Staff,
    /// Their session.
    pub session: StaffSession,
}

impl Billing {
    /// Signs somebody in for thirty days. Whatever is wrong with the name or the password is answered
    /// alike, after the same time.
    ///
    /// # Errors
    ///
    /// A [`StaffRefusal`]: `SignInFailed`, `SlowedDown` after some failures of this account or address,
    /// `Disabled` if the password is right.
    pub async fn sign_in(
        &self,
        origin: Origin,
        username: &str,
        password: &SecretString,
    ) -> Result<SignedIn, Error> {
        let failing = subjects(username, origin.address);
        self.refuse_if_slowed_down(&failing).await?;
        let named = username.parse::<Username>().ok();
        let found = match &named {
            Some(name) => reading!(self.store(), |tx| tx.staff_by_username(name).await)?,
            None => None,
        };
        let found = found.filter(|(staff, _)| !matches!(staff.state, StaffState::Removed { .. }));
        let hash = found.as_ref().map_or_else(Hash::of_nobody, |(_, hash)| hash.clone());
        let is_right = self.is_of(hash, password).await?;
        let Some((staff, _)) = found.filter(|_| is_right) else {
            self.note_failure_to_sign_in(origin, named, &failing).await?;
            return Err(StaffRefusal::SignInFailed.into());
        };
        if staff.state != StaffState::Active {
            return Err(StaffRefusal::Disabled.into());
        }
        self.begin_session(origin, staff, &failing).await
    }

    async fn refuse_if_slowed_down(&self, failing: &[String]) -> Result<(), Error> {
        if !self.in_force().await?.sign_in_slow_down() {
            return Ok(());
        }
        let failures = reading!(self.store(), |tx| tx.sign_in_failures(failing).await)?;
        let now = self.now();
        match failures.into_iter().filter_map(|failures| failures.wait(now)).max() {
            Some(wait) => Err(StaffRefusal::SlowedDown(wait).into()),
            None => Ok(()),
        }
    }

    async fn note_failure_to_sign_in(
        &self,
        origin: Origin,
        named: Option<Username>,
        failing: &[String],
    ) -> Result<(), Error> {
        let caller = Caller::new(Actor::anonymous()).coming_from(origin);
        let context = self.context(&caller);
        let act =
            Act { action: "staff.sign_in_failed", subject_kind: "staff", subject: Uuid::nil() };
        let after = json!({ "username": named.map(|name| name.to_string()) });
        transact!(self.store(), Mode::Commit, |tx| {
            tx.sign_in_failed(failing, context.now, FORGOTTEN_AFTER).await?;
            tx.audit_append(&[Record::new(context, act, Value::Null, after.clone())]).await
        })
    }

    async fn begin_session(
        &self,
        origin: Origin,
        staff: Staff,
        failing: &[String],
    ) -> Result<SignedIn, Error> {
        let caller = Caller::new(Actor::staff(staff.username.as_str())).coming_from(origin);
        let context = self.context(&caller);
        let session = StaffSession {
            id: StaffSessionId::new(context.now, context.entropy),
            staff: staff.id,
            created_at: context.now,
            expires_at: context.now + SESSION_LASTS,
            seen_at: context.now,
            revoked_at: None,
            address: caller.origin.address,
            agent: caller.origin.agent.clone(),
        };
        transact!(self.store(), Mode::Commit, |tx| {
            let found = tx.staff_by_id(staff.id).await?;
            if found.is_none_or(|(found, _)| found.revision != staff.revision) {
                // Disabled, or given another password, while the old one was looked at.
                return Err(StaffRefusal::SignInFailed.into());
            }
            tx.sign_in_forgive(failing).await?;
            tx.staff_session_insert(&session).await?;
            tx.audit_append(&[record(context, "staff.sign_in", staff.id, Value::Null)]).await?;
            Ok::<_, Error>(())
        })?;
        Ok(SignedIn { staff, session })
    }

    /// Ends somebody's own sessions: this one, or all of them. Answers how many held.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn sign_out(
        &self,
        caller: &Caller,
        staff: StaffId,
        which: Sessions,
    ) -> Result<u64, Error> {
        let context = self.context(caller);
        transact!(self.store(), caller.mode, |tx| {
            let ended = tx.staff_sessions_revoke(staff, which, context.now).await?;
            let after = json!({ "sessions": ended });
            tx.audit_append(&[record(context, "staff.sign_out", staff, after)]).await?;
            Ok::<_, Error>(ended)
        })
    }

    /// Chooses a new password for oneself. Every other session of theirs ends.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a password out of bounds, or a [`StaffRefusal`].
    pub async fn change_own_password(
        &self,
        caller: &Caller,
        (staff, session): (StaffId, StaffSessionId),
        present: &SecretString,
        new: &SecretString,
    ) -> Result<Staff, Error> {
        let found = reading!(self.store(), |tx| tx.staff_by_id(staff).await)?;
        let (staff, hash) = found.ok_or_else(|| Error::not_found(Thing::Staff, staff))?;
        let failing = subjects(staff.username.as_str(), None);
        self.refuse_if_slowed_down(&failing).await?;
        if !self.is_of(hash.clone(), present).await? {
            self.note_failure_to_sign_in(caller.origin.clone(), Some(staff.username), &failing)
                .await?;
            return Err(StaffRefusal::WrongPassword.into());
        }
        if present.expose_secret() == new.expose_secret() {
            return Err(StaffRefusal::SamePassword.into());
        }
        password::checked(new, &staff.username)?;
        let hash = self.hashed(new).await?;
        let staff = Staff { must_change_password: false, ..staff };
        let context = self.context(caller);
        transact!(self.store(), caller.mode, |tx| {
            tx.staff_replace(&staff, Some(&hash)).await?;
            tx.staff_sessions_revoke(staff.id, Sessions::AllBut(session), context.now).await?;
            note(tx, context, "staff.change_password", &staff).await
        })?;
        Ok(Staff { revision: staff.revision + 1, ..staff })
    }

    /// A link's token for setting up the first super admin, in place of every earlier one; `None` if
    /// there is a super admin already. It is good once, for a day.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn setup_token(&self) -> Result<Option<SecretString>, Error> {
        let token = apikey::generate(self.parts().entropy.as_ref());
        let (digest, now) = (apikey::digest(&token), self.now());
        let kept = transact!(self.store(), Mode::Commit, |tx| {
            if !tx.super_admins().await?.is_empty() {
                return Ok(false);
            }
            tx.setup_put(digest, now + SETUP_LASTS).await?;
            Ok::<_, Error>(true)
        })?;
        Ok(kept.then_some(token))
    }

    /// Makes the first super admin with the token of a link.
    ///
    /// # Errors
    ///
    /// [`StaffRefusal::SetupOver`] if the link is over, [`Error::Invalid`] for a username, name or
    /// password out of bounds.
    pub async fn set_up(
        &self,
        origin: Origin,
        token: &SecretString,
        (username, name): (&str, &str),
        password: &SecretString,
    ) -> Result<Staff, Error> {
        let request =
            NewStaff { username: username.parse()?, name: name.to_owned(), role: Role::SuperAdmin };
        password::checked(password, &request.username)?;
        let hash = self.hashed(password).await?;
        let caller = Caller::new(Actor::staff(request.username.as_str())).coming_from(origin);
        let (context, digest) = (self.context(&caller), apikey::digest(token));
        transact!(self.store(), Mode::Commit, |tx| {
            if !tx.super_admins().await?.is_empty() || !tx.setup_take(digest, context.now).await? {
                return Err(StaffRefusal::SetupOver.into());
            }
            add(tx, context, &request, &hash, false).await
        })
    }

    /// Is this the password? Asked on a thread where it may take its time.
    pub(super) async fn is_of(&self, hash: Hash, password: &SecretString) -> Result<bool, Error> {
        let _turn = self.parts().hashing.acquire().await.map_err(ended)?;
        let password = password.clone();
        tokio::task::spawn_blocking(move || hash.is_of(&password)).await.map_err(ended)
    }

    /// Hashes a password on a thread where it may take its time.
    pub(super) async fn hashed(&self, password: &SecretString) -> Result<Hash, Error> {
        let _turn = self.parts().hashing.acquire().await.map_err(ended)?;
        let (password, reader) = (password.clone(), self.reader());
        let hash = move || password::hash(&password, reader.parts().entropy.as_ref());
        tokio::task::spawn_blocking(hash).await.map_err(ended)?
    }
}

impl Reader {
    /// Somebody's sessions that are not over; newest first if asked for in no order.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn staff_sessions(
        &self,
        staff: StaffId,
        page: PageRequest<StaffSessionSort>,
    ) -> Result<Page<StaffSession>, Error> {
        let now = self.now();
        reading!(self.store(), |tx| tx.staff_sessions(staff, now, page).await)
    }
}

fn ended(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Unavailable {
        what: said!("the engine is ending", "mesin sedang berhenti"),
        source: Box::new(error),
    }
}
