//! Use cases around what is known of customers: tags, contacts, doubles, figures, and forgetting.

use serde_json::json;

use crate::customer::contact::{self, Contact};
use crate::customer::phone::PhoneNumber;
use crate::customer::store::{DebtTally, Duplicate, NewTally, TagTally};
use crate::customer::tag::{Tag, TagEdit};
use crate::customer::{Balance, Customer, CustomerRefusal, CustomerStatus};
use crate::invoice::Invoice;
use crate::invoice::store::InvoiceFilter;
use crate::kernel::caller::{Caller, Fingerprint};
use crate::kernel::context::Context;
use crate::kernel::error::Error;
use crate::kernel::ids::CustomerId;
use crate::kernel::language::said;
use crate::kernel::money::Currency;
use crate::kernel::page::{PAGE_ITEMS_MAX, PageRequest};
use crate::kernel::permission::Permission;
use crate::kernel::thing::Thing;
use crate::payment::Payment;
use crate::payment::store::PaymentFilter;
use crate::request::Once;
use crate::settings::Business;
use crate::store::Tx;
use crate::subscription::Subscription;
use crate::subscription::store::SubscriptionFilter;
use crate::transact::{reading, snapshot, transact};

use super::credit::{Standing, standing};
use super::customers::{
    CustomerView, check_cancelled, claimed, find, locked, note, one_view, replace, view_of,
};
use super::{Billing, Reader};

/// How many groups of possible doubles are named at once.
const DUPLICATES_MAX: u32 = 200;
/// How many tags are counted.
const TAGS_COUNTED_MAX: u32 = 100;
/// How many numbers that stand for nobody are tried before the next one must be free.
const NOBODIES_TRIED_MAX: u128 = 1_000;

/// How customers stand as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerStatistics {
    /// How many there are of each status that occurs; deleted ones are left out.
    pub by_status: Vec<(CustomerStatus, u64)>,
    /// How many were added lately; deleted ones are left out.
    pub new: NewTally,
    /// What all hold and owe in the currency of the engine, deleted ones included.
    pub debt: DebtTally,
}

/// Everything that is kept of one customer.
#[derive(Debug, Clone)]
pub struct CustomerFile {
    /// Who keeps it.
    pub kept_by: Business,
    /// The customer with balances and tags.
    pub view: CustomerView,
    /// More ways to reach them.
    pub contacts: Vec<Contact>,
    /// Their subscriptions, newest first.
    pub subscriptions: Vec<Subscription>,
    /// Their invoices, newest first.
    pub invoices: Vec<Invoice>,
    /// Their payments, newest first.
    pub payments: Vec<Payment>,
    /// What they have and owe, in each currency.
    pub standing: Vec<Standing>,
}

impl Billing {
    /// Changes the tags of a customer.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for more than 20 tags or one named twice.
    pub async fn tag_customer(
        &self,
        caller: &Caller,
        key: &str,
        edit: TagEdit,
    ) -> Result<CustomerView, Error> {
        let context = self.permitted(caller, Permission::CustomersEdit)?;
        let view = transact!(self.store(), caller.mode, |tx| {
            tag_one(self, tx, context, key, &edit).await
        })?;
        Ok(self.denominated(view))
    }

    /// Gives a customer these contacts and no others.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for more than ten, one named twice, or two first choices of a kind.
    pub async fn set_customer_contacts(
        &self,
        caller: &Caller,
        key: &str,
        contacts: Vec<Contact>,
    ) -> Result<Vec<Contact>, Error> {
        let contacts = contact::checked(contacts)?;
        let context = self.permitted(caller, Permission::CustomersEdit)?;
        transact!(self.store(), caller.mode, |tx| {
            set_contacts(self, tx, context, key, &contacts).await
        })
    }

    /// Takes everything personal of a customer away, for good: name, number, addresses, notes, tags
    /// and contacts. Books, invoices and payments stay. Doing it again changes nothing.
    ///
    /// # Errors
    ///
    /// A [`CustomerRefusal`] while a subscription is not over, an invoice is open or credit is left.
    pub async fn anonymise_customer(
        &self,
        caller: &Caller,
        key: &str,
    ) -> Result<CustomerView, Error> {
        let context = self.permitted(caller, Permission::CustomersDelete)?;
        let view =
            transact!(self.store(), caller.mode, |tx| { anonymise(self, tx, context, key).await })?;
        Ok(self.denominated(view))
    }
}

impl Reader {
    /// The contacts of a customer, in their order.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is no such customer.
    pub async fn customer_contacts(&self, key: &str) -> Result<Vec<Contact>, Error> {
        snapshot!(self.store(), |tx| contacts_of(self, tx, key).await)
    }

    /// Customers that may be one and the same: they share a number (of a contact as well), an address
    /// of electronic mail, or a name. At most 200 groups.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn customer_duplicates(&self) -> Result<Vec<Duplicate>, Error> {
        reading!(self.store(), |tx| tx.customer_duplicates(DUPLICATES_MAX).await)
    }

    /// How customers stand as a whole.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn customer_statistics(&self) -> Result<CustomerStatistics, Error> {
        let (now, currency) = (self.now(), self.currency());
        snapshot!(self.store(), |tx| statistics(tx, now, currency).await)
    }

    /// The 100 tags that most customers have.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn popular_tags(&self) -> Result<Vec<TagTally>, Error> {
        reading!(self.store(), |tx| tx.customer_tag_tally(TAGS_COUNTED_MAX).await)
    }

    /// Everything that is kept of one customer, as they may ask for it.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is no such customer.
    pub async fn customer_file(&self, key: &str) -> Result<CustomerFile, Error> {
        let file = snapshot!(self.store(), |tx| file_of(self, tx, key).await)?;
        Ok(CustomerFile { view: self.denominated(file.view), ..file })
    }
}

async fn tag_one(
    billing: &Billing,
    tx: &mut dyn Tx,
    context: Context<'_>,
    key: &str,
    edit: &TagEdit,
) -> Result<CustomerView, Error> {
    let input = Fingerprint::of("customer.tag", &[&key, edit]);
    let (id, once) = claimed(billing, tx, context, key, input).await?;
    if once == Once::First {
        touch(tx, context, id).await?;
        let before = tx.customer_tags(&[id]).await?;
        let before: Vec<Tag> = before.into_iter().map(|(_, tag)| tag).collect();
        let tags = edit.applied(&before)?;
        tx.customer_tags_replace(id, &tags).await?;
        note(tx, context, "customer.tag", id, json!({ "tags": tags.len() })).await?;
    }
    view_of(tx, id).await
}

/// Locks a customer of whom something changes that stands beside the row: the row is changed with it.
async fn touch(tx: &mut dyn Tx, context: Context<'_>, id: CustomerId) -> Result<(), Error> {
    let customer = locked(tx, id).await?;
    context.caller.has_seen(customer.revision)?;
    customer.may_be_changed()?;
    replace(tx, &Customer { updated_at: context.now, ..customer }).await
}

async fn contacts_of(reader: &Reader, tx: &mut dyn Tx, key: &str) -> Result<Vec<Contact>, Error> {
    let id = find(reader, tx, key).await?.id;
    Ok(tx.customer_contacts(id).await?)
}

async fn set_contacts(
    billing: &Billing,
    tx: &mut dyn Tx,
    context: Context<'_>,
    key: &str,
    contacts: &[Contact],
) -> Result<Vec<Contact>, Error> {
    let input = Fingerprint::of("customer.contacts", &[&key, &contacts]);
    let (id, once) = claimed(billing, tx, context, key, input).await?;
    if once == Once::First {
        touch(tx, context, id).await?;
        tx.customer_contacts_replace(id, contacts).await?;
        let after = json!({ "contacts": contacts.len() });
        note(tx, context, "customer.contacts", id, after).await?;
    }
    Ok(tx.customer_contacts(id).await?)
}

async fn anonymise(
    billing: &Billing,
    tx: &mut dyn Tx,
    context: Context<'_>,
    key: &str,
) -> Result<CustomerView, Error> {
    let input = Fingerprint::of("customer.anonymise", &[&key]);
    let (id, once) = claimed(billing, tx, context, key, input).await?;
    if once == Once::First {
        let customer = locked(tx, id).await?;
        context.caller.has_seen(customer.revision)?;
        if customer.anonymised_at.is_none() {
            check_settled(tx, id).await?;
            let phone = nobody(tx, id).await?;
            replace(tx, &customer.anonymised(phone, context.now)).await?;
            tx.customer_tags_replace(id, &[]).await?;
            tx.customer_contacts_replace(id, &[]).await?;
            note(tx, context, "customer.anonymise", id, json!({ "anonymous": true })).await?;
        }
    }
    view_of(tx, id).await
}

/// Nobody is forgotten who is served, owes something or is owed something.
async fn check_settled(tx: &mut dyn Tx, id: CustomerId) -> Result<(), Error> {
    check_cancelled(tx, id).await?;
    let balances = tx.customer_balances(&[id]).await?;
    let settled = |balance: &Balance| balance.credit.is_zero() && balance.owed.is_zero();
    if balances.iter().all(|(_, balance)| settled(balance)) {
        Ok(())
    } else {
        Err(CustomerRefusal::NotSettled.into())
    }
}

/// A number that stands for nobody and that no customer has.
async fn nobody(tx: &mut dyn Tx, id: CustomerId) -> Result<PhoneNumber, Error> {
    let first = id.uuid().as_u128();
    for further in 0..NOBODIES_TRIED_MAX {
        let phone = PhoneNumber::nobody(first.wrapping_add(further));
        if tx.customer_by_phone(&phone).await?.is_none() {
            return Ok(phone);
        }
    }
    Err(Error::conflict(
        Thing::Customer,
        said!(
            "no number that stands for nobody is free",
            "tidak ada nomor kosong tanpa pemilik yang tersedia"
        ),
    ))
}

async fn statistics(
    tx: &mut dyn Tx,
    now: jiff::Timestamp,
    currency: Currency,
) -> Result<CustomerStatistics, Error> {
    Ok(CustomerStatistics {
        by_status: tx.customer_tally().await?,
        new: tx.customer_new_tally(now).await?,
        debt: tx.customer_debt_tally(currency).await?,
    })
}

/// Reads every page of a list.
macro_rules! all_pages {
    (|$page:ident| $read:expr) => {{
        let (mut items, mut after) = (Vec::new(), None);
        loop {
            let $page = PageRequest::new(after, PAGE_ITEMS_MAX)?;
            let found = $read.await?;
            items.extend(found.items);
            match found.next {
                Some(next) => after = Some(next),
                None => break items,
            }
        }
    }};
}

async fn file_of(reader: &Reader, tx: &mut dyn Tx, key: &str) -> Result<CustomerFile, Error> {
    let customer: Customer = find(reader, tx, key).await?;
    let id = customer.id;
    let of_subscriptions =
        SubscriptionFilter { customer: Some(id), ..SubscriptionFilter::default() };
    let of_invoices = InvoiceFilter { customer: Some(id), ..InvoiceFilter::default() };
    let of_payments = PaymentFilter { customer: Some(id), ..PaymentFilter::default() };
    Ok(CustomerFile {
        kept_by: tx.settings().await?.business,
        view: one_view(tx, customer).await?,
        contacts: tx.customer_contacts(id).await?,
        subscriptions: all_pages!(|page| tx.subscription_page(&of_subscriptions, page)),
        invoices: all_pages!(|page| tx.invoice_page(&of_invoices, page)),
        payments: all_pages!(|page| tx.payment_page(&of_payments, page)),
        standing: standing(tx, id).await?,
    })
}
