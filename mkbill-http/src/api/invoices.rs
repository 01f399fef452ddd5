//! Invoices and credit notes over HTTP.

use axum::Json;
use jiff::Timestamp;
use jiff::civil::Date;
use mkbill_core::account::issue::ManualInvoice;
use mkbill_core::billing::{InvoiceView, Reader};
use mkbill_core::invoice::draft::Item;
use mkbill_core::invoice::store::{CreditNoteSort, InvoiceFilter, InvoiceSort};
use mkbill_core::invoice::{CreditNote, Invoice, InvoiceState, Line, LineKind, PrintedPeriod};
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::ids::{CustomerId, InvoiceId, PaymentId, PlanId, SubscriptionId};
use mkbill_core::kernel::permission::needs::{
    InvoicesCreate, InvoicesDelete, InvoicesEdit, InvoicesView,
};
use mkbill_core::kernel::wrong::Wrong;
use mkbill_core::payment::Allocation;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::values::{MoneyBody, PageBody, list_query};
use super::{Answer, Made, Problems, created, mark_replayed};
use crate::auth::access::{Reads, Writes};
use crate::extract::{Json as Body, Path, Query, WriteHeaders, WriteQuery, named_in_one_of};
use crate::tag::{Shown, Tagged};

const TEXT_CHARS_MAX: usize = 200;
const QUANTITY_MAX: u32 = 1_000_000;

/// One line of an invoice to be written.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewInvoiceLine)]
pub(crate) struct NewLineBody {
    /// What it is for: 1 to 200 characters.
    #[schema(example = "Kabel UTP, per meter", min_length = 1, max_length = 200)]
    pub(crate) text: String,
    /// How many; 1 if absent.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub(crate) quantity: u32,
    /// The price of one; below zero for what is given back.
    pub(crate) unit: MoneyBody,
}

const fn one() -> u32 {
    1
}

impl NewLineBody {
    fn read(self) -> Result<Item, Error> {
        let text = self.text.trim();
        if !(1..=TEXT_CHARS_MAX).contains(&text.chars().count()) {
            let allowed = Wrong::Length { least: 1, most: TEXT_CHARS_MAX };
            return Err(Error::invalid("lines.text", allowed));
        }
        if !(1..=QUANTITY_MAX).contains(&self.quantity) {
            return Err(Error::invalid(
                "lines.quantity",
                Wrong::Range { least: 1, most: QUANTITY_MAX.into() },
            ));
        }
        let unit = self.unit.read("lines.unit")?;
        let kind = if unit.is_negative() { LineKind::Credit } else { LineKind::Charge };
        Ok(Item { kind, text: text.to_owned(), quantity: self.quantity, unit })
    }
}

/// An invoice to be written by hand.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewInvoice)]
pub(crate) struct NewInvoiceBody {
    /// Who owes it: an id.
    pub(crate) customer: Uuid,
    /// Its lines, 1 to 100.
    #[schema(min_items = 1, max_items = 100)]
    pub(crate) lines: Vec<NewLineBody>,
    /// The name of the tax on all of them; absent means no tax.
    #[serde(default)]
    #[schema(example = "ppn")]
    pub(crate) tax: Option<String>,
    /// When it is to be paid at the latest.
    pub(crate) due_on: Date,
    /// The id of the subscription whose service depends on it.
    #[serde(default)]
    pub(crate) subscription: Option<Uuid>,
}

impl NewInvoiceBody {
    pub(crate) fn read(self) -> Result<(CustomerId, ManualInvoice), Error> {
        let items = self.lines.into_iter().map(NewLineBody::read).collect::<Result<_, _>>()?;
        let manual = ManualInvoice {
            subscription: self.subscription.map(SubscriptionId::from_uuid),
            items,
            tax: self.tax.as_deref().map(str::parse).transpose()?,
            due_on: self.due_on,
        };
        Ok((CustomerId::from_uuid(self.customer), manual))
    }
}

/// The fields of an invoice to be written that name other things.
pub(crate) const NAMED_BY_INVOICE: &[&str] = &["customer", "subscription", "tax"];

/// The period of a subscription as it is printed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PrintedPeriod)]
pub(crate) struct PrintedPeriodBody {
    /// Its number, counted from 0.
    pub(crate) number: u32,
    /// Its first day.
    pub(crate) start: Date,
    /// The first day after it.
    pub(crate) end: Date,
}

impl From<PrintedPeriod> for PrintedPeriodBody {
    fn from(period: PrintedPeriod) -> Self {
        let PrintedPeriod { number, days } = period;
        Self { number, start: days.start, end: days.end }
    }
}

/// What a customer owes for what.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invoice)]
pub(crate) struct InvoiceBody {
    /// Identity.
    pub(crate) id: Uuid,
    /// Its number.
    #[schema(example = "INV-20260301-0001")]
    pub(crate) number: String,
    /// The id of who owes it.
    pub(crate) customer_id: Uuid,
    /// The id of the subscription it is for.
    pub(crate) subscription_id: Option<Uuid>,
    /// The id of the plan as it was then.
    pub(crate) plan_id: Option<Uuid>,
    /// Why it was written: `period`, `plan_change` or `manual`.
    pub(crate) kind: &'static str,
    /// The period it is for.
    pub(crate) period: Option<PrintedPeriodBody>,
    /// `open`, `partially_paid`, `paid`, `carried_over` or `void`.
    pub(crate) status: &'static str,
    /// The sum of its lines before tax, but for those carried over.
    pub(crate) net: MoneyBody,
    /// The tax on it.
    pub(crate) tax: MoneyBody,
    /// What it took over from earlier invoices, their tax included.
    pub(crate) carried: MoneyBody,
    /// What is to be paid: net, tax and what was carried over.
    pub(crate) total: MoneyBody,
    /// What has been paid.
    pub(crate) paid: MoneyBody,
    /// What is still to be paid; zero unless it is open.
    pub(crate) outstanding: MoneyBody,
    /// The business date of issue.
    pub(crate) issued_on: Date,
    /// When it is to be paid at the latest.
    pub(crate) due_on: Date,
    /// When it was paid, carried over or withdrawn.
    pub(crate) closed_at: Option<Timestamp>,
    /// The id of the invoice on which its rest stands.
    pub(crate) carried_into_id: Option<Uuid>,
    /// Why it was withdrawn.
    pub(crate) void_reason: Option<String>,
    /// When it was written.
    pub(crate) created_at: Timestamp,
}

impl InvoiceBody {
    pub(crate) fn of(invoice: Invoice) -> Result<Self, Error> {
        let (status, outstanding) = (invoice.status().name(), invoice.outstanding()?);
        let (closed_at, carried_into_id, void_reason) = match invoice.state {
            InvoiceState::Open => (None, None, None),
            InvoiceState::Paid { at } => (Some(at), None, None),
            InvoiceState::CarriedOver { at, into } => (Some(at), Some(into.uuid()), None),
            InvoiceState::Void { at, reason } => (Some(at), None, Some(reason)),
        };
        Ok(Self {
            id: invoice.id.uuid(),
            number: invoice.number.to_string(),
            customer_id: invoice.customer.uuid(),
            subscription_id: invoice.subscription.map(SubscriptionId::uuid),
            plan_id: invoice.plan.map(PlanId::uuid),
            kind: invoice.kind.name(),
            period: invoice.period.map(PrintedPeriodBody::from),
            status,
            net: invoice.net.into(),
            tax: invoice.tax.into(),
            carried: invoice.carried.into(),
            total: invoice.total.into(),
            paid: invoice.paid.into(),
            outstanding: outstanding.into(),
            issued_on: invoice.issued_on,
            due_on: invoice.due_on,
            closed_at,
            carried_into_id,
            void_reason,
            created_at: invoice.created_at,
        })
    }
}

/// One line of an invoice. Net and tax sum to what it adds to the total.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InvoiceLine)]
pub(crate) struct LineBody {
    /// What it is for: `period`, `charge`, `credit`, `discount` or `carried`.
    pub(crate) kind: &'static str,
    /// What it is for, in words.
    pub(crate) text: String,
    /// How many.
    pub(crate) quantity: u32,
    /// The price of one, as it was agreed.
    pub(crate) unit: MoneyBody,
    /// What it adds before tax.
    pub(crate) net: MoneyBody,
    /// Its tax.
    pub(crate) tax: MoneyBody,
    /// The id of the invoice it was carried over from.
    pub(crate) source_id: Option<Uuid>,
}

impl From<Line> for LineBody {
    fn from(line: Line) -> Self {
        Self {
            kind: line.kind.name(),
            text: line.text,
            quantity: line.quantity,
            unit: line.unit.into(),
            net: line.net.into(),
            tax: line.tax.into(),
            source_id: line.source.map(InvoiceId::uuid),
        }
    }
}

/// Credit that pays, or once paid, an invoice.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Allocation)]
pub(crate) struct AllocationBody {
    /// The id of the payment that brought it about, if it was one.
    pub(crate) payment_id: Option<Uuid>,
    /// The id of the subscription whose credit it was; null for credit that serves all.
    pub(crate) subscription_id: Option<Uuid>,
    /// How much.
    pub(crate) amount: MoneyBody,
    /// When.
    pub(crate) made_at: Timestamp,
    /// When it was taken back.
    pub(crate) released_at: Option<Timestamp>,
}

impl From<Allocation> for AllocationBody {
    fn from(allocation: Allocation) -> Self {
        Self {
            payment_id: allocation.payment.map(PaymentId::uuid),
            subscription_id: allocation.subscription.map(SubscriptionId::uuid),
            amount: allocation.amount.into(),
            made_at: allocation.made_at,
            released_at: allocation.released_at,
        }
    }
}

/// A part of an invoice that was given back as credit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditNote)]
pub(crate) struct CreditNoteBody {
    /// Identity.
    pub(crate) id: Uuid,
    /// Its number.
    #[schema(example = "CRN-20260301-0001")]
    pub(crate) number: String,
    /// The id of its invoice.
    pub(crate) invoice_id: Uuid,
    /// The id of who gets it.
    pub(crate) customer_id: Uuid,
    /// Before tax.
    pub(crate) net: MoneyBody,
    /// The tax in it.
    pub(crate) tax: MoneyBody,
    /// What the customer gets: net and tax.
    pub(crate) amount: MoneyBody,
    /// Why.
    pub(crate) reason: String,
    /// The business date of issue.
    pub(crate) issued_on: Date,
    /// When it was written.
    pub(crate) created_at: Timestamp,
}

impl From<CreditNote> for CreditNoteBody {
    fn from(note: CreditNote) -> Self {
        Self {
            id: note.id.uuid(),
            number: note.number.to_string(),
            invoice_id: note.invoice.uuid(),
            customer_id: note.customer.uuid(),
            net: note.net.into(),
            tax: note.tax.into(),
            amount: note.amount.into(),
            reason: note.reason,
            issued_on: note.issued_on,
            created_at: note.created_at,
        }
    }
}

/// An invoice with everything one wants to know beside it.
#[derive(Serialize, ToSchema)]
#[schema(as = InvoiceView)]
pub(crate) struct InvoiceViewBody {
    /// The invoice.
    #[serde(flatten)]
    pub(crate) invoice: InvoiceBody,
    /// Its lines.
    pub(crate) lines: Vec<LineBody>,
    /// Everything that has ever paid it, in the order of paying.
    pub(crate) allocations: Vec<AllocationBody>,
    /// What was given back of it.
    pub(crate) credit_notes: Vec<CreditNoteBody>,
    /// The secret part of its public address: whoever has it can see the invoice. Only there when the
    /// invoice is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<String>,
}

impl InvoiceViewBody {
    pub(crate) fn of(mut view: InvoiceView) -> Result<Self, Error> {
        let lines = std::mem::take(&mut view.invoice.lines);
        Ok(Self {
            invoice: InvoiceBody::of(view.invoice)?,
            lines: lines.into_iter().map(LineBody::from).collect(),
            allocations: view.allocations.into_iter().map(AllocationBody::from).collect(),
            credit_notes: view.credit_notes.into_iter().map(CreditNoteBody::from).collect(),
            token: None,
        })
    }

    /// The same with the token that opens it to the public.
    pub(crate) fn with_token(view: InvoiceView, billing: &Reader) -> Result<Self, Error> {
        let token = billing.invoice_token(view.invoice.id);
        Ok(Self { token: Some(token.expose_secret().to_owned()), ..Self::of(view)? })
    }
}

list_query! {
    /// Which invoices, and which page of them.
    InvoicesQuery by InvoiceSort {
        /// Of this customer: an id.
        customer: Option<Uuid>,
        /// Of this subscription: an id.
        subscription: Option<Uuid>,
        /// In this state.
        #[param(example = "open")]
        status: Option<String>,
        /// Open and due before this day.
        due_before: Option<Date>,
        /// Issued on this day or later.
        issued_from: Option<Date>,
        /// Issued on this day or earlier.
        issued_to: Option<Date>,
        /// Due on this day or later.
        due_from: Option<Date>,
        /// Due on this day or earlier.
        due_to: Option<Date>,
    }
}

impl InvoicesQuery {
    pub(crate) fn filter(&self) -> Result<InvoiceFilter, Error> {
        Ok(InvoiceFilter {
            customer: self.customer.map(CustomerId::from_uuid),
            subscription: self.subscription.map(SubscriptionId::from_uuid),
            status: self.status.as_deref().map(str::parse).transpose()?,
            due_before: self.due_before,
            issued_from: self.issued_from,
            issued_to: self.issued_to,
            due_from: self.due_from,
            due_to: self.due_to,
        })
    }
}

list_query! {
    /// Which credit notes, and which page of them.
    CreditNotesQuery by CreditNoteSort {
        /// Of this customer: an id.
        customer: Option<Uuid>,
    }
}

/// How much of an invoice is given back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewCreditNote)]
pub(crate) struct NewCreditNoteBody {
    /// How much, its tax included; above zero.
    pub(crate) amount: MoneyBody,
}

/// Issues an invoice by hand and pays it from credit as far as that goes.
#[utoipa::path(post, path = "/invoices", tag = "invoices", params(WriteHeaders, WriteQuery),
    request_body = NewInvoiceBody,
    responses((status = 201, description = "Issued; `Location` says where", body = InvoiceViewBody),
        (status = 200, description = "Only tried", body = InvoiceViewBody), Problems))]
pub(crate) async fn issue_invoice(
    billing: Writes<InvoicesCreate>,
    Body(body): Body<NewInvoiceBody>,
) -> Made {
    let (customer, manual) = body.read()?;
    let issued = billing.issue_invoice(&billing.caller, customer, manual).await;
    let receipt = issued.map_err(named_in_one_of(NAMED_BY_INVOICE))?;
    let view = InvoiceViewBody::of(receipt.value)?;
    let place = format!("/api/v1/invoices/{}", view.invoice.number);
    let response = created(&billing.caller, &place, view);
    Ok(if receipt.replayed { mark_replayed(response) } else { response })
}

/// Lists invoices, newest first unless asked otherwise.
#[utoipa::path(get, path = "/invoices", tag = "invoices", params(InvoicesQuery),
    responses((status = 200, description = "A page", body = PageBody<InvoiceBody>), Problems))]
pub(crate) async fn list_invoices(
    billing: Reads<InvoicesView>,
    Query(query): Query<InvoicesQuery>,
) -> Answer<PageBody<InvoiceBody>> {
    let filter = query.filter()?;
    let page = query.page()?;
    Ok(Json(PageBody::try_of(billing.invoices(&filter, page).await?, InvoiceBody::of)?))
}

/// Shows an invoice, its lines, what paid it, what was given back, and its public token.
#[utoipa::path(get, path = "/invoices/{invoice}", tag = "invoices",
    params(("invoice" = String, Path, description = "Number or id")),
    responses((status = 200, description = "The invoice", body = InvoiceViewBody), Problems))]
pub(crate) async fn show_invoice(
    billing: Reads<InvoicesView>,
    Path(invoice): Path<String>,
) -> Shown<InvoiceViewBody> {
    Tagged::of(billing.invoice(&invoice).await?, |view| InvoiceViewBody::with_token(view, &billing))
}

/// Withdraws an open invoice; needs a reason. What was paid on it is credit again.
#[utoipa::path(post, path = "/invoices/{invoice}/void", tag = "invoices",
    params(("invoice" = String, Path, description = "Number or id"), WriteHeaders, WriteQuery),
    responses((status = 200, description = "Withdrawn", body = InvoiceViewBody), Problems))]
pub(crate) async fn void_invoice(
    billing: Writes<InvoicesDelete>,
    Path(invoice): Path<String>,
) -> Shown<InvoiceViewBody> {
    Tagged::of(billing.void_invoice(&billing.caller, &invoice).await?, InvoiceViewBody::of)
}

/// Gives a part of an invoice back as credit, its tax in proportion; needs a reason.
#[utoipa::path(post, path = "/invoices/{invoice}/credit-note", tag = "invoices",
    params(("invoice" = String, Path, description = "Number or id"), WriteHeaders, WriteQuery),
    request_body = NewCreditNoteBody,
    responses((status = 200, description = "Given back", body = InvoiceViewBody), Problems))]
pub(crate) async fn credit_invoice(
    billing: Writes<InvoicesEdit>,
    Path(invoice): Path<String>,
    Body(body): Body<NewCreditNoteBody>,
) -> Shown<InvoiceViewBody> {
    let amount = body.amount.read("amount")?;
    Tagged::of(
        billing.credit_invoice(&billing.caller, &invoice, amount).await?,
        InvoiceViewBody::of,
    )
}

/// Lists credit notes, newest first unless asked otherwise.
#[utoipa::path(get, path = "/credit-notes", tag = "invoices", params(CreditNotesQuery),
    responses((status = 200, description = "A page", body = PageBody<CreditNoteBody>), Problems))]
pub(crate) async fn list_credit_notes(
    billing: Reads<InvoicesView>,
    Query(query): Query<CreditNotesQuery>,
) -> Answer<PageBody<CreditNoteBody>> {
    let page = query.page()?;
    let customer = query.customer.map(CustomerId::from_uuid);
    Ok(Json(PageBody::of(billing.credit_notes(customer, page).await?, CreditNoteBody::from)))
}
