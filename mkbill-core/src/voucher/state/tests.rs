use super::*;
use proptest::prelude::{Just, Strategy, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};

use crate::kernel::entropy::OsEntropy;
use crate::kernel::ids::{BatchId, RouterId, VoucherId};
use crate::kernel::money::Money;
use crate::plan::Prices;
use crate::voucher::first_login::Evidence;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn start() -> Timestamp {
    "2026-03-01T13:00:00Z".parse().unwrap()
}

fn voucher() -> Voucher {
    let now = start();
    Voucher {
        id: VoucherId::new(now, &OsEntropy),
        batch: BatchId::new(now, &OsEntropy),
        number: 1,
        router: RouterId::new(now, &OsEntropy),
        vendor: None,
        login: LoginId::new(now, &OsEntropy),
        code: "ABCDEFGHJ".parse().unwrap(),
        password: "ABCDEFGHJ".to_owned(),
        prices: Prices::new(Money::rupiah(3_000), Money::rupiah(5_000)).unwrap(),
        limits: Limits {
            validity: Some(HOUR * 24),
            uptime_quota: Some(HOUR * 5),
            data_quota: Some(1_000),
        },
        sell_by: Some(start() + HOUR * 100),
        state: VoucherState::Live(Live::PendingPush),
        revision: 1,
    }
}

fn first(at: Timestamp) -> FirstLogin {
    FirstLogin { at, earliest: at, latest: at, evidence: Evidence::Session }
}

fn active() -> Voucher {
    voucher().acknowledged().first_login(first(start()), None, None).unwrap()
}

#[test]
fn a_clock_that_runs_is_never_set_again() {
    let later = first(start() + HOUR);
    assert_eq!(active().first_login(later, None, None), None);
}

#[test]
fn an_extension_grows_only_limits_that_are_there() {
    let unlimited = Voucher { limits: Limits::default(), ..voucher() };
    let active = unlimited.acknowledged().first_login(first(start()), None, None).unwrap();
    let wishes = [
        Extension::default(),
        Extension { validity: Some(HOUR), ..Extension::default() },
        Extension { uptime: Some(HOUR), ..Extension::default() },
        Extension { data: Some(1), ..Extension::default() },
    ];
    for wish in wishes {
        assert_eq!(active.clone().extend(wish), Err(VoucherRefusal::BadExtension), "{wish:?}");
    }
}

#[test]
fn an_extension_never_takes_away_and_never_overflows() {
    for wish in [
        Extension { validity: Some(-HOUR), ..Extension::default() },
        Extension { validity: Some(SignedDuration::MAX), ..Extension::default() },
        Extension { uptime: Some(SignedDuration::ZERO), ..Extension::default() },
        Extension { data: Some(u64::MAX), ..Extension::default() },
        Extension { data: Some(0), ..Extension::default() },
    ] {
        assert_eq!(active().extend(wish), Err(VoucherRefusal::BadExtension), "{wish:?}");
    }
}

#[test]
fn a_first_login_before_the_shelf_life_ended_revives_late_news_only() {
    let shelf_end = start() + HOUR * 100;
    let over = voucher().acknowledged().expire(shelf_end).unwrap();
    assert_eq!(over.state.name(), "expired");
    let in_time = over.clone().first_login(first(shelf_end - HOUR), None, None);
    assert_eq!(in_time.map(|voucher| voucher.state.name()), Some("active"));
    assert_eq!(over.first_login(first(shelf_end), None, None), None);
}

#[derive(Debug, Clone, Copy)]
enum Event {
    Acknowledge,
    FirstLogin(i64),
    Expire(i64),
    Use(i64, u64),
    Disable,
    Enable,
    Cancel,
    Extend(i64),
    Regenerate,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::Acknowledge),
        (0_i64..200).prop_map(Event::FirstLogin),
        (0_i64..400).prop_map(Event::Expire),
        (0_i64..8, 0_u64..2_000).prop_map(|(hours, bytes)| Event::Use(hours, bytes)),
        Just(Event::Disable),
        Just(Event::Enable),
        Just(Event::Cancel),
        (-2_i64..100).prop_map(Event::Extend),
        Just(Event::Regenerate),
    ]
}

/// What happens to a voucher; a step that is refused changes nothing.
fn after(voucher: Voucher, event: Event) -> Voucher {
    let kept = voucher.clone();
    let hours = |hours: i64| start() + HOUR * i32::try_from(hours).unwrap();
    let usage = |hours: i64, bytes| Usage::default().read(SignedDuration::from_hours(hours), bytes);
    match event {
        Event::Acknowledge => voucher.acknowledged(),
        Event::FirstLogin(at) => voucher.first_login(first(hours(at)), None, None).unwrap_or(kept),
        Event::Expire(now) => voucher.expire(hours(now)).unwrap_or(kept),
        Event::Use(used, bytes) => voucher.use_up(usage(used, bytes), start()).unwrap_or(kept),
        Event::Disable => voucher.disable().unwrap_or(kept),
        Event::Enable => voucher.enable().unwrap_or(kept),
        Event::Cancel => voucher.cancel(start()).unwrap_or(kept),
        Event::Extend(added) => {
            let validity = Some(SignedDuration::from_hours(added));
            voucher.extend(Extension { validity, ..Extension::default() }).unwrap_or(kept)
        }
        Event::Regenerate => {
            let code = "NEWCODE22".parse().unwrap();
            voucher
                .regenerate(code, "x".to_owned(), LoginId::new(start(), &OsEntropy))
                .unwrap_or(kept)
        }
    }
}

proptest! {
    #[test]
    fn whatever_happens_a_first_login_stays_and_what_ended_stays_ended(
        events in prop::collection::vec(event(), 1..40),
    ) {
        let mut voucher = voucher();
        for event in events {
            let next = after(voucher.clone(), event);
            if let Some(known) = voucher.state.activation() {
                let still = next.state.activation().expect("a use is never forgotten");
                prop_assert_eq!(&still.first_login, &known.first_login);
                prop_assert!(still.expires_at >= known.expires_at);
                let ends = known.first_login.at + voucher.limits.validity.expect("it has one");
                prop_assert_eq!(known.expires_at, Some(ends));
            }
            let ended = ["used_up", "cancelled"].contains(&voucher.state.name())
                || voucher.state.name() == "expired" && voucher.state.activation().is_some();
            prop_assert!(!ended || next == voucher, "{:?} after {event:?}", next.state);
            prop_assert_eq!(next.prices, voucher.prices);
            prop_assert_eq!(next.due().is_none(), matches!(
                next.state.name(), "expired" | "used_up" | "cancelled"
            ));
            voucher = next;
        }
    }
}
