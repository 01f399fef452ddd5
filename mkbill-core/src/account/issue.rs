//! Issuing invoices: for a period, for a change of plan, by hand.

use jiff::civil::Date;
use sha2::{Digest as _, Sha256};

use crate::invoice::draft::{Draft, Item};
use crate::invoice::{
    Invoice, InvoiceKind, InvoiceRefusal, InvoiceState, LINES_MAX, LineKind, PrintedPeriod,
    TokenDigest,
};
use crate::kernel::document::DocumentNumber;
use crate::kernel::error::Error;
use crate::kernel::ids::{InvoiceId, SubscriptionId};
use crate::kernel::language::said;
use crate::kernel::money::Money;
use crate::ledger::{Account, Cause, Posting};
use crate::notice::NoticeKind;
use crate::plan::terms::BillingMode;
use crate::subscription::Subscription;
use crate::subscription::cycle::{BeyondCalendar, Period, add_days};
use crate::subscription::period::BilledPeriod;

use super::book::{CustomerAccount, Kept};
use super::desk::Desk;
use super::document::Booking;
use super::tracked::Tracked;

const TEXT_CHARS_MAX: usize = 200;

/// What an invoice says besides its lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heading {
    pub(super) id: InvoiceId,
    pub(super) kind: InvoiceKind,
    pub(super) subscription: Option<SubscriptionId>,
    pub(super) plan: Option<crate::kernel::ids::PlanId>,
    pub(super) period: Option<PrintedPeriod>,
    pub(super) due_on: Date,
}

/// An invoice that a person writes.
#[derive(Debug, Clone)]
pub struct ManualInvoice {
    /// The subscription whose credit pays it first, and whose service depends on it.
    pub subscription: Option<SubscriptionId>,
    /// Its lines; at least one.
    pub items: Vec<Item>,
    /// The tax on all of them.
    pub tax: Option<crate::invoice::tax::TaxName>,
    /// When it is to be paid at the latest.
    pub due_on: Date,
}

impl CustomerAccount {
    /// Issues the invoice of the next period of a subscription, takes over what was left unpaid, and
    /// pays it from credit as far as that goes.
    ///
    /// # Errors
    ///
    /// An amount or a date that is out of range, or a plan that is not at hand.
    pub fn issue_period(&mut self, desk: &Desk<'_>, index: usize) -> Result<InvoiceId, Error> {
        self.move_to_next_plan(desk, index)?;
        let subscription = &self.kept[index].subscription;
        let (own, plan) = (subscription.id, subscription.plan);
        let printed =
            PrintedPeriod { number: subscription.schedule.next, days: self.period_to_bill(index)? };
        let due_on = due_on(desk, subscription, printed)?;
        let mut draft = self.draft_period(desk, index, printed)?;
        let sources = self.carry_into(desk, own, &mut draft)?;
        self.close_period(index, printed)?;
        let heading = Heading {
            id: desk.id(InvoiceId::in_run),
            kind: InvoiceKind::Period,
            subscription: Some(own),
            plan: Some(plan),
            period: Some(printed),
            due_on,
        };
        let id = self.add_invoice(desk, heading, draft, &sources)?;
        self.spend(desk, None, None)?;
        Ok(id)
    }

    /// Issues an invoice that a person wrote, and pays it from credit as far as that goes.
    ///
    /// # Errors
    ///
    /// An [`InvoiceRefusal`] for lines that make no invoice or a day that is past.
    pub fn issue_manual(
        &mut self,
        desk: &Desk<'_>,
        id: InvoiceId,
        manual: ManualInvoice,
    ) -> Result<(), Error> {
        if manual.due_on < desk.today() {
            return Err(InvoiceRefusal::DuePast(manual.due_on).into());
        }
        if !(1..=LINES_MAX).contains(&manual.items.len()) {
            return Err(InvoiceRefusal::Lines(said!(
                "write 1 to 100 lines",
                "tulis 1 sampai 100 baris"
            ))
            .into());
        }
        let says = |item: &Item| (1..=TEXT_CHARS_MAX).contains(&item.text.trim().chars().count());
        if !manual.items.iter().all(|item| item.quantity > 0 && says(item)) {
            let text = said!(
                "each line has 1 to 200 characters and a quantity of one or more",
                "setiap baris berisi 1 sampai 200 karakter dan jumlah satu atau lebih"
            );
            return Err(InvoiceRefusal::Lines(text).into());
        }
        let plan = match manual.subscription {
            Some(id) => Some(self.kept[self.find(id)?].subscription.plan),
            None => None,
        };
        let mut draft = Draft::new(manual.items[0].unit.currency());
        for item in manual.items {
            draft.add(item, desk.tax(manual.tax.as_ref()))?;
        }
        if draft.total()?.minor() <= 0 {
            return Err(InvoiceRefusal::Lines(said!(
                "the lines must add up to more than zero",
                "jumlah semua baris harus lebih dari nol"
            ))
            .into());
        }
        let heading = Heading {
            id,
            kind: InvoiceKind::Manual,
            subscription: manual.subscription,
            plan,
            period: None,
            due_on: manual.due_on,
        };
        self.add_invoice(desk, heading, draft, &[])?;
        self.spend(desk, None, None)
    }

    /// The days of the period that is billed next.
    ///
    /// # Errors
    ///
    /// [`BeyondCalendar`] after the year 9999.
    pub fn period_to_bill(&self, index: usize) -> Result<Period, BeyondCalendar> {
        let kept = &self.kept[index];
        let next = kept.subscription.schedule.next;
        let begun = kept.periods.iter().find(|row| row.number == next);
        begun.map_or_else(|| kept.subscription.calendar_period(next), |row| Ok(row.period))
    }

    fn move_to_next_plan(&mut self, desk: &Desk<'_>, index: usize) -> Result<(), Error> {
        let Some(id) = self.kept[index].subscription.next_plan else { return Ok(()) };
        let plan = desk.plan(id)?;
        let terms = plan.terms_for_subscription()?.clone();
        let start = self.period_to_bill(index)?.start;
        let kept = &mut self.kept[index];
        let begun = kept.periods.iter().find(|row| row.number == kept.subscription.schedule.next);
        let begun = begun.map(|row| row.period.end);
        let subscription = kept.subscription.edit();
        if subscription.terms.cycle != terms.cycle {
            let next = subscription.schedule.next;
            let (anchor, number) = begun.map_or((start, next), |end| (end, next + 1));
            subscription.schedule.anchor = anchor;
            subscription.schedule.anchor_number = number;
        }
        subscription.plan = id;
        subscription.terms = terms;
        subscription.profile.clone_from(&plan.router_profile);
        subscription.next_plan = None;
        self.serve(index);
        Ok(())
    }

    fn draft_period(
        &self,
        desk: &Desk<'_>,
        index: usize,
        printed: PrintedPeriod,
    ) -> Result<Draft, Error> {
        let subscription = &self.kept[index].subscription;
        let price = subscription.terms.prices.sell();
        let rule = desk.tax(subscription.terms.tax.as_ref());
        let mut draft = Draft::new(price.currency());
        let text = line_text(desk.plan(subscription.plan)?.name.as_str(), printed.days);
        draft.add(Item { kind: LineKind::Period, text, quantity: 1, unit: price }, rule)?;
        let off = subscription.discount.off(price)?;
        if !off.is_zero() {
            let unit = off.checked_neg()?;
            let text = "discount".to_owned();
            draft.add(Item { kind: LineKind::Discount, text, quantity: 1, unit }, rule)?;
        }
        Ok(draft)
    }

    fn carry_into(
        &self,
        desk: &Desk<'_>,
        own: SubscriptionId,
        draft: &mut Draft,
    ) -> Result<Vec<InvoiceId>, Error> {
        let position = self.position(draft.net.currency(), None);
        let carried = desk.policy.carry(&position, own)?;
        for rest in &carried {
            let old = &self.invoices[self.invoice_index(rest.invoice)?];
            if old.outstanding()? != rest.amount {
                let text = format!("the policy carries {} of invoice {}", rest.amount, old.number);
                return Err(Error::broken(text));
            }
            draft.carry(rest.invoice, format!("left to pay on {}", old.number), rest.amount)?;
        }
        Ok(carried.iter().map(|rest| rest.invoice).collect())
    }

    /// Notes the period as billed, and that the next one is to be billed next. One that is paid
    /// afterwards is followed by the period that begins now.
    fn close_period(&mut self, index: usize, printed: PrintedPeriod) -> Result<(), Error> {
        let Kept { subscription, periods } = &mut self.kept[index];
        let row = |number, period| {
            let subscription = subscription.id;
            Tracked::new(BilledPeriod { subscription, number, period, granted_days: 0 })
        };
        if periods.iter().all(|row| row.number != printed.number) {
            periods.push(row(printed.number, printed.days));
        }
        let next = printed.number.checked_add(1).ok_or(BeyondCalendar(printed.number))?;
        if subscription.terms.billing == BillingMode::Postpaid {
            periods.push(row(next, subscription.calendar_period(next)?));
        }
        let subscription = subscription.edit();
        subscription.schedule.next = next;
        subscription.discount = subscription.discount.used_once();
        Ok(())
    }

    /// Writes an invoice down: it is owed from now on.
    pub(super) fn add_invoice(
        &mut self,
        desk: &Desk<'_>,
        heading: Heading,
        draft: Draft,
        sources: &[InvoiceId],
    ) -> Result<InvoiceId, Error> {
        let (now, today) = (desk.context.now, desk.today());
        let id = heading.id;
        let total = draft.total()?;
        let state =
            if total.is_zero() { InvoiceState::Paid { at: now } } else { InvoiceState::Open };
        let digest = Sha256::digest(desk.token(id).as_bytes());
        for source in sources {
            let old = self.invoice_index(*source)?;
            self.invoices[old].edit().state = InvoiceState::CarriedOver { at: now, into: id };
        }
        let invoice = Invoice {
            id,
            number: DocumentNumber::pending(),
            customer: self.holder.id,
            subscription: heading.subscription,
            plan: heading.plan,
            kind: heading.kind,
            period: heading.period,
            net: draft.net,
            tax: draft.tax,
            carried: draft.carried,
            total,
            paid: Money::zero(total.currency()),
            lines: draft.lines,
            issued_on: today,
            due_on: heading.due_on.max(today),
            state,
            remind_at: None,
            token: TokenDigest(digest.into()),
            created_at: now,
            revision: 1,
        };
        self.book_invoice(desk, &invoice, Side::Issued)?;
        self.tell_of_invoice(desk, NoticeKind::InvoiceIssued, &invoice, now)?;
        self.invoices.push(Tracked::new(invoice));
        self.refresh_grant(desk, self.invoices.len() - 1);
        Ok(id)
    }

    /// Books what an invoice charges, or takes it back.
    pub(super) fn book_invoice(
        &mut self,
        desk: &Desk<'_>,
        invoice: &Invoice,
        side: Side<'_>,
    ) -> Result<(), Error> {
        let issued = Cause::InvoiceIssued(invoice.id);
        let booking = match side {
            Side::Issued => Booking::today(desk, issued),
            Side::Void(reason) => Booking::today(desk, Cause::InvoiceVoided(invoice.id))
                .reversing(issued)
                .noting(Some(reason.to_owned())),
        };
        let signed = |amount: Money| match side {
            Side::Issued => Ok(amount),
            Side::Void(_) => amount.checked_neg(),
        };
        let [owed, net, tax] = [invoice.charged()?, invoice.net, invoice.tax].map(signed);
        let postings = vec![
            self.receivable(owed?),
            self.revenue_side(invoice, net?.checked_neg()?),
            Posting::new(Account::TaxPayable, tax?.checked_neg()?),
        ];
        self.book(desk, booking.of_invoice(invoice.id), postings)
    }

    /// A side on the revenue of what an invoice is for.
    pub(super) fn revenue_side(&self, invoice: &Invoice, amount: Money) -> Posting {
        let account = match invoice.kind {
            InvoiceKind::Manual => Account::OtherRevenue,
            InvoiceKind::Period | InvoiceKind::PlanChange => Account::SubscriptionRevenue,
        };
        Posting::new(account, amount).of(self.holder.id, invoice.subscription).by_plan(invoice.plan)
    }
}

/// Whether an invoice is booked or taken back.
#[derive(Debug, Clone, Copy)]
pub(super) enum Side<'a> {
    Issued,
    Void(&'a str),
}

/// A name and the days it is for, the last one included.
pub(super) fn line_text(name: &str, days: Period) -> String {
    let last = days.end.yesterday().unwrap_or(days.end);
    format!("{name}, {} to {last}", days.start)
}

/// Before a period, the invoice is due when it begins, but for the first one, which has as many days
/// to be paid as all that follow. After a period, it has those days from its issue.
fn due_on(
    desk: &Desk<'_>,
    subscription: &Subscription,
    printed: PrintedPeriod,
) -> Result<Date, Error> {
    let later =
        |day| add_days(day, subscription.terms.lead_days).ok_or(BeyondCalendar(printed.number));
    let due = match subscription.terms.billing {
        BillingMode::Postpaid => later(desk.today())?,
        BillingMode::Prepaid if printed.number == 0 => {
            later(printed.days.start)?.min(printed.days.end)
        }
        BillingMode::Prepaid => printed.days.start,
    };
    Ok(due.max(desk.today()))
}
