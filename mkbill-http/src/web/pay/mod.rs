//! The page behind the link of an invoice: what is owed, and how to pay it. It works on an old telephone
//! behind a login page: one request, no script, nothing from elsewhere.

mod bill;
mod receipt;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::language::Language;
use secrecy::SecretString;
use serde::Deserialize;

use crate::auth::access::Anyone;
use crate::extract::{Path, Query};
use crate::problem::Problem;
use crate::web::{Page, language};

use bill::{BillView, InvoicePage};

pub(crate) use receipt::show as receipt;

/// All that whoever holds a link may see.
pub(crate) const FOLDER: &str = "/pay/";
pub(crate) const PATH: &str = "/pay/{token}";
pub(crate) const RECEIPT_PATH: &str = "/pay/{token}/receipt";
/// Only what stands in the page itself, and forms that come back here.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
                      frame-ancestors 'none'; base-uri 'none'";

/// In which language the page is wanted.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    lang: Option<String>,
}

impl Asked {
    /// That of the link, or of the browser.
    fn language(&self) -> Language {
        self.lang.as_deref().and_then(Language::tagged).unwrap_or_else(language)
    }
}

/// Shows the invoice.
pub(crate) async fn show(
    anyone: Anyone,
    Path(token): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let language = asked.language();
    opened(&anyone, &token, language, |bill| {
        InvoicePage { bill, language }.answer(StatusCode::OK, POLICY)
    })
    .await
}

/// What a token opens, shown as a page; a token that opens nothing is answered by a page too.
async fn opened(
    anyone: &Anyone,
    token: &str,
    language: Language,
    page: impl FnOnce(BillView) -> Result<Response, Problem>,
) -> Result<Response, Problem> {
    match anyone.billing.bill(&SecretString::from(token)).await {
        Ok(bill) => page(BillView::of(token, &bill, language)?),
        Err(Error::NotFound { .. }) => {
            UnknownPage { language }.answer(StatusCode::NOT_FOUND, POLICY)
        }
        Err(error) => Err(error.into()),
    }
}

/// For a link that opens nothing.
#[derive(Template)]
#[template(path = "pay/unknown.html")]
struct UnknownPage {
    language: Language,
}

impl Page for UnknownPage {
    fn language(&self) -> Language {
        self.language
    }
}
