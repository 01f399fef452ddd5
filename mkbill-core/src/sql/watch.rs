//! How long statements take, told to whoever watches the process.

use std::time::{Duration, Instant};

use metrics::{Key, Label, Level, Metadata};

/// Seconds that statements took, by what they do and to which table.
const DURATION: &str = "database_query_duration_seconds";
/// A statement that took longer is written to the log, by its name and without its values.
const SLOW: Duration = Duration::from_millis(500);
const METADATA: Metadata<'_> = Metadata::new(module_path!(), Level::INFO, None);

/// What a statement does, and to which table first.
#[derive(Debug)]
pub(crate) struct Subject {
    table: &'static str,
    key: Key,
}

impl Subject {
    pub(super) fn new(kind: &'static str, table: &'static str) -> Self {
        let labels = vec![Label::new("query_type", kind), Label::new("table", table)];
        Self { table, key: Key::from_parts(DURATION, labels) }
    }

    /// Read from the text of a statement.
    pub(super) fn of(text: &'static str) -> Self {
        let mut words = text.split_ascii_whitespace();
        let kind = match words.clone().next() {
            Some("SELECT") => "select",
            Some("INSERT") => "insert",
            Some("UPDATE") => "update",
            Some("DELETE") => "delete",
            Some("WITH") => "with",
            _ => "other",
        };
        let table = words.find(|word| ["FROM", "INTO", "UPDATE"].contains(word));
        let table = table.and_then(|_| words.next()).unwrap_or_default();
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = table.find(|c| !is_name(c)).unwrap_or(table.len());
        Self::new(kind, &table[..end])
    }

    /// Tells what a statement took that began then.
    pub(super) fn took(&self, act: &'static str, began: Instant) {
        let took = began.elapsed();
        metrics::with_recorder(|recorder| recorder.register_histogram(&self.key, &METADATA))
            .record(took);
        if took > SLOW {
            let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            tracing::warn!(act, table = self.table, milliseconds, "a statement was slow");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_known_by_its_verb_and_its_first_table() {
        let cases = [
            ("SELECT COUNT(*) AS n FROM voucher WHERE a = $1", "select", "voucher"),
            ("INSERT INTO code_space(prefix) VALUES ($1)", "insert", "code_space"),
            ("UPDATE voucher SET a = 1", "update", "voucher"),
            ("DELETE FROM session WHERE a = $1", "delete", "session"),
            ("WITH due AS (SELECT id FROM outbox) SELECT 1", "with", "outbox"),
            ("SELECT 1", "select", ""),
        ];
        for (text, kind, table) in cases {
            let subject = Subject::of(text);
            let labels: Vec<_> = subject.key.labels().map(Label::value).collect();
            assert_eq!(labels, [kind, table], "{text}");
        }
    }
}
