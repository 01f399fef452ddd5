//! Users, profiles, servers, bindings and sessions of the hotspot.

use jiff::SignedDuration;
use mkbill_routeros::{
    command::{
        Record, Row, Settings,
        hotspot::{
            Active, BindingKind, Cookie, Host, IpBinding, IpBindingSettings, Login, Server,
            ServerProfile, ServerProfileSettings, ServerSettings, User, UserProfile,
            UserProfileSettings, UserSettings, make_binding,
        },
        print_with_secrets, remove,
    },
    error::{Error, ErrorKind},
    sim::RouterOs,
    value::Mac,
};

use crate::support::Bench;

/// What only who asks for it gets.
#[derive(Debug, PartialEq)]
struct Password(String);

impl Record for Password {
    const MENU: &'static str = User::MENU;
    const FIELDS: &'static [&'static str] = &["password"];

    fn read(row: &Row) -> Result<Self, Error> {
        Ok(Self(row.text("password").unwrap_or_default().into_owned()))
    }
}

fn user() -> UserSettings {
    UserSettings {
        name: Some("v1".to_owned()),
        password: Some("s3cret".to_owned().into()),
        server: Some("hotspot1".to_owned()),
        mac_address: Some("02:00:00:00:00:07".to_owned()),
        email: Some("v1@example.com".to_owned()),
        limit_uptime: Some(SignedDuration::from_hours(26)),
        limit_bytes_in: Some(5 << 20),
        comment: Some(b"Caf\xE9".to_vec()),
        ..UserSettings::default()
    }
}

#[tokio::test]
async fn a_user_comes_back_as_it_was_written() {
    for routeros in RouterOs::ALL {
        let bench = Bench::of(routeros).await;
        let held = bench.added(&user()).await;
        assert_eq!(held.limit_uptime, user().limit_uptime, "{routeros}");
        assert_eq!((held.limit_bytes_in, held.limit_bytes_total), (Some(5 << 20), None));
        assert_eq!((held.email, held.server), (user().email, user().server));
        assert_eq!(Some(held.comment), user().comment);
        let change = UserSettings { limit_bytes_in: Some(0), ..UserSettings::default() };
        bench.client.run(change.set(&held.id, &bench.can)).await.unwrap();
        assert_eq!(bench.rows::<User>().await.pop().unwrap().limit_bytes_in, None);
    }
}

#[tokio::test]
async fn a_secret_for_one_time_passwords_is_taken_where_there_is_one() {
    for routeros in RouterOs::ALL {
        let bench = Bench::of(routeros).await;
        let otp_secret = Some("JBSWY3DP".to_owned().into());
        let settings = UserSettings { otp_secret, ..user() };
        let answer = bench.client.run(settings.add(&bench.can)).await;
        let kind = answer.err().map(|error| error.kind());
        let expected = bench.can.otp_field.is_none().then_some(ErrorKind::BadRequest);
        assert_eq!(kind, expected, "{routeros}");
    }
}

#[tokio::test]
async fn secrets_are_shown_in_every_release_to_whoever_asks() {
    for routeros in RouterOs::ALL {
        let bench = Bench::of(routeros).await;
        bench.added(&user()).await;
        let asked = print_with_secrets::<Password>(&bench.can).where_is("name", "v1");
        let rows: Vec<Password> = bench.client.run(asked).await.unwrap().records().unwrap();
        assert_eq!(rows, [Password("s3cret".to_owned())], "{routeros}");
    }
}

#[tokio::test]
async fn profiles_and_bindings_come_back_as_they_were_written() {
    for routeros in RouterOs::ALL {
        let bench = Bench::of(routeros).await;
        let profile = bench
            .added(&UserProfileSettings {
                name: Some("gold".to_owned()),
                rate_limit: Some("1M/5M".to_owned()),
                shared_users: Some(0),
                session_timeout: Some(SignedDuration::from_hours(24)),
                idle_timeout: Some(None),
                adds_mac_cookie: Some(false),
                ..UserProfileSettings::default()
            })
            .await;
        assert_eq!((profile.shared_users, profile.idle_timeout), (None, None), "{routeros}");
        assert_eq!(profile.session_timeout, Some(SignedDuration::from_hours(24)));
        assert!(!profile.adds_mac_cookie && !profile.is_builtin);

        let server = bench
            .added(&ServerProfileSettings {
                name: Some("page".to_owned()),
                login_by: Some(vec!["http-chap".to_owned(), "mac-cookie".to_owned()]),
                http_cookie_lifetime: Some(SignedDuration::from_hours(48)),
                ..ServerProfileSettings::default()
            })
            .await;
        assert_eq!(server.login_by, ["http-chap", "mac-cookie"]);

        let binding = bench
            .added(&IpBindingSettings {
                mac_address: Some(Mac::numbered(7)),
                kind: Some(BindingKind::Blocked),
                ..IpBindingSettings::default()
            })
            .await;
        assert_eq!((binding.mac_address, binding.server), (Some(Mac::numbered(7)), None));
        assert_eq!(binding.kind, BindingKind::Blocked);
        let address = Some("10.5.50.66".to_owned());
        let change = IpBindingSettings { address, ..IpBindingSettings::default() };
        let moved = bench.changed(&binding.id, &change).await;
        assert_eq!((moved.address.as_deref(), moved.kind), (Some("10.5.50.66"), binding.kind));
        bench.removed::<IpBinding>(&binding.id).await;
        bench.removed::<ServerProfile>(&server.id).await;
        bench.removed::<UserProfile>(&profile.id).await;
        let builtin = bench.row::<UserProfile>("name", "default").await;
        let refused = bench.refused(remove::<UserProfile>(&[builtin.id])).await;
        assert_eq!(refused, ErrorKind::Other, "{routeros}");
    }
}

#[tokio::test]
async fn a_server_comes_back_as_it_was_written() {
    for routeros in RouterOs::ALL {
        let bench = Bench::of(routeros).await;
        let settings = ServerSettings {
            name: Some("roof".to_owned()),
            interface: Some("ether2".to_owned()),
            idle_timeout: Some(Some(SignedDuration::from_mins(90))),
            login_timeout: Some(None),
            addresses_per_mac: Some(3),
            ..ServerSettings::default()
        };
        let server = bench.added(&settings).await;
        assert_eq!(server.interface.as_deref(), Some("ether2"), "{routeros}");
        assert_eq!(server.idle_timeout, Some(SignedDuration::from_mins(90)));
        assert_eq!((server.login_timeout, server.addresses_per_mac), (None, Some(3)));
        assert_eq!((server.invalid, server.disabled), (false, false));
        let nowhere =
            ServerSettings { interface: Some("ether9".to_owned()), ..ServerSettings::default() };
        let refused = bench.refused(nowhere.set(&server.id, &bench.can)).await;
        assert_eq!(refused, ErrorKind::BadReference { field: "interface".to_owned() });
        bench.removed::<Server>(&server.id).await;
    }
}

#[tokio::test]
async fn a_customer_is_let_in_and_seen_in_every_table() {
    for routeros in RouterOs::ALL {
        let bench = Bench::of(routeros).await;
        bench.added(&user()).await;
        let login = Login {
            user: "v1".to_owned(),
            password: "s3cret".to_owned().into(),
            address: [10, 5, 50, 8].into(),
            mac_address: Mac::numbered(8),
            domain: None,
        };
        let refused = bench.client.run(login.command()).await;
        assert!(refused.is_err(), "the user is bound to another device");
        let free = UserSettings { mac_address: Some(String::new()), ..UserSettings::default() };
        let id = bench.rows::<User>().await.pop().unwrap().id;
        bench.client.run(free.set(&id, &bench.can)).await.unwrap();
        bench.client.run(login.command()).await.unwrap();
        bench.simulator.advance(SignedDuration::from_mins(5));
        let active = bench.rows::<Active>().await.remove(0);
        assert_eq!((active.user.as_str(), active.uptime.as_secs()), ("v1", 300), "{routeros}");
        assert!(bench.rows::<Host>().await.remove(0).authorized);
        assert_eq!(bench.rows::<Cookie>().await.remove(0).user, "v1");
        assert_eq!(bench.rows::<Server>().await.remove(0).name, "hotspot1");
        assert!(bench.rows::<ServerProfile>().await.iter().any(|profile| profile.is_builtin));
        assert!(bench.rows::<UserProfile>().await.iter().any(|profile| profile.is_builtin));
        let host = bench.rows::<Host>().await.remove(0);
        bench.run(make_binding(&host.id, BindingKind::Bypassed)).await;
        let binding = bench.rows::<IpBinding>().await.remove(0);
        let bound = (binding.mac_address, binding.kind);
        assert_eq!(bound, (Some(Mac::numbered(8)), BindingKind::Bypassed), "{routeros}");
    }
}

#[tokio::test]
async fn whoever_is_online_is_sent_away_by_session_cookie_and_host() {
    for routeros in RouterOs::ALL {
        let bench = Bench::of(routeros).await;
        bench.added(&UserSettings { mac_address: None, ..user() }).await;
        let login = Login {
            user: "v1".to_owned(),
            password: "s3cret".to_owned().into(),
            address: [10, 5, 50, 8].into(),
            mac_address: Mac::numbered(8),
            domain: None,
        };
        bench.run(login.command()).await;
        let cookie = bench.rows::<Cookie>().await.remove(0);
        assert!(cookie.expires_in.is_some_and(|left| left.as_hours() <= 72), "{routeros}");
        bench.removed::<Cookie>(&cookie.id).await;
        let active = bench.rows::<Active>().await.remove(0);
        bench.removed::<Active>(&active.id).await;
        let host = bench.rows::<Host>().await.remove(0);
        assert!(!host.authorized);
        bench.removed::<Host>(&host.id).await;
    }
}
