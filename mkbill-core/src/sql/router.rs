//! Routers in SQL.

use async_trait::async_trait;
use jiff::SignedDuration;

use crate::kernel::ids::RouterId;
use crate::kernel::secret::Sealed;
use crate::router::store::{ROUTERS_MAX, RouterStore};
use crate::router::{LinkSecurity, Router, RouterAddress, RouterHealth, RouterName, Trust};
use crate::store::StoreError;

use super::engine::{Dialect, Record};
use super::statement::{Statement, statements};
use super::{ReadError, SqlTx, known, small};

macro_rules! columns {
    () => {
        "id, name, host, port, trust, pin, username, password_sealed, version, observed_at, \
         uptime_seconds, failures, last_error, created_at"
    };
}

statements! {
    INSERT: "adding a router" =
        "INSERT INTO router (id, name, host, port, trust, pin, username, password_sealed, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (name) DO NOTHING";
    BY_ID: "reading a router" = concat!("SELECT ", columns!(), " FROM router WHERE id = $1");
    BY_NAME: "reading a router" = concat!("SELECT ", columns!(), " FROM router WHERE name = $1");
    LIST: "listing routers" = concat!("SELECT ", columns!(), " FROM router ORDER BY name LIMIT $1");
    HEALTH: "noting a router's health" =
        "UPDATE router SET version = $2, observed_at = $3, uptime_seconds = $4, failures = $5, \
         last_error = $6 WHERE id = $1";
}

fn trust_columns(security: &LinkSecurity) -> (&'static str, Option<String>) {
    match security {
        LinkSecurity::Plain => ("plain", None),
        LinkSecurity::Tls(Trust::WebPki) => ("web_pki", None),
        LinkSecurity::Tls(Trust::Pin(pin)) => ("pin", Some(pin.clone())),
        LinkSecurity::Tls(Trust::AnyCertificate) => ("any", None),
    }
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
        },
        created_at: row.instant("created_at")?,
    })
}

#[async_trait]
impl<D: Dialect> RouterStore for SqlTx<D> {
    async fn router_insert(&mut self, router: &Router) -> Result<bool, StoreError> {
        let (trust, pin) = trust_columns(&router.security);
        let values = vec![
            router.id.uuid().into(),
            router.name.as_str().into(),
            router.address.host.as_str().into(),
            i64::from(router.address.port).into(),
            trust.into(),
            pin.into(),
            router.username.as_str().into(),
            router.password.as_bytes().into(),
            router.created_at.into(),
        ];
        Ok(self.execute(INSERT, values).await? == 1)
    }

    async fn router_by_id(&mut self, id: RouterId) -> Result<Option<Router>, StoreError> {
        self.one(BY_ID, vec![id.uuid().into()], read).await
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
        ];
        self.execute(HEALTH, values).await.map(drop)
    }
}
