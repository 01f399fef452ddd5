//! The least that an engine needs on a router: an account with a group of its own, an encrypted
//! service with a certificate to pin, and a hole in the firewall for one address. Printed as commands
//! for the console of the router, and looked at afterwards.
//!
//! ```
//! use mkbill_routeros::kit::Kit;
//!
//! let kit = Kit::new("mkbill", "s3cret-of-the-router").unwrap().reached_from("192.0.2.10").unwrap();
//! let commands = kit.commands();
//! assert!(commands.contains("policy=api,read,write,sensitive"));
//! assert!(commands.contains("src-address=192.0.2.10"));
//! ```

use std::net::IpAddr;

use secrecy::{ExposeSecret as _, SecretString};

pub use inspection::{Finding, Verdict, inspect};

mod inspection;

/// What the account's group grants, and nothing else: to sign in to the API, to look, to change, and
/// to see the passwords that are compared.
pub const POLICIES: [&str; 4] = ["api", "read", "write", "sensitive"];
/// The port of the encrypted service.
const PORT: u16 = 8_729;
const TEXT_CHARS_MAX: usize = 64;

/// What is wrong with a kit that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KitError {
    /// A text that the console of a router might take for something else.
    #[error("use 1 to 64 letters, digits, dots, dashes and underscores for the {0}")]
    Text(&'static str),
    /// No address.
    #[error("`{0}` is no IP address: give the one that the engine is seen with by the router")]
    Address(String),
}

/// The commands that prepare a router.
#[derive(Debug, Clone)]
pub struct Kit {
    user: String,
    password: SecretString,
    engine: Option<IpAddr>,
}

impl Kit {
    /// For an account of this name and password.
    ///
    /// # Errors
    ///
    /// [`KitError::Text`] for texts that would have to be quoted on the console.
    pub fn new(user: &str, password: &str) -> Result<Self, KitError> {
        let plain = |text: &str| {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            (1..=TEXT_CHARS_MAX).contains(&text.len()) && text.bytes().all(is_plain)
        };
        if !plain(user) {
            return Err(KitError::Text("user"));
        }
        if !plain(password) {
            return Err(KitError::Text("password"));
        }
        let password = SecretString::from(password.to_owned());
        Ok(Self { user: user.to_owned(), password, engine: None })
    }

    /// Lets nobody else in but the engine at this address.
    ///
    /// # Errors
    ///
    /// [`KitError::Address`] for what is none.
    pub fn reached_from(self, address: &str) -> Result<Self, KitError> {
        let engine = address.parse().map_err(|_| KitError::Address(address.to_owned()))?;
        Ok(Self { engine: Some(engine), ..self })
    }

    /// The commands, one a line, to be pasted into a terminal of the router. The last one prints the
    /// fingerprint to be pinned.
    pub fn commands(&self) -> String {
        let (user, password) = (&self.user, self.password.expose_secret());
        let policy = POLICIES.join(",");
        let [account, service, rule] = match self.engine {
            Some(engine) => [
                format!(" address={engine}"),
                format!(" address={engine}"),
                format!(" src-address={engine}"),
            ],
            None => [const { String::new() }; 3],
        };
        let lines = [
            format!("/user group add name={user} policy={policy} comment={user}"),
            format!("/user add name={user} group={user} password={password}{account}"),
            format!(
                "/certificate add name={user} common-name={user} days-valid=3650 \
                 key-usage=digital-signature,key-encipherment,tls-server"
            ),
            format!("/certificate sign {user}"),
            format!("/ip service set api-ssl certificate={user} disabled=no port={PORT}{service}"),
            "/ip service set api disabled=yes".to_owned(),
            format!(
                "/ip firewall filter add chain=input protocol=tcp dst-port={PORT}{rule} \
                 action=accept place-before=0 comment={user}"
            ),
            format!(":put (\"sha256:\" . [/certificate get {user} fingerprint])"),
        ];
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_console_might_misread_is_refused() {
        for bad in ["", "a b", "a;b", "$x", "\"", &"x".repeat(65)] {
            assert_eq!(Kit::new(bad, "good").unwrap_err(), KitError::Text("user"));
            assert_eq!(Kit::new("good", bad).unwrap_err(), KitError::Text("password"));
        }
        let kit = Kit::new("mkbill", "x").unwrap();
        assert!(kit.clone().reached_from("10.0.0.0/8").is_err());
        assert!(!format!("{kit:?}").contains("\"x\""));
    }
}
