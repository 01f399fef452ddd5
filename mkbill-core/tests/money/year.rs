//! A year of two hundred customers, lived through the engine and, beside it, through plain arithmetic.

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Span};
use mkbill_core::kernel::entropy::Entropy as _;
use mkbill_core::kernel::ids::{CustomerId, SubscriptionId};
use mkbill_core::plan::terms::Terms;
use mkbill_core::testkit::{Engine, SeededEntropy};
use mkbill_core::worker::Worker;

use crate::shop::{Shop, terms};
use crate::support::stories;

pub(crate) const STORIES: &[(&str, crate::support::Story)] =
    stories![a_year_of_two_hundred_customers_ends_as_plain_arithmetic_says];

const CUSTOMERS: u32 = 200;
const DAYS: i64 = 365;
const NOON: SignedDuration = SignedDuration::from_hours(12);

/// Chance for the habits of customers.
struct Dice(SeededEntropy);

impl Dice {
    fn below(&self, most: i64) -> i64 {
        let mut bytes = [0_u8; 4];
        self.0.fill(&mut bytes);
        i64::from(u32::from_le_bytes(bytes)) % most
    }
}

struct Bill {
    number: i64,
    start: Date,
    end: Date,
    due: Date,
    total: i64,
    paid: i64,
    carried: bool,
}

impl Bill {
    fn is_open(&self) -> bool {
        !self.carried && self.paid < self.total
    }
}

/// One prepaid subscription as a clerk with pen and paper would keep it.
struct Plain {
    price: i64,
    grace: i64,
    anchor: Date,
    anchor_number: i64,
    next: i64,
    until: Date,
    cut: Option<Date>,
    bills: Vec<Bill>,
    credit: i64,
}

fn plus(day: Date, days: i64) -> Date {
    day.checked_add(Span::new().days(days)).unwrap()
}

fn between(from: Date, to: Date) -> i64 {
    i64::from(from.until(to).unwrap().get_days())
}

/// The same day of a later month, or the last one of a month that is too short.
fn months_after(day: Date, months: i64) -> Date {
    let month = i64::from(day.year()) * 12 + i64::from(day.month()) - 1 + months;
    let first = date(i16::try_from(month / 12).unwrap(), i8::try_from(month % 12 + 1).unwrap(), 1);
    date(first.year(), first.month(), day.day().min(first.days_in_month()))
}

impl Plain {
    fn begin(today: Date, price: i64, grace: i64) -> Self {
        let end = months_after(today, 1);
        let due = plus(today, 7).min(end);
        let first =
            Bill { number: 0, start: today, end, due, total: price, paid: 0, carried: false };
        Self {
            price,
            grace,
            anchor: today,
            anchor_number: 0,
            next: 1,
            until: end,
            cut: None,
            bills: vec![first],
            credit: 0,
        }
    }

    fn start_of(&self, number: i64) -> Date {
        months_after(self.anchor, number - self.anchor_number)
    }

    fn has_open(&self) -> bool {
        self.bills.iter().any(Bill::is_open)
    }

    fn cut_day(&self) -> Date {
        let open = self.bills.iter().filter(|bill| bill.is_open() && bill.start < self.until);
        let first = open.map(|bill| plus(bill.due, 1)).min().unwrap_or(self.until);
        plus(first.min(self.until), self.grace)
    }

    fn morning(&mut self, today: Date) {
        while self.cut.is_none() {
            let start = self.start_of(self.next);
            let has_to_be_cut = self.cut_day() <= today;
            if today >= plus(start, -7) && (start < today || !self.has_open() || !has_to_be_cut) {
                self.bill(today);
            } else if has_to_be_cut {
                self.cut = Some(today);
            } else {
                return;
            }
        }
    }

    fn bill(&mut self, today: Date) {
        let (start, end) = (self.start_of(self.next), self.start_of(self.next + 1));
        let mut total = self.price;
        for bill in self.bills.iter_mut().filter(|bill| bill.is_open() && bill.paid > 0) {
            total += bill.total - bill.paid;
            bill.carried = true;
        }
        let due = start.max(today);
        self.bills.push(Bill {
            number: self.next,
            start,
            end,
            due,
            total,
            paid: 0,
            carried: false,
        });
        self.next += 1;
        self.spend(today);
    }

    fn pay(&mut self, today: Date, amount: i64) {
        self.credit += amount;
        self.spend(today);
        self.bill_to_go_on(today);
    }

    /// Whoever is cut and owes nothing gets something to pay.
    fn bill_to_go_on(&mut self, today: Date) {
        let Some(since) = self.cut.filter(|_| !self.has_open()) else { return };
        let days = between(since, today);
        if days > 0 {
            self.move_ahead(since, days);
        }
        self.cut = Some(today);
        self.bill(today);
    }

    fn spend(&mut self, today: Date) {
        let mut order: Vec<usize> = (0..self.bills.len()).collect();
        order.sort_by_key(|index| self.bills[*index].due);
        for index in order {
            if self.bills[index].is_open() {
                let amount = self.credit.min(self.bills[index].total - self.bills[index].paid);
                self.credit -= amount;
                self.bills[index].paid += amount;
            }
        }
        self.grant();
        if let Some(since) = self.cut {
            self.try_to_go_on(since, today);
        }
    }

    fn grant(&mut self) {
        let paid = self.bills.iter().filter(|bill| !bill.carried && bill.paid == bill.total);
        self.until = paid.map(|bill| bill.end).fold(self.until, Date::max);
    }

    /// Days without service are not charged: what lies ahead of the cut moves, unless something is
    /// still due then.
    fn try_to_go_on(&mut self, since: Date, today: Date) {
        let days = between(since, today);
        let before: Vec<_> = self.bills.iter().map(|b| (b.start, b.end, b.due)).collect();
        let (anchor, anchor_number, until) = (self.anchor, self.anchor_number, self.until);
        if days > 0 {
            self.move_ahead(since, days);
        }
        self.grant();
        if self.cut_day() > today {
            self.cut = None;
            return;
        }
        for (bill, (start, end, due)) in self.bills.iter_mut().zip(before) {
            (bill.start, bill.end, bill.due) = (start, end, due);
        }
        (self.anchor, self.anchor_number, self.until) = (anchor, anchor_number, until);
    }

    fn move_ahead(&mut self, since: Date, days: i64) {
        let last_day = self.bills.iter().position(|bill| bill.end == self.until);
        let ahead = self.bills.iter().position(|bill| bill.end > since);
        match ahead {
            Some(index) if self.bills[index].start < since => {
                self.bills[index].end = plus(self.bills[index].end, days);
                self.anchor = self.bills[index].end;
                self.anchor_number = self.bills[index].number + 1;
                self.recount(index + 1);
            }
            Some(index) => {
                self.anchor = plus(self.bills[index].start, days);
                self.anchor_number = self.bills[index].number;
                self.recount(index);
            }
            None => {
                self.anchor = plus(since, days);
                self.anchor_number = self.next;
            }
        }
        if self.until > since {
            let moved = last_day.map(|index| self.bills[index].end);
            self.until = moved.unwrap_or(plus(self.until, days));
        }
        for bill in self.bills.iter_mut().filter(|bill| bill.is_open() && bill.due >= since) {
            bill.due = plus(bill.due, days);
        }
    }

    fn recount(&mut self, first: usize) {
        for index in first..self.bills.len() {
            let number = self.bills[index].number;
            self.bills[index].start = self.start_of(number);
            self.bills[index].end = self.start_of(number + 1);
        }
    }

    fn ends_as(&self) -> Ending {
        let bills = self.bills.iter().map(|bill| (bill.total, bill.paid, bill.due)).collect();
        let state = if self.cut.is_some() { "overdue" } else { "active" };
        (bills, self.credit, state, Some(self.until))
    }
}

/// Totals, payments and due dates of all invoices, credit, state, end of service.
type Ending = (Vec<(i64, i64, Date)>, i64, &'static str, Option<Date>);

async fn ending(shop: &Shop, customer: CustomerId, subscription: SubscriptionId) -> Ending {
    let bills = shop.invoices(customer).await;
    let bills = bills.iter().map(|bill| (bill.total.minor(), bill.paid.minor(), bill.due_on));
    let kept = shop.subscription(subscription).await;
    let credit = shop.credit(customer).await;
    (bills.collect(), credit, kept.state.name().name(), kept.service_until)
}

async fn a_year_of_two_hundred_customers_ends_as_plain_arithmetic_says(engine: Engine) {
    let shop = Shop::new(engine).await;
    let worker = Worker::new(shop.billing.clone());
    let dice = Dice(SeededEntropy::new(2026));
    let zone = shop.billing.zone().clone();
    let mut lives = Vec::new();
    for day in 0..DAYS {
        let today = plus(date(2026, 1, 11), day);
        worker.advance_to(zone.start_of(today).unwrap()).await.unwrap();
        for (_, _, plain) in &mut lives {
            Plain::morning(plain, today);
        }
        shop.clock.advance_to(zone.start_of(today).unwrap() + NOON);
        for _ in 0..if day < 50 { CUSTOMERS / 50 } else { 0 } {
            let customer = shop.customer(u32::try_from(lives.len()).unwrap()).await;
            let (price, grace) = (50_000 + dice.below(10) * 25_000, dice.below(4) * 2);
            let grace_days = u32::try_from(grace).unwrap();
            let terms = Terms { grace_days, ..terms(price) };
            let subscription = shop.subscribe(customer, terms).await;
            lives.push((customer, subscription, Plain::begin(today, price, grace)));
        }
        for (customer, _, plain) in &mut lives {
            if dice.below(20) == 0 {
                let amount = plain.price * (1 + dice.below(8)) / 4;
                shop.pay(*customer, amount).await;
                plain.pay(today, amount);
            }
        }
    }
    assert_eq!(lives.len(), CUSTOMERS as usize);
    for (customer, subscription, plain) in &lives {
        assert_eq!(ending(&shop, *customer, *subscription).await, plain.ends_as(), "{customer}");
    }
    let customers: Vec<CustomerId> = lives.iter().map(|(customer, _, _)| *customer).collect();
    shop.check(&customers).await;
}
