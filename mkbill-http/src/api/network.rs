//! Who is online, what was used, and how routers fare, over HTTP.

use axum::Json;
use axum::response::IntoResponse as _;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use mkbill_core::billing::{Reader, RouterPlan};
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::ids::{LoginId, RouterId};
use mkbill_core::kernel::permission::needs::{LoginsView, RoutersSync, RoutersView};
use mkbill_core::operation::wish::Wish;
use mkbill_core::provisioning::LoginKind;
use mkbill_core::provisioning::controller::{Change, Step};
use mkbill_core::provisioning::drift::FoundDrift;
use mkbill_core::provisioning::session::Session;
use mkbill_core::provisioning::store::{SessionFilter, SessionSort, UsageDay};
use mkbill_core::router::health::{Outage, Vitals};
use mkbill_core::router::licence::LicenceUse;
use mkbill_core::router::store::OutageSort;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::logins::LoginKindBody;
use super::operations::{Accepted, taken_on};
use super::routers::RouterBody;
use super::values::{PageBody, list_query};
use super::{Answer, Made, Problems};
use crate::auth::access::{Reads, Writes};
use crate::extract::{Path, Query, WriteHeaders, WriteQuery, named_in};
use crate::prefer::{PreferHeader, Preference};

/// Somebody's time online.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionBody {
    /// Identity.
    pub(crate) id: Uuid,
    /// The id of its router.
    pub(crate) router_id: Uuid,
    /// In which menu its login lives.
    pub(crate) kind: LoginKindBody,
    /// The name that signed in.
    pub(crate) name: String,
    /// The login of the books; null for somebody whom the books do not know.
    pub(crate) login_id: Option<Uuid>,
    /// The device: a MAC address, or whatever called.
    pub(crate) device: Option<String>,
    /// Its address.
    pub(crate) address: Option<String>,
    /// How it came in, such as `http-chap`, `mac-cookie` or `pppoe`.
    pub(crate) via: Option<String>,
    /// When it began.
    pub(crate) started_at: Timestamp,
    /// When it was last seen.
    pub(crate) seen_at: Timestamp,
    /// By when it had ended; null as long as it goes on.
    pub(crate) ended_at: Option<Timestamp>,
    /// How long it had run when it was last seen.
    pub(crate) uptime_seconds: i64,
    /// Bytes from the customer.
    pub(crate) bytes_in: u64,
    /// Bytes to the customer.
    pub(crate) bytes_out: u64,
}

impl From<Session> for SessionBody {
    fn from(session: Session) -> Self {
        Self {
            id: session.id.uuid(),
            router_id: session.router.uuid(),
            kind: session.kind.into(),
            name: session.name,
            login_id: session.login.map(LoginId::uuid),
            device: session.device,
            address: session.address,
            via: session.via,
            started_at: session.started_at,
            seen_at: session.seen_at,
            ended_at: session.ended_at,
            uptime_seconds: session.uptime.as_secs(),
            bytes_in: session.bytes_in,
            bytes_out: session.bytes_out,
        }
    }
}

list_query! {
    /// Which sessions, and which page of them.
    SessionsQuery by SessionSort {
        /// On this router: name or id.
        router: Option<String>,
        /// In this menu.
        #[param(inline)]
        kind: Option<LoginKindBody>,
        /// Of this login: an id.
        login: Option<Uuid>,
        /// With this very name.
        name: Option<String>,
        /// Only those that go on.
        #[serde(default)]
        #[param(required = false)]
        open: bool,
        /// Only of names that the books do not know.
        #[serde(default)]
        #[param(required = false)]
        unknown: bool,
    }
}

impl SessionsQuery {
    pub(crate) async fn filter(&self, billing: &Reader) -> Result<SessionFilter, Error> {
        let router = match &self.router {
            Some(key) => Some(billing.router_or_removed(key).await.map_err(named_in("router"))?.id),
            None => None,
        };
        Ok(SessionFilter {
            router,
            kind: self.kind.map(LoginKind::from),
            login: self.login.map(LoginId::from_uuid),
            name: self.name.clone(),
            open: self.open,
            unknown: self.unknown,
        })
    }
}

/// What a login used on one business date.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UsageDay)]
pub(crate) struct UsageDayBody {
    /// The date on which it was seen.
    pub(crate) day: Date,
    /// Time online in seconds.
    pub(crate) uptime_seconds: i64,
    /// Bytes from the customer.
    pub(crate) bytes_in: u64,
    /// Bytes to the customer.
    pub(crate) bytes_out: u64,
}

impl From<UsageDay> for UsageDayBody {
    fn from(row: UsageDay) -> Self {
        Self {
            day: row.day,
            uptime_seconds: row.used.uptime.as_secs(),
            bytes_in: row.used.bytes_in,
            bytes_out: row.used.bytes_out,
        }
    }
}

/// What a login used.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Usage)]
pub(crate) struct UsageBody {
    /// By date; dates without use are left out.
    pub(crate) items: Vec<UsageDayBody>,
}

/// A span of business dates.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct UsageQuery {
    /// The first; 30 days ago if absent.
    pub(crate) from: Option<Date>,
    /// The last; today if absent.
    pub(crate) to: Option<Date>,
}

impl UsageQuery {
    /// The first and the last date.
    pub(crate) fn dates(&self, billing: &Reader) -> (Date, Date) {
        let today = billing.zone().date(billing.now());
        let to = self.to.unwrap_or(today);
        let month = jiff::Span::new().days(30);
        let from = self.from.or_else(|| to.checked_sub(month).ok()).unwrap_or(to);
        (from, to)
    }

    pub(crate) async fn read(self, billing: &Reader, login: LoginId) -> Result<UsageBody, Error> {
        let (from, to) = self.dates(billing);
        let days = billing.usage(login, from, to).await?;
        Ok(UsageBody { items: days.into_iter().map(UsageDayBody::from).collect() })
    }
}

/// A time in which a router could not be worked with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Outage)]
pub(crate) struct OutageBody {
    /// Identity.
    pub(crate) id: Uuid,
    /// The id of the router.
    pub(crate) router_id: Uuid,
    /// When the first try failed.
    pub(crate) began_at: Timestamp,
    /// When a try succeeded again; null as long as it lasts.
    pub(crate) ended_at: Option<Timestamp>,
    /// Why the latest try failed.
    pub(crate) last_error: String,
}

impl From<Outage> for OutageBody {
    fn from(outage: Outage) -> Self {
        Self {
            id: outage.id.uuid(),
            router_id: outage.router.uuid(),
            began_at: outage.began_at,
            ended_at: outage.ended_at,
            last_error: outage.last_error,
        }
    }
}

list_query! {
    /// Which outages, and which page of them.
    OutagesQuery by OutageSort {
        /// Of this router: name or id.
        router: Option<String>,
    }
}

/// What a router says of its machine; null for what it does not show.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Vitals)]
pub(crate) struct VitalsBody {
    /// Its own name.
    pub(crate) identity: Option<String>,
    /// The model.
    pub(crate) board: Option<String>,
    /// The level of its licence.
    pub(crate) license: Option<String>,
    /// Load of all processors, in percent.
    pub(crate) cpu_load: Option<u64>,
    /// Free memory in bytes.
    pub(crate) memory_free: Option<u64>,
    /// Memory in bytes.
    pub(crate) memory_total: Option<u64>,
    /// Free flash in bytes.
    pub(crate) storage_free: Option<u64>,
    /// Flash in bytes.
    pub(crate) storage_total: Option<u64>,
    /// How many seconds its clock is ahead of ours.
    pub(crate) clock_ahead_seconds: Option<i64>,
    /// How many milliseconds the last look took.
    pub(crate) latency_milliseconds: Option<i64>,
    /// Sign-ins at the hotspot that failed between the last two looks.
    pub(crate) failed_logins: Option<u64>,
    /// Customers online at the hotspot.
    pub(crate) hotspot_sessions: Option<u64>,
    /// How many its licence allows there; null for any number, or if that is not known.
    pub(crate) hotspot_sessions_max: Option<u64>,
    /// Customers online over PPPoE.
    pub(crate) pppoe_sessions: Option<u64>,
    /// How many its licence allows there; null for any number, or if that is not known.
    pub(crate) pppoe_sessions_max: Option<u64>,
    /// How much of its licence is used, in percent: of hotspot or PPPoE the one of which less is
    /// left; null if nothing is limited.
    pub(crate) license_used_percent: Option<u64>,
}

/// A time as clients read it, unless it is too long to be one.
pub(crate) fn milliseconds(time: SignedDuration) -> Option<i64> {
    i64::try_from(time.as_millis()).ok()
}

impl From<Vitals> for VitalsBody {
    fn from(vitals: Vitals) -> Self {
        let limits = vitals.licence_limits();
        Self {
            hotspot_sessions: vitals.hotspot_sessions,
            hotspot_sessions_max: limits.and_then(|limits| limits.hotspot),
            pppoe_sessions: vitals.pppoe_sessions,
            pppoe_sessions_max: limits.and_then(|limits| limits.pppoe),
            license_used_percent: vitals.licence_used().map(LicenceUse::percent),
            identity: vitals.identity,
            board: vitals.board,
            license: vitals.license,
            cpu_load: vitals.cpu_load,
            memory_free: vitals.memory_free,
            memory_total: vitals.memory_total,
            storage_free: vitals.storage_free,
            storage_total: vitals.storage_total,
            clock_ahead_seconds: vitals.clock_ahead,
            latency_milliseconds: vitals.latency.and_then(milliseconds),
            failed_logins: vitals.failed_logins,
        }
    }
}

/// Where a router and the books disagreed when it was last looked at.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Drift)]
pub(crate) struct DriftBody {
    /// In which menu.
    pub(crate) kind: LoginKindBody,
    /// The name on the router.
    pub(crate) name: String,
    /// `missing`, `changed`, `unmarked`, `orphan` or `still_online`.
    pub(crate) what: &'static str,
    /// The fields that were changed, by their names on the router.
    pub(crate) fields: Vec<String>,
    /// The login of the books.
    pub(crate) login_id: Option<Uuid>,
    /// When it was first found.
    pub(crate) found_at: Timestamp,
}

impl From<FoundDrift> for DriftBody {
    fn from(drift: FoundDrift) -> Self {
        Self {
            kind: drift.kind.into(),
            name: drift.name,
            what: drift.what.name(),
            fields: drift.fields,
            login_id: drift.login.map(LoginId::uuid),
            found_at: drift.found_at,
        }
    }
}

/// Where a router and the books disagreed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Drifts)]
pub(crate) struct DriftsBody {
    /// By kind and name.
    pub(crate) items: Vec<DriftBody>,
}

/// What a pass would do to one login.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlannedChange)]
pub(crate) struct PlannedChangeBody {
    /// `cut_off`, `restore`, `add` or `remove`; they are done in this order.
    pub(crate) act: &'static str,
    /// In which menu.
    pub(crate) kind: LoginKindBody,
    /// The name on the router.
    pub(crate) name: String,
    /// The login of the books.
    pub(crate) login_id: Uuid,
    /// The single steps, in their order; passwords are left out.
    #[schema(example = json!(["set profile", "end session"]))]
    pub(crate) steps: Vec<String>,
}

/// What a pass over a router would do now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RouterPlan)]
pub(crate) struct RouterPlanBody {
    /// The id of the router.
    pub(crate) router_id: Uuid,
    /// What would be changed, in its order.
    pub(crate) changes: Vec<PlannedChangeBody>,
    /// How many logins agree already.
    pub(crate) in_step: usize,
    /// Names that stand there without our mark; nothing is done about them.
    pub(crate) taken: Vec<String>,
}

impl From<RouterPlan> for RouterPlanBody {
    fn from(plan: RouterPlan) -> Self {
        let name_of = |id: LoginId| {
            let login = plan.logins.iter().find(|login| login.id == id);
            login.map(|login| login.name.clone()).unwrap_or_default()
        };
        let part = |act, changes: &[Change]| {
            let body = |change: &Change| PlannedChangeBody {
                act,
                kind: change.kind.into(),
                name: name_of(change.login),
                login_id: change.login.uuid(),
                steps: change.steps.iter().map(|step| step_text(change.kind, step)).collect(),
            };
            changes.iter().map(body).collect::<Vec<_>>()
        };
        let diff = &plan.diff;
        let changes = [
            part("cut_off", &diff.cuts),
            part("restore", &diff.restores),
            part("add", &diff.adds),
            part("remove", &diff.tidy),
        ];
        Self {
            router_id: RouterId::uuid(plan.router.id),
            changes: changes.into_iter().flatten().collect(),
            in_step: diff.in_step.len(),
            taken: diff.taken.iter().map(|id| name_of(*id)).collect(),
        }
    }
}

fn step_text(kind: LoginKind, step: &Step) -> String {
    match step {
        Step::SetUser(_, patch) => format!("set {}", patch.fields(kind).join(", ")),
        Step::ClearField(_, field) => {
            format!("clear {}", field.on_router(kind).unwrap_or_default())
        }
        Step::RemoveCookie(_) => "remove cookie".to_owned(),
        Step::EndSession(_) => "end session".to_owned(),
        Step::RemoveUser(_) => "remove".to_owned(),
        Step::AddUser(add) => format!("add on profile {}", add.profile),
    }
}

/// Lists sessions, newest first unless asked otherwise. Those that go on are as the last look saw them.
#[utoipa::path(get, path = "/sessions", tag = "network", params(SessionsQuery),
    responses((status = 200, description = "A page", body = PageBody<SessionBody>), Problems))]
pub(crate) async fn list_sessions(
    billing: Reads<LoginsView>,
    Query(query): Query<SessionsQuery>,
) -> Answer<PageBody<SessionBody>> {
    let filter = query.filter(&billing).await?;
    let page = query.page()?;
    Ok(Json(PageBody::of(billing.sessions(&filter, page).await?, SessionBody::from)))
}

/// Shows what a login used, by business date.
#[utoipa::path(get, path = "/logins/{login}/usage", tag = "network",
    params(("login" = Uuid, Path, description = "Id"), UsageQuery),
    responses((status = 200, description = "By date", body = UsageBody), Problems))]
pub(crate) async fn show_usage(
    billing: Reads<LoginsView>,
    Path(id): Path<Uuid>,
    Query(query): Query<UsageQuery>,
) -> Answer<UsageBody> {
    Ok(Json(query.read(&billing, LoginId::from_uuid(id)).await?))
}

/// Lists when routers were away, newest first unless asked otherwise.
#[utoipa::path(get, path = "/outages", tag = "network", params(OutagesQuery),
    responses((status = 200, description = "A page", body = PageBody<OutageBody>), Problems))]
pub(crate) async fn list_outages(
    billing: Reads<RoutersView>,
    Query(query): Query<OutagesQuery>,
) -> Answer<PageBody<OutageBody>> {
    let page = query.page()?;
    let outages = billing.outages(query.router.as_deref(), page).await;
    Ok(Json(PageBody::of(outages.map_err(named_in("router"))?, OutageBody::from)))
}

/// Shows where a router and the books disagreed when it was last looked at.
#[utoipa::path(get, path = "/routers/{router}/drift", tag = "network",
    params(("router" = String, Path, description = "Name or id")),
    responses((status = 200, description = "By kind and name", body = DriftsBody), Problems))]
pub(crate) async fn show_drift(
    billing: Reads<RoutersView>,
    Path(router): Path<String>,
) -> Answer<DriftsBody> {
    let drift = billing.drift(&router).await?;
    Ok(Json(DriftsBody { items: drift.into_iter().map(DriftBody::from).collect() }))
}

/// Looks at a router now and says what a pass would change. Changes nothing.
#[utoipa::path(post, path = "/routers/{router}/plan", tag = "network",
    params(("router" = String, Path, description = "Name or id"), WriteHeaders, WriteQuery),
    responses((status = 200, description = "What would be done", body = RouterPlanBody), Problems))]
pub(crate) async fn plan_router(
    billing: Writes<RoutersSync>,
    Path(router): Path<String>,
) -> Answer<RouterPlanBody> {
    Ok(Json(billing.plan_router(&router).await?.into()))
}

/// Has a router looked at and brought in step as soon as a worker can.
///
/// With `Prefer: respond-async` the answer is an operation that is over when the router was looked at.
#[utoipa::path(post, path = "/routers/{router}/apply", tag = "network",
    params(("router" = String, Path, description = "Name or id"), WriteHeaders, PreferHeader,
        WriteQuery),
    responses(Accepted, (status = 200, description = "It is ordered", body = RouterBody), Problems))]
pub(crate) async fn apply_router(
    billing: Writes<RoutersSync>,
    prefers: Preference,
    Path(router): Path<String>,
) -> Made {
    if prefers.is_async(&billing.caller) {
        let wish = Wish::ApplyRouter(billing.router(&router).await?.id);
        return taken_on(&billing, &billing.caller, wish).await;
    }
    let router = billing.apply_router(&billing.caller, &router).await?;
    Ok(Json(RouterBody::from(router)).into_response())
}
