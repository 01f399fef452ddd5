//! Operations come back as they were stored, whatever has become of them.

use jiff::{SignedDuration, Timestamp};
use mkbill_core::kernel::caller::{Actor, Authority, Caller, Fingerprint, Origin};
use mkbill_core::kernel::entropy::OsEntropy;
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::ids::{ApiKeyId, OperationId, StaffId};
use mkbill_core::kernel::page::PageRequest;
use mkbill_core::kernel::permission::{Permission, Permissions};
use mkbill_core::kernel::secret::Sealed;
use mkbill_core::kernel::table::LineError;
use mkbill_core::kernel::wrong::Wrong;
use mkbill_core::operation::failure::Failure;
use mkbill_core::operation::store::OperationFilter;
use mkbill_core::operation::{
    Asker, Lines, Operation, OperationKind, OperationState, Progress, StateName, Subject,
    SubjectKind, Work,
};
use mkbill_core::outbox::{Message, OPERATION, Outcome, Payload};
use mkbill_core::testkit::Engine;

use crate::support::{Story, beginning, stories};
use crate::{fresh, write};

pub(crate) const TRIALS: &[(&str, Story)] = stories![
    an_operation_comes_back_as_it_was_stored_in_every_state,
    the_wish_is_kept_until_the_end_and_no_longer,
    of_the_same_key_there_is_one_operation_of_each_actor,
    operations_are_listed_by_state_kind_and_asker,
    those_that_are_not_over_are_counted_and_the_oldest_ends_forgotten,
    a_lease_is_held_for_longer_by_its_holder_only,
];

fn caller() -> Caller {
    let origin = Origin::new(Some([192, 0, 2, 7].into()), Some("curl/8"));
    let scopes = Permissions::of([Permission::VouchersCreate, Permission::PlansView]);
    let caller = Caller::new(Actor::api_key("till")).because("salah cetak, é").unwrap();
    let id = ApiKeyId::new(beginning(), &OsEntropy);
    caller.limited_to(scopes).on_authority(Authority::ApiKey(id)).coming_from(origin)
}

fn asked(position: u64, caller: &Caller) -> Operation {
    Operation {
        id: OperationId::in_run(beginning(), position, &OsEntropy),
        kind: OperationKind::CreateBatch,
        state: OperationState::Waiting,
        asker: Asker::of(caller),
        key: caller.idempotency_key.clone(),
        input: Fingerprint::of("wish", &[&1]),
        made_at: beginning(),
    }
}

fn wish() -> Sealed {
    Sealed::from_bytes(vec![0, 159, 146, 150])
}

fn later() -> Timestamp {
    beginning() + SignedDuration::from_secs(7)
}

fn work() -> Work {
    let progress = Progress { done: 4, blocked: 1, total: 9 };
    let subject = Subject {
        kind: SubjectKind::VoucherBatch,
        id: uuid::Uuid::from_u128(7),
        name: "BATCH-20260301-001".to_owned(),
    };
    Work { since: later(), progress, subject: Some(subject) }
}

fn lines() -> Lines {
    let error = |line| LineError::new(line, "whatsapp", "use `08…`, é");
    let (existing, errors) = (vec![error(2)], vec![error(3), error(4)]);
    Lines { total: 5, imported: 2, existing, failed: 2, errors }
}

async fn an_operation_comes_back_as_it_was_stored_in_every_state(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let staff = StaffId::new(beginning(), &OsEntropy);
    let callers = [
        caller().with_key("k".parse().unwrap()),
        Caller::new(Actor::cli("root")),
        Caller::new(Actor::staff("sri"))
            .limited_to(Permissions::NONE)
            .on_authority(Authority::Staff(staff)),
    ];
    let mut tx = write(&store).await;
    for (position, caller) in (1..).zip(&callers) {
        let waiting = asked(position, caller);
        assert!(tx.operation_insert(&waiting, &wish()).await.unwrap());
        assert_eq!(tx.operation_by_id(waiting.id).await.unwrap(), Some(waiting.clone()));
        let running = waiting.begun(later()).unwrap().advanced(work()).unwrap();
        let field = Error::invalid("count", Wrong::Range { least: 1, most: 9 });
        let bare = Work { subject: None, ..work() };
        for state in [
            running.clone(),
            running.clone().succeeded(bare.clone(), Some(lines()), later()).unwrap(),
            running.clone().succeeded(bare, None, later()).unwrap(),
            running.clone().failed(Failure::of(&field), later()).unwrap(),
            running.clone().cancelled(Actor::staff("budi"), later()).unwrap(),
        ] {
            // As the first of them was, since an end cannot be taken back.
            let next = Operation { id: OperationId::new(later(), &OsEntropy), key: None, ..state };
            let first = Operation { state: OperationState::Waiting, ..next.clone() };
            assert!(tx.operation_insert(&first, &wish()).await.unwrap());
            tx.operation_settle(&next).await.unwrap();
            assert_eq!(tx.operation_lock(next.id).await.unwrap(), Some(next));
        }
    }
    tx.commit().await.unwrap();
}

async fn the_wish_is_kept_until_the_end_and_no_longer(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let waiting = asked(1, &caller());
    let mut tx = write(&store).await;
    tx.operation_insert(&waiting, &wish()).await.unwrap();
    let running = waiting.begun(later()).unwrap();
    tx.operation_settle(&running).await.unwrap();
    assert_eq!(tx.operation_wish(running.id).await.unwrap(), Some(wish()));
    let over = running.cancelled(Actor::engine(), later()).unwrap();
    tx.operation_settle(&over).await.unwrap();
    assert_eq!(tx.operation_wish(over.id).await.unwrap(), None);
    tx.commit().await.unwrap();
}

async fn of_the_same_key_there_is_one_operation_of_each_actor(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let keyed = caller().with_key("k".parse().unwrap());
    let first = asked(1, &keyed);
    let mut tx = write(&store).await;
    assert!(tx.operation_insert(&first, &wish()).await.unwrap());
    assert!(!tx.operation_insert(&asked(2, &keyed), &wish()).await.unwrap());
    let other = Caller { actor: Actor::api_key("kiosk"), ..keyed.clone() };
    assert!(tx.operation_insert(&asked(3, &other), &wish()).await.unwrap());
    for position in 4..6 {
        assert!(tx.operation_insert(&asked(position, &caller()), &wish()).await.unwrap());
    }
    let key = "k".parse().unwrap();
    assert_eq!(tx.operation_by_key(&keyed.actor, &key).await.unwrap(), Some(first));
    let nobody = tx.operation_by_key(&Actor::engine(), &key).await.unwrap();
    assert_eq!(nobody, None);
    tx.commit().await.unwrap();
}

async fn operations_are_listed_by_state_kind_and_asker(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let (till, root) = (caller(), Caller::new(Actor::cli("root")));
    let namesake = caller();
    let mut all = Vec::new();
    let mut tx = write(&store).await;
    for (position, caller) in (1..).zip([&till, &till, &root, &namesake, &till]) {
        let kind =
            if position == 2 { OperationKind::ImportLogins } else { OperationKind::CreateBatch };
        let operation = Operation { kind, ..asked(position, caller) };
        tx.operation_insert(&operation, &wish()).await.unwrap();
        all.push(operation.id);
    }
    let first = tx.operation_lock(all[0]).await.unwrap().unwrap().begun(later()).unwrap();
    tx.operation_settle(&first).await.unwrap();
    let mut listed = async |filter: OperationFilter, page| {
        let page = tx.operation_page(&filter, page).await.unwrap();
        let ids = page.items.iter().map(|operation| operation.id);
        let places = ids.map(|id| all.iter().position(|known| *known == id).unwrap());
        (places.collect::<Vec<_>>(), page.next)
    };
    let none = OperationFilter::default;
    let page = || PageRequest::new(None, 10).unwrap();
    assert_eq!(listed(none(), page()).await, (vec![4, 3, 2, 1, 0], None));
    let two = listed(none(), PageRequest::new(None, 2).unwrap()).await;
    assert_eq!(two.0, [4, 3]);
    let rest = listed(none(), PageRequest::new(two.1, 10).unwrap()).await;
    assert_eq!(rest.0, [2, 1, 0]);
    let waiting = OperationFilter { state: Some(StateName::Waiting), ..none() };
    assert_eq!(listed(waiting, page()).await.0, [4, 3, 2, 1]);
    let imports = OperationFilter { kind: Some(OperationKind::ImportLogins), ..none() };
    assert_eq!(listed(imports, page()).await.0, [1]);
    let own = |caller: &Caller| OperationFilter { asker: Some(Asker::of(caller)), ..none() };
    assert_eq!(listed(own(&till), page()).await.0, [4, 1, 0], "a key, whatever its name");
    assert_eq!(listed(own(&root), page()).await.0, [2]);
    assert!(listed(own(&Caller::new(Actor::cli("x"))), page()).await.0.is_empty());
}

async fn those_that_are_not_over_are_counted_and_the_oldest_ends_forgotten(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let caller = caller();
    let mut tx = write(&store).await;
    let mut ids = Vec::new();
    for position in 1..=5 {
        let operation = asked(position, &caller);
        tx.operation_insert(&operation, &wish()).await.unwrap();
        ids.push(operation.id);
    }
    assert_eq!(tx.operations_open(&caller.actor).await.unwrap(), 5);
    assert_eq!(tx.operations_open(&Actor::engine()).await.unwrap(), 0);
    for (second, id) in (0..).zip(&ids[..3]) {
        let open = tx.operation_lock(*id).await.unwrap().unwrap();
        let at = beginning() + SignedDuration::from_secs(second);
        tx.operation_settle(&open.cancelled(Actor::engine(), at).unwrap()).await.unwrap();
    }
    assert_eq!(tx.operations_open(&caller.actor).await.unwrap(), 2);
    let before = beginning() + SignedDuration::from_secs(2);
    assert_eq!(tx.operations_forget(before, 1).await.unwrap(), 1);
    assert_eq!(tx.operation_by_id(ids[0]).await.unwrap(), None);
    assert_eq!(tx.operations_forget(before, 10).await.unwrap(), 1);
    assert_eq!(tx.operations_forget(before, 10).await.unwrap(), 0, "those that go on stay");
    tx.commit().await.unwrap();
}

async fn a_lease_is_held_for_longer_by_its_holder_only(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let (now, lease) = (beginning(), SignedDuration::from_mins(5));
    let payload = Payload::Operation(OperationId::new(now, &OsEntropy));
    let message = Message {
        id: mkbill_core::kernel::ids::MessageId::new(now, &OsEntropy),
        payload,
        run_at: now,
    };
    let mut tx = write(&store).await;
    tx.outbox_push(&message).await.unwrap();
    let claimed = tx.outbox_claim(&[OPERATION], now, lease, 9).await.unwrap().remove(0);
    assert_eq!(claimed.payload, Ok(payload));
    assert!(tx.outbox_renew(&claimed, now + lease * 2).await.unwrap());
    assert!(tx.outbox_claim(&[OPERATION], now + lease, lease, 9).await.unwrap().is_empty());
    let next = tx.outbox_claim(&[OPERATION], now + lease * 2, lease, 9).await.unwrap().remove(0);
    assert!(!tx.outbox_renew(&claimed, now + lease * 9).await.unwrap(), "somebody else has it");
    assert!(tx.outbox_settle(&next, &Outcome::Over).await.unwrap());
    assert!(!tx.outbox_renew(&next, now + lease * 9).await.unwrap());
    tx.commit().await.unwrap();
}
