//! Any history of requests: trying one changes nothing and tells the truth, and sending one again changes
//! nothing more.

use std::sync::atomic::{AtomicU32, Ordering};

use jiff::SignedDuration;
use mkbill_core::account::correct::Overdraw;
use mkbill_core::billing::{Adjustment, CancelAt, ChangeAt, Subscribe};
use mkbill_core::kernel::caller::Caller;
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::ids::{CustomerId, PlanId, SubscriptionId};
use mkbill_core::kernel::order::SortKey;
use mkbill_core::kernel::page::PageRequest;
use mkbill_core::notice::store::NoticeFilter;
use mkbill_core::payment::store::PaymentFilter;
use mkbill_core::payment::{Method, NewPayment};
use mkbill_core::subscription::Discount;
use mkbill_core::subscription::store::SubscriptionFilter;
use mkbill_core::testkit::Engine;
use proptest::collection;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use crate::shop::{Shop, because, charge, rupiah, terms};
use crate::support::stories;

pub(crate) const STORIES: &[(&str, crate::support::Story)] =
    stories![any_request_may_be_tried_before_and_sent_again_after];

const HISTORIES: u32 = 200;

/// One thing that somebody asks for; a number chooses among what there is.
#[derive(Debug, Clone)]
enum Step {
    Subscribe(bool),
    Pay(i64),
    Transfer(i64, u8),
    Reverse(usize),
    Issue(i64),
    Void(usize),
    Credit(usize, i64),
    Adjust(i64),
    Pause(usize),
    Resume(usize),
    Change(usize, bool, bool),
    Discount(usize, u32),
    Bill(usize),
    Prepay(usize),
    Cancel(usize, u8),
    Days(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let index = || 0..3_usize;
    prop_oneof![
        3 => any::<bool>().prop_map(Step::Subscribe),
        4 => (1..250_000_i64).prop_map(Step::Pay),
        1 => (1..250_000_i64, 0..3_u8).prop_map(|(amount, number)| Step::Transfer(amount, number)),
        2 => index().prop_map(Step::Reverse),
        1 => (1..80_000_i64).prop_map(Step::Issue),
        1 => index().prop_map(Step::Void),
        1 => (index(), 1..40_000_i64).prop_map(|(i, amount)| Step::Credit(i, amount)),
        1 => (-30_000..30_000_i64).prop_map(Step::Adjust),
        1 => index().prop_map(Step::Pause),
        1 => index().prop_map(Step::Resume),
        1 => (index(), any::<[bool; 2]>()).prop_map(|(i, [now, fast])| Step::Change(i, now, fast)),
        1 => (index(), 0..10_001_u32).prop_map(|(i, off)| Step::Discount(i, off)),
        1 => index().prop_map(Step::Bill),
        1 => index().prop_map(Step::Prepay),
        1 => (index(), 0..3_u8).prop_map(|(i, at)| Step::Cancel(i, at)),
        3 => (1..30_u8).prop_map(Step::Days),
    ]
}

impl Step {
    /// Which of what there is it is about.
    fn index(&self) -> usize {
        match self {
            Self::Reverse(i)
            | Self::Void(i)
            | Self::Credit(i, _)
            | Self::Pause(i)
            | Self::Resume(i)
            | Self::Change(i, ..)
            | Self::Discount(i, _)
            | Self::Bill(i)
            | Self::Prepay(i)
            | Self::Cancel(i, _) => *i,
            _ => 0,
        }
    }
}

/// A customer, and what there is to choose from.
struct Life<'a> {
    shop: &'a Shop,
    customer: CustomerId,
    plans: [PlanId; 2],
}

/// What a step is about, chosen before it is tried for the first time.
struct Target {
    subscription: Option<SubscriptionId>,
    invoice: Option<String>,
    payment: Option<String>,
}

impl Life<'_> {
    async fn subscriptions(&self) -> Vec<SubscriptionId> {
        let filter =
            SubscriptionFilter { customer: Some(self.customer), ..SubscriptionFilter::default() };
        let page = self.shop.billing.subscriptions(&filter, page()).await.unwrap();
        page.items.into_iter().map(|subscription| subscription.id).collect()
    }

    async fn target(&self, index: usize) -> Target {
        let filter = PaymentFilter { customer: Some(self.customer), ..PaymentFilter::default() };
        let payments = self.shop.billing.payments(&filter, page()).await.unwrap().items;
        let invoices = self.shop.invoices(self.customer).await;
        Target {
            subscription: self.subscriptions().await.get(index).copied(),
            invoice: invoices.get(index).map(|invoice| invoice.number.to_string()),
            payment: payments.get(index).map(|payment| payment.number.to_string()),
        }
    }

    /// Does a step; `None` if there is nothing that it could be about.
    async fn ask(
        &self,
        caller: &Caller,
        step: &Step,
        target: &Target,
    ) -> Option<Result<(), Error>> {
        let (billing, customer) = (&self.shop.billing, self.customer);
        let subscription = target.subscription;
        Some(match step {
            Step::Subscribe(fast) => {
                let plan = self.plans[usize::from(*fast)];
                let discount = Discount::default();
                let request = Subscribe { customer, plan, zone: None, discount, login: None };
                billing.subscribe(caller, request).await.map(drop)
            }
            Step::Pay(amount) => {
                let payment = NewPayment::whole(customer, rupiah(*amount), Method::Cash);
                billing.record_payment(caller, payment).await.map(drop)
            }
            Step::Transfer(amount, number) => {
                let payment = NewPayment {
                    reference: Some(format!("{customer}-{number}")),
                    ..NewPayment::whole(customer, rupiah(*amount), Method::BankTransfer)
                };
                billing.record_payment(caller, payment).await.map(drop)
            }
            Step::Reverse(_) => {
                billing.reverse_payment(caller, target.payment.as_ref()?).await.map(drop)
            }
            Step::Issue(amount) => {
                let due = self.shop.today().checked_add(jiff::Span::new().days(10)).unwrap();
                let invoice = charge(*amount, due);
                billing.issue_invoice(caller, customer, invoice).await.map(drop)
            }
            Step::Void(_) => billing.void_invoice(caller, target.invoice.as_ref()?).await.map(drop),
            Step::Credit(_, amount) => {
                let invoice = target.invoice.as_ref()?;
                billing.credit_invoice(caller, invoice, rupiah(*amount)).await.map(drop)
            }
            Step::Adjust(amount) => {
                let amount = rupiah(*amount);
                let overdraw = Overdraw::Never;
                let adjustment = Adjustment { subscription: None, amount, overdraw };
                billing.adjust_credit(caller, customer, adjustment).await.map(drop)
            }
            Step::Pause(_) => {
                billing.pause_subscription(caller, subscription?, None).await.map(drop)
            }
            Step::Resume(_) => billing.resume_subscription(caller, subscription?).await.map(drop),
            Step::Change(_, now, fast) => {
                let at = if *now { ChangeAt::Now } else { ChangeAt::NextPeriod };
                let plan = self.plans[usize::from(*fast)];
                billing.change_subscription_plan(caller, subscription?, plan, at).await.map(drop)
            }
            Step::Discount(_, basis_points) => {
                let discount = Discount { basis_points: *basis_points, ..Discount::default() };
                billing.discount_subscription(caller, subscription?, discount).await.map(drop)
            }
            Step::Bill(_) => billing.bill_subscription(caller, subscription?).await.map(drop),
            Step::Prepay(_) => billing.prepay_subscription(caller, subscription?).await.map(drop),
            Step::Cancel(_, at) => {
                let all = [CancelAt::Now, CancelAt::NowWithCredit, CancelAt::PeriodEnd];
                let at = all[usize::from(*at)];
                billing.cancel_subscription(caller, subscription?, at).await.map(drop)
            }
            Step::Days(_) => return None,
        })
    }

    /// Everything that is kept of the customer, and the last thing that was written down of anybody, as
    /// text.
    async fn picture(&self) -> String {
        let billing = &self.shop.billing;
        let mut all = vec![
            format!("{:?}", billing.audit(None, PageRequest::new(None, 1).unwrap()).await.unwrap()),
            format!("{:?}", billing.customer_file(&self.customer.to_string()).await.unwrap()),
        ];
        for id in self.subscriptions().await {
            all.push(format!("{:?}", billing.subscription(id).await.unwrap()));
        }
        let filter = NoticeFilter { customer: Some(self.customer), kind: None };
        all.push(format!("{:?}", billing.notices(filter, page()).await.unwrap().items));
        all.join("\n")
    }

    /// Tries a step, does it, and does it again; answers whether it was done.
    async fn live(&self, number: usize, step: &Step) -> Result<bool, TestCaseError> {
        let target = self.target(step.index()).await;
        self.shop.moment();
        let before = self.picture().await;
        let trying = because("property").dry_run();
        let Some(tried) = self.ask(&trying, step, &target).await else { return Ok(false) };
        check(&self.picture().await, &before, "trying changes nothing", step)?;
        let caller = self.keyed(number);
        let done = self.ask(&caller, step, &target).await.expect("there was something before");
        let code = |outcome: &Result<(), Error>| outcome.as_ref().err().map(Error::code);
        check(&code(&tried), &code(&done), "trying tells the truth", step)?;
        let after = self.picture().await;
        if done.is_err() {
            check(&after, &before, "what is refused changes nothing", step)?;
            return Ok(false);
        }
        let again = self.ask(&caller, step, &target).await.expect("there was something before");
        check(&code(&again), &None, "a repeated request is answered", step)?;
        check(&self.picture().await, &after, "a repeated request changes nothing", step)?;
        Ok(true)
    }

    fn keyed(&self, number: usize) -> Caller {
        let key = format!("{}-{number}", self.customer).parse().unwrap();
        because("property").with_key(key)
    }
}

fn page<K: SortKey>() -> PageRequest<K> {
    PageRequest::new(None, 200).unwrap()
}

fn check<T: PartialEq + std::fmt::Debug>(
    left: &T,
    right: &T,
    law: &str,
    step: &Step,
) -> Result<(), TestCaseError> {
    if left == right {
        return Ok(());
    }
    Err(TestCaseError::fail(format!("{law}: {step:?}\nis     {left:?}\nshould {right:?}")))
}

async fn live_through(
    shop: &Shop,
    number: u32,
    plans: [PlanId; 2],
    steps: &[Step],
) -> Result<u32, TestCaseError> {
    let customer = shop.customer(number).await;
    let life = Life { shop, customer, plans };
    let mut done = 0;
    for (number, step) in steps.iter().enumerate() {
        if let Step::Days(days) = step {
            shop.clock.advance(SignedDuration::from_hours(24 * i64::from(*days)));
            shop.tick().await;
        }
        done += u32::from(life.live(number, step).await?);
    }
    // Nobody is billed any more while others live.
    for id in life.subscriptions().await {
        drop(shop.billing.cancel_subscription(&because("over"), id, CancelAt::Now).await);
    }
    Ok(done)
}

async fn any_request_may_be_tried_before_and_sent_again_after(engine: Engine) {
    let all_histories = move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let shop = runtime.block_on(Shop::new(engine));
        let plan = |name, price| runtime.block_on(shop.plan(name, terms(price)));
        let plans = [plan("home", 100_000), plan("fast", 150_000)];
        let (number, done) = (AtomicU32::new(1), AtomicU32::new(0));
        let config = Config { cases: HISTORIES, failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new(config);
        let outcome = runner.run(&collection::vec(step(), 1..12), |steps| {
            let number = number.fetch_add(1, Ordering::Relaxed);
            let lived = runtime.block_on(live_through(&shop, number, plans, &steps))?;
            done.fetch_add(lived, Ordering::Relaxed);
            Ok(())
        });
        let doctor = runtime.block_on(shop.billing.doctor()).unwrap();
        assert!(doctor.healthy(), "{:?}", doctor.findings);
        outcome.map_err(|error| error.to_string())?;
        let done = done.into_inner();
        assert!(done > HISTORIES, "only {done} requests were more than refused");
        Ok::<(), String>(())
    };
    tokio::task::spawn_blocking(all_histories).await.unwrap().unwrap();
}
