//! Routers in SQL.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::kernel::ids::{OutageId, RouterId};
use crate::kernel::page::{Page, PageRequest};
use crate::kernel::secret::Sealed;
use crate::router::health::{Outage, Vitals};
use crate::router::sample::Sampling;
use crate::router::store::{OutageSort, ROUTERS_MAX, RouterStore};
use crate::router::{
    LinkSecurity, Router, RouterAddress, RouterHealth, RouterName, RouterUse, Trust,
};
use crate::store::StoreError;

use super::engine::Dialect;
use super::listing::{Column, listing};
use super::record::Record;
use super::statement::{Statement, statements};
use super::value::{Value, count};
use super::{ReadError, SqlTx, known, small, unsigned};

macro_rules! columns {
    () => {
        "id, COALESCE(removed_name, name) AS name, host, port, trust, pin, username, \
         password_sealed, version, observed_at, uptime_seconds, failures, last_error, vitals, \
         look_asked_at, sampled_at, failed_logins_unsampled, created_at, removed_at"
    };
}

statements! {
    INSERT: "adding a router" =
        "INSERT INTO router (id, name, host, port, trust, pin, username, password_sealed, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (name) DO NOTHING";
    BY_ID: "reading a router" = concat!("SELECT ", columns!(), " FROM router WHERE id = $1");
    HOLD: "holding a router" = concat!(
        "SELECT ", columns!(), " FROM router WHERE id = $1 AND removed_at IS NULL {for_key_share}");
    LOCK: "locking a router" = concat!(
        "SELECT ", columns!(), " FROM router WHERE id = $1 AND removed_at IS NULL {for_update}");
    BY_NAME: "reading a router" = concat!(
        "SELECT ", columns!(), " FROM router WHERE router.name = $1 AND removed_at IS NULL");
    LIST: "listing routers" = concat!(
        "SELECT ", columns!(), " FROM router WHERE removed_at IS NULL ORDER BY router.name LIMIT $1");
    REPLACE: "changing a router" =
        "UPDATE router SET name = $2, host = $3, port = $4, trust = $5, pin = $6, username = $7, \
         password_sealed = $8 WHERE id = $1";
    IN_USE: "counting the logins of a router" =
        "SELECT \
         COUNT(CASE WHEN presence <> 'absent' AND subscription_id IS NOT NULL THEN 1 END) AS subscribers, \
         COUNT(CASE WHEN presence <> 'absent' AND voucher_id IS NOT NULL THEN 1 END) AS vouchers, \
         COUNT(CASE WHEN presence = 'absent' THEN 1 END) AS leaving \
         FROM login WHERE router_id = $1 AND (presence <> 'absent' OR sync = 'pending')";
    REMOVE: "removing a router" =
        "UPDATE router SET removed_at = $2, removed_name = name, name = $3 \
         WHERE id = $1 AND removed_at IS NULL";
    HEALTH: "noting a router's health" =
        "UPDATE router SET version = $2, observed_at = $3, uptime_seconds = $4, failures = $5, \
         last_error = $6, vitals = $7, sampled_at = $8, failed_logins_unsampled = $9 WHERE id = $1";
    LOOK_ASK: "asking for a look at a router" =
        "UPDATE router SET look_asked_at = $2 WHERE id = $1";
    OUTAGE_BEGIN: "noting that a router is away" =
        "INSERT INTO router_outage (id, router_id, began_at, last_error) VALUES ($1, $2, $3, $4) \
         ON CONFLICT DO NOTHING";
    OUTAGE_CAUSE: "noting that a router is away" =
        "UPDATE router_outage SET last_error = $2 WHERE router_id = $1 AND ended_at IS NULL";
    OUTAGE_END: "noting that a router is back" =
        "UPDATE router_outage SET ended_at = CASE WHEN began_at > $2 THEN began_at ELSE $2 END \
         WHERE router_id = $1 AND ended_at IS NULL RETURNING began_at";
}

listing! {
    OUTAGES of OutageSort: "listing outages" =
        "SELECT id, router_id, began_at, ended_at, last_error{value} FROM router_outage \
         WHERE {past} AND (CAST($1 AS uuid) IS NULL OR router_id = $1) {page}",
    by "id" { Created: Column::Identity }
}

fn trust_columns(security: &LinkSecurity) -> (&'static str, Option<String>) {
    match security {
        LinkSecurity::Plain => ("plain", None),
        LinkSecurity::Tls(Trust::WebPki) => ("web_pki", None),
        LinkSecurity::Tls(Trust::Pin(pin)) => ("pin", Some(pin.clone())),
        LinkSecurity::Tls(Trust::AnyCertificate) => ("any", None),
    }
}

/// What a person chooses, in the order of the columns.
fn chosen(router: &Router) -> [Value; 8] {
    let (trust, pin) = trust_columns(&router.security);
    [
        router.id.uuid().into(),
        router.name.as_str().into(),
        router.address.host.as_str().into(),
        i64::from(router.address.port).into(),
        trust.into(),
        pin.into(),
        router.username.as_str().into(),
        router.password.as_bytes().into(),
    ]
}

fn security(row: &impl Record) -> Result<LinkSecurity, ReadError> {
    let pin = row.text_or_none("pin")?;
    known("router", "trust", &row.text("trust")?, |trust| match trust {
        "plain" => Some(LinkSecurity::Plain),
        "web_pki" => Some(LinkSecurity::Tls(Trust::WebPki)),
        "pin" => pin.map(|pin| LinkSecurity::Tls(Trust::Pin(pin))),
        "any" => Some(LinkSecurity::Tls(Trust::AnyCertificate)),
        _ => None,
    })
}

fn read(row: &impl Record) -> Result<Router, ReadError> {
    let port = row.int("port")?;
    Ok(Router {
        id: RouterId::from_uuid(row.uuid("id")?),
        name: known("router", "name", &row.text("name")?, |name| name.parse::<RouterName>().ok())?,
        address: RouterAddress {
            host: row.text("host")?,
            port: known("router", "port", &port.to_string(), |port| port.parse().ok())?,
        },
        security: security(row)?,
        username: row.text("username")?,
        password: Sealed::from_bytes(row.bytes("password_sealed")?),
        health: RouterHealth {
            version: row.text_or_none("version")?,
            observed_at: row.instant_or_none("observed_at")?,
            uptime: row.int_or_none("uptime_seconds")?.map(SignedDuration::from_secs),
            failures: small(row.int("failures")?),
            last_error: row.text_or_none("last_error")?,
            look_asked_at: row.instant_or_none("look_asked_at")?,
            sampling: Sampling {
                at: row.instant_or_none("sampled_at")?,
                failed_logins: row.int_or_none("failed_logins_unsampled")?.map(unsigned),
            },
            vitals: row.json_or_none("vitals")?.as_ref().map(Vitals::from_json).unwrap_or_default(),
        },
        created_at: row.instant("created_at")?,
        removed_at: row.instant_or_none("removed_at")?,
    })
}

#[async_trait]
impl<D: Dialect> RouterStore for SqlTx<D> {
    async fn router_insert(&mut self, router: &Router) -> Result<bool, StoreError> {
        let mut values = Vec::from(chosen(router));
        values.push(router.created_at.into());
        Ok(self.execute(INSERT, values).await? == 1)
    }

    async fn router_by_id(&mut self, id: RouterId) -> Result<Option<Router>, StoreError> {
        self.one(BY_ID, vec![id.uuid().into()], read).await
    }

    async fn router_hold(&mut self, id: RouterId) -> Result<Option<Router>, StoreError> {
        self.one(HOLD, vec![id.uuid().into()], read).await
    }

    async fn router_lock(&mut self, id: RouterId) -> Result<Option<Router>, StoreError> {
        self.one(LOCK, vec![id.uuid().into()], read).await
    }

    async fn router_replace(&mut self, router: &Router) -> Result<(), StoreError> {
        self.execute(REPLACE, Vec::from(chosen(router))).await.map(drop)
    }

    async fn router_use(&mut self, id: RouterId) -> Result<RouterUse, StoreError> {
        let read = |row: &D::Found| {
            Ok(RouterUse {
                subscribers: unsigned(row.int("subscribers")?),
                vouchers: unsigned(row.int("vouchers")?),
                leaving: unsigned(row.int("leaving")?),
            })
        };
        Ok(self.one(IN_USE, vec![id.uuid().into()], read).await?.unwrap_or_default())
    }

    async fn router_remove(&mut self, id: RouterId, at: Timestamp) -> Result<(), StoreError> {
        let nobodys = id.to_string();
        self.execute(REMOVE, vec![id.uuid().into(), at.into(), nobodys.into()]).await.map(drop)
    }

    async fn router_by_name(&mut self, name: &RouterName) -> Result<Option<Router>, StoreError> {
        self.one(BY_NAME, vec![name.as_str().into()], read).await
    }

    async fn router_list(&mut self) -> Result<Vec<Router>, StoreError> {
        self.all(LIST, vec![ROUTERS_MAX.into()], read).await
    }

    async fn router_health_set(
        &mut self,
        id: RouterId,
        health: &RouterHealth,
    ) -> Result<(), StoreError> {
        let values = vec![
            id.uuid().into(),
            health.version.clone().into(),
            health.observed_at.into(),
            health.uptime.into(),
            health.failures.into(),
            health.last_error.clone().into(),
            health.vitals.to_json().into(),
            health.sampling.at.into(),
            health.sampling.failed_logins.map(count).into(),
        ];
        self.execute(HEALTH, values).await.map(drop)
    }

    async fn router_look_ask(&mut self, id: RouterId, at: Timestamp) -> Result<(), StoreError> {
        self.execute(LOOK_ASK, vec![id.uuid().into(), at.into()]).await.map(drop)
    }

    async fn outage_note(
        &mut self,
        id: OutageId,
        router: RouterId,
        at: Timestamp,
        error: &str,
    ) -> Result<bool, StoreError> {
        let values = vec![id.uuid().into(), router.uuid().into(), at.into(), error.into()];
        if self.execute(OUTAGE_BEGIN, values).await? == 1 {
            return Ok(true);
        }
        self.execute(OUTAGE_CAUSE, vec![router.uuid().into(), error.into()]).await?;
        Ok(false)
    }

    async fn outage_end(
        &mut self,
        router: RouterId,
        at: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let read = |row: &D::Found| Ok(row.instant("began_at")?);
        self.one(OUTAGE_END, vec![router.uuid().into(), at.into()], read).await
    }

    async fn outage_page(
        &mut self,
        router: Option<RouterId>,
        page: PageRequest<OutageSort>,
    ) -> Result<Page<Outage>, StoreError> {
        let values = vec![router.map(RouterId::uuid).into()];
        let read = |row: &D::Found| {
            Ok(Outage {
                id: OutageId::from_uuid(row.uuid("id")?),
                router: RouterId::from_uuid(row.uuid("router_id")?),
                began_at: row.instant("began_at")?,
                ended_at: row.instant_or_none("ended_at")?,
                last_error: row.text("last_error")?,
            })
        };
        self.page(&OUTAGES, values, &page, read).await
    }
}
