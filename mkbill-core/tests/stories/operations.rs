//! Work that its client did not wait for.

use std::sync::Arc;

use jiff::SignedDuration;
use mkbill_core::apikey::NewApiKey;
use mkbill_core::billing::NumberingChange;
use mkbill_core::kernel::caller::{Actor, Authority, Caller};
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::ids::OperationId;
use mkbill_core::kernel::permission::{Permission, Permissions};
use mkbill_core::operation::failure::Failure;
use mkbill_core::operation::store::OperationFilter;
use mkbill_core::operation::wish::Wish;
use mkbill_core::operation::{
    OPERATIONS_KEPT_DAYS, OPERATIONS_OPEN_MAX, Operation, OperationKind, OperationState, Progress,
    StateName, SubjectKind,
};
use mkbill_core::plan::{Limits, Plan};
use mkbill_core::subscription::store::SubscriptionFilter;
use mkbill_core::testkit::Engine;
use mkbill_core::voucher::store::BatchFilter;
use mkbill_routeros::sim::Verdict;

use crate::pppoe::Village;
use crate::support::stories;
use crate::world::{USERS, World, clerk, page_of};

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    a_batch_is_done_when_every_voucher_is_on_the_router,
    a_batch_whose_router_is_away_goes_on_until_it_is_back,
    vouchers_that_the_router_refuses_are_told_and_hold_nothing_up,
    a_batch_that_is_withdrawn_meanwhile_is_no_success,
    what_cannot_be_done_fails_with_what_a_direct_answer_would_say,
    what_can_be_told_at_once_is_refused_at_once,
    the_same_request_is_one_operation_and_one_effect,
    what_is_cancelled_before_it_began_never_happens,
    what_is_cancelled_later_stays_as_far_as_it_came,
    an_import_stops_where_it_is_cancelled,
    a_file_is_imported_as_a_direct_answer_would_have_it,
    customers_come_from_a_file_too,
    a_router_is_done_when_it_was_looked_at,
    nobody_has_more_than_twenty_under_way,
    of_many_requests_at_once_equal_ones_are_one_and_no_more_than_twenty_are_taken_on,
    who_may_do_it_no_more_when_it_is_done_is_refused,
    an_operation_is_for_its_asker_and_those_who_may_see_others,
    who_follows_hears_every_step_of_another_process_and_the_end,
    what_is_over_is_forgotten_after_a_week,
];

pub(crate) const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// Asks for a batch of `count` of a plan on `pos-1`.
pub(crate) async fn ask(world: &World, caller: &Caller, plan: &Plan, count: u32) -> OperationId {
    let wish = Wish::CreateBatch(world.request(plan, count).await);
    world.billing.request_operation(caller, wish).await.unwrap().value.id
}

pub(crate) async fn operation(world: &World, id: OperationId) -> Operation {
    world.billing.operation(&clerk(), id).await.unwrap()
}

async fn state(world: &World, id: OperationId) -> StateName {
    operation(world, id).await.state.name()
}

pub(crate) async fn batches(world: &World) -> usize {
    world.billing.batches(&BatchFilter::default(), page_of(200)).await.unwrap().items.len()
}

fn progress(operation: &Operation) -> (u64, u64, u64) {
    let Progress { done, blocked, total } = operation.state.work().unwrap().progress;
    (done, blocked, total)
}

async fn shop(engine: Engine) -> (World, Plan) {
    let world = World::new(engine).await.with_known_router().await;
    let plan = world.daily_plan().await;
    (world, plan)
}

async fn a_batch_is_done_when_every_voucher_is_on_the_router(engine: Engine) {
    let (world, plan) = shop(engine).await;
    let id = ask(&world, &clerk(), &plan, 120).await;
    let waiting = operation(&world, id).await;
    assert_eq!((waiting.state.name(), batches(&world).await), (StateName::Waiting, 0));
    world.tick().await;
    let running = operation(&world, id).await;
    assert_eq!((running.state.name(), progress(&running).2), (StateName::Running, 120));
    world.after(SECOND).await;
    let over = operation(&world, id).await;
    let OperationState::Succeeded { work, at, lines } = &over.state else { panic!("{over:?}") };
    let subject = work.subject.as_ref().unwrap();
    assert_eq!((subject.kind, subject.name.as_str()), (SubjectKind::VoucherBatch, NUMBER));
    assert_eq!((progress(&over), *at, lines.is_none()), ((120, 0, 120), world.now(), true));
    let batch = world.billing.batch(NUMBER).await.unwrap();
    assert_eq!((batch.batch.id.uuid(), batch.tally.available), (subject.id, 120));
    assert_eq!(batch.batch.created_by, "clerk");
    let tally = world.billing.outbox_tally().await.unwrap();
    assert_eq!((tally.due, tally.failing, tally.waiting), (0, 0, 0));
    assert!(world.billing.verify_audit(None).await.unwrap().holds());
}

const NUMBER: &str = "BATCH-20260301-001";

async fn a_batch_whose_router_is_away_goes_on_until_it_is_back(engine: Engine) {
    let (world, plan) = shop(engine).await;
    world.router.on_command(Arc::new(|_, _| Verdict::DropBefore));
    let id = ask(&world, &clerk(), &plan, 3).await;
    for _ in 0..20 {
        world.after(SignedDuration::from_mins(1)).await;
    }
    let running = operation(&world, id).await;
    assert_eq!((running.state.name(), progress(&running)), (StateName::Running, (0, 0, 3)));
    world.router.on_command(Arc::new(|_, _| Verdict::Continue));
    for _ in 0..3 {
        world.after(SignedDuration::from_mins(1)).await;
    }
    let over = operation(&world, id).await;
    assert_eq!((over.state.name(), progress(&over)), (StateName::Succeeded, (3, 0, 3)));
}

async fn vouchers_that_the_router_refuses_are_told_and_hold_nothing_up(engine: Engine) {
    let world = World::new(engine).await;
    world.console("/ip/hotspot/user/profile/add", &["name=fast"]);
    let world = world.with_known_router().await;
    world.console("/ip/hotspot/user/profile/remove", &["numbers=fast"]);
    let plan = world.plan("fast", "fast", Limits::default()).await;
    let id = ask(&world, &clerk(), &plan, 4).await;
    world.tick().await;
    world.after(SECOND).await;
    let over = operation(&world, id).await;
    assert_eq!((over.state.name(), progress(&over)), (StateName::Succeeded, (4, 4, 4)));
}

async fn a_batch_that_is_withdrawn_meanwhile_is_no_success(engine: Engine) {
    let (world, plan) = shop(engine).await;
    world.router.on_command(Arc::new(|_, _| Verdict::DropBefore));
    let id = ask(&world, &clerk(), &plan, 3).await;
    world.tick().await;
    world.billing.cancel_batch(&clerk(), NUMBER).await.unwrap();
    world.after(SECOND).await;
    let over = operation(&world, id).await;
    let OperationState::Failed { work, problem, .. } = over.state else { panic!("{over:?}") };
    assert_eq!((problem.code.as_str(), work.unwrap().subject.is_some()), ("batch_cancelled", true));
}

async fn what_cannot_be_done_fails_with_what_a_direct_answer_would_say(engine: Engine) {
    let (world, _) = shop(engine).await;
    let plan = world.plan("fast", "fast", Limits::default()).await;
    let request = world.request(&plan, 1).await;
    let direct = world.billing.create_batch(&clerk(), request).await.unwrap_err();
    let id = ask(&world, &clerk(), &plan, 1).await;
    world.tick().await;
    let over = operation(&world, id).await;
    let OperationState::Failed { work, problem, .. } = over.state else { panic!("{over:?}") };
    assert_eq!(problem, Failure::of(&direct));
    assert_eq!(problem.code, "router_profile_missing");
    assert_eq!(work.unwrap().subject, None);
    assert_eq!(batches(&world).await, 0);
}

async fn what_can_be_told_at_once_is_refused_at_once(engine: Engine) {
    let (world, plan) = shop(engine).await;
    let refused = async |caller: Caller, wish: Wish| {
        world.billing.request_operation(&caller, wish).await.unwrap_err().code()
    };
    let none = world.request(&plan, 0).await;
    assert_eq!(refused(clerk(), Wish::CreateBatch(none)).await, "invalid");
    assert_eq!(refused(clerk(), Wish::ImportLogins(b"nonsense".to_vec())).await, "invalid");
    assert_eq!(refused(clerk(), Wish::ImportCustomers(Vec::new())).await, "invalid");
    let nobody = clerk().limited_to(Permissions::of([Permission::PlansView]));
    let one = world.request(&plan, 1).await;
    assert_eq!(refused(nobody, Wish::CreateBatch(one.clone())).await, "forbidden");
    let tried = world.billing.request_operation(&clerk().dry_run(), Wish::CreateBatch(one)).await;
    assert!(tried.unwrap().dry_run);
    let kept = world.billing.operations(&clerk(), OperationFilter::default(), page_of(10)).await;
    assert!(kept.unwrap().items.is_empty());
}

async fn the_same_request_is_one_operation_and_one_effect(engine: Engine) {
    let (world, plan) = shop(engine).await;
    let keyed = clerk().with_key("till-7".parse().unwrap());
    let request = world.request(&plan, 2).await;
    let ask = async |count: u32| {
        let wish = Wish::CreateBatch(world.request(&plan, count).await);
        world.billing.request_operation(&keyed, wish).await
    };
    let (first, again) = (ask(2).await.unwrap(), ask(2).await.unwrap());
    assert_eq!((first.replayed, again.replayed), (false, true));
    assert_eq!(first.value, again.value);
    assert_eq!(ask(3).await.unwrap_err().code(), "idempotency_key_reused");
    world.tick().await;
    let direct = world.billing.create_batch(&keyed, request).await.unwrap();
    assert_eq!((direct.replayed, batches(&world).await), (true, 1), "one key, one effect");
    world.after(SECOND).await;
    let later = ask(2).await.unwrap().value;
    assert_eq!((later.id, later.state.name()), (first.value.id, StateName::Succeeded));
}

async fn what_is_cancelled_before_it_began_never_happens(engine: Engine) {
    let (world, plan) = shop(engine).await;
    let id = ask(&world, &clerk(), &plan, 2).await;
    let keyed = clerk().with_key("stop".parse().unwrap());
    world.billing.cancel_operation(&keyed.clone().dry_run(), id).await.unwrap();
    assert_eq!(state(&world, id).await, StateName::Waiting);
    let cancelled = world.billing.cancel_operation(&keyed, id).await.unwrap();
    let OperationState::Cancelled { work, by, .. } = &cancelled.state else {
        panic!("{cancelled:?}")
    };
    assert_eq!((work, by.as_str()), (&None, "cli:clerk"));
    assert_eq!(world.billing.cancel_operation(&keyed, id).await.unwrap(), cancelled);
    let refused = world.billing.cancel_operation(&clerk(), id).await.unwrap_err();
    assert_eq!(refused.code(), "operation_over");
    world.tick().await;
    world.after(SignedDuration::from_mins(10)).await;
    assert_eq!((state(&world, id).await, batches(&world).await), (StateName::Cancelled, 0));
    let tally = world.billing.outbox_tally().await.unwrap();
    assert_eq!((tally.due, tally.failing, tally.waiting), (0, 0, 0));
}

async fn what_is_cancelled_later_stays_as_far_as_it_came(engine: Engine) {
    let (world, plan) = shop(engine).await;
    world.router.on_command(Arc::new(|_, _| Verdict::DropBefore));
    let id = ask(&world, &clerk(), &plan, 3).await;
    world.tick().await;
    let cancelled = world.billing.cancel_operation(&clerk(), id).await.unwrap();
    assert_eq!(cancelled.state.work().unwrap().subject.as_ref().unwrap().name, NUMBER);
    world.router.on_command(Arc::new(|_, _| Verdict::Continue));
    for _ in 0..3 {
        world.after(SignedDuration::from_mins(1)).await;
    }
    assert_eq!(operation(&world, id).await, cancelled);
    assert_eq!(world.billing.batch(NUMBER).await.unwrap().tally.available, 3, "it is made");
}

const HEADING: &str = "whatsapp,plan,router,login,prefix\n";

pub(crate) async fn village(engine: Engine) -> Village {
    let village = Village::new(engine).await;
    village.customer(1).await;
    let rule = NumberingChange { prefix: "rt05".parse().unwrap(), digits: None, last: None };
    village.world.billing.set_numbering(&clerk(), rule).await.unwrap();
    village
}

/// A file of so many logins of one customer.
pub(crate) fn file(lines: usize) -> Vec<u8> {
    let line = "081200000001,home 10 Mbps,pos-1,,rt05\n";
    format!("{HEADING}{}", line.repeat(lines)).into_bytes()
}

pub(crate) async fn subscriptions(world: &World) -> usize {
    let all = SubscriptionFilter::default();
    world.billing.subscriptions(&all, page_of(200)).await.unwrap().items.len()
}

async fn an_import_stops_where_it_is_cancelled(engine: Engine) {
    let village = village(engine).await;
    let world = &village.world;
    let billing = &world.billing;
    let wish = Wish::ImportLogins(file(150));
    let id = billing.request_operation(&clerk(), wish).await.unwrap().value.id;
    let mut followed = billing.watch_operation(&clerk(), id).await.unwrap();
    let worker = world.worker.clone();
    let working = tokio::spawn(async move { worker.tick().await.map(drop) });
    while followed.next().await.unwrap().unwrap().state.work().is_none() {}
    let cancelled = billing.cancel_operation(&clerk(), id).await.unwrap();
    working.await.unwrap().unwrap();
    assert_eq!(operation(world, id).await, cancelled);
    let (made, noted) = (subscriptions(world).await as u64, progress(&cancelled).0);
    assert!(made < 150, "it stopped");
    assert!((noted..=noted + 2).contains(&made), "{made} were made, {noted} were noted");
}

async fn a_file_is_imported_as_a_direct_answer_would_have_it(engine: Engine) {
    let village = village(engine).await;
    let world = &village.world;
    let mut csv = file(3);
    csv.extend(b"081200000009,home 10 Mbps,pos-1,budi,\n081200000001,home 10 Mbps,pos-1,siti,\n");
    let tried = world.billing.import_logins(&clerk().dry_run(), &csv).await.unwrap().value;
    let wish = Wish::ImportLogins(csv);
    let id = world.billing.request_operation(&clerk(), wish).await.unwrap().value.id;
    world.tick().await;
    let over = operation(world, id).await;
    let OperationState::Succeeded { lines, .. } = &over.state else { panic!("{over:?}") };
    let lines = lines.as_ref().unwrap();
    assert_eq!((lines.total, lines.imported, lines.failed), (5, 4, 1));
    assert_eq!((&lines.errors, &lines.existing), (&tried.errors, &tried.existing));
    assert_eq!((progress(&over), subscriptions(world).await), ((5, 0, 5), 4));
}

async fn customers_come_from_a_file_too(engine: Engine) {
    let world = World::new(engine).await;
    let csv = b"name,whatsapp\nBudi,081200000001\nSiti,12\n".to_vec();
    let wish = Wish::ImportCustomers(csv);
    let id = world.billing.request_operation(&clerk(), wish).await.unwrap().value.id;
    world.tick().await;
    let over = operation(&world, id).await;
    let OperationState::Succeeded { lines: Some(lines), .. } = &over.state else {
        panic!("{over:?}")
    };
    assert_eq!((lines.total, lines.imported, lines.failed), (2, 1, 1));
    assert_eq!((lines.errors[0].line, progress(&over)), (3, (2, 0, 2)));
}

async fn a_router_is_done_when_it_was_looked_at(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    world.router.on_command(Arc::new(|_, _| Verdict::DropBefore));
    let router = world.billing.router("pos-1").await.unwrap().id;
    let wish = Wish::ApplyRouter(router);
    let id = world.billing.request_operation(&clerk(), wish).await.unwrap().value.id;
    world.after(SignedDuration::from_mins(1)).await;
    world.after(SignedDuration::from_mins(1)).await;
    assert_eq!(state(&world, id).await, StateName::Running);
    world.router.on_command(Arc::new(|_, _| Verdict::Continue));
    world.after(SignedDuration::from_mins(2)).await;
    world.after(SignedDuration::from_mins(1)).await;
    let over = operation(&world, id).await;
    assert_eq!((over.state.name(), progress(&over)), (StateName::Succeeded, (1, 0, 1)));
    assert!(world.billing.router("pos-1").await.unwrap().health.observed_at > Some(over.made_at));
}

async fn nobody_has_more_than_twenty_under_way(engine: Engine) {
    let (world, plan) = shop(engine).await;
    let mut ids = Vec::new();
    for _ in 0..OPERATIONS_OPEN_MAX {
        ids.push(ask(&world, &clerk(), &plan, 1).await);
    }
    let wish = Wish::CreateBatch(world.request(&plan, 1).await);
    let refused = world.billing.request_operation(&clerk(), wish.clone()).await.unwrap_err();
    assert_eq!(refused.code(), CROWDED);
    let other = Caller::new(Actor::cli("other"));
    world.billing.request_operation(&other, wish.clone()).await.unwrap();
    world.billing.cancel_operation(&clerk(), ids[0]).await.unwrap();
    world.billing.request_operation(&clerk(), wish).await.unwrap();
    world.tick().await;
    world.after(SECOND).await;
    assert_eq!(batches(&world).await, 21);
    let filter = OperationFilter { state: Some(StateName::Cancelled), ..Default::default() };
    let cancelled = world.billing.operations(&clerk(), filter, page_of(10)).await.unwrap();
    assert_eq!(cancelled.items.iter().map(|operation| operation.id).collect::<Vec<_>>(), ids[..1]);
}

async fn of_many_requests_at_once_equal_ones_are_one_and_no_more_than_twenty_are_taken_on(
    engine: Engine,
) {
    let (world, plan) = shop(engine).await;
    let wish = Wish::CreateBatch(world.request(&plan, 1).await);
    let at_once = async |count: u32, caller: Caller| {
        let mut asking = tokio::task::JoinSet::new();
        for _ in 0..count {
            let (billing, caller, wish) = (world.billing.clone(), caller.clone(), wish.clone());
            asking.spawn(async move { billing.request_operation(&caller, wish).await });
        }
        asking.join_all().await
    };
    let equal = at_once(10, clerk().with_key("till-7".parse().unwrap())).await;
    let equal: Vec<_> = equal.into_iter().map(|made| made.unwrap()).collect();
    assert!(equal.iter().all(|made| made.value.id == equal[0].value.id));
    assert_eq!(equal.iter().filter(|made| !made.replayed).count(), 1);
    let many = at_once(30, clerk()).await;
    let refused = |made: &Result<_, Error>| made.as_ref().is_err_and(|e| e.code() == CROWDED);
    assert_eq!(many.iter().filter(|made| made.is_ok()).count(), 19, "{many:?}");
    assert_eq!(many.iter().filter(|made| refused(made)).count(), 11, "{many:?}");
}

const CROWDED: &str = "operations_crowded";

/// A program with a key for vouchers.
async fn program(world: &World, name: &str) -> Caller {
    let scopes = Permissions::of([Permission::VouchersCreate]);
    let request = NewApiKey { name: name.to_owned(), scopes, expires_at: None };
    let (key, _) = world.billing.create_api_key(&clerk(), &request).await.unwrap();
    let caller = Caller::new(Actor::api_key(name)).limited_to(scopes);
    caller.on_authority(Authority::ApiKey(key.id))
}

async fn who_may_do_it_no_more_when_it_is_done_is_refused(engine: Engine) {
    let (world, plan) = shop(engine).await;
    let till = program(&world, "till").await;
    let good = ask(&world, &till, &plan, 1).await;
    world.tick().await;
    let late = ask(&world, &till, &plan, 1).await;
    world.billing.revoke_api_key(&clerk(), "till").await.unwrap();
    world.after(SECOND).await;
    assert_eq!(state(&world, good).await, StateName::Succeeded, "it was made before");
    let over = operation(&world, late).await;
    let OperationState::Failed { problem, .. } = over.state else { panic!("{over:?}") };
    assert_eq!((problem.code.as_str(), batches(&world).await), ("forbidden", 1));
}

async fn an_operation_is_for_its_asker_and_those_who_may_see_others(engine: Engine) {
    let (world, plan) = shop(engine).await;
    let (till, kiosk) = (program(&world, "till").await, program(&world, "kiosk").await);
    let own = ask(&world, &till, &plan, 1).await;
    let others = ask(&world, &kiosk, &plan, 1).await;
    let billing = &world.billing;
    let listed = async |caller: &Caller| {
        let all = OperationFilter::default();
        let page = billing.operations(caller, all, page_of(10)).await.unwrap();
        page.items.into_iter().map(|operation| operation.id).collect::<Vec<_>>()
    };
    assert_eq!(listed(&till).await, [own]);
    assert_eq!(listed(&clerk()).await.len(), 2);
    assert_eq!(billing.operation(&till, own).await.unwrap().id, own);
    let refused = |error: Error| assert_eq!(error.code(), "forbidden");
    refused(billing.operation(&till, others).await.unwrap_err());
    refused(billing.watch_operation(&till, others).await.unwrap_err());
    refused(billing.cancel_operation(&till, others).await.unwrap_err());
    billing.cancel_operation(&till, own).await.unwrap();
    billing.cancel_operation(&clerk(), others).await.unwrap();
    let kind = Some(OperationKind::ImportLogins);
    let none = OperationFilter { kind, ..OperationFilter::default() };
    assert!(billing.operations(&clerk(), none, page_of(10)).await.unwrap().items.is_empty());
}

async fn who_follows_hears_every_step_of_another_process_and_the_end(engine: Engine) {
    let (world, plan) = shop(engine).await;
    let id = ask(&world, &clerk(), &plan, 5).await;
    let mut followed = world.billing.watch_operation(&clerk(), id).await.unwrap();
    let first = followed.next().await.unwrap().unwrap();
    assert_eq!(first.state.name(), StateName::Waiting);
    let elsewhere = world.another_worker(77).await;
    elsewhere.tick().await.unwrap();
    world.clock.advance(SECOND);
    elsewhere.tick().await.unwrap();
    let mut heard = Vec::new();
    while let Some(operation) = followed.next().await.unwrap() {
        heard.push(operation.state.name());
    }
    assert_eq!(heard.last(), Some(&StateName::Succeeded), "{heard:?}");
    assert!(followed.next().await.unwrap().is_none());
    let mut late = world.billing.watch_operation(&clerk(), id).await.unwrap();
    assert_eq!(late.next().await.unwrap().unwrap().state.name(), StateName::Succeeded);
    assert!(late.next().await.unwrap().is_none());
}

async fn what_is_over_is_forgotten_after_a_week(engine: Engine) {
    let (world, plan) = shop(engine).await;
    let id = ask(&world, &clerk(), &plan, 1).await;
    world.tick().await;
    world.after(SECOND).await;
    let day = SignedDuration::from_hours(24);
    world.after(day * OPERATIONS_KEPT_DAYS - SECOND).await;
    assert_eq!(state(&world, id).await, StateName::Succeeded);
    world.after(SignedDuration::from_hours(1)).await;
    let gone = world.billing.operation(&clerk(), id).await.unwrap_err();
    assert_eq!(gone.code(), "not_found");
    assert_eq!(world.router.router(|router| router.count(USERS)), 2, "the voucher is not");
}
