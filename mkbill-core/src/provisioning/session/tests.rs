use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, proptest};
use proptest::prop_oneof;

use crate::provisioning::controller::ObjectId;
use crate::router::moment::Moment;

use super::*;

const fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

fn login() -> LoginId {
    LoginId::from_uuid(uuid::Uuid::from_u128(7))
}

/// A router with one customer, whose truth is known.
struct Line {
    now: i64,
    booted: i64,
    /// When the session began, and what its counters show.
    session: Option<(i64, u64)>,
    /// Everything that ever moved.
    moved: u64,
    known: Vec<Session>,
    before: Option<Moment>,
    reported: Used,
    sessions: usize,
}

impl Line {
    const fn new() -> Self {
        let used = Used { uptime: SignedDuration::ZERO, bytes_in: 0, bytes_out: 0 };
        Self {
            now: 1_000_000,
            booted: 0,
            session: None,
            moved: 0,
            known: Vec::new(),
            before: None,
            reported: used,
            sessions: 0,
        }
    }

    fn pass(&mut self, seconds: i64, bytes: u64) {
        self.now += seconds;
        if let Some((_, counter)) = &mut self.session {
            *counter += bytes;
            self.moved += bytes;
        }
    }

    const fn connect(&mut self) {
        self.session = Some((self.now, 0));
    }

    const fn reboot(&mut self) {
        (self.booted, self.session) = (self.now, None);
    }

    fn reset_counters(&mut self) {
        if let Some((_, counter)) = &mut self.session {
            *counter = 0;
        }
    }

    fn look(&mut self) -> Followed {
        let now = Moment {
            at: Timestamp::from_second(self.now).unwrap(),
            uptime: seconds(self.now - self.booted),
        };
        let shown: Vec<ObservedSession> = self
            .session
            .map(|(since, counter)| ObservedSession {
                kind: LoginKind::Pppoe,
                id: ObjectId("*1".to_owned()),
                user: "budi".to_owned(),
                address: Some("10.30.0.9".to_owned()),
                device: Some("02:00:00:00:00:01".to_owned()),
                via: Some("pppoe".to_owned()),
                uptime: seconds(self.now - since),
                bytes_in: counter,
                bytes_out: counter / 2,
            })
            .into_iter()
            .collect();
        let router = RouterId::from_uuid(uuid::Uuid::nil());
        let times = Interval { before: self.before, now, took: SignedDuration::ZERO };
        let look = Look { router, times, shown: &shown };
        let count = &mut self.sessions;
        let followed = follow(
            &self.known,
            look,
            |_, _| Some(login()),
            || {
                *count += 1;
                SessionId::from_uuid(uuid::Uuid::from_u128(*count as u128))
            },
        );
        self.before = Some(now);
        self.known = [followed.started.clone(), followed.went_on.clone()].concat();
        for (_, used) in &followed.used {
            self.reported = self.reported.and(*used);
        }
        followed
    }
}

fn counts(followed: &Followed) -> (usize, usize, usize) {
    (followed.started.len(), followed.went_on.len(), followed.ended.len())
}

#[test]
fn a_session_that_goes_on_is_counted_once() {
    let mut line = Line::new();
    line.connect();
    line.pass(100, 4_000);
    assert_eq!(counts(&line.look()), (1, 0, 0));
    line.pass(30, 1_000);
    assert_eq!(counts(&line.look()), (0, 1, 0));
    assert_eq!(counts(&line.look()), (0, 1, 0), "no time passed and nothing moved");
    let session = &line.known[0];
    assert_eq!((session.bytes_in, session.bytes_out), (5_000, 2_500));
    assert_eq!(session.started_at.as_second(), 1_000_000);
    assert_eq!((line.reported.bytes_in, line.reported.uptime), (5_000, seconds(130)));
}

#[test]
fn a_session_that_came_anew_between_two_looks_is_another_one() {
    let mut line = Line::new();
    line.connect();
    line.pass(100, 4_000);
    line.look();
    line.pass(10, 500);
    line.connect();
    line.pass(20, 9_000);
    let followed = line.look();
    assert_eq!(counts(&followed), (1, 0, 1));
    assert_eq!(followed.ended[0].bytes_in, 4_000, "what it moved since is lost with its counter");
    assert_eq!(line.reported.bytes_in, 13_000);
}

#[test]
fn after_a_long_outage_a_new_session_with_more_bytes_is_still_a_new_one() {
    let mut line = Line::new();
    line.connect();
    line.pass(600, 1_000);
    line.look();
    line.pass(600, 0);
    line.connect();
    line.pass(3_000, 3_000);
    assert_eq!(counts(&line.look()), (1, 0, 1));
    assert_eq!(line.reported.bytes_in, 4_000);
}

#[test]
fn a_router_that_restarted_has_no_session_of_before() {
    let mut line = Line::new();
    line.connect();
    line.pass(50, 1_000);
    line.look();
    line.pass(1_000, 0);
    line.reboot();
    line.connect();
    // It has run as long as the old one would have, and moved more.
    line.pass(1_060, 2_000);
    assert_eq!(counts(&line.look()), (1, 0, 1));
    assert_eq!(line.reported.bytes_in, 3_000);
}

#[test]
fn counters_that_were_reset_under_a_session_lose_nothing_that_was_counted() {
    let mut line = Line::new();
    line.connect();
    line.pass(60, 8_000);
    line.look();
    line.reset_counters();
    line.pass(30, 300);
    assert_eq!(counts(&line.look()), (0, 1, 0));
    assert_eq!(line.known[0].bytes_in, 8_300);
}

#[test]
fn a_slow_reading_makes_no_new_session() {
    let mut line = Line::new();
    line.connect();
    line.pass(100, 1_000);
    line.look();
    let known = line.known.clone();
    let now = Moment {
        at: Timestamp::from_second(line.now + 30).unwrap(),
        uptime: seconds(line.now + 30),
    };
    let mut shown = ObservedSession {
        kind: LoginKind::Pppoe,
        id: ObjectId("*1".to_owned()),
        user: "budi".to_owned(),
        address: known[0].address.clone(),
        device: known[0].device.clone(),
        via: None,
        uptime: seconds(125),
        bytes_in: 2_000,
        bytes_out: 0,
    };
    let follow_with = |shown: &ObservedSession, took| {
        let shown = std::slice::from_ref(shown);
        let times = Interval { before: line.before, now, took };
        let look = Look { router: known[0].router, times, shown };
        counts(&follow(&known, look, |_, _| None, || SessionId::from_uuid(uuid::Uuid::nil())))
    };
    assert_eq!(follow_with(&shown, seconds(2)), (0, 1, 0), "five seconds late, read for two");
    assert_eq!(follow_with(&shown, SignedDuration::ZERO), (1, 0, 1));
    shown.device = Some("02:00:00:00:00:02".to_owned());
    assert_eq!(follow_with(&shown, seconds(2)), (1, 0, 1), "another device is another session");
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Pass(i64, u64),
    Connect,
    Hang,
    Reboot,
    Reset,
    Look,
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (1..400_i64, 0..10_000_u64).prop_map(|(seconds, bytes)| Act::Pass(seconds, bytes)),
        2 => Just(Act::Connect),
        1 => Just(Act::Hang),
        1 => Just(Act::Reboot),
        1 => Just(Act::Reset),
        6 => Just(Act::Look),
    ]
}

proptest! {
    #[test]
    fn never_more_than_moved_is_reported_and_less_only_by_what_nobody_saw(
        acts in vec(any_act(), 1..60), first in any::<bool>(),
    ) {
        let mut line = Line::new();
        if first {
            line.connect();
        }
        // Bytes that the counters of the running session moved since the last look.
        let (mut unseen, mut lost, mut was_reset) = (0_u64, 0_u64, false);
        for act in acts {
            match act {
                Act::Pass(seconds, bytes) => {
                    let before = line.moved;
                    line.pass(seconds, bytes);
                    unseen += line.moved - before;
                }
                Act::Connect | Act::Hang | Act::Reboot | Act::Reset => {
                    lost += std::mem::take(&mut unseen);
                    was_reset |= matches!(act, Act::Reset);
                    match act {
                        Act::Connect => line.connect(),
                        Act::Hang => line.session = None,
                        Act::Reboot => line.reboot(),
                        _ => line.reset_counters(),
                    }
                    // Somebody needs a moment to come back, and a router to start.
                    line.now += 3;
                    if let Some((since, _)) = &mut line.session {
                        *since = if matches!(act, Act::Connect) { line.now } else { *since };
                    }
                }
                Act::Look => {
                    line.look();
                    // A counter that was reset and grew beyond what it had shown hides what came since.
                    lost += if std::mem::take(&mut was_reset) { unseen } else { 0 };
                    unseen = 0;
                    prop_assert!(line.reported.bytes_in <= line.moved);
                    prop_assert!(line.reported.bytes_in + lost >= line.moved);
                }
            }
        }
    }
}
