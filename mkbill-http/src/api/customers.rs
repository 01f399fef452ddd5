//! Customers over HTTP.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use mkbill_core::billing::{Billing, CustomerView};
use mkbill_core::customer::phone::GivenPhone;
use mkbill_core::customer::store::CustomerFilter;
use mkbill_core::customer::{Balance, NewCustomer};
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::time::BusinessZone;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::values::{MoneyBody, PageBody, PageQuery};
use super::{Answer, Made, Problems, created, mark_replayed};
use crate::extract::{Json as Body, Path, Query, WriteHeaders, WriteQuery, Writer};

/// A customer to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewCustomer)]
pub(crate) struct NewCustomerBody {
    /// What people call them.
    #[schema(example = "Budi Santoso", min_length = 1, max_length = 200)]
    name: String,
    /// Where they get messages, in any spelling; no other customer may have it.
    #[schema(example = "0812-3456-7890")]
    phone: String,
    /// Address of electronic mail.
    #[serde(default)]
    email: Option<String>,
    /// Where they live.
    #[serde(default)]
    address: Option<String>,
    /// What people at the counter ought to know.
    #[serde(default)]
    notes: Option<String>,
    /// IANA name of the zone of their days; that of the business if absent.
    #[serde(default)]
    #[schema(example = "Asia/Makassar")]
    zone: Option<String>,
    /// From which debt on an operator is told.
    #[serde(default)]
    credit_limit: Option<MoneyBody>,
    /// What they bring along: above zero to their good, below zero their debt.
    #[serde(default)]
    initial_balance: Option<MoneyBody>,
}

impl NewCustomerBody {
    fn read(self, billing: &Billing) -> Result<NewCustomer, Error> {
        let phone = GivenPhone::parse(&self.phone, billing.region())?;
        let zone = |name: String| {
            let wrong = |_| Error::invalid("zone", "use an IANA name such as Asia/Makassar");
            BusinessZone::named(&name).map_err(wrong)
        };
        let money =
            |field, money: Option<MoneyBody>| money.map(|money| money.read(field)).transpose();
        Ok(NewCustomer {
            email: self.email,
            address: self.address,
            notes: self.notes,
            zone: self.zone.map(zone).transpose()?,
            credit_limit: money("credit_limit", self.credit_limit)?,
            initial_balance: money("initial_balance", self.initial_balance)?,
            ..NewCustomer::new(&self.name, phone)
        })
    }
}

/// What a customer holds and owes in one currency.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CustomerBalance)]
pub(crate) struct CustomerBalanceBody {
    /// Paid and not spent.
    credit: MoneyBody,
    /// The rest of all open invoices.
    owed: MoneyBody,
}

impl From<Balance> for CustomerBalanceBody {
    fn from(balance: Balance) -> Self {
        Self { credit: balance.credit.into(), owed: balance.owed.into() }
    }
}

/// Who pays.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Customer)]
pub(crate) struct CustomerBody {
    /// Identity.
    id: Uuid,
    /// What people call them.
    name: String,
    /// The number in E.164 form.
    #[schema(example = "+6281234567890")]
    phone: String,
    /// Address of electronic mail.
    email: Option<String>,
    /// Where they live.
    address: Option<String>,
    /// What people at the counter ought to know.
    notes: Option<String>,
    /// The zone of their days; that of the business if absent.
    zone: Option<String>,
    /// `active`, `inactive` or `blacklisted`.
    #[schema(example = "active")]
    status: &'static str,
    /// From which debt on an operator is told.
    credit_limit: Option<MoneyBody>,
    /// What they hold and owe, in each currency.
    balances: Vec<CustomerBalanceBody>,
    /// The words on them.
    tags: Vec<String>,
    /// When they were deleted; their books stay.
    deleted_at: Option<Timestamp>,
    /// When they were added.
    created_at: Timestamp,
}

impl From<CustomerView> for CustomerBody {
    fn from(view: CustomerView) -> Self {
        let CustomerView { customer, balances, tags } = view;
        Self {
            id: customer.id.uuid(),
            name: customer.name,
            phone: customer.phone.to_string(),
            email: customer.email,
            address: customer.address,
            notes: customer.notes,
            zone: customer.zone.map(|zone| zone.name().to_owned()),
            status: customer.status.name(),
            credit_limit: customer.credit_limit.map(MoneyBody::from),
            balances: balances.into_iter().map(CustomerBalanceBody::from).collect(),
            tags: tags.into_iter().map(|tag| tag.name().to_owned()).collect(),
            deleted_at: customer.deleted_at,
            created_at: customer.created_at,
        }
    }
}

/// Which customers are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CustomerQuery {
    /// A part of the name, the number or the e-mail.
    #[param(required = false, example = "budi")]
    search: Option<String>,
    /// The `next_cursor` of the page before.
    #[param(required = false)]
    cursor: Option<String>,
    /// How many, 1 to 200.
    #[param(required = false, minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Adds a customer.
#[utoipa::path(post, path = "/customers", tag = "customers", params(WriteHeaders, WriteQuery),
    request_body = NewCustomerBody,
    responses((status = 201, description = "Added; `Location` says where", body = CustomerBody),
        (status = 200, description = "Only tried", body = CustomerBody), Problems))]
pub(crate) async fn add_customer(
    State(billing): State<Billing>,
    writer: Writer,
    Body(body): Body<NewCustomerBody>,
) -> Made {
    let receipt = billing.add_customer(&writer.0, body.read(&billing)?).await?;
    let customer = CustomerBody::from(receipt.value);
    let place = format!("/api/v1/customers/{}", customer.id);
    let response = created(&writer, &place, customer);
    Ok(if receipt.replayed { mark_replayed(response) } else { response })
}

/// Lists customers, newest first.
#[utoipa::path(get, path = "/customers", tag = "customers", params(CustomerQuery),
    responses((status = 200, description = "A page", body = PageBody<CustomerBody>), Problems))]
pub(crate) async fn list_customers(
    State(billing): State<Billing>,
    Query(query): Query<CustomerQuery>,
) -> Answer<PageBody<CustomerBody>> {
    let page = PageQuery { cursor: query.cursor, limit: query.limit }.read()?;
    let filter = CustomerFilter { text: query.search, ..CustomerFilter::default() };
    let page = billing.customers(&filter, page).await?;
    Ok(Json(PageBody::of(page, CustomerBody::from)))
}

/// Shows a customer.
#[utoipa::path(get, path = "/customers/{customer}", tag = "customers",
    params(("customer" = String, Path, description = "Number in any spelling, or id")),
    responses((status = 200, description = "The customer", body = CustomerBody), Problems))]
pub(crate) async fn show_customer(
    State(billing): State<Billing>,
    Path(customer): Path<String>,
) -> Answer<CustomerBody> {
    Ok(Json(billing.customer(&customer).await?.into()))
}

/// Deletes a customer; books, invoices and payments stay.
#[utoipa::path(delete, path = "/customers/{customer}", tag = "customers",
    params(WriteHeaders, WriteQuery,
        ("customer" = String, Path, description = "Number in any spelling, or id")),
    responses((status = 200, description = "Deleted", body = CustomerBody), Problems))]
pub(crate) async fn delete_customer(
    State(billing): State<Billing>,
    writer: Writer,
    Path(customer): Path<String>,
) -> Answer<CustomerBody> {
    Ok(Json(billing.delete_customer(&writer.0, &customer).await?.into()))
}
