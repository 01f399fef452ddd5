//! Pages for people: they work without scripts, and bring all they need.

pub(crate) mod pay;
pub(crate) mod setup;
mod words;

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use mkbill_core::kernel::language::Language;

use crate::problem::{Problem, Spoken};

/// A page in one language.
pub(crate) trait Page: Template {
    fn language(&self) -> Language;

    /// The same in the language of the page.
    fn say(&self, english: &'static str, indonesian: &'static str) -> &'static str {
        match self.language() {
            Language::English => english,
            Language::Indonesian => indonesian,
        }
    }

    /// The language that the page is not in.
    fn other(&self) -> Language {
        match self.language() {
            Language::English => Language::Indonesian,
            Language::Indonesian => Language::English,
        }
    }

    /// The page as an answer that may load and run only what `policy` says.
    fn answer(&self, status: StatusCode, policy: &'static str) -> Result<Response, Problem> {
        let text = self.render().map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "a page was not written");
            Problem::internal()
        })?;
        let head = [
            (header::CONTENT_SECURITY_POLICY, policy),
            (header::CONTENT_LANGUAGE, self.language().tag()),
        ];
        let head = head.map(|(name, value)| (name, HeaderValue::from_static(value)));
        Ok((status, head, Html(text)).into_response())
    }
}

/// The language of the request that is being worked on.
pub(crate) fn language() -> Language {
    Spoken::now().language
}
