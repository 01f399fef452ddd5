//! What time does to an account: invoices fall due, service is cut, pauses and subscriptions end.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::invoice::Invoice;
use crate::kernel::error::Error;
use crate::kernel::time::BusinessZone;
use crate::plan::terms::{BillingMode, LateRenewal};
use crate::subscription::cycle::sub_days;
use crate::subscription::{Subscription, SubscriptionState};

use super::book::CustomerAccount;
use super::desk::Desk;

/// More than any subscription does at once: daily periods of nine years. Beyond it something is wrong.
const STEPS_MAX: u32 = 4_000;
/// How many days before an invoice is due its customer is reminded.
pub const REMINDER_DAYS: [u32; 3] = [7, 3, 1];

impl CustomerAccount {
    /// Does everything that has become due for one subscription, and notes when it is due again.
    ///
    /// # Errors
    ///
    /// An amount or a date that is out of range, or stored data that contradict each other.
    pub fn advance(&mut self, desk: &Desk<'_>, index: usize) -> Result<(), Error> {
        let mut steps = 0;
        while self.step(desk, index)? {
            steps += 1;
            if steps > STEPS_MAX {
                return Err(Error::broken("a subscription does not come to rest"));
            }
        }
        let Subscription { id, zone, .. } = &*self.kept[index].subscription;
        let due = self.due_soon(desk, Some(*id), zone);
        self.remind(desk, &due)?;
        self.set_alarm(desk, index);
        Ok(())
    }

    fn step(&mut self, desk: &Desk<'_>, index: usize) -> Result<bool, Error> {
        let subscription = &self.kept[index].subscription;
        let today = desk.date_in(&subscription.zone);
        if subscription.state.resume_on().is_some_and(|day| day <= today) {
            self.resume(desk, index)?;
            return Ok(true);
        }
        if self.has_to_bill(index, today)? {
            self.issue_period(desk, index)?;
            return Ok(true);
        }
        let subscription = &self.kept[index].subscription;
        if subscription.ends_on.is_some_and(|day| day <= today) {
            self.cancel(desk, index)?;
            return Ok(true);
        }
        if self.is_cut(index, today) {
            self.suspend(desk, index);
            return Ok(true);
        }
        Ok(false)
    }

    /// Bills a subscription that is cut although it owes nothing, from today on, so that there is
    /// something to pay.
    ///
    /// # Errors
    ///
    /// An amount or a date that is out of range.
    pub(super) fn bill_to_go_on(&mut self, desk: &Desk<'_>, index: usize) -> Result<(), Error> {
        let subscription = &self.kept[index].subscription;
        let SubscriptionState::Overdue { since } = subscription.state else { return Ok(()) };
        let stands = subscription.terms.late_renewal == LateRenewal::FromPayment;
        if !stands || self.open_of(subscription.id).next().is_some() {
            return Ok(());
        }
        let today = desk.date_in(&subscription.zone);
        self.stand_still(desk, index, since, today)?;
        self.kept[index].subscription.edit().state = SubscriptionState::Overdue { since: today };
        self.issue_period(desk, index).map(drop)
    }

    /// Is the service of a subscription cut because it was not paid?
    pub fn is_overdue(&self, index: usize) -> bool {
        matches!(self.kept[index].subscription.state, SubscriptionState::Overdue { .. })
    }

    fn is_cut(&self, index: usize, today: Date) -> bool {
        let active =
            matches!(self.kept[index].subscription.state, SubscriptionState::Active { .. });
        active && self.cut_on(index).is_some_and(|cut| cut <= today)
    }

    /// A period is billed when its day has come. One that is about to be cut is billed for what was
    /// served already, and once more if it owes nothing yet, so that there is something to pay.
    fn has_to_bill(&self, index: usize, today: Date) -> Result<bool, Error> {
        if self.bill_on(index)?.is_none_or(|day| day > today) {
            return Ok(false);
        }
        let subscription = &self.kept[index].subscription;
        let start = self.period_to_bill(index)?.start;
        let served = start < today;
        let owes = self.open_of(subscription.id).next().is_some();
        Ok(served || !owes || !self.is_cut(index, today))
    }

    /// When the next period is billed; `None` while nothing is billed.
    fn bill_on(&self, index: usize) -> Result<Option<Date>, Error> {
        let subscription = &self.kept[index].subscription;
        let runs = match subscription.state {
            SubscriptionState::Active { .. } => true,
            SubscriptionState::Overdue { .. } => {
                subscription.terms.late_renewal == LateRenewal::FromDue
            }
            _ => false,
        };
        let period = self.period_to_bill(index)?;
        if !runs || subscription.ends_on.is_some_and(|end| end <= period.start) {
            return Ok(None);
        }
        Ok(Some(match subscription.terms.billing {
            BillingMode::Prepaid => sub_days(period.start, subscription.terms.lead_days),
            BillingMode::Postpaid => period.end,
        }))
    }

    /// Notes when the subscription is due again: at the beginning of the next day on which something
    /// may happen to it.
    pub(super) fn set_alarm(&mut self, desk: &Desk<'_>, index: usize) {
        let due = self.next_day(desk, index).and_then(|day| {
            let zone = &self.kept[index].subscription.zone;
            zone.start_of(day).ok()
        });
        if self.kept[index].subscription.due_at != due {
            self.kept[index].subscription.edit().due_at = due;
        }
    }

    /// Notes for all subscriptions when they are due again.
    pub fn set_alarms(&mut self, desk: &Desk<'_>) {
        for index in 0..self.kept.len() {
            self.set_alarm(desk, index);
        }
        self.set_invoice_alarms(desk);
    }

    /// Reminds of the invoices that belong to no subscription and fall due soon, and notes when they are
    /// to be looked at again.
    ///
    /// # Errors
    ///
    /// An amount that is out of range.
    pub fn advance_invoices(&mut self, desk: &Desk<'_>) -> Result<(), Error> {
        let due = self.due_soon(desk, None, desk.context.zone);
        self.remind(desk, &due)?;
        self.set_invoice_alarms(desk);
        Ok(())
    }

    fn set_invoice_alarms(&mut self, desk: &Desk<'_>) {
        let zone = desk.context.zone;
        for invoice in self.invoices.iter_mut().filter(|invoice| invoice.subscription.is_none()) {
            let day = Some(&**invoice).filter(|invoice| invoice.is_open());
            let day = day.and_then(|invoice| looked_at(invoice, desk.today()));
            let at = day.and_then(|day| zone.start_of(day).ok());
            if invoice.remind_at != at {
                invoice.edit().remind_at = at;
            }
        }
    }

    fn next_day(&self, desk: &Desk<'_>, index: usize) -> Option<Date> {
        let subscription = &self.kept[index].subscription;
        if matches!(subscription.state, SubscriptionState::Cancelled { .. }) {
            return None;
        }
        let today = desk.date_in(&subscription.zone);
        let active = matches!(subscription.state, SubscriptionState::Active { .. });
        let cut = self.cut_on(index).filter(|_| active);
        let bill = self.bill_on(index).ok().flatten();
        let invoices =
            self.open_of(subscription.id).filter_map(|invoice| looked_at(invoice, today));
        let own = [cut, bill, subscription.state.resume_on()];
        let own = own.into_iter().chain([subscription.ends_on]);
        let days = own.flatten().chain(invoices);
        // What is due today and could not be done waits for tomorrow instead of being tried for ever.
        days.map(|day| day.max(today.tomorrow().unwrap_or(Date::MAX))).min()
    }
}

/// When an open invoice is looked at next: to be reminded of, or to see that it is overdue.
fn looked_at(invoice: &Invoice, today: Date) -> Option<Date> {
    let reminders = REMINDER_DAYS.map(|days| sub_days(invoice.due_on, days));
    let after = invoice.due_on.tomorrow().ok();
    reminders.into_iter().chain(after).filter(|day| *day > today).min()
}

/// The instant at which a notice of today may be sent: nine in the morning, or now if it is later.
pub(super) fn in_the_morning(desk: &Desk<'_>, zone: &BusinessZone) -> Timestamp {
    let today = desk.date_in(zone);
    let morning = today.at(MORNING_HOUR, 0, 0, 0).to_zoned(zone.time_zone().clone());
    morning.map_or(desk.context.now, |morning| morning.timestamp().max(desk.context.now))
}

/// Nobody is reminded earlier in the day.
const MORNING_HOUR: i8 = 9;
