//! People who operate the system: signing in, what they may do, and two servers that agree on it.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::SignedDuration;
use mkbill_core::apikey::NewApiKey;
use mkbill_core::billing::{Billing, SignedIn};
use mkbill_core::kernel::caller::{Actor, Origin};
use mkbill_core::kernel::entropy::OsEntropy;
use mkbill_core::kernel::permission::{Permissions, Role};
use mkbill_core::kernel::secret::MasterKey;
use mkbill_core::signal::Topic;
use mkbill_core::sql::{DatabaseUrl, PostgresSignal, open_with_signal};
use mkbill_core::staff::store::Sessions;
use mkbill_core::staff::{NewStaff, StaffChange};
use mkbill_core::testkit::Engine;
use mkbill_routeros::provisioning::RouterOsController;
use secrecy::SecretString;

use crate::support::stories;
use crate::world::{World, clerk, page_of};

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    somebody_signs_in_and_their_session_outlives_the_process,
    the_core_refuses_what_a_role_may_not_do,
    failures_slow_an_account_and_an_address_down_each_for_itself,
    the_slow_down_can_be_switched_off,
    two_super_admins_cannot_remove_each_other,
    a_dry_run_adds_nobody_and_signs_nobody_out,
    the_same_request_adds_somebody_once,
    a_key_from_before_scopes_may_still_do_everything,
];

pub(crate) const POSTGRES_STORIES: &[(&str, crate::support::Story)] =
    stories![what_one_server_takes_back_the_other_one_refuses];

const PASSWORD: &str = "a good pass phrase";

fn password() -> SecretString {
    SecretString::from(PASSWORD)
}

fn newcomer(username: &str, role: Role) -> NewStaff {
    NewStaff { username: username.parse().unwrap(), name: username.to_owned(), role }
}

async fn hire(billing: &Billing, username: &str, role: Role) {
    let request = newcomer(username, role);
    billing.add_staff(&clerk(), &request, Some(&password())).await.unwrap();
}

async fn enter(billing: &Billing, username: &str) -> SignedIn {
    billing.sign_in(Origin::default(), username, &password()).await.unwrap()
}

fn from(address: [u8; 4]) -> Origin {
    Origin::new(Some(IpAddr::from(address)), Some("a\nbrowser"))
}

async fn somebody_signs_in_and_their_session_outlives_the_process(engine: Engine) {
    let mut world = World::new(engine).await;
    hire(&world.billing, "sri", Role::Admin).await;
    let begun = world.billing.sign_in(from([192, 0, 2, 7]), "Sri", &password()).await.unwrap();
    world.restart().await;
    let holder = world.billing.holder_of_session(begun.session.id).await.unwrap().unwrap();
    assert_eq!(holder.actor(), Actor::staff("sri"));
    assert_eq!(holder.permissions(), Permissions::NONE, "the first password is to be changed");
    let sessions = world.billing.staff_sessions(begun.staff.id, page_of(10)).await.unwrap().items;
    assert_eq!(sessions.len(), 1);
    assert_eq!(sessions[0].address, Some(IpAddr::from([192, 0, 2, 7])));
    assert_eq!(sessions[0].agent.as_deref(), Some("abrowser"));
    world.clock.advance(SignedDuration::from_hours(31 * 24));
    assert!(world.billing.holder_of_session(begun.session.id).await.unwrap().is_none());
}

async fn the_core_refuses_what_a_role_may_not_do(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let plan = world.daily_plan().await;
    let operator = clerk().limited_to(Role::Operator.permissions());
    let request = world.request(&plan, 1).await;
    let batch = world.billing.create_batch(&operator, request).await.unwrap().value.batch;
    let number = batch.number.to_string();
    let refused = world.billing.cancel_batch(&operator, &number).await.unwrap_err();
    assert_eq!(refused.code(), "forbidden");
    assert!(refused.to_string().contains("vouchers.delete"), "{refused}");
    let admin = clerk().limited_to(Role::Admin.permissions());
    let hired = world.billing.add_staff(&admin, &newcomer("budi", Role::Operator), None).await;
    assert_eq!(hired.unwrap_err().code(), "forbidden");
    world.billing.cancel_batch(&admin, &number).await.unwrap();
}

async fn failures_slow_an_account_and_an_address_down_each_for_itself(engine: Engine) {
    let world = World::new(engine).await;
    for username in ["sri", "budi"] {
        hire(&world.billing, username, Role::Operator).await;
    }
    let try_it = async |address, username: &str, word: &str| {
        let given = SecretString::from(word);
        let tried = world.billing.sign_in(from(address), username, &given).await;
        tried.map(drop).map_err(|error| error.code())
    };
    let (bad, good) = ([198, 51, 100, 1], [192, 0, 2, 7]);
    for _ in 0..3 {
        assert_eq!(try_it(bad, "sri", "wrong").await, Err("sign_in_failed"));
    }
    assert_eq!(try_it(good, "sri", PASSWORD).await, Err("slowed_down"), "the account");
    assert_eq!(try_it(bad, "budi", PASSWORD).await, Err("slowed_down"), "the address");
    assert_eq!(try_it(good, "budi", PASSWORD).await, Ok(()), "neither");
    world.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(try_it(good, "sri", PASSWORD).await, Ok(()));
    assert_eq!(try_it(bad, "budi", "wrong").await, Err("sign_in_failed"));
    assert_eq!(try_it(bad, "budi", PASSWORD).await, Err("slowed_down"), "the address, for longer");
    world.clock.advance(SignedDuration::from_mins(16));
    assert_eq!(try_it(bad, "budi", "wrong").await, Err("sign_in_failed"), "all is forgotten");
    assert_eq!(try_it(bad, "budi", PASSWORD).await, Ok(()));
}

async fn the_slow_down_can_be_switched_off(engine: Engine) {
    let world = World::new(engine).await;
    let (master_key, _) = MasterKey::generate(&OsEntropy);
    let billing = Billing::builder()
        .store(world.database.store(None).await)
        .controller(Arc::new(RouterOsController::new(Arc::new(OsEntropy))))
        .clock(world.clock.clone())
        .master_key(master_key)
        .slow_down(false)
        .build()
        .unwrap();
    hire(&billing, "sri", Role::Operator).await;
    for _ in 0..6 {
        let wrong = SecretString::from("wrong");
        let tried = billing.sign_in(Origin::default(), "sri", &wrong).await;
        assert_eq!(tried.unwrap_err().code(), "sign_in_failed");
    }
    enter(&billing, "sri").await;
}

async fn two_super_admins_cannot_remove_each_other(engine: Engine) {
    let world = World::new(engine).await;
    for username in ["sri", "budi"] {
        hire(&world.billing, username, Role::SuperAdmin).await;
    }
    let mut tasks = tokio::task::JoinSet::new();
    for username in ["sri", "budi"] {
        let billing = world.billing.clone();
        tasks.spawn(async move { billing.remove_staff(&clerk(), username).await });
    }
    let removed = tasks.join_all().await;
    assert_eq!(removed.iter().filter(|removed| removed.is_ok()).count(), 1, "{removed:?}");
    assert_eq!(world.billing.staff_page(page_of(10)).await.unwrap().items.len(), 1);
}

async fn a_dry_run_adds_nobody_and_signs_nobody_out(engine: Engine) {
    let world = World::new(engine).await;
    hire(&world.billing, "sri", Role::SuperAdmin).await;
    let begun = enter(&world.billing, "sri").await;
    let dry = clerk().dry_run();
    world.billing.add_staff(&dry, &newcomer("budi", Role::Operator), None).await.unwrap();
    assert_eq!(world.billing.sign_staff_out(&dry, "sri").await.unwrap(), 1);
    let disable = StaffChange { enabled: Some(false), ..StaffChange::default() };
    let refused = world.billing.change_staff(&dry, "sri", &disable).await.unwrap_err();
    assert_eq!(refused.code(), "last_super_admin");
    assert!(world.billing.holder_of_session(begun.session.id).await.unwrap().is_some());
    assert_eq!(world.billing.staff_page(page_of(10)).await.unwrap().items.len(), 1);
}

async fn the_same_request_adds_somebody_once(engine: Engine) {
    let world = World::new(engine).await;
    let caller = clerk().with_key("hire-sri".parse().unwrap());
    let request = newcomer("sri", Role::Operator);
    let first = world.billing.add_staff(&caller, &request, None).await.unwrap();
    let again = world.billing.add_staff(&caller, &request, None).await.unwrap();
    assert_eq!(first.staff, again.staff);
    assert!(first.password.is_some() && again.password.is_none());
    let other = newcomer("budi", Role::Operator);
    let reused = world.billing.add_staff(&caller, &other, None).await.unwrap_err();
    assert_eq!(reused.code(), "idempotency_key_reused");
}

async fn a_key_from_before_scopes_may_still_do_everything(engine: Engine) {
    let world = World::new(engine).await;
    let request =
        NewApiKey { scopes: Role::Operator.permissions(), ..NewApiKey::for_everything("old") };
    let (_, secret) = world.billing.create_api_key(&clerk(), &request).await.unwrap();
    let holder = world.billing.holder_of_key(&secret).await.unwrap().unwrap();
    assert_eq!(holder.permissions(), Role::Operator.permissions());
    world.database.run("UPDATE api_key SET scopes = '*'").await.unwrap();
    let (_, other) = MasterKey::generate(&OsEntropy);
    assert!(world.billing.holder_of_key(&other).await.unwrap().is_none());
    let mut world = world;
    world.restart().await;
    let holder = world.billing.holder_of_key(&secret).await.unwrap().unwrap();
    assert_eq!(holder.permissions(), Permissions::ALL);
}

async fn what_one_server_takes_back_the_other_one_refuses(engine: Engine) {
    let world = World::new(engine).await;
    let (master_key, _) = MasterKey::generate(&OsEntropy);
    let server = async || {
        let DatabaseUrl::Postgres(url) = world.database.url() else { unreachable!() };
        let signal = Arc::new(PostgresSignal::connect(url).await.unwrap());
        let store = open_with_signal(world.database.url(), None, signal).await.unwrap();
        let billing = Billing::builder()
            .store(store)
            .controller(Arc::new(RouterOsController::new(Arc::new(OsEntropy))))
            .clock(world.clock.clone())
            .master_key(master_key.clone());
        billing.build().unwrap()
    };
    let (one, other) = (server().await, server().await);
    hire(&one, "sri", Role::Operator).await;
    let begun = enter(&one, "sri").await;
    let (staff, session) = (begun.staff.id, begun.session.id);
    assert!(other.holder_of_session(session).await.unwrap().is_some());
    let mut told = other.signal().listen(Topic::Access);
    one.sign_out(&clerk(), staff, Sessions::All).await.unwrap();
    assert!(one.holder_of_session(session).await.unwrap().is_none(), "at once where it was done");
    told.heard().await;
    assert!(other.holder_of_session(session).await.unwrap().is_none(), "and where it was heard");
}
