//! What falls due by the calendar: invoices, reminders, cuts, ends, reminders of credit.

use jiff::Timestamp;

use crate::account::book::CustomerAccount;
use crate::account::desk::Desk;
use crate::account::watch::CREDIT_REMINDER_EVERY;
use crate::account::{load, save};
use crate::kernel::caller::{Caller, Mode};
use crate::kernel::error::Error;
use crate::kernel::ids::{CustomerId, SubscriptionId};
use crate::store::Tx;
use crate::transact::{reading, transact};

use super::{Billing, Reader};

/// Customers that are billed in one transaction.
const PAGE: u32 = 1_000;

/// What a run over due subscriptions did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BillingRun {
    /// Customers for whom something was due.
    pub customers: usize,
    /// Invoices issued.
    pub issued: usize,
    /// Of those, paid from credit at once.
    pub paid_from_credit: usize,
    /// Subscriptions cut.
    pub suspended: usize,
    /// Notices left to be sent.
    pub notices: usize,
    /// Subscriptions that could not be billed, and why. Each is left alone until a person has looked
    /// at it.
    pub failed: Vec<(SubscriptionId, String)>,
}

impl BillingRun {
    /// Adds what another run did.
    pub(crate) fn add(&mut self, other: Self) {
        self.customers += other.customers;
        self.issued += other.issued;
        self.paid_from_credit += other.paid_from_credit;
        self.suspended += other.suspended;
        self.notices += other.notices;
        self.failed.extend(other.failed);
    }
}

impl Billing {
    /// Does everything that is due by the calendar, page by page. A second run finds nothing to do.
    ///
    /// # Errors
    ///
    /// What the store reports; pages that are done stay done.
    pub async fn bill_due(&self) -> Result<BillingRun, Error> {
        let mut run = BillingRun::default();
        let now = self.now();
        if self.next_due().await?.is_none_or(|due| due > now) {
            return Ok(run);
        }
        loop {
            let page = match self.bill_page(PAGE).await {
                Err(error) if is_about_data(&error) => self.bill_one().await?,
                page => page?,
            };
            if page.customers == 0 {
                break;
            }
            run.add(page);
        }
        Ok(run)
    }

    /// Tells customers of their credit, each at most once a week.
    ///
    /// # Errors
    ///
    /// What the store reports; pages that are done stay done.
    pub async fn remind_of_credit(&self) -> Result<usize, Error> {
        let caller = Caller::engine();
        let context = self.context(&caller);
        let mut told = 0;
        loop {
            let page = transact!(self.store(), Mode::Commit, |tx| {
                credit_page(tx, self.desk(context).await?, self.currency()).await
            })?;
            if page == 0 {
                return Ok(told);
            }
            told += page;
        }
    }

    async fn bill_page(&self, limit: u32) -> Result<BillingRun, Error> {
        let caller = Caller::engine();
        let context = self.context(&caller);
        transact!(self.store(), Mode::Commit, |tx| page(tx, self.desk(context).await?, limit).await)
    }

    /// Bills one customer; one that cannot be written down is left alone from now on.
    async fn bill_one(&self) -> Result<BillingRun, Error> {
        let error = match self.bill_page(1).await {
            Err(error) if is_about_data(&error) => error,
            done => return done,
        };
        let (now, text) = (self.now(), said(&error));
        let parked = transact!(self.store(), Mode::Commit, |tx| park(tx, now, &text).await)?;
        for (id, text) in &parked {
            tracing::error!(subscription.id = %id, error = text, "subscription {id} cannot be billed");
        }
        Ok(BillingRun { customers: 1, failed: parked, ..BillingRun::default() })
    }
}

impl Reader {
    /// When the calendar brings something next, if at all.
    pub(crate) async fn next_due(&self) -> Result<Option<Timestamp>, Error> {
        reading!(self.store(), |tx| tx.next_due().await)
    }
}

/// Is it about what is stored rather than about the store?
pub(super) fn is_about_data(error: &Error) -> bool {
    !matches!(error, Error::Unavailable { .. })
}

/// An error with its causes, in one line.
fn said(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

async fn page(tx: &mut dyn Tx, mut desk: Desk<'_>, limit: u32) -> Result<BillingRun, Error> {
    let due = tx.customers_due(desk.context.now, limit).await?;
    if due.is_empty() {
        return Ok(BillingRun::default());
    }
    let mut accounts = load::accounts(tx, &mut desk, &due).await?;
    let mut run = BillingRun { customers: accounts.len(), ..BillingRun::default() };
    for account in &mut accounts {
        bill(&desk, account, &mut run);
        account.advance_invoices(&desk)?;
        account.watch_debt(&desk)?;
    }
    count(&accounts, &mut run);
    save::save(tx, &desk, &mut accounts).await?;
    Ok(run)
}

/// Advances what is due of an account. One subscription that fails stops only itself.
fn bill(desk: &Desk<'_>, account: &mut CustomerAccount, run: &mut BillingRun) {
    for index in 0..account.kept.len() {
        let subscription = &account.kept[index].subscription;
        let due = subscription.due_at.is_some_and(|due| due <= desk.context.now);
        if !due || subscription.trouble.is_some() {
            continue;
        }
        let before = account.clone();
        let was_cut = account.is_overdue(index);
        let Err(error) = account.advance(desk, index) else {
            run.suspended += usize::from(!was_cut && account.is_overdue(index));
            continue;
        };
        *account = before;
        let id = account.kept[index].subscription.id;
        let text = said(&error);
        tracing::error!(subscription.id = %id, error = text, "subscription {id} cannot be billed");
        account.kept[index].subscription.edit().trouble = Some(text.clone());
        run.failed.push((id, text));
    }
}

fn count(accounts: &[CustomerAccount], run: &mut BillingRun) {
    for account in accounts {
        let issued = account.invoices.iter().filter(|invoice| invoice.is_new());
        run.issued += issued.clone().count();
        run.paid_from_credit += issued.filter(|invoice| !invoice.is_open()).count();
        run.notices += account.notices.len();
    }
}

async fn park(
    tx: &mut dyn Tx,
    now: Timestamp,
    text: &str,
) -> Result<Vec<(SubscriptionId, String)>, Error> {
    let Some(customer) = tx.customers_due(now, 1).await?.pop() else { return Ok(Vec::new()) };
    let all = tx.subscriptions_live_of(&[customer]).await?;
    tx.account_park(customer, now, text).await?;
    let due = all.iter().filter(|subscription| subscription.due_at.is_some_and(|due| due <= now));
    Ok(due.map(|subscription| (subscription.id, text.to_owned())).collect())
}

async fn credit_page(
    tx: &mut dyn Tx,
    mut desk: Desk<'_>,
    currency: crate::kernel::money::Currency,
) -> Result<usize, Error> {
    let Ok(before) = desk.context.now.checked_sub(CREDIT_REMINDER_EVERY) else { return Ok(0) };
    let due: Vec<CustomerId> = tx.customers_credit_due(before, PAGE).await?;
    if due.is_empty() {
        return Ok(0);
    }
    let mut accounts = load::accounts(tx, &mut desk, &due).await?;
    for account in &mut accounts {
        account.remind_of_credit(&desk, currency)?;
        account.holder.edit().credit_reminded_at = Some(desk.context.now);
    }
    save::save(tx, &desk, &mut accounts).await?;
    Ok(due.len())
}
