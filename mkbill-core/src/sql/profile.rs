//! Router profiles in SQL.

use async_trait::async_trait;
use jiff::SignedDuration;

use crate::kernel::ids::RouterId;
use crate::provisioning::LoginKind;
use crate::provisioning::profile::{ProfileFacts, RouterProfile};
use crate::provisioning::store::ProfileStore;
use crate::store::StoreError;

use super::engine::{Dialect, Record};
use super::statement::{Statement, statements};
use super::value::Value;
use super::voucher::transpose;
use super::{ReadError, SqlTx, known, small};

statements! {
    OF_ROUTER: "reading the profiles of a router" =
        "SELECT router_id, kind, name, rate_limit, session_timeout_seconds, idle_timeout_seconds, \
         remote_address, local_address, address_list, sessions_max, seen_at, missing_since \
         FROM router_profile WHERE router_id = $1 ORDER BY kind, name";
}

const OVER_WHAT_WAS_KNOWN: &str = "ON CONFLICT (router_id, kind, name) DO UPDATE SET \
    rate_limit = excluded.rate_limit, \
    session_timeout_seconds = excluded.session_timeout_seconds, \
    idle_timeout_seconds = excluded.idle_timeout_seconds, \
    remote_address = excluded.remote_address, local_address = excluded.local_address, \
    address_list = excluded.address_list, sessions_max = excluded.sessions_max, \
    missing_since = excluded.missing_since";

fn row(profile: &RouterProfile) -> Vec<(&'static str, Value)> {
    let facts = &profile.facts;
    vec![
        ("router_id", profile.router.uuid().into()),
        ("kind", facts.kind.name().into()),
        ("name", facts.name.as_str().into()),
        ("rate_limit", facts.rate_limit.clone().into()),
        ("session_timeout_seconds", facts.session_timeout.into()),
        ("idle_timeout_seconds", facts.idle_timeout.into()),
        ("remote_address", facts.remote_address.clone().into()),
        ("local_address", facts.local_address.clone().into()),
        ("address_list", facts.address_list.clone().into()),
        ("sessions_max", facts.sessions_max.map(i64::from).into()),
        ("seen_at", profile.seen_at.into()),
        ("missing_since", profile.missing_since.into()),
    ]
}

fn read(row: &impl Record) -> Result<RouterProfile, ReadError> {
    let seconds = |column| row.int_or_none(column).map(|n| n.map(SignedDuration::from_secs));
    Ok(RouterProfile {
        router: RouterId::from_uuid(row.uuid("router_id")?),
        facts: ProfileFacts {
            kind: known("router_profile", "kind", &row.text("kind")?, LoginKind::named)?,
            name: row.text("name")?,
            rate_limit: row.text_or_none("rate_limit")?,
            session_timeout: seconds("session_timeout_seconds")?,
            idle_timeout: seconds("idle_timeout_seconds")?,
            remote_address: row.text_or_none("remote_address")?,
            local_address: row.text_or_none("local_address")?,
            address_list: row.text_or_none("address_list")?,
            sessions_max: row.int_or_none("sessions_max")?.map(small),
        },
        seen_at: row.instant("seen_at")?,
        missing_since: row.instant_or_none("missing_since")?,
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
}
