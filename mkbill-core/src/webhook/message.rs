//! What is sent: a head that names the message and proves its sender, and an event as JSON.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::event::Event;
use crate::kernel::error::Error;
use crate::kernel::ids::DeliveryId;

use super::secret::WebhookSecret;

/// The kind of the message that only tries a webhook out.
pub const PING: &str = "webhook.ping";

/// The id of a message, the same at every attempt.
pub fn message_id(delivery: DeliveryId) -> String {
    format!("msg_{}", delivery.uuid().simple())
}

/// The body for an event.
pub fn body_of(event: &Event) -> Vec<u8> {
    let data = json!({
        "position": event.position.number(),
        "subject_kind": event.subject_kind,
        "subject": event.subject,
        "data": event.data,
    });
    body(&event.kind, event.at, &data)
}

/// The body that only tries a webhook out: it has no position, since it stands in no order.
pub fn ping(delivery: DeliveryId, at: Timestamp) -> Vec<u8> {
    let data = json!({
        "position": null,
        "subject_kind": "webhook_delivery",
        "subject": delivery.uuid(),
        "data": null,
    });
    body(PING, at, &data)
}

fn body(kind: &str, at: Timestamp, data: &Value) -> Vec<u8> {
    json!({ "type": kind, "timestamp": at.to_string(), "data": data }).to_string().into_bytes()
}

/// The headers of one attempt, signed with every secret that is good now.
///
/// # Errors
///
/// [`Error::Invalid`] for a secret that is none.
pub fn headers(
    delivery: DeliveryId,
    now: Timestamp,
    body: &[u8],
    secrets: &[WebhookSecret],
) -> Result<Vec<(&'static str, String)>, Error> {
    let (id, second) = (message_id(delivery), now.as_second());
    let signed = secrets.iter().map(|secret| secret.sign(&id, second, body));
    let signatures = signed.collect::<Result<Vec<_>, _>>()?.join(" ");
    Ok(vec![
        ("content-type", "application/json".to_owned()),
        ("user-agent", concat!("mkbill/", env!("CARGO_PKG_VERSION")).to_owned()),
        ("webhook-id", id),
        ("webhook-timestamp", second.to_string()),
        ("webhook-signature", signatures),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Position;

    #[test]
    fn a_message_says_what_happened_to_what_and_where_it_stands() {
        let subject = uuid::Uuid::from_u128(9);
        let event = Event {
            position: Position::new(4_711),
            at: "2026-03-01T13:00:00.5Z".parse().unwrap(),
            kind: "payment.record".to_owned(),
            subject_kind: "payment".to_owned(),
            subject,
            data: json!({ "minor": 5 }),
        };
        let read: Value = serde_json::from_slice(&body_of(&event)).unwrap();
        assert_eq!(
            read,
            json!({
                "type": "payment.record",
                "timestamp": "2026-03-01T13:00:00.5Z",
                "data": {
                    "position": 4_711,
                    "subject_kind": "payment",
                    "subject": subject.to_string(),
                    "data": { "minor": 5 },
                },
            })
        );
    }
}
