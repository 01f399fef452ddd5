//! Signing in and out over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use mkbill_core::kernel::caller::Mode;
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::ids::StaffSessionId;
use mkbill_core::kernel::thing::Thing;
use mkbill_core::staff::session::StaffSession;
use mkbill_core::staff::store::Sessions;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::staff::StaffBody;
use super::staff::StaffSessionsQuery;
use super::values::PageBody;
use super::{Answer, Problems};
use crate::auth::access::{Anyone, Kept, SignedIn};
use crate::extract::{Json as Body, Path, Query, WriteHeaders, WriteQuery};
use crate::problem::{Problem, ProblemBody};

/// Who wants to sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SignIn)]
pub(crate) struct SignInBody {
    /// The username.
    #[schema(example = "sri", max_length = 200)]
    username: String,
    /// The password.
    #[schema(value_type = String, format = Password, max_length = 200, write_only)]
    password: SecretString,
}

/// Somebody who has just signed in.
#[derive(Serialize, ToSchema)]
#[schema(as = SignedIn)]
pub(crate) struct SignedInBody {
    /// Send it as `Authorization: Bearer …`.
    token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Until when the token is good, unless its session is ended before.
    expires_at: Timestamp,
    /// Which session it stands for.
    session_id: Uuid,
    /// Who it is, and what they may do. With `must_change_password` they may do nothing before they
    /// have chosen a password.
    staff: StaffBody,
}

/// Signs somebody in for thirty days. A wrong username and a wrong password are answered alike; after
/// some failures of an account or an address each next try has to wait, up to a minute.
#[utoipa::path(post, path = "/auth/sign-in", tag = "auth", request_body = SignInBody,
    responses((status = 200, description = "Signed in", body = SignedInBody),
        (status = 429, description = "Too many tries failed: wait `Retry-After` seconds",
            body = ProblemBody, content_type = "application/problem+json"), Problems))]
pub(crate) async fn sign_in(
    anyone: Anyone,
    State(kept): State<Arc<Kept>>,
    Body(body): Body<SignInBody>,
) -> Answer<SignedInBody> {
    let signed_in = anyone.billing.sign_in(anyone.origin, &body.username, &body.password).await?;
    let token = kept.tokens.issue(&signed_in).map_err(|error| Error::Broken {
        what: "a token could not be signed".to_owned(),
        source: Some(error.into()),
    })?;
    Ok(Json(SignedInBody {
        token: token.expose_secret().to_owned(),
        token_type: "Bearer",
        expires_at: signed_in.session.expires_at,
        session_id: signed_in.session.id.uuid(),
        staff: signed_in.staff.into(),
    }))
}

/// The first super admin.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SetUp)]
pub(crate) struct SetUpBody {
    /// The token of the link that the server printed when it started.
    #[schema(value_type = String, max_length = 200, write_only)]
    token: SecretString,
    /// What they will sign in with.
    #[schema(example = "sri", min_length = 3, max_length = 30, pattern = "^[A-Za-z0-9._-]+$")]
    username: String,
    /// Name for people: 1 to 100 characters.
    #[schema(example = "Sri Wahyuni", min_length = 1, max_length = 100)]
    name: String,
    /// 8 to 200 characters.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 200, write_only)]
    password: SecretString,
}

/// Makes the first super admin, with the token that the server printed. It is good once, for a day,
/// and only while there is none.
#[utoipa::path(post, path = "/auth/setup", tag = "auth", request_body = SetUpBody,
    responses((status = 200, description = "Made; sign in now", body = StaffBody), Problems))]
pub(crate) async fn set_up(anyone: Anyone, Body(body): Body<SetUpBody>) -> Answer<StaffBody> {
    let who = (body.username.as_str(), body.name.as_str());
    let made = anyone.billing.set_up(anyone.origin, &body.token, who, &body.password).await?;
    Ok(Json(made.into()))
}

/// Tells who is signed in.
#[utoipa::path(get, operation_id = "show_me", path = "/auth/me", tag = "auth",
    responses((status = 200, description = "You", body = StaffBody), Problems))]
pub(crate) async fn me(signed_in: SignedIn) -> Answer<StaffBody> {
    Ok(Json(signed_in.staff(&signed_in.who.to_string()).await?.into()))
}

/// How many sessions ended.
#[derive(Serialize, ToSchema)]
#[schema(as = SignedOut)]
pub(crate) struct SignedOutBody {
    /// Sessions that held until now.
    pub(crate) sessions: u64,
}

/// Signs out: this session's token is refused from now on.
#[utoipa::path(post, path = "/auth/sign-out", tag = "auth", params(WriteHeaders, WriteQuery),
    responses((status = 200, description = "Signed out", body = SignedOutBody), Problems))]
pub(crate) async fn sign_out(signed_in: SignedIn) -> Answer<SignedOutBody> {
    end(&signed_in, Sessions::One(signed_in.session)).await
}

/// Signs out everywhere: every token of yours is refused from now on.
#[utoipa::path(post, path = "/auth/sign-out-everywhere", tag = "auth",
    params(WriteHeaders, WriteQuery),
    responses((status = 200, description = "Signed out", body = SignedOutBody), Problems))]
pub(crate) async fn sign_out_everywhere(signed_in: SignedIn) -> Answer<SignedOutBody> {
    end(&signed_in, Sessions::All).await
}

async fn end(signed_in: &SignedIn, which: Sessions) -> Answer<SignedOutBody> {
    let sessions = signed_in.sign_out(&signed_in.caller, signed_in.who, which).await?;
    Ok(Json(SignedOutBody { sessions }))
}

/// A new password for oneself.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChangePassword)]
pub(crate) struct ChangePasswordBody {
    /// The present password.
    #[schema(value_type = String, format = Password, max_length = 200, write_only)]
    present: SecretString,
    /// The new one: 8 to 200 characters, and not the username.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 200, write_only)]
    new: SecretString,
}

/// Chooses a new password. Every other session of yours ends.
#[utoipa::path(post, path = "/auth/password", tag = "auth", params(WriteHeaders, WriteQuery),
    request_body = ChangePasswordBody,
    responses((status = 200, description = "Changed", body = StaffBody), Problems))]
pub(crate) async fn change_password(
    signed_in: SignedIn,
    Body(body): Body<ChangePasswordBody>,
) -> Answer<StaffBody> {
    let own = (signed_in.who, signed_in.session);
    let caller = &signed_in.caller;
    let staff = signed_in.change_own_password(caller, own, &body.present, &body.new).await?;
    Ok(Json(staff.into()))
}

/// Somebody's being signed in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StaffSession)]
pub(crate) struct StaffSessionBody {
    /// Identity.
    pub(crate) id: Uuid,
    /// Since when.
    pub(crate) created_at: Timestamp,
    /// Until when at most.
    pub(crate) expires_at: Timestamp,
    /// When it was used last, to the minute.
    pub(crate) seen_at: Timestamp,
    /// Where they signed in from.
    pub(crate) address: Option<String>,
    /// With which program, in its own words.
    pub(crate) agent: Option<String>,
    /// Is it the one that asks?
    pub(crate) own: bool,
}

impl StaffSessionBody {
    pub(crate) fn of(session: StaffSession, asking: Option<StaffSessionId>) -> Self {
        Self {
            id: session.id.uuid(),
            created_at: session.created_at,
            expires_at: session.expires_at,
            seen_at: session.seen_at,
            address: session.address.map(|address| address.to_string()),
            agent: session.agent,
            own: asking == Some(session.id),
        }
    }
}

/// Lists your sessions that hold, newest first unless asked otherwise.
#[utoipa::path(get, path = "/auth/sessions", tag = "auth", params(StaffSessionsQuery),
    responses((status = 200, description = "A page", body = PageBody<StaffSessionBody>), Problems))]
pub(crate) async fn own_sessions(
    signed_in: SignedIn,
    Query(query): Query<StaffSessionsQuery>,
) -> Answer<PageBody<StaffSessionBody>> {
    let page = signed_in.staff_sessions(signed_in.who, query.page()?).await?;
    let asking = Some(signed_in.session);
    Ok(Json(PageBody::of(page, |session| StaffSessionBody::of(session, asking))))
}

/// Ends one of your sessions.
#[utoipa::path(delete, path = "/auth/sessions/{session}", tag = "auth",
    params(WriteHeaders, WriteQuery, ("session" = Uuid, Path, description = "Its id")),
    responses((status = 200, description = "Ended", body = SignedOutBody), Problems))]
pub(crate) async fn end_session(
    signed_in: SignedIn,
    Path(session): Path<Uuid>,
) -> Answer<SignedOutBody> {
    let answer = end(&signed_in, Sessions::One(StaffSessionId::from_uuid(session))).await?;
    if answer.sessions == 0 && signed_in.caller.mode == Mode::Commit {
        return Err(Problem::from(Error::not_found(Thing::Session, session)));
    }
    Ok(answer)
}
