//! A request belongs to one at a time, and its first answer is kept for those who repeat it.

use std::sync::Arc;

use jiff::SignedDuration;
use mkbill_core::billing::Billing;
use mkbill_core::kernel::caller::{Actor, Fingerprint};
use mkbill_core::kernel::entropy::OsEntropy;
use mkbill_core::kernel::secret::MasterKey;
use mkbill_core::request::answer::{
    ANSWER_BYTES_MAX, ANSWER_KEPT, ANSWER_LEASE, AnswerClaim, AnswerLease, KeptAnswer, KeyedRequest,
};
use mkbill_core::store::{Access, Store};
use mkbill_core::testkit::{Engine, ManualClock, SeededEntropy, TestDatabase};
use mkbill_routeros::provisioning::RouterOsController;

use crate::support::{Story, beginning, stories};
use crate::write;

pub(crate) const TRIALS: &[(&str, Story)] = stories![
    of_many_at_once_one_has_the_request,
    an_answer_comes_back_as_it_was_and_is_stored_sealed,
    a_lease_that_ran_out_leaves_the_request_to_the_next,
    an_answer_is_kept_for_seven_days,
    what_is_let_go_or_too_large_is_free_again,
];

struct Desk {
    database: TestDatabase,
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
    billing: Billing,
}

async fn desk(engine: Engine) -> Desk {
    let database = TestDatabase::new(engine).await;
    let store = database.store(None).await;
    let clock = Arc::new(ManualClock::at(beginning()));
    let billing = billing_on(&store, &clock);
    Desk { database, store, clock, billing }
}

fn billing_on(store: &Arc<dyn Store>, clock: &Arc<ManualClock>) -> Billing {
    let (master_key, _) = MasterKey::generate(&SeededEntropy::new(7));
    Billing::builder()
        .store(Arc::clone(store))
        .controller(Arc::new(RouterOsController::new(Arc::new(OsEntropy))))
        .clock(clock.clone())
        .master_key(master_key)
        .build()
        .unwrap()
}

fn request(actor: &str, input: &str) -> KeyedRequest {
    let (actor, key) = (Actor::api_key(actor), "order-7".parse().unwrap());
    KeyedRequest { actor, key, input: Fingerprint::of_bytes(input.as_bytes()) }
}

fn answer(text: &str) -> KeptAnswer {
    let head = vec![("location".to_owned(), "/api/v1/plans/é".to_owned())];
    KeptAnswer { status: 201, head, body: text.as_bytes().to_vec() }
}

#[track_caller]
fn ours(claim: AnswerClaim) -> AnswerLease {
    match claim {
        AnswerClaim::Ours(lease) => lease,
        other => panic!("{other:?}"),
    }
}

async fn of_many_at_once_one_has_the_request(engine: Engine) {
    let desk = desk(engine).await;
    let second = billing_on(&desk.database.store(None).await, &desk.clock);
    let mut claims = tokio::task::JoinSet::new();
    for number in 0..50 {
        // Of two processes only where two may write.
        let other = engine == Engine::Postgres && number % 2 == 1;
        let billing = if other { second.clone() } else { desk.billing.clone() };
        claims.spawn(async move { billing.claim_answer(&request("a", "x")).await.unwrap() });
    }
    let claims = claims.join_all().await;
    let has = |claim: &&AnswerClaim| matches!(claim, AnswerClaim::Ours(_));
    assert_eq!(claims.iter().filter(has).count(), 1);
    assert!(claims.iter().all(|claim| has(&claim) || *claim == AnswerClaim::Working));
    assert_eq!(second.claim_answer(&request("a", "y")).await.unwrap(), AnswerClaim::Reused);
    ours(desk.billing.claim_answer(&request("b", "y")).await.unwrap());
}

async fn an_answer_comes_back_as_it_was_and_is_stored_sealed(engine: Engine) {
    let desk = desk(engine).await;
    let asked = request("a", "x");
    let lease = ours(desk.billing.claim_answer(&asked).await.unwrap());
    let first = answer("{\"key\":\"mk_canary\"} é");
    desk.billing.keep_answer(&lease, &first).await.unwrap();
    for claim in [
        desk.billing.claim_answer(&asked).await.unwrap(),
        desk.billing.look_for_answer(&asked).await.unwrap(),
        billing_on(&desk.store, &desk.clock).claim_answer(&asked).await.unwrap(),
    ] {
        assert_eq!(claim, AnswerClaim::Answered(first.clone()));
    }
    let mut tx = desk.store.begin(Access::Read).await.unwrap();
    let row = tx.answer_by_key(&asked.actor, &asked.key).await.unwrap().unwrap();
    let sealed = row.answer.unwrap().body;
    assert!(!String::from_utf8_lossy(sealed.as_bytes()).contains("canary"));
    assert!(!format!("{first:?}").contains("canary"));
    assert_eq!(desk.billing.claim_answer(&request("a", "y")).await.unwrap(), AnswerClaim::Reused);
}

async fn a_lease_that_ran_out_leaves_the_request_to_the_next(engine: Engine) {
    let desk = desk(engine).await;
    let asked = request("a", "x");
    let slow = ours(desk.billing.claim_answer(&asked).await.unwrap());
    desk.clock.advance(ANSWER_LEASE - SignedDuration::from_secs(1));
    assert_eq!(desk.billing.look_for_answer(&asked).await.unwrap(), AnswerClaim::Working);
    desk.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(desk.billing.claim_answer(&request("a", "y")).await.unwrap(), AnswerClaim::Reused);
    let quick = ours(desk.billing.look_for_answer(&asked).await.unwrap());
    desk.billing.keep_answer(&slow, &answer("slow")).await.unwrap();
    desk.billing.let_go_answer(&slow).await.unwrap();
    assert_eq!(desk.billing.claim_answer(&asked).await.unwrap(), AnswerClaim::Working);
    desk.billing.keep_answer(&quick, &answer("quick")).await.unwrap();
    desk.billing.let_go_answer(&quick).await.unwrap();
    let known = desk.billing.claim_answer(&asked).await.unwrap();
    assert_eq!(known, AnswerClaim::Answered(answer("quick")));
}

async fn an_answer_is_kept_for_seven_days(engine: Engine) {
    let desk = desk(engine).await;
    let asked = request("a", "x");
    let lease = ours(desk.billing.claim_answer(&asked).await.unwrap());
    desk.billing.keep_answer(&lease, &answer("first")).await.unwrap();
    desk.clock.advance(ANSWER_KEPT - SignedDuration::from_secs(1));
    let known = desk.billing.claim_answer(&asked).await.unwrap();
    assert_eq!(known, AnswerClaim::Answered(answer("first")));
    let forget = async || {
        let mut tx = write(&desk.store).await;
        let before = desk.billing.now() - ANSWER_KEPT;
        let forgotten = tx.answers_forget(before, 100).await.unwrap();
        tx.commit().await.unwrap();
        forgotten
    };
    assert_eq!(forget().await, 0);
    desk.clock.advance(SignedDuration::from_secs(1));
    ours(desk.billing.look_for_answer(&request("a", "y")).await.unwrap());
    assert_eq!(forget().await, 0, "it belongs to another request by now");
    desk.clock.advance(ANSWER_KEPT);
    assert_eq!(forget().await, 1);
}

async fn what_is_let_go_or_too_large_is_free_again(engine: Engine) {
    let desk = desk(engine).await;
    let asked = request("a", "x");
    let lease = ours(desk.billing.claim_answer(&asked).await.unwrap());
    desk.billing.let_go_answer(&lease).await.unwrap();
    let lease = ours(desk.billing.claim_answer(&asked).await.unwrap());
    let large = answer(&"x".repeat(ANSWER_BYTES_MAX + 1));
    desk.billing.keep_answer(&lease, &large).await.unwrap();
    let lease = ours(desk.billing.claim_answer(&asked).await.unwrap());
    let just = answer(&"x".repeat(ANSWER_BYTES_MAX));
    desk.billing.keep_answer(&lease, &just).await.unwrap();
    assert_eq!(desk.billing.claim_answer(&asked).await.unwrap(), AnswerClaim::Answered(just));
}
