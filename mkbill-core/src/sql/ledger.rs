//! The ledger in SQL.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use jiff::civil::Date;
use uuid::Uuid;

use crate::kernel::ids::{
    CustomerId, EntryId, InvoiceId, PaymentId, PlanId, SubscriptionId, VendorId,
};
use crate::kernel::money::{Currency, Money};
use crate::kernel::page::{Page, PageRequest};
use crate::ledger::store::{EntryFilter, EntrySort, LedgerStore};
use crate::ledger::{Account, Appended, Cause, Entry, Posting};
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

const ONCE: &str = "ON CONFLICT (cause) DO NOTHING";
const ADDED: &str = "ON CONFLICT (customer_id, account, subscription_id, currency) \
    DO UPDATE SET amount_minor = customer_balance.amount_minor + excluded.amount_minor";

statements! {
    ENTRIES: "reading entries" =
        "SELECT id, cause, vendor_id, business_date, recorded_at, customer_id, invoice_id, \
         payment_id, reverses, memo FROM ledger_entry WHERE id {in_uuids:$1}";
    SIDES: "reading the sides of entries" =
        "SELECT p.entry_id, p.account, p.currency, p.amount_minor, p.customer_id, \
         p.subscription_id, p.plan_id FROM ledger_posting p WHERE p.entry_id {in_uuids:$1} \
         ORDER BY p.entry_id, p.line";
    BALANCES: "adding up the ledger" =
        "SELECT account, currency, CAST(SUM(amount_minor) AS bigint) AS n FROM ledger_posting \
         GROUP BY account, currency ORDER BY account, currency";
    UNBALANCED: "checking the ledger" =
        "SELECT COUNT(*) AS n FROM (SELECT entry_id FROM ledger_posting GROUP BY entry_id, currency \
         HAVING SUM(amount_minor) <> 0) AS off";
    CREDIT: "reading credit" =
        "SELECT customer_id, subscription_id, currency, amount_minor FROM customer_balance \
         WHERE account = 'customer_credit' AND amount_minor <> 0 AND customer_id {in_uuids:$1} \
         ORDER BY customer_id, subscription_id, currency";
    LOCKED_THROUGH: "reading which books are closed" =
        "SELECT locked_through FROM books_lock WHERE id = 1";
}

listing! {
    PAGE of EntrySort: "listing entries" =
        "SELECT e.id{value} FROM ledger_entry e WHERE {past} \
         AND (CAST($1 AS date) IS NULL OR e.business_date >= $1) \
         AND (CAST($2 AS date) IS NULL OR e.business_date <= $2) \
         AND (CAST($3 AS text) IS NULL OR EXISTS (SELECT 1 FROM ledger_posting p \
         WHERE p.entry_id = e.id AND p.account = $3)) \
         AND (CAST($4 AS uuid) IS NULL OR e.customer_id = $4) {page}",
    by "e.id" {
        Created: Column::Identity,
        Date: Column::Always("e.business_date"),
    }
}

fn entry_row(entry: &Entry) -> Vec<(&'static str, Value)> {
    let voucher = match entry.cause {
        Cause::VoucherActivated(voucher) => Some(voucher.uuid()),
        _ => None,
    };
    vec![
        ("id", entry.id.uuid().into()),
        ("cause", entry.cause.key().into()),
        ("voucher_id", voucher.into()),
        ("vendor_id", entry.vendor.map(VendorId::uuid).into()),
        ("business_date", entry.business_date.into()),
        ("recorded_at", entry.recorded_at.into()),
        ("customer_id", entry.customer.map(CustomerId::uuid).into()),
        ("invoice_id", entry.invoice.map(InvoiceId::uuid).into()),
        ("payment_id", entry.payment.map(PaymentId::uuid).into()),
        ("reverses", entry.reverses.map(Cause::key).into()),
        ("memo", entry.memo.clone().into()),
    ]
}

fn posting_rows(entry: &Entry) -> impl Iterator<Item = Vec<(&'static str, Value)>> {
    (1_i64..).zip(entry.postings()).map(|(line, side)| {
        vec![
            ("entry_id", entry.id.uuid().into()),
            ("line", line.into()),
            ("account", side.account.name().into()),
            ("currency", side.amount.currency().code().into()),
            ("amount_minor", side.amount.minor().into()),
            ("customer_id", side.customer.map(CustomerId::uuid).into()),
            ("subscription_id", side.subscription.map(SubscriptionId::uuid).into()),
            ("plan_id", side.plan.map(PlanId::uuid).into()),
        ]
    })
}

fn read_side(row: &impl Record) -> Result<(Uuid, Posting), ReadError> {
    let account = known("ledger_posting", "account", &row.text("account")?, Account::named)?;
    let amount = Money::new(row.int("amount_minor")?, currency(row, "ledger_posting")?);
    let side = Posting {
        account,
        amount,
        customer: row.uuid_or_none("customer_id")?.map(CustomerId::from_uuid),
        subscription: row.uuid_or_none("subscription_id")?.map(SubscriptionId::from_uuid),
        plan: row.uuid_or_none("plan_id")?.map(PlanId::from_uuid),
    };
    Ok((row.uuid("entry_id")?, side))
}

/// An entry with the sides that were read for it.
fn read_entry(row: &impl Record, sides: &HashMap<Uuid, Vec<Posting>>) -> Result<Entry, ReadError> {
    let cause = |text: &str| known("ledger_entry", "cause", text, Cause::read);
    let id = row.uuid("id")?;
    let (on, at) = (row.date("business_date")?, row.instant("recorded_at")?);
    let own = sides.get(&id).cloned().unwrap_or_default();
    let what = cause(&row.text("cause")?)?;
    let mut entry = known("ledger_posting", "amount_minor", &id.to_string(), |_| {
        Entry::balanced(EntryId::from_uuid(id), what, on, at, own).ok()
    })?;
    entry.vendor = row.uuid_or_none("vendor_id")?.map(VendorId::from_uuid);
    entry.customer = row.uuid_or_none("customer_id")?.map(CustomerId::from_uuid);
    entry.invoice = row.uuid_or_none("invoice_id")?.map(InvoiceId::from_uuid);
    entry.payment = row.uuid_or_none("payment_id")?.map(PaymentId::from_uuid);
    entry.reverses = row.text_or_none("reverses")?.as_deref().map(cause).transpose()?;
    entry.memo = row.text_or_none("memo")?;
    Ok(entry)
}

/// What entries change of the balances of customers, in the order of the key.
fn changes(entries: &[Entry]) -> BTreeMap<(CustomerId, Account, Uuid, Currency), i64> {
    let mut changes = BTreeMap::new();
    for side in entries.iter().flat_map(Entry::postings) {
        let subscription = match (side.account, side.subscription) {
            (Account::CustomerCredit, Some(subscription)) => subscription.uuid(),
            (Account::CustomerCredit | Account::Receivable, _) => Uuid::nil(),
            _ => continue,
        };
        let Some(customer) = side.customer else { continue };
        let key = (customer, side.account, subscription, side.amount.currency());
        let sum: &mut i64 = changes.entry(key).or_default();
        *sum = sum.saturating_add(side.amount.minor());
    }
    changes.retain(|_, change| *change != 0);
    changes
}

impl<D: Dialect> SqlTx<D> {
    async fn post(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        let act = "booking";
        let postings = transpose(entries.iter().flat_map(posting_rows));
        self.insert_all(act, "ledger_posting", postings).await?;
        let rows = changes(entries).into_iter().map(|(key, change)| {
            let (customer, account, subscription, currency) = key;
            vec![
                ("customer_id", customer.uuid().into()),
                ("account", account.name().into()),
                ("subscription_id", subscription.into()),
                ("currency", currency.code().into()),
                ("amount_minor", change.into()),
            ]
        });
        self.insert_all_or(act, "customer_balance", transpose(rows), ADDED).await.map(drop)
    }
}

#[async_trait]
impl<D: Dialect> LedgerStore for SqlTx<D> {
    async fn ledger_append(&mut self, entry: &Entry) -> Result<Appended, StoreError> {
        let row = transpose(std::iter::once(entry_row(entry)));
        if self.insert_all_or("booking", "ledger_entry", row, ONCE).await? == 0 {
            return Ok(Appended::AlreadyThere);
        }
        self.post(std::slice::from_ref(entry)).await?;
        Ok(Appended::Now)
    }

    async fn ledger_append_all(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        let rows = transpose(entries.iter().map(entry_row));
        self.insert_all("booking", "ledger_entry", rows).await?;
        self.post(entries).await
    }

    async fn ledger_page(
        &mut self,
        filter: EntryFilter,
        page: PageRequest<EntrySort>,
    ) -> Result<Page<Entry>, StoreError> {
        let values = vec![
            filter.from.into(),
            filter.to.into(),
            filter.account.map(Account::name).into(),
            filter.customer.map(CustomerId::uuid).into(),
        ];
        let ids = self.page(&PAGE, values, &page, |row| Ok(row.uuid("id")?)).await?;
        let mut sides: HashMap<Uuid, Vec<Posting>> = HashMap::new();
        for (entry, side) in self.all(SIDES, vec![ids.items.clone().into()], read_side).await? {
            sides.entry(entry).or_default().push(side);
        }
        let read = |row: &D::Found| read_entry(row, &sides);
        let entries = self.all(ENTRIES, vec![ids.items.clone().into()], read).await?;
        let mut read: HashMap<Uuid, Entry> =
            entries.into_iter().map(|entry| (entry.id.uuid(), entry)).collect();
        let items = ids.items.iter().filter_map(|id| read.remove(id)).collect();
        Ok(Page { items, next: ids.next })
    }

    async fn credit_of(
        &mut self,
        ids: &[CustomerId],
    ) -> Result<Vec<(CustomerId, Option<SubscriptionId>, Money)>, StoreError> {
        let read = |row: &D::Found| {
            let subscription = row.uuid("subscription_id")?;
            let subscription =
                Some(subscription).filter(|id| !id.is_nil()).map(SubscriptionId::from_uuid);
            let held = row.int("amount_minor")?.saturating_neg();
            let amount = Money::new(held, currency(row, "customer_balance")?);
            Ok((CustomerId::from_uuid(row.uuid("customer_id")?), subscription, amount))
        };
        self.all(CREDIT, vec![customers(ids)], read).await
    }

    async fn books_locked_through(&mut self) -> Result<Option<Date>, StoreError> {
        self.one(LOCKED_THROUGH, Vec::new(), |row| Ok(row.date("locked_through")?)).await
    }

    async fn ledger_balances(&mut self) -> Result<Vec<(Account, Money)>, StoreError> {
        let read = |row: &D::Found| {
            let account = row.text("account")?;
            let account = known("ledger_posting", "account", &account, Account::named)?;
            Ok((account, Money::new(row.int("n")?, currency(row, "ledger_posting")?)))
        };
        self.all(BALANCES, Vec::new(), read).await
    }

    async fn ledger_unbalanced_entries(&mut self) -> Result<u64, StoreError> {
        self.number(UNBALANCED, Vec::new()).await.map(unsigned)
    }
}
