use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, prop_assert, prop_assert_eq, proptest};
use proptest::prop_oneof;

use super::*;

const fn router() -> RouterId {
    RouterId::from_uuid(uuid::Uuid::nil())
}

fn port(name: &str) -> ObservedInterface {
    ObservedInterface {
        name: name.to_owned(),
        kind: "ether".to_owned(),
        running: true,
        disabled: false,
        rx_bytes: 0,
        tx_bytes: 0,
    }
}

/// A router with one interface, whose truth is known.
struct Port {
    now: i64,
    booted: i64,
    shown: ObservedInterface,
    /// Everything that ever moved.
    moved: Traffic,
    known: Vec<Interface>,
    reported: Traffic,
}

impl Port {
    fn new() -> Self {
        Self {
            now: 1_000_000,
            booted: 0,
            shown: port("ether1"),
            moved: Traffic::NONE,
            known: Vec::new(),
            reported: Traffic::NONE,
        }
    }

    /// A port that was looked at once.
    fn known() -> Self {
        let mut port = Self::new();
        port.look();
        port
    }

    fn pass(&mut self, seconds: i64, bytes: u64) {
        self.now += seconds;
        self.shown.rx_bytes += bytes;
        self.shown.tx_bytes += bytes / 2;
        self.moved = self.moved.and(Traffic { rx: bytes, tx: bytes / 2 });
    }

    const fn reset(&mut self) {
        (self.shown.rx_bytes, self.shown.tx_bytes) = (0, 0);
    }

    const fn reboot(&mut self) {
        self.booted = self.now;
        self.reset();
    }

    fn moment(&self) -> Moment {
        Moment {
            at: Timestamp::from_second(self.now).unwrap(),
            uptime: SignedDuration::from_secs(self.now - self.booted),
        }
    }

    fn look(&mut self) -> InterfaceNews {
        let shown = std::slice::from_ref(&self.shown);
        let news = news(router(), &self.known, shown, self.moment(), SignedDuration::ZERO);
        self.known.clone_from(&news.present);
        for (_, moved) in &news.moved {
            self.reported = self.reported.and(*moved);
        }
        news
    }

    fn rate(&self) -> Option<(u64, u64)> {
        self.known[0].rate.map(|rate| (rate.rx, rate.tx))
    }
}

#[test]
fn what_moved_before_anybody_looked_is_not_counted() {
    let mut port = Port::new();
    port.pass(600, 50_000);
    let first = port.look();
    assert_eq!((first.moved.len(), port.known[0].total), (0, Traffic::NONE));
    port.pass(30, 600);
    port.look();
    assert_eq!(port.known[0].total, Traffic { rx: 600, tx: 300 });
    assert_eq!(port.reported, port.known[0].total);
    assert_eq!(port.known[0].counted_since.as_second(), 1_000_600);
}

#[test]
fn the_rate_is_bits_a_second_of_the_routers_own_time() {
    let mut port = Port::known();
    assert_eq!(port.rate(), None, "one look is no interval");
    port.pass(30, 3_000_000);
    port.look();
    assert_eq!(port.rate(), Some((800_000, 400_000)));
    port.look();
    assert_eq!(port.rate(), None, "no time passed");
    port.pass(10, 0);
    assert!(port.look().moved.is_empty());
    assert_eq!(port.rate(), Some((0, 0)));
    // Our clock is ahead by some seconds; the router's own is not.
    port.pass(10, 1_000);
    port.now += 5;
    port.booted += 5;
    port.look();
    assert_eq!(port.rate(), Some((800, 400)));
}

#[test]
fn a_counter_that_was_reset_counts_from_zero_and_has_no_rate() {
    let mut port = Port::known();
    port.pass(30, 9_000);
    port.look();
    port.reset();
    port.pass(30, 400);
    port.look();
    assert_eq!((port.known[0].total.rx, port.rate()), (9_400, None));
}

#[test]
fn after_a_restart_everything_counts_though_the_counter_grew_beyond_what_it_was() {
    let mut port = Port::known();
    port.pass(30, 1_000);
    port.look();
    port.pass(600, 0);
    port.reboot();
    port.pass(2_000_000, 5_000);
    port.look();
    assert_eq!((port.known[0].total.rx, port.rate()), (6_000, None));
}

#[test]
fn an_older_look_that_is_written_late_counts_nothing() {
    let mut port = Port::known();
    port.pass(30, 1_000);
    let (older, moment) = (port.shown.clone(), port.moment());
    port.pass(30, 2_000);
    port.look();
    let late = news(router(), &port.known, &[older], moment, SignedDuration::ZERO);
    assert_eq!((late.present, late.moved), (port.known, Vec::new()));
}

#[test]
fn one_that_was_switched_off_is_not_down_and_one_that_is_down_is_told_once() {
    let mut port = Port::known();
    let mut look = |running: bool, disabled: bool| {
        port.now += 30;
        (port.shown.running, port.shown.disabled) = (running, disabled);
        let news = port.look();
        let up = news.up.first().map(|(_, time)| time.as_secs());
        (news.down.len(), up)
    };
    assert_eq!(look(false, true), (0, None), "a person did that");
    assert_eq!(look(true, false), (0, None), "and took it back");
    assert_eq!(look(false, false), (1, None));
    assert_eq!(look(false, false), (0, None));
    assert_eq!(look(false, true), (0, None));
    assert_eq!(look(true, false), (0, Some(90)));
    assert_eq!(look(true, false), (0, None));
}

#[test]
fn one_that_never_ran_is_not_down() {
    let mut port = Port::new();
    port.shown.running = false;
    assert!(port.look().down.is_empty());
    assert!(port.look().down.is_empty());
    port.shown.running = true;
    assert!(port.look().up.is_empty());
}

#[test]
fn what_is_gone_is_dropped_and_what_comes_back_begins_anew() {
    let at = |second| Moment {
        at: Timestamp::from_second(second).unwrap(),
        uptime: SignedDuration::from_secs(second),
    };
    let look = |known: &[Interface], shown: &[ObservedInterface], second| {
        news(router(), known, shown, at(second), SignedDuration::ZERO)
    };
    let counter = ObservedInterface { rx_bytes: 500, ..port("vlan20") };
    let both = look(&[], &[port("ether1"), counter.clone()], 100).present;
    assert_eq!(both.len(), 2);
    let one = look(&both, &[port("ether1")], 130);
    assert_eq!((one.present.len(), one.gone), (1, vec!["vlan20".to_owned()]));
    let again = look(&one.present, &[port("ether1"), counter], 160);
    assert_eq!((again.present.len(), again.moved.len()), (2, 0));
}

#[test]
fn no_more_are_kept_than_the_limit_and_each_name_once() {
    let moment = Moment { at: Timestamp::UNIX_EPOCH, uptime: SignedDuration::ZERO };
    let many: Vec<_> = (0..INTERFACES_MAX + 7).map(|n| port(&format!("vlan{n}"))).collect();
    let kept = news(router(), &[], &many, moment, SignedDuration::ZERO).present;
    assert_eq!(kept.len(), INTERFACES_MAX);
    let twice = [port("ether1"), port("ether1")];
    assert_eq!(news(router(), &[], &twice, moment, SignedDuration::ZERO).present.len(), 1);
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Pass(i64, u64),
    Reset,
    Reboot,
    Look,
}

fn passing() -> impl Strategy<Value = Act> {
    (1..400_i64, 0..10_000_u64).prop_map(|(seconds, bytes)| Act::Pass(seconds, bytes))
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![4 => passing(), 1 => Just(Act::Reset), 1 => Just(Act::Reboot), 5 => Just(Act::Look)]
}

fn live(acts: &[Act]) -> Port {
    let mut port = Port::known();
    for act in acts {
        match act {
            Act::Pass(seconds, bytes) => port.pass(*seconds, *bytes),
            Act::Reset => port.reset(),
            Act::Reboot => port.reboot(),
            Act::Look => drop(port.look()),
        }
    }
    port
}

proptest! {
    #[test]
    fn never_more_than_moved_is_reported(acts in vec(any_act(), 1..60)) {
        let port = live(&acts);
        prop_assert!(port.reported.rx <= port.moved.rx && port.reported.tx <= port.moved.tx);
        prop_assert_eq!(port.known[0].total, port.reported);
    }

    #[test]
    fn all_that_moved_until_the_last_look_is_reported_if_nothing_was_reset(
        acts in vec(prop_oneof![passing(), Just(Act::Look)], 1..60),
    ) {
        let mut port = live(&acts);
        port.look();
        prop_assert_eq!(port.reported, port.moved);
    }

    #[test]
    fn a_look_before_every_reset_and_restart_leaves_nothing_uncounted(
        acts in vec(any_act(), 1..60),
    ) {
        let looked = acts.iter().flat_map(|act| match act {
            Act::Reset | Act::Reboot => vec![Act::Look, *act, Act::Look],
            act => vec![*act],
        });
        let mut port = live(&looked.collect::<Vec<_>>());
        port.look();
        prop_assert_eq!(port.reported, port.moved);
    }
}
