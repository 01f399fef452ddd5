//! Typed requests and rows against the simulator, in every release.

#![cfg(feature = "sim")]
#![expect(clippy::unwrap_used, reason = "a test may stop where something is missing")]

use jiff::SignedDuration;
use mkbill_routeros::{
    client::{Client, ClientConfig, Credentials, Endpoint, Security},
    command::{
        Record, Row, Settings,
        account::{Account, AccountSettings, Group, GroupSettings},
        count,
        hotspot::{
            Active, BindingKind, Cookie, Host, IpBinding, IpBindingSettings, Login, Server,
            ServerProfile, ServerProfileSettings, User, UserProfile, UserProfileSettings,
            UserSettings,
        },
        print, print_with_secrets,
    },
    error::{Error, ErrorKind},
    proto::LoginMode,
    sim::{RouterOs, Simulator},
    value::{Capabilities, Mac, Policies},
};

struct Bench {
    simulator: Simulator,
    client: Client,
    can: Capabilities,
}

impl Bench {
    async fn of(routeros: RouterOs) -> Self {
        let builder = Simulator::builder().routeros(routeros).password("hunter2");
        let simulator = builder.start().await.unwrap();
        let endpoint = Endpoint {
            host: simulator.addr().ip().to_string(),
            port: simulator.addr().port(),
            security: Security::Plain,
        };
        let config = ClientConfig::new(endpoint, Credentials::new("admin", "hunter2"));
        let config = ClientConfig { login_mode: LoginMode::Auto, ..config };
        let client = Client::connect(&config).await.unwrap();
        Self { simulator, client, can: Capabilities::of(routeros.version()) }
    }

    async fn rows<R: Record>(&self) -> Vec<R> {
        self.client.run(print::<R>()).await.unwrap().records().unwrap()
    }

    /// Adds an object and gives it as it is then read.
    async fn added<S: Settings>(&self, settings: &S) -> S::Row {
        let before = self.rows::<S::Row>().await.len();
        let answer = self.client.run(settings.add(&self.can)).await.unwrap();
        assert!(answer.ret.is_some());
        let mut rows = self.rows::<S::Row>().await;
        assert_eq!(rows.len(), before + 1);
        let counted = self.client.run(count::<S::Row>()).await.unwrap().ret;
        assert_eq!(counted, Some(rows.len().to_string().into_bytes()));
        rows.pop().unwrap()
    }
}

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
    }
}

#[tokio::test]
async fn an_account_and_its_group_come_back_without_the_password() {
    for routeros in RouterOs::ALL {
        let bench = Bench::of(routeros).await;
        let policy = Policies::granting(["read", "write", "api"]);
        let name = Some("billing".to_owned());
        let group =
            GroupSettings { name: name.clone(), policy: Some(policy), ..GroupSettings::default() };
        let held: Group = bench.added(&group).await;
        assert!(held.policy.grants("api"), "{routeros}");
        let account = AccountSettings {
            name: Some("mkb".to_owned()),
            password: Some("s3cret".to_owned().into()),
            group: name,
            ..AccountSettings::default()
        };
        let held: Account = bench.added(&account).await;
        assert_eq!(held.group.as_deref(), Some("billing"));
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
        assert!(bench.rows::<IpBinding>().await.is_empty());
    }
}
