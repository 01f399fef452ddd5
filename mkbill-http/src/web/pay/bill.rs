//! A bill in the words of its page.

use askama::Template;
use mkbill_core::billing::{Bill, Share};
use mkbill_core::invoice::{InvoiceState, InvoiceStatus, Line, LineKind};
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::language::Language;
use mkbill_core::kernel::money::Money;
use secrecy::ExposeSecret as _;

use crate::web::{Page, words};

/// The page of an invoice.
#[derive(Template)]
#[template(path = "pay/invoice.html")]
pub(super) struct InvoicePage {
    pub(super) bill: BillView,
    pub(super) language: Language,
}

/// Who asks for the money.
pub(super) struct BusinessView {
    pub(super) name: String,
    pub(super) phone: Option<String>,
    pub(super) email: Option<String>,
    pub(super) address: Option<String>,
}

/// What is on a page about an invoice.
pub(super) struct BillView {
    /// The last part of the page's own address: links on it are relative, so that it can be mounted
    /// anywhere.
    pub(super) token: String,
    pub(super) business: BusinessView,
    pub(super) number: String,
    pub(super) customer: String,
    status: InvoiceStatus,
    pub(super) standing: Standing,
    pub(super) issued: String,
    due: String,
    days_late: i32,
    period: Option<String>,
    pub(super) lines: Vec<LineView>,
    pub(super) tax: Option<String>,
    pub(super) total: String,
    pub(super) paid: Option<String>,
    owed: String,
    pub(super) shares: Vec<ShareView>,
}

pub(super) struct LineView {
    pub(super) text: String,
    pub(super) count: Option<u32>,
    pub(super) is_carried: bool,
    pub(super) amount: String,
}

pub(super) struct ShareView {
    pub(super) on: String,
    pub(super) receipt: Option<String>,
    pub(super) amount: String,
}

/// Another invoice.
pub(super) struct NextView {
    number: String,
    pub(super) token: String,
}

/// What can be done about it.
pub(super) enum Standing {
    Open,
    Paid,
    Void,
    Carried(NextView),
}

impl Standing {
    const fn class(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Paid => "paid",
            Self::Void | Self::Carried(_) => "over",
        }
    }
}

impl BillView {
    /// A bill in the words of a language.
    pub(super) fn of(token: &str, bill: &Bill, language: Language) -> Result<Self, Error> {
        let invoice = &bill.invoice;
        let day = |date| words::day(date, language);
        let some = |amount: &Money| !amount.is_zero();
        let late = if invoice.is_open() { (bill.today - invoice.due_on).get_days() } else { 0 };
        Ok(Self {
            token: token.to_owned(),
            business: BusinessView {
                name: bill.business.name.clone().unwrap_or_default(),
                phone: bill.business.phone.as_ref().map(ToString::to_string),
                email: bill.business.email.clone(),
                address: bill.business.address.clone(),
            },
            number: invoice.number.to_string(),
            customer: bill.customer.clone(),
            status: invoice.status(),
            standing: standing(bill),
            issued: day(invoice.issued_on),
            due: day(invoice.due_on),
            days_late: late.max(0),
            period: invoice.period.map(|period| {
                let last = period.days.end.yesterday().unwrap_or(period.days.end);
                format!("{} – {}", day(period.days.start), day(last))
            }),
            lines: invoice.lines.iter().map(line).collect::<Result<_, _>>()?,
            tax: Some(invoice.tax).filter(some).map(|tax| tax.to_string()),
            total: invoice.total.to_string(),
            paid: Some(invoice.paid).filter(some).map(|paid| paid.to_string()),
            owed: invoice.outstanding()?.to_string(),
            shares: bill.shares.iter().map(|share| shared(share, language)).collect(),
        })
    }
}

fn standing(bill: &Bill) -> Standing {
    match (&bill.invoice.state, &bill.next) {
        (InvoiceState::Open, _) => Standing::Open,
        (InvoiceState::Paid { .. }, _) => Standing::Paid,
        (InvoiceState::CarriedOver { .. }, Some((number, token))) => Standing::Carried(NextView {
            number: number.to_string(),
            token: token.expose_secret().to_owned(),
        }),
        (InvoiceState::CarriedOver { .. } | InvoiceState::Void { .. }, _) => Standing::Void,
    }
}

fn line(line: &Line) -> Result<LineView, Error> {
    Ok(LineView {
        text: line.text.clone(),
        count: Some(line.quantity).filter(|count| *count > 1),
        is_carried: line.kind == LineKind::Carried,
        amount: line.net.checked_add(line.tax)?.to_string(),
    })
}

fn shared(share: &Share, language: Language) -> ShareView {
    ShareView {
        on: words::day(share.on, language),
        receipt: share.receipt.as_ref().map(ToString::to_string),
        amount: share.amount.to_string(),
    }
}

impl Page for InvoicePage {
    fn language(&self) -> Language {
        self.language
    }
}

impl InvoicePage {
    /// The state in the words of the page.
    fn state(&self) -> &'static str {
        match self.bill.status {
            InvoiceStatus::Open => self.say("Not paid yet", "Belum dibayar"),
            InvoiceStatus::PartiallyPaid => self.say("Paid in part", "Dibayar sebagian"),
            InvoiceStatus::Paid => self.say("Paid", "Lunas"),
            InvoiceStatus::CarriedOver => self.say("Carried over", "Dialihkan"),
            InvoiceStatus::Void => self.say("Withdrawn", "Dibatalkan"),
        }
    }

    /// The page in one line, for those who get its link in a message.
    fn summary(&self) -> String {
        let BillView { owed, due, .. } = &self.bill;
        match self.bill.standing {
            Standing::Open => {
                format!("{}: {owed}, {} {due}", self.state(), self.say("due", "jatuh tempo"))
            }
            _ => self.state().to_owned(),
        }
    }
}
