//! Profiles of routers: those that are there and those that ought to be, over HTTP.

use axum::Json;
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use mkbill_core::billing::Reader;
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::permission::needs::{ProfilesEdit, ProfilesView};
use mkbill_core::provisioning::LoginKind;
use mkbill_core::provisioning::profile::{ProfileFacts, ProfileWish, RouterProfile};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wildmatch::WildMatchPattern;

use super::logins::LoginKindBody;
use super::values::span;
use super::{Answer, Problems};
use crate::auth::access::{Reads, Writes};
use crate::extract::{Json as Body, Path, Query, WriteHeaders, WriteQuery};
use crate::problem::Problem;

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
        billing: &Reader,
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

/// What a profile says.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProfileFacts)]
pub(crate) struct ProfileFactsBody {
    /// For which kind of logins.
    pub(crate) kind: LoginKindBody,
    /// Its name.
    pub(crate) name: String,
    /// The speed: upload/download, then burst; as the router writes it, or in its shortest form.
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
}

impl From<ProfileFacts> for ProfileFactsBody {
    fn from(facts: ProfileFacts) -> Self {
        let seconds = |span: Option<SignedDuration>| span.map(|span| span.as_secs());
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
        }
    }
}

/// A profile that a router has or had.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RouterProfile)]
pub(crate) struct RouterProfileBody {
    /// What it says.
    #[serde(flatten)]
    pub(crate) facts: ProfileFactsBody,
    /// When it was first seen.
    pub(crate) seen_at: Timestamp,
    /// Since when it is gone.
    pub(crate) missing_since: Option<Timestamp>,
}

impl From<RouterProfile> for RouterProfileBody {
    fn from(profile: RouterProfile) -> Self {
        Self {
            facts: profile.facts.into(),
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

/// What a profile ought to say. What is absent is left as it is on the router.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProfileWishChange)]
pub(crate) struct ProfileWishChangeBody {
    /// The speed: upload/download, then burst, threshold, time and priority.
    #[serde(default)]
    #[schema(example = "5M/10M 10M/20M 4M/8M 10/10")]
    pub(crate) rate_limit: Option<String>,
    /// The longest single session, in seconds.
    #[serde(default)]
    #[schema(minimum = 1)]
    pub(crate) session_timeout_seconds: Option<u64>,
    /// A session that is silent for so many seconds ends.
    #[serde(default)]
    #[schema(minimum = 1)]
    pub(crate) idle_timeout_seconds: Option<u64>,
    /// The pool, or the address, that customers get.
    #[serde(default)]
    pub(crate) remote_address: Option<String>,
    /// The router's address in the tunnel; PPPoE only.
    #[serde(default)]
    pub(crate) local_address: Option<String>,
    /// The address list that sessions are entered in.
    #[serde(default)]
    pub(crate) address_list: Option<String>,
    /// How many sessions a login may have at once; 1 for PPPoE.
    #[serde(default)]
    #[schema(minimum = 1)]
    pub(crate) sessions_max: Option<u32>,
}

impl ProfileWishChangeBody {
    pub(crate) fn read(self, kind: LoginKind, name: String) -> Result<ProfileFacts, Error> {
        Ok(ProfileFacts {
            kind,
            name,
            rate_limit: self.rate_limit,
            session_timeout: span("session_timeout_seconds", self.session_timeout_seconds)?,
            idle_timeout: span("idle_timeout_seconds", self.idle_timeout_seconds)?,
            remote_address: self.remote_address,
            local_address: self.local_address,
            address_list: self.address_list,
            sessions_max: self.sessions_max,
        })
    }
}

/// A profile that a router ought to have.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProfileWish)]
pub(crate) struct ProfileWishBody {
    /// What it says.
    #[serde(flatten)]
    pub(crate) facts: ProfileFactsBody,
    /// How far the router has followed: `pending`, `applied` or `blocked`.
    pub(crate) sync: &'static str,
    /// Why it has not.
    pub(crate) last_error: Option<String>,
    /// When it was written last.
    pub(crate) updated_at: Timestamp,
}

impl From<ProfileWish> for ProfileWishBody {
    fn from(wish: ProfileWish) -> Self {
        Self {
            facts: wish.facts.into(),
            sync: wish.sync.name(),
            last_error: wish.last_error,
            updated_at: wish.updated_at,
        }
    }
}

/// The profiles that a router ought to have.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProfileWishes)]
pub(crate) struct ProfileWishesBody {
    /// By kind and name.
    pub(crate) items: Vec<ProfileWishBody>,
}

/// Lists the profiles that a router has or had, by kind and name.
#[utoipa::path(get, path = "/routers/{router}/profiles", tag = "routers",
    params(("router" = String, Path, description = "Name or id"), ProfilesQuery),
    responses((status = 200, description = "The profiles", body = RouterProfilesBody), Problems))]
pub(crate) async fn list_profiles(
    billing: Reads<ProfilesView>,
    Path(router): Path<String>,
    Query(query): Query<ProfilesQuery>,
) -> Answer<RouterProfilesBody> {
    Ok(Json(query.read(&billing, &router).await?))
}

/// Lists the profiles that a router ought to have.
#[utoipa::path(get, path = "/routers/{router}/profile-wishes", tag = "routers",
    params(("router" = String, Path, description = "Name or id")),
    responses((status = 200, description = "By kind and name", body = ProfileWishesBody), Problems))]
pub(crate) async fn list_wishes(
    billing: Reads<ProfilesView>,
    Path(router): Path<String>,
) -> Answer<ProfileWishesBody> {
    let wishes = billing.profile_wishes(&router).await?;
    Ok(Json(ProfileWishesBody { items: wishes.into_iter().map(ProfileWishBody::from).collect() }))
}

/// Wants a profile on a router: it is added, or changed where it says otherwise, and kept so. Sessions
/// keep the speed they began with.
#[utoipa::path(put, path = "/routers/{router}/profile-wishes/{kind}/{name}", tag = "routers",
    params(("router" = String, Path, description = "Name or id"),
        ("kind" = String, Path, description = "`hotspot` or `pppoe`"),
        ("name" = String, Path, description = "Its name"), WriteHeaders, WriteQuery),
    request_body = ProfileWishChangeBody,
    responses((status = 200, description = "The wish", body = ProfileWishBody), Problems))]
pub(crate) async fn wish_profile(
    billing: Writes<ProfilesEdit>,
    Path((router, kind, name)): Path<(String, String, String)>,
    Body(body): Body<ProfileWishChangeBody>,
) -> Answer<ProfileWishBody> {
    let facts = body.read(kind.parse()?, name)?;
    Ok(Json(billing.wish_profile(&billing.caller, &router, facts).await?.into()))
}

/// Wants a profile no more. What stands on the router stays.
#[utoipa::path(delete, path = "/routers/{router}/profile-wishes/{kind}/{name}", tag = "routers",
    params(("router" = String, Path, description = "Name or id"),
        ("kind" = String, Path, description = "`hotspot` or `pppoe`"),
        ("name" = String, Path, description = "Its name"), WriteHeaders, WriteQuery),
    responses((status = 204, description = "It is forgotten"), Problems))]
pub(crate) async fn forget_profile(
    billing: Writes<ProfilesEdit>,
    Path((router, kind, name)): Path<(String, String, String)>,
) -> Result<StatusCode, Problem> {
    billing.forget_profile(&billing.caller, &router, kind.parse()?, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
