//! Customers at rest.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::kernel::ids::CustomerId;
use crate::kernel::money::{Currency, Money};
use crate::kernel::order::sorts;
use crate::kernel::page::{Page, PageRequest};
use crate::store::StoreError;

use super::contact::Contact;
use super::phone::PhoneNumber;
use super::tag::Tag;
use super::{Balance, Customer, CustomerStatus};

/// Which customers are wanted; what is absent does not matter. Deleted ones never are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerFilter {
    /// With this in their name, number or e-mail; every character stands for itself.
    pub text: Option<String>,
    /// With this status.
    pub status: Option<CustomerStatus>,
    /// With at least one of these tags; empty if tags do not matter.
    pub tags: Vec<String>,
    /// With at least this balance, in its currency.
    pub balance_min: Option<Money>,
    /// With at most this balance, in its currency.
    pub balance_max: Option<Money>,
    /// Added after this instant.
    pub created_after: Option<Timestamp>,
    /// Added before this instant.
    pub created_before: Option<Timestamp>,
    /// The currency of debts in the order by debt; that of the engine if absent.
    pub currency: Option<Currency>,
}

sorts! {
    /// What customers may be sorted by.
    pub CustomerSort of "customers", descending Created {
        /// When they were added.
        Created = "created": Identity,
        /// Their name, whatever its case.
        Name = "name": Text,
        /// Their telephone number.
        Number = "number": Text,
        /// What they owe in one currency; those with credit owe nothing.
        Debt = "debt": Int,
    }
}

/// What customers have in common that may be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// `phone`, `email` or `name`.
    pub kind: String,
    /// The number, the address, or the name in small letters.
    pub value: String,
    /// Who has it: two or more.
    pub customers: Vec<CustomerId>,
}

/// How many customers were added in the last days, each span counted from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NewTally {
    /// In 7 days.
    pub week: u64,
    /// In 30 days.
    pub month: u64,
    /// In 90 days.
    pub quarter: u64,
    /// In 365 days.
    pub year: u64,
}

/// What all customers together hold and owe in one currency. Deleted ones count: their debt stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DebtTally {
    /// How many have a balance below zero.
    pub debtors: u64,
    /// The sum of all balances below zero, as an amount above zero.
    pub debt: Money,
    /// The sum of all balances above zero.
    pub credit: Money,
}

/// A tag and how many customers have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagTally {
    /// The tag, in the colour that sorts first.
    pub tag: Tag,
    /// How many customers that are not deleted have it.
    pub customers: u64,
}

/// Keeps customers, how they are reached, and the words on them.
#[async_trait]
pub trait CustomerStore: Send {
    /// Locks customers until the transaction ends, in the order of their identifiers; those that are
    /// not there are left out.
    async fn customers_lock(&mut self, ids: &[CustomerId]) -> Result<Vec<Customer>, StoreError>;
    /// One by identity, deleted or not.
    async fn customer_by_id(&mut self, id: CustomerId) -> Result<Option<Customer>, StoreError>;
    /// The one with this number that is not deleted.
    async fn customer_by_phone(
        &mut self,
        phone: &PhoneNumber,
    ) -> Result<Option<Customer>, StoreError>;
    /// Which of these numbers belong to customers that are not deleted.
    async fn customer_phones_taken(
        &mut self,
        phones: &[PhoneNumber],
    ) -> Result<Vec<PhoneNumber>, StoreError>;
    /// Adds those whose number no other has that is not deleted; answers how many were added.
    async fn customers_insert(&mut self, customers: &[Customer]) -> Result<u64, StoreError>;
    /// Adds one; `false` if another that is not deleted has the number.
    async fn customer_insert(&mut self, customer: &Customer) -> Result<bool, StoreError>;
    /// Writes a changed one, which must still have the revision that was read; `false` if it has
    /// another. Leaves alone what accounts note of debt and credit.
    async fn customer_replace(&mut self, customer: &Customer) -> Result<bool, StoreError>;
    /// A page.
    async fn customer_page(
        &mut self,
        filter: &CustomerFilter,
        page: PageRequest<CustomerSort>,
    ) -> Result<Page<Customer>, StoreError>;
    /// What customers hold and owe, in each currency that they ever had something in.
    async fn customer_balances(
        &mut self,
        ids: &[CustomerId],
    ) -> Result<Vec<(CustomerId, Balance)>, StoreError>;
    /// The tags of customers, in the order of their names.
    async fn customer_tags(
        &mut self,
        ids: &[CustomerId],
    ) -> Result<Vec<(CustomerId, Tag)>, StoreError>;
    /// Gives a customer these tags and no others.
    async fn customer_tags_replace(
        &mut self,
        id: CustomerId,
        tags: &[Tag],
    ) -> Result<(), StoreError>;
    /// Gives tags to customers that have none of them.
    async fn customer_tags_insert(&mut self, tags: &[(CustomerId, Tag)]) -> Result<(), StoreError>;
    /// The contacts of a customer, in their order.
    async fn customer_contacts(&mut self, id: CustomerId) -> Result<Vec<Contact>, StoreError>;
    /// Gives a customer these contacts and no others.
    async fn customer_contacts_replace(
        &mut self,
        id: CustomerId,
        contacts: &[Contact],
    ) -> Result<(), StoreError>;
    /// Gives contacts to customers that have none yet; those of one customer stand together.
    async fn customer_contacts_insert(
        &mut self,
        contacts: &[(CustomerId, Contact)],
    ) -> Result<(), StoreError>;
    /// Numbers (of contacts as well), addresses and names that several customers have, at most
    /// `limit` of them. Deleted and anonymous ones do not count.
    async fn customer_duplicates(&mut self, limit: u32) -> Result<Vec<Duplicate>, StoreError>;
    /// How many there are of each status, deleted ones left out.
    async fn customer_tally(&mut self) -> Result<Vec<(CustomerStatus, u64)>, StoreError>;
    /// How many were added lately, deleted ones left out.
    async fn customer_new_tally(&mut self, now: Timestamp) -> Result<NewTally, StoreError>;
    /// What all hold and owe in one currency.
    async fn customer_debt_tally(&mut self, currency: Currency) -> Result<DebtTally, StoreError>;
    /// The tags that most customers have, at most `limit` of them.
    async fn customer_tag_tally(&mut self, limit: u32) -> Result<Vec<TagTally>, StoreError>;
}
