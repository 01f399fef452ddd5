//! The worker dies after every single statement of an operation. The next one goes on, and what was
//! wished happens once.

use jiff::SignedDuration;
use mkbill_core::kernel::caller::Caller;
use mkbill_core::kernel::ids::OperationId;
use mkbill_core::operation::wish::Wish;
use mkbill_core::operation::{OperationState, Progress};
use mkbill_core::testkit::{CrashSwitch, Engine};

use std::sync::Arc;

use crate::operations::{SECOND, batches, file, operation, subscriptions, village};
use crate::support::stories;
use crate::world::{USERS, World, clerk};

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    dying_at_any_event_of_the_first_turn_of_a_batch_makes_it_once,
    dying_at_any_event_of_the_last_turn_of_a_batch_ends_it_once,
    dying_at_any_event_of_an_import_makes_every_line_once,
    dying_at_any_event_of_the_request_leaves_one_operation_or_none,
];

/// More events than any turn has; a sweep ends at the first turn that ends before its event.
const EVENTS_MAX: u64 = 1_000;
/// Fewer events than any turn has: a sweep that ends earlier has lost its hooks.
const EVENTS_MIN: u64 = 10;

fn keyed() -> Caller {
    clerk().with_key("once".parse().unwrap())
}

/// Lets work go on until everything is quiet.
async fn settle(world: &World) {
    for _ in 0..4 {
        world.after(SignedDuration::from_secs(35)).await;
    }
}

async fn shop(engine: Engine) -> (World, Wish) {
    let world = World::new(engine).await.with_known_router().await;
    let plan = world.daily_plan().await;
    let wish = Wish::CreateBatch(world.request(&plan, 3).await);
    (world, wish)
}

async fn made_once(world: &World, id: OperationId, event: u64) {
    let over = operation(world, id).await;
    let OperationState::Succeeded { work, .. } = &over.state else {
        panic!("event {event}: {over:?}")
    };
    assert_eq!(work.progress, Progress { done: 3, blocked: 0, total: 3 }, "event {event}");
    assert_eq!(batches(world).await, 1, "event {event}");
    let users = world.router.router(|router| router.count(USERS));
    assert_eq!(users, 3 + 1, "three vouchers and the built-in one; event {event}");
    clean(world, event).await;
}

async fn clean(world: &World, event: u64) {
    let tally = world.billing.outbox_tally().await.unwrap();
    assert_eq!((tally.failing, tally.dead), (0, 0), "event {event}");
    assert!(world.billing.verify_audit(None).await.unwrap().holds(), "event {event}");
}

/// Each turn is swept in a business of its own.
async fn sweep_a_batch(engine: Engine, turns_before: u32) {
    for event in 1..EVENTS_MAX {
        let (world, wish) = shop(engine).await;
        let id = world.billing.request_operation(&keyed(), wish).await.unwrap().value.id;
        for _ in 0..turns_before {
            world.tick().await;
            world.clock.advance(SECOND);
        }
        let died = world.tick_after_a_death(event).await;
        settle(&world).await;
        made_once(&world, id, event).await;
        if !died {
            assert!(event > EVENTS_MIN, "only {event} events in a turn");
            return;
        }
    }
    panic!("a turn has more than {EVENTS_MAX} events");
}

async fn dying_at_any_event_of_the_first_turn_of_a_batch_makes_it_once(engine: Engine) {
    sweep_a_batch(engine, 0).await;
}

async fn dying_at_any_event_of_the_last_turn_of_a_batch_ends_it_once(engine: Engine) {
    sweep_a_batch(engine, 1).await;
}

async fn dying_at_any_event_of_an_import_makes_every_line_once(engine: Engine) {
    // The same statements on both engines; a business on PostgreSQL takes long to furnish.
    let step = if engine == Engine::Postgres { 3 } else { 1 };
    for event in (1..EVENTS_MAX).step_by(step) {
        let village = village(engine).await;
        let world = &village.world;
        let wish = Wish::ImportLogins(file(2));
        let id = world.billing.request_operation(&clerk(), wish).await.unwrap().value.id;
        let died = world.tick_after_a_death(event).await;
        settle(world).await;
        let over = operation(world, id).await;
        let OperationState::Succeeded { work, lines: Some(lines), .. } = &over.state else {
            panic!("event {event}: {over:?}")
        };
        assert_eq!((lines.imported, lines.failed), (2, 0), "event {event}");
        assert_eq!(work.progress, Progress { done: 2, blocked: 0, total: 2 }, "event {event}");
        assert_eq!(subscriptions(world).await, 2, "event {event}");
        clean(world, event).await;
        if !died {
            assert!(event > EVENTS_MIN, "only {event} events in an import");
            return;
        }
    }
    panic!("an import has more than {EVENTS_MAX} events");
}

async fn dying_at_any_event_of_the_request_leaves_one_operation_or_none(engine: Engine) {
    for event in 1..EVENTS_MAX {
        let (world, wish) = shop(engine).await;
        let switch = Arc::new(CrashSwitch::at(event));
        let dying = world.dying_engine(1_000 + event, &switch).await;
        let asked = dying.request_operation(&keyed(), wish.clone()).await;
        assert_eq!(asked.is_ok(), !switch.is_dead(), "event {event}");
        let id = world.billing.request_operation(&keyed(), wish).await.unwrap().value.id;
        settle(&world).await;
        made_once(&world, id, event).await;
        if !switch.is_dead() {
            assert!(event > EVENTS_MIN / 2, "only {event} events in a request");
            return;
        }
    }
    panic!("a request has more than {EVENTS_MAX} events");
}
