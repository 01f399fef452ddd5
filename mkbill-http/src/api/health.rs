//! Whether the server lives and can work.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use super::Answer;
use crate::auth::access::Anyone;
use crate::problem::ProblemBody;

/// How the server is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub(crate) struct HealthBody {
    /// `live` or `ready`.
    status: &'static str,
}

/// Is the process alive? Touches nothing.
#[utoipa::path(get, path = "/live", tag = "health",
    responses((status = 200, description = "It lives", body = HealthBody)))]
pub(crate) async fn live(_anyone: Anyone) -> Json<HealthBody> {
    Json(HealthBody { status: "live" })
}

/// Can it work? Reads from the database.
#[utoipa::path(get, path = "/ready", tag = "health",
    responses(
        (status = 200, description = "It can work", body = HealthBody),
        (status = 503, description = "The database is away", body = ProblemBody,
            content_type = "application/problem+json")))]
pub(crate) async fn ready(anyone: Anyone) -> Answer<HealthBody> {
    anyone.billing.ready().await?;
    Ok(Json(HealthBody { status: "ready" }))
}
