//! Customers in SQL.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::customer::contact::{Contact, ContactKind};
use crate::customer::phone::PhoneNumber;
use crate::customer::store::{
    CustomerFilter, CustomerSort, CustomerStore, DebtTally, Duplicate, NewTally, TagTally,
};
use crate::customer::tag::Tag;
use crate::customer::{Balance, Customer, CustomerStatus, Locale};
use crate::kernel::ids::CustomerId;
use crate::kernel::money::{Currency, Money};
use crate::kernel::page::{Page, PageRequest};
use crate::kernel::search::SearchText;
use crate::kernel::time::{BusinessZone, saturating_add};
use crate::store::StoreError;

use super::engine::Dialect;
use super::invoice::currency;
use super::listing::{Column, listing};
use super::record::Record;
use super::statement::{Statement, statements};
use super::subscription::customers;
use super::value::Value;
use super::voucher::transpose;
use super::{ReadError, SqlTx, known, unsigned};

macro_rules! columns {
    () => {
        "c.id, c.name, c.phone, c.phone_as_given, c.email, c.address, c.notes, c.zone, c.locale, \
         c.status, c.credit_limit_minor, c.high_debt_since, c.credit_reminded_at, c.deleted_at, \
         c.anonymised_at, c.created_at, c.updated_at, c.revision"
    };
}

/// What a balance is compared with: credit less debt of a customer in the currency of `$7`.
macro_rules! balance {
    () => {
        "(SELECT COALESCE(-SUM(b.amount_minor), 0) FROM customer_balance b \
         WHERE b.customer_id = c.id AND b.currency = $7)"
    };
}

/// The customers of a filter, `$1` to `$9`.
macro_rules! wanted {
    () => {
        concat!(
            "c.deleted_at IS NULL \
             AND (CAST($1 AS text) IS NULL OR c.search LIKE $1 ESCAPE '!') \
             AND (CAST($2 AS text) IS NULL OR c.status = $2) \
             AND (NOT $3 OR c.id IN (SELECT t.customer_id FROM customer_tag t \
             WHERE t.tag {in_texts:$4})) \
             AND (CAST($5 AS bigint) IS NULL OR ",
            balance!(),
            " >= $5) AND (CAST($6 AS bigint) IS NULL OR ",
            balance!(),
            " <= $6) AND (CAST($8 AS timestamptz) IS NULL OR c.created_at > $8) \
             AND (CAST($9 AS timestamptz) IS NULL OR c.created_at < $9)"
        )
    };
}

const FREE: &str = "ON CONFLICT (phone) WHERE deleted_at IS NULL DO NOTHING";
const DAY: SignedDuration = SignedDuration::from_hours(24);

statements! {
    LOCK: "locking customers" = concat!(
        "SELECT ", columns!(), " FROM customer c WHERE c.id {in_uuids:$1} ORDER BY c.id \
         {for_update}");
    BY_ID: "reading a customer" = concat!("SELECT ", columns!(), " FROM customer c WHERE c.id = $1");
    BY_PHONE: "reading a customer" = concat!(
        "SELECT ", columns!(), " FROM customer c WHERE c.phone = $1 AND c.deleted_at IS NULL");
    PHONES_TAKEN: "looking which numbers are taken" =
        "SELECT phone FROM customer WHERE phone {in_texts:$1} AND deleted_at IS NULL";
    REPLACE: "changing a customer" =
        "UPDATE customer SET name = $3, phone = $4, phone_as_given = $5, email = $6, address = $7, \
         notes = $8, zone = $9, locale = $10, status = $11, credit_limit_minor = $12, search = $13, \
         deleted_at = $14, anonymised_at = $15, updated_at = $16, revision = revision + 1 \
         WHERE id = $1 AND revision = $2";
    BALANCES: "reading balances" =
        "SELECT customer_id, currency, \
         CAST(SUM(CASE WHEN account = 'customer_credit' THEN -amount_minor ELSE 0 END) AS bigint) \
         AS credit, \
         CAST(SUM(CASE WHEN account = 'receivable' THEN amount_minor ELSE 0 END) AS bigint) AS owed \
         FROM customer_balance WHERE customer_id {in_uuids:$1} \
         GROUP BY customer_id, currency ORDER BY customer_id, currency";
    TAGS: "reading tags" =
        "SELECT customer_id, tag, colour FROM customer_tag WHERE customer_id {in_uuids:$1} \
         ORDER BY customer_id, tag";
    TAGS_DELETE: "removing tags" = "DELETE FROM customer_tag WHERE customer_id = $1";
    CONTACTS: "reading contacts" =
        "SELECT kind, value, is_primary, notes FROM customer_contact WHERE customer_id = $1 \
         ORDER BY line";
    CONTACTS_DELETE: "removing contacts" = "DELETE FROM customer_contact WHERE customer_id = $1";
    DUPLICATES: "looking for duplicates" =
        "WITH live (id) AS (SELECT id FROM customer \
         WHERE deleted_at IS NULL AND anonymised_at IS NULL), \
         fact (kind, value, customer_id) AS (\
         SELECT 'phone', c.phone, c.id FROM customer c JOIN live l ON l.id = c.id \
         UNION SELECT 'phone', n.value, n.customer_id FROM customer_contact n \
         JOIN live l ON l.id = n.customer_id WHERE n.kind <> 'email' \
         UNION SELECT 'email', c.email, c.id FROM customer c JOIN live l ON l.id = c.id \
         WHERE c.email IS NOT NULL \
         UNION SELECT 'email', n.value, n.customer_id FROM customer_contact n \
         JOIN live l ON l.id = n.customer_id WHERE n.kind = 'email' \
         UNION SELECT 'name', SUBSTR(c.search, 1, LENGTH(c.name)), c.id FROM customer c \
         JOIN live l ON l.id = c.id), \
         doubled (kind, value) AS (SELECT kind, value FROM fact GROUP BY kind, value \
         HAVING COUNT(*) > 1 ORDER BY kind, value LIMIT $1) \
         SELECT f.kind, f.value, f.customer_id FROM fact f \
         JOIN doubled d ON d.kind = f.kind AND d.value = f.value \
         ORDER BY f.kind, f.value, f.customer_id";
    TALLY: "counting customers" =
        "SELECT status, COUNT(*) AS n FROM customer WHERE deleted_at IS NULL GROUP BY status \
         ORDER BY status";
    NEW_TALLY: "counting new customers" =
        "SELECT COUNT(*) AS year, \
         CAST(COALESCE(SUM(CASE WHEN created_at > $1 THEN 1 ELSE 0 END), 0) AS bigint) AS week, \
         CAST(COALESCE(SUM(CASE WHEN created_at > $2 THEN 1 ELSE 0 END), 0) AS bigint) AS month, \
         CAST(COALESCE(SUM(CASE WHEN created_at > $3 THEN 1 ELSE 0 END), 0) AS bigint) AS quarter \
         FROM customer WHERE deleted_at IS NULL AND created_at > $4";
    DEBT_TALLY: "adding up balances" =
        "SELECT CAST(COALESCE(SUM(CASE WHEN s.owed > 0 THEN 1 ELSE 0 END), 0) AS bigint) AS debtors, \
         CAST(COALESCE(SUM(CASE WHEN s.owed > 0 THEN s.owed ELSE 0 END), 0) AS bigint) AS debt, \
         CAST(COALESCE(SUM(CASE WHEN s.owed < 0 THEN -s.owed ELSE 0 END), 0) AS bigint) AS credit \
         FROM (SELECT SUM(amount_minor) AS owed FROM customer_balance WHERE currency = $1 \
         GROUP BY customer_id) AS s";
    TAG_TALLY: "counting tags" =
        "SELECT t.tag, MIN(t.colour) AS colour, COUNT(*) AS n FROM customer_tag t \
         JOIN customer c ON c.id = t.customer_id WHERE c.deleted_at IS NULL \
         GROUP BY t.tag ORDER BY n DESC, t.tag LIMIT $1";
}

listing! {
    PAGE of CustomerSort: "listing customers" = concat!(
        "SELECT ", columns!(), "{value} FROM customer c WHERE {past} AND ", wanted!(), " {page}"),
    by "c.id" {
        Created: Column::Identity,
        Name: Column::Always("LOWER(c.name)"),
        Number: Column::Always("c.phone"),
    }
}

// Debts are sums over subscriptions, which no index holds: each page adds up those of all who owe.
listing! {
    PAGE_BY_DEBT of CustomerSort: "listing customers" = concat!(
        "WITH debt (id, owed) AS (SELECT b.customer_id, CAST(SUM(b.amount_minor) AS bigint) \
         FROM customer_balance b WHERE b.currency = $7 GROUP BY b.customer_id \
         HAVING SUM(b.amount_minor) > 0) \
         SELECT ", columns!(), "{value} FROM customer c LEFT JOIN debt d ON d.id = c.id \
         WHERE {past} AND ", wanted!(), " {page}"),
    by "c.id" {
        Debt: Column::Always("COALESCE(d.owed, 0)"),
    }
}

fn row(customer: &Customer) -> Vec<(&'static str, Value)> {
    let mut row = vec![
        ("id", customer.id.uuid().into()),
        ("created_at", customer.created_at.into()),
        ("revision", customer.revision.into()),
    ];
    row.extend(CHANGEABLE.into_iter().zip(changeable_values(customer)));
    row
}

/// The columns that a change may touch, in the order of [`REPLACE`].
const CHANGEABLE: [&str; 14] = [
    "name",
    "phone",
    "phone_as_given",
    "email",
    "address",
    "notes",
    "zone",
    "locale",
    "status",
    "credit_limit_minor",
    "search",
    "deleted_at",
    "anonymised_at",
    "updated_at",
];

fn changeable_values(customer: &Customer) -> [Value; CHANGEABLE.len()] {
    [
        customer.name.as_str().into(),
        customer.phone.as_str().into(),
        customer.phone_as_given.as_str().into(),
        customer.email.as_deref().into(),
        customer.address.as_deref().into(),
        customer.notes.as_deref().into(),
        customer.zone.as_ref().map(BusinessZone::name).into(),
        customer.locale.name().into(),
        customer.status.name().into(),
        customer.credit_limit.map(Money::minor).into(),
        customer.search_text().into(),
        customer.deleted_at.into(),
        customer.anonymised_at.into(),
        customer.updated_at.into(),
    ]
}

fn read(row: &impl Record) -> Result<Customer, ReadError> {
    let zone = row.text_or_none("zone")?;
    let zone = zone.map(|zone| known("customer", "zone", &zone, |z| BusinessZone::named(z).ok()));
    // The limit is in the currency of the engine, which a store does not know.
    let limit = row.int_or_none("credit_limit_minor")?;
    Ok(Customer {
        id: CustomerId::from_uuid(row.uuid("id")?),
        name: row.text("name")?,
        phone: PhoneNumber::stored(row.text("phone")?),
        phone_as_given: row.text("phone_as_given")?,
        email: row.text_or_none("email")?,
        address: row.text_or_none("address")?,
        notes: row.text_or_none("notes")?,
        zone: zone.transpose()?,
        locale: known("customer", "locale", &row.text("locale")?, Locale::named)?,
        status: known("customer", "status", &row.text("status")?, CustomerStatus::named)?,
        credit_limit: limit.map(|minor| Money::new(minor, Currency::IDR)),
        high_debt_since: row.instant_or_none("high_debt_since")?,
        credit_reminded_at: row.instant_or_none("credit_reminded_at")?,
        deleted_at: row.instant_or_none("deleted_at")?,
        anonymised_at: row.instant_or_none("anonymised_at")?,
        created_at: row.instant("created_at")?,
        updated_at: row.instant("updated_at")?,
        revision: row.int("revision")?,
    })
}

/// A pattern that finds `text` anywhere: its wildcards stand for themselves.
pub(super) fn pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.trim().to_lowercase().chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// The pattern of a text that people look for.
pub(super) fn looked_for(text: &SearchText) -> String {
    pattern(text.as_str())
}

fn filter_values(filter: &CustomerFilter) -> [Value; 9] {
    let named = filter.balance_min.or(filter.balance_max).map(Money::currency);
    let currency = filter.currency.or(named);
    [
        filter.text.as_deref().map(pattern).into(),
        filter.status.map(CustomerStatus::name).into(),
        (!filter.tags.is_empty()).into(),
        filter.tags.clone().into(),
        filter.balance_min.map(Money::minor).into(),
        filter.balance_max.map(Money::minor).into(),
        currency.unwrap_or(Currency::IDR).code().into(),
        filter.created_after.into(),
        filter.created_before.into(),
    ]
}

fn tag_row((customer, tag): &(CustomerId, Tag)) -> Vec<(&'static str, Value)> {
    vec![
        ("customer_id", customer.uuid().into()),
        ("tag", tag.name().into()),
        ("colour", tag.colour().into()),
    ]
}

/// Rows of contacts, numbered from 1 for each customer.
fn contact_rows(
    contacts: &[(CustomerId, Contact)],
) -> impl Iterator<Item = Vec<(&'static str, Value)>> {
    let (mut last, mut line) = (None, 0_i64);
    contacts.iter().map(move |(customer, contact)| {
        line = if last == Some(*customer) { line + 1 } else { 1 };
        last = Some(*customer);
        vec![
            ("customer_id", customer.uuid().into()),
            ("line", line.into()),
            ("kind", contact.kind.name().into()),
            ("value", contact.value.as_str().into()),
            ("is_primary", contact.is_primary.into()),
            ("notes", contact.notes.as_deref().into()),
        ]
    })
}

fn read_contact(row: &impl Record) -> Result<Contact, ReadError> {
    Ok(Contact {
        kind: known("customer_contact", "kind", &row.text("kind")?, ContactKind::named)?,
        value: row.text("value")?,
        is_primary: row.flag("is_primary")?,
        notes: row.text_or_none("notes")?,
    })
}

fn read_tag(row: &impl Record) -> Result<Tag, ReadError> {
    Ok(Tag::stored(row.text("tag")?, row.text("colour")?))
}

fn read_balance(row: &impl Record) -> Result<(CustomerId, Balance), ReadError> {
    let currency = currency(row, "customer_balance")?;
    let credit = Money::new(row.int("credit")?, currency);
    let owed = Money::new(row.int("owed")?, currency);
    Ok((CustomerId::from_uuid(row.uuid("customer_id")?), Balance { credit, owed }))
}

#[async_trait]
impl<D: Dialect> CustomerStore for SqlTx<D> {
    async fn customers_lock(&mut self, ids: &[CustomerId]) -> Result<Vec<Customer>, StoreError> {
        self.all(LOCK, vec![customers(ids)], read).await
    }

    async fn customer_by_id(&mut self, id: CustomerId) -> Result<Option<Customer>, StoreError> {
        self.one(BY_ID, vec![id.uuid().into()], read).await
    }

    async fn customer_by_phone(
        &mut self,
        phone: &PhoneNumber,
    ) -> Result<Option<Customer>, StoreError> {
        self.one(BY_PHONE, vec![phone.as_str().into()], read).await
    }

    async fn customer_phones_taken(
        &mut self,
        phones: &[PhoneNumber],
    ) -> Result<Vec<PhoneNumber>, StoreError> {
        let phones: Vec<String> = phones.iter().map(PhoneNumber::to_string).collect();
        let read = |row: &D::Found| Ok(PhoneNumber::stored(row.text("phone")?));
        self.all(PHONES_TAKEN, vec![phones.into()], read).await
    }

    async fn customers_insert(&mut self, all: &[Customer]) -> Result<u64, StoreError> {
        let columns = transpose(all.iter().map(row));
        self.insert_all_or("adding customers", "customer", columns, FREE).await
    }

    async fn customer_insert(&mut self, customer: &Customer) -> Result<bool, StoreError> {
        Ok(self.customers_insert(std::slice::from_ref(customer)).await? == 1)
    }

    async fn customer_replace(&mut self, customer: &Customer) -> Result<bool, StoreError> {
        let mut values = vec![customer.id.uuid().into(), customer.revision.into()];
        values.extend(changeable_values(customer));
        Ok(self.execute(REPLACE, values).await? == 1)
    }

    async fn customer_page(
        &mut self,
        filter: &CustomerFilter,
        page: PageRequest<CustomerSort>,
    ) -> Result<Page<Customer>, StoreError> {
        let listing = match page.order().key {
            CustomerSort::Debt => &PAGE_BY_DEBT,
            CustomerSort::Created | CustomerSort::Name | CustomerSort::Number => &PAGE,
        };
        self.page(listing, filter_values(filter).into(), &page, read).await
    }

    async fn customer_balances(
        &mut self,
        ids: &[CustomerId],
    ) -> Result<Vec<(CustomerId, Balance)>, StoreError> {
        self.all(BALANCES, vec![customers(ids)], read_balance).await
    }

    async fn customer_tags(
        &mut self,
        ids: &[CustomerId],
    ) -> Result<Vec<(CustomerId, Tag)>, StoreError> {
        let read =
            |row: &D::Found| Ok((CustomerId::from_uuid(row.uuid("customer_id")?), read_tag(row)?));
        self.all(TAGS, vec![customers(ids)], read).await
    }

    async fn customer_tags_replace(
        &mut self,
        id: CustomerId,
        tags: &[Tag],
    ) -> Result<(), StoreError> {
        self.execute(TAGS_DELETE, vec![id.uuid().into()]).await?;
        let tags: Vec<_> = tags.iter().map(|tag| (id, tag.clone())).collect();
        self.customer_tags_insert(&tags).await
    }

    async fn customer_tags_insert(&mut self, tags: &[(CustomerId, Tag)]) -> Result<(), StoreError> {
        let columns = transpose(tags.iter().map(tag_row));
        self.insert_all("adding tags", "customer_tag", columns).await
    }

    async fn customer_contacts(&mut self, id: CustomerId) -> Result<Vec<Contact>, StoreError> {
        self.all(CONTACTS, vec![id.uuid().into()], read_contact).await
    }

    async fn customer_contacts_replace(
        &mut self,
        id: CustomerId,
        contacts: &[Contact],
    ) -> Result<(), StoreError> {
        self.execute(CONTACTS_DELETE, vec![id.uuid().into()]).await?;
        let contacts: Vec<_> = contacts.iter().map(|contact| (id, contact.clone())).collect();
        self.customer_contacts_insert(&contacts).await
    }

    async fn customer_contacts_insert(
        &mut self,
        contacts: &[(CustomerId, Contact)],
    ) -> Result<(), StoreError> {
        let columns = transpose(contact_rows(contacts));
        self.insert_all("adding contacts", "customer_contact", columns).await
    }

    async fn customer_duplicates(&mut self, limit: u32) -> Result<Vec<Duplicate>, StoreError> {
        let read = |row: &D::Found| {
            let id = CustomerId::from_uuid(row.uuid("customer_id")?);
            Ok((row.text("kind")?, row.text("value")?, id))
        };
        let mut found: Vec<Duplicate> = Vec::new();
        for (kind, value, id) in self.all(DUPLICATES, vec![limit.into()], read).await? {
            match found.last_mut().filter(|last| last.kind == kind && last.value == value) {
                Some(last) => last.customers.push(id),
                None => found.push(Duplicate { kind, value, customers: vec![id] }),
            }
        }
        Ok(found)
    }

    async fn customer_tally(&mut self) -> Result<Vec<(CustomerStatus, u64)>, StoreError> {
        let read = |row: &D::Found| {
            let status = known("customer", "status", &row.text("status")?, CustomerStatus::named)?;
            Ok((status, unsigned(row.int("n")?)))
        };
        self.all(TALLY, Vec::new(), read).await
    }

    async fn customer_new_tally(&mut self, now: Timestamp) -> Result<NewTally, StoreError> {
        let since = |days: i32| Value::from(saturating_add(now, -DAY * days));
        let read = |row: &D::Found| {
            let count = |column| row.int(column).map(unsigned);
            let (week, month) = (count("week")?, count("month")?);
            Ok(NewTally { week, month, quarter: count("quarter")?, year: count("year")? })
        };
        let values = [7, 30, 90, 365].map(since).into();
        Ok(self.one(NEW_TALLY, values, read).await?.unwrap_or_default())
    }

    async fn customer_debt_tally(&mut self, currency: Currency) -> Result<DebtTally, StoreError> {
        let read = |row: &D::Found| {
            let money = |column| row.int(column).map(|minor| Money::new(minor, currency));
            let debtors = unsigned(row.int("debtors")?);
            Ok(DebtTally { debtors, debt: money("debt")?, credit: money("credit")? })
        };
        let found = self.one(DEBT_TALLY, vec![currency.code().into()], read).await?;
        let none = Money::zero(currency);
        Ok(found.unwrap_or(DebtTally { debtors: 0, debt: none, credit: none }))
    }

    async fn customer_tag_tally(&mut self, limit: u32) -> Result<Vec<TagTally>, StoreError> {
        let read = |row: &D::Found| {
            Ok(TagTally { tag: read_tag(row)?, customers: unsigned(row.int("n")?) })
        };
        self.all(TAG_TALLY, vec![limit.into()], read).await
    }
}

#[cfg(test)]
mod tests {
    use super::pattern;

    #[test]
    fn wildcards_in_a_search_stand_for_themselves() {
        assert_eq!(pattern(" 50%_Off! "), "%50!%!_off!!%");
    }
}
