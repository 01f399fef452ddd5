//! What happened, page by page or as it happens, over HTTP.

use std::convert::Infallible;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event as Message, KeepAlive, Sse};
use axum::{Extension, Json};
use futures_util::Stream;
use futures_util::stream::unfold;
use jiff::Timestamp;
use mkbill_core::billing::Billing;
use mkbill_core::event::feed::{EventStream, Heard};
use mkbill_core::event::{Event, Position};
use mkbill_core::kernel::error::Error;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Answer, Problems};
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
    pub(crate) async fn read(&self, billing: &Billing) -> Result<EventsBody, Error> {
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
    State(billing): State<Billing>,
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
    State(billing): State<Billing>,
    ending: Option<Extension<Ending>>,
    headers: HeaderMap,
    Query(query): Query<FollowQuery>,
) -> Result<Sse<impl Stream<Item = Result<Message, Infallible>>>, Problem> {
    let after = last_heard(&headers)?.or(query.after).map(Position::new);
    let topics =
        query.topics.map(|topics| topics.split(',').map(|t| t.trim().to_owned()).collect());
    let events = billing.watch_events(after).await?;
    let ending = ending.map_or_else(CancellationToken::new, |Extension(Ending(ending))| ending);
    let follower = Follower { events, topics, ending, ready: Vec::new().into_iter() };
    let messages = unfold(follower, |mut follower| async move {
        let message = follower.next().await?;
        Some((Ok(message), follower))
    });
    Ok(Sse::new(messages).keep_alive(KeepAlive::default()))
}

fn last_heard(headers: &HeaderMap) -> Result<Option<i64>, Error> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| text.parse().ok());
    number.map(Some).ok_or_else(|| Error::invalid("Last-Event-ID", "send a position"))
}

struct Follower {
    events: EventStream,
    topics: Option<Vec<String>>,
    ending: CancellationToken,
    ready: std::vec::IntoIter<Message>,
}

impl Follower {
    /// The next message; none when the stream ends.
    async fn next(&mut self) -> Option<Message> {
        loop {
            if let Some(message) = self.ready.next() {
                return Some(message);
            }
            let heard = tokio::select! {
                () = self.ending.cancelled() => return None,
                heard = self.events.next() => heard,
            };
            self.ready = match heard {
                Ok(heard) => self.messages(&heard).into_iter(),
                Err(error) => {
                    tracing::warn!(%error, "a stream of events ended early");
                    return None;
                }
            };
        }
    }

    fn messages(&self, heard: &Heard) -> Vec<Message> {
        match heard {
            Heard::Events(batch) => {
                batch.iter().filter(|event| self.wants(event)).filter_map(message).collect()
            }
            Heard::Gap { from, to } => {
                let (from, to) = (from.number(), to.number());
                let missed = serde_json::json!({ "from": from, "to": to });
                let gap = Message::default().id(to.to_string()).event("gap").json_data(missed);
                gap.into_iter().collect()
            }
        }
    }

    fn wants(&self, event: &Event) -> bool {
        let topics = self.topics.as_ref();
        topics.is_none_or(|topics| topics.iter().any(|topic| topic == event.topic()))
    }
}

fn message(event: &Event) -> Option<Message> {
    let message = Message::default().id(event.position.to_string()).event(&event.kind);
    message.json_data(EventBody::from(event)).ok()
}
