//! Plans and vendors in SQL.

use async_trait::async_trait;
use jiff::SignedDuration;

use crate::kernel::ids::{PlanId, VendorId};
use crate::kernel::money::{Currency, Money};
use crate::kernel::page::{Cursor, Page, PageRequest};
use crate::plan::store::PlanStore;
use crate::plan::{Limits, Plan, PlanName, Prices};
use crate::store::StoreError;
use crate::vendor::store::VendorStore;
use crate::vendor::{Vendor, VendorCode};

use super::engine::{Dialect, Record};
use super::statement::{Statement, statements};
use super::value::{Value, count};
use super::{ReadError, SqlTx, known, unsigned};

macro_rules! plan_columns {
    () => {
        "id, name, router_profile, currency, price_cost_minor, price_sell_minor, \
         uptime_quota_seconds, data_quota_bytes, validity_seconds, created_at"
    };
}

statements! {
    PLAN_INSERT: "adding a plan" = concat!(
        "INSERT INTO plan (", plan_columns!(), ") \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (name) DO NOTHING");
    PLAN_BY_ID: "reading a plan" = concat!("SELECT ", plan_columns!(), " FROM plan WHERE id = $1");
    PLAN_BY_NAME: "reading a plan" = concat!("SELECT ", plan_columns!(), " FROM plan WHERE name = $1");
    PLAN_PAGE: "listing plans" = concat!(
        "SELECT ", plan_columns!(), " FROM plan \
         WHERE CAST($1 AS uuid) IS NULL OR id > $1 ORDER BY id LIMIT $2");
    VENDOR_INSERT: "adding a vendor" =
        "INSERT INTO vendor (id, code, name, created_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (code) DO NOTHING";
    VENDOR_BY_ID: "reading a vendor" = "SELECT id, code, name, created_at FROM vendor WHERE id = $1";
    VENDOR_BY_CODE: "reading a vendor" = "SELECT id, code, name, created_at FROM vendor WHERE code = $1";
    VENDOR_PAGE: "listing vendors" =
        "SELECT id, code, name, created_at FROM vendor \
         WHERE CAST($1 AS uuid) IS NULL OR id > $1 ORDER BY id LIMIT $2";
}

/// Reads the currency and both prices of a row.
pub(super) fn prices(row: &impl Record, table: &'static str) -> Result<Prices, ReadError> {
    let text = row.text("currency")?;
    let currency: Currency = known(table, "currency", &text, |text| text.parse().ok())?;
    let cost = Money::new(row.int("price_cost_minor")?, currency);
    let sell = Money::new(row.int("price_sell_minor")?, currency);
    known(table, "price_sell_minor", &sell.to_string(), |_| Prices::new(cost, sell).ok())
}

/// Reads the three limits of a row.
pub(super) fn limits(row: &impl Record) -> Result<Limits, ReadError> {
    Ok(Limits {
        uptime_quota: row.int_or_none("uptime_quota_seconds")?.map(SignedDuration::from_secs),
        data_quota: row.int_or_none("data_quota_bytes")?.map(unsigned),
        validity: row.int_or_none("validity_seconds")?.map(SignedDuration::from_secs),
    })
}

/// The columns that [`prices`] and [`limits`] read, in the order of the tables.
pub(super) fn price_and_limit_values(prices: Prices, limits: Limits) -> [Value; 6] {
    [
        prices.currency().code().into(),
        prices.cost().minor().into(),
        prices.sell().minor().into(),
        limits.uptime_quota.into(),
        limits.data_quota.map(count).into(),
        limits.validity.into(),
    ]
}

fn read_plan(row: &impl Record) -> Result<Plan, ReadError> {
    Ok(Plan {
        id: PlanId::from_uuid(row.uuid("id")?),
        name: known("plan", "name", &row.text("name")?, |name| name.parse::<PlanName>().ok())?,
        router_profile: row.text("router_profile")?,
        prices: prices(row, "plan")?,
        limits: limits(row)?,
        created_at: row.instant("created_at")?,
    })
}

fn read_vendor(row: &impl Record) -> Result<Vendor, ReadError> {
    Ok(Vendor {
        id: VendorId::from_uuid(row.uuid("id")?),
        code: known("vendor", "code", &row.text("code")?, |code| code.parse::<VendorCode>().ok())?,
        name: row.text("name")?,
        created_at: row.instant("created_at")?,
    })
}

/// The two parameters of a page: behind which item, and one more than the limit.
pub(super) fn page_values(page: PageRequest) -> [Value; 2] {
    [page.after.map(Cursor::id).into(), (page.limit() + 1).into()]
}

#[async_trait]
impl<D: Dialect> PlanStore for SqlTx<D> {
    async fn plan_insert(&mut self, plan: &Plan) -> Result<bool, StoreError> {
        let mut values = vec![
            plan.id.uuid().into(),
            plan.name.as_str().into(),
            plan.router_profile.as_str().into(),
        ];
        values.extend(price_and_limit_values(plan.prices, plan.limits));
        values.push(plan.created_at.into());
        Ok(self.execute(PLAN_INSERT, values).await? == 1)
    }

    async fn plan_by_id(&mut self, id: PlanId) -> Result<Option<Plan>, StoreError> {
        self.one(PLAN_BY_ID, vec![id.uuid().into()], read_plan).await
    }

    async fn plan_by_name(&mut self, name: &PlanName) -> Result<Option<Plan>, StoreError> {
        self.one(PLAN_BY_NAME, vec![name.as_str().into()], read_plan).await
    }

    async fn plan_page(&mut self, page: PageRequest) -> Result<Page<Plan>, StoreError> {
        let items = self.all(PLAN_PAGE, page_values(page).into(), read_plan).await?;
        Ok(Page::cut(items, page, |plan| plan.id.uuid()))
    }
}

#[async_trait]
impl<D: Dialect> VendorStore for SqlTx<D> {
    async fn vendor_insert(&mut self, vendor: &Vendor) -> Result<bool, StoreError> {
        let values = vec![
            vendor.id.uuid().into(),
            vendor.code.as_str().into(),
            vendor.name.as_str().into(),
            vendor.created_at.into(),
        ];
        Ok(self.execute(VENDOR_INSERT, values).await? == 1)
    }

    async fn vendor_by_id(&mut self, id: VendorId) -> Result<Option<Vendor>, StoreError> {
        self.one(VENDOR_BY_ID, vec![id.uuid().into()], read_vendor).await
    }

    async fn vendor_by_code(&mut self, code: &VendorCode) -> Result<Option<Vendor>, StoreError> {
        self.one(VENDOR_BY_CODE, vec![code.as_str().into()], read_vendor).await
    }

    async fn vendor_page(&mut self, page: PageRequest) -> Result<Page<Vendor>, StoreError> {
        let items = self.all(VENDOR_PAGE, page_values(page).into(), read_vendor).await?;
        Ok(Page::cut(items, page, |vendor| vendor.id.uuid()))
    }
}
