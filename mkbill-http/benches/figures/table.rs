//! Figures as a table.

use std::fmt;
use std::fmt::Write as _;
use std::time::Duration;

use mkbill_core::testkit::Engine;

/// Something measured.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(crate) enum Amount {
    Time(Duration),
    Kib(u64),
    /// How many times as much, in tenths.
    Tenths(u64),
    /// How many a second.
    Rate(u64),
}

impl From<Duration> for Amount {
    fn from(time: Duration) -> Self {
        Self::Time(time)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(time) if time.as_secs() > 0 => {
                write!(f, "{}.{:02} s", time.as_secs(), time.subsec_millis() / 10)
            }
            Self::Time(time) => {
                write!(f, "{}.{} ms", time.as_millis(), time.subsec_micros() / 100 % 10)
            }
            Self::Kib(kib) => write!(f, "{}.{} MiB", kib >> 10, ((kib & 0x3FF) * 10) >> 10),
            Self::Rate(rate) => write!(f, "{rate}/s"),
            Self::Tenths(tenths) => write!(f, "{}.{} ×", tenths / 10, tenths % 10),
        }
    }
}

/// What a figure ought to be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    AtMost(Amount),
    AtLeast(Amount),
    None,
}

impl Target {
    fn is_met(self, amount: Amount) -> bool {
        match self {
            Self::AtMost(most) => amount <= most,
            Self::AtLeast(least) => amount >= least,
            Self::None => true,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(amount) => write!(f, "≤ {amount}"),
            Self::AtLeast(amount) => write!(f, "≥ {amount}"),
            Self::None => write!(f, "–"),
        }
    }
}

/// One figure on one engine.
#[derive(Debug)]
pub(crate) struct Figure {
    name: &'static str,
    target: Target,
    amount: Amount,
}

impl Figure {
    pub(crate) const fn new(name: &'static str, target: Target, amount: Amount) -> Self {
        Self { name, target, amount }
    }

    fn cell(&self) -> String {
        if self.target.is_met(self.amount) {
            self.amount.to_string()
        } else {
            format!("**{} (missed)**", self.amount)
        }
    }
}

/// The figures of all engines side by side. Every engine has the same figures in the same order.
pub(crate) fn markdown(columns: &[(Engine, Vec<Figure>)]) -> String {
    let mut text = "| figure | target |".to_owned();
    let mut rule = "|---|---:|".to_owned();
    for (engine, _) in columns {
        write!(text, " {} |", title(*engine)).expect("text takes text");
        rule.push_str("---:|");
    }
    text = format!("{text}\n{rule}\n");
    let rows = columns.first().map_or(0, |(_, figures)| figures.len());
    for row in 0..rows {
        let first = &columns[0].1[row];
        let cells: Vec<String> = columns.iter().map(|(_, figures)| figures[row].cell()).collect();
        let line = format!("| {} | {} | {} |", first.name, first.target, cells.join(" | "));
        text = text + &line + "\n";
    }
    text
}

const fn title(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "SQLite",
        Engine::Postgres => "PostgreSQL",
    }
}
