//! The page of the link for setting up: a form that works without scripts.

use axum::Form;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use mkbill_core::kernel::error::Error;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::auth::access::Anyone;
use crate::extract::Query;
use crate::problem::Problem;

pub(crate) const PATH: &str = "/setup";
const PAGE: &str = include_str!("setup.html");
const DONE: &str = include_str!("done.html");
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

/// Shows the form.
pub(crate) async fn show(_anyone: Anyone, Query(link): Query<Link>) -> Response {
    page(StatusCode::OK, &link.token, "")
}

/// Makes the first super admin, or says why not and shows the form again.
pub(crate) async fn fill(anyone: Anyone, Form(filled): Form<Filled>) -> Result<Response, Problem> {
    let who = (filled.username.as_str(), filled.name.as_str());
    let made = anyone.billing.set_up(anyone.origin, &filled.token, who, &filled.password).await;
    match made {
        Ok(_) => Ok(html(StatusCode::OK, DONE.to_owned())),
        Err(
            error @ (Error::Refused(_)
            | Error::Invalid { .. }
            | Error::SeveralInvalid(_)
            | Error::Conflict { .. }),
        ) => {
            let says = format!("<p role=\"alert\">{}</p>", escaped(&error.to_string()));
            Ok(page(StatusCode::UNPROCESSABLE_ENTITY, filled.token.expose_secret(), &says))
        }
        Err(error) => Err(error.into()),
    }
}

fn page(status: StatusCode, token: &str, says: &str) -> Response {
    let plain = |c: &char| c.is_ascii_alphanumeric() || "_-".contains(*c);
    let token: String = token.chars().filter(plain).collect();
    html(status, PAGE.replace("{token}", &token).replace("{says}", says))
}

fn html(status: StatusCode, text: String) -> Response {
    (status, [(header::CONTENT_SECURITY_POLICY, POLICY)], Html(text)).into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
