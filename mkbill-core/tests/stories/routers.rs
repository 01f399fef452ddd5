//! Routers that move, get another password, and go.

use jiff::SignedDuration;
use mkbill_core::kernel::caller::Caller;
use mkbill_core::kernel::error::Error;
use mkbill_core::provisioning::store::SessionFilter;
use mkbill_core::router::change::RouterChange;
use mkbill_core::store::Access;
use mkbill_core::testkit::Engine;
use mkbill_routeros::sim::{RouterOs, Simulator};

use crate::pppoe::Village;
use crate::support::stories;
use crate::world::{USERS, World, clerk, page_of, simulator};

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    a_router_whose_password_was_changed_works_again_without_a_restart,
    a_router_at_another_address_is_used_there_at_once,
    a_connection_is_not_used_on_with_a_password_that_is_wrong_now,
    a_change_is_checked_told_and_done_once,
    a_router_with_customers_stays_and_says_how_many_there_are,
    a_removed_router_is_left_alone_and_its_name_is_free,
    a_router_that_can_be_told_is_told_before_it_goes,
    a_router_that_is_sold_on_while_it_is_removed_stays,
];

const POS: &str = "pos-1";

fn with_password(password: &str) -> RouterChange {
    RouterChange { password: Some(password.to_owned().into()), ..RouterChange::default() }
}

fn at(router: &Simulator) -> RouterChange {
    let address = router.addr();
    RouterChange {
        host: Some(address.ip().to_string()),
        port: Some(address.port()),
        ..RouterChange::default()
    }
}

async fn change(world: &World, change: RouterChange) {
    world.billing.change_router(&clerk(), POS, change).await.unwrap();
}

async fn a_router_whose_password_was_changed_works_again_without_a_restart(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    world.console("/user/set", &[".id=billing", "password=changed"]);
    world.router.router(mkbill_routeros::sim::Router::cut_connections);
    let refused = world.poll().await;
    assert!(refused.passes[0].error.as_ref().unwrap().contains("refuses user name or password"));
    change(&world, with_password("changed")).await;
    let report = world.tick().await;
    assert_eq!((report.passes.len(), report.passes[0].error.as_deref()), (1, None));
    let router = world.billing.router(POS).await.unwrap();
    assert_eq!((router.health.failures, router.health.observed_at), (0, Some(world.now())));
    let code = &world.pushed_codes(1).await[0];
    assert!(world.on_router(code));
}

async fn a_router_at_another_address_is_used_there_at_once(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let other = simulator(&world.clock, RouterOs::V6_49).await;
    let code = &world.pushed_codes(1).await[0];
    world.router.forget_commands();
    change(&world, at(&other)).await;
    world.tick().await;
    world.poll().await;
    assert_eq!(world.router.commands().len(), 0, "the open connection is not used any more");
    assert!(other.router(|router| router.value(USERS, code, "name").is_some()));
    let router = world.billing.router(POS).await.unwrap();
    assert!(router.health.version.unwrap().starts_with("6.49"));
}

async fn a_connection_is_not_used_on_with_a_password_that_is_wrong_now(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    change(&world, with_password("not this one")).await;
    let error = world.tick().await.passes[0].error.clone().unwrap();
    assert!(error.contains("refuses user name or password"), "{error}");
}

async fn a_change_is_checked_told_and_done_once(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    world.add_router("pos-2", &world.router).await.unwrap();
    let (billing, name) = (&world.billing, |name: &str| RouterChange {
        name: Some(name.parse().unwrap()),
        ..RouterChange::default()
    });
    let taken = billing.change_router(&clerk(), POS, name("pos-2")).await.unwrap_err();
    assert!(
        matches!(&taken, Error::Conflict { detail, .. } if detail.to_string().contains("pos-2"))
    );
    let both = RouterChange { username: Some("owner".to_owned()), ..with_password("hunter2") };
    let tried = billing.change_router(&clerk().dry_run(), POS, both.clone()).await.unwrap();
    assert_eq!(
        (tried.username.as_str(), billing.router(POS).await.unwrap().username.as_str()),
        ("owner", "billing")
    );
    let once = clerk().with_key("rename".parse().unwrap());
    world.clock.advance(SignedDuration::from_secs(1));
    for _ in 0..2 {
        let renamed = billing.change_router(&once, POS, name("pos-3")).await.unwrap();
        assert_eq!(renamed.name.as_str(), "pos-3");
    }
    world.clock.advance(SignedDuration::from_secs(1));
    billing.change_router(&clerk(), "pos-3", both.clone()).await.unwrap();
    billing.change_router(&clerk(), "pos-3", both).await.unwrap();
    let id = billing.router("pos-3").await.unwrap().id;
    let trail = billing.audit(Some(id.uuid()), page_of(10)).await.unwrap().items;
    let actions: Vec<_> = trail.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(actions, ["router.change", "router.change", "router.add"], "no change, no record");
    assert_eq!(trail[0].after["password"], "changed");
    assert_eq!((&trail[1].before["name"], &trail[1].after["name"]), (&POS.into(), &"pos-3".into()));
    assert!(!format!("{trail:?}").contains("hunter2"));
}

async fn refusal(world: &World) -> Error {
    world.billing.remove_router(&clerk(), POS).await.unwrap_err()
}

async fn a_router_with_customers_stays_and_says_how_many_there_are(engine: Engine) {
    let village = Village::new(engine).await;
    let budi = village.subscriber(1, village.login("budi")).await;
    let (world, billing) = (&village.world, &village.world.billing);
    let plan = world.daily_plan().await;
    let batch = world.batch(&plan, 3).await;
    let refused = refusal(world).await;
    assert_eq!(refused.code(), "router_in_use");
    let text = refused.to_string();
    assert!(text.contains("of subscriptions (1)") && text.contains("of vouchers (3)"), "{text}");
    billing.cancel_batch(&clerk(), batch.batch.number.as_str()).await.unwrap();
    assert!(refusal(world).await.to_string().contains("of vouchers (0)"));
    billing.disable_login(&clerk(), village.stored(&budi).await.id).await.unwrap();
    assert_eq!(refusal(world).await.code(), "router_in_use", "a closed login may be opened again");
    billing.remove_login(&clerk(), village.stored(&budi).await.id).await.unwrap();
    world.tick().await;
    let tried = billing.remove_router(&clerk().dry_run(), POS).await.unwrap();
    assert_eq!((tried.removed_at, billing.routers().await.unwrap().len()), (Some(world.now()), 1));
    billing.remove_router(&clerk(), POS).await.unwrap();
}

/// Budi uses a voucher, then the batch is cancelled and he is still online for a cookie's sake.
async fn closing(engine: Engine) -> (World, Caller, String) {
    let world = World::new(engine).await.with_known_router().await;
    let plan = world.daily_plan().await;
    let batch = world.batch(&plan, 2).await;
    world.tick().await;
    world.console(USERS_ADD, &["name=owner", "password=owner"]);
    world.log_in("owner", 1).unwrap();
    world.poll().await;
    let number = batch.batch.number.as_str().to_owned();
    world.billing.cancel_batch(&clerk(), &number).await.unwrap();
    (world, clerk().with_key("remove".parse().unwrap()), number)
}

const USERS_ADD: &str = "/ip/hotspot/user/add";

async fn a_removed_router_is_left_alone_and_its_name_is_free(engine: Engine) {
    let (world, caller, number) = closing(engine).await;
    let billing = &world.billing;
    world.tick().await;
    let gone = billing.remove_router(&caller, POS).await.unwrap();
    assert_eq!(billing.remove_router(&caller, POS).await.unwrap().removed_at, gone.removed_at);
    let other = simulator(&world.clock, RouterOs::V7_18).await;
    let new = world.add_router(POS, &other).await.unwrap();
    world.router.forget_commands();
    for _ in 0..3 {
        let passes = world.poll().await.passes;
        assert_eq!(passes.iter().map(|pass| pass.router).collect::<Vec<_>>(), [Some(new.id)]);
    }
    assert_eq!(world.router.commands().len(), 0);
    assert!(billing.doctor().await.unwrap().healthy());
    let tally = billing.outbox_tally().await.unwrap();
    assert_eq!((tally.due, tally.failing, tally.dead), (0, 0, 0));
    assert_eq!(billing.routers().await.unwrap().len(), 1);
    let key = gone.id.to_string();
    for refused in [
        billing.router(&key).await.map(drop),
        billing.check_router(&key).await.map(drop),
        billing.apply_router(&clerk(), &key).await.map(drop),
        billing.change_router(&clerk(), &key, with_password("x")).await.map(drop),
        billing.remove_router(&clerk(), &key).await.map(drop),
    ] {
        assert_eq!(refused.unwrap_err().code(), "not_found");
    }
    let plan = billing.plan("daily").await.unwrap();
    let request = crate::world::request(gone.id, &plan, 1);
    assert_eq!(billing.create_batch(&clerk(), request).await.unwrap_err().code(), "not_found");
    let shown = billing.router_or_removed(&key).await.unwrap();
    assert_eq!((shown.name.as_str(), shown.removed_at), (POS, gone.removed_at));
    assert_eq!(billing.batch(&number).await.unwrap().router_name.as_str(), POS);
    let of_it = SessionFilter { router: Some(gone.id), ..SessionFilter::default() };
    let sessions = billing.sessions(&of_it, page_of(10)).await.unwrap().items;
    assert_eq!((sessions.len(), sessions[0].ended_at), (1, gone.removed_at));
}

async fn a_router_that_can_be_told_is_told_before_it_goes(engine: Engine) {
    let (world, caller, _) = closing(engine).await;
    let untold = world.billing.remove_router(&caller, POS).await.unwrap_err();
    assert_eq!(untold.code(), "router_untold");
    assert!(untold.to_string().contains("2 of its logins"), "{untold}");
    world.router.unplug().await.unwrap();
    world.tick().await;
    let gone = world.billing.remove_router(&caller, POS).await.unwrap();
    world.router.plug_in().await.unwrap();
    assert!(world.after(SignedDuration::from_mins(2)).await.passes.is_empty());
    let key = gone.id.to_string();
    let outages = world.billing.outages(Some(&key), page_of(10)).await.unwrap().items;
    assert_eq!((outages.len(), outages[0].ended_at), (1, gone.removed_at));
}

async fn a_router_that_is_sold_on_while_it_is_removed_stays(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let plan = world.daily_plan().await;
    let id = world.billing.router(POS).await.unwrap().id;
    let zone = world.billing.zone().clone();
    let caller = clerk();
    let context = mkbill_core::kernel::context::Context {
        now: world.now(),
        entropy: &mkbill_core::kernel::entropy::OsEntropy,
        zone: &zone,
        caller: &caller,
    };
    let mut tx = world.database.store(None).await.begin(Access::Write).await.unwrap();
    tx.router_hold(id).await.unwrap().unwrap();
    let sale = async {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        let request = crate::world::request(id, &plan, 4);
        mkbill_core::voucher::issue::batch(&mut *tx, context, &request).await.unwrap();
        tx.commit().await.unwrap();
    };
    let ((), removed) = tokio::join!(sale, refusal(&world));
    assert!(removed.to_string().contains("of vouchers (4)"), "{removed}");
}
