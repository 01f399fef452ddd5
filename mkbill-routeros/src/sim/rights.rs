//! Policies: what an account of the router may do.

use crate::value::{
    Version,
    version::release::{REST, V7},
};

use super::{
    command::Command,
    menus,
    refusal::Refusal,
    schema::{FIRST, LAST},
};

/// A set of policies, as the group of an account grants them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Rights(u32);

/// Every policy in the order in which a router lists them, with the releases that have it.
const POLICIES: [(&str, Version, Version); 19] = [
    ("local", FIRST, LAST),
    ("telnet", FIRST, LAST),
    ("ssh", FIRST, LAST),
    ("ftp", FIRST, LAST),
    ("reboot", FIRST, LAST),
    ("read", FIRST, LAST),
    ("write", FIRST, LAST),
    ("policy", FIRST, LAST),
    ("test", FIRST, LAST),
    ("winbox", FIRST, LAST),
    ("password", FIRST, LAST),
    ("web", FIRST, LAST),
    ("sniff", FIRST, LAST),
    ("sensitive", FIRST, LAST),
    ("api", FIRST, LAST),
    ("romon", FIRST, LAST),
    ("dude", FIRST, V7),
    ("tikapp", FIRST, V7),
    ("rest-api", REST, LAST),
];

impl Rights {
    pub(super) const NONE: Self = Self(0);
    pub(super) const ALL: Self = Self(u32::MAX);
    pub(super) const FTP: Self = Self::of("ftp");
    pub(super) const REBOOT: Self = Self::of("reboot");
    pub(super) const READ: Self = Self::of("read");
    pub(super) const WRITE: Self = Self::of("write");
    pub(super) const POLICY: Self = Self::of("policy");
    pub(super) const TEST: Self = Self::of("test");
    pub(super) const SENSITIVE: Self = Self::of("sensitive");
    pub(super) const API: Self = Self::of("api");
    #[cfg(feature = "sim-sftp")]
    pub(super) const SSH: Self = Self::of("ssh");
    pub(super) const REST_API: Self = Self::of("rest-api");

    const fn of(name: &str) -> Self {
        let mut place = 0;
        while place < POLICIES.len() {
            if same(POLICIES[place].0.as_bytes(), name.as_bytes()) {
                return Self(1 << place);
            }
            place += 1;
        }
        Self::NONE
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn holds(self, wanted: Self) -> bool {
        self.0 & wanted.0 == wanted.0
    }

    /// Reads `read,write,!ftp`. `None` when a word is no policy of that release.
    pub(super) fn parse(text: &str, version: Version) -> Option<Self> {
        let mut rights = Self::NONE;
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            let (name, is_granted) = match word.strip_prefix('!') {
                Some(name) => (name, false),
                None => (word, true),
            };
            let (place, _) = known(version).find(|(_, held)| *held == name)?;
            if is_granted {
                rights.0 |= 1 << place;
            } else {
                rights.0 &= !(1 << place);
            }
        }
        Some(rights)
    }

    /// As [`Self::parse`], without the words that the release does not know.
    pub(super) fn of_factory(text: &str, version: Version) -> Self {
        let is_known = |word: &&str| known(version).any(|(_, name)| name == *word);
        let words: Vec<&str> = text.split(',').filter(is_known).collect();
        Self::parse(&words.join(","), version).unwrap_or_default()
    }

    /// The policies granted, in the router's order.
    pub(super) fn granted(self, version: Version) -> Vec<&'static str> {
        known(version).filter(|(place, _)| self.0 >> place & 1 == 1).map(|(_, name)| name).collect()
    }

    /// As a group shows it: the granted policies, then the others with `!`.
    pub(super) fn listed(self, version: Version) -> String {
        let denied = Self(!self.0).granted(version).into_iter().map(|name| format!("!{name}"));
        let granted = self.granted(version).into_iter().map(str::to_owned);
        granted.chain(denied).collect::<Vec<_>>().join(",")
    }
}

fn known(version: Version) -> impl Iterator<Item = (usize, &'static str)> {
    POLICIES
        .iter()
        .enumerate()
        .filter(move |(_, (_, since, until))| (*since..*until).contains(&version))
        .map(|(place, (name, _, _))| (place, *name))
}

const fn same(one: &[u8], other: &[u8]) -> bool {
    let mut place = 0;
    while place < one.len() && place < other.len() && one[place] == other[place] {
        place += 1;
    }
    place == one.len() && place == other.len()
}

/// Who gives a command.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub name: Vec<u8>,
    pub rights: Rights,
}

impl Caller {
    /// The router itself, or a test that holds it: everything is allowed.
    pub(super) fn system() -> Self {
        Self { name: b"*sys".to_vec(), rights: Rights::ALL }
    }

    /// Refuses what the policies of the caller do not cover.
    pub(super) fn permit(&self, command: &Command) -> Result<(), Refusal> {
        if self.rights.holds(needed(command)) { Ok(()) } else { Err(Refusal::denied()) }
    }
}

/// The policies a command needs, as the manual describes them under "User Groups".
fn needed(command: &Command) -> Rights {
    let files = Rights::READ.and(Rights::FTP);
    let accounts = || match command.menu() {
        menus::ACCOUNT | menus::ACCOUNT_GROUP => Rights::POLICY,
        menus::FILE => Rights::FTP,
        _ => Rights::NONE,
    };
    match (command.menu(), command.verb()) {
        ("/system", "reboot" | "shutdown") => Rights::REBOOT,
        (_, "monitor" | "monitor-traffic" | "ping") => Rights::TEST,
        ("/system/backup", _) => files.and(Rights::POLICY),
        ("", "import") => files.and(Rights::WRITE),
        (menus::FILE, "read") => files,
        (_, "export") if command.attribute("file").is_some() => files,
        _ if command.is_write() => Rights::WRITE.and(accounts()),
        _ => Rights::READ,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V6_49: Version = Version::new(6, 49, 10);
    const V7_18: Version = Version::new(7, 18, 2);

    #[test]
    fn a_group_lists_what_it_grants_and_then_what_it_denies() {
        let rights = Rights::parse("write,read,api,!ftp", V7_18).unwrap();
        assert_eq!(
            rights.listed(V7_18),
            "read,write,api,!local,!telnet,!ssh,!ftp,!reboot,!policy,!test,!winbox,!password,!web,!sniff,!sensitive,!romon,!rest-api"
        );
        assert!(rights.listed(V6_49).ends_with("!romon,!dude,!tikapp"));
        assert_eq!(Rights::parse(&rights.listed(V7_18), V7_18), Some(rights));
    }

    #[test]
    fn a_word_that_is_no_policy_of_the_release_is_refused() {
        assert_eq!(Rights::parse("read,fly", V7_18), None);
        assert_eq!(Rights::parse("rest-api", V6_49), None);
        assert!(Rights::parse("dude", V6_49).is_some());
    }
}
