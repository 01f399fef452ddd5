//! Counts for Prometheus.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use mkbill_core::billing::BusinessTallies;
use mkbill_core::kernel::permission::needs::SystemView;
use mkbill_core::report::Tally;

use crate::auth::access::{Kept, Reads};
use crate::problem::ProblemBody;
use crate::watch::machine::{self, Machine, Room};
use crate::watch::registry;
use crate::watch::text::Text;

const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Counts of this process since it began, and what the database counts, in the text format of
/// Prometheus. The latter is read at most every 30 seconds and is absent while the database is away.
#[utoipa::path(get, path = "/metrics", tag = "health",
    responses(
        (status = 200, description = "All counts", body = String, content_type = "text/plain"),
        (status = 401, description = "The API key or the token is missing, unknown, over or revoked",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "It may not do this",
            body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show_metrics(
    billing: Reads<SystemView>,
    State(kept): State<Arc<Kept>>,
) -> Response {
    let mut text = Text::default();
    registry::write(&mut text);
    let connections = billing.database_connections();
    text.line("gauge", "database_connections_active", &[], connections.active);
    text.line("gauge", "database_connections_idle", &[], connections.idle);
    let tallies = kept.counted.of(&billing).await;
    text.line("gauge", "database_up", &[], u8::from(tallies.is_some()));
    if let Some(tallies) = tallies {
        write_business(&tallies, &mut text);
    }
    write_machine(machine::look(billing.database_folder()).await, &mut text);
    ([(header::CONTENT_TYPE, MEDIA_TYPE)], text.finished()).into_response()
}

fn write_business(tallies: &BusinessTallies, text: &mut Text) {
    text.line("gauge", "database_size_bytes", &[], tallies.database_bytes);
    for (router, reached) in &tallies.routers {
        let labels = [("router", router.as_str())];
        text.line("gauge", "mikrotik_connection_status", &labels, u8::from(*reached));
    }
    write_tallies("active_users_total", "type", &tallies.online, text);
    write_tallies("vouchers_total", "status", &tallies.vouchers, text);
    let outbox = &tallies.outbox;
    for (status, count) in [("due", outbox.due), ("failing", outbox.failing), ("dead", outbox.dead)]
    {
        text.line("gauge", "outbox_messages", &[("status", status)], count);
    }
}

fn write_tallies(name: &str, label: &str, tallies: &[Tally], text: &mut Text) {
    for Tally { name: of, count } in tallies {
        text.line("gauge", name, &[(label, of)], count);
    }
}

fn write_machine(machine: Machine, text: &mut Text) {
    let mut room = |name: &str, room: Option<Room>| {
        if let Some(Room { used_bytes, total_bytes }) = room {
            text.line("gauge", &format!("{name}_used_bytes"), &[], used_bytes);
            text.line("gauge", &format!("{name}_total_bytes"), &[], total_bytes);
        }
    };
    room("system_disk", machine.disk);
    room("process_memory", machine.memory);
}
