//! The same request twice, fifty times at once, or only tried.

use std::collections::HashSet;

use mkbill_core::kernel::page::PageRequest;
use mkbill_core::testkit::Engine;

use crate::support::stories;
use crate::world::{World, clerk, page_of};

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    fifty_parallel_identical_requests_make_one_batch,
    a_key_used_for_another_request_is_refused,
    a_repeated_regenerate_answers_the_first_new_code,
    a_dry_run_writes_nothing,
    every_write_leaves_a_row_in_the_trail,
    bad_counts_are_refused_before_anything_is_written,
    a_code_space_that_is_too_small_fails_before_anything_is_written,
];

async fn fifty_parallel_identical_requests_make_one_batch(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let plan = world.daily_plan().await;
    let request = world.request(&plan, 20).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (billing, request) = (world.billing.clone(), request.clone());
        let caller = clerk().with_key("morning-batch".parse().unwrap());
        tasks.spawn(async move { billing.create_batch(&caller, request).await.unwrap() });
    }
    let receipts = tasks.join_all().await;
    let numbers: HashSet<_> =
        receipts.iter().map(|receipt| receipt.value.batch.number.to_string()).collect();
    assert_eq!(numbers, HashSet::from(["BATCH-20260301-001".to_owned()]));
    assert_eq!(receipts.iter().filter(|receipt| !receipt.replayed).count(), 1);
    assert_eq!(world.batches().await.len(), 1);
}

async fn a_key_used_for_another_request_is_refused(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let plan = world.daily_plan().await;
    let caller = clerk().with_key("k1".parse().unwrap());
    world.billing.create_batch(&caller, world.request(&plan, 2).await).await.unwrap();
    let other = world.billing.create_batch(&caller, world.request(&plan, 3).await).await;
    assert_eq!(other.unwrap_err().code(), "idempotency_key_reused");
}

async fn a_repeated_regenerate_answers_the_first_new_code(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let old = world.pushed_codes(1).await.remove(0);
    let caller = clerk().with_key("r1".parse().unwrap());
    let first = world.billing.regenerate_voucher(&caller, &old).await.unwrap();
    let again = world.billing.regenerate_voucher(&caller, &old).await.unwrap();
    assert_eq!(first.code, again.code);
}

async fn a_dry_run_writes_nothing(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let plan = world.daily_plan().await;
    let trail = || async { world.billing.audit(None, page_of(200)).await.unwrap().items.len() };
    let before = trail().await;
    let request = world.request(&plan, 30).await;
    let tried = world.billing.create_batch(&clerk().dry_run(), request).await.unwrap();
    assert!(tried.dry_run);
    assert_eq!(tried.value.tally.pending_push, 30);
    assert!(world.batches().await.is_empty());
    assert_eq!(trail().await, before);
    world.poll().await;
    assert_eq!(world.router.router(|router| router.count(crate::world::USERS)), 1);
    let real = world.batch(&plan, 1).await;
    assert_eq!(real.batch.number.as_str(), "BATCH-20260301-001", "no number was used up");
}

async fn every_write_leaves_a_row_in_the_trail(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let moment = jiff::SignedDuration::from_millis(1);
    world.clock.advance(moment);
    let plan = world.daily_plan().await;
    world.clock.advance(moment);
    let batch = world.batch(&plan, 1).await;
    let codes = world.codes(&batch).await;
    world.clock.advance(moment);
    let caller = clerk().because("customer lost the slip").unwrap();
    world.billing.disable_voucher(&caller, &codes[0]).await.unwrap();
    let rows = world.billing.audit(None, PageRequest::default()).await.unwrap().items;
    let actions: Vec<&str> = rows.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(actions, ["voucher.disable", "voucher_batch.create", "plan.add", "router.add"]);
    assert_eq!(rows[0].actor.as_str(), "cli:clerk");
    assert_eq!(rows[0].reason.as_deref(), Some("customer lost the slip"));
    assert_eq!(
        (&rows[0].before["state"], &rows[0].after["state"]),
        (&"pending_push".into(), &"disabled".into())
    );
    let text = format!("{rows:?}");
    assert!(!text.contains("s3cret-of-the-router") && !text.contains("password"));
}

async fn bad_counts_are_refused_before_anything_is_written(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let plan = world.daily_plan().await;
    for count in [0, 10_001] {
        let request = world.request(&plan, count).await;
        let error = world.billing.create_batch(&clerk(), request).await.unwrap_err();
        assert_eq!((error.code(), error.to_string().contains("1 to 10000")), ("invalid", true));
    }
    assert!(world.batches().await.is_empty());
}

async fn a_code_space_that_is_too_small_fails_before_anything_is_written(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let plan = world.daily_plan().await;
    let mut request = world.request(&plan, 1_000).await;
    request.shape.random_chars = 4;
    let error = world.billing.create_batch(&clerk(), request).await.unwrap_err();
    assert_eq!(error.code(), "code_space_too_small");
    assert!(world.batches().await.is_empty());
    let mut small = world.request(&plan, 500).await;
    small.shape.random_chars = 4;
    world.billing.create_batch(&clerk(), small.clone()).await.unwrap();
    let used_up = world.billing.create_batch(&clerk(), small).await.unwrap_err();
    assert_eq!(used_up.code(), "code_space_too_small", "what is used counts");
}
