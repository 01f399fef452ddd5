//! What is on a router, compared with what the kit puts there.

use std::borrow::Cow;

use super::POLICIES;
use crate::client::Client;
use crate::command::account::{Account, Group};
use crate::command::{Command, Row, print};
use crate::error::{Error, ErrorKind};
use crate::value::Policies;

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
    let mut findings = vec![policies(client, user).await?];
    findings.extend(services(client).await?);
    Ok(findings)
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

async fn services(client: &Client) -> Result<Vec<Finding>, Error> {
    let fields = ["name", "port", "address", "certificate", "disabled"];
    let services = client.run(Command::new("/ip/service/print").fields(&fields)).await;
    let Some(services) = seen(services)? else {
        return Ok(vec![finding("services", Verdict::Advice, "the account may not see them")]);
    };
    let named =
        |name: &str| services.rows.iter().find(|row| row.get("name") == Some(name.as_bytes()));
    let encrypted = named("api-ssl");
    let fields =
        ["chain", "action", "protocol", "dst-port", "src-address", "src-address-list", "disabled"];
    let rules = client.run(Command::new("/ip/firewall/filter/print").fields(&fields)).await;
    let rules = seen(rules)?.map(|rules| rules.rows);
    Ok(vec![
        plain_service(named("api")),
        encrypted_service(encrypted),
        who_may_connect(encrypted, rules.as_deref()),
    ])
}

fn plain_service(service: Option<&Row>) -> Finding {
    const WHAT: &str = "plain service";
    if service.is_none_or(is_off) {
        return finding(WHAT, Verdict::Good, "the unencrypted api is disabled");
    }
    let detail = "the unencrypted api is open: disable it with `/ip service set api disabled=yes`";
    finding(WHAT, Verdict::Advice, detail)
}

fn encrypted_service(service: Option<&Row>) -> Finding {
    const WHAT: &str = "encrypted service";
    let Some(service) = service.filter(|service| !is_off(service)) else {
        let detail = "api-ssl is disabled: enable it with `/ip service set api-ssl disabled=no`";
        return finding(WHAT, Verdict::Advice, detail);
    };
    match shown(service, "certificate") {
        None => {
            let detail = "api-ssl has no certificate to pin: make one with the commands of \
                          `mkbill router kit`";
            finding(WHAT, Verdict::Advice, detail)
        }
        Some(name) => finding(WHAT, Verdict::Good, format!("api-ssl shows the certificate {name}")),
    }
}

/// Either the service itself names who may connect, or a rule of the firewall does.
fn who_may_connect(service: Option<&Row>, rules: Option<&[Row]>) -> Finding {
    const WHAT: &str = "firewall";
    if let Some(networks) = service.and_then(|service| shown(service, "address")) {
        return finding(WHAT, Verdict::Good, format!("api-ssl lets in {networks} and nobody else"));
    }
    let Some(rules) = rules else {
        return finding(WHAT, Verdict::Advice, "the account may not see the firewall");
    };
    let port = service.and_then(|service| shown(service, "port"));
    let port = port.and_then(|port| port.parse().ok()).unwrap_or(super::PORT);
    let admitting = rules.iter().filter(|rule| admits(rule, port));
    let sources: Option<Vec<_>> = admitting.map(source).collect();
    let Some(sources) = sources.filter(|sources| !sources.is_empty()) else {
        let detail = "anybody may connect to api-ssl: name the engine with \
                      `/ip service set api-ssl address=` or with a rule of the firewall";
        return finding(WHAT, Verdict::Advice, detail);
    };
    let sources = sources.join(", ");
    let detail = format!("{sources} may connect to port {port}; a later rule has to drop the rest");
    finding(WHAT, Verdict::Good, detail)
}

/// For whom a rule is, unless it is for everybody.
fn source(rule: &Row) -> Option<Cow<'_, str>> {
    shown(rule, "src-address").or_else(|| shown(rule, "src-address-list"))
}

/// Whether a rule of the firewall accepts connections to a port of the router.
fn admits(rule: &Row, port: u16) -> bool {
    let is = |field: &str, value: &str| shown(rule, field).is_some_and(|shown| shown == value);
    let ports = shown(rule, "dst-port").unwrap_or_default();
    !is_off(rule)
        && is("chain", "input")
        && is("action", "accept")
        && is("protocol", "tcp")
        && ports.split(',').any(|span| is_within(span, port))
}

/// Whether a port is one that a rule names: `8729`, or `8728-8729`.
fn is_within(span: &str, port: u16) -> bool {
    let (first, last) = span.split_once('-').unwrap_or((span, span));
    let ends = first.trim().parse::<u16>().ok().zip(last.trim().parse::<u16>().ok());
    ends.is_some_and(|(first, last)| (first..=last).contains(&port))
}

fn is_off(row: &Row) -> bool {
    matches!(row.get("disabled"), Some(b"true" | b"yes"))
}

/// What a field says, unless it says nothing.
fn shown<'r>(row: &'r Row, field: &str) -> Option<Cow<'r, str>> {
    row.text(field).filter(|text| !text.is_empty() && text != "none")
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
    fn a_group_is_judged_by_what_it_lacks_before_what_it_has_too_much() {
        let verdict = |policies: &str| judged("policies", &Policies::parse(policies), "g").verdict;
        assert_eq!(verdict("api,read,write,sensitive,!ftp"), Verdict::Good);
        assert_eq!(verdict("api,read,write,sensitive,ftp"), Verdict::Advice);
        assert_eq!(verdict("api,read,write,ftp"), Verdict::Missing);
    }

    #[test]
    fn a_rule_counts_only_if_it_admits_somebody_to_the_port_of_the_service() {
        let rule = |ports: &str, more: (&str, &str)| {
            let good = [
                ("chain", "input"),
                ("action", "accept"),
                ("protocol", "tcp"),
                ("dst-port", ports),
                ("src-address", "192.0.2.10"),
            ];
            let fields = good.into_iter().filter(|(name, _)| *name != more.0).chain([more]);
            Row::of(&fields.collect::<Vec<_>>())
        };
        let service = |address: &str| Row::of(&[("port", "8729"), ("address", address)]);
        let judged = |address: &str, rules: &[Row]| {
            who_may_connect(Some(&service(address)), Some(rules)).verdict
        };
        let verdict = |address: &str, rule: Row| judged(address, &[rule]);
        let nothing_more = ("comment", "mkbill");
        for ports in ["8729", "8291,8728-8730", " 8729 "] {
            assert_eq!(verdict("", rule(ports, nothing_more)), Verdict::Good, "{ports}");
        }
        for ports in ["8728", "8730-8729", "x", "", "-", "99999"] {
            assert_eq!(verdict("", rule(ports, nothing_more)), Verdict::Advice, "{ports}");
        }
        for more in [
            ("chain", "forward"),
            ("action", "drop"),
            ("protocol", "udp"),
            ("disabled", "true"),
            ("src-address", ""),
        ] {
            assert_eq!(verdict("", rule("8729", more)), Verdict::Advice, "{more:?}");
        }
        assert_eq!(verdict("192.0.2.10/32", rule("1", nothing_more)), Verdict::Good);
        let for_all = [rule("8729", nothing_more), rule("8729", ("src-address", ""))];
        assert_eq!(judged("", &for_all), Verdict::Advice);
    }
}
