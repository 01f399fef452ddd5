//! Use cases around payments that people record.

use serde_json::{Value, json};

use crate::account::desk::Desk;
use crate::account::load;
use crate::account::pay::fund_sides;
use crate::audit::{Act, Record};
use crate::invoice::Invoice;
use crate::kernel::caller::{Caller, Fingerprint, Mode};
use crate::kernel::document::{Document, DocumentNumber};
use crate::kernel::error::Error;
use crate::kernel::ids::{CustomerId, EntryId, InvoiceId, PaymentId, SubscriptionId};
use crate::kernel::money::Money;
use crate::kernel::page::{Page, PageRequest};
use crate::kernel::permission::Permission;
use crate::kernel::thing::Thing;
use crate::ledger::{Account, Cause, Entry, Posting, check_open};
use crate::payment::store::{PaymentFilter, PaymentSort};
use crate::payment::{NewPayment, Payment, PaymentRefusal, Reversal};
use crate::request::Once;
use crate::store::Tx;
use crate::subscription::Subscription;
use crate::transact::{snapshot, transact};

use super::batches::Receipt;
use super::desk::{finish, first_time, open, reason};
use super::{Billing, Reader, counted, invoices};

/// A payment and what came of it.
#[derive(Debug, Clone)]
pub struct PaymentView {
    /// The payment.
    pub payment: Payment,
    /// What it pays now: each invoice as it stands, and how much of it.
    pub paid: Vec<(Invoice, Money)>,
    /// The customer's credit after it, by subscription; `None` is credit for all.
    pub credit: Vec<(Option<SubscriptionId>, Money)>,
    /// The customer's subscriptions as they stand.
    pub subscriptions: Vec<Subscription>,
}

impl Billing {
    /// Records money that came in. It is credited to the customer and pays what is open, the oldest
    /// first; without a customer it stands in suspense.
    ///
    /// A second payment of the same reference is the same payment: the first one is answered again.
    /// A dry run shows what a payment would do.
    ///
    /// # Errors
    ///
    /// A [`PaymentRefusal`], a refusal of the invoice that was named, or closed books.
    pub async fn record_payment(
        &self,
        caller: &Caller,
        request: NewPayment,
    ) -> Result<Receipt<PaymentView>, Error> {
        let request = request.checked()?;
        let context = self.permitted(caller, Permission::PaymentsCreate)?;
        let (value, replayed) = transact!(self.store(), caller.mode, |tx| {
            record(tx, self.desk(context).await?, &request).await
        })?;
        if !replayed && caller.mode == Mode::Commit {
            counted::payment(&value.payment, counted::RECORDED);
        }
        Ok(Receipt { value, replayed, dry_run: caller.mode == Mode::DryRun })
    }

    /// Takes a payment back; a reason has to be given. What it paid is open again.
    ///
    /// # Errors
    ///
    /// [`PaymentRefusal::Reversed`] if it was taken back before.
    pub async fn reverse_payment(&self, caller: &Caller, key: &str) -> Result<PaymentView, Error> {
        let context = self.permitted(caller, Permission::PaymentsDelete)?;
        let view =
            transact!(self.store(), caller.mode, |tx| reverse(tx, self.desk(context).await?, key)
                .await)?;
        if caller.mode == Mode::Commit {
            counted::payment(&view.payment, counted::REVERSED);
        }
        Ok(view)
    }

    /// Gives a payment that stands in suspense to its customer.
    ///
    /// # Errors
    ///
    /// A [`PaymentRefusal`] if it has a customer or was taken back.
    pub async fn match_payment(
        &self,
        caller: &Caller,
        key: &str,
        customer: CustomerId,
    ) -> Result<PaymentView, Error> {
        let context = self.permitted(caller, Permission::PaymentsEdit)?;
        let view = transact!(self.store(), caller.mode, |tx| {
            assign(tx, self.desk(context).await?, key, customer).await
        })?;
        Ok(view)
    }
}

impl Reader {
    /// One payment, by receipt number, reference or identity.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is none.
    pub async fn payment(&self, key: &str) -> Result<PaymentView, Error> {
        snapshot!(self.store(), |tx| view_of(tx, key).await)
    }

    /// Payments; newest first if asked for in no order.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn payments(
        &self,
        filter: &PaymentFilter,
        page: PageRequest<PaymentSort>,
    ) -> Result<Page<Payment>, Error> {
        snapshot!(self.store(), |tx| tx.payment_page(filter, page).await)
    }
}

pub(super) async fn find(tx: &mut dyn Tx, key: &str) -> Result<Payment, Error> {
    let found = match key.parse::<PaymentId>() {
        Ok(id) => tx.payment_by_id(id).await?,
        Err(_) => match tx.payment_by_number(&DocumentNumber::stored(key.to_owned())).await? {
            Some(payment) => Some(payment),
            None => tx.payment_by_reference(key).await?,
        },
    };
    found.ok_or_else(|| Error::not_found(Thing::Payment, key))
}

async fn view_of(tx: &mut dyn Tx, key: &str) -> Result<PaymentView, Error> {
    let payment = find(tx, key).await?;
    view(tx, payment).await
}

pub(super) async fn view(tx: &mut dyn Tx, payment: Payment) -> Result<PaymentView, Error> {
    let allocations = tx.allocations_of_payment(payment.id).await?;
    let mut paid: Vec<(Invoice, Money)> = Vec::new();
    for allocation in allocations {
        match paid.iter_mut().find(|(invoice, _)| invoice.id == allocation.invoice) {
            Some((_, sum)) => *sum = sum.checked_add(allocation.amount)?,
            None => paid.push((invoices::by_id(tx, allocation.invoice).await?, allocation.amount)),
        }
    }
    let (mut credit, mut subscriptions) = (Vec::new(), Vec::new());
    if let Some(customer) = payment.customer {
        let held = tx.credit_of(&[customer]).await?;
        credit = held.into_iter().map(|(_, subscription, amount)| (subscription, amount)).collect();
        subscriptions = tx.subscriptions_live_of(&[customer]).await?;
    }
    Ok(PaymentView { payment, paid, credit, subscriptions })
}

async fn record(
    tx: &mut dyn Tx,
    mut desk: Desk<'_>,
    request: &NewPayment,
) -> Result<(PaymentView, bool), Error> {
    let id = desk.id(PaymentId::in_run);
    let input = Fingerprint::of("payment.record", &[request]);
    if let Once::Again(made) = first_time(tx, &desk, input, id.uuid()).await? {
        let made = find(tx, &made.to_string()).await?;
        return Ok((view(tx, made).await?, true));
    }
    let account = match request.customer {
        Some(customer) => Some(open(tx, &mut desk, customer).await?),
        None => None,
    };
    if let Some(same) = same_reference(tx, request).await? {
        return Ok((view(tx, same).await?, true));
    }
    let payment = describe(tx, &desk, request, id).await?;
    match account {
        None => keep_in_suspense(tx, &desk, &payment).await?,
        Some(mut account) => {
            let first = checked_invoice(tx, &mut account, request).await?;
            account.receive(&desk, payment.clone(), first)?;
            finish(tx, &desk, account).await?;
        }
    }
    Ok((view(tx, payment).await?, false))
}

/// The payment that has the reference already, if it is the same.
async fn same_reference(tx: &mut dyn Tx, request: &NewPayment) -> Result<Option<Payment>, Error> {
    let Some(reference) = &request.reference else { return Ok(None) };
    let Some(known) = tx.payment_by_reference(reference).await? else { return Ok(None) };
    if known.amount == request.amount && known.customer == request.customer {
        return Ok(Some(known));
    }
    let (reference, number) = (reference.clone(), known.number);
    Err(PaymentRefusal::ReferenceTaken { reference, number }.into())
}

async fn checked_invoice(
    tx: &mut dyn Tx,
    account: &mut crate::account::book::CustomerAccount,
    request: &NewPayment,
) -> Result<Option<InvoiceId>, Error> {
    if let Some(subscription) = request.subscription {
        account.find(subscription)?;
    }
    let Some(first) = request.invoice else { return Ok(None) };
    let invoice = invoices::by_id(tx, first).await?;
    if Some(invoice.customer) != request.customer {
        return Err(PaymentRefusal::OtherCustomer(Thing::Invoice).into());
    }
    invoice.total.checked_sub(request.amount)?;
    load::add_invoices(tx, account, &[first]).await?;
    Ok(Some(first))
}

async fn describe(
    tx: &mut dyn Tx,
    desk: &Desk<'_>,
    request: &NewPayment,
    id: PaymentId,
) -> Result<Payment, Error> {
    let today = desk.today();
    let received_on = request.received_on.unwrap_or(today);
    if received_on > today {
        return Err(PaymentRefusal::FromTheFuture(received_on).into());
    }
    check_open(tx.books_locked_through().await?, received_on)?;
    let counter = DocumentNumber::counter(Document::Receipt, today);
    let number = DocumentNumber::new(Document::Receipt, today, tx.counter_next(&counter).await?);
    Ok(Payment {
        id,
        number,
        customer: request.customer,
        subscription: request.subscription,
        amount: request.amount,
        parts: request.parts.clone(),
        received_on,
        reference: request.reference.clone(),
        note: request.note.clone(),
        recorded_at: desk.context.now,
        recorded_by: desk.context.caller.actor.to_string(),
        matched_at: None,
        reversal: None,
        revision: 1,
    })
}

async fn keep_in_suspense(
    tx: &mut dyn Tx,
    desk: &Desk<'_>,
    payment: &Payment,
) -> Result<(), Error> {
    tx.payment_insert(payment).await?;
    let mut sides = fund_sides(&payment.parts, false)?;
    sides.push(Posting::new(Account::Suspense, payment.amount.checked_neg()?));
    let cause = Cause::PaymentReceived(payment.id);
    book(tx, desk, payment, cause, payment.received_on, sides).await?;
    note(tx, desk, "payment.record", payment).await
}

async fn book(
    tx: &mut dyn Tx,
    desk: &Desk<'_>,
    payment: &Payment,
    cause: Cause,
    on: jiff::civil::Date,
    sides: Vec<Posting>,
) -> Result<(), Error> {
    let id = desk.id(EntryId::in_run);
    let entry = Entry::balanced(id, cause, on, desk.context.now, sides);
    let mut entry = entry.map_err(|error| Error::broken(format!("booking a payment: {error}")))?;
    (entry.payment, entry.memo) = (Some(payment.id), payment.note.clone());
    tx.ledger_append(&entry).await?;
    Ok(())
}

async fn note(
    tx: &mut dyn Tx,
    desk: &Desk<'_>,
    action: &'static str,
    payment: &Payment,
) -> Result<(), Error> {
    let act = Act { action, subject_kind: "payment", subject: payment.id.uuid() };
    let after = json!({
        "number": payment.number.as_str(),
        "customer": Value::Null,
        "amount_minor": payment.amount.minor(),
        "currency": payment.amount.currency().code(),
    });
    let context = desk.context;
    let record = Record::new(context, act, Value::Null, after);
    Ok(tx.audit_append(&[record]).await?)
}

async fn reverse(tx: &mut dyn Tx, mut desk: Desk<'_>, key: &str) -> Result<PaymentView, Error> {
    let reason = reason(&desk)?;
    let payment = find(tx, key).await?;
    let input = Fingerprint::of("payment.reverse", &[&payment.id]);
    if first_time(tx, &desk, input, payment.id.uuid()).await? != Once::First {
        return view(tx, payment).await;
    }
    match payment.customer {
        Some(customer) => {
            let mut account = open(tx, &mut desk, customer).await?;
            // Read again under the lock: another reversal may have been first.
            let payment = find(tx, &payment.id.to_string()).await?;
            desk.context.caller.has_seen(payment.revision)?;
            load::add_paid_by(tx, &mut account, payment.id).await?;
            account.reverse(&desk, payment, &reason)?;
            for index in 0..account.kept.len() {
                account.advance(&desk, index)?;
            }
            finish(tx, &desk, account).await?;
        }
        None => give_back(tx, &desk, payment.clone(), reason).await?,
    }
    let payment = find(tx, &payment.id.to_string()).await?;
    view(tx, payment).await
}

/// Takes back money that never found its customer.
async fn give_back(
    tx: &mut dyn Tx,
    desk: &Desk<'_>,
    mut payment: Payment,
    reason: String,
) -> Result<(), Error> {
    desk.context.caller.has_seen(payment.revision)?;
    if payment.reversal.is_some() {
        return Err(PaymentRefusal::Reversed(payment.number).into());
    }
    payment.reversal = Some(Reversal { at: desk.context.now, reason });
    tx.payment_change(&payment).await?;
    let mut sides = fund_sides(&payment.parts, true)?;
    sides.push(Posting::new(Account::Suspense, payment.amount));
    book(tx, desk, &payment, Cause::PaymentReversed(payment.id), desk.today(), sides).await?;
    note(tx, desk, "payment.reverse", &payment).await
}

async fn assign(
    tx: &mut dyn Tx,
    mut desk: Desk<'_>,
    key: &str,
    customer: CustomerId,
) -> Result<PaymentView, Error> {
    let payment = find(tx, key).await?;
    let input = Fingerprint::of("payment.match", &[&payment.id, &customer]);
    if first_time(tx, &desk, input, payment.id.uuid()).await? != Once::First {
        return view(tx, payment).await;
    }
    let mut account = open(tx, &mut desk, customer).await?;
    let payment = find(tx, &payment.id.to_string()).await?;
    desk.context.caller.has_seen(payment.revision)?;
    if payment.reversal.is_some() {
        return Err(PaymentRefusal::Reversed(payment.number).into());
    }
    if payment.customer.is_some() {
        return Err(PaymentRefusal::Matched(payment.number).into());
    }
    let id = payment.id;
    account.match_payment(&desk, payment)?;
    finish(tx, &desk, account).await?;
    let payment = find(tx, &id.to_string()).await?;
    view(tx, payment).await
}
