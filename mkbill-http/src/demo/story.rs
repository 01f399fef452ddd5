//! One day of a hotspot, step by step, each step checked.

use std::time::Instant;

use jiff::SignedDuration;
use mkbill_core::billing::{Billing, PassReport, Unpushed};
use mkbill_core::kernel::caller::{Actor, Caller};
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::money::Money;
use mkbill_core::kernel::page::PageRequest;
use mkbill_core::plan::{Limits, NewPlan, Prices};
use mkbill_core::report::SalesBy;
use mkbill_core::router::{LinkSecurity, NewRouter, RouterAddress};
use mkbill_core::vendor::NewVendor;
use mkbill_core::voucher::batch::NewBatch;
use mkbill_core::voucher::code::{CodeShape, LoginMode};
use mkbill_core::voucher::store::VoucherFilter;
use mkbill_core::worker::{TickReport, Worker};
use mkbill_routeros::sim::{Arrival, Crowd, Customer};
use secrecy::SecretString;
use serde_json::json;

use crate::api::reports::days;
use crate::failure::Failure;

use super::browser;
use super::stage::{POLL_EVERY, ROUTER_PASSWORD, ROUTER_USER, Stage};
use super::tale::Tale;

const ROUTER: &str = "rt-05";
const PLAN: &str = "Harian 24 jam";
const VENDOR: &str = "WARUNG-01";
const COST: Money = Money::rupiah(3_000);
const PRICE: Money = Money::rupiah(5_000);
const VALIDITY: SignedDuration = SignedDuration::from_hours(24);
/// How many customers come, if there are as many vouchers.
const CUSTOMERS: u32 = 40;
const BROWSING: SignedDuration = SignedDuration::from_mins(10);
/// How long before the end of their day those who left come back.
const COMEBACK: SignedDuration = SignedDuration::from_mins(5);

/// Plays the story to its end, or to the first step that does not hold.
pub(super) async fn play(stage: &Stage, tale: &mut Tale, count: u32) -> Result<(), Failure> {
    server_answers(stage, tale).await?;
    router_joins(stage, tale).await?;
    let number = vouchers_are_made(stage, tale, count).await?;
    printing_is_refused(stage, tale, &number).await?;
    vouchers_are_pushed(stage, tale, &number, count).await?;
    let (mut crowd, arrivals) = customers_come(stage, tale, &number, count).await?;
    first_logins_are_found(stage, tale, arrivals.len()).await?;
    a_day_passes(stage, tale, &mut crowd, arrivals.len()).await?;
    expired_ones_are_cut_off(stage, tale, &crowd, &arrivals).await?;
    books_add_up(stage, tale, arrivals.len()).await
}

fn caller() -> Caller {
    Caller::new(Actor::cli("demo"))
}

fn sum(report: &TickReport, count: impl Fn(&PassReport) -> usize) -> usize {
    report.passes.iter().map(count).sum()
}

/// Lets the worker do what is due; a router that could not be worked with ends the story.
async fn tick(billing: &Billing) -> Result<TickReport, Failure> {
    let report = Worker::new(billing.clone()).tick().await?;
    match report.passes.iter().find_map(|pass| pass.error.clone()) {
        Some(error) => Err(Error::broken(error).into()),
        None => Ok(report),
    }
}

async fn server_answers(stage: &Stage, tale: &mut Tale) -> Result<(), Failure> {
    let asked = browser::get(stage.address, "/ready", &stage.key).await;
    let (status, _) = asked.map_err(|error| Failure::Io("asking the server", error))?;
    tale.figure("server", json!({ "address": stage.address.to_string(), "status": status }));
    let detail = format!("http://{} answers {status}", stage.address);
    tale.step("server", status == 200, detail)
}

async fn router_joins(stage: &Stage, tale: &mut Tale) -> Result<(), Failure> {
    let place = stage.router.addr();
    let router = NewRouter {
        name: ROUTER.parse()?,
        address: RouterAddress::new(&place.ip().to_string(), place.port())?,
        security: LinkSecurity::Plain,
        username: ROUTER_USER.to_owned(),
        password: SecretString::from(ROUTER_PASSWORD),
    };
    stage.billing().add_router(&caller(), router).await?;
    let found = stage.billing().check_router(ROUTER).await?;
    tale.figure("routeros_version", found.facts.version.as_str().into());
    let detail = format!("{ROUTER} at {place} says RouterOS {}", found.facts.version);
    tale.step("router", found.facts.version.starts_with("7.18"), detail)
}

async fn vouchers_are_made(stage: &Stage, tale: &mut Tale, count: u32) -> Result<String, Failure> {
    let request = NewBatch { count, ..catalogue(stage).await? };
    let began = Instant::now();
    let receipt = stage.billing().create_batch(&caller(), request).await?;
    let commit_ms = millis(began);
    let (batch, tally) = (receipt.value.batch, receipt.value.tally);
    let number = batch.number.to_string();
    tale.figure("batch", json!({ "number": number, "count": batch.count, "commit_ms": commit_ms }));
    let detail = format!("{number}: {count} vouchers at {PRICE} committed in {commit_ms} ms");
    tale.step("batch", batch.count == count && tally.pending_push == count, detail)?;
    Ok(number)
}

/// Adds plan and vendor, and asks for one voucher of them.
async fn catalogue(stage: &Stage) -> Result<NewBatch, Failure> {
    let plan = NewPlan {
        name: PLAN.parse()?,
        router_profile: "default".to_owned(),
        prices: Prices::new(COST, PRICE).map_err(Error::from)?,
        limits: Limits { validity: Some(VALIDITY), ..Limits::default() },
        terms: None,
    };
    let vendor = NewVendor { code: VENDOR.parse()?, name: "Warung Bu Sri".to_owned() };
    let plan = stage.billing().add_plan(&caller(), plan).await?;
    let vendor = stage.billing().add_vendor(&caller(), vendor).await?;
    Ok(NewBatch {
        router: stage.billing().router(ROUTER).await?.id,
        plan: plan.id,
        vendor: Some(vendor.id),
        count: 1,
        shape: CodeShape { prefix: "RT5-".parse()?, ..CodeShape::default() },
        login_mode: LoginMode::Same,
        prices: None,
        sell_by: None,
    })
}

async fn printing_is_refused(stage: &Stage, tale: &mut Tale, number: &str) -> Result<(), Failure> {
    let refused = stage.billing().export_batch(number, Unpushed::Refuse).await.err();
    let warning = refused.as_ref().map(ToString::to_string).unwrap_or_default();
    tale.figure("unpushed", json!({ "refused": refused.is_some(), "warning": warning }));
    let code = refused.as_ref().map(Error::code);
    tale.step("print too soon", code == Some("batch_not_pushed"), format!("refused: {warning}"))
}

async fn vouchers_are_pushed(
    stage: &Stage,
    tale: &mut Tale,
    number: &str,
    count: u32,
) -> Result<(), Failure> {
    let began = Instant::now();
    let report = tick(stage.billing()).await?;
    let elapsed_ms = millis(began);
    let pushed = sum(&report, |pass| pass.pushed);
    let on_router = stage.users_left(&codes(stage, number, count).await?);
    let available = stage.billing().batch(number).await?.tally.available;
    tale.figure(
        "push",
        json!({ "pushed": pushed, "on_router": on_router, "elapsed_ms": elapsed_ms }),
    );
    let detail = format!("{pushed} users over TCP in {elapsed_ms} ms, {available} ready for sale");
    tale.step("push", [pushed, on_router] == [count as usize; 2] && available == count, detail)
}

/// The codes of the first `most` vouchers of a batch.
async fn codes(stage: &Stage, number: &str, most: u32) -> Result<Vec<String>, Failure> {
    let batch = Some(stage.billing().batch(number).await?.batch.id);
    let filter = VoucherFilter { batch, ..VoucherFilter::default() };
    let (mut codes, mut after) = (Vec::new(), None);
    loop {
        let page = stage.billing().vouchers(&filter, PageRequest::new(after, 200)?).await?;
        codes.extend(page.items.into_iter().map(|voucher| voucher.code.as_str().to_owned()));
        after = page.next;
        if after.is_none() || codes.len() >= most as usize {
            codes.truncate(most as usize);
            return Ok(codes);
        }
    }
}

async fn customers_come(
    stage: &Stage,
    tale: &mut Tale,
    number: &str,
    count: u32,
) -> Result<(Crowd, Vec<Arrival>), Failure> {
    let codes = codes(stage, number, CUSTOMERS.min(count)).await?;
    let mut crowd = stage.router.crowd(codes.into_iter().map(Customer::with_code));
    let arrivals = crowd.arrive(CUSTOMERS as usize);
    let let_in = arrivals.iter().filter(|arrival| arrival.outcome.is_ok()).count();
    let detail = format!("{let_in} of {} are online on the hotspot", arrivals.len());
    tale.step("customers", let_in == arrivals.len() && let_in > 0, detail)?;
    Ok((crowd, arrivals))
}

async fn first_logins_are_found(
    stage: &Stage,
    tale: &mut Tale,
    customers: usize,
) -> Result<(), Failure> {
    stage.clock.advance(POLL_EVERY);
    let report = tick(stage.billing()).await?;
    let detected = sum(&report, |pass| pass.first_logins);
    tale.figure("first_login", json!({ "customers": customers, "detected": detected }));
    let detail = format!("the next poll finds {detected} first logins of {customers}");
    tale.step("first logins", detected == customers, detail)
}

/// Half of the customers leave, and come back shortly before their day is over.
async fn a_day_passes(
    stage: &Stage,
    tale: &mut Tale,
    crowd: &mut Crowd,
    customers: usize,
) -> Result<(), Failure> {
    stage.clock.advance(BROWSING);
    let left = crowd.leave(customers / 2);
    tick(stage.billing()).await?;
    stage.clock.advance(VALIDITY - BROWSING - POLL_EVERY - COMEBACK);
    let early = tick(stage.billing()).await?.expired;
    let back = crowd.arrive(left).iter().filter(|arrival| arrival.outcome.is_ok()).count();
    let detail =
        format!("{left} left, {back} are back 5 minutes before the end, {early} ended early");
    tale.step("a day", back == left && early == 0, detail)
}

async fn expired_ones_are_cut_off(
    stage: &Stage,
    tale: &mut Tale,
    crowd: &Crowd,
    arrivals: &[Arrival],
) -> Result<(), Failure> {
    stage.clock.advance(COMEBACK + POLL_EVERY);
    let online_before = crowd.online();
    let report = tick(stage.billing()).await?;
    let cut_off = sum(&report, |pass| pass.cut_off);
    let names: Vec<String> = arrivals.iter().map(|arrival| arrival.name.clone()).collect();
    let users = stage.users_left(&names);
    let (sessions, cookies) = (crowd.online(), cookies_left(stage, arrivals));
    let unchanged = stage.foreign_user_is_unchanged();
    tale.figure(
        "expired",
        json!({
            "vouchers": report.expired, "online_before": online_before, "cut_off": cut_off,
            "left_on_router": { "users": users, "sessions": sessions, "cookies": cookies },
        }),
    );
    tale.figure("foreign_user", json!({ "unchanged": unchanged }));
    let detail = format!(
        "{cut_off} cut off ({online_before} were online); left: {users} users, {sessions} sessions, \
         {cookies} cookies"
    );
    let gone = (users, sessions, cookies) == (0, 0, 0);
    tale.step("expiry", gone && [cut_off, report.expired] == [arrivals.len(); 2], detail)?;
    let detail = "the user that is not ours is the same byte for byte".to_owned();
    tale.step("foreign user", unchanged, detail)
}

fn cookies_left(stage: &Stage, arrivals: &[Arrival]) -> usize {
    stage
        .router
        .router(|router| arrivals.iter().filter(|arrival| router.has_cookie(arrival.mac)).count())
}

async fn books_add_up(stage: &Stage, tale: &mut Tale, sold: usize) -> Result<(), Failure> {
    let today = days(stage.billing(), None, None);
    let yesterday = today.from.yesterday();
    let yesterday = yesterday.map_err(|error| Error::broken(error.to_string()))?;
    let days = days(stage.billing(), Some(yesterday), None);
    let total = stage.billing().sales(days, SalesBy::Vendor).await?.total;
    let expected = i64::try_from(sold).ok().and_then(|sold| PRICE.checked_mul(sold).ok());
    let balanced = stage.billing().books().await?.balanced;
    tale.figure("sales", json!({
        "vouchers": total.vouchers, "revenue": total.revenue.minor(), "cost": total.cost.minor(),
        "profit": total.profit.minor(), "currency": total.revenue.currency().code(),
    }));
    tale.figure("ledger_or_sales", json!({ "balanced": balanced }));
    let detail = format!("{} sold for {}, the ledger sums to zero", total.vouchers, total.revenue);
    tale.step("books", expected == Some(total.revenue) && balanced, detail)
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
