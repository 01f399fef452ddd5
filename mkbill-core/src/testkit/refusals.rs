//! One refusal of each kind that there is.

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};

use crate::account::correct::CreditRefusal;
use crate::alert::rule::AlertRefusal;
use crate::apikey::ApiKeyRefusal;
use crate::billing::{BooksRefusal, LoginRefusal, NotPushed};
use crate::clock::ClockRefusal;
use crate::customer::CustomerRefusal;
use crate::invoice::tax::{TaxRefusal, TaxRuleError};
use crate::invoice::{InvoiceRefusal, InvoiceStatus};
use crate::kernel::document::{Document, DocumentNumber};
use crate::kernel::error::Refusal;
use crate::kernel::language::said;
use crate::kernel::money::{Currency, Money, MoneyError};
use crate::kernel::permission::{Forbidden, Permission};
use crate::kernel::precondition::PreconditionRefusal;
use crate::kernel::thing::Thing;
use crate::ledger::BooksClosed;
use crate::operation::{OperationRefusal, StateName as OperationStateName};
use crate::outbound::OutboundFault;
use crate::payment::PaymentRefusal;
use crate::plan::{PlanRefusal, PriceRefusal};
use crate::provisioning::LoginKind;
use crate::provisioning::comment::MarkRefusal;
use crate::provisioning::numbering::NumberingRefusal;
use crate::provisioning::profile::ProfileRefusal;
use crate::request::KeyReused;
use crate::router::{RouterRefusal, RouterUse};
use crate::staff::StaffRefusal;
use crate::subscription::cycle::BeyondCalendar;
use crate::subscription::{StateName, SubscriptionRefusal};
use crate::voucher::batch::{BatchNumber, BatchRefusal};
use crate::voucher::code::CodeRefusal;
use crate::voucher::state::VoucherRefusal;
use crate::webhook::WebhookRefusal;

const DAY: Date = date(2026, 3, 2);

/// One refusal of each kind that there is, with values in it. A test holds it against the codes that
/// the sources name.
pub fn refusals() -> Vec<Box<dyn Refusal>> {
    [about_money(), about_documents(), about_service(), about_vouchers(), about_callers()]
        .into_iter()
        .flatten()
        .collect()
}

macro_rules! each {
    ($($refusal:expr),+ $(,)?) => { vec![$(Box::new($refusal) as Box<dyn Refusal>),+] };
}

fn rupiah(minor: i64) -> Money {
    Money::new(minor, Currency::IDR)
}

fn about_money() -> Vec<Box<dyn Refusal>> {
    let usd: Currency = "USD".parse().expect("a currency");
    each![
        CreditRefusal::Zero,
        CreditRefusal::Overdrawn { held: rupiah(5_000) },
        CreditRefusal::NoReason,
        CreditRefusal::NotPermitted,
        CreditRefusal::SamePlace,
        CreditRefusal::NotPositive,
        MoneyError::Overflow,
        MoneyError::Mixed(Currency::IDR, usd),
        MoneyError::UnknownCurrency("rp1".to_owned()),
        PriceRefusal::SellBelowCost { sell: rupiah(2_000), cost: rupiah(3_000) },
        PriceRefusal::Mixed(Currency::IDR, usd),
        PriceRefusal::Negative,
        BooksClosed { day: DAY, through: date(2026, 3, 31) },
        BooksRefusal::NotOver(DAY),
        BooksRefusal::Forward(DAY),
        BooksRefusal::Backward,
        TaxRuleError::Rate,
        TaxRuleError::Base,
        TaxRefusal::Applied(DAY),
        TaxRefusal::OnlyRule("ppn-11".parse().expect("a name of a tax")),
    ]
}

fn about_documents() -> Vec<Box<dyn Refusal>> {
    let invoice = || DocumentNumber::new(Document::Invoice, DAY, 7);
    let receipt = || DocumentNumber::new(Document::Receipt, DAY, 8);
    each![
        InvoiceRefusal::State {
            number: invoice(),
            status: InvoiceStatus::Paid,
            act: said!("voided", "dibatalkan"),
            advice: said!("write a credit note", "buat nota kredit"),
        },
        InvoiceRefusal::TooMuch { number: invoice(), most: rupiah(150_000) },
        InvoiceRefusal::Lines(said!("write 1 to 100 lines", "tulis 1 sampai 100 baris")),
        InvoiceRefusal::DuePast(DAY),
        PaymentRefusal::NotPositive,
        PaymentRefusal::PartsDiffer { sum: rupiah(10_000), amount: rupiah(15_000) },
        PaymentRefusal::NobodysInvoice,
        PaymentRefusal::ReferenceTaken { reference: "TRX-1".to_owned(), number: receipt() },
        PaymentRefusal::FromTheFuture(DAY),
        PaymentRefusal::Reversed(receipt()),
        PaymentRefusal::Matched(receipt()),
        PaymentRefusal::OtherCustomer(Thing::Invoice),
    ]
}

fn about_service() -> Vec<Box<dyn Refusal>> {
    let plan = || "Rumah 10 Mbps".parse().expect("a name of a plan");
    let prefix = || "rt-05".parse().expect("a prefix");
    let router = || "rt-05".parse().expect("a name of a router");
    each![
        CustomerRefusal::Blacklisted,
        CustomerRefusal::Deleted,
        CustomerRefusal::Anonymised,
        CustomerRefusal::HasSubscriptions(3),
        CustomerRefusal::NotSettled,
        SubscriptionRefusal::State {
            state: StateName::Cancelled,
            act: said!("paused", "dijeda"),
            advice: said!("make a new subscription", "buat langganan baru"),
        },
        SubscriptionRefusal::SamePlan,
        SubscriptionRefusal::Currency,
        SubscriptionRefusal::InvoiceOpen,
        SubscriptionRefusal::Days(said!("beyond the calendar", "di luar kalender")),
        SubscriptionRefusal::Calendar(BeyondCalendar(12)),
        BeyondCalendar(12),
        PlanRefusal::SellsVouchers(plan()),
        PlanRefusal::Recurring(plan()),
        PlanRefusal::Retired(plan()),
        PlanRefusal::OtherCurrency(plan(), Currency::IDR),
        LoginRefusal::OfVoucher("budi".to_owned()),
        LoginRefusal::Over("budi".to_owned()),
        LoginRefusal::Exists("budi".to_owned()),
        NumberingRefusal::Unknown(prefix()),
        NumberingRefusal::Crowded { prefix: prefix(), last: 41, tries: 100 },
        ProfileRefusal::Missing {
            router: "rt-05".to_owned(),
            kind: LoginKind::Pppoe,
            profile: "10M".to_owned(),
            known: "5M, 20M".to_owned(),
        },
        RouterRefusal::InUse {
            name: router(),
            used: RouterUse { subscribers: 4, vouchers: 250, leaving: 0 },
        },
        RouterRefusal::Untold { name: router(), leaving: 6 },
    ]
}

fn about_vouchers() -> Vec<Box<dyn Refusal>> {
    each![
        BatchRefusal::SellByOver(DAY),
        BatchRefusal::Cancelled(BatchNumber::new(DAY, 1)),
        NotPushed { number: BatchNumber::new(DAY, 2), waiting: 13, count: 500 },
        CodeRefusal::SpaceTooSmall { random_chars: 4, space: 923_521, codes: 500, enough: 6 },
        CodeRefusal::Exhausted,
        VoucherRefusal::WrongState {
            act: said!("enabled", "diaktifkan"),
            state: said!("active", "aktif"),
            allowed: said!("disabled", "nonaktif"),
        },
        VoucherRefusal::BadExtension,
        MarkRefusal::TooLong { bytes: 260 },
    ]
}

fn about_callers() -> Vec<Box<dyn Refusal>> {
    let address = OutboundFault::Private { address: [10, 0, 0, 1].into() };
    each![
        AlertRefusal::TooMany,
        AlertRefusal::Over,
        ApiKeyRefusal::NoScope,
        ApiKeyRefusal::BeyondMaker,
        ApiKeyRefusal::Over,
        ClockRefusal::NoTestClock,
        ClockRefusal::InUse,
        ClockRefusal::Started(Timestamp::UNIX_EPOCH),
        ClockRefusal::Past(Timestamp::UNIX_EPOCH),
        ClockRefusal::TooFar,
        Forbidden(Permission::VouchersCreate),
        KeyReused,
        OperationRefusal::Over(OperationStateName::Succeeded),
        OperationRefusal::Crowded,
        PreconditionRefusal::Failed,
        PreconditionRefusal::Unsupported,
        StaffRefusal::SignInFailed,
        StaffRefusal::SlowedDown(SignedDuration::from_secs(8)),
        StaffRefusal::Disabled,
        StaffRefusal::MustChangePassword,
        StaffRefusal::WrongPassword,
        StaffRefusal::SamePassword,
        StaffRefusal::LastSuperAdmin,
        StaffRefusal::Removed,
        StaffRefusal::SetupOver,
        WebhookRefusal::TooMany,
        WebhookRefusal::Address(address.said()),
        WebhookRefusal::Disabled,
    ]
}
