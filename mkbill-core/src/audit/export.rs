//! The trail as a file.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::kernel::error::Error;
use crate::kernel::names::names;
use crate::kernel::spreadsheet::guarded;
use crate::kernel::table::{self, or_empty};

use super::chain::canonical;
use super::store::AuditRow;

const COLUMNS: [&str; 13] = [
    "position",
    "id",
    "at",
    "actor",
    "address",
    "agent",
    "reason",
    "action",
    "subject_kind",
    "subject_id",
    "before",
    "after",
    "hash",
];

names! {
    /// How the trail is written into a file.
    pub enum AuditFormat "format" {
        /// For spreadsheets.
        Csv = "csv",
        /// For programs: a JSON object a line.
        Jsonl = "jsonl",
    }
}

impl AuditFormat {
    /// The rows as they stand in a file; CSV that begins one has its heading.
    pub(crate) fn text(self, rows: &[AuditRow], begins: bool) -> Result<Vec<u8>, Error> {
        match self {
            Self::Csv => {
                let heading = begins.then_some(COLUMNS);
                table::write_part("the audit trail", heading, rows.iter().map(cells))
            }
            Self::Jsonl => {
                let lines = rows.iter().map(|row| format!("{}\n", object(row)));
                Ok(lines.collect::<String>().into_bytes())
            }
        }
    }
}

fn cells(row: &AuditRow) -> [Cow<'_, str>; 13] {
    [
        or_empty(row.link.map(|link| link.position)),
        row.id.to_string().into(),
        row.at.to_string().into(),
        guarded(row.actor.as_str()),
        or_empty(row.address.as_ref()),
        guarded(row.agent.as_deref().unwrap_or_default()),
        guarded(row.reason.as_deref().unwrap_or_default()),
        row.action.as_str().into(),
        row.subject_kind.as_str().into(),
        row.subject.to_string().into(),
        canonical(&row.before).into(),
        canonical(&row.after).into(),
        or_empty(row.link.map(|link| link.hash)),
    ]
}

fn object(row: &AuditRow) -> Value {
    json!({
        "position": row.link.map(|link| link.position),
        "id": row.id.to_string(),
        "at": row.at.to_string(),
        "actor": row.actor.as_str(),
        "address": row.address,
        "agent": row.agent,
        "reason": row.reason,
        "action": row.action,
        "subject_kind": row.subject_kind,
        "subject_id": row.subject.to_string(),
        "before": row.before,
        "after": row.after,
        "hash": row.link.map(|link| link.hash.to_string()),
    })
}
