//! Interfaces of routers, what moved through them, and how routers fared, at rest.

use jiff::SignedDuration;
use mkbill_core::kernel::ids::RouterId;
use mkbill_core::router::moment::Moment;
use mkbill_core::router::sample::{Sample, SampleSpan};
use mkbill_core::router::traffic::{Interface, InterfaceDay, Rate, Traffic};
use mkbill_core::testkit::Engine;

use crate::support::{Story, beginning, stories};
use crate::{fresh, router, write};

pub(crate) const TRIALS: &[(&str, Story)] = stories![
    an_interface_comes_back_as_it_was_stored_and_is_forgotten_by_its_name,
    what_moved_on_a_day_adds_up_and_old_days_are_forgotten,
    a_sample_comes_back_as_it_was_stored_and_old_ones_are_forgotten,
];

fn interface(router: RouterId, name: &str) -> Interface {
    Interface {
        router,
        name: name.to_owned(),
        kind: "ether".to_owned(),
        running: true,
        disabled: false,
        down_since: None,
        counted_since: beginning(),
        seen: Moment { at: beginning(), uptime: SignedDuration::from_hours(7) },
        counters: Traffic { rx: 5_000_000_000, tx: 1 },
        total: Traffic { rx: 7, tx: 9 },
        rate: None,
    }
}

async fn an_interface_comes_back_as_it_was_stored_and_is_forgotten_by_its_name(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let mut tx = write(&store).await;
    let (near, far) = (router("pos-1"), router("pos-2"));
    for router in [&near, &far] {
        assert!(tx.router_insert(router).await.unwrap());
    }
    let odd = Interface {
        running: false,
        disabled: true,
        down_since: Some(beginning()),
        rate: Some(Rate { rx: 8_000, tx: 0 }),
        ..interface(near.id, "ether1/uplink, \u{fc}ber 'Dach'")
    };
    let plain = interface(near.id, "ether2");
    tx.interfaces_write(&[odd.clone(), plain.clone()]).await.unwrap();
    tx.interfaces_write(&[interface(far.id, "ether2")]).await.unwrap();
    assert_eq!(tx.interfaces(near.id).await.unwrap(), [odd.clone(), plain.clone()]);
    let later = Interface {
        seen: Moment { at: beginning() + SignedDuration::from_secs(30), ..plain.seen },
        total: Traffic { rx: 8, tx: 10 },
        ..plain
    };
    tx.interfaces_write(std::slice::from_ref(&later)).await.unwrap();
    assert_eq!(tx.interfaces(near.id).await.unwrap()[1], later);
    tx.interfaces_forget(near.id, &[odd.name, "ether9".to_owned()]).await.unwrap();
    assert_eq!(tx.interfaces(near.id).await.unwrap(), [later]);
    assert_eq!(tx.interfaces(far.id).await.unwrap().len(), 1);
    for nothing in [tx.interfaces_write(&[]).await, tx.interfaces_forget(near.id, &[]).await] {
        nothing.unwrap();
    }
}

async fn what_moved_on_a_day_adds_up_and_old_days_are_forgotten(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let mut tx = write(&store).await;
    let router = router("pos-1");
    assert!(tx.router_insert(&router).await.unwrap());
    let day = |day: i8| jiff::civil::date(2026, 3, day);
    let moved = |name: &str, rx| (name.to_owned(), Traffic { rx, tx: 2 * rx });
    for (date, what) in [
        (day(1), vec![moved("ether1", 5), moved("ether2", 100)]),
        (day(2), vec![moved("ether1", 7)]),
        (day(2), vec![moved("ether1", 1)]),
        (day(3), Vec::new()),
    ] {
        tx.interface_days_add(router.id, date, &what).await.unwrap();
    }
    let of_day = |date, rx| InterfaceDay { day: date, moved: Traffic { rx, tx: 2 * rx } };
    let days = tx.interface_days(router.id, "ether1", day(1), day(3)).await.unwrap();
    assert_eq!(days, [of_day(day(1), 5), of_day(day(2), 8)]);
    assert_eq!(tx.interface_days(router.id, "ether1", day(2), day(2)).await.unwrap().len(), 1);
    assert_eq!(tx.interface_days_forget(day(2)).await.unwrap(), 2);
    let left = tx.interface_days(router.id, "ether1", day(1), day(3)).await.unwrap();
    assert_eq!(left, [of_day(day(2), 8)]);
}

async fn a_sample_comes_back_as_it_was_stored_and_old_ones_are_forgotten(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let mut tx = write(&store).await;
    let (near, far) = (router("pos-1"), router("pos-2"));
    for router in [&near, &far] {
        assert!(tx.router_insert(router).await.unwrap());
    }
    let at = |minutes| beginning() + SignedDuration::from_mins(minutes);
    let full = Sample {
        at: at(0),
        cpu_load: Some(7),
        memory_free: Some(1 << 29),
        memory_total: Some(1 << 30),
        storage_free: Some(5),
        storage_total: Some(6),
        clock_ahead: Some(-3_600),
        latency: Some(SignedDuration::from_millis(34)),
        failed_logins: Some(2),
        hotspot_sessions: Some(120),
        pppoe_sessions: Some(0),
    };
    let empty = Sample {
        at: at(5),
        cpu_load: None,
        memory_free: None,
        memory_total: None,
        storage_free: None,
        storage_total: None,
        clock_ahead: None,
        latency: None,
        failed_logins: None,
        hotspot_sessions: None,
        pppoe_sessions: None,
    };
    for sample in [&empty, &full] {
        tx.sample_insert(near.id, sample).await.unwrap();
    }
    tx.sample_insert(near.id, &Sample { cpu_load: Some(99), ..full.clone() }).await.unwrap();
    tx.sample_insert(far.id, &Sample { at: at(10), ..full.clone() }).await.unwrap();
    let hour = SampleSpan::new(at(0), at(60)).unwrap();
    assert_eq!(tx.samples(near.id, hour).await.unwrap(), [full, empty.clone()]);
    let late = SampleSpan::new(at(1), at(5)).unwrap();
    assert_eq!(tx.samples(near.id, late).await.unwrap(), [empty]);
    assert_eq!(tx.samples_forget(at(5)).await.unwrap(), 1);
    assert_eq!(tx.samples(near.id, hour).await.unwrap().len(), 1);
    assert_eq!(tx.samples(far.id, hour).await.unwrap().len(), 1);
}
