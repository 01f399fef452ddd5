//! Databases that are gone, full or busy; several workers on one database.

use mkbill_core::testkit::Engine;

use crate::support::stories;
use crate::world::{USERS, World, clerk};

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    a_database_that_stays_locked_is_said_in_words_and_nothing_is_half_done,
    four_workers_on_one_database_do_everything_once,
    the_routers_password_is_sealed_at_rest_and_in_no_text,
];

/// No console can bring these about on SQLite: `sql/error.rs` and `sql/open.rs` try its errors.
pub(crate) const POSTGRES_STORIES: &[(&str, crate::support::Story)] = stories![
    a_database_that_is_gone_is_said_in_words,
    a_disk_that_is_full_is_said_in_words_and_nothing_is_half_done,
];

async fn a_database_that_is_gone_is_said_in_words(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let plan = world.daily_plan().await;
    let request = world.request(&plan, 3).await;
    world.database.vanish().await;
    let error = world.billing.create_batch(&clerk(), request).await.unwrap_err();
    assert_eq!(error.code(), "unavailable");
    assert!(error.to_string().contains("the database cannot be used: "), "{error}");
}

async fn a_database_that_stays_locked_is_said_in_words_and_nothing_is_half_done(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let plan = world.daily_plan().await;
    let request = world.request(&plan, 3).await;
    let lock = world.database.lock().await;
    let error = world.billing.create_batch(&clerk(), request.clone()).await.unwrap_err();
    assert!(error.to_string().contains("another program keeps it locked"), "{error}");
    lock.release().await;
    assert!(world.batches().await.is_empty());
    world.billing.create_batch(&clerk(), request).await.unwrap();
}

async fn a_disk_that_is_full_is_said_in_words_and_nothing_is_half_done(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let plan = world.daily_plan().await;
    let request = world.request(&plan, 2_000).await;
    world.database.fill_disk().await;
    let error = world.billing.create_batch(&clerk(), request.clone()).await.unwrap_err();
    assert_eq!(error.code(), "unavailable", "{error:?}");
    assert!(error.to_string().contains("the disk is full"), "{error}");
    world.database.free_disk().await;
    assert!(world.batches().await.is_empty());
    world.billing.create_batch(&clerk(), request).await.unwrap();
}

async fn four_workers_on_one_database_do_everything_once(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let plan = world.daily_plan().await;
    let batch = world.batch(&plan, 100).await;
    let codes = world.codes(&batch).await;
    let mut workers = Vec::new();
    for seed in 100..104 {
        workers.push(world.another_worker(seed).await);
    }
    let all_tick = || async {
        let mut ticks = tokio::task::JoinSet::new();
        for worker in workers.clone() {
            ticks.spawn(async move { worker.tick().await.unwrap() });
        }
        ticks.join_all().await
    };
    let pushed = |reports: &[mkbill_core::worker::TickReport]| -> usize {
        reports.iter().flat_map(|report| &report.passes).map(|pass| pass.pushed).sum()
    };
    assert_eq!(pushed(&all_tick().await), 100);
    assert_eq!(world.router.router(|router| router.count(USERS)), 101);
    for (device, code) in (1..).zip(&codes[..40]) {
        world.log_in(code, device).unwrap();
    }
    world.clock.advance(crate::world::POLL);
    all_tick().await;
    world.clock.advance(jiff::SignedDuration::from_hours(24));
    all_tick().await;
    let tally = world.billing.batch(batch.batch.number.as_str()).await.unwrap().tally;
    assert_eq!((tally.expired, tally.available), (40, 60));
    assert_eq!(tally.revenue.minor(), 40 * crate::world::SELL);
    assert_eq!(world.router.router(|router| router.count(USERS)), 61);
}

async fn the_routers_password_is_sealed_at_rest_and_in_no_text(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let router = world.billing.router("pos-1").await.unwrap();
    assert!(!format!("{router:?}").contains("s3cret"));
    let readable = String::from_utf8_lossy(router.password.as_bytes()).contains("s3cret");
    assert!(!readable);
}
