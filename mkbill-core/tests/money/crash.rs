//! The process dies after every single statement, begin and commit of a customer's life. After a
//! restart nothing is lost and nothing doubled.

use std::future::Future;
use std::sync::Arc;

use jiff::civil::{Date, date};
use mkbill_core::billing::Subscribe;
use mkbill_core::kernel::caller::Caller;
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::ids::{CustomerId, PlanId};
use mkbill_core::kernel::order::SortKey;
use mkbill_core::kernel::page::PageRequest;
use mkbill_core::notice::store::NoticeFilter;
use mkbill_core::payment::{Method, NewPayment};
use mkbill_core::subscription::Discount;
use mkbill_core::testkit::{CrashSwitch, Engine};

use crate::shop::{Parts, Shop, because, charge, rupiah, terms};
use crate::support::stories;

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    f13_dying_at_any_moment_of_payment_renewal_void_reversal_or_tick_loses_and_doubles_nothing,
];

/// More events than any life has; the sweep ends at the first life that ends before its event.
const EVENTS_MAX: u64 = 3_000;
/// Fewer events than any life has: a sweep that ends earlier has lost its hooks.
const EVENTS_MIN: u64 = 100;

async fn f13_dying_at_any_moment_of_payment_renewal_void_reversal_or_tick_loses_and_doubles_nothing(
    engine: Engine,
) {
    let expected = Life::lived(engine, u64::MAX).await.picture().await;
    for event in 1..EVENTS_MAX {
        let life = Life::lived(engine, event).await;
        if !life.died {
            assert!(event > EVENTS_MIN, "only {event} events were seen");
            return;
        }
        assert_eq!(life.picture().await, expected, "event {event}");
        assert!(life.shop.billing.verify_audit(None).await.unwrap().holds(), "event {event}");
        life.shop.check(&[life.customer]).await;
    }
    panic!("a life has more than {EVENTS_MAX} events");
}

struct Life {
    shop: Shop,
    customer: CustomerId,
    plan: PlanId,
    died: bool,
}

fn keyed(key: &str) -> Caller {
    because("a life").with_key(key.parse().unwrap())
}

impl Life {
    async fn lived(engine: Engine, event: u64) -> Self {
        let shop = Shop::with(engine, Parts::standard()).await;
        let customer = shop.customer(1).await;
        let plan = shop.plan("home", terms(100_000)).await;
        let mut life = Self { shop, customer, plan, died: false };
        life.shop.wire(&Arc::new(CrashSwitch::at(event))).await;
        life.live().await;
        life.shop.restart().await;
        life
    }

    /// Does something, again after a restart if the process died meanwhile.
    async fn step<F: Future<Output = Result<(), Error>>>(&mut self, act: impl Fn(&Shop) -> F) {
        self.shop.moment();
        if act(&self.shop).await.is_ok() {
            return;
        }
        assert!(!self.died, "a step fails only when the process dies");
        self.died = true;
        self.shop.restart().await;
        act(&self.shop).await.unwrap();
    }

    async fn pay(&mut self, key: &'static str, amount: i64) {
        let customer = self.customer;
        self.step(|shop| {
            let billing = shop.billing.clone();
            async move {
                let payment = NewPayment::whole(customer, rupiah(amount), Method::Cash);
                billing.record_payment(&keyed(key), payment).await.map(drop)
            }
        })
        .await;
    }

    async fn tick_on(&mut self, day: Date) {
        let start = self.shop.billing.zone().start_of(day).unwrap();
        self.shop.clock.advance_to(start);
        self.step(|shop| {
            let billing = shop.billing.clone();
            async move { billing.bill_due().await.map(drop) }
        })
        .await;
    }

    async fn live(&mut self) {
        let (customer, plan) = (self.customer, self.plan);
        self.step(|shop| {
            let billing = shop.billing.clone();
            async move {
                let discount = Discount::default();
                let request = Subscribe { customer, plan, zone: None, discount, login: None };
                billing.subscribe(&keyed("subscribe"), request).await.map(drop)
            }
        })
        .await;
        self.pay("first", 150_000).await;
        self.tick_on(date(2026, 2, 3)).await;
        self.tick_on(date(2026, 2, 10)).await;
        self.pay("second", 60_000).await;
        self.step(|shop| {
            let billing = shop.billing.clone();
            async move {
                let invoice = charge(30_000, date(2026, 3, 1));
                billing.issue_invoice(&keyed("charge"), customer, invoice).await.map(drop)
            }
        })
        .await;
        self.step(|shop| {
            let billing = shop.billing.clone();
            async move { billing.void_invoice(&keyed("void"), "INV-20260210-0001").await.map(drop) }
        })
        .await;
        self.step(|shop| {
            let billing = shop.billing.clone();
            async move {
                billing.reverse_payment(&keyed("reverse"), "RCP-20260210-0001").await.map(drop)
            }
        })
        .await;
        self.tick_on(date(2026, 3, 20)).await;
    }

    /// Everything that must be the same whenever the process died.
    async fn picture(&self) -> String {
        let shop = &self.shop;
        let invoices: Vec<_> = shop
            .invoices(self.customer)
            .await
            .iter()
            .map(|invoice| {
                let rest = invoice.outstanding().unwrap();
                (invoice.number.to_string(), invoice.status(), rest, invoice.due_on)
            })
            .collect();
        let filter = NoticeFilter { customer: Some(self.customer), kind: None };
        let told = shop.billing.notices(filter, whole()).await.unwrap().items;
        let mut told: Vec<_> = told.iter().map(|notice| notice.kind.name()).collect();
        told.sort_unstable();
        let trail = shop.billing.audit(None, whole()).await.unwrap().items;
        let mut trail: Vec<_> = trail.into_iter().map(|row| row.action).collect();
        trail.sort_unstable();
        let filter = mkbill_core::subscription::store::SubscriptionFilter::default();
        let kept = shop.billing.subscriptions(&filter, whole()).await.unwrap().items;
        let kept: Vec<_> = kept.iter().map(|kept| (kept.state, kept.service_until)).collect();
        let balances = shop.billing.books().await.unwrap().balances;
        let standing = shop.standing(self.customer).await;
        format!("{invoices:#?} {told:?} {trail:?} {kept:?} {balances:?} {standing:?}")
    }
}

fn whole<K: SortKey>() -> PageRequest<K> {
    PageRequest::new(None, 200).unwrap()
}
