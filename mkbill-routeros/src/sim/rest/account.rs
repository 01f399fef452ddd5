//! Who asks: HTTP Basic authentication (RFC 7617) against the accounts of the router.

use std::net::IpAddr;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hyper::{HeaderMap, header::AUTHORIZATION};

use crate::sim::{menus, router::Router};

/// An account that was let in, and what it may do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Account {
    pub may_write: bool,
}

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
}

impl Router {
    /// The enabled account with this name and password whose group has the policy `rest-api`. A failure is logged.
    pub(super) fn web_account(&mut self, claim: &Claim, peer: IpAddr) -> Option<Account> {
        let account = self.claimed(claim);
        if account.is_none() {
            let shown = String::from_utf8_lossy(&claim.name);
            let message = format!("login failure for user {shown} from {peer} via rest-api");
            self.write_log("system,error,critical", message);
        }
        account
    }

    fn claimed(&self, claim: &Claim) -> Option<Account> {
        let accounts = self.table(menus::ACCOUNT);
        let id = *accounts.named(&claim.name).first()?;
        let text = |column: &str| accounts.text(id, column).unwrap_or_default();
        let groups = self.table(menus::ACCOUNT_GROUP);
        let group = groups.find(text("group"))?;
        let policy = groups.text(group, "policy").unwrap_or_default();
        let has = |wanted: &[u8]| policy.split(|&byte| byte == b',').any(|word| word == wanted);
        let is_right = text("disabled") != b"true" && text("password") == claim.password;
        (is_right && has(b"rest-api")).then(|| Account { may_write: has(b"write") })
    }
}
