//! Whether the server lives and can work.

use axum::Json;
use axum::extract::State;
use mkbill_core::billing::Billing;
use serde::Serialize;
use utoipa::ToSchema;

use super::Answer;
use crate::problem::ProblemBody;

/// How the server is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub(crate) struct HealthBody {
    /// `live` or `ready`.
    status: &'static str,
}

/// Is the process alive? Touches nothing.
#[utoipa::path(get, path = "/health/live", tag = "health", security(()),
    responses((status = 200, description = "It lives", body = HealthBody)))]
pub(crate) async fn live() -> Json<HealthBody> {
    Json(HealthBody { status: "live" })
}

/// Can it work? Reads from the database.
#[utoipa::path(get, path = "/health/ready", tag = "health", security(()),
    responses(
        (status = 200, description = "It can work", body = HealthBody),
        (status = 503, description = "The database is away", body = ProblemBody,
            content_type = "application/problem+json")))]
pub(crate) async fn ready(State(billing): State<Billing>) -> Answer<HealthBody> {
    billing.ready().await?;
    Ok(Json(HealthBody { status: "ready" }))
}
