//! Notices and their messages at rest.

use jiff::{SignedDuration, Timestamp};
use mkbill_core::kernel::entropy::OsEntropy;
use mkbill_core::kernel::ids::{MessageId, NoticeId, RouterId};
use mkbill_core::kernel::page::PageRequest;
use mkbill_core::notice::store::NoticeFilter;
use mkbill_core::notice::{Notice, NoticeKind};
use mkbill_core::outbox::{Message, NOTICE, Payload, SYNC_ROUTER};
use mkbill_core::testkit::Engine;
use serde_json::json;

use crate::support::subscribers::{CUSTOMER, subscribe};
use crate::support::{Story, beginning, stories};
use crate::{LEASE, fresh, push, write};

pub(crate) const TRIALS: &[(&str, Story)] = stories![
    a_notice_comes_back_as_it_was_pushed,
    the_same_cause_is_told_once,
    notices_are_paged_by_customer_and_kind,
    waiting_notices_hide_no_message_and_are_claimed_by_nobody,
    many_messages_are_queued_at_once_and_one_key_is_one_message,
];

fn notice(number: u64, not_before: Timestamp) -> Notice {
    Notice {
        id: NoticeId::in_run(beginning(), number, &OsEntropy),
        kind: NoticeKind::InvoiceIssued,
        customer: None,
        subject: uuid::Uuid::from_u128(u128::from(number)),
        subject_kind: "invoice",
        facts: json!({ "amount_minor": 150_000, "due_on": "2026-03-08" }),
        cause: format!("invoice_issued:{number}"),
        not_before,
        created_at: beginning(),
    }
}

async fn a_notice_comes_back_as_it_was_pushed(engine: Engine) {
    let (database, store) = fresh(engine).await;
    subscribe(&database, engine).await;
    let later = beginning() + SignedDuration::from_hours(12);
    let pushed = Notice { customer: Some(CUSTOMER), ..notice(1, later) };
    let mut tx = write(&store).await;
    assert_eq!(tx.notices_push(std::slice::from_ref(&pushed)).await.unwrap(), 1);
    assert_eq!(tx.outbox_next(&[NOTICE]).await.unwrap(), Some(later));
    assert!(tx.outbox_claim(&[NOTICE], beginning(), LEASE, 10).await.unwrap().is_empty());
    let claimed = tx.outbox_claim(&[NOTICE], later, LEASE, 10).await.unwrap();
    assert_eq!(claimed[0].payload, Ok(Payload::Notice(pushed.id)));
    let page = tx.notice_page(NoticeFilter::default(), PageRequest::default()).await.unwrap();
    let [found] = page.items.as_slice() else { panic!("{page:?}") };
    assert_eq!((found.id, found.kind, found.customer), (pushed.id, pushed.kind, pushed.customer));
    assert_eq!((found.subject, found.subject_kind.as_str()), (pushed.subject, "invoice"));
    assert_eq!((&found.facts, &found.cause), (&pushed.facts, &pushed.cause));
    assert_eq!((found.not_before, found.created_at), (later, beginning()));
}

async fn the_same_cause_is_told_once(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let now = beginning();
    let mut tx = write(&store).await;
    assert_eq!(tx.notices_push(&[notice(1, now), notice(1, now)]).await.unwrap(), 1);
    tx.commit().await.unwrap();
    let mut tx = write(&store).await;
    assert_eq!(tx.notices_push(&[notice(1, now), notice(2, now)]).await.unwrap(), 1);
    assert_eq!(tx.notices_push(&[notice(1, now)]).await.unwrap(), 0);
    assert_eq!(tx.notices_push(&[]).await.unwrap(), 0);
    let claimed = tx.outbox_claim(&[NOTICE], now, LEASE, 10).await.unwrap();
    assert_eq!(claimed.len(), 2, "a notice that was not added has no message");
}

async fn notices_are_paged_by_customer_and_kind(engine: Engine) {
    let (database, store) = fresh(engine).await;
    subscribe(&database, engine).await;
    let now = beginning();
    let kinds = [NoticeKind::InvoiceIssued, NoticeKind::PaymentReceived];
    let notices: Vec<Notice> = (1..=8_u64)
        .map(|number| {
            let kind = kinds[usize::from(number % 2 == 0)];
            let customer = (number > 4).then_some(CUSTOMER);
            Notice { kind, customer, ..notice(number, now) }
        })
        .collect();
    let mut tx = write(&store).await;
    assert_eq!(tx.notices_push(&notices).await.unwrap(), 8);
    let kind = Some(NoticeKind::PaymentReceived);
    for (customer, kind, expected) in [
        (None, None, vec![8, 7, 6, 5, 4, 3, 2, 1]),
        (Some(CUSTOMER), None, vec![8, 7, 6, 5]),
        (None, kind, vec![8, 6, 4, 2]),
        (Some(CUSTOMER), kind, vec![8, 6]),
        (Some(mkbill_core::kernel::ids::CustomerId::from_uuid(uuid::Uuid::nil())), None, vec![]),
    ] {
        let filter = NoticeFilter { customer, kind };
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = PageRequest::new(after, 3).unwrap();
            let page = tx.notice_page(filter, page).await.unwrap();
            found.extend(page.items.iter().map(|notice| notice.subject.as_u128()));
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        assert_eq!(found, expected, "{filter:?}");
    }
}

async fn waiting_notices_hide_no_message_and_are_claimed_by_nobody(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let now = beginning();
    let long_ago = now - SignedDuration::from_hours(48);
    let notices: Vec<Notice> = (1..=2_000).map(|number| notice(number, long_ago)).collect();
    let mut tx = write(&store).await;
    assert_eq!(tx.notices_push(&notices).await.unwrap(), 2_000);
    tx.commit().await.unwrap();
    let mut tx = write(&store).await;
    assert_eq!(tx.outbox_next(&[SYNC_ROUTER]).await.unwrap(), None);
    drop(tx);
    push(&store, 1, now).await;
    let mut tx = write(&store).await;
    assert_eq!(tx.outbox_next(&[SYNC_ROUTER]).await.unwrap(), Some(now));
    let tally = tx.outbox_tally(&[SYNC_ROUTER], now).await.unwrap();
    assert_eq!((tally.due, tally.failing, tally.dead, tally.waiting), (1, 0, 0, 2_000));
    let tally = tx.outbox_tally(&[SYNC_ROUTER, NOTICE], now).await.unwrap();
    assert_eq!((tally.due, tally.waiting), (2_001, 0));
    assert_eq!(tx.outbox_claim(&[SYNC_ROUTER], now, LEASE, 10).await.unwrap().len(), 1);
    assert_eq!(tx.outbox_claim(&[], now, LEASE, 10).await.unwrap().len(), 0);
    let both = tx.outbox_claim(&[SYNC_ROUTER, NOTICE], now, LEASE, 10).await.unwrap();
    assert!(both.iter().all(|claimed| matches!(claimed.payload, Ok(Payload::Notice(_)))));
}

async fn many_messages_are_queued_at_once_and_one_key_is_one_message(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let now = beginning();
    let minute = |number: u64| now + SignedDuration::from_mins(i64::try_from(number).unwrap());
    let message = |router: u128, run_at: Timestamp| Message {
        id: MessageId::new(now, &OsEntropy),
        payload: Payload::SyncRouter(RouterId::from_uuid(uuid::Uuid::from_u128(router))),
        run_at,
    };
    push(&store, 1, minute(9)).await;
    push(&store, 2, minute(1)).await;
    let mut tx = write(&store).await;
    let mut messages: Vec<Message> = (1..=250).map(|n| message(n, minute(5))).collect();
    messages.push(message(3, minute(2)));
    messages.push(message(3, minute(7)));
    tx.outbox_push_all(&messages).await.unwrap();
    tx.outbox_push_all(&[]).await.unwrap();
    tx.commit().await.unwrap();
    for (at, expected) in [(minute(1), 1), (minute(2), 1), (minute(4), 0), (minute(5), 248)] {
        let mut tx = write(&store).await;
        let claimed = tx.outbox_claim(&[SYNC_ROUTER], at, LEASE * 10, 1_000).await.unwrap();
        assert_eq!(claimed.len(), expected, "{at}");
        tx.commit().await.unwrap();
    }
}
