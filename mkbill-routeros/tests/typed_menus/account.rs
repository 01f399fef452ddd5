//! Who may sign in to the router, and who is.

use mkbill_routeros::{
    command::{
        Settings, Switch,
        account::{Account, AccountSettings, Group, GroupSettings, SignedIn},
    },
    error::ErrorKind,
    sim::RouterOs,
    value::Policies,
};

use crate::support::Bench;

#[tokio::test]
async fn an_account_and_its_group_come_back_without_the_password() {
    for routeros in RouterOs::ALL {
        let bench = Bench::of(routeros).await;
        let policy = Policies::granting(["read", "write", "api"]);
        let group = GroupSettings {
            name: Some("billing".to_owned()),
            policy: Some(policy),
            comment: Some(b"mkb".to_vec()),
        };
        let group = bench.added(&group).await;
        assert!(group.policy.grants("api") && !group.policy.grants("ftp"), "{routeros}");
        assert_eq!((group.comment, group.skin), (b"mkb".to_vec(), Some("default".to_owned())));
        let settings = AccountSettings {
            name: Some("mkb".to_owned()),
            password: Some("s3cret".to_owned().into()),
            group: Some("billing".to_owned()),
            address: Some(vec!["10.0.0.0/8".to_owned(), "192.0.2.1/32".to_owned()]),
            ..AccountSettings::default()
        };
        let account = bench.added(&settings).await;
        assert_eq!(account.group.as_deref(), Some("billing"));
        assert_eq!(account.address, ["10.0.0.0/8", "192.0.2.1/32"]);
        assert_eq!(account.last_logged_in, None, "{routeros}");
        assert_eq!(bench.refused(settings.add(&bench.can)).await, ErrorKind::Duplicate);
        let off = AccountSettings { switch: Some(Switch::Disabled), ..AccountSettings::default() };
        assert!(bench.changed(&account.id, &off).await.disabled);
        bench.removed::<Account>(&account.id).await;
        bench.removed::<Group>(&group.id).await;
    }
}

#[tokio::test]
async fn whoever_is_signed_in_is_told_with_since_when_and_how() {
    for routeros in RouterOs::ALL {
        let bench = Bench::of(routeros).await;
        let signed_in = bench.rows::<SignedIn>().await.remove(0);
        assert_eq!((signed_in.name.as_str(), signed_in.via.as_deref()), ("admin", Some("api")));
        assert_eq!(signed_in.address.as_deref(), Some("127.0.0.1"), "{routeros}");
        assert!(signed_in.when.is_some());
        let account = bench.row::<Account>("name", "admin").await;
        assert_eq!(account.last_logged_in, signed_in.when, "{routeros}");
    }
}
