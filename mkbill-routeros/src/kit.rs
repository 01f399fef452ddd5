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

use crate::client::Client;
use crate::command::account::{Account, Group};
use crate::command::{Command, print};
use crate::error::{Error, ErrorKind};
use crate::value::Policies;

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

/// How far something is as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Good,
    /// It works, and could be safer.
    Advice,
    /// It does not work without.
    Missing,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub what: &'static str,
    /// How far it is as it should be.
    pub verdict: Verdict,
    /// What was seen, and what to do.
    pub detail: String,
}

fn finding(what: &'static str, verdict: Verdict, detail: impl Into<String>) -> Finding {
    Finding { what, verdict, detail: detail.into() }
}

/// Looks whether the account of an open connection has what the engine needs and no more, and how the
/// services of the router stand.
///
/// # Errors
///
/// Whatever ends the connection. What the account may not see is a finding.
pub async fn inspect(client: &Client, user: &str) -> Result<Vec<Finding>, Error> {
    Ok(vec![policies(client, user).await?, plain_service(client).await?])
}

async fn policies(client: &Client, user: &str) -> Result<Finding, Error> {
    const WHAT: &str = "policies";
    let unseen = || finding(WHAT, Verdict::Advice, "the account may not see its own group");
    let account = client.run(print::<Account>().where_is("name", user)).await;
    let Some(account) = seen(account)? else { return Ok(unseen()) };
    let account: Option<Account> = account.records()?.pop();
    let Some(name) = account.and_then(|account| account.group) else { return Ok(unseen()) };
    let group = client.run(print::<Group>().where_is("name", &name)).await;
    let Some(group) = seen(group)? else { return Ok(unseen()) };
    let group: Option<Group> = group.records()?.pop();
    Ok(group.map_or_else(unseen, |group| judged(WHAT, &group.policy, &name)))
}

fn judged(what: &'static str, granted: &Policies, group: &str) -> Finding {
    let missing: Vec<&str> =
        POLICIES.into_iter().filter(|policy| !granted.grants(policy)).collect();
    if !missing.is_empty() {
        let missing = missing.join(", ");
        let detail = format!("group {group} lacks {missing}: add them to its policy");
        return finding(what, Verdict::Missing, detail);
    }
    let needless = granted.granted.iter().filter(|name| !POLICIES.contains(&name.as_str()));
    let needless: Vec<&str> = needless.map(String::as_str).collect();
    if needless.is_empty() {
        return finding(what, Verdict::Good, format!("group {group} grants what is needed"));
    }
    let detail = format!("group {group} grants more than is needed: {}", needless.join(", "));
    finding(what, Verdict::Advice, detail)
}

async fn plain_service(client: &Client) -> Result<Finding, Error> {
    const WHAT: &str = "plain service";
    let command = Command::new("/ip/service/print").fields(&["name", "disabled"]);
    let services = client.run(command.where_is("name", "api")).await;
    let Some(services) = seen(services)? else {
        return Ok(finding(WHAT, Verdict::Advice, "the account may not see the services"));
    };
    let is_off = |row: &crate::command::Row| matches!(row.get("disabled"), Some(b"true" | b"yes"));
    if services.rows.iter().all(is_off) {
        return Ok(finding(WHAT, Verdict::Good, "the unencrypted api is disabled"));
    }
    let detail = "the unencrypted api is open: disable it with `/ip service set api disabled=yes`";
    Ok(finding(WHAT, Verdict::Advice, detail))
}

/// An answer, or nothing where the account has no right to one.
fn seen<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.kind() == ErrorKind::Denied || error.is_missing_menu() => Ok(None),
        Err(error) => Err(error),
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

    #[test]
    fn a_group_is_judged_by_what_it_lacks_before_what_it_has_too_much() {
        let verdict = |policies: &str| judged("policies", &Policies::parse(policies), "g").verdict;
        assert_eq!(verdict("api,read,write,sensitive,!ftp"), Verdict::Good);
        assert_eq!(verdict("api,read,write,sensitive,ftp"), Verdict::Advice);
        assert_eq!(verdict("api,read,write,ftp"), Verdict::Missing);
    }
}
