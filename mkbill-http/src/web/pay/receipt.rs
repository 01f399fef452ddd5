//! The receipt of an invoice, as a page.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use mkbill_core::kernel::language::Language;

use crate::auth::access::Anyone;
use crate::extract::{Path, Query};
use crate::problem::Problem;
use crate::web::Page;

use super::bill::BillView;
use super::{Asked, POLICY, opened};

#[derive(Template)]
#[template(path = "pay/receipt.html")]
struct ReceiptPage {
    bill: BillView,
    language: Language,
}

impl Page for ReceiptPage {
    fn language(&self) -> Language {
        self.language
    }
}

/// Shows what was paid on an invoice.
pub(crate) async fn show(
    anyone: Anyone,
    Path(token): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let language = asked.language();
    opened(&anyone, &token, language, |bill| {
        ReceiptPage { bill, language }.answer(StatusCode::OK, POLICY)
    })
    .await
}
