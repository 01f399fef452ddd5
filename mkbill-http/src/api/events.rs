//! What happened, page by page or as it happens, over HTTP.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use futures_util::stream::unfold;
use jiff::Timestamp;
use mkbill_core::billing::Reader;
use mkbill_core::event::feed::{Batch, EventStream, Heard};
use mkbill_core::event::{Event, Position};
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::language::said;
use mkbill_core::kernel::permission::needs::EventsView;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Answer, Problems};
use crate::auth::access::{Kept, Reads};
use crate::extract::Query;
use crate::problem::Problem;

const LIMIT_DEFAULT: u32 = 50;

/// Cancelled when the server is asked to end, so that streams end too.
#[derive(Debug, Clone)]
pub(crate) struct Ending(pub(crate) CancellationToken);

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub(crate) struct EventBody {
    /// Where it stands in the one order; positions have no gap.
    #[schema(example = 4_711)]
    pub(crate) position: i64,
    /// When.
    pub(crate) at: Timestamp,
    /// What, as topic and verb.
    #[schema(example = "payment.record")]
    pub(crate) kind: String,
    /// The kind of thing it happened to.
    #[schema(example = "payment")]
    pub(crate) subject_kind: String,
    /// Its identity.
    pub(crate) subject: Uuid,
    /// What is worth knowing without asking back.
    #[schema(value_type = Option<Object>)]
    pub(crate) data: Value,
}

impl From<&Event> for EventBody {
    fn from(event: &Event) -> Self {
        Self {
            position: event.position.number(),
            at: event.at,
            kind: event.kind.clone(),
            subject_kind: event.subject_kind.clone(),
            subject: event.subject,
            data: event.data.clone(),
        }
    }
}

/// Some events, in their order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Events)]
pub(crate) struct EventsBody {
    /// The events.
    pub(crate) items: Vec<EventBody>,
    /// Send it as `after` for those that follow: the position of the last item, or what was asked.
    pub(crate) next_after: i64,
    /// The oldest position that is kept; null without any.
    pub(crate) oldest: Option<i64>,
    /// The newest position; null without any.
    pub(crate) newest: Option<i64>,
}

/// Which events.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventsQuery {
    /// Those after this position; from the oldest if absent.
    #[param(minimum = 0)]
    pub(crate) after: Option<i64>,
    /// How many, 1 to 200; 50 if absent.
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<u32>,
}

impl EventsQuery {
    pub(crate) async fn read(&self, billing: &Reader) -> Result<EventsBody, Error> {
        let after = Position::new(self.after.unwrap_or(0));
        let events = billing.events(after, self.limit.unwrap_or(LIMIT_DEFAULT)).await?;
        let bounds = billing.event_bounds().await?;
        let last = events.last().map_or(after, |event| event.position);
        Ok(EventsBody {
            items: events.iter().map(EventBody::from).collect(),
            next_after: last.number(),
            oldest: bounds.map(|(oldest, _)| oldest.number()),
            newest: bounds.map(|(_, newest)| newest.number()),
        })
    }
}

/// Which events to follow.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct FollowQuery {
    /// Those after this position; from now on if absent. `Last-Event-ID` goes before it.
    #[param(minimum = 0)]
    pub(crate) after: Option<i64>,
    /// Only these topics, separated by commas.
    #[param(example = "payment,router,session")]
    pub(crate) topics: Option<String>,
}

/// Lists what happened, in its order.
#[utoipa::path(get, path = "/events", tag = "events", params(EventsQuery),
    responses((status = 200, description = "The next ones", body = EventsBody), Problems))]
pub(crate) async fn list_events(
    billing: Reads<EventsView>,
    Query(query): Query<EventsQuery>,
) -> Answer<EventsBody> {
    Ok(Json(query.read(&billing).await?))
}

/// Follows what happens, as server-sent events: `id` is the position, `event` the kind and `data` the
/// event as JSON. A `gap` says which positions were missed: because the client was too slow, or
/// because they are not kept any more. A client that connects again sends `Last-Event-ID`, as
/// browsers do by themselves, and goes on where it was.
#[utoipa::path(get, path = "/events/stream", tag = "events",
    params(FollowQuery,
        ("Last-Event-ID" = Option<i64>, Header, description = "The last position that was heard")),
    responses((status = 200, description = "Events, until one side ends it", body = EventBody,
        content_type = "text/event-stream"), Problems))]
pub(crate) async fn follow_events(
    billing: Reads<EventsView>,
    ending: Option<Extension<Ending>>,
    State(kept): State<Arc<Kept>>,
    headers: HeaderMap,
    Query(query): Query<FollowQuery>,
) -> Result<Response, Problem> {
    let after = last_heard(&headers)?.or(query.after).map(Position::new);
    let topics =
        query.topics.map(|topics| topics.split(',').map(|t| t.trim().to_owned()).collect());
    let events = billing.watch_events(after).await?;
    let ending = ending.map_or_else(CancellationToken::new, |Extension(Ending(ending))| ending);
    let rendered = kept.rendered.clone();
    let follower = Follower { events, topics, ending, rendered };
    let texts = unfold(follower, |mut follower| async move {
        let text = follower.next().await?;
        Some((Ok::<_, Infallible>(text), follower))
    });
    let head = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
    Ok((head, Body::from_stream(texts)).into_response())
}

fn last_heard(headers: &HeaderMap) -> Result<Option<i64>, Error> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| text.parse().ok());
    number.map(Some).ok_or_else(|| {
        Error::invalid("Last-Event-ID", said!("send a position", "kirim sebuah posisi"))
    })
}

/// A line that says nothing goes to a client after so long a silence, lest something between takes the
/// connection for dead.
const SILENCE_MAX: Duration = Duration::from_secs(15);
const NOTHING: &[u8] = b":\n\n";
/// Batches whose text is kept for those who hear them a little later.
const RENDERED_MAX: usize = 8;

/// The text of batches, written once for all clients that hear them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rendered(Arc<Mutex<VecDeque<(Batch, Bytes)>>>);

impl Rendered {
    fn text_of(&self, batch: &Batch) -> Bytes {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, text)) = kept.iter().rev().find(|(other, _)| other.is_shared_with(batch)) {
            return text.clone();
        }
        let text = text_of(batch.iter());
        if kept.len() == RENDERED_MAX {
            kept.pop_front();
        }
        kept.push_back((batch.clone(), text.clone()));
        text
    }
}

struct Follower {
    events: EventStream,
    topics: Option<Vec<String>>,
    ending: CancellationToken,
    rendered: Rendered,
}

impl Follower {
    /// The next text; none when the stream ends.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            let heard = tokio::select! {
                () = self.ending.cancelled() => return None,
                () = tokio::time::sleep(SILENCE_MAX) => return Some(Bytes::from_static(NOTHING)),
                heard = self.events.next() => heard,
            };
            let text = match heard {
                Ok(Heard::Events(batch)) => self.wanted_of(&batch),
                Ok(Heard::Gap { from, to }) => gap(from, to),
                Err(error) => {
                    tracing::warn!(%error, "a stream of events ended early");
                    return None;
                }
            };
            if !text.is_empty() {
                return Some(text);
            }
        }
    }

    fn wanted_of(&self, batch: &Batch) -> Bytes {
        let Some(topics) = &self.topics else { return self.rendered.text_of(batch) };
        let wants = |event: &&Event| topics.iter().any(|topic| topic == event.topic());
        text_of(batch.iter().filter(wants))
    }
}

fn gap(from: Position, to: Position) -> Bytes {
    let missed = serde_json::json!({ "from": from.number(), "to": to.number() });
    message(to, "gap", &missed.to_string()).into()
}

fn text_of<'e>(events: impl Iterator<Item = &'e Event>) -> Bytes {
    let text = events.filter_map(|event| {
        let data = serde_json::to_string(&EventBody::from(event)).ok()?;
        Some(message(event.position, &event.kind, &data))
    });
    text.collect::<String>().into()
}

/// One server-sent event. Neither a kind nor JSON in one line has a line break.
fn message(id: Position, kind: &str, data: &str) -> String {
    format!("id: {id}\nevent: {kind}\ndata: {data}\n\n")
}
