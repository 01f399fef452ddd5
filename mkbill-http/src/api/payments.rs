//! Payments over HTTP.

use axum::Json;
use axum::response::Response;
use jiff::Timestamp;
use jiff::civil::Date;
use mkbill_core::billing::{PaymentView, Reader};
use mkbill_core::kernel::error::{Error, Wrongs};
use mkbill_core::kernel::ids::{CustomerId, SubscriptionId};
use mkbill_core::kernel::language::said;
use mkbill_core::kernel::money::{Currency, Money};
use mkbill_core::kernel::permission::needs::{
    PaymentsCreate, PaymentsDelete, PaymentsEdit, PaymentsView,
};
use mkbill_core::payment::store::{PaymentFilter, PaymentSort};
use mkbill_core::payment::{Method, NewPayment, Part, Payment, check_text};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::credit::CreditBody;
use super::invoices::InvoiceBody;
use super::subscriptions::SubscriptionBody;
use super::values::{MoneyBody, PageBody, choices, list_query};
use super::{Answer, Made, Problems, created, mark_replayed};
use crate::auth::access::{Reads, Writes};
use crate::extract::{
    Json as Body, Path, Query, WriteHeaders, WriteQuery, named_in, named_in_one_of,
};
use crate::tag::{Shown, Tagged};

choices! {
    /// How money came in.
    MethodBody as Method for Method {
        /// Into the till.
        Cash,
        /// Into the bank.
        BankTransfer,
        /// In another way.
        Other,
    }
}

/// A part of a payment that came in one way.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PaymentPart)]
pub(crate) struct PartBody {
    /// How.
    pub(crate) method: MethodBody,
    /// How much; above zero.
    pub(crate) amount: MoneyBody,
    /// What it says on the slip: 1 to 200 characters.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) reference: Option<String>,
}

impl PartBody {
    fn read(self) -> Result<Part, Error> {
        let amount = self.amount.read("parts.amount")?;
        Ok(Part { method: self.method.into(), reference: self.reference, amount })
    }
}

impl From<Part> for PartBody {
    fn from(part: Part) -> Self {
        let Part { method, reference, amount } = part;
        Self { method: method.into(), amount: amount.into(), reference }
    }
}

/// A payment to be written down.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPayment)]
pub(crate) struct NewPaymentBody {
    /// Whose it is: an id; absent puts it into suspense.
    #[serde(default)]
    pub(crate) customer: Option<Uuid>,
    /// The only subscription that it is for: an id.
    #[serde(default)]
    pub(crate) subscription: Option<Uuid>,
    /// The invoice it pays before all others: number or id.
    #[serde(default)]
    pub(crate) invoice: Option<String>,
    /// How much.
    pub(crate) amount: MoneyBody,
    /// In which parts, 1 to 10 that add up to the amount; instead of `method`.
    #[serde(default)]
    #[schema(min_items = 1, max_items = 10)]
    pub(crate) parts: Option<Vec<PartBody>>,
    /// How all of it came in; instead of `parts`.
    #[serde(default)]
    pub(crate) method: Option<MethodBody>,
    /// The business date on which it came in; today if absent.
    #[serde(default)]
    pub(crate) received_on: Option<Date>,
    /// Its name in the world outside, 1 to 200 characters; a second payment of the same name is the same
    /// payment.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) reference: Option<String>,
    /// A note: 1 to 200 characters.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) note: Option<String>,
}

impl NewPaymentBody {
    pub(crate) async fn read(self, billing: &Reader) -> Result<NewPayment, Error> {
        let mut wrongs = Wrongs::default();
        let amount = wrongs.good(self.amount.read("amount"))?;
        let invoice = match &self.invoice {
            Some(key) => wrongs.good(billing.invoice(key).await.map_err(named_in("invoice")))?,
            None => None,
        };
        wrongs.good(check_text("reference", self.reference.as_deref()))?;
        wrongs.good(check_text("note", self.note.as_deref()))?;
        let whole = amount.unwrap_or(Money::new(0, Currency::IDR));
        let parts = wrongs.good(parts(self.parts, self.method, whole))?;
        let (Some(amount), Some(parts)) = (amount, parts) else { return Err(wrongs.told()) };
        wrongs.none()?;
        Ok(NewPayment {
            customer: self.customer.map(CustomerId::from_uuid),
            subscription: self.subscription.map(SubscriptionId::from_uuid),
            invoice: invoice.map(|view| view.invoice.id),
            amount,
            parts,
            received_on: self.received_on,
            reference: self.reference,
            note: self.note,
        })
    }
}

fn parts(
    parts: Option<Vec<PartBody>>,
    method: Option<MethodBody>,
    amount: Money,
) -> Result<Vec<Part>, Error> {
    match (parts, method) {
        (Some(parts), None) => parts.into_iter().map(PartBody::read).collect(),
        (None, Some(method)) => Ok(vec![Part { method: method.into(), reference: None, amount }]),
        _ => Err(Error::invalid(
            "method",
            said!(
                "say how it came in, by either `method` or `parts`",
                "sebutkan cara bayarnya, dengan `method` atau `parts`, salah satu saja"
            ),
        )),
    }
}

/// The fields of a payment to be written down that name other things.
pub(crate) const NAMED_BY_PAYMENT: &[&str] = &["customer", "subscription", "invoice"];

/// Money that came in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Payment)]
pub(crate) struct PaymentBody {
    /// Identity.
    pub(crate) id: Uuid,
    /// The number of its receipt.
    #[schema(example = "RCP-20260301-0001")]
    pub(crate) number: String,
    /// The id of whose it is; null while it stands in suspense.
    pub(crate) customer_id: Option<Uuid>,
    /// The id of the only subscription that it is for.
    pub(crate) subscription_id: Option<Uuid>,
    /// How much.
    pub(crate) amount: MoneyBody,
    /// In which parts.
    pub(crate) parts: Vec<PartBody>,
    /// The business date on which it came in.
    pub(crate) received_on: Date,
    /// Its name in the world outside.
    pub(crate) reference: Option<String>,
    /// A note.
    pub(crate) note: Option<String>,
    /// When it was written down.
    pub(crate) recorded_at: Timestamp,
    /// By whom.
    pub(crate) recorded_by: String,
    /// When it found its customer, if it came in without one.
    pub(crate) matched_at: Option<Timestamp>,
    /// When it was taken back.
    pub(crate) reversed_at: Option<Timestamp>,
    /// Why it was taken back.
    pub(crate) reversal_reason: Option<String>,
}

impl From<Payment> for PaymentBody {
    fn from(payment: Payment) -> Self {
        let reversal = payment.reversal.map(|reversal| (reversal.at, reversal.reason));
        let (reversed_at, reversal_reason) = reversal.unzip();
        Self {
            id: payment.id.uuid(),
            number: payment.number.to_string(),
            customer_id: payment.customer.map(CustomerId::uuid),
            subscription_id: payment.subscription.map(SubscriptionId::uuid),
            amount: payment.amount.into(),
            parts: payment.parts.into_iter().map(PartBody::from).collect(),
            received_on: payment.received_on,
            reference: payment.reference,
            note: payment.note,
            recorded_at: payment.recorded_at,
            recorded_by: payment.recorded_by,
            matched_at: payment.matched_at,
            reversed_at,
            reversal_reason,
        }
    }
}

/// What a payment pays of one invoice.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaidInvoice)]
pub(crate) struct PaidBody {
    /// The invoice as it stands.
    pub(crate) invoice: InvoiceBody,
    /// How much of it.
    pub(crate) amount: MoneyBody,
}

/// A payment and what came of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentView)]
pub(crate) struct PaymentViewBody {
    /// The payment.
    #[serde(flatten)]
    pub(crate) payment: PaymentBody,
    /// What it pays now.
    pub(crate) paid: Vec<PaidBody>,
    /// The customer's credit after it.
    pub(crate) credit: Vec<CreditBody>,
    /// The customer's subscriptions as they stand.
    pub(crate) subscriptions: Vec<SubscriptionBody>,
}

impl PaymentViewBody {
    pub(crate) fn of(view: PaymentView) -> Result<Self, Error> {
        let paid = view.paid.into_iter().map(|(invoice, amount)| {
            Ok(PaidBody { invoice: InvoiceBody::of(invoice)?, amount: amount.into() })
        });
        Ok(Self {
            payment: view.payment.into(),
            paid: paid.collect::<Result<_, Error>>()?,
            credit: view.credit.into_iter().map(CreditBody::from).collect(),
            subscriptions: view.subscriptions.into_iter().map(SubscriptionBody::from).collect(),
        })
    }
}

list_query! {
    /// Which payments, and which page of them.
    PaymentsQuery by PaymentSort {
        /// Of this customer: an id.
        customer: Option<Uuid>,
        /// Only those that belong to nobody yet.
        #[serde(default)]
        #[param(required = false)]
        in_suspense: bool,
        /// Received on this day or later.
        received_from: Option<Date>,
        /// Received on this day or earlier.
        received_to: Option<Date>,
        /// With a part that came this way.
        #[param(inline)]
        method: Option<MethodBody>,
    }
}

impl PaymentsQuery {
    pub(crate) fn filter(&self) -> PaymentFilter {
        PaymentFilter {
            customer: self.customer.map(CustomerId::from_uuid),
            in_suspense: self.in_suspense,
            received_from: self.received_from,
            received_to: self.received_to,
            method: self.method.map(Method::from),
        }
    }
}

/// Whose a payment is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PaymentMatch)]
pub(crate) struct MatchBody {
    /// The id of the customer.
    pub(crate) customer: Uuid,
}

/// Records money that came in. It pays what is open, the oldest first; the rest is credit.
///
/// With `dry_run=true` it shows what a payment would do.
#[utoipa::path(post, path = "/payments", tag = "payments", params(WriteHeaders, WriteQuery),
    request_body = NewPaymentBody,
    responses((status = 201, description = "Recorded, now or before; `Location` says where",
            body = PaymentViewBody),
        (status = 200, description = "Only tried", body = PaymentViewBody), Problems))]
pub(crate) async fn record_payment(
    billing: Writes<PaymentsCreate>,
    Body(body): Body<NewPaymentBody>,
) -> Made {
    let recorded = billing.record_payment(&billing.caller, body.read(&billing).await?).await;
    let receipt = recorded.map_err(named_in_one_of(NAMED_BY_PAYMENT))?;
    let view = PaymentViewBody::of(receipt.value)?;
    let place = format!("/api/v1/payments/{}", view.payment.number);
    let response: Response = created(&billing.caller, &place, view);
    Ok(if receipt.replayed { mark_replayed(response) } else { response })
}

/// Lists payments, newest first unless asked otherwise.
#[utoipa::path(get, path = "/payments", tag = "payments", params(PaymentsQuery),
    responses((status = 200, description = "A page", body = PageBody<PaymentBody>), Problems))]
pub(crate) async fn list_payments(
    billing: Reads<PaymentsView>,
    Query(query): Query<PaymentsQuery>,
) -> Answer<PageBody<PaymentBody>> {
    let filter = query.filter();
    let page = query.page()?;
    Ok(Json(PageBody::of(billing.payments(&filter, page).await?, PaymentBody::from)))
}

/// Shows a payment and what it pays.
#[utoipa::path(get, path = "/payments/{payment}", tag = "payments",
    params(("payment" = String, Path, description = "Receipt number, reference or id")),
    responses((status = 200, description = "The payment", body = PaymentViewBody), Problems))]
pub(crate) async fn show_payment(
    billing: Reads<PaymentsView>,
    Path(payment): Path<String>,
) -> Shown<PaymentViewBody> {
    Tagged::of(billing.payment(&payment).await?, PaymentViewBody::of)
}

/// Takes a payment back; needs a reason. What it paid is open again.
#[utoipa::path(post, path = "/payments/{payment}/reverse", tag = "payments",
    params(("payment" = String, Path, description = "Receipt number, reference or id"), WriteHeaders,
        WriteQuery),
    responses((status = 200, description = "Taken back", body = PaymentViewBody), Problems))]
pub(crate) async fn reverse_payment(
    billing: Writes<PaymentsDelete>,
    Path(payment): Path<String>,
) -> Shown<PaymentViewBody> {
    Tagged::of(billing.reverse_payment(&billing.caller, &payment).await?, PaymentViewBody::of)
}

/// Gives a payment that stands in suspense to its customer.
#[utoipa::path(post, path = "/payments/{payment}/match", tag = "payments",
    params(("payment" = String, Path, description = "Receipt number, reference or id"), WriteHeaders,
        WriteQuery),
    request_body = MatchBody,
    responses((status = 200, description = "It has its customer", body = PaymentViewBody), Problems))]
pub(crate) async fn match_payment(
    billing: Writes<PaymentsEdit>,
    Path(payment): Path<String>,
    Body(body): Body<MatchBody>,
) -> Shown<PaymentViewBody> {
    let customer = CustomerId::from_uuid(body.customer);
    let matched = billing.match_payment(&billing.caller, &payment, customer).await;
    Tagged::of(matched.map_err(named_in_one_of(&["customer"]))?, PaymentViewBody::of)
}
