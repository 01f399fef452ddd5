//! Router profiles in SQL.

use async_trait::async_trait;
use jiff::SignedDuration;

use crate::kernel::ids::RouterId;
use crate::provisioning::profile::{ProfileFacts, ProfileWish, RouterProfile};
use crate::provisioning::store::ProfileStore;
use crate::provisioning::{LoginKind, SyncName};
use crate::store::StoreError;

use super::engine::Dialect;
use super::record::Record;
use super::statement::{Statement, statements};
use super::value::Value;
use super::voucher::transpose;
use super::{ReadError, SqlTx, known, small};

statements! {
    OF_ROUTER: "reading the profiles of a router" =
        "SELECT router_id, kind, name, rate_limit, session_timeout_seconds, idle_timeout_seconds, \
         remote_address, local_address, address_list, sessions_max, seen_at, missing_since \
         FROM router_profile WHERE router_id = $1 ORDER BY kind, name";
    WISHES: "reading the wished profiles of a router" =
        "SELECT router_id, kind, name, rate_limit, session_timeout_seconds, idle_timeout_seconds, \
         remote_address, local_address, address_list, sessions_max, sync, last_error, updated_at \
         FROM profile_wish WHERE router_id = $1 ORDER BY kind, name";
    WISH_DELETE: "taking a wished profile away" =
        "DELETE FROM profile_wish WHERE router_id = $1 AND kind = $2 AND name = $3";
}

const OVER_WHAT_WAS_KNOWN: &str = "ON CONFLICT (router_id, kind, name) DO UPDATE SET \
    rate_limit = excluded.rate_limit, \
    session_timeout_seconds = excluded.session_timeout_seconds, \
    idle_timeout_seconds = excluded.idle_timeout_seconds, \
    remote_address = excluded.remote_address, local_address = excluded.local_address, \
    address_list = excluded.address_list, sessions_max = excluded.sessions_max, \
    missing_since = excluded.missing_since";

const OVER_THE_WISH: &str = "ON CONFLICT (router_id, kind, name) DO UPDATE SET \
    rate_limit = excluded.rate_limit, \
    session_timeout_seconds = excluded.session_timeout_seconds, \
    idle_timeout_seconds = excluded.idle_timeout_seconds, \
    remote_address = excluded.remote_address, local_address = excluded.local_address, \
    address_list = excluded.address_list, sessions_max = excluded.sessions_max, \
    sync = excluded.sync, last_error = excluded.last_error, updated_at = excluded.updated_at";

fn facts_row(router: RouterId, facts: &ProfileFacts) -> Vec<(&'static str, Value)> {
    vec![
        ("router_id", router.uuid().into()),
        ("kind", facts.kind.name().into()),
        ("name", facts.name.as_str().into()),
        ("rate_limit", facts.rate_limit.clone().into()),
        ("session_timeout_seconds", facts.session_timeout.into()),
        ("idle_timeout_seconds", facts.idle_timeout.into()),
        ("remote_address", facts.remote_address.clone().into()),
        ("local_address", facts.local_address.clone().into()),
        ("address_list", facts.address_list.clone().into()),
        ("sessions_max", facts.sessions_max.map(i64::from).into()),
    ]
}

fn row(profile: &RouterProfile) -> Vec<(&'static str, Value)> {
    let mut row = facts_row(profile.router, &profile.facts);
    row.push(("seen_at", profile.seen_at.into()));
    row.push(("missing_since", profile.missing_since.into()));
    row
}

fn wish_row(wish: &ProfileWish) -> Vec<(&'static str, Value)> {
    let mut row = facts_row(wish.router, &wish.facts);
    row.push(("sync", wish.sync.name().into()));
    row.push(("last_error", wish.last_error.clone().into()));
    row.push(("updated_at", wish.updated_at.into()));
    row
}

fn read_facts(row: &impl Record) -> Result<ProfileFacts, ReadError> {
    let seconds = |column| row.int_or_none(column).map(|n| n.map(SignedDuration::from_secs));
    Ok(ProfileFacts {
        kind: known("router_profile", "kind", &row.text("kind")?, LoginKind::named)?,
        name: row.text("name")?,
        rate_limit: row.text_or_none("rate_limit")?,
        session_timeout: seconds("session_timeout_seconds")?,
        idle_timeout: seconds("idle_timeout_seconds")?,
        remote_address: row.text_or_none("remote_address")?,
        local_address: row.text_or_none("local_address")?,
        address_list: row.text_or_none("address_list")?,
        sessions_max: row.int_or_none("sessions_max")?.map(small),
    })
}

fn read(row: &impl Record) -> Result<RouterProfile, ReadError> {
    Ok(RouterProfile {
        router: RouterId::from_uuid(row.uuid("router_id")?),
        facts: read_facts(row)?,
        seen_at: row.instant("seen_at")?,
        missing_since: row.instant_or_none("missing_since")?,
    })
}

fn read_wish(row: &impl Record) -> Result<ProfileWish, ReadError> {
    Ok(ProfileWish {
        router: RouterId::from_uuid(row.uuid("router_id")?),
        facts: read_facts(row)?,
        sync: known("profile_wish", "sync", &row.text("sync")?, SyncName::named)?,
        last_error: row.text_or_none("last_error")?,
        updated_at: row.instant("updated_at")?,
    })
}

#[async_trait]
impl<D: Dialect> ProfileStore for SqlTx<D> {
    async fn router_profiles(
        &mut self,
        router: RouterId,
    ) -> Result<Vec<RouterProfile>, StoreError> {
        self.all(OF_ROUTER, vec![router.uuid().into()], read).await
    }

    async fn router_profiles_write(
        &mut self,
        profiles: &[RouterProfile],
    ) -> Result<(), StoreError> {
        if profiles.is_empty() {
            return Ok(());
        }
        let columns = transpose(profiles.iter().map(row));
        let act = "noting router profiles";
        self.insert_all_or(act, "router_profile", columns, OVER_WHAT_WAS_KNOWN).await.map(drop)
    }

    async fn profile_wishes(&mut self, router: RouterId) -> Result<Vec<ProfileWish>, StoreError> {
        self.all(WISHES, vec![router.uuid().into()], read_wish).await
    }

    async fn profile_wishes_write(&mut self, wishes: &[ProfileWish]) -> Result<(), StoreError> {
        if wishes.is_empty() {
            return Ok(());
        }
        let columns = transpose(wishes.iter().map(wish_row));
        let act = "writing wished profiles";
        self.insert_all_or(act, "profile_wish", columns, OVER_THE_WISH).await.map(drop)
    }

    async fn profile_wish_delete(
        &mut self,
        router: RouterId,
        kind: LoginKind,
        name: &str,
    ) -> Result<bool, StoreError> {
        let values = vec![router.uuid().into(), kind.name().into(), name.into()];
        Ok(self.execute(WISH_DELETE, values).await? == 1)
    }
}
