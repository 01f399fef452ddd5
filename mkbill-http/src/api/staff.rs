//! Staff over HTTP.

use axum::Json;
use axum::response::Response;
use jiff::Timestamp;
use mkbill_core::billing::Admitted;
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::permission::Role;
use mkbill_core::kernel::permission::needs::{StaffCreate, StaffDelete, StaffEdit, StaffView};
use mkbill_core::staff::store::{StaffSessionSort, StaffSort};
use mkbill_core::staff::{NewStaff, Staff, StaffChange, StaffState};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::auth::{SignedOutBody, StaffSessionBody};
use super::values::{PageBody, choices, list_query};
use super::{Answer, Made, Problems, created};
use crate::auth::access::{Reads, Writes};
use crate::extract::{Json as Body, Path, Query, WriteHeaders, WriteQuery};

choices! {
    /// What somebody is among the staff.
    RoleBody as Role for Role {
        /// Works with customers.
        Operator,
        /// Runs the business.
        Admin,
        /// Owns it: staff, keys and routers too.
        SuperAdmin,
    }
}

/// Somebody who operates the system.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Staff)]
pub(crate) struct StaffBody {
    /// Identity.
    pub(crate) id: Uuid,
    /// What they sign in with.
    pub(crate) username: String,
    /// Name for people.
    pub(crate) name: String,
    /// What they are.
    pub(crate) role: RoleBody,
    /// What they may do, by name; `*` is everything.
    pub(crate) permissions: Vec<&'static str>,
    /// Whether they may sign in.
    pub(crate) enabled: bool,
    /// Whether they have to choose a password before anything else.
    pub(crate) must_change_password: bool,
    /// When they were added.
    pub(crate) created_at: Timestamp,
}

impl From<Staff> for StaffBody {
    fn from(staff: Staff) -> Self {
        Self {
            id: staff.id.uuid(),
            username: staff.username.to_string(),
            name: staff.name,
            role: staff.role.into(),
            permissions: staff.role.permissions().names(),
            enabled: staff.state == StaffState::Active,
            must_change_password: staff.must_change_password,
            created_at: staff.created_at,
        }
    }
}

/// Somebody to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewStaff)]
pub(crate) struct NewStaffBody {
    /// What they will sign in with; unique for ever.
    #[schema(example = "budi", min_length = 3, max_length = 30, pattern = "^[A-Za-z0-9._-]+$")]
    pub(crate) username: String,
    /// Name for people: 1 to 100 characters.
    #[schema(example = "Budi Santoso", min_length = 1, max_length = 100)]
    pub(crate) name: String,
    /// What they are.
    pub(crate) role: RoleBody,
    /// Their first password, 8 to 200 characters; one is made if it is absent. They have to change it
    /// when they sign in first.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password, min_length = 8, max_length = 200, write_only)]
    pub(crate) password: Option<SecretString>,
}

impl NewStaffBody {
    pub(crate) fn read(&self) -> Result<NewStaff, Error> {
        Ok(NewStaff {
            username: self.username.parse()?,
            name: self.name.clone(),
            role: self.role.into(),
        })
    }
}

/// Somebody who was added or whose password was reset.
#[derive(Serialize, ToSchema)]
#[schema(as = AdmittedStaff)]
pub(crate) struct AdmittedBody {
    /// Who.
    #[serde(flatten)]
    pub(crate) staff: StaffBody,
    /// The password that was made for them, shown this once; absent if one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(read_only)]
    pub(crate) password: Option<String>,
}

impl From<Admitted> for AdmittedBody {
    fn from(admitted: Admitted) -> Self {
        let password = admitted.password.map(|password| password.expose_secret().to_owned());
        Self { staff: admitted.staff.into(), password }
    }
}

/// Adds somebody.
#[utoipa::path(post, path = "/staff", tag = "staff", params(WriteHeaders, WriteQuery),
    request_body = NewStaffBody,
    responses((status = 201, description = "Added; `Location` says where", body = AdmittedBody),
        (status = 200, description = "Only tried", body = AdmittedBody), Problems))]
pub(crate) async fn add_staff(
    billing: Writes<StaffCreate>,
    Body(body): Body<NewStaffBody>,
) -> Made {
    let (request, caller) = (body.read()?, &billing.caller);
    let made = billing.add_staff(caller, &request, body.password.as_ref()).await?;
    let place = format!("/api/v1/staff/{}", made.staff.id);
    let response: Response = created(caller, &place, AdmittedBody::from(made));
    Ok(response)
}

list_query! {
    /// Which page of staff.
    StaffQuery by StaffSort {}
}

list_query! {
    /// Which page of somebody's sessions.
    StaffSessionsQuery by StaffSessionSort {}
}

/// Lists staff, oldest first unless asked otherwise.
#[utoipa::path(get, path = "/staff", tag = "staff", params(StaffQuery),
    responses((status = 200, description = "A page", body = PageBody<StaffBody>), Problems))]
pub(crate) async fn list_staff(
    billing: Reads<StaffView>,
    Query(query): Query<StaffQuery>,
) -> Answer<PageBody<StaffBody>> {
    Ok(Json(PageBody::of(billing.staff_page(query.page()?).await?, StaffBody::from)))
}

/// Shows somebody.
#[utoipa::path(get, path = "/staff/{staff}", tag = "staff",
    params(("staff" = String, Path, description = "Username or id")),
    responses((status = 200, description = "They", body = StaffBody), Problems))]
pub(crate) async fn show_staff(
    billing: Reads<StaffView>,
    Path(staff): Path<String>,
) -> Answer<StaffBody> {
    Ok(Json(billing.staff(&staff).await?.into()))
}

/// A change of somebody; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StaffChange)]
pub(crate) struct StaffChangeBody {
    /// Name for people: 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    /// What they are from now on.
    role: Option<RoleBody>,
    /// Whether they may sign in; who may not any more is signed out.
    enabled: Option<bool>,
}

/// Changes somebody's name, role, or whether they may sign in. It holds for their next request.
#[utoipa::path(patch, path = "/staff/{staff}", tag = "staff",
    params(WriteHeaders, WriteQuery, ("staff" = String, Path, description = "Username or id")),
    request_body = StaffChangeBody,
    responses((status = 200, description = "Changed", body = StaffBody), Problems))]
pub(crate) async fn change_staff(
    billing: Writes<StaffEdit>,
    Path(staff): Path<String>,
    Body(body): Body<StaffChangeBody>,
) -> Answer<StaffBody> {
    let change =
        StaffChange { name: body.name, role: body.role.map(Role::from), enabled: body.enabled };
    Ok(Json(billing.change_staff(&billing.caller, &staff, &change).await?.into()))
}

/// Removes somebody for good. Their username stays theirs, so that the trail stays readable.
#[utoipa::path(delete, path = "/staff/{staff}", tag = "staff",
    params(WriteHeaders, WriteQuery, ("staff" = String, Path, description = "Username or id")),
    responses((status = 200, description = "Removed", body = StaffBody), Problems))]
pub(crate) async fn remove_staff(
    billing: Writes<StaffDelete>,
    Path(staff): Path<String>,
) -> Answer<StaffBody> {
    Ok(Json(billing.remove_staff(&billing.caller, &staff).await?.into()))
}

/// Makes a new password for somebody, shown once; they are signed out everywhere and have to change it
/// when they sign in next.
#[utoipa::path(post, path = "/staff/{staff}/reset-password", tag = "staff",
    params(WriteHeaders, WriteQuery, ("staff" = String, Path, description = "Username or id")),
    responses((status = 200, description = "Reset", body = AdmittedBody), Problems))]
pub(crate) async fn reset_staff_password(
    billing: Writes<StaffEdit>,
    Path(staff): Path<String>,
) -> Answer<AdmittedBody> {
    Ok(Json(billing.reset_staff_password(&billing.caller, &staff).await?.into()))
}

/// Signs somebody out everywhere.
#[utoipa::path(post, path = "/staff/{staff}/sign-out", tag = "staff",
    params(WriteHeaders, WriteQuery, ("staff" = String, Path, description = "Username or id")),
    responses((status = 200, description = "Signed out", body = SignedOutBody), Problems))]
pub(crate) async fn sign_staff_out(
    billing: Writes<StaffEdit>,
    Path(staff): Path<String>,
) -> Answer<SignedOutBody> {
    let sessions = billing.sign_staff_out(&billing.caller, &staff).await?;
    Ok(Json(SignedOutBody { sessions }))
}

/// Lists somebody's sessions that hold, newest first unless asked otherwise.
#[utoipa::path(get, path = "/staff/{staff}/sessions", tag = "staff",
    params(StaffSessionsQuery, ("staff" = String, Path, description = "Username or id")),
    responses((status = 200, description = "A page", body = PageBody<StaffSessionBody>), Problems))]
pub(crate) async fn list_staff_sessions(
    billing: Reads<StaffView>,
    Path(staff): Path<String>,
    Query(query): Query<StaffSessionsQuery>,
) -> Answer<PageBody<StaffSessionBody>> {
    let staff = billing.staff(&staff).await?;
    let page = billing.staff_sessions(staff.id, query.page()?).await?;
    Ok(Json(PageBody::of(page, |session| StaffSessionBody::of(session, None))))
}
