//! The client against the simulator, in every dialect and under faults.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use jiff::SignedDuration;
use mkbill_routeros::{
    client::{
        Client, ClientConfig, Link, LinkPolicy, Security,
        bulk::{ItemOutcome, NamedAdd, add_all},
    },
    command::{
        Command, Record, Switch,
        hotspot::{
            Active, NewUser, ProfileSettings, User, UserChange, UserProfile, reset_counters,
        },
        print, remove, switch,
        system::{Identity, LogEntry, Resource, RouterClock, reboot},
    },
    error::ErrorKind,
    proto::LoginMode,
    sim::{At, Effect, Fault, On, RouterOs, Simulator},
    transport::{Fingerprint, Trust},
    value::{BitRate, RateLimit},
};

use crate::support;

const USER_ADD: &str = "/ip/hotspot/user/add";

async fn simulator(routeros: RouterOs) -> Simulator {
    let builder = Simulator::builder().routeros(routeros).password("hunter2").tls();
    builder.start().await.expect("loopback has free ports")
}

fn config(address: SocketAddr) -> ClientConfig {
    ClientConfig { login_mode: LoginMode::Auto, ..support::config(address) }
}

async fn connect(simulator: &Simulator) -> Client {
    Client::connect(&config(simulator.addr())).await.expect("the simulator lets us in")
}

fn link(simulator: &Simulator) -> Link {
    let policy = LinkPolicy { pause: Duration::ZERO, ..LinkPolicy::default() };
    Link::new(config(simulator.addr()), policy, Arc::new(|| 0))
}

async fn rows<R: Record>(client: &Client) -> Vec<R> {
    let answer = client.run(print::<R>()).await.expect("a print is answered");
    answer.records().expect("every row can be read")
}

async fn user(client: &Client, name: &str) -> User {
    let answer = client.run(print::<User>().where_is("name", name)).await.expect("an answer");
    answer.records().expect("rows can be read").pop().expect("the user is there")
}

fn voucher(name: &str) -> NewUser {
    NewUser {
        name: name.to_owned(),
        password: name.to_owned().into(),
        profile: "default".to_owned(),
        server: None,
        limit_uptime: Some(SignedDuration::from_hours(26)),
        limit_bytes_total: Some(1 << 30),
        comment: "mkb=B1 x".to_owned(),
    }
}

fn strike(simulator: &Simulator, effect: Effect, path: &str, nth: u64) {
    simulator.faults().push(Fault { effect, on: On::Matching(path.to_owned()), at: At::Nth(nth) });
}

#[tokio::test]
async fn every_dialect_tells_what_it_is_in_typed_rows() {
    for routeros in RouterOs::ALL {
        let simulator = simulator(routeros).await;
        let client = connect(&simulator).await;
        let resource = rows::<Resource>(&client).await.remove(0);
        assert_eq!(resource.version, routeros.version());
        assert_eq!(rows::<Identity>(&client).await.len(), 1, "{routeros}");
        assert_eq!(rows::<RouterClock>(&client).await.len(), 1, "{routeros}");
        rows::<LogEntry>(&client).await;
        assert!(rows::<Active>(&client).await.is_empty(), "{routeros}");
        assert!(rows::<UserProfile>(&client).await.iter().any(|profile| profile.is_builtin));
    }
}

#[tokio::test]
async fn a_voucher_is_added_changed_switched_off_and_removed_by_typed_commands() {
    let simulator = simulator(RouterOs::V7_18).await;
    let client = connect(&simulator).await;
    let rate = RateLimit::flat(BitRate(1_000_000), BitRate(5_000_000));
    let profile =
        ProfileSettings { name: "1-day".to_owned(), rate_limit: Some(rate), shared_users: Some(1) };
    client.run(profile.add()).await.unwrap();
    let id = client.run(voucher("v1").add()).await.unwrap().ret.unwrap();
    let added = user(&client, "v1").await;
    assert_eq!(added.id.as_ref().as_bytes(), id);
    assert_eq!(added.limit_uptime, Some(SignedDuration::from_hours(26)));
    assert_eq!((added.limit_bytes_total, added.disabled), (Some(1 << 30), false));

    let change = UserChange {
        profile: Some("1-day".to_owned()),
        limit_uptime: Some(SignedDuration::ZERO),
        ..UserChange::default()
    };
    client.run(change.set(&added.id)).await.unwrap();
    client.run(reset_counters(&added.id)).await.unwrap();
    client.run(switch::<User>(std::slice::from_ref(&added.id), Switch::Disabled)).await.unwrap();
    let changed = user(&client, "v1").await;
    assert_eq!(
        (changed.profile.as_deref(), changed.limit_uptime, changed.disabled),
        (Some("1-day"), None, true)
    );

    client.run(remove::<User>(std::slice::from_ref(&added.id))).await.unwrap();
    let error = client.run(remove::<User>(&[added.id])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn refusals_are_told_apart_by_what_can_be_done_about_them() {
    let simulator = simulator(RouterOs::V7_18).await;
    let client = connect(&simulator).await;
    client.run(voucher("v1").add()).await.unwrap();
    let unknown_profile = NewUser { profile: "gone".to_owned(), ..voucher("v2") };
    let profile = || ErrorKind::BadReference { field: "profile".to_owned() };
    for (command, expected) in [
        (voucher("v1").add(), ErrorKind::Duplicate),
        (unknown_profile.add(), profile()),
        (Command::new(USER_ADD).with("name", "v3").with("colour", "red"), ErrorKind::BadRequest),
        (Command::new("/ip/hotspot/nothing/print"), ErrorKind::BadRequest),
    ] {
        let error = client.run(command).await.unwrap_err();
        assert_eq!(error.kind(), expected, "{}", support::story(&error));
    }
}

#[tokio::test]
async fn five_hundred_vouchers_survive_duplicates_and_a_drop_after_applying() {
    let simulator = simulator(RouterOs::V7_18).await;
    let before = simulator.router(|router| router.count("/ip/hotspot/user"));
    for number in (0..500).step_by(20) {
        let name = format!("name=v{number}");
        simulator.router(|router| router.run(USER_ADD, &[&name])).unwrap();
    }
    strike(&simulator, Effect::DropAfterApply, USER_ADD, 250);
    let items: Vec<NamedAdd> = (0..500)
        .map(|number| {
            let name = format!("v{number}");
            let add = voucher(&name).add();
            NamedAdd { menu: "/ip/hotspot/user".to_owned(), name, add, mark: b"mkb=B1".to_vec() }
        })
        .collect();
    let outcomes = add_all(&link(&simulator), &items, |_| ()).await;
    assert_eq!(simulator.faults().fired(), 1);
    assert_eq!(simulator.router(|router| router.count("/ip/hotspot/user")), before + 500);
    let conflicts =
        outcomes.iter().filter(|outcome| matches!(outcome, ItemOutcome::Conflict(_))).count();
    let ours = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, ItemOutcome::Added(_) | ItemOutcome::Adopted(_)))
        .count();
    assert_eq!((conflicts, ours), (25, 475));
}

#[tokio::test]
async fn replies_split_repeated_or_among_strangers_change_nothing() {
    for effect in [Effect::SplitReplies, Effect::RepeatReply, Effect::UnknownTags(100)] {
        let simulator = simulator(RouterOs::V7_18).await;
        strike(&simulator, effect.clone(), USER_ADD, 1);
        let client = connect(&simulator).await;
        let commands = (0..40).map(|number| voucher(&format!("v{number}")).add());
        let results = client.run_all(commands).await;
        assert!(results.iter().all(Result::is_ok), "{effect:?}");
        assert_eq!(user(&client, "v39").await.name, "v39");
    }
}

#[tokio::test]
async fn a_command_that_is_never_answered_leaves_the_others_alone() {
    let simulator = simulator(RouterOs::V7_18).await;
    strike(&simulator, Effect::Mute, USER_ADD, 1);
    let client = connect(&simulator).await;
    let muted = voucher("v1").add().within(support::SHORT);
    let results = client.run_all([muted, voucher("v2").add(), print::<Identity>()]).await;
    let kinds: Vec<_> =
        results.into_iter().map(|result| result.err().map(|error| error.kind())).collect();
    assert_eq!(kinds, [Some(ErrorKind::OutcomeUnknown), None, None]);
}

#[tokio::test]
async fn a_link_comes_back_after_the_router_was_restarted() {
    let simulator = simulator(RouterOs::V7_18).await;
    let link = link(&simulator);
    let client = link.client().await.unwrap();
    client.run(reboot()).await.unwrap();
    assert_eq!(link.run(print::<Identity>()).await.unwrap().rows.len(), 1);
}

#[tokio::test]
async fn a_link_comes_back_after_the_router_was_unplugged() {
    let simulator = simulator(RouterOs::V7_18).await;
    let link = link(&simulator);
    link.client().await.unwrap();
    simulator.unplug().await.unwrap();
    let error = link.run(print::<Identity>()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    simulator.plug_in().await.unwrap();
    link.run(print::<Identity>()).await.unwrap();
}

#[tokio::test]
async fn tls_with_the_right_pin_works_and_a_wrong_password_is_told() {
    let simulator = simulator(RouterOs::V7_18).await;
    let certificate = simulator.tls_certificate().unwrap();
    let mut config = config(simulator.tls_addr().unwrap());
    config.endpoint.security = Security::Tls(Trust::Pin(Fingerprint::of(certificate)));
    Client::connect(&config).await.unwrap();
    config.credentials.password = "wrong".to_owned().into();
    assert_eq!(Client::connect(&config).await.unwrap_err().kind(), ErrorKind::Auth);
}
