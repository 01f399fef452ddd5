//! Users of the router itself, their groups, and who is signed in.

use secrecy::{ExposeSecret, SecretString};

use super::{Command, ItemId, Record, Row, Settings, Switch, row::Reader};
use crate::{
    error::Error,
    value::{Capabilities, Policies, RouterTime},
};

/// Someone who may sign in to the router.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Where it is in the table.
    pub id: ItemId,
    /// The name to sign in with.
    pub name: String,
    /// The group, which says what it may do.
    pub group: Option<String>,
    /// Networks it may sign in from; empty means all.
    pub address: Vec<String>,
    /// When it signed in last, by the router's clock.
    pub last_logged_in: Option<RouterTime>,
    /// As bytes.
    pub comment: Vec<u8>,
    /// Whether it may not sign in.
    pub disabled: bool,
}

impl Record for Account {
    const MENU: &'static str = "/user";
    const FIELDS: &'static [&'static str] =
        &[".id", "name", "group", "address", "last-logged-in", "comment", "disabled"];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        Ok(Self {
            id: reader.id()?,
            name: reader.required("name")?,
            group: reader.optional("group"),
            address: reader.list("address"),
            last_logged_in: reader.moment("last-logged-in")?,
            comment: reader.bytes("comment"),
            disabled: reader.flag("disabled")?,
        })
    }
}

/// What can be written of an account.
#[derive(Debug, Clone, Default)]
pub struct AccountSettings {
    /// The name to sign in with.
    pub name: Option<String>,
    /// The password. It can be written and never read.
    pub password: Option<SecretString>,
    /// The group, by name. It must exist.
    pub group: Option<String>,
    /// Networks it may sign in from; empty means all.
    pub address: Option<Vec<String>>,
    /// The comment, as bytes.
    pub comment: Option<Vec<u8>>,
    /// Whether it may sign in.
    pub switch: Option<Switch>,
}

impl Settings for AccountSettings {
    type Row = Account;

    fn write(&self, command: Command, _: &Capabilities) -> Command {
        command
            .with_some("name", self.name.as_ref())
            .with_some("password", self.password.as_ref().map(ExposeSecret::expose_secret))
            .with_some("group", self.group.as_ref())
            .with_some("address", self.address.as_ref().map(|parts| parts.join(",")))
            .with_some("comment", self.comment.as_ref())
            .with_some("disabled", self.switch.map(Switch::disabled_value))
    }
}

/// What a kind of accounts may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Where it is in the table.
    pub id: ItemId,
    /// Its name.
    pub name: String,
    /// What it may do. An account of the API needs `api`, `read` and `write`.
    pub policy: Policies,
    /// The look of the web interface.
    pub skin: Option<String>,
    /// As bytes.
    pub comment: Vec<u8>,
}

impl Record for Group {
    const MENU: &'static str = "/user/group";
    const FIELDS: &'static [&'static str] = &[".id", "name", "policy", "skin", "comment"];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        Ok(Self {
            id: reader.id()?,
            name: reader.required("name")?,
            policy: Policies::parse(&reader.optional("policy").unwrap_or_default()),
            skin: reader.optional("skin"),
            comment: reader.bytes("comment"),
        })
    }
}

/// What can be written of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupSettings {
    /// Its name.
    pub name: Option<String>,
    /// What it may do.
    pub policy: Option<Policies>,
    /// The comment, as bytes.
    pub comment: Option<Vec<u8>>,
}

impl Settings for GroupSettings {
    type Row = Group;

    fn write(&self, command: Command, _: &Capabilities) -> Command {
        command
            .with_some("name", self.name.as_ref())
            .with_some("policy", self.policy.as_ref().map(Policies::to_string))
            .with_some("comment", self.comment.as_ref())
    }
}

/// Someone who is signed in to the router.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// Where it is in the table. Renumbered at every reboot.
    pub id: ItemId,
    /// The account.
    pub name: String,
    /// Since when, by the router's clock.
    pub when: Option<RouterTime>,
    /// From where.
    pub address: Option<String>,
    /// How: `api`, `rest-api`, `winbox` and so on.
    pub via: Option<String>,
}

impl Record for SignedIn {
    const MENU: &'static str = "/user/active";
    const FIELDS: &'static [&'static str] = &[".id", "name", "when", "address", "via"];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        Ok(Self {
            id: reader.id()?,
            name: reader.required("name")?,
            when: reader.moment("when")?,
            address: reader.optional("address"),
            via: reader.optional("via"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Version;

    #[test]
    fn an_account_that_never_signed_in_has_no_last_time() {
        let account = Account::read(&Row::of(&[
            (".id", "*1"),
            ("name", "billing"),
            ("group", "full"),
            ("address", "10.0.0.0/8,192.0.2.1/32"),
            ("last-logged-in", "jan/01/1970 00:00:00"),
        ]))
        .unwrap();
        assert_eq!((account.address.len(), account.last_logged_in), (2, None));
    }

    #[test]
    fn adding_an_account_never_shows_its_password() {
        let account = AccountSettings {
            name: Some("billing".to_owned()),
            password: Some(SecretString::from("hunter2".to_owned())),
            ..AccountSettings::default()
        };
        let add = account.add(&Capabilities::of(Version::new(7, 18, 2)));
        let shown = format!("{account:?} {add:?}");
        assert!(shown.contains("=name=billing") && !shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn a_group_tells_what_it_may_and_may_not_do() {
        let row = Row::of(&[(".id", "*4"), ("name", "api"), ("policy", "read,write,api,!ftp")]);
        let group = Group::read(&row).unwrap();
        assert!(group.policy.grants("api") && !group.policy.grants("ftp"));
        let settings = GroupSettings { policy: Some(group.policy), ..GroupSettings::default() };
        let add = format!("{:?}", settings.add(&Capabilities::of(Version::new(7, 18, 2))));
        assert!(add.contains("=policy=read,write,api,!ftp"), "{add}");
    }
}
