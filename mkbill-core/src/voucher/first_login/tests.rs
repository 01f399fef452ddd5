use jiff::civil::datetime;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};

use super::*;

const UPTIME_AT_T0: SignedDuration = SignedDuration::from_hours(50);

fn at(text: &str) -> Timestamp {
    format!("2026-03-01T{text}Z").parse().unwrap()
}

fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

/// The router's wall clock, seven hours ahead and three minutes fast.
fn router(text: &str) -> DateTime {
    format!("2026-03-01T{text}").parse::<DateTime>().unwrap() + minutes(7 * 60 + 3)
}

/// Seen unused at 08:00.
fn unused_at_eight() -> Before {
    Before {
        unused_at: at("08:00:00"),
        uptime: SignedDuration::ZERO,
        router_uptime: Some(UPTIME_AT_T0),
    }
}

/// Looked at again at 11:00, after an outage of three hours; the router kept running.
fn eleven() -> Sighting {
    Sighting {
        at: at("11:00:00"),
        user: Some(user(0)),
        session: None,
        logged_in: None,
        router_clock: Some(router("11:00:00")),
        router_uptime: UPTIME_AT_T0 + minutes(180),
    }
}

fn user(online_minutes: i64) -> UserSighting {
    UserSighting { uptime: minutes(online_minutes), stamp: None }
}

fn stamped(
    online_minutes: i64,
    router_time: DateTime,
    router_uptime: SignedDuration,
) -> UserSighting {
    UserSighting { stamp: Some(Stamp { router_time, router_uptime }), ..user(online_minutes) }
}

/// The router started at 10:50.
fn restarted(sighting: Sighting) -> Sighting {
    Sighting { router_uptime: minutes(10), ..sighting }
}

fn found(sighting: &Sighting) -> FirstLogin {
    match decide(&unused_at_eight(), sighting) {
        Verdict::FirstLogin(first_login) => first_login,
        other => panic!("{other:?}"),
    }
}

fn told(sighting: &Sighting) -> (Timestamp, Evidence) {
    let first_login = found(sighting);
    (first_login.at, first_login.evidence)
}

#[test]
fn without_any_trace_a_voucher_is_unused() {
    assert_eq!(decide(&unused_at_eight(), &eleven()), Verdict::Unused);
}

#[test]
fn a_running_session_began_its_own_length_ago() {
    let sighting = Sighting { session: Some(minutes(25)), ..eleven() };
    let expected = FirstLogin {
        at: at("10:35:00"),
        earliest: at("08:00:00"),
        latest: at("10:35:00"),
        evidence: Evidence::Session,
    };
    assert_eq!(found(&sighting), expected);
}

#[test]
fn a_counter_that_includes_the_running_session_changes_nothing() {
    let sighting = Sighting { user: Some(user(25)), session: Some(minutes(25)), ..eleven() };
    assert_eq!(told(&sighting), (at("10:35:00"), Evidence::Session));
}

#[test]
fn a_session_beside_an_earlier_one_is_not_the_first() {
    let sighting = Sighting { user: Some(user(40)), session: Some(minutes(5)), ..eleven() };
    assert_eq!(told(&sighting), (at("10:20:00"), Evidence::Counter));
}

#[test]
fn a_plausible_stamp_is_the_first_login_whatever_the_routers_zone() {
    let user = Some(stamped(20, router("09:15:00"), UPTIME_AT_T0 + minutes(75)));
    let sighting = Sighting { user, ..eleven() };
    assert_eq!(told(&sighting), (at("09:15:00"), Evidence::Stamp));
    assert_eq!(found(&sighting).latest, at("10:40:00"));
}

#[test]
fn a_stamp_of_1970_is_mended_by_the_routers_uptime() {
    let user = Some(stamped(20, datetime(1970, 1, 2, 0, 5, 0, 0), UPTIME_AT_T0 + minutes(75)));
    let sighting = Sighting { user, ..eleven() };
    assert_eq!(told(&sighting), (at("09:15:00"), Evidence::StampByUptime));
}

#[test]
fn a_stamp_of_1970_from_before_a_restart_says_nothing() {
    let user = Some(stamped(20, datetime(1970, 1, 2, 0, 5, 0, 0), UPTIME_AT_T0 + minutes(75)));
    let sighting = restarted(Sighting { user, ..eleven() });
    assert_eq!(told(&sighting), (at("10:40:00"), Evidence::Counter));
}

#[test]
fn a_clock_changed_since_the_stamp_is_mended_by_the_uptime_of_a_router_that_kept_running() {
    let stamp_after_the_look = Some(stamped(20, router("11:45:00"), UPTIME_AT_T0 + minutes(75)));
    let sighting = Sighting { user: stamp_after_the_look, ..eleven() };
    assert_eq!(told(&sighting), (at("09:15:00"), Evidence::StampByUptime));
    let user = Some(stamped(20, router("11:45:00"), minutes(10)));
    let unsure = Sighting { user, router_uptime: minutes(70), ..eleven() };
    assert_eq!(told(&unsure), (at("10:40:00"), Evidence::Counter));
}

#[test]
fn a_log_line_is_the_first_login_if_there_is_no_stamp() {
    let logged_in = Some(router("09:30:00"));
    let sighting = Sighting { user: Some(user(20)), logged_in, ..eleven() };
    assert_eq!(told(&sighting), (at("09:30:00"), Evidence::Log));
}

#[test]
fn of_exact_evidence_the_earliest_wins() {
    let sighting = Sighting {
        user: Some(stamped(20, router("09:15:00"), UPTIME_AT_T0 + minutes(75))),
        logged_in: Some(router("09:30:00")),
        session: Some(minutes(3)),
        ..eleven()
    };
    assert_eq!(told(&sighting), (at("09:15:00"), Evidence::Stamp));
    let earlier_log = Sighting { logged_in: Some(router("08:10:00")), ..sighting };
    assert_eq!(told(&earlier_log), (at("08:10:00"), Evidence::Log));
}

#[test]
fn a_log_line_of_the_running_session_itself_does_not_outbid_it() {
    let logged_in = Some(router("10:34:58"));
    let sighting = Sighting { session: Some(minutes(25)), logged_in, ..eleven() };
    assert_eq!(told(&sighting), (at("10:35:00"), Evidence::Session));
}

#[test]
fn the_counter_alone_gives_the_latest_possible_instant() {
    let sighting = Sighting { user: Some(user(20)), ..eleven() };
    let first_login = found(&sighting);
    assert_eq!((first_login.at, first_login.evidence), (at("10:40:00"), Evidence::Counter));
    assert_eq!((first_login.earliest, first_login.latest), (at("08:00:00"), at("10:40:00")));
    assert!(first_login.evidence.is_estimated());
}

#[test]
fn a_counter_that_went_back_moves_nothing() {
    let before = Before { uptime: minutes(30), ..unused_at_eight() };
    let sighting = Sighting { user: Some(user(10)), session: Some(minutes(5)), ..eleven() };
    assert_eq!(decide(&before, &sighting), Verdict::CounterReset);
}

#[test]
fn a_restart_without_any_trace_leaves_a_doubt() {
    assert_eq!(decide(&unused_at_eight(), &restarted(eleven())), Verdict::Doubtful);
    let never_asked = Before { router_uptime: None, ..unused_at_eight() };
    assert_eq!(decide(&never_asked, &restarted(eleven())), Verdict::Doubtful);
    assert_eq!(decide(&never_asked, &eleven()), Verdict::Unused);
}

#[test]
fn a_restart_right_after_the_last_look_is_noticed() {
    let sighting = Sighting { router_uptime: minutes(179), ..eleven() };
    assert_eq!(decide(&unused_at_eight(), &sighting), Verdict::Doubtful);
}

#[test]
fn a_router_that_had_hardly_started_may_restart_again() {
    let seconds = SignedDuration::from_secs;
    let before = Before { router_uptime: Some(seconds(40)), ..unused_at_eight() };
    let sighting = Sighting { at: at("08:00:30"), router_uptime: seconds(20), ..eleven() };
    assert_eq!(decide(&before, &sighting), Verdict::Doubtful);
}

#[test]
fn a_drifting_router_clock_is_no_restart() {
    let router_uptime = UPTIME_AT_T0 + minutes(180) - SignedDuration::from_secs(20);
    assert_eq!(
        decide(&unused_at_eight(), &Sighting { router_uptime, ..eleven() }),
        Verdict::Unused
    );
}

#[test]
fn a_stamp_survives_the_restart_that_lost_the_session() {
    let user = Some(stamped(0, router("09:15:00"), UPTIME_AT_T0 + minutes(75)));
    let sighting = restarted(Sighting { user, ..eleven() });
    assert_eq!(told(&sighting), (at("09:15:00"), Evidence::Stamp));
}

#[test]
fn a_stamp_of_a_session_lost_in_a_restart_outbids_the_session_after_it() {
    let user = Some(stamped(0, router("09:15:00"), UPTIME_AT_T0 + minutes(75)));
    let sighting = restarted(Sighting { user, session: Some(minutes(5)), ..eleven() });
    assert_eq!(told(&sighting), (at("09:15:00"), Evidence::Stamp));
}

#[test]
fn a_missing_user_is_missing_unless_a_session_or_the_log_shows_its_use() {
    let gone = Sighting { user: None, ..eleven() };
    assert_eq!(decide(&unused_at_eight(), &gone), Verdict::Missing);
    assert_eq!(decide(&unused_at_eight(), &restarted(gone.clone())), Verdict::Missing);
    let online = Sighting { session: Some(minutes(25)), ..gone.clone() };
    assert_eq!(told(&online), (at("10:35:00"), Evidence::Session));
    let logged = Sighting { logged_in: Some(router("09:30:00")), ..gone };
    assert_eq!(told(&logged), (at("09:30:00"), Evidence::Log));
}

#[test]
fn a_router_clock_before_2024_or_years_off_is_not_believed() {
    for clock in [datetime(1970, 1, 2, 0, 0, 0, 0), datetime(2036, 3, 1, 11, 0, 0, 0)] {
        let ago = minutes(90);
        let sighting = Sighting {
            user: Some(user(20)),
            logged_in: Some(clock - ago),
            router_clock: Some(clock),
            ..eleven()
        };
        assert_eq!(told(&sighting), (at("10:40:00"), Evidence::Counter), "{clock}");
    }
    let silent = Sighting { router_clock: None, logged_in: Some(router("09:30:00")), ..eleven() };
    assert_eq!(decide(&unused_at_eight(), &silent), Verdict::Unused);
}

#[test]
fn what_a_router_tells_of_another_life_is_not_plausible() {
    for time in ["07:58:59", "10:41:01"] {
        let user = Some(stamped(20, router(time), SignedDuration::from_hours(900)));
        assert_eq!(told(&Sighting { user, ..eleven() }).1, Evidence::Counter, "{time}");
    }
    let old_line = Some(router("07:59:30"));
    let sighting = Sighting { logged_in: old_line, ..eleven() };
    assert_eq!(decide(&unused_at_eight(), &sighting), Verdict::Unused);
    let in_use = Sighting { user: Some(user(20)), ..sighting };
    assert_eq!(told(&in_use), (at("08:00:00"), Evidence::Log), "within the slack, at the bound");
}

#[test]
fn several_devices_may_count_more_than_the_gap_and_a_stamp_still_tells() {
    let sighting = Sighting { user: Some(user(400)), ..eleven() };
    assert_eq!(told(&sighting), (at("08:00:00"), Evidence::Counter));
    let user = Some(stamped(400, router("09:15:00"), UPTIME_AT_T0 + minutes(75)));
    assert_eq!(told(&Sighting { user, ..eleven() }), (at("09:15:00"), Evidence::Stamp));
}

#[test]
fn instants_are_whole_microseconds() {
    let session = Some(SignedDuration::from_nanos(1_500_000_007));
    let first_login = found(&Sighting { session, ..eleven() });
    assert_eq!(first_login.at.subsec_nanosecond() % 1_000, 0);
}

#[test]
fn evidence_is_stored_by_name() {
    for evidence in Evidence::ALL {
        assert_eq!(Evidence::named(evidence.name()), Some(evidence));
    }
    assert_eq!(Evidence::named("guess"), None);
}

fn any_instant() -> impl Strategy<Value = Timestamp> {
    let extremes = vec![Timestamp::MIN, Timestamp::MAX];
    let seconds = Timestamp::MIN.as_second()..=Timestamp::MAX.as_second();
    let between = (seconds, 0..1_000_000_000_i32)
        .prop_map(|(second, nano)| Timestamp::new(second, nano).unwrap_or(Timestamp::MAX));
    proptest::prop_oneof![proptest::sample::select(extremes).boxed(), between.boxed()]
}

fn any_duration() -> impl Strategy<Value = SignedDuration> {
    let extremes = vec![SignedDuration::MIN, SignedDuration::MAX, SignedDuration::ZERO];
    proptest::prop_oneof![
        proptest::sample::select(extremes).boxed(),
        any::<i64>().prop_map(SignedDuration::from_secs).boxed(),
        any::<i64>().prop_map(SignedDuration::from_nanos).boxed(),
    ]
}

fn any_wall_clock() -> impl Strategy<Value = DateTime> {
    let extremes = vec![DateTime::MIN, DateTime::MAX];
    proptest::prop_oneof![
        proptest::sample::select(extremes).boxed(),
        any_instant().prop_map(|at| TimeZone::UTC.to_datetime(at)).boxed(),
    ]
}

proptest! {
    #[test]
    fn no_input_makes_it_fail_and_no_verdict_is_before_the_last_look(
        unused_at in any_instant(), baseline in any_duration(),
        router_uptime_then in proptest::option::of(any_duration()), at in any_instant(),
        uptime in proptest::option::of(any_duration()),
        stamp in proptest::option::of((any_wall_clock(), any_duration())),
        session in proptest::option::of(any_duration()),
        logged_in in proptest::option::of(any_wall_clock()),
        router_clock in proptest::option::of(any_wall_clock()), router_uptime in any_duration(),
    ) {
        let before = Before { unused_at, uptime: baseline, router_uptime: router_uptime_then };
        let stamp = stamp.map(|(router_time, router_uptime)| Stamp { router_time, router_uptime });
        let user = uptime.map(|uptime| UserSighting { uptime, stamp });
        let now = Sighting { at, user, session, logged_in, router_clock, router_uptime };
        if let Verdict::FirstLogin(first) = decide(&before, &now) {
            prop_assert!(first.earliest <= first.at && first.at <= first.latest);
            prop_assert!(first.earliest >= to_micros(unused_at.min(at)));
            prop_assert!(first.latest <= to_micros(at));
        }
    }

    #[test]
    fn a_first_login_is_never_later_than_the_online_time_allows(
        gap in 0..200_000_i64, online in 1..200_000_i64, session in proptest::option::of(0..200_000_i64),
        stamp in -1_000..201_000_i64, logged_in in proptest::option::of(-1_000..201_000_i64),
        zone_minutes in -720..840_i64, rebooted in any::<bool>(),
    ) {
        let seconds = SignedDuration::from_secs;
        let before = unused_at_eight();
        let at = before.unused_at + seconds(gap);
        let zone = minutes(zone_minutes);
        let wall = |after: i64| TimeZone::UTC.to_datetime(before.unused_at + seconds(after)) + zone;
        let stamp = Stamp { router_time: wall(stamp), router_uptime: UPTIME_AT_T0 + seconds(stamp) };
        let now = Sighting {
            at,
            user: Some(UserSighting { uptime: seconds(online), stamp: Some(stamp) }),
            session: session.map(seconds),
            logged_in: logged_in.map(wall),
            router_clock: Some(wall(gap)),
            router_uptime: if rebooted { seconds(gap / 2) } else { UPTIME_AT_T0 + seconds(gap) },
        };
        let known = online.max(session.unwrap_or(0));
        let first = found(&now);
        prop_assert!(first.at >= before.unused_at);
        if known <= gap {
            prop_assert!(first.at <= at - seconds(known));
        } else {
            prop_assert!(first.at <= at);
        }
    }

    #[test]
    fn more_time_online_never_means_a_later_first_login(gap in 0..100_000_i64, online in 1..100_000_i64, more in 0..100_000_i64) {
        let seconds = SignedDuration::from_secs;
        let look = |online| {
            let user = Some(UserSighting { uptime: seconds(online), stamp: None });
            let at = unused_at_eight().unused_at + seconds(gap);
            found(&Sighting { at, user, ..eleven() }).at
        };
        prop_assert!(look(online + more) <= look(online));
    }

    #[test]
    fn the_routers_zone_does_not_matter(zone_minutes in -720..=840_i64, started in 0..160_i64) {
        let clock = |text: &str| format!("2026-03-01T{text}").parse::<DateTime>().unwrap() + minutes(zone_minutes);
        let logged_in = Some(clock("08:00:00") + minutes(started));
        let router_clock = Some(clock("11:00:00"));
        let sighting = Sighting { user: Some(user(20)), logged_in, router_clock, ..eleven() };
        prop_assert_eq!(told(&sighting), (at("08:00:00") + minutes(started), Evidence::Log));
    }
}
