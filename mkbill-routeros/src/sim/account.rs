//! Accounts of the router itself: who may log in, and who is logged in.

use std::{collections::BTreeMap, net::IpAddr};

use jiff::civil::DateTime;

use crate::{
    proto::login,
    value::{DateDialect, date},
};

use super::{
    id::{IdSource, ObjectId},
    menus::{self, Made},
    prefix,
    record::Record,
    refusal::Refusal,
    rights::{Caller, Rights},
    router::Router,
    service::Service,
};

/// How a client shows that it knows the password.
pub(super) enum Proof<'c> {
    Password(&'c [u8]),
    Response {
        challenge: String,
        given: &'c [u8],
    },
    /// An answer to a challenge where none is taken any more.
    Useless,
}

impl Proof<'_> {
    fn shows(&self, password: &[u8]) -> bool {
        match self {
            Self::Password(given) => *given == password,
            Self::Response { challenge, given } => login::response(password, challenge.as_bytes())
                .is_some_and(|wanted| wanted.as_bytes() == *given),
            Self::Useless => false,
        }
    }
}

/// Who is logged in: the rows of `/user/active`.
#[derive(Debug)]
pub(super) struct ActiveAccounts {
    ids: IdSource,
    rows: BTreeMap<ObjectId, ActiveAccount>,
}

#[derive(Debug)]
struct ActiveAccount {
    name: Vec<u8>,
    address: IpAddr,
    via: &'static str,
    when: DateTime,
}

impl Default for ActiveAccounts {
    fn default() -> Self {
        Self { ids: IdSource::starting_at(1), rows: BTreeMap::new() }
    }
}

impl ActiveAccounts {
    pub(super) fn clear(&mut self) {
        self.rows.clear();
    }

    pub(super) fn records(&self, dialect: DateDialect) -> impl Iterator<Item = Record<'_>> {
        self.rows.iter().map(move |(id, row)| row.record(*id, dialect))
    }

    fn record(&self, id: ObjectId, dialect: DateDialect) -> Option<Record<'_>> {
        self.rows.get(&id).map(|row| row.record(id, dialect))
    }
}

impl ActiveAccount {
    fn record(&self, id: ObjectId, dialect: DateDialect) -> Record<'_> {
        let mut record = Record::of(id).with("when", date::format(self.when, dialect));
        record.push("name", &self.name[..]);
        record.with("address", self.address).with("via", self.via).with("radius", false)
    }
}

/// Someone who was let in.
#[derive(Debug)]
pub(super) struct LoggedIn {
    /// The row in `/user/active`, to be given to [`Router::log_out`] at the end.
    pub id: ObjectId,
    pub caller: Caller,
}

impl Router {
    /// Lets an enabled account in that shows its password, comes from where it may, and has the policy of the service.
    /// Either way the log tells.
    pub(super) fn log_in(
        &mut self,
        name: &[u8],
        proof: &Proof<'_>,
        service: Service,
        peer: IpAddr,
    ) -> Result<LoggedIn, Refusal> {
        let shown = String::from_utf8_lossy(name).into_owned();
        let via = service.via();
        let refused = match self.account(name, proof, peer) {
            Some((id, caller)) if caller.rights.holds(service.policy()) => {
                self.write_log(
                    "system,info,account",
                    format!("user {shown} logged in from {peer} via {via}"),
                );
                return Ok(LoggedIn { id: self.enter(id, &caller, via, peer), caller });
            }
            Some(_) => Refusal::denied(),
            None => self.login_refusal(),
        };
        let message = format!("login failure for user {shown} from {peer} via {via}");
        self.write_log("system,error,critical", message);
        Err(refused)
    }

    /// What a router says to a name and a password that do not go together.
    pub(super) fn login_refusal(&self) -> Refusal {
        Refusal::new(if self.routeros.takes_plain_login() {
            "invalid user name or password (6)"
        } else {
            "cannot log in"
        })
    }

    /// The client has gone. Nothing happens when a reboot has forgotten it already.
    pub(super) fn log_out(&mut self, id: ObjectId) {
        let Some(gone) = self.active_accounts.rows.remove(&id) else {
            return;
        };
        self.feed.removed(Made::ActiveAccount.path(), id);
        let name = String::from_utf8_lossy(&gone.name);
        let message = format!("user {name} logged out from {} via {}", gone.address, gone.via);
        self.write_log("system,info,account", message);
    }

    fn account(&self, name: &[u8], proof: &Proof<'_>, peer: IpAddr) -> Option<(ObjectId, Caller)> {
        let accounts = self.table(menus::ACCOUNT);
        let id = *accounts.named(name).first()?;
        let text = |column: &str| accounts.text(id, column).unwrap_or_default();
        let is_enabled = text("disabled") != b"true";
        let may_come = prefix::any_holds(&String::from_utf8_lossy(text("address")), peer);
        let is_right = proof.shows(text("password"));
        let rights = self.rights_of_group(text("group"));
        let caller = Caller { name: name.to_vec(), rights };
        (is_enabled && may_come && is_right).then_some((id, caller))
    }

    fn rights_of_group(&self, group: &[u8]) -> Rights {
        let groups = self.table(menus::ACCOUNT_GROUP);
        let policy = groups.find(group).and_then(|id| groups.text(id, "policy"));
        let policy = String::from_utf8_lossy(policy.unwrap_or_default());
        Rights::parse(&policy, self.routeros.version()).unwrap_or_default()
    }

    fn enter(
        &mut self,
        account: ObjectId,
        caller: &Caller,
        via: &'static str,
        address: IpAddr,
    ) -> ObjectId {
        let (when, dialect) = (self.clock.shown(), self.date_dialect());
        let stamp = date::format(when, dialect).into_bytes();
        self.table_mut(menus::ACCOUNT).put(account, "last-logged-in", Some(stamp));
        self.publish(menus::ACCOUNT, account);
        let active = &mut self.active_accounts;
        let id = active.ids.take();
        active.rows.insert(id, ActiveAccount { name: caller.name.clone(), address, via, when });
        if let Some(record) = active.record(id, dialect) {
            self.feed.changed(Made::ActiveAccount.path(), &record);
        }
        id
    }
}
