//! Reading accounts: everything a decision may need, a few statements for many customers.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use crate::customer::Customer;
use crate::invoice::Invoice;
use crate::kernel::error::Error;
use crate::kernel::ids::{CustomerId, InvoiceId, PlanId, SubscriptionId};
use crate::kernel::money::Money;
use crate::kernel::thing::Thing;
use crate::ledger::carry_over::Credit;
use crate::payment::Allocation;
use crate::store::Tx;
use crate::subscription::Subscription;
use crate::subscription::period::BilledPeriod;

use super::book::{CustomerAccount, Holder, Kept};
use super::desk::Desk;
use super::tracked::Tracked;

/// Locks a customer until the transaction ends and reads the account.
///
/// # Errors
///
/// [`Error::NotFound`] if there is no such customer.
pub async fn account(
    tx: &mut dyn Tx,
    desk: &mut Desk<'_>,
    customer: CustomerId,
) -> Result<CustomerAccount, Error> {
    let mut accounts = accounts(tx, desk, &[customer]).await?;
    accounts.pop().ok_or_else(|| Error::not_found(Thing::Customer, customer))
}

/// Locks customers in the order of their identifiers until the transaction ends, and reads their
/// accounts in that order.
///
/// # Errors
///
/// What the store reports.
pub async fn accounts(
    tx: &mut dyn Tx,
    desk: &mut Desk<'_>,
    customers: &[CustomerId],
) -> Result<Vec<CustomerAccount>, Error> {
    let mut locked = tx.customers_lock(customers).await?;
    locked.sort_by_key(|customer| customer.id);
    let ids: Vec<CustomerId> = locked.iter().map(|customer| customer.id).collect();
    let mut accounts: Vec<CustomerAccount> =
        locked.iter().map(|customer| CustomerAccount::empty(holder(desk, customer))).collect();
    let places: HashMap<CustomerId, usize> =
        ids.iter().enumerate().map(|(place, id)| (*id, place)).collect();
    read_subscriptions(tx, &ids, &mut accounts, &places).await?;
    read_invoices(tx, &ids, &mut accounts, &places).await?;
    for (customer, subscription, amount) in tx.credit_of(&ids).await? {
        add(&mut accounts, &places, customer, |account| {
            account.credit.push(Credit { subscription, amount });
        });
    }
    prepare(tx, desk, &accounts).await?;
    Ok(accounts)
}

fn holder(desk: &Desk<'_>, customer: &Customer) -> Holder {
    let currency = desk.settings.high_debt().currency();
    Holder {
        id: customer.id,
        credit_limit: customer.credit_limit.map(|limit| Money::new(limit.minor(), currency)),
        high_debt_since: customer.high_debt_since,
        credit_reminded_at: customer.credit_reminded_at,
    }
}

fn add(
    accounts: &mut [CustomerAccount],
    places: &HashMap<CustomerId, usize>,
    customer: CustomerId,
    put: impl FnOnce(&mut CustomerAccount),
) {
    if let Some(place) = places.get(&customer) {
        put(&mut accounts[*place]);
    }
}

/// Reads open invoices; what has paid them and what they took over, only where there is any.
async fn read_invoices(
    tx: &mut dyn Tx,
    ids: &[CustomerId],
    accounts: &mut [CustomerAccount],
    places: &HashMap<CustomerId, usize>,
) -> Result<(), Error> {
    let mut invoices: Vec<Invoice> = tx.invoices_open_of(ids).await?;
    let of = |wanted: fn(&Invoice) -> bool, invoices: &[Invoice]| -> Vec<InvoiceId> {
        invoices.iter().filter(|invoice| wanted(invoice)).map(|invoice| invoice.id).collect()
    };
    let begun = of(|invoice| invoice.paid.minor() > 0, &invoices);
    let carrying = of(|invoice| invoice.carried.minor() > 0, &invoices);
    if !carrying.is_empty() {
        invoices.retain(|invoice| invoice.carried.minor() == 0);
        invoices.extend(tx.invoices_with_sources(&carrying).await?);
        invoices.sort_by_key(|invoice| invoice.id);
    }
    for invoice in invoices {
        add(accounts, places, invoice.customer, |account| {
            account.invoices.push(Tracked::stored(invoice));
        });
    }
    if begun.is_empty() {
        return Ok(());
    }
    for allocation in tx.allocations_of_invoices(&begun).await? {
        add(accounts, places, allocation.customer, |account| {
            account.allocations.push(Tracked::stored(allocation));
        });
    }
    Ok(())
}

async fn read_subscriptions(
    tx: &mut dyn Tx,
    ids: &[CustomerId],
    accounts: &mut [CustomerAccount],
    places: &HashMap<CustomerId, usize>,
) -> Result<(), Error> {
    let all: Vec<Subscription> = tx.subscriptions_live_of(ids).await?;
    if all.is_empty() {
        return Ok(());
    }
    let of: Vec<SubscriptionId> = all.iter().map(|subscription| subscription.id).collect();
    let mut periods: HashMap<SubscriptionId, Vec<Tracked<BilledPeriod>>> = HashMap::new();
    for row in tx.periods_recent(&of).await? {
        periods.entry(row.subscription).or_default().push(Tracked::stored(row));
    }
    for subscription in all {
        let periods = periods.remove(&subscription.id).unwrap_or_default();
        add(accounts, places, subscription.customer, |account| {
            account.kept.push(Kept { subscription: Tracked::stored(subscription), periods });
        });
    }
    Ok(())
}

/// Puts on the desk what accounts name: plans, taxes and the last day of closed books.
async fn prepare(
    tx: &mut dyn Tx,
    desk: &mut Desk<'_>,
    accounts: &[CustomerAccount],
) -> Result<(), Error> {
    let kept = accounts.iter().flat_map(|account| &account.kept);
    let named: HashSet<PlanId> = kept
        .flat_map(|kept| [Some(kept.subscription.plan), kept.subscription.next_plan])
        .flatten()
        .collect();
    for plan in named {
        put_plan(tx, desk, plan).await?;
    }
    put_rules(tx, desk).await
}

/// Puts a plan on the desk.
///
/// # Errors
///
/// [`Error::NotFound`] if there is no such plan.
pub async fn put_plan(tx: &mut dyn Tx, desk: &mut Desk<'_>, plan: PlanId) -> Result<(), Error> {
    if let Entry::Vacant(place) = desk.plans.entry(plan) {
        let found = tx.plan_by_id(plan).await?;
        place.insert(found.ok_or_else(|| Error::not_found(Thing::Plan, plan))?);
    }
    Ok(())
}

async fn put_rules(tx: &mut dyn Tx, desk: &mut Desk<'_>) -> Result<(), Error> {
    desk.taxes.clear();
    for (name, rule) in tx.tax_rules_all().await? {
        desk.taxes.entry(name).or_default().push(rule);
    }
    desk.locked_through = tx.books_locked_through().await?;
    Ok(())
}

/// Adds invoices that are not open to an account, and all whose rest stands on them.
///
/// # Errors
///
/// What the store reports.
pub async fn add_invoices(
    tx: &mut dyn Tx,
    account: &mut CustomerAccount,
    ids: &[InvoiceId],
) -> Result<(), Error> {
    let known: HashSet<InvoiceId> = account.invoices.iter().map(|invoice| invoice.id).collect();
    let missing: Vec<InvoiceId> = ids.iter().copied().filter(|id| !known.contains(id)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let more: Vec<Invoice> = tx.invoices_with_sources(&missing).await?;
    let own = more.into_iter().filter(|invoice| !known.contains(&invoice.id));
    account.invoices.extend(own.map(Tracked::stored));
    account.invoices.sort_by_key(|invoice| invoice.id);
    Ok(())
}

/// Adds what a payment pays to an account, and the invoices it pays.
///
/// # Errors
///
/// What the store reports.
pub async fn add_paid_by(
    tx: &mut dyn Tx,
    account: &mut CustomerAccount,
    payment: crate::kernel::ids::PaymentId,
) -> Result<(), Error> {
    let paid: Vec<Allocation> = tx.allocations_of_payment(payment).await?;
    let invoices: Vec<InvoiceId> = paid.iter().map(|allocation| allocation.invoice).collect();
    add_invoices(tx, account, &invoices).await?;
    let known: HashSet<_> = account.allocations.iter().map(|allocation| allocation.id).collect();
    let more = paid.into_iter().filter(|allocation| !known.contains(&allocation.id));
    account.allocations.extend(more.map(Tracked::stored));
    account.allocations.sort_by_key(|allocation| allocation.id);
    Ok(())
}
