//! Making a batch: all vouchers and their logins at once, or nothing.

use serde_json::json;

use crate::audit::{Act, Record};
use crate::kernel::caller::Fingerprint;
use crate::kernel::context::Context;
use crate::kernel::error::Error;
use crate::kernel::ids::{BatchId, LoginId, MessageId, RouterId, VoucherId};
use crate::kernel::language::said;
use crate::kernel::thing::Thing;
use crate::outbox::{Message, Payload};
use crate::plan::{Plan, PlanRefusal};
use crate::provisioning::profile;
use crate::provisioning::{Care, Login, LoginKind, Owner, Presence, SyncState, Usage};
use crate::request::{Once, once};
use crate::router::Router;
use crate::store::Tx;
use crate::vendor::Vendor;

use super::Voucher;
use super::batch::{Batch, BatchNumber, BatchRefusal, NewBatch};
use super::code::{CODE_TRIES_MAX, Code, CodeRefusal, CodeShape, generate_batch};
use super::login::Maker;
use super::state::{Live, VoucherState};

/// What a request for a batch came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Issued {
    /// A new batch.
    Now(BatchId),
    /// The same request made this batch before.
    Before(BatchId),
}

/// Makes the batch that `request` asks for.
pub async fn batch(
    tx: &mut dyn Tx,
    context: Context<'_>,
    request: &NewBatch,
) -> Result<Issued, Error> {
    let id = BatchId::new(context.now, context.entropy);
    let input = Fingerprint::of("voucher_batch.create", &[request]);
    if let Once::Again(made) = once(tx, context, input, id.uuid()).await? {
        return Ok(Issued::Before(BatchId::from_uuid(made)));
    }
    let (router, plan, vendor) = ingredients(tx, request).await?;
    profile::expect(tx, &router, LoginKind::Hotspot, &plan.router_profile).await?;
    let codes = fresh_codes(tx, context, request).await?;
    let batch = describe(tx, context, request, id, &plan).await?;
    let maker = Maker {
        batch: &batch,
        vendor: vendor.as_ref().map(|vendor| &vendor.code),
        zone: context.zone,
    };
    let (vouchers, logins) = make(context, maker, codes)?;
    tx.batch_insert(&batch).await?;
    tx.voucher_insert_all(&vouchers).await?;
    tx.login_insert_all(&logins).await?;
    tx.audit_append(&[record(context, &batch, &router, &plan)]).await?;
    wake_router(tx, context, router.id).await?;
    Ok(Issued::Now(id))
}

/// Asks the worker to bring a router in step, in the same commit.
pub async fn wake_router(
    tx: &mut dyn Tx,
    context: Context<'_>,
    router: RouterId,
) -> Result<(), Error> {
    let message = Message {
        id: MessageId::new(context.now, context.entropy),
        payload: Payload::SyncRouter(router),
        run_at: context.now,
    };
    Ok(tx.outbox_push(&message).await?)
}

/// Asks the worker to bring many routers in step, in the same commit.
pub async fn wake_routers(
    tx: &mut dyn Tx,
    context: Context<'_>,
    routers: &[RouterId],
) -> Result<(), Error> {
    let message = |(position, router): (u64, &RouterId)| Message {
        id: MessageId::in_run(context.now, position, context.entropy),
        payload: Payload::SyncRouter(*router),
        run_at: context.now,
    };
    let messages: Vec<Message> = (1..).zip(routers).map(message).collect();
    Ok(tx.outbox_push_all(&messages).await?)
}

async fn ingredients(
    tx: &mut dyn Tx,
    request: &NewBatch,
) -> Result<(Router, Plan, Option<Vendor>), Error> {
    let router = tx.router_hold(request.router).await?;
    let plan = tx.plan_by_id(request.plan).await?;
    let vendor = match request.vendor {
        None => None,
        Some(id) => {
            let found = tx.vendor_by_id(id).await?;
            Some(found.ok_or_else(|| Error::not_found(Thing::Vendor, id))?)
        }
    };
    let plan = plan.ok_or_else(|| Error::not_found(Thing::Plan, request.plan))?;
    if plan.terms.is_some() {
        return Err(PlanRefusal::Recurring(plan.name).into());
    }
    plan.may_be_sold()?;
    Ok((router.ok_or_else(|| Error::not_found(Thing::Router, request.router))?, plan, vendor))
}

async fn fresh_codes(
    tx: &mut dyn Tx,
    context: Context<'_>,
    request: &NewBatch,
) -> Result<Vec<Code>, Error> {
    let used = tx.code_space_take(&request.shape, request.count).await?;
    request.shape.check_space(request.count, used)?;
    let mut codes = generate_batch(&request.shape, request.count, context.entropy)?;
    for _ in 0..CODE_TRIES_MAX {
        let taken = tx.codes_in_use(&codes).await?;
        if taken.is_empty() {
            return Ok(codes);
        }
        replace_taken(&mut codes, &taken, &request.shape, context)?;
    }
    Err(CodeRefusal::Exhausted.into())
}

fn replace_taken(
    codes: &mut [Code],
    taken: &[Code],
    shape: &CodeShape,
    context: Context<'_>,
) -> Result<(), CodeRefusal> {
    let mut known: std::collections::HashSet<String> =
        codes.iter().map(|code| code.as_str().to_owned()).collect();
    for code in codes.iter_mut().filter(|code| taken.contains(code)) {
        *code = shape.generate(context.entropy, |candidate| known.contains(candidate))?;
        known.insert(code.as_str().to_owned());
    }
    Ok(())
}

async fn describe(
    tx: &mut dyn Tx,
    context: Context<'_>,
    request: &NewBatch,
    id: BatchId,
    plan: &Plan,
) -> Result<Batch, Error> {
    let today = context.zone.date(context.now);
    let sell_by = match request.sell_by {
        None => None,
        Some(day) if day < today => return Err(BatchRefusal::SellByOver(day).into()),
        Some(day) => {
            let end = context.zone.end_of(day);
            Some(end.map_err(|_| {
                Error::invalid(
                    "sell_by",
                    said!("choose a day before the year 9999", "pilih hari sebelum tahun 9999"),
                )
            })?)
        }
    };
    let count = tx.counter_next(&format!("batch:{today}")).await?;
    Ok(Batch {
        id,
        number: BatchNumber::new(today, count),
        router: request.router,
        plan: request.plan,
        vendor: request.vendor,
        count: request.count,
        profile: plan.router_profile.clone(),
        shape: request.shape.clone(),
        login_mode: request.login_mode,
        prices: request.prices.unwrap_or(plan.prices),
        limits: plan.limits,
        sell_by,
        created_at: context.now,
        created_by: context.caller.actor.name().to_owned(),
        cancelled_at: None,
    })
}

fn make(
    context: Context<'_>,
    maker: Maker<'_>,
    codes: Vec<Code>,
) -> Result<(Vec<Voucher>, Vec<Login>), Error> {
    let mut vouchers = Vec::with_capacity(codes.len());
    let mut logins = Vec::with_capacity(codes.len());
    for (number, code) in (1_u32..).zip(codes) {
        let voucher = voucher(context, maker.batch, number, code);
        logins.push(new_login(maker, &voucher)?);
        vouchers.push(voucher);
    }
    Ok((vouchers, logins))
}

fn voucher(context: Context<'_>, batch: &Batch, number: u32, code: Code) -> Voucher {
    let position = u64::from(number);
    let password = batch.login_mode.password(&code, context.entropy);
    Voucher {
        id: VoucherId::in_run(context.now, position, context.entropy),
        batch: batch.id,
        number,
        router: batch.router,
        vendor: batch.vendor,
        login: LoginId::in_run(context.now, position, context.entropy),
        code,
        password,
        prices: batch.prices,
        limits: batch.limits,
        sell_by: batch.sell_by,
        state: VoucherState::Live(Live::PendingPush),
        revision: 1,
    }
}

/// The login of a voucher that the router has never heard of.
pub(super) fn new_login(maker: Maker<'_>, voucher: &Voucher) -> Result<Login, Error> {
    Ok(Login {
        id: voucher.login,
        router: voucher.router,
        kind: LoginKind::Hotspot,
        name: voucher.code.as_str().to_owned(),
        owner: Owner::Voucher(voucher.id),
        presence: Presence::Enabled,
        closed: false,
        spec: maker.spec(voucher)?,
        care: Care::Books,
        revision: 1,
        sync: SyncState::Pending { attempts: 0, last_error: None },
        ever_applied: false,
        usage: Usage::default(),
    })
}

fn record(context: Context<'_>, batch: &Batch, router: &Router, plan: &Plan) -> Record {
    let act = Act {
        action: "voucher_batch.create",
        subject_kind: "voucher_batch",
        subject: batch.id.uuid(),
    };
    let after = json!({
        "number": batch.number.as_str(),
        "count": batch.count,
        "router": router.name.as_str(),
        "plan": plan.name.as_str(),
        "price_cost_minor": batch.prices.cost().minor(),
        "price_sell_minor": batch.prices.sell().minor(),
        "currency": batch.prices.currency().code(),
    });
    Record::new(context, act, serde_json::Value::Null, after)
}
