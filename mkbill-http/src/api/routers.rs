//! Routers over HTTP.

use axum::Json;
use jiff::Timestamp;
use jiff::civil::DateTime;
use mkbill_core::billing::RouterCheck;
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::language::said;
use mkbill_core::kernel::permission::needs::{RoutersEdit, RoutersSync, RoutersView};
use mkbill_core::provisioning::LoginKind;
use mkbill_core::provisioning::controller::{AccessFinding, AccessVerdict};
use mkbill_core::provisioning::stranger::Stranger;
use mkbill_core::router::change::{RouterChange, SecurityChange};
use mkbill_core::router::{LinkSecurity, NewRouter, Router, RouterAddress, Trust};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::logins::LoginKindBody;
use super::network::VitalsBody;
use super::{Answer, Made, Problems, created};
use crate::auth::access::{Reads, Writes};
use crate::extract::{Json as Body, Path, WriteHeaders, WriteQuery};

/// How the connection to a router is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[schema(as = Security)]
pub(crate) enum SecurityBody {
    /// Not at all: the password crosses the network readable.
    Plain,
    /// TLS, and a public authority vouches for the certificate.
    Tls,
    /// TLS with exactly the certificate or key whose fingerprint is in `certificate_pin`.
    TlsPinned,
    /// TLS with any certificate: protects from listening, not from impostors.
    TlsAnyCertificate,
}

/// A router to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRouter)]
pub(crate) struct NewRouterBody {
    /// Your name for it: 1 to 60 characters, unique.
    #[schema(example = "rt-05", min_length = 1, max_length = 60)]
    pub(crate) name: String,
    /// Host name or address of its API service.
    #[schema(example = "192.168.88.1")]
    pub(crate) host: String,
    /// Port of its API service; 8728, or 8729 with TLS, if absent.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 65_535)]
    pub(crate) port: Option<u16>,
    /// How the connection is protected.
    pub(crate) security: SecurityBody,
    /// Fingerprint of the certificate or of its public key, with `tls_pinned` only: `sha256:` and
    /// 64 hex digits; or of the public key only: `spki-sha256:` and digits or Base64, or
    /// `sha256//` and Base64.
    #[serde(default)]
    pub(crate) certificate_pin: Option<String>,
    /// The API user.
    #[schema(example = "mkbill")]
    pub(crate) username: String,
    /// The API user's password; it is sealed and never shown again.
    #[schema(write_only, format = Password)]
    pub(crate) password: String,
}

impl NewRouterBody {
    pub(crate) fn read(self) -> Result<NewRouter, Error> {
        let security = security(self.security, self.certificate_pin)?;
        let port = self.port.unwrap_or_else(|| security.default_port());
        Ok(NewRouter {
            name: self.name.parse()?,
            address: RouterAddress::new(&self.host, port)?,
            security,
            username: self.username,
            password: SecretString::from(self.password),
        })
    }
}

/// What changes of a router; what is absent stays as it is.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RouterChange)]
pub(crate) struct RouterChangeBody {
    /// Your name for it: 1 to 60 characters, unique.
    #[serde(default)]
    #[schema(example = "rt-05", min_length = 1, max_length = 60)]
    pub(crate) name: Option<String>,
    /// Host name or address of its API service.
    #[serde(default)]
    #[schema(example = "192.168.88.1")]
    pub(crate) host: Option<String>,
    /// Port of its API service. If absent, a default port follows a change between 8728 and 8729
    /// that `security` brings.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 65_535)]
    pub(crate) port: Option<u16>,
    /// How the connection is protected.
    #[serde(default)]
    pub(crate) security: Option<SecurityBody>,
    /// Another fingerprint, with `tls_pinned`; without `security` if it is `tls_pinned` already.
    #[serde(default)]
    pub(crate) certificate_pin: Option<String>,
    /// The API user.
    #[serde(default)]
    #[schema(example = "mkbill")]
    pub(crate) username: Option<String>,
    /// The API user's password; it is sealed and never shown again.
    #[serde(default)]
    #[schema(write_only, format = Password)]
    pub(crate) password: Option<String>,
}

impl RouterChangeBody {
    pub(crate) fn read(self) -> Result<RouterChange, Error> {
        Ok(RouterChange {
            name: self.name.as_deref().map(str::parse).transpose()?,
            host: self.host,
            port: self.port,
            security: match (self.security, self.certificate_pin) {
                (Some(kind), pin) => Some(SecurityChange::To(security(kind, pin)?)),
                (None, pin) => pin.map(SecurityChange::Pin),
            },
            username: self.username,
            password: self.password.map(SecretString::from),
        })
    }
}

/// How a connection is protected, from what was asked for; `certificate_pin` belongs to one kind.
pub(crate) fn security(kind: SecurityBody, pin: Option<String>) -> Result<LinkSecurity, Error> {
    let field = "certificate_pin";
    match (kind, pin) {
        (SecurityBody::TlsPinned, Some(pin)) => Ok(LinkSecurity::Tls(Trust::Pin(pin))),
        (SecurityBody::TlsPinned, None) => {
            let wanted = said!(
                "give the fingerprint of the certificate or of its public key",
                "isi sidik jari sertifikat atau kunci publiknya"
            );
            Err(Error::invalid(field, wanted))
        }
        (_, Some(_)) => Err(Error::invalid(
            field,
            said!(
                "give it with security `tls_pinned` only",
                "isi hanya bersama keamanan `tls_pinned`"
            ),
        )),
        (SecurityBody::Plain, None) => Ok(LinkSecurity::Plain),
        (SecurityBody::Tls, None) => Ok(LinkSecurity::Tls(Trust::WebPki)),
        (SecurityBody::TlsAnyCertificate, None) => Ok(LinkSecurity::Tls(Trust::AnyCertificate)),
    }
}

/// A router and what is known of its health.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Router)]
pub(crate) struct RouterBody {
    /// Identity.
    pub(crate) id: Uuid,
    /// Your name for it.
    pub(crate) name: String,
    /// Host name or address.
    pub(crate) host: String,
    /// Port.
    pub(crate) port: u16,
    /// How the connection is protected.
    pub(crate) security: SecurityBody,
    /// The pinned fingerprint, with `tls_pinned`.
    pub(crate) certificate_pin: Option<String>,
    /// The API user.
    pub(crate) username: String,
    /// `RouterOS` version as last seen.
    pub(crate) routeros_version: Option<String>,
    /// Last complete look at it.
    pub(crate) observed_at: Option<Timestamp>,
    /// Failed looks in a row; 0 while all is well.
    pub(crate) failures: u32,
    /// Why the last look failed.
    pub(crate) last_error: Option<String>,
    /// What it said of its machine when it was last looked at.
    pub(crate) vitals: VitalsBody,
    /// When it was added.
    pub(crate) created_at: Timestamp,
    /// When it was removed: it is found by its id only, and nothing is done with it since.
    pub(crate) removed_at: Option<Timestamp>,
}

impl From<Router> for RouterBody {
    fn from(router: Router) -> Self {
        let (security, certificate_pin) = match router.security {
            LinkSecurity::Plain => (SecurityBody::Plain, None),
            LinkSecurity::Tls(Trust::WebPki) => (SecurityBody::Tls, None),
            LinkSecurity::Tls(Trust::AnyCertificate) => (SecurityBody::TlsAnyCertificate, None),
            LinkSecurity::Tls(Trust::Pin(pin)) => (SecurityBody::TlsPinned, Some(pin)),
        };
        Self {
            id: router.id.uuid(),
            name: router.name.to_string(),
            host: router.address.host,
            port: router.address.port,
            security,
            certificate_pin,
            username: router.username,
            routeros_version: router.health.version,
            observed_at: router.health.observed_at,
            failures: router.health.failures,
            last_error: router.health.last_error,
            vitals: router.health.vitals.into(),
            created_at: router.created_at,
            removed_at: router.removed_at,
        }
    }
}

/// What a router says of itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RouterCheck)]
pub(crate) struct RouterFactsBody {
    /// Its own name.
    pub(crate) identity: String,
    /// `RouterOS` version.
    pub(crate) routeros_version: String,
    /// Seconds since it started.
    pub(crate) uptime_seconds: i64,
    /// Its wall clock, in its own zone.
    #[schema(value_type = Option<String>)]
    pub(crate) clock: Option<DateTime>,
    /// Its profiles for hotspot users.
    pub(crate) hotspot_profiles: Vec<String>,
    /// Its profiles for PPPoE secrets.
    pub(crate) pppoe_profiles: Vec<String>,
    /// How our access to it stands.
    pub(crate) access: Vec<AccessFindingBody>,
}

/// One thing about our access to a router.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccessFinding)]
pub(crate) struct AccessFindingBody {
    /// What was looked at.
    #[schema(example = "policies")]
    pub(crate) what: &'static str,
    /// `good`; `advice` if it works and could be safer; `missing` if it does not work without.
    #[schema(example = "good")]
    pub(crate) verdict: &'static str,
    /// What was seen, and what to do.
    pub(crate) detail: String,
}

impl From<AccessFinding> for AccessFindingBody {
    fn from(finding: AccessFinding) -> Self {
        let verdict = match finding.verdict {
            AccessVerdict::Good => "good",
            AccessVerdict::Advice => "advice",
            AccessVerdict::Missing => "missing",
        };
        Self { what: finding.what, verdict, detail: finding.detail }
    }
}

impl From<RouterCheck> for RouterFactsBody {
    fn from(check: RouterCheck) -> Self {
        let RouterCheck { facts, access } = check;
        let profiles = |kind| {
            let those = facts.profiles.iter().filter(move |profile| profile.kind == kind);
            those.map(|profile| profile.name.clone()).collect()
        };
        Self {
            hotspot_profiles: profiles(LoginKind::Hotspot),
            pppoe_profiles: profiles(LoginKind::Pppoe),
            access: access.into_iter().map(AccessFindingBody::from).collect(),
            identity: facts.identity,
            routeros_version: facts.version,
            uptime_seconds: facts.uptime.as_secs(),
            clock: facts.clock,
        }
    }
}

/// A user or a secret that is not ours.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Stranger)]
pub(crate) struct StrangerBody {
    /// In which menu it is.
    pub(crate) kind: LoginKindBody,
    /// Its name.
    pub(crate) name: String,
    /// Its router profile.
    pub(crate) router_profile: String,
    /// Its comment.
    pub(crate) comment: String,
    /// Is it disabled?
    pub(crate) disabled: bool,
    /// Does it bear our mark? Then the books have lost it, or another database made it.
    pub(crate) marked: bool,
    /// When it was first seen.
    pub(crate) seen_at: Timestamp,
}

impl From<Stranger> for StrangerBody {
    fn from(stranger: Stranger) -> Self {
        let Stranger { kind, name, profile, comment, disabled, marked, seen_at, .. } = stranger;
        let (kind, router_profile) = (kind.into(), profile);
        Self { kind, name, router_profile, comment, disabled, marked, seen_at }
    }
}

/// Users and secrets of a router that are not ours.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Strangers)]
pub(crate) struct StrangersBody {
    /// By kind and name.
    pub(crate) items: Vec<StrangerBody>,
}

/// All routers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Routers)]
pub(crate) struct RoutersBody {
    /// By name; at most 1,000.
    pub(crate) items: Vec<RouterBody>,
    /// Always null: the list has one page.
    pub(crate) next_cursor: Option<String>,
}

impl From<Vec<Router>> for RoutersBody {
    fn from(routers: Vec<Router>) -> Self {
        Self { items: routers.into_iter().map(RouterBody::from).collect(), next_cursor: None }
    }
}

/// Adds a router. Does not talk to it: see its `check`.
#[utoipa::path(post, path = "/routers", tag = "routers", params(WriteHeaders, WriteQuery),
    request_body = NewRouterBody,
    responses((status = 201, description = "Added; `Location` says where", body = RouterBody),
        (status = 200, description = "Only tried", body = RouterBody), Problems))]
pub(crate) async fn add_router(
    billing: Writes<RoutersEdit>,
    Body(body): Body<NewRouterBody>,
) -> Made {
    let router = RouterBody::from(billing.add_router(&billing.caller, body.read()?).await?);
    Ok(created(&billing.caller, &format!("/api/v1/routers/{}", router.id), router))
}

/// Lists all routers by name.
#[utoipa::path(get, path = "/routers", tag = "routers",
    responses((status = 200, description = "All routers", body = RoutersBody), Problems))]
pub(crate) async fn list_routers(billing: Reads<RoutersView>) -> Answer<RoutersBody> {
    Ok(Json(billing.routers().await?.into()))
}

/// Shows a router; one that was removed by its id only.
#[utoipa::path(get, path = "/routers/{router}", tag = "routers",
    params(("router" = String, Path, description = "Name or id")),
    responses((status = 200, description = "The router", body = RouterBody), Problems))]
pub(crate) async fn show_router(
    billing: Reads<RoutersView>,
    Path(router): Path<String>,
) -> Answer<RouterBody> {
    Ok(Json(billing.router_or_removed(&router).await?.into()))
}

/// Changes what is stored of a router, and has a worker look at it at once if that concerns the way
/// to it. Does not talk to it: see its `check`.
#[utoipa::path(patch, path = "/routers/{router}", tag = "routers",
    params(("router" = String, Path, description = "Name or id"), WriteHeaders, WriteQuery),
    request_body = RouterChangeBody,
    responses((status = 200, description = "Changed", body = RouterBody), Problems))]
pub(crate) async fn change_router(
    billing: Writes<RoutersEdit>,
    Path(router): Path<String>,
    Body(body): Body<RouterChangeBody>,
) -> Answer<RouterBody> {
    Ok(Json(billing.change_router(&billing.caller, &router, body.read()?).await?.into()))
}

/// Removes a router that nobody needs any more: it is not worked with from then on, and its name is
/// free. What happened on it stays.
///
/// Refused with `router_in_use` while logins of subscriptions or vouchers are on it, and with
/// `router_untold` while it was not told that some are over.
#[utoipa::path(delete, path = "/routers/{router}", tag = "routers",
    params(("router" = String, Path, description = "Name or id"), WriteHeaders, WriteQuery),
    responses((status = 200, description = "Removed", body = RouterBody), Problems))]
pub(crate) async fn remove_router(
    billing: Writes<RoutersEdit>,
    Path(router): Path<String>,
) -> Answer<RouterBody> {
    Ok(Json(billing.remove_router(&billing.caller, &router).await?.into()))
}

/// Lists users and secrets that a router had at its last complete look and that are not ours.
#[utoipa::path(get, path = "/routers/{router}/strangers", tag = "routers",
    params(("router" = String, Path, description = "Name or id")),
    responses((status = 200, description = "By kind and name", body = StrangersBody), Problems))]
pub(crate) async fn list_strangers(
    billing: Reads<RoutersView>,
    Path(router): Path<String>,
) -> Answer<StrangersBody> {
    let strangers = billing.strangers(&router).await?;
    Ok(Json(StrangersBody { items: strangers.into_iter().map(StrangerBody::from).collect() }))
}

/// Signs in to a router now, asks it about itself, and looks whether our account there has what is
/// needed and no more. Changes nothing.
#[utoipa::path(post, path = "/routers/{router}/check", tag = "routers",
    params(("router" = String, Path, description = "Name or id"), WriteHeaders, WriteQuery),
    responses((status = 200, description = "It answered", body = RouterFactsBody), Problems))]
pub(crate) async fn check_router(
    billing: Writes<RoutersSync>,
    Path(router): Path<String>,
) -> Answer<RouterFactsBody> {
    Ok(Json(billing.check_router(&router).await?.into()))
}
