//! The router's memory log.

use std::collections::VecDeque;

use jiff::civil::DateTime;

use crate::value::{DateDialect, date};

use super::{
    id::{IdSource, ObjectId},
    record::Record,
};

/// How many rows a router keeps in memory unless told otherwise.
const ROWS_MAX: usize = 1000;

#[derive(Debug)]
pub(super) struct Log {
    ids: IdSource,
    rows: VecDeque<Row>,
}

#[derive(Debug)]
struct Row {
    id: ObjectId,
    at: DateTime,
    topics: &'static str,
    message: String,
}

impl Log {
    pub(super) fn new() -> Self {
        Self { ids: IdSource::starting_at(1), rows: VecDeque::new() }
    }

    pub(super) fn write(&mut self, at: DateTime, topics: &'static str, message: String) {
        if self.rows.len() == ROWS_MAX {
            self.rows.pop_front();
        }
        self.rows.push_back(Row { id: self.ids.take(), at, topics, message });
    }

    pub(super) fn messages(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().map(|row| row.message.as_str())
    }

    pub(super) fn records(
        &self,
        now: DateTime,
        dialect: DateDialect,
    ) -> impl Iterator<Item = Record<'_>> {
        self.rows.iter().map(move |row| row.record(now, dialect))
    }

    pub(super) fn newest(&self, now: DateTime, dialect: DateDialect) -> Option<Record<'_>> {
        self.rows.back().map(|row| row.record(now, dialect))
    }
}

impl Row {
    fn record(&self, now: DateTime, dialect: DateDialect) -> Record<'_> {
        let record = match dialect {
            DateDialect::Iso => Record::of(self.id).at(self.at),
            DateDialect::MonthName => Record::of(self.id),
        };
        record
            .with("time", time(self.at, now, dialect))
            .with("topics", self.topics)
            .with("message", &self.message)
    }
}

/// The time alone for a row of today; the date in front of it for an older one, without its year in the old dialect.
fn time(at: DateTime, now: DateTime, dialect: DateDialect) -> String {
    let time = date::format_time(at.time());
    if at.date() == now.date() {
        return time;
    }
    let day = date::format_date(at.date(), dialect);
    match dialect {
        DateDialect::Iso => format!("{day} {time}"),
        DateDialect::MonthName => {
            let without_year = day.rsplit_once('/').map_or(&*day, |(day, _)| day);
            format!("{without_year} {time}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_today_show_the_time_and_older_ones_the_date_of_the_release() {
        let at = DateTime::constant(2026, 1, 2, 3, 4, 5, 0);
        let tomorrow = DateTime::constant(2026, 1, 3, 0, 0, 0, 0);
        assert_eq!(time(at, at, DateDialect::Iso), "03:04:05");
        assert_eq!(time(at, tomorrow, DateDialect::Iso), "2026-01-02 03:04:05");
        assert_eq!(time(at, tomorrow, DateDialect::MonthName), "jan/02 03:04:05");
    }

    #[test]
    fn only_the_newest_thousand_rows_are_kept() {
        let mut log = Log::new();
        let at = DateTime::constant(2026, 1, 2, 3, 4, 5, 0);
        (0..=ROWS_MAX).for_each(|row| log.write(at, "system", row.to_string()));
        assert_eq!(log.messages().count(), ROWS_MAX);
        assert_eq!(log.messages().next(), Some("1"));
    }
}
