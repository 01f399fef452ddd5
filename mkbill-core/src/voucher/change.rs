//! Changing vouchers: the voucher, its login, the trail and the wake-up in one commit.

use jiff::civil::Date;
use serde_json::{Value, json};

use crate::audit::{Act, Record};
use crate::kernel::context::Context;
use crate::kernel::error::Error;
use crate::kernel::ids::{BatchId, EntryId, LoginId};
use crate::kernel::thing::Thing;
use crate::ledger::{Account, Cause, Entry, Posting, first_open_day};
use crate::store::{StoreError, Tx};
use crate::vendor::VendorCode;

use super::Voucher;
use super::batch::{Batch, BatchRefusal};
use super::code::CodeRefusal;
use super::first_login::FirstLogin;
use super::issue::{new_login, wake_router};
use super::login::{Maker, presence};

/// The most vouchers whose login is closed by one statement.
const LOGINS_PER_STATEMENT: usize = 1_000;

/// What the trail shows of a voucher. The code is product data; passwords stay out.
fn picture(voucher: &Voucher) -> Value {
    let activation = voucher.state.activation();
    json!({
        "code": voucher.code.as_str(),
        "state": voucher.state.name(),
        "first_login_at": activation.map(|a| a.first_login.at.to_string()),
        "first_login_earliest": activation.map(|a| a.first_login.earliest.to_string()),
        "first_login_latest": activation.map(|a| a.first_login.latest.to_string()),
        "first_login_evidence": activation.map(|a| a.first_login.evidence.name()),
        "expires_at": activation.and_then(|a| a.expires_at).map(|at| at.to_string()),
        "uptime_quota_seconds": voucher.limits.uptime_quota.map(|span| span.as_secs()),
        "data_quota_bytes": voucher.limits.data_quota,
    })
}

/// A row of the trail about one voucher.
pub fn record(
    context: Context<'_>,
    action: &'static str,
    before: &Voucher,
    after: &Voucher,
) -> Record {
    let act = Act { action, subject_kind: "voucher", subject: after.id.uuid() };
    Record::new(context, act, picture(before), picture(after))
}

/// The batch of a voucher and its vendor's code.
pub async fn maker_of(tx: &mut dyn Tx, id: BatchId) -> Result<(Batch, Option<VendorCode>), Error> {
    let batch = tx.batch_by_id(id).await?.ok_or_else(|| Error::not_found(Thing::Batch, id))?;
    let vendor = match batch.vendor {
        Some(id) => tx.vendor_by_id(id).await?.map(|vendor| vendor.code),
        None => None,
    };
    Ok((batch, vendor))
}

const OVERTAKEN: StoreError = StoreError::Overtaken { what: "voucher" };

/// Writes a changed voucher and what its login ought to say now.
pub async fn save(
    tx: &mut dyn Tx,
    context: Context<'_>,
    action: &'static str,
    before: &Voucher,
    after: &Voucher,
) -> Result<(), Error> {
    if !tx.voucher_replace(after).await? {
        return Err(OVERTAKEN.into());
    }
    let (batch, vendor) = maker_of(tx, after.batch).await?;
    let maker = Maker { batch: &batch, vendor: vendor.as_ref(), zone: context.zone };
    tx.login_want(after.login, presence(&after.state), &maker.spec(after)?).await?;
    tx.audit_append(&[record(context, action, before, after)]).await?;
    wake_router(tx, context, after.router).await
}

/// Records a first login: the voucher's clock starts, and its revenue is booked on the business
/// date of the login. `false` if the voucher knew already.
pub async fn activate(
    tx: &mut dyn Tx,
    context: Context<'_>,
    voucher: &Voucher,
    first_login: FirstLogin,
    device: (Option<String>, Option<String>),
) -> Result<bool, Error> {
    let Some(active) = voucher.clone().first_login(first_login, device.0, device.1) else {
        return Ok(false);
    };
    save(tx, context, "voucher.first_login", voucher, &active).await?;
    let locked = tx.books_locked_through().await?;
    if let Some(entry) = revenue(context, &active, locked)? {
        tx.ledger_append(&entry).await?;
    }
    Ok(true)
}

/// The entry that earns a voucher's price; none for a free voucher.
fn revenue(
    context: Context<'_>,
    voucher: &Voucher,
    locked_through: Option<Date>,
) -> Result<Option<Entry>, Error> {
    let price = voucher.prices.sell();
    let Some(activation) = voucher.state.activation().filter(|_| !price.is_zero()) else {
        return Ok(None);
    };
    let credit = price.checked_neg().map_err(|_| Error::broken("a price that has no opposite"))?;
    let postings = vec![
        Posting::new(Account::VoucherTakings, price),
        Posting::new(Account::VoucherRevenue, credit),
    ];
    let entry = Entry::balanced(
        EntryId::new(context.now, context.entropy),
        Cause::VoucherActivated(voucher.id),
        first_open_day(locked_through, context.zone.date(activation.first_login.at)),
        context.now,
        postings,
    );
    let entry = entry.map_err(|error| Error::broken(format!("booking a voucher: {error}")))?;
    Ok(Some(entry.concerning(voucher.vendor)))
}

/// Gives a voucher a new code under a new login and wants the old login gone.
pub async fn recode(
    tx: &mut dyn Tx,
    context: Context<'_>,
    action: &'static str,
    voucher: &Voucher,
    step: Recode,
) -> Result<Voucher, Error> {
    let (batch, vendor) = maker_of(tx, voucher.batch).await?;
    let used = tx.code_space_take(&batch.shape, 1).await?;
    batch.shape.check_space(1, used)?;
    let code = loop_free_code(tx, context, &batch).await?;
    let password = batch.login_mode.password(&code, context.entropy);
    let login = LoginId::new(context.now, context.entropy);
    let next = match step {
        Recode::Wanted => voucher.clone().regenerate(code, password, login)?,
        Recode::Taken => voucher.clone().recoded(code, password, login),
    };
    if !tx.voucher_replace(&next).await? {
        return Err(OVERTAKEN.into());
    }
    let maker = Maker { batch: &batch, vendor: vendor.as_ref(), zone: context.zone };
    tx.login_insert_all(&[new_login(maker, &next)?]).await?;
    tx.logins_want_absent(&[voucher.login]).await?;
    tx.audit_append(&[record(context, action, voucher, &next)]).await?;
    wake_router(tx, context, next.router).await?;
    Ok(next)
}

/// Why a voucher gets a new code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recode {
    /// A person asked for it.
    Wanted,
    /// The old code is taken on the router by somebody else's user.
    Taken,
}

async fn loop_free_code(
    tx: &mut dyn Tx,
    context: Context<'_>,
    batch: &Batch,
) -> Result<super::code::Code, Error> {
    for _ in 0..super::code::CODE_TRIES_MAX {
        let code = batch.shape.generate(context.entropy, |_| false)?;
        if tx.codes_in_use(std::slice::from_ref(&code)).await?.is_empty() {
            return Ok(code);
        }
    }
    Err(CodeRefusal::Exhausted.into())
}

/// Withdraws every voucher of a batch that was never used; those in use stay.
pub async fn cancel_batch(
    tx: &mut dyn Tx,
    context: Context<'_>,
    batch: &Batch,
) -> Result<(), Error> {
    if batch.cancelled_at.is_some() {
        return Err(BatchRefusal::Cancelled(batch.number.clone()).into());
    }
    let unused = tx.vouchers_unused_of_batch(batch.id).await?;
    let mut records = Vec::with_capacity(unused.len());
    for voucher in &unused {
        let cancelled = voucher.clone().cancel(context.now)?;
        if !tx.voucher_replace(&cancelled).await? {
            return Err(OVERTAKEN.into());
        }
        records.push(record(context, "voucher.cancel", voucher, &cancelled));
    }
    let logins: Vec<LoginId> = unused.iter().map(|voucher| voucher.login).collect();
    for chunk in logins.chunks(LOGINS_PER_STATEMENT) {
        tx.logins_want_absent(chunk).await?;
    }
    tx.batch_cancel(batch.id, context.now).await?;
    let act = Act {
        action: "voucher_batch.cancel",
        subject_kind: "voucher_batch",
        subject: batch.id.uuid(),
    };
    let after = json!({ "cancelled_vouchers": unused.len() });
    records.push(Record::new(context, act, json!({ "number": batch.number.as_str() }), after));
    tx.audit_append(&records).await?;
    wake_router(tx, context, batch.router).await
}
