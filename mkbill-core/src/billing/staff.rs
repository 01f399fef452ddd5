//! Use cases around staff.

use secrecy::SecretString;
use serde_json::{Value, json};

use crate::audit::{Act, Record};
use crate::kernel::caller::{Caller, Fingerprint};
use crate::kernel::context::Context;
use crate::kernel::error::Error;
use crate::kernel::ids::StaffId;
use crate::kernel::language::said;
use crate::kernel::page::{Page, PageRequest};
use crate::kernel::permission::Permission;
use crate::kernel::thing::Thing;
use crate::request::{Once, once};
use crate::staff::password::{self, Hash};
use crate::staff::store::{Sessions, StaffSort};
use crate::staff::{NewStaff, Staff, StaffChange, StaffRefusal, StaffState, checked_name};
use crate::store::Tx;
use crate::transact::{reading, transact};

use super::{Billing, Reader};

/// Somebody who was added or whose password was reset, and the password to hand over.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// Who.
    pub staff: Staff,
    /// The password that was made for them, to be told once; absent if the caller chose one, and when
    /// a request is repeated.
    pub password: Option<SecretString>,
}

impl Billing {
    /// Adds somebody. Without a password one is made. They have to change it when they sign in first.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a name or password out of bounds, [`Error::Conflict`] for a taken
    /// username.
    pub async fn add_staff(
        &self,
        caller: &Caller,
        request: &NewStaff,
        password: Option<&SecretString>,
    ) -> Result<Admitted, Error> {
        let context = self.permitted(caller, Permission::StaffCreate)?;
        let (hash, made) = self.password_for(request, password).await?;
        let input = Fingerprint::of("staff.add", &[request]);
        transact!(self.store(), caller.mode, |tx| {
            let id = StaffId::new(context.now, context.entropy);
            match once(tx, context, input, id.uuid()).await? {
                Once::First => {
                    let staff = add_as(tx, context, id, request, &hash, true).await?;
                    Ok::<_, Error>(Admitted { staff, password: made.clone() })
                }
                Once::Again(id) => {
                    let staff = by_id(tx, StaffId::from_uuid(id)).await?;
                    Ok(Admitted { staff, password: None })
                }
            }
        })
    }

    async fn password_for(
        &self,
        request: &NewStaff,
        chosen: Option<&SecretString>,
    ) -> Result<(Hash, Option<SecretString>), Error> {
        if let Some(chosen) = chosen {
            password::checked(chosen, &request.username)?;
            return Ok((self.hashed(chosen).await?, None));
        }
        let made = password::generate(self.parts().entropy.as_ref());
        Ok((self.hashed(&made).await?, Some(made)))
    }

    /// Changes somebody's name or role, or whether they may sign in. Who may not any more is signed out.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::Invalid`] for a name out of bounds, or a [`StaffRefusal`]:
    /// `LastSuperAdmin` if nobody else could manage staff.
    pub async fn change_staff(
        &self,
        caller: &Caller,
        key: &str,
        change: &StaffChange,
    ) -> Result<Staff, Error> {
        let context = self.permitted(caller, Permission::StaffEdit)?;
        let input = Fingerprint::of("staff.change", &[&key, change]);
        transact!(self.store(), caller.mode, |tx| {
            let staff = find(tx, key).await?;
            match once(tx, context, input, staff.id.uuid()).await? {
                Once::First => {
                    caller.has_seen(staff.revision)?;
                    changed(tx, context, staff, change.clone()).await
                }
                Once::Again(_) => Ok(staff),
            }
        })
    }

    /// Removes somebody for good: they are signed out, and nobody gets their username.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], or [`StaffRefusal::LastSuperAdmin`].
    pub async fn remove_staff(&self, caller: &Caller, key: &str) -> Result<Staff, Error> {
        let context = self.permitted(caller, Permission::StaffDelete)?;
        let input = Fingerprint::of("staff.remove", &[&key]);
        transact!(self.store(), caller.mode, |tx| {
            let staff = find_or_removed(tx, key).await?;
            match once(tx, context, input, staff.id.uuid()).await? {
                Once::First => {
                    caller.has_seen(staff.revision)?;
                    removed(tx, context, staff).await
                }
                Once::Again(_) => Ok(staff),
            }
        })
    }

    /// Makes a new password for somebody, who has to change it when they sign in next; they are signed
    /// out everywhere.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is nobody of that name.
    pub async fn reset_staff_password(
        &self,
        caller: &Caller,
        key: &str,
    ) -> Result<Admitted, Error> {
        let context = self.permitted(caller, Permission::StaffEdit)?;
        let made = password::generate(context.entropy);
        let hash = self.hashed(&made).await?;
        let input = Fingerprint::of("staff.reset_password", &[&key]);
        transact!(self.store(), caller.mode, |tx| {
            let staff = find(tx, key).await?;
            if once(tx, context, input, staff.id.uuid()).await? != Once::First {
                return Ok(Admitted { staff, password: None });
            }
            let staff = Staff { must_change_password: true, ..staff };
            tx.staff_replace(&staff, Some(&hash)).await?;
            tx.staff_sessions_revoke(staff.id, Sessions::All, context.now).await?;
            note(tx, context, "staff.reset_password", &staff).await?;
            let staff = Staff { revision: staff.revision + 1, ..staff };
            Ok::<_, Error>(Admitted { staff, password: Some(made.clone()) })
        })
    }

    /// Signs somebody out everywhere; answers how many sessions held.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is nobody of that name.
    pub async fn sign_staff_out(&self, caller: &Caller, key: &str) -> Result<u64, Error> {
        caller.must(Permission::StaffEdit)?;
        let staff = self.staff(key).await?;
        self.sign_out(caller, staff.id, Sessions::All).await
    }
}

impl Reader {
    /// Somebody, by username or id.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`].
    pub async fn staff(&self, key: &str) -> Result<Staff, Error> {
        reading!(self.store(), |tx| find(tx, key).await)
    }

    /// A page of staff; oldest first if asked for in no order.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn staff_page(&self, page: PageRequest<StaffSort>) -> Result<Page<Staff>, Error> {
        reading!(self.store(), |tx| tx.staff_page(page).await)
    }
}

/// What is written down of somebody: never a password.
fn shown(staff: &Staff) -> Value {
    json!({
        "username": staff.username.as_str(),
        "name": staff.name,
        "role": staff.role.name(),
        "state": staff.state.name(),
        "must_change_password": staff.must_change_password,
    })
}

pub(super) fn record(
    context: Context<'_>,
    action: &'static str,
    staff: StaffId,
    after: Value,
) -> Record {
    let act = Act { action, subject_kind: "staff", subject: staff.uuid() };
    Record::new(context, act, Value::Null, after)
}

pub(super) async fn note(
    tx: &mut dyn Tx,
    context: Context<'_>,
    action: &'static str,
    staff: &Staff,
) -> Result<(), Error> {
    Ok(tx.audit_append(&[record(context, action, staff.id, shown(staff))]).await?)
}

async fn note_change(
    tx: &mut dyn Tx,
    context: Context<'_>,
    action: &'static str,
    (before, after): (&Staff, &Staff),
) -> Result<(), Error> {
    let act = Act { action, subject_kind: "staff", subject: after.id.uuid() };
    Ok(tx.audit_append(&[Record::new(context, act, shown(before), shown(after))]).await?)
}

/// Adds somebody under a new identity.
pub(super) async fn add(
    tx: &mut dyn Tx,
    context: Context<'_>,
    request: &NewStaff,
    password: &Hash,
    must_change_password: bool,
) -> Result<Staff, Error> {
    let id = StaffId::new(context.now, context.entropy);
    add_as(tx, context, id, request, password, must_change_password).await
}

async fn add_as(
    tx: &mut dyn Tx,
    context: Context<'_>,
    id: StaffId,
    request: &NewStaff,
    password: &Hash,
    must_change_password: bool,
) -> Result<Staff, Error> {
    let staff = Staff {
        id,
        username: request.username.clone(),
        name: checked_name(&request.name)?,
        role: request.role,
        state: StaffState::Active,
        must_change_password,
        created_at: context.now,
        revision: 1,
    };
    if !tx.staff_insert(&staff, password).await? {
        return Err(Error::conflict(
            Thing::Staff,
            said!(
                "the username {name} is taken",
                "nama pengguna {name} sudah dipakai",
                name = staff.username
            ),
        ));
    }
    note(tx, context, "staff.add", &staff).await?;
    Ok(staff)
}

async fn changed(
    tx: &mut dyn Tx,
    context: Context<'_>,
    before: Staff,
    change: StaffChange,
) -> Result<Staff, Error> {
    let after = change.apply(before.clone(), context.now)?;
    if after == before {
        return Ok(after);
    }
    keep_somebody(tx, &before, &after).await?;
    replace(tx, context, "staff.change", (&before, after)).await
}

async fn removed(tx: &mut dyn Tx, context: Context<'_>, before: Staff) -> Result<Staff, Error> {
    if matches!(before.state, StaffState::Removed { .. }) {
        return Ok(before);
    }
    let after = Staff { state: StaffState::Removed { since: context.now }, ..before.clone() };
    keep_somebody(tx, &before, &after).await?;
    replace(tx, context, "staff.remove", (&before, after)).await
}

async fn replace(
    tx: &mut dyn Tx,
    context: Context<'_>,
    action: &'static str,
    (before, after): (&Staff, Staff),
) -> Result<Staff, Error> {
    tx.staff_replace(&after, None).await?;
    if after.state != StaffState::Active {
        tx.staff_sessions_revoke(after.id, Sessions::All, context.now).await?;
    }
    note_change(tx, context, action, (before, &after)).await?;
    Ok(Staff { revision: after.revision + 1, ..after })
}

/// Refuses a change after which nobody could manage staff.
async fn keep_somebody(tx: &mut dyn Tx, before: &Staff, after: &Staff) -> Result<(), Error> {
    if !before.rules() || after.rules() {
        return Ok(());
    }
    let others = tx.super_admins().await?.into_iter().filter(|id| *id != before.id);
    if others.count() == 0 {
        return Err(StaffRefusal::LastSuperAdmin.into());
    }
    Ok(())
}

async fn by_id(tx: &mut dyn Tx, id: StaffId) -> Result<Staff, Error> {
    let found = tx.staff_by_id(id).await?;
    found.map(|(staff, _)| staff).ok_or_else(|| Error::not_found(Thing::Staff, id))
}

async fn find_or_removed(tx: &mut dyn Tx, key: &str) -> Result<Staff, Error> {
    let found = match (key.parse::<StaffId>(), key.parse()) {
        (Ok(id), _) => tx.staff_by_id(id).await?,
        (Err(_), Ok(username)) => tx.staff_by_username(&username).await?,
        (Err(_), Err(_)) => None,
    };
    found.map(|(staff, _)| staff).ok_or_else(|| Error::not_found(Thing::Staff, key))
}

async fn find(tx: &mut dyn Tx, key: &str) -> Result<Staff, Error> {
    let staff = find_or_removed(tx, key).await?;
    match staff.state {
        StaffState::Removed { .. } => Err(Error::not_found(Thing::Staff, key)),
        _ => Ok(staff),
    }
}
