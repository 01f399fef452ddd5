//! Routers that are away, slow, lying or several.

use jiff::SignedDuration;
use mkbill_core::kernel::entropy::OsEntropy;
use mkbill_core::kernel::ids::NoticeId;
use mkbill_core::notice::{Notice, NoticeKind};
use mkbill_core::store::Access;
use mkbill_core::testkit::Engine;
use mkbill_routeros::sim::{At, Effect, Fault, On, RouterOs};

use crate::support::stories;
use crate::world::{USERS, World, simulator};

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    a_router_that_is_away_delays_a_sale_and_says_so,
    answers_lost_after_the_router_obeyed_leave_every_user_once,
    a_connection_cut_before_a_command_loses_nothing,
    replies_in_single_bytes_change_nothing,
    a_router_that_reboots_in_the_middle_of_a_push_ends_with_every_user_once,
    a_hanging_router_delays_no_other,
    a_wrong_password_is_said_in_words,
    a_message_that_this_version_does_not_know_waits_for_one_that_does,
    notices_that_nobody_delivers_yet_wait_and_delay_nothing,
];

fn fault(effect: Effect, path: &str, n: u64) -> Fault {
    Fault { effect, on: On::Matching(path.to_owned()), at: At::Nth(n) }
}

/// Retries are due after at most a minute.
const RETRY: SignedDuration = SignedDuration::from_secs(60);

async fn a_router_that_is_away_delays_a_sale_and_says_so(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    world.router.unplug().await.unwrap();
    let plan = world.daily_plan().await;
    let batch = world.batch(&plan, 10).await;
    let number = batch.batch.number.as_str();
    for attempts in 1..=3 {
        let report = world.after(RETRY).await;
        assert!(report.passes[0].error.as_ref().unwrap().contains("cannot be reached"));
        let waiting = world.billing.batch(number).await.unwrap();
        assert_eq!((waiting.tally.pending_push, waiting.push.attempts), (10, attempts));
        assert!(waiting.push.last_error.unwrap().contains("cannot be reached"));
    }
    let health = world.billing.router("pos-1").await.unwrap().health;
    assert_eq!(health.failures, 3);
    world.router.plug_in().await.unwrap();
    world.after(RETRY).await;
    let pushed = world.billing.batch(number).await.unwrap();
    assert_eq!((pushed.tally.available, pushed.push.last_error), (10, None));
    assert_eq!(world.billing.router("pos-1").await.unwrap().health.failures, 0);
}

async fn push_with(world: &World, faults: Vec<Fault>) {
    let plan = world.daily_plan().await;
    let batch = world.batch(&plan, 60).await;
    for fault in faults {
        world.router.faults().push(fault);
    }
    for _ in 0..4 {
        world.after(RETRY).await;
    }
    assert!(world.router.faults().fired() > 0);
    let pushed = world.billing.batch(batch.batch.number.as_str()).await.unwrap();
    assert_eq!((pushed.tally.available, pushed.tally.blocked), (60, 0));
    assert_eq!(world.codes(&batch).await, {
        let mut shown = world.codes(&batch).await;
        shown.retain(|code| world.on_router(code));
        shown
    });
    assert_eq!(world.router.router(|router| router.count(USERS)), 61);
}

async fn answers_lost_after_the_router_obeyed_leave_every_user_once(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let add = "/ip/hotspot/user/add";
    push_with(
        &world,
        vec![
            fault(Effect::DropAfterApply, add, 7),
            fault(Effect::Mute, add, 30),
            fault(Effect::DropAfterApply, add, 55),
        ],
    )
    .await;
}

async fn a_connection_cut_before_a_command_loses_nothing(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let add = "/ip/hotspot/user/add";
    push_with(&world, vec![fault(Effect::DropBefore, add, 1), fault(Effect::DropBefore, add, 40)])
        .await;
}

async fn replies_in_single_bytes_change_nothing(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    push_with(&world, vec![fault(Effect::SplitReplies, "/ip/hotspot/user/add", 1)]).await;
}

async fn a_router_that_reboots_in_the_middle_of_a_push_ends_with_every_user_once(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    push_with(&world, vec![fault(Effect::Reboot, "/ip/hotspot/user/add", 25)]).await;
}

async fn a_hanging_router_delays_no_other(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let other = simulator(&world.clock, RouterOs::V6_49).await;
    world.add_router("pos-2", &other).await.unwrap();
    world.tick().await;
    let plan = world.daily_plan().await;
    world.router.faults().push(Fault { effect: Effect::Hang, on: On::Any, at: At::From(1) });
    let mut request = world.request(&plan, 5).await;
    world.batch(&plan, 5).await;
    request.router = world.billing.router("pos-2").await.unwrap().id;
    let batch = world.billing.create_batch(&crate::world::clerk(), request).await.unwrap();
    let report = world.tick().await;
    assert!(report.passes.iter().any(|pass| pass.error.is_some()));
    let pushed = world.billing.batch(batch.value.batch.number.as_str()).await.unwrap();
    assert_eq!(pushed.tally.available, 5);
    assert_eq!(other.router(|router| router.count(USERS)), 6);
}

async fn a_wrong_password_is_said_in_words(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let set = [".id=billing", "password=changed"];
    world.console("/user/set", &set);
    world.router.router(mkbill_routeros::sim::Router::cut_connections);
    let error = world.billing.check_router("pos-1").await.unwrap_err();
    assert_eq!(error.code(), "unavailable");
    let text = error.to_string();
    assert!(text.contains("refuses user name or password") && !text.contains("s3cret"), "{text}");
}

async fn a_message_that_this_version_does_not_know_waits_for_one_that_does(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    world.database.run("UPDATE outbox SET kind = 'sync_router.v9'").await.unwrap();
    assert!(world.poll().await.passes.is_empty());
    let tally = world.billing.outbox_tally().await.unwrap();
    assert_eq!((tally.due, tally.failing, tally.dead, tally.waiting), (0, 0, 0, 1));
    let doctor = world.billing.doctor().await.unwrap();
    let outbox = doctor.findings.iter().find(|finding| finding.name == "outbox").unwrap();
    assert!(outbox.ok && outbox.detail.contains("1 waiting"), "{outbox:?}");
    world.database.run("UPDATE outbox SET kind = 'sync_router.v1'").await.unwrap();
    assert_eq!(world.poll().await.passes.len(), 1);
}

async fn notices_that_nobody_delivers_yet_wait_and_delay_nothing(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let now = world.now();
    let notice = |number: u64| Notice {
        id: NoticeId::in_run(now, number, &OsEntropy),
        kind: NoticeKind::CreditReminder,
        customer: None,
        subject: uuid::Uuid::nil(),
        subject_kind: "customer",
        facts: serde_json::json!({}),
        cause: format!("credit_reminder:{number}"),
        not_before: now,
        created_at: now,
    };
    let notices: Vec<Notice> = (1..=500).map(notice).collect();
    let mut tx = world.database.store(None).await.begin(Access::Write).await.unwrap();
    tx.notices_push(&notices).await.unwrap();
    tx.commit().await.unwrap();
    assert!(world.tick().await.passes.is_empty(), "nothing is due");
    let code = &world.pushed_codes(1).await[0];
    assert!(world.on_router(code));
    let tally = world.billing.outbox_tally().await.unwrap();
    assert_eq!((tally.due, tally.failing, tally.waiting), (0, 0, 500));
    assert!(world.billing.doctor().await.unwrap().healthy());
}
