//! Webhooks when something is wrong: receivers that fail, hang, point elsewhere or are gone, addresses
//! that lead inside, workers that die.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use mkbill_core::adapter::outbound::GuardedHttp;
use mkbill_core::event::Position;
use mkbill_core::kernel::ids::WebhookId;
use mkbill_core::notice::NoticeKind;
use mkbill_core::notice::store::NoticeFilter;
use mkbill_core::testkit::Engine;
use mkbill_core::webhook::delivery::{AttemptResult, Delivery, DeliveryState};
use mkbill_core::webhook::{DisabledBecause, NewWebhook, WebhookChange};

use crate::receiver::{Heard, Reaction, Receiver};
use crate::support::stories;
use crate::webhooks::{
    DAY, MINUTE, deliveries, enabled, happens, is_signed, results, set, states, told, wanting,
    webhook,
};
use crate::world::{LEASE, World, clerk, page_of};

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    a_receiver_that_was_away_gets_the_same_message_later,
    a_receiver_that_hangs_holds_up_no_other_and_gets_few_at_a_time,
    a_receiver_that_says_nothing_in_time_is_asked_again,
    nobody_goes_where_a_receiver_points_to,
    a_receiver_that_is_gone_is_told_nothing_more,
    five_days_of_nothing_but_failures_end_it,
    private_addresses_are_refused_unless_they_are_allowed,
    without_a_way_out_deliveries_wait,
    a_worker_that_dies_at_any_moment_loses_and_doubles_nothing,
    two_workers_tell_each_event_once,
];

/// More events than following and telling have, and fewer.
const EVENTS_MAX: u64 = 400;
const EVENTS_MIN: u64 = 20;

async fn a_receiver_that_was_away_gets_the_same_message_later(engine: Engine) {
    let world = World::new(engine).await;
    let receiver = Receiver::start().await;
    let (id, secret) = told(&world, &receiver).await;
    receiver.next([Reaction::with(500, "", "no \u{0} room"), Reaction::HangUp]);
    happens(&world, 1).await;
    world.tick().await;
    assert!(webhook(&world, id).await.failing_since.is_some());
    world.tick().await;
    assert_eq!(receiver.heard().len(), 1, "not before five seconds are over");
    world.after(SignedDuration::from_secs(6)).await;
    assert_eq!(receiver.heard().len(), 2);
    world.after(MINUTE * 6).await;
    let heard = receiver.heard();
    assert_eq!(heard.len(), 3);
    let ids: BTreeSet<&str> = heard.iter().map(|heard| heard.header("webhook-id")).collect();
    let seconds: BTreeSet<&str> =
        heard.iter().map(|heard| heard.header("webhook-timestamp")).collect();
    let bodies: BTreeSet<&str> = heard.iter().map(|heard| heard.body.as_str()).collect();
    assert_eq!((ids.len(), seconds.len(), bodies.len()), (1, 3, 1));
    assert!(heard.iter().all(|heard| is_signed(&secret, heard)));
    let results = results(&world, id, 0).await;
    let answered = |status, answer: &str| AttemptResult::Answered { status, answer: answer.into() };
    assert_eq!((&results[0], &results[2]), (&answered(500, "no  room"), &answered(200, "")));
    assert!(matches!(&results[1], AttemptResult::Unanswered { .. }), "{results:?}");
    assert_eq!(states(&world, id).await, [DeliveryState::Succeeded]);
    assert_eq!(webhook(&world, id).await.failing_since, None);
    receiver.next([Reaction::with(503, "retry-after: 3600\r\n", "")]);
    happens(&world, 2).await;
    world.tick().await;
    world.after(MINUTE * 59).await;
    assert_eq!(receiver.heard().len(), 4, "it asked for an hour");
    world.after(MINUTE * 2).await;
    assert_eq!(receiver.heard().len(), 5);
}

async fn a_receiver_that_hangs_holds_up_no_other_and_gets_few_at_a_time(engine: Engine) {
    let mut world = World::new(engine).await;
    // Nothing is given up: only the gate ends the waiting.
    let patient = Duration::from_mins(10);
    let out = GuardedHttp::default().allowing("127.0.0.0/8".parse().unwrap());
    world.reach_out_by(Some(Arc::new(out.within(patient, patient)))).await;
    let (slow, quick) = (Receiver::start().await, Receiver::start().await);
    slow.usually(Reaction::Wait);
    let (slow_id, quick_id) = (told(&world, &slow).await.0, told(&world, &quick).await.0);
    for number in 0..20 {
        happens(&world, number).await;
    }
    let worker = world.worker.clone();
    let working = tokio::spawn(async move { worker.tick().await.map(drop) });
    quick.requests(20).await;
    slow.requests(4).await;
    let pending = states(&world, slow_id).await;
    assert_eq!(pending, [DeliveryState::Pending; 20]);
    assert_eq!(slow.connections(), 4, "no more than four are on their way");
    slow.open_gate();
    working.await.unwrap().unwrap();
    for id in [slow_id, quick_id] {
        assert_eq!(states(&world, id).await, [DeliveryState::Succeeded; 20]);
    }
}

async fn a_receiver_that_says_nothing_in_time_is_asked_again(engine: Engine) {
    let mut world = World::new(engine).await;
    let out = GuardedHttp::default().allowing("127.0.0.0/8".parse().unwrap());
    let (second, short) = (Duration::from_secs(5), Duration::from_millis(100));
    world.reach_out_by(Some(Arc::new(out.within(second, short)))).await;
    let receiver = Receiver::start().await;
    let (id, _) = told(&world, &receiver).await;
    receiver.next([Reaction::Hang]);
    happens(&world, 1).await;
    world.tick().await;
    let results = results(&world, id, 0).await;
    let AttemptResult::Unanswered { error } = &results[0] else { panic!("{results:?}") };
    assert!(error.contains("in time"), "{error}");
    assert_eq!(states(&world, id).await, [DeliveryState::Pending]);
}

async fn nobody_goes_where_a_receiver_points_to(engine: Engine) {
    let world = World::new(engine).await;
    let (receiver, inside) = (Receiver::start().await, Receiver::start().await);
    let (id, _) = told(&world, &receiver).await;
    receiver.next([Reaction::with(307, &format!("location: {}\r\n", inside.url()), "")]);
    happens(&world, 1).await;
    world.tick().await;
    assert_eq!(inside.connections(), 0);
    assert_eq!(states(&world, id).await, [DeliveryState::Pending], "a detour is a failure");
    let results = results(&world, id, 0).await;
    assert!(matches!(results[0], AttemptResult::Answered { status: 307, .. }), "{results:?}");
}

async fn disabled_notices(world: &World) -> Vec<serde_json::Value> {
    let kind = Some(NoticeKind::WebhookDisabled);
    let filter = NoticeFilter { kind, ..NoticeFilter::default() };
    let rows = world.billing.notices(filter, page_of(200)).await.unwrap().items;
    rows.into_iter().map(|row| row.facts).collect()
}

async fn kinds(world: &World, kind: &str) -> usize {
    let events = world.billing.events(Position::START, 200).await.unwrap();
    events.iter().filter(|event| event.kind == kind).count()
}

async fn a_receiver_that_is_gone_is_told_nothing_more(engine: Engine) {
    let world = World::new(engine).await;
    let (receiver, other) = (Receiver::start().await, Receiver::start().await);
    let (id, _) = told(&world, &receiver).await;
    let watching = wanting(&other, &["webhook.disable"]);
    world.billing.add_webhook(&clerk(), watching).await.unwrap();
    receiver.usually(Reaction::status(500));
    happens(&world, 1).await;
    world.tick().await;
    receiver.usually(Reaction::status(410));
    happens(&world, 2).await;
    world.tick().await;
    let gone = webhook(&world, id).await;
    assert_eq!(gone.disabled.unwrap().because, DisabledBecause::Gone);
    assert_eq!(states(&world, id).await, [DeliveryState::Failed; 2], "what waited has failed too");
    let notices = disabled_notices(&world).await;
    assert_eq!((notices.len(), &notices[0]["tell"]), (1, &"super_admin".into()));
    assert!(!notices[0].to_string().contains("s3cret"), "{notices:?}");
    assert_eq!(kinds(&world, "webhook.disable").await, 1);
    assert_eq!(other.kinds(), ["webhook.disable"]);
    let heard = receiver.heard().len();
    happens(&world, 3).await;
    world.after(DAY).await;
    assert_eq!(receiver.heard().len(), heard);
}

async fn five_days_of_nothing_but_failures_end_it(engine: Engine) {
    let world = World::new(engine).await;
    let receiver = Receiver::start().await;
    let (id, _) = told(&world, &receiver).await;
    receiver.usually(Reaction::status(500));
    happens(&world, 1).await;
    world.tick().await;
    for _ in 0..100 {
        world.after(SignedDuration::from_hours(1)).await;
    }
    let first = &deliveries(&world, id).await[0];
    assert_eq!((first.state, first.attempts), (DeliveryState::Failed, 10));
    assert!(webhook(&world, id).await.is_told());
    happens(&world, 2).await;
    for _ in 0..19 {
        world.after(SignedDuration::from_hours(1)).await;
    }
    assert!(webhook(&world, id).await.is_told(), "not five days yet");
    assert!(disabled_notices(&world).await.is_empty());
    for _ in 0..10 {
        world.after(SignedDuration::from_hours(1)).await;
    }
    let lost = webhook(&world, id).await;
    assert_eq!(lost.disabled.unwrap().because, DisabledBecause::Failing);
    assert_eq!(disabled_notices(&world).await.len(), 1);
    receiver.usually(Reaction::status(200));
    let back = set(&world, id, enabled(true)).await;
    assert_eq!((back.is_told(), back.failing_since), (true, None));
    happens(&world, 3).await;
    world.tick().await;
    assert_eq!(states(&world, id).await.last(), Some(&DeliveryState::Succeeded));
}

async fn private_addresses_are_refused_unless_they_are_allowed(engine: Engine) {
    let mut world = World::new(engine).await;
    let receiver = Receiver::start().await;
    let at = |url: String| NewWebhook { url: url.parse().unwrap(), ..wanting(&receiver, &[]) };
    world.reach_out_by(Some(Arc::new(GuardedHttp::default()))).await;
    let port = receiver.port();
    for host in ["127.0.0.1", "2130706433", "[::1]", "10.0.0.7", "[::ffff:192.168.0.1]"] {
        let request = at(format!("https://{host}:{port}/"));
        let refused = world.billing.add_webhook(&clerk(), request).await.unwrap_err();
        assert_eq!(refused.code(), "webhook_address", "{host}");
    }
    let plain = at(format!("http://localhost:{port}/"));
    let refused = world.billing.add_webhook(&clerk(), plain).await.unwrap_err();
    assert_eq!(refused.code(), "webhook_address", "only https leads out");
    let by_name = at(format!("https://localhost:{port}/"));
    let id = world.billing.add_webhook(&clerk(), by_name).await.unwrap().value.webhook.id;
    world.tick().await;
    assert_eq!(receiver.connections(), 0);
    let results = results(&world, id, 0).await;
    let AttemptResult::Unanswered { error } = &results[0] else { panic!("{results:?}") };
    assert!(error.contains("no public address"), "{error}");
    let inside = WebhookChange {
        url: Some(format!("https://127.0.0.1:{port}/").parse().unwrap()),
        ..WebhookChange::default()
    };
    let refused = world.billing.change_webhook(&clerk(), id, inside).await.unwrap_err();
    assert_eq!(refused.code(), "webhook_address");
    let out = GuardedHttp::default().allowing("127.0.0.0/8, ::1".parse().unwrap());
    world.reach_out_by(Some(Arc::new(out))).await;
    let here = WebhookChange {
        url: Some(format!("http://localhost:{port}/").parse().unwrap()),
        ..WebhookChange::default()
    };
    set(&world, id, here).await;
    world.after(MINUTE).await;
    assert!(states(&world, id).await.contains(&DeliveryState::Succeeded));
}

async fn without_a_way_out_deliveries_wait(engine: Engine) {
    let mut world = World::new(engine).await;
    let receiver = Receiver::start().await;
    let (id, _) = told(&world, &receiver).await;
    world.reach_out_by(None).await;
    happens(&world, 1).await;
    world.after(DAY).await;
    assert_eq!(states(&world, id).await, [DeliveryState::Pending]);
    let tally = world.billing.outbox_tally().await.unwrap();
    assert_eq!((tally.waiting, tally.dead), (1, 0));
    world.restart().await;
    world.reach_out_by(Some(crate::world::way_out())).await;
    world.tick().await;
    assert_eq!(states(&world, id).await, [DeliveryState::Succeeded]);
}

/// Positions of the events that a receiver was told of.
fn positions(receiver: &Receiver) -> Vec<i64> {
    let position = |heard: &Heard| heard.json()["data"]["position"].as_i64().unwrap();
    receiver.heard().iter().map(position).collect()
}

async fn a_worker_that_dies_at_any_moment_loses_and_doubles_nothing(engine: Engine) {
    let world = World::new(engine).await;
    let receiver = Receiver::start().await;
    let (id, _) = told(&world, &receiver).await;
    for event in 1..EVENTS_MAX {
        let number = u32::try_from(event).unwrap() * 3;
        for number in number..number + 3 {
            happens(&world, number).await;
        }
        receiver.next([Reaction::status(500)]);
        let died = world.tick_after_a_death(event).await;
        world.after(LEASE).await;
        let made = deliveries_of_all_pages(&world, id).await;
        let told: BTreeSet<i64> = positions(&receiver).into_iter().collect();
        let happened = usize::try_from(event).unwrap() * 3;
        assert_eq!((made.len(), told.len()), (happened, happened), "event {event}");
        let once: BTreeSet<_> = made.iter().map(|delivery| delivery.position).collect();
        assert_eq!(once.len(), happened, "event {event}");
        let open = made.iter().filter(|one| one.state != DeliveryState::Succeeded).count();
        assert_eq!(open, 0, "event {event}");
        if !died {
            assert!(event > EVENTS_MIN, "only {event} events");
            return;
        }
    }
    panic!("a tick has more than {EVENTS_MAX} events");
}

async fn deliveries_of_all_pages(world: &World, id: WebhookId) -> Vec<Delivery> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = mkbill_core::kernel::page::PageRequest::new(after, 200).unwrap();
        let found = world.billing.webhook_deliveries(id, None, page).await.unwrap();
        all.extend(found.items);
        after = found.next;
        if after.is_none() {
            return all;
        }
    }
}

async fn two_workers_tell_each_event_once(engine: Engine) {
    let world = World::new(engine).await;
    let other = world.another_worker(77).await;
    let (one, two) = (Receiver::start().await, Receiver::start().await);
    let ids = [told(&world, &one).await.0, told(&world, &two).await.0];
    for round in 0..10 {
        for number in 0..5 {
            happens(&world, round * 5 + number).await;
        }
        let (first, second) = tokio::join!(world.worker.tick(), other.tick());
        first.and(second).unwrap();
    }
    world.tick().await;
    for (receiver, id) in [(&one, ids[0]), (&two, ids[1])] {
        let mut told = positions(receiver);
        told.sort_unstable();
        assert_eq!(told.len(), 50);
        told.dedup();
        assert_eq!(told.len(), 50, "nothing was told twice");
        assert_eq!(states(&world, id).await, [DeliveryState::Succeeded; 50]);
    }
}
