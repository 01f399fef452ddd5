//! What moves through a router, how it fares over time, and what its licence leaves.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use mkbill_core::event::{Event, Position};
use mkbill_core::router::licence::LicenceLimits;
use mkbill_core::router::sample::Sample;
use mkbill_core::router::traffic::{Interface, Traffic};
use mkbill_core::testkit::Engine;
use mkbill_routeros::command::system;
use mkbill_routeros::sim::{At, Effect, Fault, License, Mac, On, Refusal};

use crate::pppoe::Village;
use crate::support::{beginning, stories};
use crate::world::World;

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    bytes_of_interfaces_are_those_that_moved_until_the_last_look,
    interfaces_that_sessions_make_are_not_looked_at,
    an_interface_that_goes_down_is_told_once_and_so_is_its_return,
    a_look_that_may_not_read_interfaces_is_complete_and_forgets_none,
    a_sample_in_five_minutes_holds_every_failed_login_since,
    old_samples_and_days_are_forgotten,
    sessions_are_held_against_the_licence,
    the_licences_of_books_client_and_simulator_allow_the_same,
];

async fn interface(world: &World, name: &str) -> Interface {
    let all = world.billing.interfaces("pos-1").await.unwrap();
    all.into_iter().find(|interface| interface.name == name).unwrap()
}

async fn moved_by_day(world: &World, name: &str) -> Vec<Traffic> {
    let (from, to) = ("2026-01-01".parse().unwrap(), "2026-12-31".parse().unwrap());
    let days = world.billing.interface_days("pos-1", name, from, to).await.unwrap();
    days.iter().map(|day| day.moved).collect()
}

async fn told(world: &World) -> Vec<Event> {
    let events = world.billing.events(Position::START, 200).await.unwrap();
    events.into_iter().filter(|event| event.topic() == "interface").collect()
}

async fn samples(world: &World) -> Vec<Sample> {
    let to = world.now();
    world.billing.vitals("pos-1", to - SignedDuration::from_hours(24), to).await.unwrap()
}

/// Bytes pass the ports; what a customer uploads comes in over the bridge and leaves over the uplink.
fn move_everywhere(world: &World, code: &str, bytes: u64, truth: &mut BTreeMap<&str, Traffic>) {
    if !world.is_online(code) {
        world.log_in(code, 1).unwrap();
    }
    world.router.router(|router| {
        router.move_bytes(Mac::numbered(1), bytes, 3 * bytes);
        assert!(router.pass_bytes("ether2", 5_000_000_000, bytes));
        assert!(router.pass_bytes("bridge", 7, 0));
    });
    for (name, rx, tx) in [
        ("ether1", 3 * bytes, bytes),
        ("ether2", 5_000_000_000, bytes),
        ("ether3", 0, 0),
        ("bridge", bytes + 7, 3 * bytes),
    ] {
        let sum = truth.entry(name).or_default();
        *sum = sum.and(Traffic { rx, tx });
    }
}

async fn bytes_of_interfaces_are_those_that_moved_until_the_last_look(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let code = world.pushed_codes(1).await.remove(0);
    let mut truth = BTreeMap::new();
    for round in 1..=24_u64 {
        move_everywhere(&world, &code, round * 1_000 + 1, &mut truth);
        world.poll().await;
        for (name, moved) in &truth {
            assert_eq!(interface(&world, name).await.total, *moved, "{name} in round {round}");
        }
        match round % 4 {
            // What moves in the next round is less than the counters show: it gives the reset away.
            2 => world.router.router(|router| {
                assert!(router.reset_interface_counters("ether1"));
                assert!(router.reset_interface_counters("ether2"));
            }),
            3 => {
                world.router.reboot();
                world.clock.advance(SignedDuration::from_mins(30));
            }
            _ => {}
        }
    }
    for (name, moved) in truth {
        let days = moved_by_day(&world, name).await;
        assert_eq!(days.iter().fold(Traffic::default(), |sum, day| sum.and(*day)), moved, "{name}");
        // The story began in the evening, and every restart took half an hour.
        assert_eq!(days.len(), usize::from(name != "ether3"));
    }
    world.clock.advance(SignedDuration::from_hours(6));
    assert!(world.router.router(|router| router.pass_bytes("ether2", 90_000, 30_000)));
    world.poll().await;
    assert_eq!(moved_by_day(&world, "ether2").await[1], Traffic { rx: 90_000, tx: 30_000 });
    assert!(world.router.router(|router| router.pass_bytes("ether2", 90_000, 30_000)));
    world.poll().await;
    let rate = interface(&world, "ether2").await.rate.unwrap();
    assert_eq!((rate.rx, rate.tx), (24_000, 8_000), "over thirty seconds");
}

async fn interfaces_that_sessions_make_are_not_looked_at(engine: Engine) {
    let village = Village::new(engine).await;
    let world = &village.world;
    village.subscriber(1, village.login("budi")).await;
    village.dial("budi", "rahasia-1", 1).unwrap();
    world.console("/interface/set", &["numbers=ether5", "name=vlan/roof"]);
    world.poll().await;
    let all = world.billing.interfaces("pos-1").await.unwrap();
    let names: Vec<&str> = all.iter().map(|interface| interface.name.as_str()).collect();
    assert_eq!(names, ["bridge", "ether1", "ether2", "ether3", "ether4", "vlan/roof"]);
    assert_eq!((all[0].kind.as_str(), all[1].kind.as_str()), ("bridge", "ether"));
    let (from, to) = ("2026-01-01".parse().unwrap(), "2026-12-31".parse().unwrap());
    let unknown = world.billing.interface_days("pos-1", "ether5", from, to).await;
    assert_eq!(unknown.unwrap_err().code(), "not_found");
}

async fn an_interface_that_goes_down_is_told_once_and_so_is_its_return(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    assert!(world.router.router(|router| router.plug_interface("ether3", false)));
    world.console("/interface/disable", &["numbers=ether4"]);
    world.poll().await;
    let since = world.now();
    for _ in 0..3 {
        world.poll().await;
    }
    assert_eq!(interface(&world, "ether3").await.down_since, Some(since));
    let off = interface(&world, "ether4").await;
    assert_eq!((off.running, off.disabled, off.down_since), (false, true, None));
    assert!(world.router.router(|router| router.plug_interface("ether3", true)));
    world.console("/interface/enable", &["numbers=ether4"]);
    world.poll().await;
    world.poll().await;
    let told = told(&world).await;
    let kinds: Vec<&str> = told.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["interface.down", "interface.up"]);
    for event in &told {
        assert_eq!(
            (&event.data["router"], &event.data["name"]),
            (&"pos-1".into(), &"ether3".into())
        );
    }
    assert_eq!(told[1].data["down_seconds"], 120);
}

async fn a_look_that_may_not_read_interfaces_is_complete_and_forgets_none(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let pass = |bytes| assert!(world.router.router(|r| r.pass_bytes("ether2", bytes, 0)));
    pass(1_000);
    // The first of a look are the lines of customers.
    world.router.faults().push(Fault {
        effect: Effect::Trap(Refusal::new("not enough permissions (9)")),
        on: On::Matching("/interface/print".to_owned()),
        at: At::Nth(2),
    });
    let report = world.poll().await;
    assert_eq!(report.passes[0].error, None);
    assert_eq!(world.billing.router("pos-1").await.unwrap().health.observed_at, Some(world.now()));
    let before = interface(&world, "ether2").await;
    assert_eq!((before.total, before.seen.at), (Traffic::default(), beginning()));
    pass(500);
    world.poll().await;
    let after = interface(&world, "ether2").await;
    assert_eq!(after.total.rx, 1_500);
    assert_eq!(after.rate.unwrap().rx, 200, "over the minute since they were read before");
}

async fn a_sample_in_five_minutes_holds_every_failed_login_since(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    for _ in 0..35 {
        assert!(world.log_in("nobody", 1).is_err());
        world.poll().await;
    }
    let samples = samples(&world).await;
    let at: Vec<i64> =
        samples.iter().map(|one| one.at.duration_since(beginning()).as_secs()).collect();
    assert_eq!(at, [0, 300, 600, 900]);
    let failed: Vec<_> = samples.iter().map(|sample| sample.failed_logins).collect();
    assert_eq!(failed, [None, Some(10), Some(10), Some(10)]);
    let last = &samples[3];
    assert_eq!(
        (last.cpu_load, last.clock_ahead, last.hotspot_sessions),
        (Some(3), Some(0), Some(0))
    );
    assert_eq!(last.memory_total, Some(1 << 30));
    assert!(last.latency.is_some() && last.storage_free.is_some());
    let (from, to) = (beginning(), beginning() + SignedDuration::from_mins(5));
    assert_eq!(world.billing.vitals("pos-1", from, to).await.unwrap().len(), 2);
    let backwards = world.billing.vitals("pos-1", to, from).await.unwrap_err();
    assert_eq!(backwards.code(), "invalid");
}

async fn old_samples_and_days_are_forgotten(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    assert!(world.router.router(|router| router.pass_bytes("ether2", 1_000, 0)));
    world.poll().await;
    let kept = async || {
        let to = beginning() + SignedDuration::from_hours(1);
        let samples = world.billing.vitals("pos-1", beginning(), to).await.unwrap();
        (samples.len(), moved_by_day(&world, "ether2").await.len())
    };
    assert_eq!(kept().await, (1, 1));
    world.after(SignedDuration::from_hours(24 * 31)).await;
    assert_eq!(kept().await, (0, 1));
    world.after(SignedDuration::from_hours(24 * 61)).await;
    assert_eq!(kept().await, (0, 0));
    assert_eq!(interface(&world, "ether2").await.total.rx, 1_000, "the sum is kept");
}

async fn sessions_are_held_against_the_licence(engine: Engine) {
    let village = Village::new(engine).await;
    let world = &village.world;
    village.subscriber(1, village.login("budi")).await;
    village.dial("budi", "rahasia-1", 1).unwrap();
    world.router.router(|router| router.set_license(License::L3));
    let vitals = async || {
        world.poll().await;
        world.billing.router("pos-1").await.unwrap().health.vitals
    };
    let one = vitals().await;
    assert_eq!((one.hotspot_sessions, one.pppoe_sessions), (Some(0), Some(1)));
    let used = one.licence_used().unwrap();
    assert_eq!((used.used, used.allowed, used.percent()), (1, 200, 0));
    world.console("/ip/hotspot/user/add", &["name=guest", "password=guest"]);
    world.log_in("guest", 2).unwrap();
    let full = vitals().await.licence_used().unwrap();
    assert_eq!((full.used, full.allowed, full.percent()), (1, 1, 100));
    world.router.router(|router| router.set_license(License::L6));
    assert_eq!(vitals().await.licence_used(), None);
}

/// Nothing of it is stored, so the engine makes no difference.
async fn the_licences_of_books_client_and_simulator_allow_the_same(_: Engine) {
    for license in [License::L1, License::L3, License::L4, License::L5, License::L6] {
        let level = license.level();
        let ours = LicenceLimits::of(&format!("L{level}")).unwrap();
        let read = system::License { level: Some(level), cloud_level: None, software_id: None };
        assert_eq!(ours.hotspot, read.hotspot_sessions_max().map(u64::from), "{license:?}");
        assert_eq!(ours.pppoe, read.pppoe_sessions_max().map(u64::from), "{license:?}");
        let simulated = |most: Option<usize>| most.map(|most| u64::try_from(most).unwrap());
        assert_eq!(ours.hotspot, simulated(license.hotspot_sessions_max()), "{license:?}");
        assert_eq!(ours.pppoe, simulated(license.ppp_sessions_max()), "{license:?}");
    }
}
