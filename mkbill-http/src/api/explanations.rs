//! Why something is as it is, over HTTP.

use axum::Json;
use jiff::Timestamp;
use mkbill_core::billing::{Explanation, Fact};
use mkbill_core::kernel::ids::{CustomerId, LoginId, SubscriptionId};
use mkbill_core::kernel::permission::needs::{
    CustomersView, InvoicesView, LoginsView, SubscriptionsView,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::values::MoneyBody;
use super::{Answer, Problems};
use crate::auth::access::Reads;
use crate::extract::Path;

/// One link of a chain of events.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Fact)]
pub(crate) struct FactBody {
    /// When it was.
    pub(crate) at: Timestamp,
    /// What it was, as a stable code.
    #[schema(example = "allocated")]
    pub(crate) code: String,
    /// What it was, in words.
    pub(crate) text: String,
    /// How much, if it was about money.
    pub(crate) amount: Option<MoneyBody>,
    /// The id of what it was about.
    pub(crate) subject_id: Uuid,
}

impl From<Fact> for FactBody {
    fn from(fact: Fact) -> Self {
        let Fact { at, code, text, amount, subject } = fact;
        Self { at, code, text, amount: amount.map(Into::into), subject_id: subject }
    }
}

/// Why something is as it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Explanation)]
pub(crate) struct ExplanationBody {
    /// How it is now, in sentences.
    pub(crate) verdict: Vec<String>,
    /// What led to it, in the order in which it happened.
    pub(crate) facts: Vec<FactBody>,
}

impl From<Explanation> for ExplanationBody {
    fn from(explanation: Explanation) -> Self {
        let facts = explanation.facts.into_iter().map(Into::into).collect();
        Self { verdict: explanation.verdict, facts }
    }
}

/// Why an invoice is what it is: its lines, what paid it, what was given back or taken over.
#[utoipa::path(get, operation_id = "explain_invoice", path = "/invoices/{invoice}/explanation", tag = "invoices",
    params(("invoice" = String, Path, description = "Number or id")),
    responses((status = 200, description = "Why", body = ExplanationBody), Problems))]
pub(crate) async fn invoice(
    billing: Reads<InvoicesView>,
    Path(invoice): Path<String>,
) -> Answer<ExplanationBody> {
    Ok(Json(billing.explain_invoice(&invoice).await?.into()))
}

/// Why a customer owes what they owe, and is served as they are.
#[utoipa::path(get, operation_id = "explain_customer", path = "/customers/{customer}/explanation", tag = "customers",
    params(("customer" = Uuid, Path, description = "Id")),
    responses((status = 200, description = "Why", body = ExplanationBody), Problems))]
pub(crate) async fn customer(
    billing: Reads<CustomersView>,
    Path(customer): Path<Uuid>,
) -> Answer<ExplanationBody> {
    Ok(Json(billing.explain_customer(CustomerId::from_uuid(customer)).await?.into()))
}

/// Why a subscription is served or not.
#[utoipa::path(get, operation_id = "explain_subscription", path = "/subscriptions/{subscription}/explanation", tag = "subscriptions",
    params(("subscription" = Uuid, Path, description = "Id")),
    responses((status = 200, description = "Why", body = ExplanationBody), Problems))]
pub(crate) async fn subscription(
    billing: Reads<SubscriptionsView>,
    Path(subscription): Path<Uuid>,
) -> Answer<ExplanationBody> {
    let id = SubscriptionId::from_uuid(subscription);
    Ok(Json(billing.explain_subscription(id).await?.into()))
}

/// Why a login works or not: what is wanted of it, what for, and how far its router has followed.
#[utoipa::path(get, operation_id = "explain_login", path = "/logins/{login}/explanation", tag = "subscriptions",
    params(("login" = Uuid, Path, description = "Id")),
    responses((status = 200, description = "Why", body = ExplanationBody), Problems))]
pub(crate) async fn login(
    billing: Reads<LoginsView>,
    Path(login): Path<Uuid>,
) -> Answer<ExplanationBody> {
    Ok(Json(billing.explain_login(LoginId::from_uuid(login)).await?.into()))
}
