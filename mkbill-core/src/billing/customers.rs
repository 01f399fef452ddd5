//! Use cases around customers: adding, changing, deleting, finding.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::account::desk::Desk;
use crate::audit::filter::{AuditFilter, AuditSort};
use crate::audit::store::AuditRow;
use crate::audit::{Act, Record};
use crate::customer::phone::PhoneNumber;
use crate::customer::store::{CustomerFilter, CustomerSort};
use crate::customer::tag::Tag;
use crate::customer::{
    Balance, Customer, CustomerChange, CustomerRefusal, CustomerStatus, NewCustomer,
};
use crate::kernel::caller::{Caller, Fingerprint, Mode};
use crate::kernel::context::Context;
use crate::kernel::error::Error;
use crate::kernel::ids::CustomerId;
use crate::kernel::language::said;
use crate::kernel::money::Money;
use crate::kernel::page::{Page, PageRequest};
use crate::kernel::permission::Permission;
use crate::kernel::thing::Thing;
use crate::request::{Asked, Once, once_about};
use crate::store::{StoreError, Tx};
use crate::transact::{snapshot, transact};

use super::batches::Receipt;
use super::desk::{finish, first_time, open};
use super::{Billing, Reader};

/// A customer with everything one wants to know beside it.
#[derive(Debug, Clone)]
pub struct CustomerView {
    /// The customer.
    pub customer: Customer,
    /// What they hold and owe, in each currency that they ever had something in.
    pub balances: Vec<Balance>,
    /// The words on them, in the order of their names.
    pub tags: Vec<Tag>,
}

impl Billing {
    /// Adds a customer. An initial balance is booked in the same commit.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] if another customer has the number.
    pub async fn add_customer(
        &self,
        caller: &Caller,
        request: NewCustomer,
    ) -> Result<Receipt<CustomerView>, Error> {
        let request = request.checked(self.currency())?;
        let context = self.permitted(caller, Permission::CustomersCreate)?;
        let (view, replayed) = transact!(self.store(), caller.mode, |tx| {
            add(tx, self.desk(context).await?, &request).await
        })?;
        let value = self.denominated(view);
        Ok(Receipt { value, replayed, dry_run: caller.mode == Mode::DryRun })
    }

    /// Changes what is known of a customer.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] if another customer has the new number, and a [`CustomerRefusal`] if this
    /// one is deleted or anonymous.
    pub async fn change_customer(
        &self,
        caller: &Caller,
        key: &str,
        change: CustomerChange,
    ) -> Result<CustomerView, Error> {
        let change = change.checked(self.currency())?;
        let context = self.permitted(caller, Permission::CustomersEdit)?;
        let view = transact!(self.store(), caller.mode, |tx| {
            change_one(self, tx, context, key, &change).await
        })?;
        Ok(self.denominated(view))
    }

    /// Deletes a customer: no list shows them any more and their number may be used again. Their
    /// books, invoices and payments stay.
    ///
    /// # Errors
    ///
    /// [`CustomerRefusal::HasSubscriptions`] while a subscription is not cancelled.
    pub async fn delete_customer(&self, caller: &Caller, key: &str) -> Result<CustomerView, Error> {
        let context = self.permitted(caller, Permission::CustomersDelete)?;
        let view =
            transact!(self.store(), caller.mode, |tx| { delete(self, tx, context, key).await })?;
        Ok(self.denominated(view))
    }
}

impl Reader {
    /// One customer, by identity (deleted or not) or by number in any spelling.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is none.
    pub async fn customer(&self, key: &str) -> Result<CustomerView, Error> {
        let view = snapshot!(self.store(), |tx| found_view(self, tx, key).await)?;
        Ok(self.denominated(view))
    }

    /// Customers, newest first if asked for in no order; deleted ones are left out. Who comes to owe more
    /// or less between two pages may be seen twice or not at all in the order by debt.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for balances and debts in different currencies.
    pub async fn customers(
        &self,
        filter: &CustomerFilter,
        page: PageRequest<CustomerSort>,
    ) -> Result<Page<CustomerView>, Error> {
        check(filter)?;
        let currency = filter.currency.or(Some(self.currency()));
        let filter = &CustomerFilter { currency, ..filter.clone() };
        let page = snapshot!(self.store(), |tx| page_of(tx, filter, page).await)?;
        let items = page.items.into_iter().map(|view| self.denominated(view)).collect();
        Ok(Page { items, next: page.next })
    }

    /// What was done to a customer; newest first if asked for in no order. No entry holds a name, number or address.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is no such customer.
    pub async fn customer_activity(
        &self,
        key: &str,
        page: PageRequest<AuditSort>,
    ) -> Result<Page<AuditRow>, Error> {
        snapshot!(self.store(), |tx| activity(self, tx, key, page).await)
    }

    /// Stores keep the limit of debt without its currency, which is that of the engine.
    pub(super) fn denominated(&self, view: CustomerView) -> CustomerView {
        CustomerView { customer: view.customer.in_currency(self.currency()), ..view }
    }
}

fn check(filter: &CustomerFilter) -> Result<(), Error> {
    let named = [filter.balance_min, filter.balance_max].map(|named| named.map(Money::currency));
    let mut currencies = named.into_iter().chain([filter.currency]).flatten();
    let first = currencies.next();
    if currencies.any(|currency| Some(currency) != first) {
        let text = said!(
            "use one currency for balance_min, balance_max and debts",
            "gunakan satu mata uang untuk balance_min, balance_max dan utang"
        );
        return Err(Error::invalid("balance_max", text));
    }
    Ok(())
}

async fn add(
    tx: &mut dyn Tx,
    mut desk: Desk<'_>,
    request: &NewCustomer,
) -> Result<(CustomerView, bool), Error> {
    let id = desk.id(CustomerId::in_run);
    let input = Fingerprint::of("customer.add", &[request]);
    if let Once::Again(made) = first_time(tx, &desk, input, id.uuid()).await? {
        return Ok((view_of(tx, CustomerId::from_uuid(made)).await?, true));
    }
    let customer = desk.addressed(request.clone()).into_customer(id, desk.context.now);
    if !tx.customer_insert(&customer).await? {
        return Err(taken(&customer.phone));
    }
    tx.customer_tags_replace(id, &request.tags).await?;
    tx.customer_contacts_replace(id, &request.contacts).await?;
    let after = json!({ "tags": request.tags.len(), "contacts": request.contacts.len() });
    note(tx, desk.context, "customer.add", id, after).await?;
    if let Some(amount) = request.initial_balance {
        let mut account = open(tx, &mut desk, id).await?;
        account.open_with(&desk, amount)?;
        finish(tx, &desk, account).await?;
    }
    Ok((view_of(tx, id).await?, false))
}

async fn change_one(
    billing: &Billing,
    tx: &mut dyn Tx,
    context: Context<'_>,
    key: &str,
    change: &CustomerChange,
) -> Result<CustomerView, Error> {
    let input = Fingerprint::of("customer.change", &[&key, change]);
    let (id, once) = claimed(billing, tx, context, key, input).await?;
    if once == Once::First {
        let before = locked(tx, id).await?;
        context.caller.has_seen(before.revision)?;
        before.may_be_changed()?;
        let customer = change.clone().apply(before.clone(), context.now);
        if customer.phone != before.phone && tx.customer_by_phone(&customer.phone).await?.is_some()
        {
            return Err(taken(&customer.phone));
        }
        replace(tx, &customer).await?;
        let status = change.status.map(CustomerStatus::name);
        let after = json!({ "changed": change.fields(), "status": status });
        note(tx, context, "customer.change", id, after).await?;
    }
    view_of(tx, id).await
}

async fn delete(
    billing: &Billing,
    tx: &mut dyn Tx,
    context: Context<'_>,
    key: &str,
) -> Result<CustomerView, Error> {
    let input = Fingerprint::of("customer.delete", &[&key]);
    let (id, once) = claimed(billing, tx, context, key, input).await?;
    if once == Once::First {
        let customer = locked(tx, id).await?;
        context.caller.has_seen(customer.revision)?;
        if customer.deleted_at.is_some() {
            return Err(CustomerRefusal::Deleted.into());
        }
        check_cancelled(tx, id).await?;
        let (deleted_at, updated_at) = (Some(context.now), context.now);
        replace(tx, &Customer { deleted_at, updated_at, ..customer }).await?;
        note(tx, context, "customer.delete", id, Value::Null).await?;
    }
    view_of(tx, id).await
}

async fn activity(
    reader: &Reader,
    tx: &mut dyn Tx,
    key: &str,
    page: PageRequest<AuditSort>,
) -> Result<Page<AuditRow>, Error> {
    let id = find(reader, tx, key).await?.id;
    Ok(tx.audit_page(&AuditFilter::about(id.uuid()), page).await?)
}

fn taken(phone: &PhoneNumber) -> Error {
    Error::conflict(
        Thing::Customer,
        said!("another customer has the number {phone}", "pelanggan lain memakai nomor {phone}"),
    )
}

/// Writes down what was done to a customer: `after` holds no personal values.
pub(super) async fn note(
    tx: &mut dyn Tx,
    context: Context<'_>,
    action: &'static str,
    id: CustomerId,
    after: Value,
) -> Result<(), Error> {
    Ok(tx.audit_append(&[record(context, action, id, after)]).await?)
}

/// A row of the trail about a customer: `after` holds no personal values.
pub(super) fn record(
    context: Context<'_>,
    action: &'static str,
    id: CustomerId,
    after: Value,
) -> Record {
    let act = Act { action, subject_kind: "customer", subject: id.uuid() };
    Record::new(context, act, Value::Null, after)
}

/// Writes a changed customer.
pub(super) async fn replace(tx: &mut dyn Tx, customer: &Customer) -> Result<(), Error> {
    if tx.customer_replace(customer).await? {
        Ok(())
    } else {
        Err(StoreError::Overtaken { what: "customer" }.into())
    }
}

/// Finds a customer and claims the caller's key for a change of it. Who has another number since that
/// change, or was deleted by it, is still found when it is asked for again.
pub(super) async fn claimed(
    billing: &Billing,
    tx: &mut dyn Tx,
    context: Context<'_>,
    key: &str,
    input: Fingerprint,
) -> Result<(CustomerId, Once), Error> {
    let found = find(billing, tx, key).await;
    let asked = once_about(tx, context, input, found, |customer| customer.id.uuid()).await?;
    Ok(match asked {
        Asked::First(customer) => (customer.id, Once::First),
        Asked::Again(id) => (CustomerId::from_uuid(id), Once::Again(id)),
    })
}

/// Nobody goes who keeps a subscription.
pub(super) async fn check_cancelled(tx: &mut dyn Tx, id: CustomerId) -> Result<(), Error> {
    match tx.subscriptions_live_of(&[id]).await?.len() {
        0 => Ok(()),
        kept => Err(CustomerRefusal::HasSubscriptions(kept).into()),
    }
}

/// One customer, locked until the transaction ends.
pub(super) async fn locked(tx: &mut dyn Tx, id: CustomerId) -> Result<Customer, Error> {
    let found = tx.customers_lock(&[id]).await?.pop();
    found.ok_or_else(|| Error::not_found(Thing::Customer, id))
}

/// One customer, by identity or number.
pub(super) async fn find(reader: &Reader, tx: &mut dyn Tx, key: &str) -> Result<Customer, Error> {
    let found = match key.parse::<CustomerId>() {
        Ok(id) => tx.customer_by_id(id).await?,
        Err(_) => match PhoneNumber::parse(key, reader.region()) {
            Ok(phone) => tx.customer_by_phone(&phone).await?,
            Err(_) => None,
        },
    };
    found.ok_or_else(|| Error::not_found(Thing::Customer, key))
}

async fn found_view(reader: &Reader, tx: &mut dyn Tx, key: &str) -> Result<CustomerView, Error> {
    let customer = find(reader, tx, key).await?;
    one_view(tx, customer).await
}

/// A customer as it stands now.
pub(super) async fn view_of(tx: &mut dyn Tx, id: CustomerId) -> Result<CustomerView, Error> {
    let customer = tx.customer_by_id(id).await?;
    one_view(tx, customer.ok_or_else(|| Error::not_found(Thing::Customer, id))?).await
}

pub(super) async fn one_view(tx: &mut dyn Tx, customer: Customer) -> Result<CustomerView, Error> {
    let id = customer.id;
    let view = views(tx, vec![customer]).await?.pop();
    view.ok_or_else(|| Error::not_found(Thing::Customer, id))
}

async fn page_of(
    tx: &mut dyn Tx,
    filter: &CustomerFilter,
    page: PageRequest<CustomerSort>,
) -> Result<Page<CustomerView>, Error> {
    let page = tx.customer_page(filter, page).await?;
    Ok(Page { items: views(tx, page.items).await?, next: page.next })
}

/// Customers with what is beside them, read at once.
pub(super) async fn views(
    tx: &mut dyn Tx,
    customers: Vec<Customer>,
) -> Result<Vec<CustomerView>, Error> {
    let ids: Vec<CustomerId> = customers.iter().map(|customer| customer.id).collect();
    let mut balances: HashMap<CustomerId, Vec<Balance>> = HashMap::new();
    for (id, balance) in tx.customer_balances(&ids).await? {
        balances.entry(id).or_default().push(balance);
    }
    let mut tags: HashMap<CustomerId, Vec<Tag>> = HashMap::new();
    for (id, tag) in tx.customer_tags(&ids).await? {
        tags.entry(id).or_default().push(tag);
    }
    let view = |customer: Customer| {
        let balances = balances.remove(&customer.id).unwrap_or_default();
        let tags = tags.remove(&customer.id).unwrap_or_default();
        CustomerView { customer, balances, tags }
    };
    Ok(customers.into_iter().map(view).collect())
}
