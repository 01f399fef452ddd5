//! Operations over HTTP: work whose client did not wait.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use futures_util::stream::unfold;
use jiff::Timestamp;
use mkbill_core::billing::{Billing, OperationStream};
use mkbill_core::kernel::caller::Caller;
use mkbill_core::kernel::ids::OperationId;
use mkbill_core::kernel::permission::needs::{OperationsCancel, OperationsView};
use mkbill_core::operation::store::{OperationFilter, OperationSort};
use mkbill_core::operation::wish::Wish;
use mkbill_core::operation::{
    Lines, Operation, OperationKind, OperationState, StateName, Subject, SubjectKind, Work,
};
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;
use uuid::Uuid;

use super::customer_details::LineErrorBody;
use super::events::Ending;
use super::values::{PageBody, choices, list_query};
use super::{Answer, Made, Problems, mark_replayed};
use crate::auth::access::Known;
use crate::extract::{Path, Query, WriteHeaders, WriteQuery};
use crate::prefer::{APPLIED, RESPOND_ASYNC};
use crate::problem::{Problem, ProblemBody, Spoken};

/// After how many seconds it is worth looking again at one that is not over.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("2");
/// A line that says nothing goes to a client after so long a silence.
const SILENCE_MAX: Duration = Duration::from_secs(15);
const NOTHING: &[u8] = b":\n\n";

choices! {
    /// What is done: the name of the request that asked for it.
    OperationKindBody as OperationKind for OperationKind {
        /// A batch of vouchers is made and pushed to its router.
        CreateBatch,
        /// Subscriptions with their logins are made from a file.
        ImportLogins,
        /// Customers are added from a file.
        ImportCustomers,
        /// A router is looked at and brought in step.
        ApplyRouter,
    }
}

choices! {
    /// Where an operation stands.
    OperationStateBody as OperationState for StateName {
        /// No worker has begun.
        Waiting,
        /// A worker has begun.
        Running,
        /// It is done.
        Succeeded,
        /// It could not be done.
        Failed,
        /// Somebody wanted it no more.
        Cancelled,
    }
}

choices! {
    /// The kind of thing that an operation is about.
    SubjectKindBody as OperationSubjectKind for SubjectKind {
        /// A batch of vouchers.
        VoucherBatch,
        /// A router.
        Router,
    }
}

/// How far an operation has come.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OperationProgress)]
pub(crate) struct ProgressBody {
    /// How many items are settled: vouchers that the router has or refuses, lines of a file.
    #[schema(example = 120)]
    pub(crate) done: u64,
    /// Of those, how many wait until a person acts.
    pub(crate) blocked: u64,
    /// How many there are; 0 before that is known.
    #[schema(example = 500)]
    pub(crate) total: u64,
}

/// What an operation makes or works on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OperationSubject)]
pub(crate) struct SubjectBody {
    /// Its kind.
    pub(crate) kind: SubjectKindBody,
    /// Its identity.
    pub(crate) id: Uuid,
    /// What people call it.
    #[schema(example = "BATCH-20260131-001")]
    pub(crate) name: String,
    /// Where it is.
    #[schema(example = "/api/v1/voucher-batches/BATCH-20260131-001")]
    pub(crate) link: String,
}

impl From<Subject> for SubjectBody {
    fn from(subject: Subject) -> Self {
        let Subject { kind, id, name } = subject;
        let place = match kind {
            SubjectKind::VoucherBatch => "voucher-batches",
            SubjectKind::Router => "routers",
        };
        Self { kind: kind.into(), id, link: format!("/api/v1/{place}/{name}"), name }
    }
}

/// What became of the lines of a file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OperationLines)]
pub(crate) struct LinesBody {
    /// How many lines spoke of something.
    pub(crate) total: u64,
    /// How many of them were taken over, now or by the same request before.
    pub(crate) imported: u64,
    /// Those that were there already, and were left as they are.
    pub(crate) existing: Vec<LineErrorBody>,
    /// How many were bad.
    pub(crate) failed: u64,
    /// What was wrong with them; a line may have several errors.
    pub(crate) errors: Vec<LineErrorBody>,
}

impl From<Lines> for LinesBody {
    fn from(lines: Lines) -> Self {
        let Lines { total, imported, existing, failed, errors } = lines;
        let existing = existing.into_iter().map(LineErrorBody::from).collect();
        let errors = errors.into_iter().map(LineErrorBody::from).collect();
        Self { total, imported, existing, failed, errors }
    }
}

/// What an operation has led to so far.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OperationResult)]
pub(crate) struct ResultBody {
    /// What it makes or works on.
    pub(crate) subject: Option<SubjectBody>,
    /// What became of the lines of a file, once it has succeeded.
    pub(crate) lines: Option<LinesBody>,
}

/// Work that its client did not wait for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Operation)]
pub(crate) struct OperationBody {
    /// Identity.
    pub(crate) id: Uuid,
    /// What is done.
    pub(crate) kind: OperationKindBody,
    /// Where it stands.
    pub(crate) state: OperationStateBody,
    /// How far it has come; null before it has begun.
    pub(crate) progress: Option<ProgressBody>,
    /// What it has led to so far, which stays even if it fails or is cancelled; null before there is
    /// anything.
    pub(crate) result: Option<ResultBody>,
    /// Why it failed, as a direct answer would have said it; null unless it failed.
    pub(crate) problem: Option<ProblemBody>,
    /// Who asked for it.
    #[schema(example = "staff:sri")]
    pub(crate) asked_by: String,
    /// Why, in their words.
    pub(crate) reason: Option<String>,
    /// Who cancelled it; null unless it was cancelled.
    pub(crate) cancelled_by: Option<String>,
    /// When it was asked for.
    pub(crate) made_at: Timestamp,
    /// When a worker began; null before that.
    pub(crate) started_at: Option<Timestamp>,
    /// When it ended; null while it goes on.
    pub(crate) ended_at: Option<Timestamp>,
}

impl OperationBody {
    /// In the language of the request that is being worked on.
    pub(crate) fn of(operation: Operation) -> Self {
        Self::told(operation, Spoken::now())
    }

    fn told(operation: Operation, spoken: Spoken) -> Self {
        let Operation { id, kind, state, asker, made_at, .. } = operation;
        let (name, ended_at, work) = (state.name(), state.ended_at(), state.work().cloned());
        let progress = work.as_ref().map(|Work { progress, .. }| ProgressBody {
            done: progress.done,
            blocked: progress.blocked,
            total: progress.total,
        });
        let started_at = work.as_ref().map(|work| work.since);
        let (mut lines, mut problem, mut cancelled_by) = (None, None, None);
        match state {
            OperationState::Succeeded { lines: told, .. } => lines = told.map(LinesBody::from),
            OperationState::Failed { problem: failure, .. } => {
                problem = Some(Problem::from(failure).told(spoken));
            }
            OperationState::Cancelled { by, .. } => cancelled_by = Some(by.to_string()),
            OperationState::Waiting | OperationState::Running(_) => {}
        }
        let subject = work.and_then(|work| work.subject).map(SubjectBody::from);
        let result =
            (subject.is_some() || lines.is_some()).then_some(ResultBody { subject, lines });
        Self {
            id: id.uuid(),
            kind: kind.into(),
            state: name.into(),
            progress,
            result,
            problem,
            asked_by: asker.actor.to_string(),
            reason: asker.reason,
            cancelled_by,
            made_at,
            started_at,
            ended_at,
        }
    }
}

list_query! {
    /// Which operations, and which page of them.
    OperationsQuery by OperationSort {
        /// In this state only.
        #[param(inline)]
        state: Option<OperationStateBody>,
        /// Of this kind only.
        #[param(inline)]
        kind: Option<OperationKindBody>,
    }
}

impl OperationsQuery {
    pub(crate) fn filter(&self) -> OperationFilter {
        let (state, kind) = (self.state.map(StateName::from), self.kind.map(OperationKind::from));
        OperationFilter { state, kind, asker: None }
    }
}

/// What requests that may be answered at once are answered besides.
#[derive(utoipa::IntoResponses)]
#[expect(dead_code, reason = "documents what `taken_on` answers")]
pub(crate) enum Accepted {
    /// Taken on, as `Prefer: respond-async` wanted it; a worker does it.
    #[response(status = 202, headers(
        ("Location" = String, description = "Where the operation is"),
        ("Preference-Applied" = String, description = "`respond-async`"),
        ("Retry-After" = u32, description = "After how many seconds to look at it")))]
    TakenOn(Box<OperationBody>),
    /// As many of your operations are under way as there may be; try again after `Retry-After` seconds.
    #[response(status = 429, content_type = "application/problem+json")]
    Crowded(ProblemBody),
}

/// Takes on what is wished, and answers with the operation.
pub(crate) async fn taken_on(billing: &Billing, caller: &Caller, wish: Wish) -> Made {
    let receipt = billing.request_operation(caller, wish).await?;
    let place = format!("/api/v1/operations/{}", receipt.value.id);
    let mut response =
        (StatusCode::ACCEPTED, Json(OperationBody::of(receipt.value))).into_response();
    let headers = response.headers_mut();
    if let Ok(place) = HeaderValue::from_str(&place) {
        headers.insert(header::LOCATION, place);
    }
    let applied = HeaderName::from_static(APPLIED);
    headers.insert(applied, HeaderValue::from_static(RESPOND_ASYNC));
    headers.insert(header::RETRY_AFTER, RETRY_AFTER);
    Ok(if receipt.replayed { mark_replayed(response) } else { response })
}

/// Lists operations, newest first unless asked otherwise: your own, and those of others if you may see
/// them. They are kept for seven days after their end.
#[utoipa::path(get, path = "/operations", tag = "operations", params(OperationsQuery),
    responses((status = 200, description = "A page", body = PageBody<OperationBody>), Problems))]
pub(crate) async fn list_operations(
    billing: Known<OperationsView>,
    Query(query): Query<OperationsQuery>,
) -> Answer<PageBody<OperationBody>> {
    let page = query.page()?;
    let found = billing.operations(&billing.caller, query.filter(), page).await?;
    Ok(Json(PageBody::of(found, OperationBody::of)))
}

/// Shows an operation: where it stands, and what came of it.
#[utoipa::path(get, path = "/operations/{operation}", tag = "operations",
    params(("operation" = Uuid, Path, description = "Id")),
    responses((status = 200, description = "The operation", body = OperationBody,
        headers(("Retry-After" = u32,
            description = "While it is not over: after how many seconds to look again"))),
        Problems))]
pub(crate) async fn show_operation(
    billing: Known<OperationsView>,
    Path(operation): Path<Uuid>,
) -> Result<Response, Problem> {
    let id = OperationId::from_uuid(operation);
    let operation = billing.operation(&billing.caller, id).await?;
    let is_over = operation.is_over();
    let mut response = Json(OperationBody::of(operation)).into_response();
    if !is_over {
        response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
    }
    Ok(response)
}

/// Cancels an operation: no more is done for it. What was done until then stays; `result` tells of it.
///
/// A batch of vouchers that was made already goes on to its router as any other; withdraw it by its own
/// `cancel`.
#[utoipa::path(post, path = "/operations/{operation}/cancel", tag = "operations",
    params(("operation" = Uuid, Path, description = "Id"), WriteHeaders, WriteQuery),
    responses((status = 200, description = "Cancelled", body = OperationBody), Problems))]
pub(crate) async fn cancel_operation(
    billing: Known<OperationsCancel>,
    Path(operation): Path<Uuid>,
) -> Answer<OperationBody> {
    let id = OperationId::from_uuid(operation);
    let cancelled = billing.cancel_operation(&billing.caller, id).await?;
    Ok(Json(OperationBody::of(cancelled)))
}

/// Follows an operation as server-sent events, whichever process works on it: how it stands now, then
/// each time it has moved, until it is over. `event` is its state and `data` the operation as JSON.
#[utoipa::path(get, path = "/operations/{operation}/events", tag = "operations",
    params(("operation" = Uuid, Path, description = "Id")),
    responses((status = 200, description = "The operation, again and again until it is over",
        body = OperationBody, content_type = "text/event-stream"), Problems))]
pub(crate) async fn follow_operation(
    billing: Known<OperationsView>,
    ending: Option<Extension<Ending>>,
    Path(operation): Path<Uuid>,
) -> Result<Response, Problem> {
    let id = OperationId::from_uuid(operation);
    let operations = billing.watch_operation(&billing.caller, id).await?;
    let ending = ending.map_or_else(CancellationToken::new, |Extension(Ending(ending))| ending);
    let follower = Follower { operations, ending, spoken: Spoken::now() };
    let texts = unfold(follower, |mut follower| async move {
        let text = follower.next().await?;
        Some((Ok::<_, Infallible>(text), follower))
    });
    let head = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
    Ok((head, Body::from_stream(texts)).into_response())
}

struct Follower {
    operations: OperationStream,
    ending: CancellationToken,
    spoken: Spoken,
}

impl Follower {
    /// The next text; none when the operation is over or the server ends.
    async fn next(&mut self) -> Option<Bytes> {
        let moved = tokio::select! {
            () = self.ending.cancelled() => return None,
            () = tokio::time::sleep(SILENCE_MAX) => return Some(Bytes::from_static(NOTHING)),
            moved = self.operations.next() => moved,
        };
        match moved {
            Ok(operation) => {
                let body = OperationBody::told(operation?, self.spoken.clone());
                let (kind, data) =
                    (StateName::from(body.state), serde_json::to_string(&body).ok()?);
                Some(format!("event: {kind}\ndata: {data}\n\n").into())
            }
            Err(error) => {
                tracing::warn!(%error, "a stream of an operation ended early");
                None
            }
        }
    }
}
