//! From batch to router.

use mkbill_core::billing::Unpushed;
use mkbill_core::kernel::error::Error;
use mkbill_core::testkit::Engine;

use crate::support::stories;
use crate::world::{USERS, World, clerk};

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    a_batch_is_pending_until_the_router_acknowledged_it,
    a_login_says_on_the_router_what_the_batch_says_in_the_books,
    an_unpushed_batch_is_exported_only_on_request,
    a_code_taken_on_the_router_is_replaced_before_anybody_sees_it,
    a_profile_that_the_router_lacks_blocks_the_batch_until_it_is_retried,
    a_profile_known_to_be_missing_is_refused_before_anything_is_written,
    cancelling_a_batch_withdraws_the_unused_and_keeps_the_used,
    a_regenerated_voucher_works_with_its_new_code_only,
];

async fn a_batch_is_pending_until_the_router_acknowledged_it(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let plan = world.daily_plan().await;
    let batch = world.batch(&plan, 120).await;
    assert_eq!((batch.tally.pending_push, batch.tally.available), (120, 0));
    assert_eq!(batch.batch.number.as_str(), "BATCH-20260301-001");
    let report = world.tick().await;
    assert_eq!(report.passes.iter().map(|pass| pass.pushed).sum::<usize>(), 120);
    let pushed = world.billing.batch(batch.batch.number.as_str()).await.unwrap();
    assert_eq!((pushed.tally.pending_push, pushed.tally.available), (0, 120));
    assert_eq!(world.router.router(|router| router.count(USERS)), 121, "and the built-in one");
}

async fn a_login_says_on_the_router_what_the_batch_says_in_the_books(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let code = &world.pushed_codes(1).await[0];
    assert_eq!(world.shown(code, "password").as_deref(), Some(code.as_str()));
    assert_eq!(world.shown(code, "limit-uptime").as_deref(), Some("1d"));
    assert_eq!(
        world.shown(code, "comment").as_deref(),
        Some("VOUCHER_SYSTEM|BATCH-20260301-001|5000|3000|24||2026-03-01|clerk||")
    );
}

async fn an_unpushed_batch_is_exported_only_on_request(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let plan = world.daily_plan().await;
    let batch = world.batch(&plan, 3).await;
    let number = batch.batch.number.as_str();
    let refused = world.billing.export_batch(number, Unpushed::Refuse).await.unwrap_err();
    assert_eq!(refused.code(), "batch_not_pushed");
    let asked_for = world.billing.export_batch(number, Unpushed::Include).await.unwrap();
    world.tick().await;
    let pushed = world.billing.export_batch(number, Unpushed::Refuse).await.unwrap();
    assert_eq!(String::from_utf8(pushed).unwrap().lines().count(), 4);
    assert_eq!(String::from_utf8(asked_for).unwrap().matches("pending_push").count(), 3);
}

async fn a_code_taken_on_the_router_is_replaced_before_anybody_sees_it(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let plan = world.daily_plan().await;
    let batch = world.batch(&plan, 5).await;
    let codes = world.codes(&batch).await;
    world.console("/ip/hotspot/user/add", &[&format!("name={}", codes[2]), "comment=my own"]);
    let before = world.foreign_objects();
    world.tick().await;
    let now = world.codes(&batch).await;
    assert_ne!(now[2], codes[2]);
    assert_eq!([&now[..2], &now[3..]].concat(), [&codes[..2], &codes[3..]].concat());
    world.poll().await;
    for code in &now {
        assert_eq!(world.state(code).await, "available");
        assert!(world.on_router(code), "{code}");
    }
    assert_eq!(world.foreign_objects(), before);
}

async fn a_profile_that_the_router_lacks_blocks_the_batch_until_it_is_retried(engine: Engine) {
    let world = World::new(engine).await;
    world.add_router("pos-1", &world.router).await.unwrap();
    let plan = world.plan("fast", "fast", mkbill_core::plan::Limits::default()).await;
    let batch = world.batch(&plan, 4).await;
    world.tick().await;
    let number = batch.batch.number.as_str();
    let blocked = world.billing.batch(number).await.unwrap();
    assert_eq!((blocked.tally.pending_push, blocked.tally.blocked), (4, 4));
    assert!(blocked.push.last_error.unwrap().contains("no hotspot profile `fast`"));
    world.console("/ip/hotspot/user/profile/add", &["name=fast"]);
    world.poll().await;
    assert_eq!(world.billing.batch(number).await.unwrap().tally.pending_push, 4, "only on request");
    world.billing.retry_batch(&clerk(), number).await.unwrap();
    world.tick().await;
    assert_eq!(world.billing.batch(number).await.unwrap().tally.available, 4);
}

async fn a_profile_known_to_be_missing_is_refused_before_anything_is_written(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let plan = world.plan("fast", "fast", mkbill_core::plan::Limits::default()).await;
    let request = world.request(&plan, 1).await;
    let refused = world.billing.create_batch(&clerk(), request).await.unwrap_err();
    assert_eq!(refused.code(), "router_profile_missing");
    assert!(refused.to_string().contains("`fast`") && refused.to_string().contains("default"));
    assert!(world.batches().await.is_empty());
}

async fn cancelling_a_batch_withdraws_the_unused_and_keeps_the_used(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let codes = world.pushed_codes(3).await;
    world.log_in(&codes[0], 1).unwrap();
    world.poll().await;
    let number = world.billing.batch("BATCH-20260301-001").await.unwrap().batch.number;
    let cancelled = world.billing.cancel_batch(&clerk(), number.as_str()).await.unwrap();
    assert_eq!((cancelled.tally.active, cancelled.tally.cancelled), (1, 2));
    world.tick().await;
    assert!(world.on_router(&codes[0]) && world.is_online(&codes[0]));
    assert!(!world.on_router(&codes[1]) && !world.on_router(&codes[2]));
    let again = world.billing.cancel_batch(&clerk(), number.as_str()).await.unwrap_err();
    assert_eq!(again.code(), "batch_cancelled");
    assert!(matches!(again, Error::Refused(_)));
}

async fn a_regenerated_voucher_works_with_its_new_code_only(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let old = world.pushed_codes(1).await.remove(0);
    let renewed = world.billing.regenerate_voucher(&clerk(), &old).await.unwrap();
    world.tick().await;
    assert!(world.log_in(&old, 1).is_err());
    world.log_in(renewed.code.as_str(), 1).unwrap();
    assert!(world.billing.voucher(&old).await.is_err());
    world.poll().await;
    let refused = world.billing.regenerate_voucher(&clerk(), renewed.code.as_str()).await;
    assert_eq!(refused.unwrap_err().code(), "voucher_state");
}
