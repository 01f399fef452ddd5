//! Subscribers who use much: slower when a step is passed, at full speed again with the next period.

use jiff::SignedDuration;
use mkbill_core::billing::{ChangeAt, SubscriptionView};
use mkbill_core::kernel::patch::Patch;
use mkbill_core::notice::NoticeKind;
use mkbill_core::notice::store::NoticeFilter;
use mkbill_core::plan::fair_use::{FairUse, UseEffect, UseStep};
use mkbill_core::plan::{PlanChange, TermsChange};
use mkbill_core::testkit::Engine;
use mkbill_routeros::sim::RouterOs;

use crate::pppoe::Village;
use crate::support::stories;
use crate::world::{clerk, page_of};

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    who_uses_much_is_slower_and_then_closed_until_the_period_ends,
    what_was_used_before_a_period_began_does_not_count_for_it,
    a_rule_that_is_reset_or_taken_away_gives_full_speed_back,
    who_has_not_paid_is_cut_whatever_was_used,
    a_worker_that_dies_at_any_moment_counts_every_byte_once_and_follows_the_rule,
];

const SLOW: &str = "home-2m";
/// More events than a tick has, and fewer.
const EVENTS_MAX: u64 = 500;
const EVENTS_MIN: u64 = 30;

fn rule() -> FairUse {
    let slow = UseEffect::MoveToProfile(SLOW.to_owned());
    FairUse::new(vec![
        UseStep { at_bytes: 1_000_000, effect: slow },
        UseStep { at_bytes: 2_000_000, effect: UseEffect::Disable },
    ])
    .unwrap()
}

/// A subscriber with a rule of fair use, who is online.
async fn user(engine: Engine) -> (Village, SubscriptionView) {
    let village = Village::on(engine, RouterOs::V7_18, |terms| terms.fair_use = Some(rule())).await;
    let slow = ["name=home-2m", "local-address=10.30.0.1", "remote-address=homes"];
    village.world.console("/ppp/profile/add", &slow);
    village.world.poll().await;
    let budi = village.subscriber(1, village.login("budi")).await;
    village.dial("budi", "rahasia-1", 1).unwrap();
    (village, budi)
}

fn moves(village: &Village, bytes: u64) {
    village.world.router.router(|router| router.ppp_move_bytes("budi", bytes / 4, bytes / 4 * 3));
}

fn profile(village: &Village) -> String {
    village.shown("budi", "profile").unwrap()
}

async fn used(village: &Village, budi: &SubscriptionView) -> u64 {
    let used = village.world.billing.period_use(budi.subscription.id).await.unwrap();
    used.map_or(0, |used| used.bytes())
}

async fn who_uses_much_is_slower_and_then_closed_until_the_period_ends(engine: Engine) {
    let (village, budi) = user(engine).await;
    let world = &village.world;
    village.pay(budi.subscription.customer).await;
    village.pay(budi.subscription.customer).await;
    moves(&village, 999_996);
    world.poll().await;
    assert_eq!((profile(&village), used(&village, &budi).await), ("home-10m".to_owned(), 999_996));
    assert!(village.is_online("budi"));
    moves(&village, 4);
    world.poll().await;
    assert_eq!(profile(&village), SLOW);
    assert!(!village.is_online("budi"), "a session keeps the profile it began with");
    village.dial("budi", "rahasia-1", 1).unwrap();
    moves(&village, 1_200_000);
    world.poll().await;
    assert!(village.dial("budi", "rahasia-1", 1).is_err(), "the quota is used up");
    let explained = world.billing.explain_subscription(budi.subscription.id).await.unwrap();
    let text = explained.verdict.join("; ");
    assert!(text.contains("2200000 bytes of its period used, closed until"), "{text}");
    let filter = NoticeFilter { kind: Some(NoticeKind::FairUseReached), ..NoticeFilter::default() };
    assert_eq!(world.billing.notices(filter, page_of(10)).await.unwrap().items.len(), 2);
    village.days(32).await;
    assert_eq!(profile(&village), "home-10m");
    assert_eq!(used(&village, &budi).await, 0);
    village.dial("budi", "rahasia-1", 1).unwrap();
    let report = world.poll().await;
    assert_eq!((report.passes[0].changed, report.passes[0].drift.len()), (0, 0));
}

async fn what_was_used_before_a_period_began_does_not_count_for_it(engine: Engine) {
    let (village, budi) = user(engine).await;
    let world = &village.world;
    village.pay(budi.subscription.customer).await;
    village.pay(budi.subscription.customer).await;
    moves(&village, 400_000);
    world.poll().await;
    let ends_at = world.billing.period_use(budi.subscription.id).await.unwrap().unwrap().due_at;
    world.after(ends_at.duration_since(world.now()) - SignedDuration::from_secs(10)).await;
    moves(&village, 900_000);
    world.after(SignedDuration::from_secs(10)).await;
    world.after(SignedDuration::from_secs(25)).await;
    assert_eq!(used(&village, &budi).await, 0, "the look before was made in the old period");
    moves(&village, 500_000);
    world.poll().await;
    assert_eq!(used(&village, &budi).await, 500_000);
    assert_eq!(profile(&village), "home-10m");
}

async fn a_rule_that_is_reset_or_taken_away_gives_full_speed_back(engine: Engine) {
    let (village, budi) = user(engine).await;
    let world = &village.world;
    let id = budi.subscription.id;
    village.pay(budi.subscription.customer).await;
    moves(&village, 1_500_000);
    world.poll().await;
    assert_eq!(profile(&village), SLOW);
    let tried = world.billing.reset_use(&clerk().dry_run(), id).await.unwrap().unwrap();
    assert_eq!((tried.bytes(), used(&village, &budi).await), (0, 1_500_000));
    world.billing.reset_use(&clerk(), id).await.unwrap();
    world.tick().await;
    assert_eq!((profile(&village), used(&village, &budi).await), ("home-10m".to_owned(), 0));
    village.dial("budi", "rahasia-1", 1).unwrap();
    moves(&village, 1_500_000);
    world.poll().await;
    assert_eq!(profile(&village), SLOW);
    let terms = TermsChange { fair_use: Patch::Clear, ..TermsChange::default() };
    let change = PlanChange { terms, ..PlanChange::default() };
    world.billing.change_plan(&clerk(), &village.plan.to_string(), change).await.unwrap();
    let now = ChangeAt::Now;
    world.billing.change_subscription_plan(&clerk(), id, village.plan, now).await.unwrap();
    world.tick().await;
    world.tick().await;
    assert_eq!(profile(&village), "home-10m");
    assert_eq!(world.billing.period_use(id).await.unwrap(), None);
}

async fn who_has_not_paid_is_cut_whatever_was_used(engine: Engine) {
    let (village, budi) = user(engine).await;
    let world = &village.world;
    moves(&village, 1_500_000);
    world.poll().await;
    village.days(9).await;
    assert_eq!(village.shown("budi", "disabled").as_deref(), Some("true"));
    village.pay(budi.subscription.customer).await;
    world.tick().await;
    assert_eq!(profile(&village), SLOW, "the payment opens what it closed, and the rule stays");
    assert_ne!(village.shown("budi", "disabled").as_deref(), Some("true"));
}

async fn a_worker_that_dies_at_any_moment_counts_every_byte_once_and_follows_the_rule(
    engine: Engine,
) {
    let (village, budi) = user(engine).await;
    let world = &village.world;
    village.pay(budi.subscription.customer).await;
    village.pay(budi.subscription.customer).await;
    for event in 1..EVENTS_MAX {
        moves(&village, 1_500_000);
        world.clock.advance(SignedDuration::from_secs(30));
        let died = world.tick_after_a_death(event).await;
        assert_eq!(used(&village, &budi).await, 1_500_000, "event {event}");
        assert_eq!(profile(&village), SLOW, "event {event}");
        if !died {
            assert!(event > EVENTS_MIN, "only {event} events");
            return;
        }
        world.billing.reset_use(&clerk(), budi.subscription.id).await.unwrap();
        world.tick().await;
        assert_eq!(profile(&village), "home-10m", "event {event}");
        village.dial("budi", "rahasia-1", 1).unwrap();
    }
    panic!("a tick has more than {EVENTS_MAX} events");
}
