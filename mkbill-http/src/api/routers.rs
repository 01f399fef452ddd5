//! Routers over HTTP.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use jiff::civil::DateTime;
use mkbill_core::billing::{Billing, RouterCheck};
use mkbill_core::kernel::error::Error;
use mkbill_core::provisioning::LoginKind;
use mkbill_core::provisioning::controller::{AccessFinding, AccessVerdict};
use mkbill_core::provisioning::profile::RouterProfile;
use mkbill_core::provisioning::stranger::Stranger;
use mkbill_core::router::{LinkSecurity, NewRouter, Router, RouterAddress, Trust};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use wildmatch::WildMatchPattern;

use super::logins::LoginKindBody;
use super::network::VitalsBody;
use super::{Answer, Made, Problems, created};
use crate::extract::{Json as Body, Path, Query, WriteHeaders, WriteQuery, Writer};

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

/// How a connection is protected, from what was asked for; `certificate_pin` belongs to one kind.
pub(crate) fn security(kind: SecurityBody, pin: Option<String>) -> Result<LinkSecurity, Error> {
    let field = "certificate_pin";
    match (kind, pin) {
        (SecurityBody::TlsPinned, Some(pin)) => Ok(LinkSecurity::Tls(Trust::Pin(pin))),
        (SecurityBody::TlsPinned, None) => {
            let wanted = "give the fingerprint of the certificate or of its public key";
            Err(Error::invalid(field, wanted))
        }
        (_, Some(_)) => Err(Error::invalid(field, "give it with security `tls_pinned` only")),
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

/// Which profiles.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProfilesQuery {
    /// For which kind of logins.
    #[param(inline)]
    pub(crate) kind: Option<LoginKindBody>,
    /// Only names that match; `*` stands for any characters, letters match in either case.
    #[param(example = "*pppoe*")]
    pub(crate) matching: Option<String>,
}

impl ProfilesQuery {
    pub(crate) async fn read(
        self,
        billing: &Billing,
        router: &str,
    ) -> Result<RouterProfilesBody, Error> {
        let pattern =
            self.matching.as_deref().map(WildMatchPattern::<'*', '\0'>::new_case_insensitive);
        let profiles = billing.router_profiles(router).await?.into_iter();
        let kind = self.kind.map(LoginKind::from);
        let profiles = profiles.filter(|known| kind.is_none_or(|kind| known.facts.kind == kind));
        let fits = |known: &RouterProfile| {
            pattern.as_ref().is_none_or(|pattern| pattern.matches(&known.facts.name))
        };
        Ok(RouterProfilesBody {
            items: profiles.filter(fits).map(RouterProfileBody::from).collect(),
        })
    }
}

/// A profile that a router has or had.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RouterProfile)]
pub(crate) struct RouterProfileBody {
    /// For which kind of logins.
    pub(crate) kind: LoginKindBody,
    /// Its name.
    pub(crate) name: String,
    /// The speed as the router writes it: upload/download, then burst.
    #[schema(example = "5M/10M")]
    pub(crate) rate_limit: Option<String>,
    /// The longest single session, in seconds.
    pub(crate) session_timeout_seconds: Option<i64>,
    /// A session that is silent for so many seconds ends.
    pub(crate) idle_timeout_seconds: Option<i64>,
    /// The pool, or the address, that customers get.
    pub(crate) remote_address: Option<String>,
    /// The router's address in the tunnel.
    pub(crate) local_address: Option<String>,
    /// The address list that sessions are entered in.
    pub(crate) address_list: Option<String>,
    /// How many sessions a login may have at once.
    pub(crate) sessions_max: Option<u32>,
    /// When it was first seen.
    pub(crate) seen_at: Timestamp,
    /// Since when it is gone.
    pub(crate) missing_since: Option<Timestamp>,
}

impl From<RouterProfile> for RouterProfileBody {
    fn from(profile: RouterProfile) -> Self {
        let facts = profile.facts;
        let seconds = |span: Option<jiff::SignedDuration>| span.map(|span| span.as_secs());
        Self {
            kind: facts.kind.into(),
            name: facts.name,
            rate_limit: facts.rate_limit,
            session_timeout_seconds: seconds(facts.session_timeout),
            idle_timeout_seconds: seconds(facts.idle_timeout),
            remote_address: facts.remote_address,
            local_address: facts.local_address,
            address_list: facts.address_list,
            sessions_max: facts.sessions_max,
            seen_at: profile.seen_at,
            missing_since: profile.missing_since,
        }
    }
}

/// The profiles of a router.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RouterProfiles)]
pub(crate) struct RouterProfilesBody {
    /// By kind and name.
    pub(crate) items: Vec<RouterProfileBody>,
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
    State(billing): State<Billing>,
    writer: Writer,
    Body(body): Body<NewRouterBody>,
) -> Made {
    let router = RouterBody::from(billing.add_router(&writer.0, body.read()?).await?);
    Ok(created(&writer, &format!("/api/v1/routers/{}", router.id), router))
}

/// Lists all routers by name.
#[utoipa::path(get, path = "/routers", tag = "routers",
    responses((status = 200, description = "All routers", body = RoutersBody), Problems))]
pub(crate) async fn list_routers(State(billing): State<Billing>) -> Answer<RoutersBody> {
    Ok(Json(billing.routers().await?.into()))
}

/// Shows a router.
#[utoipa::path(get, path = "/routers/{router}", tag = "routers",
    params(("router" = String, Path, description = "Name or id")),
    responses((status = 200, description = "The router", body = RouterBody), Problems))]
pub(crate) async fn show_router(
    State(billing): State<Billing>,
    Path(router): Path<String>,
) -> Answer<RouterBody> {
    Ok(Json(billing.router(&router).await?.into()))
}

/// Lists the profiles that a router has or had, by kind and name.
#[utoipa::path(get, path = "/routers/{router}/profiles", tag = "routers",
    params(("router" = String, Path, description = "Name or id"), ProfilesQuery),
    responses((status = 200, description = "The profiles", body = RouterProfilesBody), Problems))]
pub(crate) async fn list_profiles(
    State(billing): State<Billing>,
    Path(router): Path<String>,
    Query(query): Query<ProfilesQuery>,
) -> Answer<RouterProfilesBody> {
    Ok(Json(query.read(&billing, &router).await?))
}

/// Lists users and secrets that a router had at its last complete look and that are not ours.
#[utoipa::path(get, path = "/routers/{router}/strangers", tag = "routers",
    params(("router" = String, Path, description = "Name or id")),
    responses((status = 200, description = "By kind and name", body = StrangersBody), Problems))]
pub(crate) async fn list_strangers(
    State(billing): State<Billing>,
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
    State(billing): State<Billing>,
    Path(router): Path<String>,
    _writer: Writer,
) -> Answer<RouterFactsBody> {
    Ok(Json(billing.check_router(&router).await?.into()))
}
