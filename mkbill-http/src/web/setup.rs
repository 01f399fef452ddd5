//! The page of the link for setting up: a form that works without scripts.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::language::Language;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::auth::access::Anyone;
use crate::extract::Query;
use crate::problem::Problem;
use crate::web::{Page, language};

pub(crate) const PATH: &str = "/setup";
/// Only what stands in the page itself, and a form that comes back here.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
                      frame-ancestors 'none'; base-uri 'none'";

/// What the link carries.
#[derive(Deserialize)]
pub(crate) struct Link {
    #[serde(default)]
    token: String,
}

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct Filled {
    token: SecretString,
    username: String,
    name: String,
    password: SecretString,
}

/// The form, with what was wrong with what it sent.
#[derive(Template)]
#[template(path = "setup.html")]
struct Form {
    language: Language,
    token: String,
    fault: Option<String>,
}

/// What is shown when the first super admin was made.
#[derive(Template)]
#[template(path = "done.html")]
struct Done {
    language: Language,
}

impl Page for Form {
    fn language(&self) -> Language {
        self.language
    }
}

impl Page for Done {
    fn language(&self) -> Language {
        self.language
    }
}

/// Shows the form.
pub(crate) async fn show(_anyone: Anyone, Query(link): Query<Link>) -> Result<Response, Problem> {
    Form { language: language(), token: link.token, fault: None }.answer(StatusCode::OK, POLICY)
}

/// Makes the first super admin, or says why not and shows the form again.
pub(crate) async fn fill(
    anyone: Anyone,
    axum::Form(filled): axum::Form<Filled>,
) -> Result<Response, Problem> {
    let language = language();
    let who = (filled.username.as_str(), filled.name.as_str());
    let made = anyone.billing.set_up(anyone.origin, &filled.token, who, &filled.password).await;
    match made {
        Ok(_) => Done { language }.answer(StatusCode::OK, POLICY),
        Err(
            error @ (Error::Refused(_)
            | Error::Invalid { .. }
            | Error::SeveralInvalid(_)
            | Error::Conflict { .. }),
        ) => {
            let token = filled.token.expose_secret().to_owned();
            let fault = Some(error.said().text(language).to_owned());
            Form { language, token, fault }.answer(StatusCode::UNPROCESSABLE_ENTITY, POLICY)
        }
        Err(error) => Err(error.into()),
    }
}
