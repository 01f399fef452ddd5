//! Tags, contacts, figures and files of customers over HTTP.

use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use mkbill_core::audit::filter::AuditSort;
use mkbill_core::billing::{CustomerFile, CustomerStatistics};
use mkbill_core::customer::CustomerStatus;
use mkbill_core::customer::import::ImportReport;
use mkbill_core::customer::store::{Duplicate, TagTally};
use mkbill_core::customer::tag::TagEdit;
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::ids::CustomerId;
use mkbill_core::kernel::permission::needs::{
    CustomersCreate, CustomersDelete, CustomersEdit, CustomersView,
};
use mkbill_core::kernel::table::LineError;
use mkbill_core::operation::wish::Wish;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::audit::AuditBody;
use super::credit::StandingBody;
use super::customers::{ContactBody, CustomerBody, TagBody};
use super::invoices::InvoiceBody;
use super::operations::{Accepted, taken_on};
use super::payments::PaymentBody;
use super::settings::BusinessBody;
use super::subscriptions::SubscriptionBody;
use super::values::{MoneyBody, PageBody, list_query};
use super::{Answer, Made, Problems, mark_replayed};
use crate::auth::access::{Reads, Writes};
use crate::extract::{Csv, Json as Body, Path, Query, WriteHeaders, WriteQuery};
use crate::prefer::{PreferHeader, Preference};
use crate::problem::Problem;
use crate::tag::{Shown, Tagged};

/// All contacts of a customer.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Contacts)]
pub(crate) struct ContactsBody {
    /// In their order, at most ten; one primary of each kind.
    #[schema(max_items = 10)]
    pub(crate) contacts: Vec<ContactBody>,
}

/// All tags of a customer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Tags)]
pub(crate) struct TagsBody {
    /// At most 20, each once.
    #[schema(max_items = 20)]
    pub(crate) tags: Vec<TagBody>,
}

/// What customers have in common that may be one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Duplicate)]
pub(crate) struct DuplicateBody {
    /// `phone`, `email` or `name`.
    #[schema(example = "name")]
    pub(crate) kind: String,
    /// The number, the address, or the name in small letters.
    #[schema(example = "budi santoso")]
    pub(crate) value: String,
    /// The ids of those who have it: two or more.
    pub(crate) customer_ids: Vec<Uuid>,
}

impl From<Duplicate> for DuplicateBody {
    fn from(duplicate: Duplicate) -> Self {
        let Duplicate { kind, value, customers } = duplicate;
        let customer_ids = customers.into_iter().map(CustomerId::uuid).collect();
        Self { kind, value, customer_ids }
    }
}

/// Customers that may be one and the same.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Duplicates)]
pub(crate) struct DuplicatesBody {
    /// At most 200 groups.
    pub(crate) items: Vec<DuplicateBody>,
}

/// How many customers were added lately.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NewCustomers)]
pub(crate) struct NewCustomersBody {
    /// In 7 days.
    #[serde(rename = "days_7")]
    pub(crate) week: u64,
    /// In 30 days.
    #[serde(rename = "days_30")]
    pub(crate) month: u64,
    /// In 90 days.
    #[serde(rename = "days_90")]
    pub(crate) quarter: u64,
    /// In 365 days.
    #[serde(rename = "days_365")]
    pub(crate) year: u64,
}

/// How customers stand as a whole.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CustomerStatistics)]
pub(crate) struct CustomerStatisticsBody {
    /// How many there are; deleted ones are left out here and in the next three.
    pub(crate) total: u64,
    /// How many are served as usual.
    pub(crate) active: u64,
    /// How many are not customers at present.
    pub(crate) inactive: u64,
    /// How many get no new service.
    pub(crate) blacklisted: u64,
    /// How many were added lately.
    pub(crate) new: NewCustomersBody,
    /// How many owe more than they hold; deleted ones count.
    pub(crate) debtors: u64,
    /// What those owe together.
    pub(crate) total_debt: MoneyBody,
    /// What all others hold together.
    pub(crate) total_credit: MoneyBody,
}

impl From<CustomerStatistics> for CustomerStatisticsBody {
    fn from(statistics: CustomerStatistics) -> Self {
        let CustomerStatistics { by_status, new, debt } = statistics;
        let of = |wanted: CustomerStatus| {
            by_status.iter().filter(|(status, _)| *status == wanted).map(|(_, count)| count).sum()
        };
        Self {
            total: by_status.iter().map(|(_, count)| count).sum(),
            active: of(CustomerStatus::Active),
            inactive: of(CustomerStatus::Inactive),
            blacklisted: of(CustomerStatus::Blacklisted),
            new: NewCustomersBody {
                week: new.week,
                month: new.month,
                quarter: new.quarter,
                year: new.year,
            },
            debtors: debt.debtors,
            total_debt: debt.debt.into(),
            total_credit: debt.credit.into(),
        }
    }
}

/// A tag and how many customers have it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TagCount)]
pub(crate) struct TagCountBody {
    /// The tag.
    #[serde(flatten)]
    pub(crate) tag: TagBody,
    /// How many customers have it.
    pub(crate) customers: u64,
}

impl From<TagTally> for TagCountBody {
    fn from(tally: TagTally) -> Self {
        Self { tag: tally.tag.into(), customers: tally.customers }
    }
}

/// The tags that most customers have.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TagCounts)]
pub(crate) struct TagCountsBody {
    /// At most 100, the most frequent first.
    pub(crate) items: Vec<TagCountBody>,
}

/// What is wrong with a line of a file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LineError)]
pub(crate) struct LineErrorBody {
    /// Which line, from 1; the heading counts.
    #[schema(example = 3)]
    pub(crate) line: u64,
    /// Which column, or `row` for the line as a whole.
    #[schema(example = "whatsapp")]
    pub(crate) field: String,
    /// What is wrong and what is allowed.
    pub(crate) problem: String,
}

impl From<LineError> for LineErrorBody {
    fn from(error: LineError) -> Self {
        let LineError { line, field, problem } = error;
        Self { line, field, problem }
    }
}

/// What became of a file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportReport)]
pub(crate) struct ImportReportBody {
    /// How many lines spoke of a customer.
    pub(crate) total: u64,
    /// How many customers were added.
    pub(crate) imported: u64,
    /// How many lines were bad.
    pub(crate) failed: u64,
    /// What was wrong with them; a line may have several errors.
    pub(crate) errors: Vec<LineErrorBody>,
}

impl From<ImportReport> for ImportReportBody {
    fn from(report: ImportReport) -> Self {
        let ImportReport { total, imported, failed, errors } = report;
        let errors = errors.into_iter().map(LineErrorBody::from).collect();
        Self { total, imported, failed, errors }
    }
}

/// Everything that is kept of one customer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CustomerFile)]
pub(crate) struct CustomerFileBody {
    /// Who keeps it.
    pub(crate) kept_by: BusinessBody,
    /// The customer with balances and tags.
    pub(crate) customer: CustomerBody,
    /// More ways to reach them.
    pub(crate) contacts: Vec<ContactBody>,
    /// Their subscriptions, newest first.
    pub(crate) subscriptions: Vec<SubscriptionBody>,
    /// Their invoices, newest first.
    pub(crate) invoices: Vec<InvoiceBody>,
    /// Their payments, newest first.
    pub(crate) payments: Vec<PaymentBody>,
    /// What they have and owe, in each currency.
    pub(crate) credit: Vec<StandingBody>,
}

impl CustomerFileBody {
    pub(crate) fn of(file: CustomerFile) -> Result<Self, Error> {
        Ok(Self {
            kept_by: file.kept_by.into(),
            customer: CustomerBody::of(file.view)?,
            contacts: file.contacts.into_iter().map(ContactBody::from).collect(),
            subscriptions: file.subscriptions.into_iter().map(SubscriptionBody::from).collect(),
            invoices: file.invoices.into_iter().map(InvoiceBody::of).collect::<Result<_, _>>()?,
            payments: file.payments.into_iter().map(PaymentBody::from).collect(),
            credit: file.standing.into_iter().map(StandingBody::from).collect(),
        })
    }
}

/// Lists customers that may be one and the same: they share a number, an e-mail or a name.
#[utoipa::path(get, operation_id = "list_customer_duplicates", path = "/customers/duplicates", tag = "customers",
    responses((status = 200, description = "Groups", body = DuplicatesBody), Problems))]
pub(crate) async fn duplicates(billing: Reads<CustomersView>) -> Answer<DuplicatesBody> {
    let items = billing.customer_duplicates().await?;
    Ok(Json(DuplicatesBody { items: items.into_iter().map(DuplicateBody::from).collect() }))
}

/// How customers stand as a whole, in the currency of the business.
#[utoipa::path(get, operation_id = "show_customer_statistics", path = "/customers/statistics", tag = "customers",
    responses((status = 200, description = "Figures", body = CustomerStatisticsBody), Problems))]
pub(crate) async fn statistics(billing: Reads<CustomersView>) -> Answer<CustomerStatisticsBody> {
    Ok(Json(billing.customer_statistics().await?.into()))
}

/// Lists the tags that most customers have.
#[utoipa::path(get, operation_id = "list_customer_tags", path = "/customers/tags", tag = "customers",
    responses((status = 200, description = "Tags", body = TagCountsBody), Problems))]
pub(crate) async fn popular_tags(billing: Reads<CustomersView>) -> Answer<TagCountsBody> {
    let items = billing.popular_tags().await?;
    Ok(Json(TagCountsBody { items: items.into_iter().map(TagCountBody::from).collect() }))
}

/// Adds the customers of a CSV file: good lines are added, bad ones reported.
///
/// Columns: `name` and `whatsapp` (or `nama`, `nomor_hp`), and `email`, `phone`, `address`,
/// `initial_balance` in whole minor units, `tags`, `notes` (or `alamat`, `catatan`) if you have
/// them; separated by commas or semicolons; at most 10,000 customers.
#[utoipa::path(post, operation_id = "import_customers", path = "/customers/import", tag = "customers",
    params(WriteHeaders, PreferHeader, WriteQuery),
    request_body(content = String, content_type = "text/csv"),
    responses(Accepted, (status = 200, description = "What became of it", body = ImportReportBody),
        Problems))]
pub(crate) async fn import(
    billing: Writes<CustomersCreate>,
    prefers: Preference,
    Csv(csv): Csv,
) -> Made {
    if prefers.is_async(&billing.caller) {
        return taken_on(&billing, &billing.caller, Wish::ImportCustomers(csv.into())).await;
    }
    let receipt = billing.import_customers(&billing.caller, &csv).await?;
    let response = Json(ImportReportBody::from(receipt.value)).into_response();
    Ok(if receipt.replayed { mark_replayed(response) } else { response })
}

/// All customers as CSV, a line for each currency they have something in.
#[utoipa::path(get, operation_id = "export_customers", path = "/customers/export.csv", tag = "customers",
    responses((status = 200, description = "The customers", body = String,
        content_type = "text/csv"), Problems))]
pub(crate) async fn export_csv(billing: Reads<CustomersView>) -> Result<Response, Problem> {
    let csv = billing.export_customers().await?;
    let kind = [(header::CONTENT_TYPE, "text/csv; charset=utf-8")];
    let name = [(header::CONTENT_DISPOSITION, "attachment; filename=\"customers.csv\"")];
    Ok((kind, name, csv).into_response())
}

/// Lists the contacts of a customer.
#[utoipa::path(get, operation_id = "list_customer_contacts", path = "/customers/{customer}/contacts", tag = "customers",
    params(("customer" = String, Path, description = "Number in any spelling, or id")),
    responses((status = 200, description = "The contacts", body = ContactsBody), Problems))]
pub(crate) async fn list_contacts(
    billing: Reads<CustomersView>,
    Path(customer): Path<String>,
) -> Answer<ContactsBody> {
    let contacts = billing.customer_contacts(&customer).await?;
    Ok(Json(ContactsBody { contacts: contacts.into_iter().map(ContactBody::from).collect() }))
}

/// Gives a customer these contacts and no others.
#[utoipa::path(put, operation_id = "set_customer_contacts", path = "/customers/{customer}/contacts", tag = "customers",
    params(("customer" = String, Path, description = "Number in any spelling, or id"),
        WriteHeaders, WriteQuery),
    request_body = ContactsBody,
    responses((status = 200, description = "The contacts now", body = ContactsBody), Problems))]
pub(crate) async fn set_contacts(
    billing: Writes<CustomersEdit>,
    Path(customer): Path<String>,
    Body(body): Body<ContactsBody>,
) -> Answer<ContactsBody> {
    let contacts = body.contacts.iter().map(|contact| contact.read(&billing));
    let contacts = contacts.collect::<Result<_, _>>()?;
    let contacts = billing.set_customer_contacts(&billing.caller, &customer, contacts).await?;
    Ok(Json(ContactsBody { contacts: contacts.into_iter().map(ContactBody::from).collect() }))
}

/// Gives a customer these tags and no others.
#[utoipa::path(put, operation_id = "set_customer_tags", path = "/customers/{customer}/tags", tag = "customers",
    params(("customer" = String, Path, description = "Number in any spelling, or id"),
        WriteHeaders, WriteQuery),
    request_body = TagsBody,
    responses((status = 200, description = "The customer now", body = CustomerBody), Problems))]
pub(crate) async fn set_tags(
    billing: Writes<CustomersEdit>,
    Path(customer): Path<String>,
    Body(body): Body<TagsBody>,
) -> Shown<CustomerBody> {
    let tags = body.tags.iter().map(TagBody::read).collect::<Result<_, _>>()?;
    let edit = TagEdit::Replace(tags);
    Tagged::of(billing.tag_customer(&billing.caller, &customer, edit).await?, CustomerBody::of)
}

/// Takes a tag off a customer.
#[utoipa::path(delete, operation_id = "remove_customer_tag", path = "/customers/{customer}/tags/{tag}", tag = "customers",
    params(("customer" = String, Path, description = "Number in any spelling, or id"),
        ("tag" = String, Path, description = "The name of the tag"), WriteHeaders, WriteQuery),
    responses((status = 200, description = "The customer now", body = CustomerBody), Problems))]
pub(crate) async fn remove_tag(
    billing: Writes<CustomersEdit>,
    Path((customer, tag)): Path<(String, String)>,
) -> Shown<CustomerBody> {
    let edit = TagEdit::Remove(tag);
    Tagged::of(billing.tag_customer(&billing.caller, &customer, edit).await?, CustomerBody::of)
}

/// Takes everything personal of a customer away, for good; books, invoices and payments stay.
#[utoipa::path(post, operation_id = "anonymise_customer", path = "/customers/{customer}/anonymise", tag = "customers",
    params(("customer" = String, Path, description = "Number in any spelling, or id"),
        WriteHeaders, WriteQuery),
    responses((status = 200, description = "What is left", body = CustomerBody), Problems))]
pub(crate) async fn anonymise(
    billing: Writes<CustomersDelete>,
    Path(customer): Path<String>,
) -> Shown<CustomerBody> {
    Tagged::of(billing.anonymise_customer(&billing.caller, &customer).await?, CustomerBody::of)
}

list_query! {
    /// Which page of what was done to a customer.
    ActivityQuery by AuditSort {}
}

/// Lists what was done to a customer, newest first unless asked otherwise.
#[utoipa::path(get, operation_id = "list_customer_activity", path = "/customers/{customer}/activity", tag = "customers",
    params(("customer" = String, Path, description = "Number in any spelling, or id"), ActivityQuery),
    responses((status = 200, description = "A page", body = PageBody<AuditBody>), Problems))]
pub(crate) async fn activity(
    billing: Reads<CustomersView>,
    Path(customer): Path<String>,
    Query(query): Query<ActivityQuery>,
) -> Answer<PageBody<AuditBody>> {
    let page = billing.customer_activity(&customer, query.page()?).await?;
    Ok(Json(PageBody::of(page, AuditBody::from)))
}

/// Everything that is kept of one customer, as they may ask for it.
#[utoipa::path(get, operation_id = "show_customer_file", path = "/customers/{customer}/export", tag = "customers",
    params(("customer" = String, Path, description = "Number in any spelling, or id")),
    responses((status = 200, description = "Their file", body = CustomerFileBody), Problems))]
pub(crate) async fn export(
    billing: Reads<CustomersView>,
    Path(customer): Path<String>,
) -> Answer<CustomerFileBody> {
    Ok(Json(CustomerFileBody::of(billing.customer_file(&customer).await?)?))
}
