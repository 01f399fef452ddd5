//! Writing accounts: everything that changed, a few statements for many customers.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde_json::json;

use crate::audit::Record;
use crate::event::NewEvent;
use crate::invoice::{CreditNote, Invoice, InvoiceState};
use crate::kernel::document::{Document, DocumentNumber};
use crate::kernel::error::Error;
use crate::kernel::ids::{LoginId, SubscriptionId};
use crate::ledger::{BooksClosed, Entry, check_open};
use crate::notice::Notice;
use crate::payment::Allocation;
use crate::provisioning::Presence;
use crate::store::Tx;
use crate::subscription::Subscription;
use crate::subscription::period::BilledPeriod;
use crate::voucher::issue::wake_routers;

use super::book::CustomerAccount;
use super::desk::Desk;
use super::tracked::Tracked;

/// Writes down everything that accounts have decided, numbers their documents without a gap, and wakes
/// the routers concerned.
///
/// # Errors
///
/// [`BooksClosed`] if an entry belongs to closed books, and what the store reports.
pub async fn save(
    tx: &mut dyn Tx,
    desk: &Desk<'_>,
    accounts: &mut [CustomerAccount],
) -> Result<(), Error> {
    let entries = gathered(accounts, |account| &account.entries);
    check_days(desk, &entries)?;
    number_documents(tx, accounts).await?;
    save_holders(tx, accounts).await?;
    save_subscriptions(tx, desk, accounts).await?;
    tx.events_push(invoices_that_moved(desk, accounts));
    save_documents(tx, accounts).await?;
    if !entries.is_empty() {
        tx.ledger_append_all(&entries).await?;
    }
    let notices: Vec<Notice> = gathered(accounts, |account| &account.notices);
    if !notices.is_empty() {
        tx.notices_push(&notices).await?;
    }
    let records: Vec<Record> = gathered(accounts, |account| &account.records);
    if !records.is_empty() {
        tx.audit_append(&records).await?;
    }
    serve(tx, desk, accounts).await
}

fn gathered<T: Clone>(
    accounts: &[CustomerAccount],
    of: impl Fn(&CustomerAccount) -> &Vec<T>,
) -> Vec<T> {
    accounts.iter().flat_map(of).cloned().collect()
}

/// Invoices that were issued and invoices that were paid in full just now. The trail has neither: it
/// is kept of what people do.
fn invoices_that_moved(desk: &Desk<'_>, accounts: &[CustomerAccount]) -> Vec<NewEvent> {
    let now = desk.context.now;
    let event = |kind, invoice: &Invoice| {
        let data = json!({
            "number": invoice.number.as_str(),
            "customer": invoice.customer.to_string(),
            "subscription": invoice.subscription.map(|id| id.to_string()),
        });
        NewEvent::seen(desk.context, kind, ("invoice", invoice.id.uuid()), data)
    };
    let invoices = accounts.iter().flat_map(|account| &account.invoices);
    let touched = invoices.filter(|invoice| invoice.is_touched());
    let moved = touched.flat_map(|invoice| {
        let issued = invoice.is_new().then(|| event("invoice.issue", invoice));
        let is_paid = matches!(invoice.state, InvoiceState::Paid { at } if at == now);
        [issued, is_paid.then(|| event("invoice.pay", invoice))]
    });
    moved.flatten().collect()
}

fn check_days(desk: &Desk<'_>, entries: &[Entry]) -> Result<(), BooksClosed> {
    let days: BTreeSet<Date> = entries.iter().map(|entry| entry.business_date).collect();
    days.into_iter().try_for_each(|day| check_open(desk.locked_through, day))
}

/// Numbers are taken last, since whoever counts keeps all others waiting until the commit.
async fn number_documents(tx: &mut dyn Tx, accounts: &mut [CustomerAccount]) -> Result<(), Error> {
    let new = |account: &CustomerAccount| {
        let invoices = account.invoices.iter().filter(|invoice| invoice.number.is_pending());
        invoices.map(|invoice| invoice.issued_on).collect::<Vec<_>>()
    };
    let mut invoices = Numbers::take(tx, Document::Invoice, accounts.iter().flat_map(new)).await?;
    let notes = |account: &CustomerAccount| {
        account.credit_notes.iter().map(|note| note.issued_on).collect::<Vec<_>>()
    };
    let mut notes =
        Numbers::take(tx, Document::CreditNote, accounts.iter().flat_map(notes)).await?;
    for account in accounts {
        for invoice in account.invoices.iter_mut().filter(|invoice| invoice.number.is_pending()) {
            let number = invoices.next(invoice.issued_on);
            invoice.edit().number = number;
        }
        for note in &mut account.credit_notes {
            note.number = notes.next(note.issued_on);
        }
    }
    Ok(())
}

/// Numbers of one kind of document, taken from their counters at once.
struct Numbers {
    document: Document,
    next: BTreeMap<Date, i64>,
}

impl Numbers {
    async fn take(
        tx: &mut dyn Tx,
        document: Document,
        days: impl Iterator<Item = Date>,
    ) -> Result<Self, Error> {
        let mut wanted: BTreeMap<Date, i64> = BTreeMap::new();
        for day in days {
            *wanted.entry(day).or_default() += 1;
        }
        for (day, count) in &mut wanted {
            let counter = DocumentNumber::counter(document, *day);
            *count = tx.counter_take(&counter, *count).await?;
        }
        Ok(Self { document, next: wanted })
    }

    fn next(&mut self, day: Date) -> DocumentNumber {
        let next = self.next.entry(day).or_insert(1);
        let number = DocumentNumber::new(self.document, day, *next);
        *next += 1;
        number
    }
}

async fn save_holders(tx: &mut dyn Tx, accounts: &[CustomerAccount]) -> Result<(), Error> {
    for holder in
        accounts.iter().map(|account| &account.holder).filter(|holder| holder.is_touched())
    {
        tx.customer_watch(holder.id, holder.high_debt_since, holder.credit_reminded_at).await?;
    }
    Ok(())
}

async fn save_subscriptions(
    tx: &mut dyn Tx,
    desk: &Desk<'_>,
    accounts: &[CustomerAccount],
) -> Result<(), Error> {
    let kept = || accounts.iter().flat_map(|account| &account.kept);
    let subscriptions: Vec<Subscription> = touched(kept().map(|kept| &kept.subscription), |old| {
        old.revision += 1;
    });
    if !subscriptions.is_empty() {
        tx.subscriptions_write(&subscriptions).await?;
        let counted = subscriptions
            .iter()
            .filter(|changed| changed.terms.fair_use.is_some() || changed.use_step > 0);
        let counted: Vec<SubscriptionId> = counted.map(|changed| changed.id).collect();
        if !counted.is_empty() {
            tx.uses_touch(&counted, desk.context.now).await?;
        }
    }
    let periods: Vec<BilledPeriod> = touched(kept().flat_map(|kept| &kept.periods), |_| ());
    if !periods.is_empty() {
        tx.periods_write(&periods).await?;
    }
    Ok(())
}

async fn save_documents(tx: &mut dyn Tx, accounts: &[CustomerAccount]) -> Result<(), Error> {
    let invoices = || accounts.iter().flat_map(|account| &account.invoices);
    let mut new: Vec<Invoice> = touched(invoices().filter(|invoice| invoice.is_new()), |_| ());
    // The latest first: one that was carried over at once names a later one.
    new.reverse();
    if !new.is_empty() {
        tx.invoices_insert(&new).await?;
    }
    let changed: Vec<Invoice> =
        touched(invoices().filter(|invoice| !invoice.is_new()), |old| old.revision += 1);
    if !changed.is_empty() {
        tx.invoices_change(&changed).await?;
    }
    let notes: Vec<CreditNote> = gathered(accounts, |account| &account.credit_notes);
    if !notes.is_empty() {
        tx.credit_notes_insert(&notes).await?;
    }
    for payment in accounts.iter().flat_map(|account| &account.payments) {
        match (payment.is_new(), payment.is_touched()) {
            (true, _) => tx.payment_insert(payment).await?,
            (false, true) => tx.payment_change(payment).await?,
            (false, false) => {}
        }
    }
    let allocations: Vec<Allocation> =
        touched(accounts.iter().flat_map(|account| &account.allocations), |_| ());
    if !allocations.is_empty() {
        tx.allocations_write(&allocations).await?;
    }
    Ok(())
}

/// The values that have to be written; those that are stored already as `next` makes them.
fn touched<'a, T: Clone + 'a>(
    all: impl Iterator<Item = &'a Tracked<T>>,
    next: impl Fn(&mut T),
) -> Vec<T> {
    let one = |tracked: &Tracked<T>| {
        let mut value = (**tracked).clone();
        if !tracked.is_new() {
            next(&mut value);
        }
        value
    };
    all.filter(|tracked| tracked.is_touched()).map(one).collect()
}

async fn serve(
    tx: &mut dyn Tx,
    desk: &Desk<'_>,
    accounts: &[CustomerAccount],
) -> Result<(), Error> {
    let wanted: Vec<(LoginId, Presence, String)> = accounts
        .iter()
        .flat_map(|account| &account.serve)
        .map(|serve| (serve.login, serve.presence, serve.profile.clone()))
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let routers = tx.logins_serve(&wanted).await?;
    wake_routers(tx, desk.context, &routers).await
}
