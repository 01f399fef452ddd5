//! Why an amount is what it is, and why a service is on or off: the chain of events behind it.

use jiff::Timestamp;
use uuid::Uuid;

use crate::audit::filter::AuditFilter;
use crate::audit::store::AuditRow;
use crate::invoice::{Invoice, InvoiceState};
use crate::kernel::error::Error;
use crate::kernel::ids::{CustomerId, LoginId, PaymentId, SubscriptionId};
use crate::kernel::money::{Currency, Money};
use crate::kernel::page::{PAGE_ITEMS_MAX, PageRequest};
use crate::kernel::thing::Thing;
use crate::ledger::statement::StatementLine;
use crate::plan::fair_use::UseEffect;
use crate::provisioning::{Login, Owner, SyncState};
use crate::report::store::StatementRange;
use crate::store::Tx;
use crate::subscription::period_use::PeriodUse;
use crate::subscription::{Subscription, SubscriptionState};
use crate::transact::snapshot;

use super::{Reader, credit, invoices};

/// One link of a chain of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// When it was.
    pub at: Timestamp,
    /// What it was, as a stable code, such as `invoice_issued` or `subscription.suspend`.
    pub code: String,
    /// What it was, in words.
    pub text: String,
    /// How much, if it was about money.
    pub amount: Option<Money>,
    /// What it was about.
    pub subject: Uuid,
}

/// Why something is as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// How it is now, in sentences.
    pub verdict: Vec<String>,
    /// What led to it, in the order in which it happened.
    pub facts: Vec<Fact>,
}

impl Explanation {
    fn of(verdict: Vec<String>, mut facts: Vec<Fact>) -> Self {
        facts.sort_by_key(|fact| fact.at);
        Self { verdict, facts }
    }
}

impl Reader {
    /// Why an invoice is what it is: its lines, what paid it, what was given back or taken over.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is none.
    pub async fn explain_invoice(&self, key: &str) -> Result<Explanation, Error> {
        snapshot!(self.store(), |tx| of_invoice(tx, key).await)
    }

    /// Why a customer owes what they owe, and is served as they are.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is no such customer.
    pub async fn explain_customer(&self, customer: CustomerId) -> Result<Explanation, Error> {
        let currency = self.currency();
        snapshot!(self.store(), |tx| of_customer(tx, customer, currency).await)
    }

    /// Why a subscription is served or not.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is none.
    pub async fn explain_subscription(&self, id: SubscriptionId) -> Result<Explanation, Error> {
        snapshot!(self.store(), |tx| of_subscription_id(tx, id).await)
    }

    /// Why a login works or not: what is wanted of it, what for, and how far its router has followed.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is none.
    pub async fn explain_login(&self, id: LoginId) -> Result<Explanation, Error> {
        snapshot!(self.store(), |tx| of_login(tx, id).await)
    }
}

fn fact(at: Timestamp, code: &str, text: String, amount: Option<Money>, subject: Uuid) -> Fact {
    Fact { at, code: code.to_owned(), text, amount, subject }
}

async fn of_invoice(tx: &mut dyn Tx, key: &str) -> Result<Explanation, Error> {
    let invoice = invoices::find(tx, key).await?;
    let facts = invoice_facts(tx, &invoice).await?;
    Ok(Explanation::of(vec![invoice_verdict(&invoice)?], facts))
}

fn invoice_verdict(invoice: &Invoice) -> Result<String, Error> {
    let Invoice { number, total, paid, due_on, .. } = invoice;
    Ok(match &invoice.state {
        InvoiceState::Open => {
            let rest = invoice.outstanding()?;
            format!("invoice {number} of {total} is due on {due_on}: {paid} paid, {rest} left")
        }
        InvoiceState::Paid { at } => format!("invoice {number} of {total} was paid at {at}"),
        InvoiceState::CarriedOver { into, .. } => {
            let rest = total.checked_sub(*paid)?;
            format!("the rest of invoice {number}, {rest}, stands on invoice {into}")
        }
        InvoiceState::Void { reason, .. } => format!("invoice {number} was withdrawn: {reason}"),
    })
}

async fn invoice_facts(tx: &mut dyn Tx, invoice: &Invoice) -> Result<Vec<Fact>, Error> {
    let subject = invoice.id.uuid();
    let mut facts: Vec<Fact> = invoice
        .lines
        .iter()
        .map(|line| {
            let sum = line.net.checked_add(line.tax)?;
            Ok(fact(invoice.created_at, "invoice_line", line.text.clone(), Some(sum), subject))
        })
        .collect::<Result<_, Error>>()?;
    let view = invoices::view(tx, invoice.clone()).await?;
    for allocation in view.allocations {
        let from = source(tx, allocation.payment).await?;
        let text = format!("paid from {from}");
        let id = allocation.id.uuid();
        facts.push(fact(allocation.made_at, "allocated", text, Some(allocation.amount), id));
        if let Some(at) = allocation.released_at {
            let text = format!("what {from} had paid was taken back");
            facts.push(fact(at, "released", text, Some(allocation.amount), id));
        }
    }
    for note in view.credit_notes {
        let text = format!("credit note {}: {}", note.number, note.reason);
        facts.push(fact(note.created_at, "credit_noted", text, Some(note.amount), note.id.uuid()));
    }
    facts.extend(trail(tx, subject).await?);
    Ok(facts)
}

async fn source(tx: &mut dyn Tx, payment: Option<PaymentId>) -> Result<String, Error> {
    let Some(id) = payment else { return Ok("credit".to_owned()) };
    let payment = tx.payment_by_id(id).await?;
    Ok(payment.map_or_else(|| "a payment".to_owned(), |found| format!("payment {}", found.number)))
}

/// The latest rows of the trail about one thing.
async fn trail(tx: &mut dyn Tx, subject: Uuid) -> Result<Vec<Fact>, Error> {
    let page = PageRequest::new(None, PAGE_ITEMS_MAX)?;
    let rows = tx.audit_page(&AuditFilter::about(subject), page).await?.items;
    Ok(rows.iter().map(row_fact).collect())
}

fn row_fact(row: &AuditRow) -> Fact {
    let state = row.after.get("state").and_then(|state| state.as_str());
    let mut text = format!("{} by {}", row.action, row.actor);
    if let Some(state) = state {
        text = format!("{text}: {state} from now on");
    }
    if let Some(reason) = &row.reason {
        text = format!("{text}, because {reason}");
    }
    fact(row.at, &row.action, text, None, row.subject)
}

async fn of_customer(
    tx: &mut dyn Tx,
    customer: CustomerId,
    currency: Currency,
) -> Result<Explanation, Error> {
    let mut verdict = Vec::new();
    for standing in credit::standing(tx, customer).await? {
        let credit = Money::sum(standing.currency, standing.credit.iter().map(|(_, held)| *held))?;
        let (owed, balance) = (standing.owed, standing.balance);
        verdict.push(format!("owes {owed}, has {credit} of credit: a balance of {balance}"));
    }
    if verdict.is_empty() {
        verdict.push("owes nothing and has no credit".to_owned());
    }
    for invoice in &tx.invoices_open_of(&[customer]).await? {
        verdict.push(invoice_verdict(invoice)?);
    }
    let mut facts = trail(tx, customer.uuid()).await?;
    for subscription in tx.subscriptions_live_of(&[customer]).await? {
        verdict.extend(subscription_verdict(tx, &subscription).await?);
        facts.extend(trail(tx, subscription.id.uuid()).await?);
    }
    facts.extend(booked(tx, customer, currency).await?);
    Ok(Explanation::of(verdict, facts))
}

/// Every entry of the books that concerns a customer.
async fn booked(
    tx: &mut dyn Tx,
    customer: CustomerId,
    currency: Currency,
) -> Result<Vec<Fact>, Error> {
    let (mut facts, mut range) = (Vec::new(), StatementRange::default());
    loop {
        let lines = tx.statement(customer, currency, &range, PAGE_ITEMS_MAX).await?;
        facts.extend(lines.iter().map(line_fact));
        match lines.last() {
            Some(last) if lines.len() == PAGE_ITEMS_MAX as usize => range.after = Some(last.entry),
            _ => return Ok(facts),
        }
    }
}

fn line_fact(line: &StatementLine) -> Fact {
    let numbers = [line.invoice.as_ref(), line.payment.as_ref()].into_iter().flatten();
    let about = numbers.map(ToString::to_string).chain(line.memo.clone());
    let about = about.collect::<Vec<_>>().join(", ");
    let text = format!("{}: {about}", line.cause.name().replace('_', " "));
    let amount = if line.change.is_zero() { line.moved } else { line.change };
    fact(line.recorded_at, line.cause.name(), text, Some(amount), line.cause.subject())
}

async fn of_subscription_id(tx: &mut dyn Tx, id: SubscriptionId) -> Result<Explanation, Error> {
    let found = tx.subscription_by_id(id).await?;
    let subscription = found.ok_or_else(|| Error::not_found(Thing::Subscription, id))?;
    of_subscription(tx, &subscription).await
}

async fn of_subscription(
    tx: &mut dyn Tx,
    subscription: &Subscription,
) -> Result<Explanation, Error> {
    let id = subscription.id;
    let mut verdict = subscription_verdict(tx, subscription).await?;
    let mut facts = trail(tx, id.uuid()).await?;
    for invoice in tx.invoices_open_of(&[subscription.customer]).await? {
        if invoice.subscription == Some(id) {
            verdict.push(invoice_verdict(&invoice)?);
            facts.extend(invoice_facts(tx, &invoice).await?);
        }
    }
    Ok(Explanation::of(verdict, facts))
}

async fn subscription_verdict(
    tx: &mut dyn Tx,
    subscription: &Subscription,
) -> Result<Vec<String>, Error> {
    let state = state_text(subscription);
    let mut verdict = vec![format!("subscription {} is {state}", subscription.id)];
    if let Some(used) = tx.use_of(subscription.id).await? {
        verdict.extend(use_text(subscription, &used));
    }
    if let Some(trouble) = &subscription.trouble {
        verdict.push(format!("it waits for a person: {trouble}"));
    }
    if let Some(login) = subscription.login
        && let Some(login) = tx.login_by_id(login).await?
    {
        verdict.push(login_text(&login));
    }
    Ok(verdict)
}

fn state_text(subscription: &Subscription) -> String {
    let until = subscription.service_until.map(|day| format!(", paid or trusted until {day}"));
    let until = until.unwrap_or_default();
    match subscription.state {
        SubscriptionState::Pending { since } => {
            format!("not served yet: it waits since {since} for its first payment")
        }
        SubscriptionState::Active { since } => format!("served since {since}{until}"),
        SubscriptionState::Overdue { since } => {
            format!("cut since {since} because it was not paid in time{until}")
        }
        SubscriptionState::Paused { since, resume_on: Some(day) } => {
            format!("paused since {since}, to go on by itself on {day}")
        }
        SubscriptionState::Paused { since, resume_on: None } => {
            format!("paused since {since}, until somebody resumes it")
        }
        SubscriptionState::Cancelled { since } => format!("over since {since}"),
    }
}

fn use_text(subscription: &Subscription, used: &PeriodUse) -> Option<String> {
    let (bytes, until) = (used.bytes(), used.due_at);
    let effect = subscription.terms.fair_use.as_ref()?.effect(subscription.use_step);
    let effect = match effect {
        None => return Some(format!("{bytes} bytes of its period used, at full speed")),
        Some(UseEffect::MoveToProfile(profile)) => format!("on profile {profile}"),
        Some(UseEffect::Disable) => "closed".to_owned(),
    };
    Some(format!("{bytes} bytes of its period used, {effect} until {until}"))
}

fn login_text(login: &Login) -> String {
    let follows = match &login.sync {
        SyncState::Applied { at } => format!("the router follows since {at}"),
        SyncState::Pending { last_error: Some(error), .. } => {
            format!("the router does not know yet: {error}")
        }
        SyncState::Pending { .. } => "the router does not know yet".to_owned(),
        SyncState::Blocked { error, .. } => format!("the router refuses: {error}"),
    };
    let (name, presence, profile) = (&login.name, login.presence.name(), &login.spec.profile);
    format!("login `{name}` ought to be {presence} on profile {profile}; {follows}")
}

async fn of_login(tx: &mut dyn Tx, id: LoginId) -> Result<Explanation, Error> {
    let login = tx.login_by_id(id).await?.ok_or_else(|| Error::not_found(Thing::Login, id))?;
    match login.owner {
        Owner::Subscription(subscription) => of_subscription_id(tx, subscription).await,
        Owner::Voucher(voucher) => {
            let found = tx.voucher_by_id(voucher).await?;
            let state = found.map_or("unknown", |voucher| voucher.state.name());
            let verdict = vec![format!("its voucher is {state}"), login_text(&login)];
            Ok(Explanation::of(verdict, trail(tx, voucher.uuid()).await?))
        }
    }
}
