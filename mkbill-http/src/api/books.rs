//! Statements and closed months over HTTP.

use axum::Json;
use jiff::Timestamp;
use jiff::civil::Date;
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::ids::{
    CustomerId, EntryId, InvoiceId, PaymentId, PlanId, SubscriptionId, VendorId,
};
use mkbill_core::kernel::permission::needs::{BooksLock, BooksUnlock, CustomersView, ReportsView};
use mkbill_core::ledger::statement::{Statement, StatementLine};
use mkbill_core::ledger::store::{EntryFilter, EntrySort};
use mkbill_core::ledger::{Cause, Entry, Posting};
use mkbill_core::report::store::StatementRange;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::values::{MoneyBody, PageBody, list_query};
use super::{Answer, Problems};
use crate::auth::access::{Reads, Writes};
use crate::extract::{Json as Body, Path, Query, WriteHeaders, WriteQuery};

/// Which lines of a statement.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatementQuery {
    /// First business day.
    from: Option<Date>,
    /// Last business day, included.
    to: Option<Date>,
    /// The `next_after` of the page before; absent for the first page.
    after: Option<Uuid>,
}

/// One entry of the books as a customer sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatementLine)]
pub(crate) struct StatementLineBody {
    /// The id of the entry.
    pub(crate) entry_id: Uuid,
    /// What it records, such as `invoice_issued`.
    #[schema(example = "invoice_issued")]
    pub(crate) cause: String,
    /// The business date it belongs to.
    pub(crate) on: Date,
    /// When it was written.
    pub(crate) recorded_at: Timestamp,
    /// The number of the invoice it is about.
    pub(crate) invoice: Option<String>,
    /// The number of the payment it is about.
    pub(crate) payment: Option<String>,
    /// Why, in the words of whoever wrote it.
    pub(crate) memo: Option<String>,
    /// What it changes of the balance: above zero is to the customer's good.
    pub(crate) change: MoneyBody,
    /// What it moves between credit and invoices.
    pub(crate) moved: MoneyBody,
    /// The balance after it: credit less what is owed.
    pub(crate) balance: MoneyBody,
}

impl From<StatementLine> for StatementLineBody {
    fn from(line: StatementLine) -> Self {
        Self {
            entry_id: line.entry.uuid(),
            cause: line.cause.name().to_owned(),
            on: line.on,
            recorded_at: line.recorded_at,
            invoice: line.invoice.map(|number| number.to_string()),
            payment: line.payment.map(|number| number.to_string()),
            memo: line.memo,
            change: line.change.into(),
            moved: line.moved.into(),
            balance: line.balance.into(),
        }
    }
}

/// A page of a customer's statement, oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Statement)]
pub(crate) struct StatementBody {
    /// The id of the customer.
    pub(crate) customer_id: Uuid,
    /// The balance before the first line.
    pub(crate) opening: MoneyBody,
    /// At most 200 lines.
    pub(crate) lines: Vec<StatementLineBody>,
    /// The balance after the last line.
    pub(crate) closing: MoneyBody,
    /// Send it as `after` for the next page; null on the last page.
    pub(crate) next_after: Option<Uuid>,
}

impl StatementBody {
    pub(crate) fn of(customer: CustomerId, statement: Statement) -> Self {
        Self {
            customer_id: customer.uuid(),
            opening: statement.opening.into(),
            lines: statement.lines.into_iter().map(Into::into).collect(),
            closing: statement.closing.into(),
            next_after: statement.next.map(EntryId::uuid),
        }
    }
}

/// Every entry of the books that concerns a customer, with the balance after it.
#[utoipa::path(get, operation_id = "show_statement", path = "/customers/{customer}/statement", tag = "credit",
    params(("customer" = Uuid, Path, description = "Id"), StatementQuery),
    responses((status = 200, description = "A page", body = StatementBody), Problems))]
pub(crate) async fn statement(
    billing: Reads<CustomersView>,
    Path(customer): Path<Uuid>,
    Query(query): Query<StatementQuery>,
) -> Answer<StatementBody> {
    let customer = CustomerId::from_uuid(customer);
    let after = query.after.map(EntryId::from_uuid);
    let range = StatementRange { after, from: query.from, to: query.to };
    Ok(Json(StatementBody::of(customer, billing.statement(customer, range).await?)))
}

list_query! {
    /// Which entries of the books.
    EntryQuery by EntrySort {
        /// First business day.
        from: Option<Date>,
        /// Last business day, included.
        to: Option<Date>,
        /// With a side on this account.
        #[param(example = "cash")]
        account: Option<String>,
        /// On the statement of the customer of this id.
        customer: Option<Uuid>,
    }
}

impl EntryQuery {
    pub(crate) fn filter(&self) -> Result<EntryFilter, Error> {
        Ok(EntryFilter {
            from: self.from,
            to: self.to,
            account: self.account.as_deref().map(str::parse).transpose()?,
            customer: self.customer.map(CustomerId::from_uuid),
        })
    }
}

/// One side of an entry.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Posting)]
pub(crate) struct PostingBody {
    /// The account.
    #[schema(example = "cash")]
    pub(crate) account: &'static str,
    /// Debit above zero, credit below.
    pub(crate) amount: MoneyBody,
    /// The customer it concerns.
    pub(crate) customer_id: Option<Uuid>,
    /// The only subscription that this credit is for, or the one that earned this revenue.
    pub(crate) subscription_id: Option<Uuid>,
    /// The plan that earned this revenue.
    pub(crate) plan_id: Option<Uuid>,
}

impl From<&Posting> for PostingBody {
    fn from(side: &Posting) -> Self {
        Self {
            account: side.account.name(),
            amount: side.amount.into(),
            customer_id: side.customer.map(CustomerId::uuid),
            subscription_id: side.subscription.map(SubscriptionId::uuid),
            plan_id: side.plan.map(PlanId::uuid),
        }
    }
}

/// One entry of the books; its sides sum to zero.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Entry)]
pub(crate) struct EntryBody {
    /// Identity.
    pub(crate) id: Uuid,
    /// What it records.
    #[schema(example = "payment_received")]
    pub(crate) cause: &'static str,
    /// The id of the thing that it records: the invoice, payment, voucher and the like.
    pub(crate) subject_id: Uuid,
    /// The business date it belongs to.
    pub(crate) on: Date,
    /// When it was written.
    pub(crate) recorded_at: Timestamp,
    /// The id of the vendor it concerns.
    pub(crate) vendor_id: Option<Uuid>,
    /// The id of the customer whose statement shows it.
    pub(crate) customer_id: Option<Uuid>,
    /// The id of the invoice it is about.
    pub(crate) invoice_id: Option<Uuid>,
    /// The id of the payment it is about.
    pub(crate) payment_id: Option<Uuid>,
    /// What the entry recorded that it takes back.
    pub(crate) reverses: Option<&'static str>,
    /// Why, in the words of whoever wrote it.
    pub(crate) memo: Option<String>,
    /// Its sides.
    pub(crate) postings: Vec<PostingBody>,
}

impl From<Entry> for EntryBody {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.id.uuid(),
            cause: entry.cause.name(),
            subject_id: entry.cause.subject(),
            on: entry.business_date,
            recorded_at: entry.recorded_at,
            vendor_id: entry.vendor.map(VendorId::uuid),
            customer_id: entry.customer.map(CustomerId::uuid),
            invoice_id: entry.invoice.map(InvoiceId::uuid),
            payment_id: entry.payment.map(PaymentId::uuid),
            reverses: entry.reverses.map(Cause::name),
            postings: entry.postings().iter().map(PostingBody::from).collect(),
            memo: entry.memo,
        }
    }
}

/// Lists the entries of the books with their sides, newest first unless asked otherwise.
#[utoipa::path(get, path = "/books/entries", tag = "books", params(EntryQuery),
    responses((status = 200, description = "A page", body = PageBody<EntryBody>), Problems))]
pub(crate) async fn list_entries(
    billing: Reads<ReportsView>,
    Query(query): Query<EntryQuery>,
) -> Answer<PageBody<EntryBody>> {
    let filter = query.filter()?;
    let page = query.page()?;
    Ok(Json(PageBody::of(billing.entries(filter, page).await?, EntryBody::from)))
}

/// How far the books are closed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Books)]
pub(crate) struct BooksBody {
    /// The last closed day: nothing can be booked on it or before; null if all days are open.
    pub(crate) locked_through: Option<Date>,
}

/// How far the books are closed.
#[utoipa::path(get, path = "/books", tag = "books",
    responses((status = 200, description = "The last closed day", body = BooksBody), Problems))]
pub(crate) async fn show_books(billing: Reads<ReportsView>) -> Answer<BooksBody> {
    Ok(Json(BooksBody { locked_through: billing.books_locked_through().await? }))
}

/// Through which day books are closed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LockBooks)]
pub(crate) struct LockBody {
    /// The last day to close; it has to be over.
    through: Date,
}

/// Closes the books through a day that is over; needs a reason. Nothing can be booked on it or before
/// it any more.
#[utoipa::path(post, path = "/books/lock", tag = "books", params(WriteHeaders, WriteQuery),
    request_body = LockBody,
    responses((status = 200, description = "Closed", body = BooksBody), Problems))]
pub(crate) async fn lock_books(
    billing: Writes<BooksLock>,
    Body(body): Body<LockBody>,
) -> Answer<BooksBody> {
    let locked_through = billing.lock_books(&billing.caller, body.through).await?;
    Ok(Json(BooksBody { locked_through }))
}

/// How far books stay closed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UnlockBooks)]
pub(crate) struct UnlockBody {
    /// The last day that stays closed; null opens all.
    through: Option<Date>,
}

/// Opens closed books again, all or those after a day; needs a reason.
#[utoipa::path(post, path = "/books/unlock", tag = "books", params(WriteHeaders, WriteQuery),
    request_body = UnlockBody,
    responses((status = 200, description = "Opened", body = BooksBody), Problems))]
pub(crate) async fn unlock_books(
    billing: Writes<BooksUnlock>,
    Body(body): Body<UnlockBody>,
) -> Answer<BooksBody> {
    let locked_through = billing.unlock_books(&billing.caller, body.through).await?;
    Ok(Json(BooksBody { locked_through }))
}
