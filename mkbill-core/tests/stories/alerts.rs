//! What is wrong for so long that somebody has to know.

use jiff::SignedDuration;
use mkbill_core::alert::rule::{AlertRule, Audience, EscalationStep, RuleName};
use mkbill_core::alert::store::AlertFilter;
use mkbill_core::alert::{Alert, AlertStateName};
use mkbill_core::event::Position;
use mkbill_core::notice::NoticeKind;
use mkbill_core::notice::store::{NoticeFilter, NoticeRow};
use mkbill_core::testkit::Engine;

use crate::support::stories;
use crate::world::{World, clerk, page_of};

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    a_router_that_is_away_is_told_step_by_step_and_its_return_once,
    an_alert_that_somebody_takes_care_of_is_told_to_nobody_else,
    a_rule_that_people_change_holds_from_the_next_look_on,
    two_workers_raise_an_alert_once,
    a_worker_that_dies_at_any_moment_raises_an_alert_once,
];

/// More events than a tick has, and fewer.
const EVENTS_MAX: u64 = 190;
const EVENTS_MIN: u64 = 10;

async fn alerts(world: &World) -> Vec<Alert> {
    world.billing.alerts(AlertFilter::default(), page_of(200)).await.unwrap().items
}

/// Notices of a kind, oldest first.
async fn notices(world: &World, kind: NoticeKind) -> Vec<NoticeRow> {
    let filter = NoticeFilter { kind: Some(kind), ..NoticeFilter::default() };
    let mut rows = world.billing.notices(filter, page_of(200)).await.unwrap().items;
    rows.reverse();
    rows
}

async fn told(world: &World) -> Vec<String> {
    let rows = notices(world, NoticeKind::Alert).await;
    rows.iter().map(|row| row.facts["tell"].as_str().unwrap().to_owned()).collect()
}

async fn rule(world: &World, name: &str) -> AlertRule {
    let rules = world.billing.alert_rules().await.unwrap();
    rules.into_iter().find(|rule| rule.name.as_str() == name).unwrap()
}

async fn minutes(world: &World, minutes: u32) {
    for _ in 0..minutes {
        world.after(SignedDuration::from_mins(1)).await;
    }
}

async fn a_router_that_is_away_is_told_step_by_step_and_its_return_once(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    world.router.unplug().await.unwrap();
    minutes(&world, 1).await;
    assert!(alerts(&world).await.is_empty(), "a minute has to pass");
    minutes(&world, 1).await;
    let raised = alerts(&world).await;
    assert_eq!((raised.len(), raised[0].rule.as_str()), (1, "router-down"));
    assert_eq!(told(&world).await, ["operator"]);
    minutes(&world, 29).await;
    assert_eq!(told(&world).await, ["operator"]);
    minutes(&world, 1).await;
    assert_eq!(told(&world).await, ["operator", "admin"]);
    minutes(&world, 90).await;
    assert_eq!(told(&world).await, ["operator", "admin", "super_admin"]);
    let facts = &notices(&world, NoticeKind::Alert).await[2].facts;
    assert_eq!((&facts["router"], &facts["severity"]), (&"pos-1".into(), &"critical".into()));
    world.router.plug_in().await.unwrap();
    minutes(&world, 12).await;
    assert_eq!(alerts(&world).await[0].state.name(), AlertStateName::Resolved);
    assert_eq!(notices(&world, NoticeKind::AlertResolved).await.len(), 1);
    world.router.unplug().await.unwrap();
    minutes(&world, 4).await;
    let back = alerts(&world).await;
    assert_eq!((back.len(), back[0].returns), (1, 1), "within its cool-down it is the same");
    assert_eq!(told(&world).await.len(), 3);
    let events = world.billing.events(Position::START, 200).await.unwrap();
    let of_alerts = events.iter().filter(|event| event.topic() == "alert");
    let kinds: Vec<&str> = of_alerts.map(|event| event.kind.as_str()).collect();
    let escalated = ["alert.escalate"; 2];
    assert_eq!(
        kinds,
        [&["alert.raise"][..], &escalated, &["alert.resolve", "alert.raise"]].concat()
    );
}

async fn an_alert_that_somebody_takes_care_of_is_told_to_nobody_else(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    world.router.unplug().await.unwrap();
    minutes(&world, 3).await;
    let id = alerts(&world).await[0].id;
    let siti = clerk().because("I drive there").unwrap();
    let tried = world.billing.acknowledge_alert(&siti.clone().dry_run(), id).await.unwrap();
    assert_eq!(tried.state.name(), AlertStateName::Acknowledged);
    assert_eq!(alerts(&world).await[0].state.name(), AlertStateName::Open);
    let taken = world.billing.acknowledge_alert(&siti, id).await.unwrap();
    let by = taken.state.acknowledged().unwrap();
    assert_eq!(by.because.as_deref(), Some("I drive there"));
    assert_eq!(world.billing.acknowledge_alert(&clerk(), id).await.unwrap(), taken);
    minutes(&world, 120).await;
    assert_eq!(told(&world).await, ["operator"]);
    world.router.plug_in().await.unwrap();
    minutes(&world, 12).await;
    let over = world.billing.acknowledge_alert(&clerk(), id).await.unwrap_err();
    assert_eq!(over.code(), "alert_over");
    assert_eq!(alerts(&world).await[0].state.acknowledged(), Some(by));
}

async fn a_rule_that_people_change_holds_from_the_next_look_on(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let busy = rule(&world, "cpu-high").await;
    let step = EscalationStep { after: SignedDuration::ZERO, tell: Audience::Admin };
    let sharp = AlertRule {
        threshold: 3,
        lasting: SignedDuration::from_secs(60),
        escalation: vec![step],
        ..busy.clone()
    };
    world.billing.set_alert_rule(&clerk(), sharp.clone()).await.unwrap();
    minutes(&world, 3).await;
    assert_eq!((alerts(&world).await.len(), told(&world).await), (1, vec!["admin".to_owned()]));
    let blunt = AlertRule { threshold: 4, ..sharp.clone() };
    world.billing.set_alert_rule(&clerk(), blunt).await.unwrap();
    minutes(&world, 1).await;
    assert_eq!(alerts(&world).await[0].state.name(), AlertStateName::Resolved);
    let unknown = AlertRule { threshold: 0, ..sharp.clone() };
    assert_eq!(
        world.billing.set_alert_rule(&clerk(), unknown).await.unwrap_err().code(),
        "invalid"
    );
    world.billing.remove_alert_rule(&clerk(), &sharp.name).await.unwrap();
    let name: RuleName = "cpu-high".parse().unwrap();
    let gone = world.billing.remove_alert_rule(&clerk(), &name).await.unwrap_err();
    assert_eq!(gone.code(), "not_found");
}

async fn two_workers_raise_an_alert_once(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let other = world.another_worker(77).await;
    world.router.unplug().await.unwrap();
    for _ in 0..5 {
        world.clock.advance(SignedDuration::from_mins(1));
        let (one, two) = tokio::join!(world.worker.tick(), other.tick());
        one.and(two).unwrap();
    }
    assert_eq!((alerts(&world).await.len(), told(&world).await.len()), (1, 1));
}

async fn a_worker_that_dies_at_any_moment_raises_an_alert_once(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let sharp = AlertRule {
        threshold: 3,
        lasting: SignedDuration::ZERO,
        cool_down: SignedDuration::ZERO,
        ..rule(&world, "cpu-high").await
    };
    let blunt = AlertRule { threshold: 4, ..sharp.clone() };
    for event in 1..EVENTS_MAX {
        world.billing.set_alert_rule(&clerk(), sharp.clone()).await.unwrap();
        world.clock.advance(SignedDuration::from_secs(30));
        let died = world.tick_after_a_death(event).await;
        let count = usize::try_from(event).unwrap();
        assert_eq!((alerts(&world).await.len(), told(&world).await.len()), (count, count));
        if !died {
            assert!(event > EVENTS_MIN, "only {event} events");
            return;
        }
        world.billing.set_alert_rule(&clerk(), blunt.clone()).await.unwrap();
        minutes(&world, 1).await;
        assert_eq!(alerts(&world).await[0].state.name(), AlertStateName::Resolved);
    }
    panic!("a tick has more than {EVENTS_MAX} events");
}
