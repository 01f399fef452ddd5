//! Service begins, is cut, goes on, stops by wish and ends.

use jiff::civil::Date;
use serde_json::{Value, json};

use crate::audit::Act;
use crate::invoice::{Invoice, InvoiceKind};
use crate::kernel::error::Error;
use crate::kernel::ids::InvoiceId;
use crate::kernel::ids::LoginId;
use crate::kernel::language::{Said, said};
use crate::notice::NoticeKind;
use crate::plan::fair_use::UseEffect;
use crate::plan::terms::{BillingMode, LateRenewal, OverdueAction};
use crate::provisioning::Presence;
use crate::subscription::cycle::{add_days, days_between, sub_days};
use crate::subscription::period::{self, BilledPeriod};
use crate::subscription::{Discount, Subscription, SubscriptionRefusal, SubscriptionState};

use super::book::{CustomerAccount, Kept, Serve};
use super::desk::Desk;

impl Kept {
    /// The day from which a subscription that is served has to be cut: the first day after its grace
    /// that is neither paid for nor on trust.
    pub(super) fn cut_on<'i>(&self, open: impl Iterator<Item = &'i Invoice>) -> Option<Date> {
        let terms = &self.subscription.terms;
        let ends = self.subscription.service_until;
        let unpaid = open.filter(|invoice| self.is_on_trust(invoice)).map(|invoice| {
            let after_due = invoice.due_on.tomorrow().unwrap_or(Date::MAX);
            self.bought_until(invoice).map_or(after_due, |until| until.max(after_due))
        });
        let first = ends.into_iter().chain(unpaid).min()?;
        Some(add_days(first, terms.grace_days).unwrap_or(Date::MAX))
    }

    /// Is what an open invoice charges for being served already?
    fn is_on_trust(&self, invoice: &Invoice) -> bool {
        match (self.subscription.service_until, self.row_of(invoice)) {
            (Some(until), Some(row)) => row.period.start < until,
            _ => true,
        }
    }

    /// The first day of its period that an invoice has not paid for, if it has paid for any.
    fn bought_until(&self, invoice: &Invoice) -> Option<Date> {
        let row = self.row_of(invoice).filter(|row| row.granted_days > 0)?;
        let missing = invoice.period?.days.days().saturating_sub(row.granted_days);
        Some(sub_days(row.period.end, missing))
    }

    fn row_of(&self, invoice: &Invoice) -> Option<&BilledPeriod> {
        let printed = invoice.period.filter(|_| invoice.kind == InvoiceKind::Period)?;
        self.periods.iter().map(|row| &**row).find(|row| row.number == printed.number)
    }

    fn stand_still(&mut self, from: Date, to: Date) -> Result<u32, Error> {
        let mut rows: Vec<BilledPeriod> = self.periods.iter().map(|row| **row).collect();
        let until = self.subscription.service_until;
        let mark = until.and_then(|until| rows.iter().position(|row| row.period.end == until));
        period::stand_still(self.subscription.edit(), &mut rows, from, to)?;
        let days = days_between(from, to);
        if let Some(until) = until.filter(|until| *until > from) {
            let moved = match mark {
                Some(mark) => Some(rows[mark].period.end),
                None => add_days(until, days),
            };
            self.subscription.edit().service_until = moved;
        }
        for (row, moved) in self.periods.iter_mut().zip(rows) {
            if **row != moved {
                *row.edit() = moved;
            }
        }
        Ok(days)
    }
}

impl CustomerAccount {
    /// The day from which a subscription has to be cut as things stand.
    pub fn cut_on(&self, index: usize) -> Option<Date> {
        let kept = &self.kept[index];
        kept.cut_on(self.open_of(kept.subscription.id))
    }

    /// Says what the login of a subscription ought to be.
    pub(super) fn serve(&mut self, index: usize) {
        let subscription = &self.kept[index].subscription;
        let Some(login) = subscription.login else { return };
        let (presence, profile) = wanted(subscription);
        self.serve.retain(|earlier| earlier.login != login);
        self.serve.push(Serve { login, presence, profile });
    }

    /// Gives a subscription another login, or none.
    pub fn give_login(&mut self, desk: &Desk<'_>, index: usize, login: Option<LoginId>) {
        let before = picture(&self.kept[index].subscription);
        self.kept[index].subscription.edit().login = login;
        self.note_change(desk, index, "subscription.login", before);
        self.serve(index);
    }

    /// Cuts a subscription that was not paid for.
    pub(super) fn suspend(&mut self, desk: &Desk<'_>, index: usize) {
        let since = desk.date_in(&self.kept[index].subscription.zone);
        let state = SubscriptionState::Overdue { since };
        self.enter(desk, index, state, "subscription.suspend");
        self.tell_of_service(desk, NoticeKind::ServiceSuspended, index);
    }

    /// Lets a subscription that was cut, or waits for its first payment, go on if nothing is due any
    /// more. What it stood still is not charged, unless its terms say that the calendar runs on.
    pub(super) fn restore(&mut self, desk: &Desk<'_>, index: usize) -> Result<(), Error> {
        let subscription = &self.kept[index].subscription;
        let today = desk.date_in(&subscription.zone);
        let stood_still = match subscription.state {
            SubscriptionState::Pending { since } => Some(since),
            SubscriptionState::Overdue { since } => {
                Some(since).filter(|_| subscription.terms.late_renewal == LateRenewal::FromPayment)
            }
            _ => return Ok(()),
        };
        let started = matches!(subscription.state, SubscriptionState::Pending { .. });
        let before = self.clone();
        if let Some(from) = stood_still {
            self.stand_still(desk, index, from, today)?;
        }
        let kept = &self.kept[index];
        let unpaid = started && kept.periods.first().is_none_or(|row| row.granted_days == 0);
        if unpaid || self.cut_on(index).is_some_and(|cut| cut <= today) {
            *self = before;
            return Ok(());
        }
        let (action, kind) = if started {
            ("subscription.start", NoticeKind::SubscriptionStarted)
        } else {
            ("subscription.restore", NoticeKind::ServiceRestored)
        };
        self.enter(desk, index, SubscriptionState::Active { since: today }, action);
        self.tell_of_service(desk, kind, index);
        Ok(())
    }

    /// Stops a subscription by wish: nothing is served and nothing charged until it is resumed.
    ///
    /// # Errors
    ///
    /// A [`SubscriptionRefusal`] unless it is active, or for a day of resumption that is not to come.
    pub fn pause(
        &mut self,
        desk: &Desk<'_>,
        index: usize,
        resume_on: Option<Date>,
    ) -> Result<(), Error> {
        let subscription = &self.kept[index].subscription;
        let since = desk.date_in(&subscription.zone);
        if !matches!(subscription.state, SubscriptionState::Active { .. }) {
            let advice = said!(
                "only one that is active can stand still",
                "hanya langganan aktif yang bisa dijeda"
            );
            return Err(refuse(subscription, said!("paused", "dijeda"), advice));
        }
        if resume_on.is_some_and(|day| day <= since) {
            let text = said!(
                "a pause ends on a day to come: choose a later one, or leave it out",
                "jeda berakhir pada hari yang akan datang: pilih hari yang lebih akhir, atau kosongkan"
            );
            return Err(SubscriptionRefusal::Days(text).into());
        }
        let state = SubscriptionState::Paused { since, resume_on };
        self.enter(desk, index, state, "subscription.pause");
        Ok(())
    }

    /// Lets a paused subscription go on; its periods move by the days it stood still.
    ///
    /// # Errors
    ///
    /// A [`SubscriptionRefusal`] unless it is paused.
    pub fn resume(&mut self, desk: &Desk<'_>, index: usize) -> Result<(), Error> {
        let subscription = &self.kept[index].subscription;
        let today = desk.date_in(&subscription.zone);
        let SubscriptionState::Paused { since, .. } = subscription.state else {
            return Err(refuse(
                subscription,
                said!("resumed", "dilanjutkan"),
                said!(
                    "only one that is paused can be resumed",
                    "hanya yang dijeda bisa dilanjutkan"
                ),
            ));
        };
        self.stand_still(desk, index, since, today)?;
        let state = SubscriptionState::Active { since: today };
        self.enter(desk, index, state, "subscription.resume");
        self.tell_of_service(desk, NoticeKind::ServiceRestored, index);
        Ok(())
    }

    /// Ends a subscription now. Its open invoices stay open: they are owed or have to be voided.
    ///
    /// # Errors
    ///
    /// A [`SubscriptionRefusal`] if it is over already.
    pub fn cancel(&mut self, desk: &Desk<'_>, index: usize) -> Result<(), Error> {
        let subscription = &self.kept[index].subscription;
        if matches!(subscription.state, SubscriptionState::Cancelled { .. }) {
            return Err(refuse(
                subscription,
                said!("cancelled", "dihentikan"),
                said!("it is over already", "langganan itu sudah berakhir"),
            ));
        }
        let since = desk.date_in(&subscription.zone);
        let edited = self.kept[index].subscription.edit();
        (edited.ends_on, edited.next_plan, edited.due_at) = (None, None, None);
        let state = SubscriptionState::Cancelled { since };
        self.enter(desk, index, state, "subscription.cancel");
        self.tell_of_service(desk, NoticeKind::SubscriptionCancelled, index);
        Ok(())
    }

    /// Ends a subscription with the period that is being served; one that is not served ends now.
    ///
    /// # Errors
    ///
    /// A [`SubscriptionRefusal`] if it is over already.
    pub fn cancel_at_end(&mut self, desk: &Desk<'_>, index: usize) -> Result<(), Error> {
        let kept = &self.kept[index];
        let today = desk.date_in(&kept.subscription.zone);
        if !matches!(kept.subscription.state, SubscriptionState::Active { .. }) {
            return self.cancel(desk, index);
        }
        let ends_on = match kept.subscription.terms.billing {
            BillingMode::Prepaid => kept.subscription.service_until.unwrap_or(today),
            BillingMode::Postpaid => self.period_to_bill(index)?.end,
        };
        if ends_on <= today {
            return self.cancel(desk, index);
        }
        let before = picture(&self.kept[index].subscription);
        self.kept[index].subscription.edit().ends_on = Some(ends_on);
        self.note_change(desk, index, "subscription.cancel_at_end", before);
        Ok(())
    }

    /// Changes what is taken off the price of the periods that are billed from now on.
    pub fn set_discount(&mut self, desk: &Desk<'_>, index: usize, discount: Discount) {
        let before = picture(&self.kept[index].subscription);
        self.kept[index].subscription.edit().discount = discount;
        self.note_change(desk, index, "subscription.discount", before);
    }

    /// The open invoices of a subscription for periods that have not begun.
    pub fn not_begun(&self, desk: &Desk<'_>, index: usize) -> Vec<InvoiceId> {
        let kept = &self.kept[index];
        let today = desk.date_in(&kept.subscription.zone);
        let ahead =
            |invoice: &&Invoice| kept.row_of(invoice).is_some_and(|row| row.period.start >= today);
        let open = self.open_of(kept.subscription.id).filter(ahead);
        open.map(|invoice| invoice.id).collect()
    }

    /// Enters a state, tells the router by the login and the trail by a record.
    pub(super) fn enter(
        &mut self,
        desk: &Desk<'_>,
        index: usize,
        state: SubscriptionState,
        action: &'static str,
    ) {
        let before = picture(&self.kept[index].subscription);
        self.kept[index].subscription.edit().state = state;
        self.serve(index);
        self.note_change(desk, index, action, before);
    }

    pub(super) fn note_change(
        &mut self,
        desk: &Desk<'_>,
        index: usize,
        action: &'static str,
        before: Value,
    ) {
        let subscription = &self.kept[index].subscription;
        let act = Act { action, subject_kind: "subscription", subject: subscription.id.uuid() };
        let after = picture(subscription);
        self.record(desk, act, before, after);
    }

    pub(super) fn stand_still(
        &mut self,
        desk: &Desk<'_>,
        index: usize,
        from: Date,
        to: Date,
    ) -> Result<(), Error> {
        let days = self.kept[index].stand_still(from, to)?;
        if days == 0 {
            return Ok(());
        }
        let own = self.kept[index].subscription.id;
        for invoice in &mut self.invoices {
            if invoice.subscription == Some(own) && invoice.is_open() && invoice.due_on >= from {
                let due = add_days(invoice.due_on, days);
                invoice.edit().due_on = due.ok_or(SubscriptionRefusal::Days(said!(
                    "beyond the calendar",
                    "di luar kalender"
                )))?;
            }
        }
        self.regrant(desk, index);
        Ok(())
    }
}

/// Whether and on which profile a subscription's login ought to be there.
fn wanted(subscription: &Subscription) -> (Presence, String) {
    let own = || subscription.profile.clone();
    let passed = subscription.use_step;
    let slowed = subscription.terms.fair_use.as_ref().and_then(|rule| rule.effect(passed));
    match (subscription.state, &subscription.terms.overdue_action) {
        (SubscriptionState::Active { .. }, _) => match slowed {
            None => (Presence::Enabled, own()),
            Some(UseEffect::MoveToProfile(profile)) => (Presence::Enabled, profile.clone()),
            Some(UseEffect::Disable) => (Presence::Disabled, own()),
        },
        (SubscriptionState::Overdue { .. }, OverdueAction::MoveToProfile(profile)) => {
            (Presence::Enabled, profile.clone())
        }
        (SubscriptionState::Cancelled { .. }, _) => (Presence::Absent, own()),
        _ => (Presence::Disabled, own()),
    }
}

/// A subscription as the trail shows it.
pub(super) fn picture(subscription: &Subscription) -> Value {
    json!({
        "state": subscription.state.name().name(),
        "since": subscription.state.since().to_string(),
        "resume_on": subscription.state.resume_on().map(|day| day.to_string()),
        "service_until": subscription.service_until.map(|day| day.to_string()),
        "ends_on": subscription.ends_on.map(|day| day.to_string()),
        "plan": subscription.plan.to_string(),
        "login": subscription.login.map(|login| login.to_string()),
        "use_step": subscription.use_step,
        "next_plan": subscription.next_plan.map(|plan| plan.to_string()),
        "price_sell_minor": subscription.terms.prices.sell().minor(),
        "discount_minor": subscription.discount.minor,
        "discount_basis_points": subscription.discount.basis_points,
    })
}

pub(super) fn refuse(subscription: &Subscription, act: Said, advice: Said) -> Error {
    SubscriptionRefusal::State { state: subscription.state.name(), act, advice }.into()
}
