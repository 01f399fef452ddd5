//! Query words (`?name=x`, `?#|!` …): conditions over the properties of a row, joined by a stack
//! machine.

use std::{borrow::Cow, cmp::Ordering};

use thiserror::Error;

use crate::value::compare;

/// A parsed list of query words, ready to be asked about many rows.
///
/// The machine starts on an endless stack of true, every condition pushes its result, and a row
/// matches unless a false is left: several plain conditions mean "and".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    steps: Vec<Step>,
}

/// A query word that no router would understand.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum QueryError {
    /// A condition without a property name, or with one that is not UTF-8.
    #[error("reading a query without a readable property name")]
    Name,
    /// A character after `?#` that is no operation.
    #[error("reading query operation {0:?}")]
    Operation(char),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Has(String),
    Lacks(String),
    Compare { name: String, wanted: Ordering, value: Vec<u8> },
    Negate,
    And,
    Or,
    PushCopy(usize),
    ReplaceAll(usize),
}

impl Query {
    /// Parses query words without their leading `?`, in order, as [`Sentence::queries`] gives them.
    ///
    /// # Errors
    ///
    /// [`QueryError`] for the first word that cannot be understood.
    ///
    /// [`Sentence::queries`]: super::Sentence::queries
    pub fn parse<'a>(words: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, QueryError> {
        let mut steps = Vec::new();
        for word in words {
            match word.strip_prefix(b"#") {
                Some(operations) => parse_operations(operations, &mut steps)?,
                None => steps.push(parse_condition(word)?),
            }
        }
        Ok(Self { steps })
    }

    /// Whether every row matches because nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether a row matches. `property` gives a value by name, or `None` when the row lacks it.
    ///
    /// Equality compares bytes, so that voucher `007` is not voucher `7`. `<` and `>` compare as
    /// numbers or durations when both sides are such, otherwise as bytes; both are strict and false
    /// for a missing property.
    pub fn matches<'v>(&self, property: impl Fn(&str) -> Option<Cow<'v, [u8]>>) -> bool {
        let mut stack = Stack::default();
        for step in &self.steps {
            match step {
                Step::Has(name) => stack.push(property(name).is_some()),
                Step::Lacks(name) => stack.push(property(name).is_none()),
                Step::Compare { name, wanted, value } => {
                    stack.push(property(name).is_some_and(|held| holds(&held, *wanted, value)));
                }
                Step::Negate => {
                    let top = stack.pop();
                    stack.push(!top);
                }
                Step::And => {
                    let (top, below) = (stack.pop(), stack.pop());
                    stack.push(top && below);
                }
                Step::Or => {
                    let (top, below) = (stack.pop(), stack.pop());
                    stack.push(top || below);
                }
                Step::PushCopy(depth) => stack.push(stack.at(*depth)),
                Step::ReplaceAll(depth) => stack = Stack(vec![stack.at(*depth)]),
            }
        }
        !stack.0.contains(&false)
    }
}

/// The part of the endless stack that is not known to be true.
#[derive(Default)]
struct Stack(Vec<bool>);

impl Stack {
    fn push(&mut self, value: bool) {
        self.0.push(value);
    }

    fn pop(&mut self) -> bool {
        self.0.pop().unwrap_or(true)
    }

    fn at(&self, depth: usize) -> bool {
        self.0.iter().rev().nth(depth).copied().unwrap_or(true)
    }
}

fn holds(held: &[u8], wanted: Ordering, value: &[u8]) -> bool {
    match wanted {
        Ordering::Equal => held == value,
        Ordering::Less | Ordering::Greater => compare::natural(held, value) == wanted,
    }
}

fn parse_condition(word: &[u8]) -> Result<Step, QueryError> {
    let (wanted, rest) = match word.first() {
        Some(b'-') => return Ok(Step::Lacks(name(&word[1..])?)),
        Some(b'<') => (Some(Ordering::Less), &word[1..]),
        Some(b'>') => (Some(Ordering::Greater), &word[1..]),
        Some(b'=') => (Some(Ordering::Equal), &word[1..]),
        _ => (None, word),
    };
    let sign = rest.iter().position(|&byte| byte == b'=');
    let (before, value) = sign.map_or((rest, &b""[..]), |at| (&rest[..at], &rest[at + 1..]));
    let name = name(before)?;
    match wanted.or(sign.map(|_| Ordering::Equal)) {
        Some(wanted) => Ok(Step::Compare { name, wanted, value: value.to_vec() }),
        None => Ok(Step::Has(name)),
    }
}

fn name(bytes: &[u8]) -> Result<String, QueryError> {
    match std::str::from_utf8(bytes) {
        Ok(name) if !name.is_empty() => Ok(name.to_owned()),
        _ => Err(QueryError::Name),
    }
}

/// `.` only separates when it follows a number; elsewhere it doubles the top. A number that ends
/// the word replaces all.
fn parse_operations(mut rest: &[u8], steps: &mut Vec<Step>) -> Result<(), QueryError> {
    while let Some((&first, after)) = rest.split_first() {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            steps.push(match first {
                b'!' => Step::Negate,
                b'&' => Step::And,
                b'|' => Step::Or,
                b'.' => Step::PushCopy(0),
                other => return Err(QueryError::Operation(char::from(other))),
            });
            rest = after;
            continue;
        }
        let depth = depth(&rest[..digits]);
        rest = &rest[digits..];
        if rest.is_empty() {
            steps.push(Step::ReplaceAll(depth));
        } else {
            steps.push(Step::PushCopy(depth));
            rest = rest.strip_prefix(b".").unwrap_or(rest);
        }
    }
    Ok(())
}

/// An index too large for the machine points into the endless true part, like any other large one.
fn depth(digits: &[u8]) -> usize {
    digits.iter().fold(0_usize, |depth, digit| {
        depth.saturating_mul(10).saturating_add(usize::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(words: &str) -> bool {
        let row = [("type", "ether"), ("mtu", "1500"), ("running", "true"), ("uptime", "1d2h")];
        let words: Vec<&[u8]> =
            words.split(' ').map(|word| word.strip_prefix('?').unwrap().as_bytes()).collect();
        Query::parse(words).unwrap().matches(|name| {
            row.iter().find(|(held, _)| *held == name).map(|(_, value)| Cow::from(value.as_bytes()))
        })
    }

    #[test]
    fn every_golden_query_shows_or_hides_the_row() {
        for (words, expected) in [
            ("?type", true),
            ("?-type", false),
            ("?=type=vlan", false),
            ("?type=ether ?type=vlan", false),
            ("?type=ether ?type=vlan ?#|", true),
            ("?type=ether ?type=vlan ?#|!", false),
            ("?type=ether ?#!", false),
            ("?type=vlan ?#1|", true),
            ("?type=vlan ?#.!|", true),
            ("?type=vlan ?type=ether ?#0", true),
            ("?type=vlan ?type=ether ?#1", false),
            ("?>mtu=1499", true),
            ("?<mtu=1500", false),
            ("?>comment=", false),
            ("?-comment", true),
            ("?type=vlan ?running=true ?mtu=1500 ?#&|", true),
            ("?type=vlan ?#|", true),
            ("?#!", false),
            ("?type=ether ?type=vlan ?#1.&|", true),
        ] {
            assert_eq!(shown(words), expected, "{words}");
        }
    }

    #[test]
    fn no_query_matches_every_row() {
        assert!(Query::parse([]).unwrap().matches(|_| None));
    }

    #[test]
    fn less_and_greater_compare_numbers_and_durations_by_value() {
        assert!(shown("?>mtu=900"));
        assert!(shown("?>uptime=25h"));
        assert!(!shown("?>uptime=1w"));
    }

    #[test]
    fn equality_compares_bytes_so_that_codes_stay_distinct() {
        assert!(!shown("?mtu=01500"));
        assert!(!shown("?uptime=26h"));
    }

    #[test]
    fn a_huge_stack_index_points_at_true() {
        assert!(shown("?type=vlan ?#99999999999999999999999999"));
    }

    #[test]
    fn an_unreadable_query_is_refused() {
        assert_eq!(Query::parse([&b"#x"[..]]), Err(QueryError::Operation('x')));
        assert_eq!(Query::parse([&b""[..]]), Err(QueryError::Name));
        assert_eq!(Query::parse([&b"\xFF=1"[..]]), Err(QueryError::Name));
    }
}
