//! Who is online, what was used, when routers were away, and what the engine tells of it.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use mkbill_core::billing::BatchView;
use mkbill_core::event::Position;
use mkbill_core::kernel::ids::LoginId;
use mkbill_core::kernel::page::PageRequest;
use mkbill_core::provisioning::session::{Session, Used};
use mkbill_core::provisioning::store::SessionFilter;
use mkbill_core::testkit::Engine;
use mkbill_core::voucher::store::VoucherFilter;
use mkbill_routeros::sim::{Customer, Mac, ObjectId, Online, Traffic};

use crate::pppoe::Village;
use crate::support::stories;
use crate::world::{World, clerk, page_of};

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    a_subscriber_is_seen_from_the_first_look_to_the_last_and_counted_once,
    a_voucher_is_seen_too_and_a_strangers_session_is_nobodys,
    bytes_of_a_crowd_with_reconnects_and_reboots_are_never_counted_twice,
    bytes_of_ten_thousand_sessions_are_those_that_the_router_counted,
    a_router_that_is_away_has_one_outage_however_often_it_is_tried,
    a_plan_says_what_would_be_changed_and_changes_nothing,
    what_disagrees_is_kept_until_it_agrees_again,
    an_order_to_look_does_not_wait_for_the_poll,
    a_router_tells_how_it_fares,
];

async fn open(world: &World) -> Vec<Session> {
    let filter = SessionFilter { open: true, ..SessionFilter::default() };
    world.billing.sessions(&filter, page_of(200)).await.unwrap().items
}

async fn used(world: &World, login: LoginId) -> Used {
    let days =
        world.billing.usage(login, "2026-01-01".parse().unwrap(), "2026-12-31".parse().unwrap());
    let sum = |sum: Used, day: &mkbill_core::provisioning::store::UsageDay| sum.and(day.used);
    days.await.unwrap().iter().fold(Used::default(), sum)
}

/// The kinds of events about the network, in their order.
async fn told(world: &World) -> Vec<String> {
    let mut kinds = Vec::new();
    let mut after = Position::START;
    loop {
        let events = world.billing.events(after, 200).await.unwrap();
        let Some(last) = events.last() else { return kinds };
        after = last.position;
        let of_network = ["session", "router", "drift", "profile"];
        let events = events.into_iter().filter(|event| of_network.contains(&event.topic()));
        kinds.extend(events.map(|event| event.kind).filter(|kind| kind != "router.add"));
    }
}

async fn a_subscriber_is_seen_from_the_first_look_to_the_last_and_counted_once(engine: Engine) {
    let village = Village::new(engine).await;
    let budi = village.subscriber(1, village.login("budi")).await;
    let login = budi.login.as_ref().unwrap().id;
    let world = &village.world;
    village.dial("budi", "rahasia-1", 1).unwrap();
    let move_bytes = |up, down| world.router.router(|r| r.ppp_move_bytes("budi", up, down));
    move_bytes(1_000, 9_000);
    world.poll().await;
    let sessions = open(world).await;
    let session = &sessions[0];
    assert_eq!((session.login, session.name.as_str()), (Some(login), "budi"));
    assert_eq!(session.device.as_deref(), Some("02:00:00:00:00:01"));
    assert!(session.address.as_ref().unwrap().starts_with("10.30."));
    assert_eq!(session.via.as_deref(), Some("pppoe"));
    assert_eq!((session.bytes_in, session.bytes_out), (1_000, 9_000));
    move_bytes(500, 500);
    world.poll().await;
    world.poll().await;
    let now = &open(world).await[0];
    assert_eq!((now.id, now.bytes_in, now.bytes_out), (session.id, 1_500, 9_500));
    assert_eq!(now.uptime, SignedDuration::from_secs(90));
    world.router.router(|router| router.ppp_disconnect("budi"));
    world.poll().await;
    assert!(open(world).await.is_empty());
    let all = world.billing.sessions(&SessionFilter::default(), page_of(10)).await.unwrap();
    assert_eq!((all.items.len(), all.items[0].ended_at), (1, Some(world.now())));
    let used = used(world, login).await;
    assert_eq!((used.bytes_in, used.bytes_out), (1_500, 9_500));
    assert_eq!(told(world).await, ["session.start", "session.end"]);
}

async fn a_voucher_is_seen_too_and_a_strangers_session_is_nobodys(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let code = world.pushed_codes(1).await.remove(0);
    world.console("/ip/hotspot/user/add", &["name=guest", "password=guest"]);
    world.log_in(&code, 1).unwrap();
    world.log_in("guest", 2).unwrap();
    world.poll().await;
    let mut sessions = open(&world).await;
    sessions.sort_by_key(|session| session.login.is_none());
    assert_eq!((sessions.len(), sessions[0].name.clone()), (2, code.clone()));
    assert_eq!((sessions[1].name.as_str(), sessions[1].login), ("guest", None));
    let unknown = SessionFilter { unknown: true, open: true, ..SessionFilter::default() };
    let unknown = world.billing.sessions(&unknown, page_of(10)).await.unwrap().items;
    assert_eq!(unknown.len(), 1);
    world.router.router(|router| router.move_bytes(Mac::numbered(1), 700, 300));
    world.poll().await;
    let login = sessions[0].login.unwrap();
    assert_eq!(used(&world, login).await.bytes_in, 700);
}

async fn bytes_of_a_crowd_with_reconnects_and_reboots_are_never_counted_twice(engine: Engine) {
    let village = Village::new(engine).await;
    let world = &village.world;
    let mut logins = Vec::new();
    for number in 1..=6_u32 {
        let view = village.subscriber(number, village.login(&format!("rumah-{number}"))).await;
        logins.push(view.login.unwrap().id);
        village.dial(&format!("rumah-{number}"), "rahasia-1", number).unwrap();
    }
    // What moved until the last look, and what moved since and may be lost with its counter.
    let mut truth = [0_u64; 6];
    for round in 0..40_u64 {
        for number in 1..=6_u64 {
            let (name, bytes) = (format!("rumah-{number}"), round * 100 + number);
            world.router.router(|router| router.ppp_move_bytes(&name, bytes, 0));
            let is_online = village.is_online(&name);
            truth[usize::try_from(number - 1).unwrap()] += if is_online { bytes } else { 0 };
        }
        world.poll().await;
        for (index, login) in logins.iter().enumerate() {
            assert_eq!(used(world, *login).await.bytes_in, truth[index], "round {round}");
        }
        match round % 5 {
            1 => village.redial("rumah-1", 1),
            2 => village.redial("rumah-2", 2),
            3 => {
                world.router.reboot();
                world.clock.advance(SignedDuration::from_secs(60));
                for number in 1..=6 {
                    village.dial(&format!("rumah-{number}"), "rahasia-1", number).unwrap();
                }
            }
            _ => {}
        }
    }
}

const CROWD: u32 = 10_000;

async fn bytes_of_ten_thousand_sessions_are_those_that_the_router_counted(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let plan = world.daily_plan().await;
    let batch = world.batch(&plan, CROWD).await;
    world.tick().await;
    let codes = every_code(&world, &batch).await;
    let mut crowd = world.router.crowd(codes.iter().map(Customer::with_code));
    let mut truth = BTreeMap::new();
    for round in 0..6 {
        crowd.arrive(codes.len());
        crowd.browse(Traffic { upload_per_second: 40_000, download_per_second: 900_000 });
        world.poll().await;
        assert_eq!(crowd.online(), codes.len());
        note_counters(&world, round, &mut truth);
        match round % 3 {
            0 => assert_eq!(crowd.leave(3_000), 3_000),
            1 => world.router.router(|router| {
                assert!(codes.iter().all(|code| router.reset_counters(code)));
            }),
            _ => {
                world.router.reboot();
                world.clock.advance(SignedDuration::from_secs(60));
            }
        }
    }
    let mut counted = BTreeMap::<&str, Used>::new();
    for ((_, _, code), used) in &truth {
        let sum = counted.entry(code).or_default();
        *sum = sum.and(*used);
    }
    let logins = every_login_seen(&world).await;
    assert_eq!((logins.len(), counted.len()), (codes.len(), codes.len()));
    for (code, login) in logins {
        assert_eq!(used(&world, login).await, counted[code.as_str()], "{code}");
    }
}

/// What the router shows of each session at a look; it may number them anew after a reboot.
fn note_counters(world: &World, round: u32, truth: &mut BTreeMap<(u32, ObjectId, String), Used>) {
    world.router.router(|router| {
        for online in router.online() {
            let Online { id, user, uptime, bytes_in, bytes_out, .. } = online;
            truth.insert((round / 3, id, user), Used { uptime, bytes_in, bytes_out });
        }
    });
}

async fn every_code(world: &World, batch: &BatchView) -> Vec<String> {
    let filter = VoucherFilter { batch: Some(batch.batch.id), ..VoucherFilter::default() };
    let mut codes = Vec::new();
    let mut page = page_of(200);
    loop {
        let vouchers = world.billing.vouchers(&filter, page).await.unwrap();
        codes.extend(vouchers.items.iter().map(|voucher| voucher.code.as_str().to_owned()));
        let Some(next) = vouchers.next else { return codes };
        page = PageRequest::new(Some(next), 200).unwrap();
    }
}

async fn every_login_seen(world: &World) -> BTreeMap<String, LoginId> {
    let mut logins = BTreeMap::new();
    let mut page = page_of(200);
    loop {
        let sessions = world.billing.sessions(&SessionFilter::default(), page).await.unwrap();
        logins.extend(sessions.items.into_iter().map(|one| (one.name, one.login.unwrap())));
        let Some(next) = sessions.next else { return logins };
        page = PageRequest::new(Some(next), 200).unwrap();
    }
}

async fn a_router_that_is_away_has_one_outage_however_often_it_is_tried(engine: Engine) {
    let village = Village::new(engine).await;
    let world = &village.world;
    village.subscriber(1, village.login("budi")).await;
    village.dial("budi", "rahasia-1", 1).unwrap();
    world.poll().await;
    world.router.unplug().await.unwrap();
    for _ in 0..4 {
        world.after(SignedDuration::from_mins(2)).await;
    }
    let outages =
        || async { world.billing.outages(Some("pos-1"), page_of(10)).await.unwrap().items };
    let lasting = outages().await;
    assert_eq!((lasting.len(), lasting[0].ended_at), (1, None));
    assert_eq!(open(world).await.len(), 1, "nobody is said to be gone while nobody can look");
    world.router.plug_in().await.unwrap();
    world.after(SignedDuration::from_mins(2)).await;
    let over = outages().await;
    assert_eq!((over.len(), over[0].ended_at), (1, Some(world.now())));
    assert_eq!(open(world).await.len(), 1, "the session went on");
    assert_eq!(told(world).await, ["session.start", "router.down", "router.up"]);
}

async fn a_plan_says_what_would_be_changed_and_changes_nothing(engine: Engine) {
    let village = Village::new(engine).await;
    let world = &village.world;
    village.subscriber(1, village.login("budi")).await;
    village.subscriber(2, village.login("siti")).await;
    let nothing = world.billing.plan_router("pos-1").await.unwrap();
    assert_eq!((nothing.diff.changes().count(), nothing.diff.in_step.len()), (0, 2));
    world.console("/ppp/secret/set", &["numbers=budi", "disabled=yes"]);
    world.console("/ppp/secret/remove", &["numbers=siti"]);
    for _ in 0..2 {
        let plan = world.billing.plan_router("pos-1").await.unwrap();
        assert_eq!((plan.diff.restores.len(), plan.diff.adds.len()), (1, 1));
        assert_eq!(plan.diff.drift.len(), 2);
    }
    assert_eq!(village.shown("budi", "disabled").as_deref(), Some("true"));
    world.router.unplug().await.unwrap();
    assert_eq!(world.billing.plan_router("pos-1").await.unwrap_err().code(), "unavailable");
}

async fn what_disagrees_is_kept_until_it_agrees_again(engine: Engine) {
    let village = Village::new(engine).await;
    let world = &village.world;
    village.subscriber(1, village.login("budi")).await;
    world.console("/ppp/secret/set", &["numbers=budi", "comment=mine now"]);
    for _ in 0..3 {
        world.poll().await;
    }
    let drift = world.billing.drift("pos-1").await.unwrap();
    assert_eq!(
        (drift.len(), drift[0].what.name(), drift[0].name.as_str()),
        (1, "unmarked", "budi")
    );
    assert_eq!(told(world).await, ["drift.find"], "once, not at every look");
    world.console("/ppp/secret/remove", &["numbers=budi"]);
    let login = drift[0].login.unwrap();
    let subscription = world.billing.login(login).await.unwrap().owner.subscription().unwrap();
    world.billing.retry_subscription(&clerk(), subscription).await.unwrap();
    world.poll().await;
    world.poll().await;
    assert!(world.billing.drift("pos-1").await.unwrap().is_empty());
}

async fn an_order_to_look_does_not_wait_for_the_poll(engine: Engine) {
    let village = Village::new(engine).await;
    let world = &village.world;
    village.subscriber(1, village.login("budi")).await;
    world.clock.advance(SignedDuration::from_secs(1));
    world.console("/ppp/secret/set", &["numbers=budi", "disabled=yes"]);
    world.tick().await;
    assert_eq!(village.shown("budi", "disabled").as_deref(), Some("true"), "nothing is due yet");
    world.billing.apply_router(&clerk().dry_run(), "pos-1").await.unwrap();
    world.tick().await;
    assert_eq!(village.shown("budi", "disabled").as_deref(), Some("true"));
    world.billing.apply_router(&clerk(), "pos-1").await.unwrap();
    world.tick().await;
    assert_eq!(village.shown("budi", "disabled").as_deref(), Some("false"));
}

async fn a_router_tells_how_it_fares(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    assert!(world.log_in("nobody", 1).is_err());
    world.poll().await;
    let vitals = world.billing.router("pos-1").await.unwrap().health.vitals;
    assert_eq!((vitals.cpu_load, vitals.license.as_deref()), (Some(3), Some("L6")));
    assert_eq!(vitals.memory_total, Some(1 << 30));
    assert!(vitals.latency.is_some());
    assert_eq!((vitals.clock_ahead, vitals.failed_logins), (Some(0), Some(1)));
    world.poll().await;
    let vitals = world.billing.router("pos-1").await.unwrap().health.vitals;
    assert_eq!(vitals.failed_logins, Some(0), "it was counted at the look before");
}
