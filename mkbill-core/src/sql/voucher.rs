//! Batches and vouchers in SQL.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use crate::kernel::ids::{BatchId, LoginId, PlanId, RouterId, VendorId, VoucherId};
use crate::kernel::money::{Currency, Money};
use crate::kernel::order::Order;
use crate::kernel::page::{Page, PageRequest};
use crate::store::StoreError;
use crate::voucher::Voucher;
use crate::voucher::batch::{Batch, BatchNumber, BatchTally, PushReport};
use crate::voucher::code::{Code, CodeShape};
use crate::voucher::store::{BatchFilter, BatchSort, VoucherFilter, VoucherSort, VoucherStore};

use super::engine::Dialect;
use super::listing::{Column, Listing, cut, listing};
use super::record::Record;
use super::statement::{Statement, statements};
use super::value::Value;
use super::voucher_rows::{all, batch_values, changing, read_batch, read_code, read_voucher};
use super::{SqlTx, small, unsigned};

macro_rules! batch_columns {
    () => {
        "id, number, router_id, plan_id, vendor_id, count, profile, prefix, random_chars, login_mode, \
         currency, price_cost_minor, price_sell_minor, uptime_quota_seconds, data_quota_bytes, \
         validity_seconds, sell_by, created_at, created_by"
    };
}

macro_rules! voucher_columns {
    () => {
        "id, batch_id, number, router_id, vendor_id, login_id, code, password, currency, \
         price_cost_minor, price_sell_minor, uptime_quota_seconds, data_quota_bytes, \
         validity_seconds, sell_by, state, resume_state, first_login_at, first_login_earliest, \
         first_login_latest, first_login_evidence, expires_at, mac, address, ended_at, end_cause, \
         revision"
    };
}

/// A page by a statement that PostgreSQL plans once: as it is told neither how many rows are wanted nor
/// whether there is a filter, it would plan one of [`PAGE`] anew for each page, which takes longer than
/// to read one.
macro_rules! page_of {
    ($rows:literal) => {
        concat!(
            "SELECT ",
            voucher_columns!(),
            " FROM voucher WHERE id > $1 ORDER BY id LIMIT ",
            $rows
        )
    };
}

statements! {
    SPACE_TAKE: "counting codes" =
        "INSERT INTO code_space (prefix, random_chars, used) VALUES ($1, $2, $3) \
         ON CONFLICT (prefix, random_chars) DO UPDATE SET used = code_space.used + excluded.used \
         RETURNING used AS n";
    CODES_IN_USE: "looking for codes" = "SELECT code FROM voucher WHERE code {in_texts:$1}";
    BATCH_INSERT: "adding a batch" = concat!(
        "INSERT INTO voucher_batch (", batch_columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, \
         $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)");
    BATCH_BY_ID: "reading a batch" =
        concat!("SELECT ", batch_columns!(), ", cancelled_at FROM voucher_batch WHERE id = $1");
    BATCH_BY_NUMBER: "reading a batch" =
        concat!("SELECT ", batch_columns!(), ", cancelled_at FROM voucher_batch WHERE number = $1");
    BATCH_CANCEL: "cancelling a batch" =
        "UPDATE voucher_batch SET cancelled_at = $2 WHERE id = $1 AND cancelled_at IS NULL";
    BATCH_TALLY: "counting a batch" =
        "SELECT COUNT(CASE WHEN v.state = 'pending_push' THEN 1 END) AS pending_push, \
         COUNT(CASE WHEN v.state = 'pending_push' AND l.sync = 'blocked' THEN 1 END) AS blocked, \
         COUNT(CASE WHEN v.state = 'available' THEN 1 END) AS available, \
         COUNT(CASE WHEN v.state = 'active' THEN 1 END) AS active, \
         COUNT(CASE WHEN v.state = 'disabled' THEN 1 END) AS disabled, \
         COUNT(CASE WHEN v.state = 'expired' THEN 1 END) AS expired, \
         COUNT(CASE WHEN v.state = 'used_up' THEN 1 END) AS used_up, \
         COUNT(CASE WHEN v.state = 'cancelled' THEN 1 END) AS cancelled, \
         CAST(COALESCE(SUM(CASE WHEN v.first_login_at IS NOT NULL THEN v.price_cost_minor END), 0) \
         AS bigint) AS cost \
         FROM voucher v JOIN login l ON l.id = v.login_id WHERE v.batch_id = $1";
    BATCH_REVENUE: "adding up a batch" =
        "SELECT CAST(COALESCE(SUM(-p.amount_minor), 0) AS bigint) AS n FROM ledger_posting p \
         JOIN ledger_entry e ON e.id = p.entry_id JOIN voucher v ON v.id = e.voucher_id \
         WHERE p.account = 'voucher_revenue' AND v.batch_id = $1";
    BATCH_ATTEMPTS: "reading the push of a batch" =
        "SELECT COALESCE(MAX(l.attempts), 0) AS n FROM voucher v JOIN login l ON l.id = v.login_id \
         WHERE v.batch_id = $1 AND l.sync <> 'applied'";
    BATCH_ERROR: "reading the push of a batch" =
        "SELECT l.last_error FROM voucher v JOIN login l ON l.id = v.login_id \
         WHERE v.batch_id = $1 AND l.sync <> 'applied' AND l.last_error IS NOT NULL \
         ORDER BY l.attempts DESC LIMIT 1";
    BY_ID: "reading a voucher" = concat!("SELECT ", voucher_columns!(), " FROM voucher WHERE id = $1");
    BY_CODE: "reading a voucher" = concat!("SELECT ", voucher_columns!(), " FROM voucher WHERE code = $1");
    BY_LOGINS: "reading vouchers" =
        concat!("SELECT ", voucher_columns!(), " FROM voucher WHERE login_id {in_uuids:$1}");
    UNUSED: "reading the unused vouchers of a batch" = concat!(
        "SELECT ", voucher_columns!(), " FROM voucher WHERE batch_id = $1 AND first_login_at IS NULL \
         AND state IN ('pending_push', 'available', 'disabled') ORDER BY id");
    PAGE_OF_10: "listing vouchers" = page_of!("11");
    PAGE_OF_50: "listing vouchers" = page_of!("51");
    PAGE_OF_200: "listing vouchers" = page_of!("201");
    REPLACE: "changing a voucher" =
        "UPDATE voucher SET revision = revision + 1, login_id = $3, code = $4, password = $5, \
         uptime_quota_seconds = $6, data_quota_bytes = $7, validity_seconds = $8, state = $9, \
         resume_state = $10, first_login_at = $11, first_login_earliest = $12, \
         first_login_latest = $13, first_login_evidence = $14, expires_at = $15, mac = $16, \
         address = $17, ended_at = $18, end_cause = $19, due_at = $20 \
         WHERE id = $1 AND revision = $2";
    ACKNOWLEDGED: "making vouchers available" =
        "UPDATE voucher SET state = 'available', revision = revision + 1 \
         WHERE state = 'pending_push' AND login_id {in_uuids:$1}";
    ACKNOWLEDGED_CLOSED: "making vouchers available" =
        "UPDATE voucher SET resume_state = 'available', revision = revision + 1 \
         WHERE state = 'disabled' AND resume_state = 'pending_push' AND login_id {in_uuids:$1}";
    DUE: "finding vouchers that are over" = concat!(
        "SELECT ", voucher_columns!(), " FROM voucher WHERE due_at <= $1 ORDER BY due_at, id LIMIT $2");
    PENDING: "counting vouchers that wait" =
        "SELECT COUNT(*) AS n FROM voucher WHERE router_id = $1 AND state = 'pending_push'";
}

/// The batches of a filter, `$1` to `$6`.
macro_rules! wanted_batches {
    () => {
        "(CAST($1 AS uuid) IS NULL OR b.plan_id = $1) \
         AND (CAST($2 AS uuid) IS NULL OR b.router_id = $2) \
         AND (CAST($3 AS uuid) IS NULL OR b.vendor_id = $3) \
         AND (CAST($4 AS timestamptz) IS NULL OR b.created_at >= $4) \
         AND (CAST($5 AS timestamptz) IS NULL OR b.created_at < $5) \
         AND (CAST($6 AS bigint) IS NULL OR (b.cancelled_at IS NOT NULL) = ($6 = 1))"
    };
}

/// A list of vouchers, by what `$lead` says beside state and code, which are `$state` and `$code`.
macro_rules! list_of {
    ($lead:expr, $state:literal, $code:literal) => {
        concat!(
            "SELECT ",
            voucher_columns!(),
            "{value} FROM voucher WHERE {past}",
            $lead,
            " AND (CAST(",
            $state,
            " AS text) IS NULL OR state = ",
            $state,
            ")",
            " AND (CAST(",
            $code,
            " AS text) IS NULL OR code = ",
            $code,
            ") {page}"
        )
    };
}

listing! {
    BATCH_PAGE of BatchSort: "listing batches" = concat!(
        "SELECT ", batch_columns!(), ", cancelled_at{value} FROM voucher_batch b WHERE {past} AND ",
        wanted_batches!(), " {page}"),
    by "id" {
        Created: Column::Identity,
        Number: Column::Always("number"),
    }
}

macro_rules! vouchers {
    ($name:ident = $text:expr) => {
        listing! {
            $name of VoucherSort: "listing vouchers" = $text, by "id" {
                Created: Column::Identity,
                Code: Column::Always("code"),
                FirstLogin: Column::Perhaps("first_login_at"),
            }
        }
    };
}

vouchers!(PAGE = list_of!("", "$1", "$2"));
vouchers!(PAGE_OF_BATCH = list_of!(" AND batch_id = $1", "$2", "$3"));
vouchers!(
    PAGE_OF_BATCHES = list_of!(
        concat!(
            " AND (CAST($7 AS uuid) IS NULL OR batch_id = $7) AND batch_id IN (SELECT b.id \
             FROM voucher_batch b WHERE ",
            wanted_batches!(),
            ")"
        ),
        "$8",
        "$9"
    )
);

fn shape_values(shape: &CodeShape) -> [Value; 2] {
    [shape.prefix.as_str().into(), i64::from(shape.random_chars).into()]
}

fn read_tally(row: &impl Record, currency: Currency) -> sqlx::Result<BatchTally> {
    Ok(BatchTally {
        pending_push: small(row.int("pending_push")?),
        blocked: small(row.int("blocked")?),
        available: small(row.int("available")?),
        active: small(row.int("active")?),
        disabled: small(row.int("disabled")?),
        expired: small(row.int("expired")?),
        used_up: small(row.int("used_up")?),
        cancelled: small(row.int("cancelled")?),
        revenue: Money::zero(currency),
        cost: Money::new(row.int("cost")?, currency),
    })
}

fn uuids(logins: &[LoginId]) -> Value {
    Value::Uuids(logins.iter().map(|id| id.uuid()).collect())
}

/// The statement of a page in the order of making and without a filter. It may read more rows than were
/// asked for.
const fn whole_page(limit: u32) -> Statement {
    match limit {
        ..=10 => PAGE_OF_10,
        11..=50 => PAGE_OF_50,
        51.. => PAGE_OF_200,
    }
}

fn batch_filter_values(filter: &BatchFilter) -> [Value; 6] {
    [
        filter.plan.map(PlanId::uuid).into(),
        filter.router.map(RouterId::uuid).into(),
        filter.vendor.map(VendorId::uuid).into(),
        filter.created_from.into(),
        filter.created_until.into(),
        filter.cancelled.map(i64::from).into(),
    ]
}

/// The statements of a filter, and its parameters.
fn list_of(filter: &VoucherFilter) -> (&'static Listing<VoucherSort>, Vec<Value>) {
    let code: Value = filter.code.as_ref().map(Code::as_str).into();
    let state: Value = filter.state.into();
    if filter.batches == BatchFilter::default() {
        return match filter.batch {
            Some(batch) => (&PAGE_OF_BATCH, vec![batch.uuid().into(), state, code]),
            None => (&PAGE, vec![state, code]),
        };
    }
    let mut values = Vec::from(batch_filter_values(&filter.batches));
    values.extend([filter.batch.map(BatchId::uuid).into(), state, code]);
    (&PAGE_OF_BATCHES, values)
}

#[async_trait]
impl<D: Dialect> VoucherStore for SqlTx<D> {
    async fn code_space_take(&mut self, shape: &CodeShape, taken: u32) -> Result<u64, StoreError> {
        let [prefix, chars] = shape_values(shape);
        let used = self.number(SPACE_TAKE, vec![prefix, chars, taken.into()]).await?;
        Ok(unsigned(used).saturating_sub(u64::from(taken)))
    }

    async fn codes_in_use(&mut self, codes: &[Code]) -> Result<Vec<Code>, StoreError> {
        let texts: Vec<String> = codes.iter().map(|code| code.as_str().to_owned()).collect();
        self.all(CODES_IN_USE, vec![texts.into()], read_code).await
    }

    async fn batch_insert(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.execute(BATCH_INSERT, batch_values(batch)).await.map(drop)
    }

    async fn batch_by_id(&mut self, id: BatchId) -> Result<Option<Batch>, StoreError> {
        self.one(BATCH_BY_ID, vec![id.uuid().into()], read_batch).await
    }

    async fn batch_by_number(&mut self, number: &BatchNumber) -> Result<Option<Batch>, StoreError> {
        self.one(BATCH_BY_NUMBER, vec![number.as_str().into()], read_batch).await
    }

    async fn batch_page(
        &mut self,
        filter: &BatchFilter,
        page: PageRequest<BatchSort>,
    ) -> Result<Page<Batch>, StoreError> {
        self.page(&BATCH_PAGE, batch_filter_values(filter).into(), &page, read_batch).await
    }

    async fn batch_cancel(&mut self, id: BatchId, at: Timestamp) -> Result<(), StoreError> {
        self.execute(BATCH_CANCEL, vec![id.uuid().into(), at.into()]).await.map(drop)
    }

    async fn batch_tally(
        &mut self,
        id: BatchId,
        currency: Currency,
    ) -> Result<BatchTally, StoreError> {
        let read = |row: &D::Found| Ok(read_tally(row, currency)?);
        let tally = self.one(BATCH_TALLY, vec![id.uuid().into()], read).await?;
        let mut tally = tally.expect("an aggregate without GROUP BY always answers one row");
        let revenue = self.number(BATCH_REVENUE, vec![id.uuid().into()]).await?;
        tally.revenue = Money::new(revenue, currency);
        Ok(tally)
    }

    async fn batch_push_report(&mut self, id: BatchId) -> Result<PushReport, StoreError> {
        let attempts = self.number(BATCH_ATTEMPTS, vec![id.uuid().into()]).await?;
        let read = |row: &D::Found| Ok(row.text_or_none("last_error")?);
        let last_error = self.one(BATCH_ERROR, vec![id.uuid().into()], read).await?.flatten();
        Ok(PushReport { attempts: small(attempts), last_error })
    }

    async fn voucher_insert_all(&mut self, vouchers: &[Voucher]) -> Result<(), StoreError> {
        self.insert_all("adding vouchers", "voucher", transpose(vouchers.iter().map(all))).await
    }

    async fn voucher_by_id(&mut self, id: VoucherId) -> Result<Option<Voucher>, StoreError> {
        self.one(BY_ID, vec![id.uuid().into()], read_voucher).await
    }

    async fn voucher_by_code(&mut self, code: &Code) -> Result<Option<Voucher>, StoreError> {
        self.one(BY_CODE, vec![code.as_str().into()], read_voucher).await
    }

    async fn vouchers_of_logins(&mut self, logins: &[LoginId]) -> Result<Vec<Voucher>, StoreError> {
        self.all(BY_LOGINS, vec![uuids(logins)], read_voucher).await
    }

    async fn vouchers_unused_of_batch(
        &mut self,
        batch: BatchId,
    ) -> Result<Vec<Voucher>, StoreError> {
        self.all(UNUSED, vec![batch.uuid().into()], read_voucher).await
    }

    async fn voucher_page(
        &mut self,
        filter: &VoucherFilter,
        page: PageRequest<VoucherSort>,
    ) -> Result<Page<Voucher>, StoreError> {
        if *filter == VoucherFilter::default() && page.order() == Order::default() {
            let statement = whole_page(page.limit());
            let after = page.after().map_or(Uuid::nil(), |place| place.id);
            let rows = self.rows(statement, vec![after.into()]).await?;
            return cut::<D, _, _>(statement.act, rows, &page, read_voucher);
        }
        let (listing, values) = list_of(filter);
        self.page(listing, values, &page, read_voucher).await
    }

    async fn voucher_replace(&mut self, next: &Voucher) -> Result<bool, StoreError> {
        let mut values: Vec<Value> = vec![next.id.uuid().into(), next.revision.into()];
        values.extend(changing(next).into_iter().map(|(_, value)| value));
        Ok(self.execute(REPLACE, values).await? == 1)
    }

    async fn vouchers_acknowledged(&mut self, logins: &[LoginId]) -> Result<u64, StoreError> {
        let open = self.execute(ACKNOWLEDGED, vec![uuids(logins)]).await?;
        let closed = self.execute(ACKNOWLEDGED_CLOSED, vec![uuids(logins)]).await?;
        Ok(open + closed)
    }

    async fn vouchers_due(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Voucher>, StoreError> {
        self.all(DUE, vec![now.into(), limit.into()], read_voucher).await
    }

    async fn vouchers_pending_on(&mut self, router: RouterId) -> Result<u64, StoreError> {
        self.number(PENDING, vec![router.uuid().into()]).await.map(unsigned)
    }
}

/// Turns rows of named columns into named columns of rows, as a bulk insert wants them.
pub(super) fn transpose(
    rows: impl Iterator<Item = Vec<(&'static str, Value)>>,
) -> Vec<(&'static str, Vec<Value>)> {
    let mut columns: Vec<(&'static str, Vec<Value>)> = Vec::new();
    for row in rows {
        if columns.is_empty() {
            columns = row.iter().map(|(name, _)| (*name, Vec::new())).collect();
        }
        for ((_, column), (_, value)) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_load_measures_the_statement_of_the_page() {
        let measured = include_str!("../../../mkbill-http/benches/load/page.sql");
        assert_eq!(measured.trim(), PAGE_OF_10.text);
    }
}
