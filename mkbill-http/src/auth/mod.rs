//! Who may come in, and what each handler needs.

pub(crate) mod access;
pub(crate) mod token;

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{Extensions, HeaderMap, header};
use mkbill_core::apikey;
use mkbill_core::billing::Reader;
use mkbill_core::kernel::caller::Actor;
use mkbill_core::kernel::error::Error;
use mkbill_core::staff::principal::Principal;
use secrecy::SecretString;

use crate::problem::Problem;
use crate::web::{pay, setup};

use token::Tokens;

/// Paths that answer whoever asks; one that ends in `/` stands for all below it.
pub(crate) const PUBLIC: [&str; 9] = [
    "/live",
    "/ready",
    "/openapi.json",
    "/docs",
    "/docs/",
    setup::PATH,
    pay::FOLDER,
    "/api/v1/auth/sign-in",
    "/api/v1/auth/setup",
];
const PROOF_BYTES_MAX: usize = 1_000;

/// Who says who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Identity {
    /// This server: by API keys, and tokens of staff who signed in here.
    #[default]
    Own,
    /// The application around it: its middleware puts a [`Principal`] into the extensions of each
    /// request whose sender it knows, and one without is refused. Nobody can sign in here.
    Outside,
}

/// What the door knows.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    pub(crate) reader: Reader,
    pub(crate) identity: Identity,
    pub(crate) tokens: Arc<Tokens>,
}

impl Door {
    /// Lets a request through whose sender is known, or to a public path; notes in it who it is.
    pub(crate) async fn let_in(&self, mut request: Request) -> Result<Request, Problem> {
        if is_public(request.uri().path()) {
            return Ok(request);
        }
        if self.identity == Identity::Own {
            let proof = bearer(request.headers()).ok_or_else(Problem::unauthenticated)?.to_owned();
            let principal = self.principal(&proof).await?.ok_or_else(Problem::unauthenticated)?;
            request.extensions_mut().insert(principal);
        }
        if request.extensions().get::<Principal>().is_none() {
            return Err(Problem::unauthenticated());
        }
        Ok(request)
    }

    async fn principal(&self, proof: &str) -> Result<Option<Principal>, Error> {
        if apikey::is_marked(proof) {
            return self.reader.holder_of_key(&SecretString::from(proof)).await;
        }
        match self.tokens.session(proof) {
            Some(session) => self.reader.holder_of_session(session).await,
            None => Ok(None),
        }
    }
}

/// Who was let in with this request.
pub(crate) fn actor(extensions: &Extensions) -> Option<Actor> {
    extensions.get::<Principal>().map(Principal::actor)
}

fn is_public(path: &str) -> bool {
    PUBLIC.iter().any(|public| path == *public || public.ends_with('/') && path.starts_with(public))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, proof) = value.split_once(' ')?;
    let fits = scheme.eq_ignore_ascii_case("bearer") && proof.len() <= PROOF_BYTES_MAX;
    fits.then(|| proof.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_paths_are_public() {
        for path in ["/live", "/docs", "/docs/", "/docs/swagger-ui.css", "/openapi.json"] {
            assert!(is_public(path), "{path}");
        }
        for path in ["/", "/api/v1/plans", "/health", "/live/x", "/docsx", "/openapi.json/"] {
            assert!(!is_public(path), "{path}");
        }
    }
}
