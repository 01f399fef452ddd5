//! Who asks: HTTP Basic authentication (RFC 7617).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hyper::{HeaderMap, header::AUTHORIZATION};

use crate::sim::account::Proof;

/// A name and a password as the client gave them. Never shown.
pub(super) struct Claim {
    name: Vec<u8>,
    password: Vec<u8>,
}

impl Claim {
    /// `None` when the request brings none that can be read.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let (scheme, given) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
        let pair = STANDARD.decode(given.trim()).ok()?;
        let colon = pair.iter().position(|&byte| byte == b':')?;
        let claim = Self { name: pair[..colon].to_vec(), password: pair[colon + 1..].to_vec() };
        scheme.eq_ignore_ascii_case("Basic").then_some(claim)
    }

    pub(super) fn name(&self) -> &[u8] {
        &self.name
    }

    pub(super) fn proof(&self) -> Proof<'_> {
        Proof::Password(&self.password)
    }
}
