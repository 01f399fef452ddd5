//! From the text of a trap to what the caller can do about it.

use super::ErrorKind;
use crate::proto::{Trap, TrapCategory};

/// The class of a refused command: that of the first trap that says something definite.
pub(super) fn refusal(traps: &[Trap]) -> ErrorKind {
    traps.iter().map(trap).find(|kind| *kind != ErrorKind::Other).unwrap_or(ErrorKind::Other)
}

/// Texts decide, because categories are often missing. The first match wins, so the order matters.
fn trap(trap: &Trap) -> ErrorKind {
    let text = trap.message.to_ascii_lowercase();
    let says = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
    if is_duplicate(&text) {
        ErrorKind::Duplicate
    } else if says(&["no such item", "invalid resource identifier"]) || text == "not found" {
        ErrorKind::NotFound
    } else if let Some(field) = bad_reference(&text) {
        ErrorKind::BadReference { field }
    } else if says(&["not enough permissions"]) {
        ErrorKind::Denied
    } else if says(&["invalid user name or password", "cannot log in"]) {
        ErrorKind::Auth
    } else if says(&BAD_REQUESTS) {
        ErrorKind::BadRequest
    } else if says(&["interrupted"]) || trap.category == Some(TrapCategory::Interrupted) {
        ErrorKind::Cancelled
    } else if says(&["action timed out", "session closed"]) {
        ErrorKind::OutcomeUnknown
    } else {
        ErrorKind::Other
    }
}

const BAD_REQUESTS: [&str; 5] = [
    "no such command",
    "unknown parameter",
    "expected end of command",
    "invalid value for argument",
    "value of",
];

fn is_duplicate(text: &str) -> bool {
    const MARKS: [&str; 6] = [
        "already have",
        "already exists",
        "with such name",
        "with the same name",
        "with this name",
        "same name exists",
    ];
    MARKS.iter().any(|mark| text.contains(mark))
}

fn bad_reference(text: &str) -> Option<String> {
    let (_, field) = text.split_once("input does not match any value of")?;
    Some(field.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(message: &str, category: Option<TrapCategory>) -> ErrorKind {
        refusal(&[Trap { message: message.to_owned(), category }])
    }

    #[test]
    fn every_known_text_has_its_class() {
        let reference = |field: &str| ErrorKind::BadReference { field: field.to_owned() };
        for (text, expected) in [
            ("failure: already have user with this name for this server", ErrorKind::Duplicate),
            ("failure: secret with the same name already exists", ErrorKind::Duplicate),
            ("failure: already have such entry", ErrorKind::Duplicate),
            ("failure: already have such address", ErrorKind::Duplicate),
            ("failure: already have such name", ErrorKind::Duplicate),
            ("failure: pool with such name exists", ErrorKind::Duplicate),
            ("item with such name already exists", ErrorKind::Duplicate),
            ("failure: item with this name already exists", ErrorKind::Duplicate),
            ("entry already exists", ErrorKind::Duplicate),
            ("no such item", ErrorKind::NotFound),
            ("no such item (4)", ErrorKind::NotFound),
            ("missing or invalid resource identifier", ErrorKind::NotFound),
            ("Not Found", ErrorKind::NotFound),
            ("input does not match any value of profile", reference("profile")),
            ("input does not match any value of server", reference("server")),
            ("input does not match any value of interface", reference("interface")),
            ("input does not match any value of parent", reference("parent")),
            ("not enough permissions (9)", ErrorKind::Denied),
            ("invalid user name or password (6)", ErrorKind::Auth),
            ("cannot log in", ErrorKind::Auth),
            ("no such command", ErrorKind::BadRequest),
            ("no such command prefix", ErrorKind::BadRequest),
            ("no such command or directory (hotspot)", ErrorKind::BadRequest),
            ("unknown parameter", ErrorKind::BadRequest),
            ("unknown parameter colour", ErrorKind::BadRequest),
            ("expected end of command", ErrorKind::BadRequest),
            ("invalid value for argument remote-address", ErrorKind::BadRequest),
            ("value of range must have ip address after '-'", ErrorKind::BadRequest),
            ("no such command or directory (x)", ErrorKind::BadRequest),
            ("interrupted", ErrorKind::Cancelled),
            ("action timed out - try again", ErrorKind::OutcomeUnknown),
            ("Session closed", ErrorKind::OutcomeUnknown),
            ("failure: contents too long", ErrorKind::Other),
            ("action failed (6)", ErrorKind::Other),
            ("not logged in", ErrorKind::Other),
            ("session terminated on request", ErrorKind::Other),
            ("", ErrorKind::Other),
        ] {
            assert_eq!(kind(text, None), expected, "{text:?}");
        }
    }

    #[test]
    fn the_category_helps_only_where_the_text_says_nothing() {
        assert_eq!(kind("", Some(TrapCategory::Interrupted)), ErrorKind::Cancelled);
        assert_eq!(kind("no such item", Some(TrapCategory::Interrupted)), ErrorKind::NotFound);
    }

    #[test]
    fn the_first_definite_trap_of_several_decides() {
        let trap = |message: &str| Trap { message: message.to_owned(), category: None };
        assert_eq!(
            refusal(&[trap("failure"), trap("no such item"), trap("cannot log in")]),
            ErrorKind::NotFound
        );
    }
}
