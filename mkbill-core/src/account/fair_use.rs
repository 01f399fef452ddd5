//! What much use does to a subscription, and that it ends with the period.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use crate::kernel::time::BusinessZone;
use crate::notice::NoticeKind;
use crate::subscription::period::BilledPeriod;
use crate::subscription::period_use::{PeriodUse, period_on};

use super::book::CustomerAccount;
use super::desk::Desk;
use super::notices::About;
use super::service::picture;

impl CustomerAccount {
    /// Compares what was used with the rule of a subscription: its login is moved when a step is
    /// passed, and back when another period has begun. Answers what is counted from now on; `None` if
    /// there is no rule any more.
    pub fn watch_use(
        &mut self,
        desk: &Desk<'_>,
        index: usize,
        counted: PeriodUse,
        periods: &[BilledPeriod],
    ) -> Option<PeriodUse> {
        let subscription = &self.kept[index].subscription;
        let Some(rule) = subscription.terms.fair_use.clone() else {
            self.pass_steps(desk, index, 0, counted);
            return None;
        };
        let zone = subscription.zone.clone();
        let today = desk.date_in(&zone);
        let now = if let Some(period) = period_on(subscription, periods, today) {
            begin_anew(counted, start_of(&zone, period.start), start_of(&zone, period.end))
        } else {
            let tomorrow = today.tomorrow().unwrap_or(Date::MAX);
            PeriodUse { due_at: start_of(&zone, tomorrow), ..counted }
        };
        let now = PeriodUse { next_at: rule.next_at(now.bytes()), ..now };
        self.pass_steps(desk, index, rule.passed(now.bytes()), now);
        Some(now)
    }

    fn pass_steps(&mut self, desk: &Desk<'_>, index: usize, passed: u32, used: PeriodUse) {
        let before = self.kept[index].subscription.use_step;
        if passed == before {
            return;
        }
        let was = picture(&self.kept[index].subscription);
        self.kept[index].subscription.edit().use_step = passed;
        self.serve(index);
        self.note_change(desk, index, "subscription.fair_use", was);
        if passed > before {
            self.tell_of_use(desk, index, used);
        }
    }

    fn tell_of_use(&mut self, desk: &Desk<'_>, index: usize, used: PeriodUse) {
        let subscription = &self.kept[index].subscription;
        let passed = subscription.use_step;
        let effect = subscription.terms.fair_use.as_ref().and_then(|rule| rule.effect(passed));
        let facts = json!({
            "bytes": used.bytes(),
            "profile": effect.and_then(|effect| effect.profile()),
            "until": used.due_at.to_string(),
        });
        let about = About {
            kind: NoticeKind::FairUseReached,
            subject_kind: "subscription",
            subject: subscription.id.uuid(),
            occasion: desk.context.now.to_string(),
        };
        self.tell(desk, about, facts, desk.context.now);
    }
}

/// When a day begins; one beyond the calendar never does.
fn start_of(zone: &BusinessZone, day: Date) -> Timestamp {
    zone.start_of(day).unwrap_or(Timestamp::MAX)
}

/// A later period than the one that was counted begins at zero. What was counted before the rule was
/// looked at first belongs to this one.
fn begin_anew(counted: PeriodUse, began_at: Timestamp, ends_at: Timestamp) -> PeriodUse {
    let is_later = counted.began_at.is_some_and(|before| before < began_at);
    let (bytes_in, bytes_out) =
        if is_later { (0, 0) } else { (counted.bytes_in, counted.bytes_out) };
    PeriodUse { began_at: Some(began_at), bytes_in, bytes_out, due_at: ends_at, ..counted }
}
