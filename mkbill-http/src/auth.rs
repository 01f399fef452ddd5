//! Who may come in. Every path needs a key unless it is listed as public.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use mkbill_core::billing::Billing;
use secrecy::SecretString;

use crate::problem::Problem;

/// Paths that answer without a key; one that ends in `/` stands for all below it.
const PUBLIC: [&str; 5] = ["/live", "/ready", "/openapi.json", "/docs", "/docs/"];
const KEY_BYTES_MAX: usize = 200;

/// Lets a request through with a valid key, or to a public path; hands the key on to the handler.
pub(crate) async fn require_key(
    State(billing): State<Billing>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if !is_public(request.uri().path()) {
        let secret = bearer(request.headers()).ok_or_else(Problem::unauthenticated)?;
        let key = billing.authenticate(&secret).await?.ok_or_else(Problem::unauthenticated)?;
        request.extensions_mut().insert(key);
    }
    Ok(next.run(request).await)
}

fn is_public(path: &str) -> bool {
    PUBLIC.iter().any(|public| path == *public || public.ends_with('/') && path.starts_with(public))
}

fn bearer(headers: &HeaderMap) -> Option<SecretString> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = value.split_once(' ')?;
    let fits = scheme.eq_ignore_ascii_case("bearer") && secret.len() <= KEY_BYTES_MAX;
    fits.then(|| SecretString::from(secret.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_paths_are_public() {
        for path in ["/live", "/docs", "/docs/", "/docs/swagger-ui.css", "/openapi.json"] {
            assert!(is_public(path), "{path}");
        }
        for path in
            ["/", "/api/v1/plans", "/health", "/metrics", "/live/x", "/docsx", "/openapi.json/"]
        {
            assert!(!is_public(path), "{path}");
        }
    }
}
