//! Use cases around batches.

use serde_json::json;

use crate::audit::{Act, Record};
use crate::kernel::caller::{Caller, Fingerprint, Mode};
use crate::kernel::context::Context;
use crate::kernel::error::{Error, Refusal};
use crate::kernel::ids::BatchId;
use crate::kernel::page::{PAGE_ITEMS_MAX, Page, PageRequest};
use crate::kernel::permission::Permission;
use crate::kernel::thing::Thing;
use crate::plan::Plan;
use crate::request::{Once, once};
use crate::router::RouterName;
use crate::store::Tx;
use crate::transact::{reading, snapshot, transact};
use crate::vendor::Vendor;
use crate::voucher::batch::{Batch, BatchNumber, BatchTally, NewBatch, PushReport};
use crate::voucher::export::{self, ExportRow};
use crate::voucher::issue::{self, Issued, wake_router};
use crate::voucher::store::{BatchFilter, BatchSort, VoucherFilter};
use crate::voucher::{Voucher, change};

use super::{Billing, Reader};

/// An answer and how it came about.
#[derive(Debug, Clone)]
pub struct Receipt<T> {
    /// The answer.
    pub value: T,
    /// The same request was answered before; nothing new was made.
    pub replayed: bool,
    /// Nothing was kept.
    pub dry_run: bool,
}

/// A batch with everything one wants to know beside it.
#[derive(Debug, Clone)]
pub struct BatchView {
    /// The batch.
    pub batch: Batch,
    /// How its vouchers stand and what they earned.
    pub tally: BatchTally,
    /// How its push fares.
    pub push: PushReport,
    /// Its plan.
    pub plan: Plan,
    /// The name of its router.
    pub router_name: RouterName,
    /// Its vendor.
    pub vendor: Option<Vendor>,
}

/// What to do about vouchers that the router has not acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unpushed {
    /// Refuse to hand out codes that do not work yet.
    Refuse,
    /// Hand them out all the same.
    Include,
}

/// Codes that do not work yet would be handed out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{waiting} of {count} vouchers of {number} are not on the router yet: wait for the push, or ask for unpushed ones too"
)]
pub struct NotPushed {
    /// The batch.
    pub number: BatchNumber,
    /// How many are not there yet.
    pub waiting: u32,
    /// How many it has.
    pub count: u32,
}

impl Refusal for NotPushed {
    fn code(&self) -> &'static str {
        "batch_not_pushed"
    }

    fn indonesian(&self) -> String {
        let Self { number, waiting, count } = self;
        format!(
            "{waiting} dari {count} voucher pada {number} belum ada di router: tunggu pengirimannya, atau minta juga yang belum dikirim"
        )
    }
}

impl Billing {
    /// Makes a batch: all its vouchers at once or none, ready to be pushed to the router.
    ///
    /// A router that is away does not matter: the vouchers wait as `pending_push`.
    pub async fn create_batch(
        &self,
        caller: &Caller,
        request: NewBatch,
    ) -> Result<Receipt<BatchView>, Error> {
        let request = request.checked()?;
        let context = self.permitted(caller, Permission::VouchersCreate)?;
        let (issued, value) =
            transact!(self.store(), caller.mode, |tx| create(tx, context, &request).await)?;
        Ok(Receipt {
            value,
            replayed: matches!(issued, Issued::Before(_)),
            dry_run: caller.mode == Mode::DryRun,
        })
    }

    /// Tries refused logins of a batch again, and asks the worker to push now.
    pub async fn retry_batch(&self, caller: &Caller, key: &str) -> Result<BatchView, Error> {
        let context = self.permitted(caller, Permission::VouchersCreate)?;
        let view = transact!(self.store(), caller.mode, |tx| retry(tx, context, key).await)?;
        Ok(view)
    }

    /// Withdraws every voucher of a batch that was never used. Those in use stay as they are.
    pub async fn cancel_batch(&self, caller: &Caller, key: &str) -> Result<BatchView, Error> {
        let context = self.permitted(caller, Permission::VouchersDelete)?;
        let view = transact!(self.store(), caller.mode, |tx| cancel(tx, context, key).await)?;
        Ok(view)
    }
}

impl Reader {
    /// One batch, by number or identity.
    pub async fn batch(&self, key: &str) -> Result<BatchView, Error> {
        snapshot!(self.store(), |tx| view_of(tx, key).await)
    }

    /// Batches; newest first if asked for in no order.
    pub async fn batches(
        &self,
        filter: &BatchFilter,
        page: PageRequest<BatchSort>,
    ) -> Result<Page<Batch>, Error> {
        reading!(self.store(), |tx| tx.batch_page(filter, page).await)
    }

    /// The vouchers of a batch as CSV.
    pub async fn export_batch(&self, key: &str, unpushed: Unpushed) -> Result<Vec<u8>, Error> {
        let (view, vouchers) = snapshot!(self.store(), |tx| everything(tx, key).await)?;
        let waiting = view.tally.pending_push;
        if waiting > 0 && unpushed == Unpushed::Refuse {
            let (number, count) = (view.batch.number, view.batch.count);
            return Err(NotPushed { number, waiting, count }.into());
        }
        export::csv(vouchers.iter().map(|voucher| export_row(&view, voucher)))
    }
}

fn export_row(view: &BatchView, voucher: &Voucher) -> ExportRow {
    let activation = voucher.state.activation();
    ExportRow {
        number: voucher.number,
        code: voucher.code.as_str().to_owned(),
        password: voucher.password.clone(),
        state: voucher.state.name(),
        plan: view.plan.name.to_string(),
        price_sell: voucher.prices.sell(),
        validity: voucher.limits.validity,
        uptime_quota: voucher.limits.uptime_quota,
        data_quota: voucher.limits.data_quota,
        batch: view.batch.number.to_string(),
        vendor: view.vendor.as_ref().map(|vendor| vendor.code.to_string()),
        first_login_at: activation.map(|activation| activation.first_login.at),
        expires_at: activation.and_then(|activation| activation.expires_at),
    }
}

pub(super) async fn create(
    tx: &mut dyn Tx,
    context: Context<'_>,
    request: &NewBatch,
) -> Result<(Issued, BatchView), Error> {
    let issued = issue::batch(tx, context, request).await?;
    let (Issued::Now(id) | Issued::Before(id)) = issued;
    Ok((issued, view_of(tx, &id.to_string()).await?))
}

async fn find(tx: &mut dyn Tx, key: &str) -> Result<Batch, Error> {
    let found = match key.parse::<BatchId>() {
        Ok(id) => tx.batch_by_id(id).await?,
        Err(_) => tx.batch_by_number(&BatchNumber::stored(key.to_owned())).await?,
    };
    found.ok_or_else(|| Error::not_found(Thing::Batch, key))
}

async fn view_of(tx: &mut dyn Tx, key: &str) -> Result<BatchView, Error> {
    let batch = find(tx, key).await?;
    view(tx, batch).await
}

async fn view(tx: &mut dyn Tx, batch: Batch) -> Result<BatchView, Error> {
    let gone = |what| Error::broken(format!("batch {} has lost its {what}", batch.number));
    let plan = tx.plan_by_id(batch.plan).await?.ok_or_else(|| gone("plan"))?;
    let router = tx.router_by_id(batch.router).await?.ok_or_else(|| gone("router"))?;
    let vendor = match batch.vendor {
        Some(id) => tx.vendor_by_id(id).await?,
        None => None,
    };
    let tally = tx.batch_tally(batch.id, batch.prices.currency()).await?;
    let push = tx.batch_push_report(batch.id).await?;
    Ok(BatchView { batch, tally, push, plan, router_name: router.name, vendor })
}

async fn everything(tx: &mut dyn Tx, key: &str) -> Result<(BatchView, Vec<Voucher>), Error> {
    let view = view_of(tx, key).await?;
    let filter = VoucherFilter { batch: Some(view.batch.id), ..VoucherFilter::default() };
    let mut vouchers = Vec::with_capacity(view.batch.count as usize);
    let mut page = PageRequest::new(None, PAGE_ITEMS_MAX)?;
    loop {
        let Page { items, next } = tx.voucher_page(&filter, page).await?;
        vouchers.extend(items);
        match next {
            Some(after) => page = PageRequest::new(Some(after), PAGE_ITEMS_MAX)?,
            None => return Ok((view, vouchers)),
        }
    }
}

async fn retry(tx: &mut dyn Tx, context: Context<'_>, key: &str) -> Result<BatchView, Error> {
    let batch = find(tx, key).await?;
    let input = Fingerprint::of("voucher_batch.retry", &[&batch.id]);
    if once(tx, context, input, batch.id.uuid()).await? == Once::First {
        let unblocked = tx.logins_retry(batch.id).await?;
        let act = Act {
            action: "voucher_batch.retry",
            subject_kind: "voucher_batch",
            subject: batch.id.uuid(),
        };
        let before = json!({ "number": batch.number.as_str() });
        let after = json!({ "unblocked_logins": unblocked });
        let record = Record::new(context, act, before, after);
        tx.audit_append(&[record]).await?;
        wake_router(tx, context, batch.router).await?;
    }
    view(tx, batch).await
}

async fn cancel(tx: &mut dyn Tx, context: Context<'_>, key: &str) -> Result<BatchView, Error> {
    let batch = find(tx, key).await?;
    let input = Fingerprint::of("voucher_batch.cancel", &[&batch.id]);
    if once(tx, context, input, batch.id.uuid()).await? == Once::First {
        change::cancel_batch(tx, context, &batch).await?;
    }
    view_of(tx, &batch.id.to_string()).await
}
