//! Logins of subscriptions at rest.

use mkbill_core::kernel::caller::{Actor, Caller};
use mkbill_core::kernel::context::Context;
use mkbill_core::kernel::entropy::OsEntropy;
use mkbill_core::kernel::ids::{LoginId, RouterId};
use mkbill_core::kernel::time::BusinessZone;
use mkbill_core::provisioning::line::Line;
use mkbill_core::provisioning::subscriber::{LoginPassword, NewSubscriberLogin, login_for};
use mkbill_core::provisioning::{Login, LoginKind, Owner, Presence, SyncState, Usage};
use mkbill_core::testkit::Engine;

use crate::support::subscribers::{CUSTOMER, SUBSCRIPTIONS, subscribe};
use crate::support::{Story, beginning, stories};
use crate::{fresh, made_voucher, router, write};

pub(crate) const TRIALS: &[(&str, Story)] = stories![
    a_login_of_a_subscription_comes_back_as_it_was_stored,
    a_login_has_exactly_one_owner,
    serving_logins_changes_those_that_differ_and_names_their_routers,
    serving_ten_thousand_logins_takes_one_statement_a_wish,
    a_refused_login_waits_for_a_person,
];

fn login_of(owner: usize, router: RouterId, name: &str) -> Login {
    let zone = BusinessZone::named("Asia/Jakarta").unwrap();
    let caller = Caller::new(Actor::cli("clerk"));
    let context = Context { now: beginning(), entropy: &OsEntropy, zone: &zone, caller: &caller };
    let new = NewSubscriberLogin {
        customer: CUSTOMER,
        subscription: SUBSCRIPTIONS[owner],
        router,
        name: name.parse().unwrap(),
        password: LoginPassword::random(&OsEntropy),
        kind: LoginKind::Hotspot,
        profile: "default".to_owned(),
        line: Line::default(),
        adopt: false,
        presence: Presence::Enabled,
    };
    login_for(context, new).unwrap()
}

async fn a_login_of_a_subscription_comes_back_as_it_was_stored(engine: Engine) {
    let (database, store) = fresh(engine).await;
    subscribe(&database, engine).await;
    let mut tx = write(&store).await;
    let router = router("pos-1");
    assert!(tx.router_insert(&router).await.unwrap());
    let (one, two) = (login_of(0, router.id, "budi@rt03"), login_of(1, router.id, "budi-2"));
    let usage = Usage { bytes_seen: 7, ..Usage::default() };
    tx.login_insert_all(&[one.clone(), two.clone()]).await.unwrap();
    tx.logins_usage(&[(one.id, usage)]).await.unwrap();
    let found = tx.login_of_subscription(SUBSCRIPTIONS[0]).await.unwrap().unwrap();
    assert_eq!((found.id, found.owner), (one.id, Owner::Subscription(SUBSCRIPTIONS[0])));
    assert_eq!((found.name, found.spec, found.usage), (one.name.clone(), one.spec, usage));
    let named = tx.login_by_name(router.id, LoginKind::Hotspot, "budi-2").await.unwrap().unwrap();
    assert_eq!((named.id, named.owner.subscription()), (two.id, Some(SUBSCRIPTIONS[1])));
    assert!(tx.login_by_name(router.id, LoginKind::Hotspot, "budi-3").await.unwrap().is_none());
    assert_eq!(tx.logins_fresh(router.id, 10).await.unwrap().len(), 2);
    let moved = login_of(0, router.id, "budi-new");
    tx.login_insert_all(std::slice::from_ref(&moved)).await.unwrap();
    let newest = tx.login_of_subscription(SUBSCRIPTIONS[0]).await.unwrap().unwrap();
    assert_eq!(newest.id, one.id.max(moved.id));
}

async fn a_login_has_exactly_one_owner(engine: Engine) {
    let (database, store) = fresh(engine).await;
    subscribe(&database, engine).await;
    let mut tx = write(&store).await;
    let voucher = made_voucher(&mut *tx).await;
    tx.commit().await.unwrap();
    let nobody = "UPDATE login SET voucher_id = NULL";
    let both = "UPDATE login SET subscription_id = (SELECT MIN(id) FROM subscription)";
    let both = if engine == Engine::Sqlite { both } else { BOTH_ON_POSTGRES };
    for statement in [nobody, both] {
        let error = database.run(statement).await.unwrap_err();
        assert!(error.to_lowercase().contains("check"), "{error}");
    }
    let mut tx = write(&store).await;
    let vouchers = tx.voucher_by_id(voucher).await.unwrap().unwrap();
    let login = tx.login_by_id(vouchers.login).await.unwrap().unwrap();
    assert_eq!(login.owner, Owner::Voucher(voucher));
}

/// PostgreSQL has no least identifier.
const BOTH_ON_POSTGRES: &str =
    "UPDATE login SET subscription_id = (SELECT id FROM subscription LIMIT 1)";

fn wish(login: &Login, presence: Presence, profile: &str) -> (LoginId, Presence, String) {
    (login.id, presence, profile.to_owned())
}

async fn serving_logins_changes_those_that_differ_and_names_their_routers(engine: Engine) {
    let (database, store) = fresh(engine).await;
    subscribe(&database, engine).await;
    let mut tx = write(&store).await;
    let (near, far) = (router("pos-1"), router("pos-2"));
    for router in [&near, &far] {
        assert!(tx.router_insert(router).await.unwrap());
    }
    let logins = [login_of(0, near.id, "a"), login_of(1, near.id, "b"), login_of(1, far.id, "c")];
    tx.login_insert_all(&logins).await.unwrap();
    let sent: Vec<_> = logins.iter().map(|login| (login.id, 1)).collect();
    tx.logins_applied(&sent, beginning()).await.unwrap();
    let [a, b, c] = &logins;
    let wishes = [
        wish(a, Presence::Enabled, "default"),
        wish(b, Presence::Disabled, "default"),
        wish(c, Presence::Enabled, "default"),
    ];
    assert_eq!(tx.logins_serve(&wishes).await.unwrap(), [near.id]);
    assert!(tx.logins_serve(&wishes).await.unwrap().is_empty(), "it was wanted already");
    let wishes = [wish(b, Presence::Enabled, "isolir"), wish(c, Presence::Enabled, "isolir")];
    let mut both = [near.id, far.id];
    both.sort();
    assert_eq!(tx.logins_serve(&wishes).await.unwrap(), both);
    assert!(tx.login_by_id(a.id).await.unwrap().unwrap().is_applied());
    let b = tx.login_by_id(b.id).await.unwrap().unwrap();
    assert_eq!((b.revision, b.presence, b.spec.profile.as_str()), (3, Presence::Enabled, "isolir"));
    assert!(matches!(b.sync, SyncState::Pending { attempts: 0, .. }) && b.ever_applied);
    assert!(tx.logins_serve(&[]).await.unwrap().is_empty());
}

async fn serving_ten_thousand_logins_takes_one_statement_a_wish(engine: Engine) {
    let (database, store) = fresh(engine).await;
    subscribe(&database, engine).await;
    let mut tx = write(&store).await;
    let router = router("pos-1");
    assert!(tx.router_insert(&router).await.unwrap());
    let logins: Vec<Login> =
        (0..10_000).map(|number| login_of(number % 2, router.id, &format!("s{number}"))).collect();
    tx.login_insert_all(&logins).await.unwrap();
    let wishes: Vec<_> =
        logins.iter().map(|login| wish(login, Presence::Disabled, "isolir")).collect();
    assert_eq!(tx.logins_serve(&wishes).await.unwrap(), [router.id]);
    let live = tx.logins_live(router.id).await.unwrap();
    assert_eq!(live.iter().filter(|login| login.spec.profile == "isolir").count(), 10_000);
}

async fn a_refused_login_waits_for_a_person(engine: Engine) {
    let (database, store) = fresh(engine).await;
    subscribe(&database, engine).await;
    let mut tx = write(&store).await;
    let router = router("pos-1");
    assert!(tx.router_insert(&router).await.unwrap());
    let login = login_of(0, router.id, "a");
    tx.login_insert_all(std::slice::from_ref(&login)).await.unwrap();
    assert!(!tx.login_retry(login.id).await.unwrap(), "nothing holds it");
    tx.logins_blocked(&[login.id], "no such profile").await.unwrap();
    assert!(tx.logins_fresh(router.id, 10).await.unwrap().is_empty());
    assert!(tx.login_retry(login.id).await.unwrap());
    assert_eq!(tx.logins_fresh(router.id, 10).await.unwrap().len(), 1);
}
