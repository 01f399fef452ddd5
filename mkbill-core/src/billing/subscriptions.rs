//! Use cases around subscriptions.

use jiff::civil::Date;
use serde_json::{Value, json};

use crate::account::book::CustomerAccount;
use crate::account::desk::Desk;
use crate::account::load;
use crate::account::plan_change::Difference;
use crate::account::subscribe::NewSubscription;
use crate::audit::{Act, Record};
use crate::invoice::{Invoice, InvoiceKind, InvoiceState};
use crate::kernel::caller::{Caller, Fingerprint, Mode};
use crate::kernel::error::Error;
use crate::kernel::ids::{CustomerId, PlanId, SubscriptionId};
use crate::kernel::language::said;
use crate::kernel::money::Money;
use crate::kernel::page::{Page, PageRequest};
use crate::kernel::permission::Permission;
use crate::kernel::thing::Thing;
use crate::kernel::time::BusinessZone;
use crate::plan::Plan;
use crate::provisioning::Login;
use crate::request::Once;
use crate::store::Tx;
use crate::subscription::period::BilledPeriod;
use crate::subscription::store::{SubscriptionFilter, SubscriptionSort};
use crate::subscription::{Discount, Subscription, SubscriptionRefusal};
use crate::transact::{reading, snapshot, transact};
use crate::voucher::issue::wake_router;

use super::batches::Receipt;
use super::desk::{finish, first_time, open};
use super::logins::{self, ForSubscription, SubscriberLogin};
use super::{Billing, Reader, invoices};

/// The most subscriptions that one request makes.
pub const SUBSCRIBE_MAX: usize = 1_000;

/// A subscription to be made.
#[derive(Debug, Clone)]
pub struct Subscribe {
    /// Who keeps it.
    pub customer: CustomerId,
    /// Which plan.
    pub plan: PlanId,
    /// The zone of its days; that of the customer, else that of the business.
    pub zone: Option<BusinessZone>,
    /// What is taken off its price.
    pub discount: Discount,
    /// The login on a router that it opens and closes.
    pub login: Option<SubscriberLogin>,
}

/// When a plan changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeAt {
    /// Now; the rest of the period is charged at the new price and given back at the old one.
    Now,
    /// With the next period that is billed.
    NextPeriod,
}

/// When a subscription ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelAt {
    /// Now; what was paid for days to come is not given back.
    Now,
    /// Now; what was paid for days to come becomes credit.
    NowWithCredit,
    /// With the period that is being served.
    PeriodEnd,
}

/// A subscription with everything one wants to know beside it.
#[derive(Debug, Clone)]
pub struct SubscriptionView {
    /// The subscription.
    pub subscription: Subscription,
    /// Its plan as it is now; the subscription has the terms it was made on.
    pub plan: Plan,
    /// All its periods, in their order.
    pub periods: Vec<BilledPeriod>,
    /// Its open invoices, in the order of issue.
    pub open: Vec<Invoice>,
    /// Its login on a router, and how far the router has followed.
    pub login: Option<Login>,
}

/// What a person asks to be done to a subscription.
#[derive(Debug, Clone)]
enum Wish {
    Pause(Option<Date>),
    Resume,
    Cancel(CancelAt),
    Change(PlanId, ChangeAt),
    Discount(Discount),
    Bill,
    Prepay,
}

impl Billing {
    /// Makes a subscription on the terms of its plan and issues its first invoice. It is served at once
    /// or with its first payment, as the plan says.
    ///
    /// # Errors
    ///
    /// A refusal for a blacklisted customer, or a plan that sells vouchers or is retired.
    pub async fn subscribe(
        &self,
        caller: &Caller,
        request: Subscribe,
    ) -> Result<Receipt<SubscriptionView>, Error> {
        let request = Subscribe { discount: request.discount.checked()?, ..request };
        let context = self.permitted(caller, Permission::SubscriptionsCreate)?;
        let (value, replayed) = transact!(self.store(), caller.mode, |tx| {
            subscribe(tx, self.desk(context).await?, &request).await
        })?;
        Ok(Receipt { value, replayed, dry_run: caller.mode == Mode::DryRun })
    }

    /// Makes many subscriptions, each by itself: one that is refused holds up no other. Answers one
    /// outcome for each, in their order; of one that could not be read, its error. If the caller has a key, each has one of its own, so that
    /// the same request again goes on where it was interrupted.
    ///
    /// A dry run tries each of them alone: it does not see that two of them want the same name.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for none, or for more than [`SUBSCRIBE_MAX`].
    pub async fn subscribe_many(
        &self,
        caller: &Caller,
        requests: Vec<Result<Subscribe, Error>>,
    ) -> Result<Vec<Result<Receipt<SubscriptionView>, Error>>, Error> {
        caller.must(Permission::SubscriptionsCreate)?;
        if !(1..=SUBSCRIBE_MAX).contains(&requests.len()) {
            return Err(Error::invalid(
                "items",
                said!("give 1 to {SUBSCRIBE_MAX}", "isi 1 sampai {SUBSCRIBE_MAX}"),
            ));
        }
        let mut outcomes = Vec::with_capacity(requests.len());
        for (position, request) in requests.into_iter().enumerate() {
            outcomes.push(match request {
                Ok(request) => self.subscribe(&caller.for_item(position), request).await,
                Err(error) => Err(error),
            });
        }
        Ok(outcomes)
    }

    /// Stops a subscription by wish, until a day or until it is resumed. Nothing is charged meanwhile.
    ///
    /// # Errors
    ///
    /// A refusal unless it is active, or for a day that is not to come.
    pub async fn pause_subscription(
        &self,
        caller: &Caller,
        id: SubscriptionId,
        resume_on: Option<Date>,
    ) -> Result<SubscriptionView, Error> {
        caller.must(Permission::SubscriptionsEdit)?;
        self.change_subscription(caller, id, Wish::Pause(resume_on)).await
    }

    /// Lets a paused subscription go on.
    ///
    /// # Errors
    ///
    /// A refusal unless it is paused, or for a blacklisted customer.
    pub async fn resume_subscription(
        &self,
        caller: &Caller,
        id: SubscriptionId,
    ) -> Result<SubscriptionView, Error> {
        caller.must(Permission::SubscriptionsEdit)?;
        self.change_subscription(caller, id, Wish::Resume).await
    }

    /// Ends a subscription. Invoices for days that were not begun are withdrawn.
    ///
    /// # Errors
    ///
    /// A refusal if it is over already.
    pub async fn cancel_subscription(
        &self,
        caller: &Caller,
        id: SubscriptionId,
        at: CancelAt,
    ) -> Result<SubscriptionView, Error> {
        caller.must(Permission::SubscriptionsDelete)?;
        self.change_subscription(caller, id, Wish::Cancel(at)).await
    }

    /// Moves a subscription to another plan.
    ///
    /// # Errors
    ///
    /// A refusal for a plan that does not fit, or for a change now while an invoice is open.
    pub async fn change_subscription_plan(
        &self,
        caller: &Caller,
        id: SubscriptionId,
        plan: PlanId,
        at: ChangeAt,
    ) -> Result<SubscriptionView, Error> {
        caller.must(Permission::SubscriptionsEdit)?;
        self.change_subscription(caller, id, Wish::Change(plan, at)).await
    }

    /// Changes what is taken off the price of the periods that are billed from now on.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a discount out of bounds.
    pub async fn discount_subscription(
        &self,
        caller: &Caller,
        id: SubscriptionId,
        discount: Discount,
    ) -> Result<SubscriptionView, Error> {
        caller.must(Permission::SubscriptionsEdit)?;
        self.change_subscription(caller, id, Wish::Discount(discount.checked()?)).await
    }

    /// Issues the invoice of the next period now, whenever it would be due.
    ///
    /// # Errors
    ///
    /// A refusal if the subscription is over.
    pub async fn bill_subscription(
        &self,
        caller: &Caller,
        id: SubscriptionId,
    ) -> Result<SubscriptionView, Error> {
        caller.must(Permission::SubscriptionsEdit)?;
        self.change_subscription(caller, id, Wish::Bill).await
    }

    /// Bills as many of the next periods as the customer's credit pays for in full.
    ///
    /// # Errors
    ///
    /// A refusal if the subscription is over.
    pub async fn prepay_subscription(
        &self,
        caller: &Caller,
        id: SubscriptionId,
    ) -> Result<SubscriptionView, Error> {
        caller.must(Permission::SubscriptionsEdit)?;
        self.change_subscription(caller, id, Wish::Prepay).await
    }

    /// Lets the engine look again at a subscription that it could not bill, or whose login the router
    /// had refused.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if it is in no such trouble.
    pub async fn retry_subscription(
        &self,
        caller: &Caller,
        id: SubscriptionId,
    ) -> Result<SubscriptionView, Error> {
        let context = self.permitted(caller, Permission::SubscriptionsEdit)?;
        let view =
            transact!(self.store(), caller.mode, |tx| retry(tx, self.desk(context).await?, id)
                .await)?;
        Ok(view)
    }

    async fn change_subscription(
        &self,
        caller: &Caller,
        id: SubscriptionId,
        wish: Wish,
    ) -> Result<SubscriptionView, Error> {
        let context = self.context(caller);
        let view = transact!(self.store(), caller.mode, |tx| {
            change(tx, self.desk(context).await?, id, &wish).await
        })?;
        Ok(view)
    }
}

impl Reader {
    /// One subscription.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is none.
    pub async fn subscription(&self, id: SubscriptionId) -> Result<SubscriptionView, Error> {
        snapshot!(self.store(), |tx| view(tx, id).await)
    }

    /// Subscriptions; newest first if asked for in no order.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn subscriptions(
        &self,
        filter: &SubscriptionFilter,
        page: PageRequest<SubscriptionSort>,
    ) -> Result<Page<Subscription>, Error> {
        reading!(self.store(), |tx| tx.subscription_page(filter, page).await)
    }
}

async fn by_id(tx: &mut dyn Tx, id: SubscriptionId) -> Result<Subscription, Error> {
    tx.subscription_by_id(id).await?.ok_or_else(|| Error::not_found(Thing::Subscription, id))
}

async fn view(tx: &mut dyn Tx, id: SubscriptionId) -> Result<SubscriptionView, Error> {
    let subscription = by_id(tx, id).await?;
    let plan = tx.plan_by_id(subscription.plan).await?;
    let plan = plan.ok_or_else(|| Error::broken(format!("subscription {id} has lost its plan")))?;
    let periods = tx.periods_of(id).await?;
    let open = tx.invoices_open_of(&[subscription.customer]).await?;
    let own = |invoice: &Invoice| invoice.is_open() && invoice.subscription == Some(id);
    let open = open.into_iter().filter(own).collect();
    let login = match subscription.login {
        Some(login) => tx.login_by_id(login).await?,
        None => None,
    };
    Ok(SubscriptionView { subscription, plan, periods, open, login })
}

async fn subscribe(
    tx: &mut dyn Tx,
    mut desk: Desk<'_>,
    request: &Subscribe,
) -> Result<(SubscriptionView, bool), Error> {
    let id = desk.id(SubscriptionId::in_run);
    let input = Fingerprint::of("subscription.add", &[request]);
    if let Once::Again(made) = first_time(tx, &desk, input, id.uuid()).await? {
        return Ok((view(tx, SubscriptionId::from_uuid(made)).await?, true));
    }
    let mut account = open(tx, &mut desk, request.customer).await?;
    load::put_plan(tx, &mut desk, request.plan).await?;
    if let Some(wanted) = &request.login {
        let service = desk.plan(request.plan)?.terms_for_subscription()?.service;
        logins::refuse_existing(tx, &account, service, wanted).await?;
    }
    let customer = tx.customer_by_id(request.customer).await?;
    let customer = customer.ok_or_else(|| Error::not_found(Thing::Customer, request.customer))?;
    customer.may_start_service()?;
    let zone = request.zone.clone().or_else(|| customer.zone.clone());
    let zone = zone.unwrap_or_else(|| desk.context.zone.clone());
    let made = match &request.login {
        Some(wanted) => {
            let plan = desk.plan(request.plan)?;
            let new = ForSubscription {
                customer: request.customer,
                subscription: id,
                terms: plan.terms_for_subscription()?,
                profile: &plan.router_profile,
            };
            Some(logins::make(tx, desk.context, new, wanted).await?)
        }
        None => None,
    };
    let login = made.as_ref().map(|login| login.id);
    let new = NewSubscription { id, plan: request.plan, login, zone, discount: request.discount };
    account.subscribe(&desk, new)?;
    let account = finish(tx, &desk, account).await?;
    if let Some(made) = made {
        logins::insert(tx, &desk, &account, made).await?;
    }
    Ok((view(tx, id).await?, false))
}

async fn change(
    tx: &mut dyn Tx,
    mut desk: Desk<'_>,
    id: SubscriptionId,
    wish: &Wish,
) -> Result<SubscriptionView, Error> {
    let customer = by_id(tx, id).await?.customer;
    let input = Fingerprint::of("subscription.change", &[&id, wish]);
    if first_time(tx, &desk, input, id.uuid()).await? == Once::First {
        let mut account = open(tx, &mut desk, customer).await?;
        if let Wish::Change(plan, _) = wish {
            load::put_plan(tx, &mut desk, *plan).await?;
        }
        if let Wish::Resume = wish {
            let customer = tx.customer_by_id(customer).await?;
            customer.map_or(Ok(()), |customer| customer.may_start_service())?;
        }
        let index = alive(tx, &account, id).await?;
        desk.context.caller.has_seen(account.kept[index].subscription.revision)?;
        grant(tx, &desk, &mut account, index, wish).await?;
        finish(tx, &desk, account).await?;
    }
    view(tx, id).await
}

/// Where a subscription stands in the account; one that is over is refused.
async fn alive(
    tx: &mut dyn Tx,
    account: &CustomerAccount,
    id: SubscriptionId,
) -> Result<usize, Error> {
    if let Ok(index) = account.find(id) {
        return Ok(index);
    }
    let state = by_id(tx, id).await?.state.name();
    let act = said!("changed any more", "diubah lagi");
    let advice = said!("make a new subscription", "buat langganan baru");
    Err(SubscriptionRefusal::State { state, act, advice }.into())
}

async fn grant(
    tx: &mut dyn Tx,
    desk: &Desk<'_>,
    account: &mut CustomerAccount,
    index: usize,
    wish: &Wish,
) -> Result<(), Error> {
    match wish {
        Wish::Pause(resume_on) => account.pause(desk, index, *resume_on),
        Wish::Resume => account.resume(desk, index),
        Wish::Cancel(CancelAt::PeriodEnd) => account.cancel_at_end(desk, index),
        Wish::Cancel(at) => cancel(tx, desk, account, index, *at).await,
        Wish::Change(plan, ChangeAt::NextPeriod) => account.change_plan_later(desk, index, *plan),
        Wish::Change(plan, ChangeAt::Now) => change_now(tx, desk, account, index, *plan).await,
        Wish::Discount(discount) => {
            account.set_discount(desk, index, *discount);
            Ok(())
        }
        Wish::Bill => account.issue_period(desk, index).map(drop),
        Wish::Prepay => account.prepay(desk, index).map(drop),
    }
}

async fn cancel(
    tx: &mut dyn Tx,
    desk: &Desk<'_>,
    account: &mut CustomerAccount,
    index: usize,
    at: CancelAt,
) -> Result<(), Error> {
    for invoice in account.not_begun(desk, index) {
        account.void(desk, invoice, "the subscription was cancelled")?;
    }
    if at == CancelAt::NowWithCredit
        && let Some((invoice, amount)) = unused(tx, desk, account, index).await?
    {
        give_back(tx, desk, account, &invoice, amount, "days that are not used").await?;
    }
    account.cancel(desk, index)
}

async fn change_now(
    tx: &mut dyn Tx,
    desk: &Desk<'_>,
    account: &mut CustomerAccount,
    index: usize,
    plan: PlanId,
) -> Result<(), Error> {
    let Difference::Owed(amount) = account.change_plan_now(desk, index, plan)? else {
        return Ok(());
    };
    match current_invoice(tx, desk, account, index).await? {
        Some(invoice) => give_back(tx, desk, account, &invoice, amount, "a cheaper plan").await,
        None => Ok(()),
    }
}

/// The paid invoice of the period that is being served.
async fn current_invoice(
    tx: &mut dyn Tx,
    desk: &Desk<'_>,
    account: &CustomerAccount,
    index: usize,
) -> Result<Option<Invoice>, Error> {
    let kept = &account.kept[index];
    let today = desk.date_in(&kept.subscription.zone);
    let Some(row) = kept.periods.iter().find(|row| row.period.contains(today)) else {
        return Ok(None);
    };
    let invoice = tx.invoice_of_period(kept.subscription.id, row.number).await?;
    let paid = |invoice: &Invoice| matches!(invoice.state, InvoiceState::Paid { .. });
    Ok(invoice.filter(|invoice| paid(invoice) && invoice.kind == InvoiceKind::Period))
}

async fn unused(
    tx: &mut dyn Tx,
    desk: &Desk<'_>,
    account: &CustomerAccount,
    index: usize,
) -> Result<Option<(Invoice, Money)>, Error> {
    let Some(invoice) = current_invoice(tx, desk, account, index).await? else { return Ok(None) };
    let kept = &account.kept[index];
    let today = desk.date_in(&kept.subscription.zone);
    let Some(row) = kept.periods.iter().find(|row| row.period.contains(today)) else {
        return Ok(None);
    };
    let (left, of) = (row.period.days_left(today), row.period.days());
    let amount = invoice.charged()?.share(left, of)?;
    Ok(Some((invoice, amount)))
}

async fn give_back(
    tx: &mut dyn Tx,
    desk: &Desk<'_>,
    account: &mut CustomerAccount,
    invoice: &Invoice,
    amount: Money,
    reason: &str,
) -> Result<(), Error> {
    let before = invoices::noted(tx, invoice).await?;
    let amount = amount.least(invoice.charged()?.checked_sub(before)?)?;
    if amount.minor() <= 0 {
        return Ok(());
    }
    load::add_invoices(tx, account, &[invoice.id]).await?;
    account.credit_note(desk, invoice.id, amount, before, reason).map(drop)
}

async fn retry(
    tx: &mut dyn Tx,
    mut desk: Desk<'_>,
    id: SubscriptionId,
) -> Result<SubscriptionView, Error> {
    let customer = by_id(tx, id).await?.customer;
    let input = Fingerprint::of("subscription.retry", &[&id]);
    if first_time(tx, &desk, input, id.uuid()).await? == Once::First {
        open(tx, &mut desk, customer).await?;
        desk.context.caller.has_seen(by_id(tx, id).await?.revision)?;
        let unparked = tx.subscription_unpark(id).await?;
        let unblocked = retry_login(tx, &desk, id).await?;
        if !unparked && !unblocked {
            return Err(Error::not_found(Thing::TroubledSubscription, id));
        }
        let act =
            Act { action: "subscription.retry", subject_kind: "subscription", subject: id.uuid() };
        let after = json!({ "billed_again": unparked, "login_pushed_again": unblocked });
        tx.audit_append(&[Record::new(desk.context, act, Value::Null, after)]).await?;
    }
    view(tx, id).await
}

/// Lets the worker push a login again that the router had refused.
async fn retry_login(tx: &mut dyn Tx, desk: &Desk<'_>, id: SubscriptionId) -> Result<bool, Error> {
    let Some(login) = tx.login_of_subscription(id).await? else { return Ok(false) };
    let unblocked = tx.login_retry(login.id).await?;
    if unblocked {
        wake_router(tx, desk.context, login.router).await?;
    }
    Ok(unblocked)
}
