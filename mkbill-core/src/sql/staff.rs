//! Staff, their sessions and failed sign-ins in SQL.

use std::net::IpAddr;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::apikey::KeyDigest;
use crate::kernel::ids::{StaffId, StaffSessionId};
use crate::kernel::page::{Page, PageRequest};
use crate::kernel::permission::Role;
use crate::staff::password::Hash;
use crate::staff::session::StaffSession;
use crate::staff::slow_down::Failures;
use crate::staff::store::{Sessions, StaffSessionSort, StaffSort, StaffStore};
use crate::staff::{Staff, StaffState, Username};
use crate::store::StoreError;

use super::engine::Dialect;
use super::listing::{Column, listing};
use super::record::Record;
use super::statement::{Statement, statements};
use super::value::Value;
use super::{ReadError, SqlTx, known, small};

macro_rules! staff {
    ($tail:literal) => {
        staff!("", $tail)
    };
    ($more:literal, $tail:literal) => {
        concat!(
            "SELECT id, username, name, role, password, must_change_password, created_at, \
             disabled_at, removed_at, revision",
            $more,
            " FROM staff WHERE ",
            $tail
        )
    };
}

statements! {
    INSERT: "adding staff" =
        "INSERT INTO staff (id, username, name, role, password, must_change_password, created_at, \
         disabled_at, removed_at, revision) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         ON CONFLICT (username) DO NOTHING";
    BY_ID: "looking up staff" = staff!("id = $1");
    BY_USERNAME: "looking up staff" = staff!("username = $1");
    REPLACE: "changing staff" =
        "UPDATE staff SET name = $3, role = $4, must_change_password = $5, disabled_at = $6, \
         removed_at = $7, password = COALESCE($8, password), revision = revision + 1 \
         WHERE id = $1 AND revision = $2";
    SUPER_ADMINS: "looking who manages staff" =
        "SELECT id FROM staff WHERE role = 'super_admin' AND disabled_at IS NULL \
         AND removed_at IS NULL ORDER BY id {for_update}";
    SESSION_INSERT: "signing in" =
        "INSERT INTO staff_session (id, staff_id, created_at, expires_at, seen_at, revoked_at, \
         address, agent) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    SESSION_BY_ID: "looking up a session of staff" =
        "SELECT s.id AS session_id, s.staff_id, s.created_at AS began_at, s.expires_at, s.seen_at, \
         s.revoked_at, s.address, s.agent, t.id, t.username, t.name, t.role, t.password, \
         t.must_change_password, t.created_at, t.disabled_at, t.removed_at, t.revision \
         FROM staff_session s JOIN staff t ON t.id = s.staff_id WHERE s.id = $1";
    SESSIONS_REVOKE: "ending sessions of staff" =
        "UPDATE staff_session SET revoked_at = $2 WHERE staff_id = $1 AND revoked_at IS NULL \
         AND expires_at > $2 AND (CAST($3 AS uuid) IS NULL OR id = $3) \
         AND (CAST($4 AS uuid) IS NULL OR id <> $4)";
    SESSION_SEEN: "noting that a session was used" =
        "UPDATE staff_session SET seen_at = $2 WHERE id = $1 AND seen_at < $2";
    SESSIONS_FORGET: "forgetting sessions of staff" =
        "DELETE FROM staff_session WHERE expires_at < $1 OR revoked_at < $1";
    FAILURES: "looking which sign-ins failed" =
        "SELECT failures, last_at FROM sign_in_failure WHERE subject {in_texts:$1}";
    FAILED: "counting failed sign-ins" =
        "INSERT INTO sign_in_failure (subject, failures, last_at) VALUES ($1, 1, $2) \
         ON CONFLICT (subject) DO UPDATE SET last_at = excluded.last_at, \
         failures = CASE WHEN sign_in_failure.last_at < $3 THEN 1 \
         ELSE sign_in_failure.failures + 1 END";
    FORGIVE: "forgiving failed sign-ins" =
        "DELETE FROM sign_in_failure WHERE subject {in_texts:$1}";
    FAILURES_FORGET: "forgetting failed sign-ins" =
        "DELETE FROM sign_in_failure WHERE last_at < $1";
    SETUP_CLEAR: "replacing the link for setting up" = "DELETE FROM staff_setup";
    SETUP_PUT: "keeping a link for setting up" =
        "INSERT INTO staff_setup (digest, expires_at) VALUES ($1, $2)";
    SETUP_TAKE: "using the link for setting up" =
        "DELETE FROM staff_setup WHERE digest = $1 AND expires_at > $2";
}

listing! {
    PAGE of StaffSort: "listing staff" = staff!("{value}", "{past} AND removed_at IS NULL {page}"),
    by "id" {
        Created: Column::Identity,
        Username: Column::Always("username"),
    }
}

listing! {
    SESSIONS of StaffSessionSort: "listing sessions of staff" =
        "SELECT id, id AS session_id, staff_id, created_at AS began_at, expires_at, seen_at, \
         revoked_at, address, agent{value} FROM staff_session WHERE {past} AND staff_id = $1 \
         AND revoked_at IS NULL AND expires_at > $2 {page}",
    by "id" { Created: Column::Identity }
}

fn read_staff(row: &impl Record) -> Result<Staff, ReadError> {
    let table = "staff";
    let (disabled, removed) =
        (row.instant_or_none("disabled_at")?, row.instant_or_none("removed_at")?);
    Ok(Staff {
        id: StaffId::from_uuid(row.uuid("id")?),
        username: known(table, "username", &row.text("username")?, |name| {
            name.parse::<Username>().ok()
        })?,
        name: row.text("name")?,
        role: known(table, "role", &row.text("role")?, Role::named)?,
        state: match (disabled, removed) {
            (_, Some(since)) => StaffState::Removed { since },
            (Some(since), None) => StaffState::Disabled { since },
            (None, None) => StaffState::Active,
        },
        must_change_password: row.flag("must_change_password")?,
        created_at: row.instant("created_at")?,
        revision: row.int("revision")?,
    })
}

fn read_with_password(row: &impl Record) -> Result<(Staff, Hash), ReadError> {
    Ok((read_staff(row)?, Hash::stored(row.text("password")?)))
}

fn read_session(row: &impl Record) -> Result<StaffSession, ReadError> {
    let address = row.text_or_none("address")?;
    Ok(StaffSession {
        id: StaffSessionId::from_uuid(row.uuid("session_id")?),
        staff: StaffId::from_uuid(row.uuid("staff_id")?),
        created_at: row.instant("began_at")?,
        expires_at: row.instant("expires_at")?,
        seen_at: row.instant("seen_at")?,
        revoked_at: row.instant_or_none("revoked_at")?,
        address: address.and_then(|text| text.parse::<IpAddr>().ok()),
        agent: row.text_or_none("agent")?,
    })
}

/// Since when somebody is disabled, and removed.
fn ends(state: StaffState) -> [Value; 2] {
    let (disabled, removed) = match state {
        StaffState::Active => (None, None),
        StaffState::Disabled { since } => (Some(since), None),
        StaffState::Removed { since } => (None, Some(since)),
    };
    [disabled.into(), removed.into()]
}

#[async_trait]
impl<D: Dialect> StaffStore for SqlTx<D> {
    async fn staff_insert(&mut self, staff: &Staff, password: &Hash) -> Result<bool, StoreError> {
        let [disabled, removed] = ends(staff.state);
        let values = vec![
            staff.id.uuid().into(),
            staff.username.as_str().into(),
            staff.name.as_str().into(),
            staff.role.name().into(),
            password.as_str().into(),
            staff.must_change_password.into(),
            staff.created_at.into(),
            disabled,
            removed,
            staff.revision.into(),
        ];
        Ok(self.execute(INSERT, values).await? == 1)
    }

    async fn staff_by_id(&mut self, id: StaffId) -> Result<Option<(Staff, Hash)>, StoreError> {
        self.one(BY_ID, vec![id.uuid().into()], read_with_password).await
    }

    async fn staff_by_username(
        &mut self,
        username: &Username,
    ) -> Result<Option<(Staff, Hash)>, StoreError> {
        self.one(BY_USERNAME, vec![username.as_str().into()], read_with_password).await
    }

    async fn staff_page(
        &mut self,
        page: PageRequest<StaffSort>,
    ) -> Result<Page<Staff>, StoreError> {
        self.page(&PAGE, Vec::new(), &page, read_staff).await
    }

    async fn staff_replace(
        &mut self,
        staff: &Staff,
        password: Option<&Hash>,
    ) -> Result<(), StoreError> {
        let [disabled, removed] = ends(staff.state);
        let values = vec![
            staff.id.uuid().into(),
            staff.revision.into(),
            staff.name.as_str().into(),
            staff.role.name().into(),
            staff.must_change_password.into(),
            disabled,
            removed,
            password.map(Hash::as_str).into(),
        ];
        self.has_access = true;
        match self.execute(REPLACE, values).await? {
            1 => Ok(()),
            _ => Err(StoreError::Overtaken { what: "account" }),
        }
    }

    async fn super_admins(&mut self) -> Result<Vec<StaffId>, StoreError> {
        let read = |row: &D::Found| Ok(StaffId::from_uuid(row.uuid("id")?));
        self.all(SUPER_ADMINS, Vec::new(), read).await
    }

    async fn staff_session_insert(&mut self, session: &StaffSession) -> Result<(), StoreError> {
        let values = vec![
            session.id.uuid().into(),
            session.staff.uuid().into(),
            session.created_at.into(),
            session.expires_at.into(),
            session.seen_at.into(),
            session.revoked_at.into(),
            session.address.map(|address| address.to_string()).into(),
            session.agent.as_deref().into(),
        ];
        self.execute(SESSION_INSERT, values).await.map(drop)
    }

    async fn staff_session_by_id(
        &mut self,
        id: StaffSessionId,
    ) -> Result<Option<(StaffSession, Staff)>, StoreError> {
        let read = |row: &D::Found| Ok((read_session(row)?, read_staff(row)?));
        self.one(SESSION_BY_ID, vec![id.uuid().into()], read).await
    }

    async fn staff_sessions(
        &mut self,
        staff: StaffId,
        now: Timestamp,
        page: PageRequest<StaffSessionSort>,
    ) -> Result<Page<StaffSession>, StoreError> {
        let values = vec![staff.uuid().into(), now.into()];
        self.page(&SESSIONS, values, &page, read_session).await
    }

    async fn staff_sessions_revoke(
        &mut self,
        staff: StaffId,
        which: Sessions,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let (only, but) = match which {
            Sessions::All => (None, None),
            Sessions::One(id) => (Some(id.uuid()), None),
            Sessions::AllBut(id) => (None, Some(id.uuid())),
        };
        self.has_access = true;
        let values = vec![staff.uuid().into(), now.into(), only.into(), but.into()];
        self.execute(SESSIONS_REVOKE, values).await
    }

    async fn staff_session_seen(
        &mut self,
        id: StaffSessionId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.execute(SESSION_SEEN, vec![id.uuid().into(), at.into()]).await.map(drop)
    }

    async fn staff_sessions_forget(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.execute(SESSIONS_FORGET, vec![before.into()]).await
    }

    async fn sign_in_failures(&mut self, subjects: &[String]) -> Result<Vec<Failures>, StoreError> {
        let read = |row: &D::Found| {
            Ok(Failures { count: small(row.int("failures")?), last_at: row.instant("last_at")? })
        };
        self.all(FAILURES, vec![subjects.to_vec().into()], read).await
    }

    async fn sign_in_failed(
        &mut self,
        subjects: &[String],
        now: Timestamp,
        forgotten_after: SignedDuration,
    ) -> Result<(), StoreError> {
        let fresh = crate::kernel::time::saturating_add(now, -forgotten_after);
        for subject in subjects {
            let values = vec![subject.as_str().into(), now.into(), fresh.into()];
            self.execute(FAILED, values).await?;
        }
        Ok(())
    }

    async fn sign_in_forgive(&mut self, subjects: &[String]) -> Result<(), StoreError> {
        self.execute(FORGIVE, vec![subjects.to_vec().into()]).await.map(drop)
    }

    async fn sign_in_failures_forget(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.execute(FAILURES_FORGET, vec![before.into()]).await
    }

    async fn setup_put(
        &mut self,
        digest: KeyDigest,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.execute(SETUP_CLEAR, Vec::new()).await?;
        let values = vec![digest.as_bytes().into(), expires_at.into()];
        self.execute(SETUP_PUT, values).await.map(drop)
    }

    async fn setup_take(&mut self, digest: KeyDigest, now: Timestamp) -> Result<bool, StoreError> {
        let values = vec![digest.as_bytes().into(), now.into()];
        Ok(self.execute(SETUP_TAKE, values).await? == 1)
    }
}
