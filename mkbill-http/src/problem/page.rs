//! The page that lists the codes of problems, to which the `type` of each problem leads.

use std::fmt::Write as _;
use std::sync::OnceLock;

use axum::http::StatusCode;
use axum::response::Html;

use super::codes::{CODES, indonesian_title};

/// Shows every code with its status.
pub(crate) async fn show() -> Html<&'static str> {
    static PAGE: OnceLock<String> = OnceLock::new();
    Html(PAGE.get_or_init(page))
}

fn page() -> String {
    let mut text = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Problems</title>\n\
         <h1>Problems</h1>\n<table>\n<tr><th>Code<th>Status<th>In English<th>Bahasa Indonesia\n",
    );
    for (code, number) in CODES {
        let Ok(status) = StatusCode::from_u16(*number) else { continue };
        let english = status.canonical_reason().unwrap_or_default();
        let indonesian = indonesian_title(status);
        // Writing into a text cannot fail.
        let _ = writeln!(
            text,
            "<tr id=\"{code}\"><td><code>{code}</code><td>{number}<td>{english}<td lang=\"id\">{indonesian}"
        );
    }
    text + "</table>\n"
}
