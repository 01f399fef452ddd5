//! Invoices: what a customer owes for what.

pub mod draft;
pub mod store;
pub mod tax;

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::kernel::document::DocumentNumber;
use crate::kernel::error::Refusal;
use crate::kernel::ids::{CreditNoteId, CustomerId, InvoiceId, PlanId, SubscriptionId};
use crate::kernel::language::Said;
use crate::kernel::money::{Currency, Money, MoneyError};
use crate::kernel::names::names;
use crate::subscription::cycle::Period;

/// No invoice has more lines than this.
pub const LINES_MAX: usize = 100;

names! {
    /// Why an invoice was written.
    pub enum InvoiceKind "kind" {
        /// For a period of a subscription.
        Period = "period",
        /// For the rest of a period on a dearer plan.
        PlanChange = "plan_change",
        /// By a person.
        Manual = "manual",
    }
}

names! {
    /// What a line is for.
    pub enum LineKind "line_kind" {
        /// A period of service.
        Period = "period",
        /// Anything else that costs money.
        Charge = "charge",
        /// Something that is given back.
        Credit = "credit",
        /// A discount.
        Discount = "discount",
        /// What was still to be paid on an earlier invoice.
        Carried = "carried",
    }
}

/// One line. Net and tax sum to what it adds to the total; discounts and credits are below zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is for.
    pub kind: LineKind,
    /// What it is for, in words.
    pub text: String,
    /// How many.
    pub quantity: u32,
    /// The price of one, as it was agreed.
    pub unit: Money,
    /// What it adds before tax.
    pub net: Money,
    /// Its tax.
    pub tax: Money,
    /// The invoice it was carried over from.
    pub source: Option<InvoiceId>,
}

/// Where an invoice stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvoiceState {
    /// It can be paid.
    Open,
    /// Nothing is left to be paid.
    Paid {
        /// When the last of it was paid.
        at: Timestamp,
    },
    /// What was left to be paid stands on a later invoice.
    CarriedOver {
        /// When.
        at: Timestamp,
        /// On which one.
        into: InvoiceId,
    },
    /// Withdrawn.
    Void {
        /// When.
        at: Timestamp,
        /// Why.
        reason: String,
    },
}

names! {
    /// A state as people name it; `partially_paid` is an open invoice on which something was paid.
    pub enum InvoiceStatus "status" {
        /// Nothing was paid yet.
        Open = "open",
        /// Something was paid, something is left.
        PartiallyPaid = "partially_paid",
        /// Nothing is left.
        Paid = "paid",
        /// The rest stands on a later invoice.
        CarriedOver = "carried_over",
        /// Withdrawn.
        Void = "void",
    }
}

impl InvoiceStatus {
    const fn indonesian(self) -> &'static str {
        match self {
            Self::Open => "masih terbuka",
            Self::PartiallyPaid => "sudah dibayar sebagian",
            Self::Paid => "sudah lunas",
            Self::CarriedOver => "sudah dialihkan",
            Self::Void => "sudah dibatalkan",
        }
    }
}

/// The digest of a token that opens an invoice to whoever holds it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenDigest(pub [u8; 32]);

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest(..)")
    }
}

/// The period of a subscription as it is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrintedPeriod {
    /// Its number, counted from 0.
    pub number: u32,
    /// Its days when the invoice was issued.
    pub days: Period,
}

/// What a customer owes for what. Number, period, lines and total never change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    /// Identity.
    pub id: InvoiceId,
    /// Its number.
    pub number: DocumentNumber,
    /// Who owes it.
    pub customer: CustomerId,
    /// The subscription it is for.
    pub subscription: Option<SubscriptionId>,
    /// The plan as it was then.
    pub plan: Option<PlanId>,
    /// Why it was written.
    pub kind: InvoiceKind,
    /// The period it is for.
    pub period: Option<PrintedPeriod>,
    /// Its lines.
    pub lines: Vec<Line>,
    /// The sum of all lines before tax, but for those carried over.
    pub net: Money,
    /// The tax on it.
    pub tax: Money,
    /// What it took over from earlier invoices, their tax included.
    pub carried: Money,
    /// What is to be paid: net, tax and what was carried over.
    pub total: Money,
    /// What has been paid.
    pub paid: Money,
    /// The business date of issue.
    pub issued_on: Date,
    /// When it is to be paid at the latest; a standstill moves it.
    pub due_on: Date,
    /// Where it stands.
    pub state: InvoiceState,
    /// When it is looked at again, to remind its customer; only while it is open, and never of an
    /// invoice of a subscription, which is looked at with that.
    pub remind_at: Option<Timestamp>,
    /// Digest of its public token.
    pub token: TokenDigest,
    /// When it was written.
    pub created_at: Timestamp,
    /// Counts changes, for compare and set.
    pub revision: i64,
}

impl Invoice {
    /// The currency of all its amounts.
    pub const fn currency(&self) -> Currency {
        self.total.currency()
    }

    /// What is still to be paid on it now: zero unless it is open.
    ///
    /// # Errors
    ///
    /// [`MoneyError`] never, unless stored amounts contradict each other.
    pub fn outstanding(&self) -> Result<Money, MoneyError> {
        match self.state {
            InvoiceState::Open => self.total.checked_sub(self.paid),
            _ => Ok(Money::zero(self.currency())),
        }
    }

    /// Can it be paid?
    pub const fn is_open(&self) -> bool {
        matches!(self.state, InvoiceState::Open)
    }

    /// Its state as people name it.
    pub const fn status(&self) -> InvoiceStatus {
        match self.state {
            InvoiceState::Open if self.paid.minor() > 0 => InvoiceStatus::PartiallyPaid,
            InvoiceState::Open => InvoiceStatus::Open,
            InvoiceState::Paid { .. } => InvoiceStatus::Paid,
            InvoiceState::CarriedOver { .. } => InvoiceStatus::CarriedOver,
            InvoiceState::Void { .. } => InvoiceStatus::Void,
        }
    }

    /// What it added to what the customer owes: without what was owed before.
    ///
    /// # Errors
    ///
    /// [`MoneyError`] never, unless stored amounts contradict each other.
    pub fn charged(&self) -> Result<Money, MoneyError> {
        self.net.checked_add(self.tax)
    }

    /// The earlier invoices whose rest stands on it.
    pub fn sources(&self) -> impl Iterator<Item = InvoiceId> {
        self.lines.iter().filter_map(|line| line.source)
    }
}

/// A part of an invoice that was given back as credit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditNote {
    /// Identity.
    pub id: CreditNoteId,
    /// Its number.
    pub number: DocumentNumber,
    /// Of which invoice.
    pub invoice: InvoiceId,
    /// Who gets it.
    pub customer: CustomerId,
    /// Before tax.
    pub net: Money,
    /// The tax in it.
    pub tax: Money,
    /// What the customer gets: net and tax.
    pub amount: Money,
    /// Why.
    pub reason: String,
    /// The business date of issue.
    pub issued_on: Date,
    /// When it was written.
    pub created_at: Timestamp,
}

/// Why an invoice does not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvoiceRefusal {
    /// Not in this state.
    #[error("invoice {number} is {status} and cannot be {act}: {advice}")]
    State {
        /// Which.
        number: DocumentNumber,
        /// Where it stands.
        status: InvoiceStatus,
        /// What was asked.
        act: Said,
        /// What to do instead.
        advice: Said,
    },
    /// A credit note of more than there is.
    #[error("at most {most} of invoice {number} can still be given back")]
    TooMuch {
        /// Which.
        number: DocumentNumber,
        /// What is left of it.
        most: Money,
    },
    /// Lines that make no invoice.
    #[error("{0}")]
    Lines(Said),
    /// Due before it is issued.
    #[error("an invoice is due on the day it is issued or later: {0} is past")]
    DuePast(Date),
}

impl Refusal for InvoiceRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::State { .. } => "invoice_state",
            Self::TooMuch { .. } => "credit_note_too_much",
            Self::Lines(_) => "invoice_lines",
            Self::DuePast(_) => "due_past",
        }
    }

    fn indonesian(&self) -> String {
        match self {
            Self::State { number, status, act, advice } => format!(
                "tagihan {number} {} dan tidak bisa {}: {}",
                status.indonesian(),
                act.indonesian(),
                advice.indonesian()
            ),
            Self::TooMuch { number, most } => {
                format!("dari tagihan {number} paling banyak {most} yang masih bisa dikembalikan")
            }
            Self::Lines(why) => why.indonesian().to_owned(),
            Self::DuePast(day) => format!(
                "jatuh tempo tagihan adalah hari terbitnya atau sesudahnya: {day} sudah lewat"
            ),
        }
    }
}
