//! Lists of rights: `read,write,api,!ftp`, as groups, scripts and schedulers hold them.

use std::fmt;

/// A list of policies. Groups also name what they do not grant, with `!` in front.
///
/// Names are kept as they come: later releases add to them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Policies {
    /// What is granted, in the order it came.
    pub granted: Vec<String>,
    /// What is expressly not granted.
    pub denied: Vec<String>,
}

impl Policies {
    /// A list that grants these.
    pub fn granting<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let granted = names.into_iter().map(str::to_owned).collect();
        Self { granted, denied: Vec::new() }
    }

    /// Reads a comma-separated list. Any text is one.
    pub fn parse(text: &str) -> Self {
        let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
        let (denied, granted): (Vec<&str>, Vec<&str>) =
            names.partition(|name| name.starts_with('!'));
        Self {
            denied: denied.into_iter().map(|name| name[1..].to_owned()).collect(),
            ..Self::granting(granted)
        }
    }

    /// Whether a policy is granted.
    pub fn grants(&self, name: &str) -> bool {
        self.granted.iter().any(|granted| granted == name)
    }
}

impl fmt::Display for Policies {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let denied = self.denied.iter().map(|name| format!("!{name}"));
        let names: Vec<String> = self.granted.iter().cloned().chain(denied).collect();
        formatter.write_str(&names.join(","))
    }
}

#[cfg(test)]
mod tests {
    use proptest::{
        collection::vec,
        prelude::{prop_assert_eq, proptest},
    };

    use super::*;

    #[test]
    fn what_is_granted_and_what_is_not_are_told_apart() {
        let policies = Policies::parse("read,write,api,!ftp,!policy");
        assert!(policies.grants("api") && !policies.grants("ftp") && !policies.grants("test"));
        assert_eq!(policies.denied, ["ftp", "policy"]);
        assert_eq!(Policies::parse(""), Policies::default());
    }

    proptest! {
        #[test]
        fn every_list_survives_a_round_trip(
            granted in vec("[a-z][a-z-]{0,9}", 0..6),
            denied in vec("[a-z][a-z-]{0,9}", 0..6),
        ) {
            let policies = Policies { granted, denied };
            prop_assert_eq!(Policies::parse(&policies.to_string()), policies);
        }
    }
}
