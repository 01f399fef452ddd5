//! Plans and vendors in SQL.

use async_trait::async_trait;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use crate::invoice::tax::{TaxMode, TaxName, TaxRule};
use crate::kernel::ids::{PlanId, VendorId};
use crate::kernel::money::{Currency, Money};
use crate::kernel::page::{Page, PageRequest};
use crate::kernel::search::SearchText;
use crate::plan::store::{PlanFilter, PlanKind, PlanSort, PlanStore};
use crate::plan::{Limits, Plan, PlanName, Prices};
use crate::store::StoreError;
use crate::vendor::store::{VendorSort, VendorStore};
use crate::vendor::{Vendor, VendorCode};

use super::customer::looked_for;
use super::engine::Dialect;
use super::listing::{Column, listing};
use super::record::Record;
use super::statement::{Statement, statements};
use super::terms::{TERMS, TERMS_CHANGED, read_terms, terms_values};
use super::value::{Value, count};
use super::{ReadError, SqlTx, known, small, unsigned};

macro_rules! plans {
    ($condition:literal) => {
        plans!("", $condition)
    };
    ($more:literal, $condition:literal) => {
        concat!(
            "SELECT p.id, p.name, p.router_profile, p.currency, p.price_cost_minor, \
             p.price_sell_minor, p.uptime_quota_seconds, p.data_quota_bytes, p.validity_seconds, \
             p.created_at, p.retired_at, p.revision, t.plan_id, t.service, t.cycle, t.cycle_days, \
             t.billing, t.activation, \
             t.lead_days, t.grace_days, t.late_renewal, t.overdue_profile, t.fair_use, t.tax",
            $more,
            " FROM plan p LEFT JOIN plan_terms t ON t.plan_id = p.id WHERE ",
            $condition
        )
    };
}

statements! {
    PLAN_INSERT: "adding a plan" =
        "INSERT INTO plan (id, name, router_profile, currency, price_cost_minor, price_sell_minor, \
         uptime_quota_seconds, data_quota_bytes, validity_seconds, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (name) DO NOTHING";
    PLAN_REPLACE: "changing a plan" =
        "UPDATE plan SET name = $3, router_profile = $4, currency = $5, price_cost_minor = $6, \
         price_sell_minor = $7, uptime_quota_seconds = $8, data_quota_bytes = $9, \
         validity_seconds = $10, retired_at = $11, revision = revision + 1 \
         WHERE id = $1 AND revision = $2";
    PLAN_BY_ID: "reading a plan" = plans!("p.id = $1");
    PLAN_BY_NAME: "reading a plan" = plans!("p.name = $1");
    TAX_RULE_INSERT: "adding a tax rule" =
        "INSERT INTO tax_rule (name, since, mode, rate_bp, base_numerator, base_denominator, \
         created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name, since) DO NOTHING";
    TAX_RULE_DELETE: "withdrawing a tax rule" =
        "DELETE FROM tax_rule WHERE name = $1 AND since = $2";
    TAXED_SINCE: "looking for invoices with tax" =
        "SELECT COUNT(*) AS n FROM (SELECT 1 FROM invoice WHERE issued_on >= $1 \
         AND tax_minor <> 0 LIMIT 1) AS taxed";
    TAX_IN_USE: "looking who names a tax" =
        "SELECT COUNT(*) AS n FROM (SELECT tax FROM plan_terms UNION ALL \
         SELECT tax FROM subscription WHERE state <> 'cancelled') AS named WHERE tax = $1";
    TAX_RULES: "reading tax rules" =
        "SELECT name, since, mode, rate_bp, base_numerator, base_denominator FROM tax_rule \
         ORDER BY name, since";
    VENDOR_INSERT: "adding a vendor" =
        "INSERT INTO vendor (id, code, name, created_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (code) DO NOTHING";
    VENDOR_BY_ID: "reading a vendor" = "SELECT id, code, name, created_at FROM vendor WHERE id = $1";
    VENDOR_BY_CODE: "reading a vendor" = "SELECT id, code, name, created_at FROM vendor WHERE code = $1";
}

// Plans and vendors are few: their lists are sorted without an index.
listing! {
    PLAN_PAGE of PlanSort: "listing plans" = plans!(
        "{value}",
        "{past} AND (NOT $1 OR p.retired_at IS NULL) AND (NOT $2 OR p.retired_at IS NOT NULL) \
         AND (CAST($3 AS bigint) IS NULL OR (t.plan_id IS NULL) = ($3 = 1)) \
         AND (CAST($4 AS text) IS NULL OR LOWER(p.name) LIKE LOWER($4) ESCAPE '!') {page}"),
    by "p.id" {
        Created: Column::Identity,
        Name: Column::Always("LOWER(p.name)"),
        Price: Column::Always("p.price_sell_minor"),
    }
}

listing! {
    VENDOR_PAGE of VendorSort: "listing vendors" =
        "SELECT id, code, name, created_at{value} FROM vendor WHERE {past} \
         AND (CAST($1 AS text) IS NULL OR LOWER(name) LIKE LOWER($1) ESCAPE '!' \
         OR LOWER(code) LIKE LOWER($1) ESCAPE '!') {page}",
    by "id" {
        Created: Column::Identity,
        Name: Column::Always("LOWER(name)"),
        Code: Column::Always("code"),
    }
}

/// Reads the currency and both prices of a row.
pub(super) fn prices(row: &impl Record, table: &'static str) -> Result<Prices, ReadError> {
    let text = row.text("currency")?;
    let currency: Currency = known(table, "currency", &text, |text| text.parse().ok())?;
    let cost = Money::new(row.int("price_cost_minor")?, currency);
    let sell = Money::new(row.int("price_sell_minor")?, currency);
    Prices::new(cost, sell).map_err(|_| ReadError::Unknown {
        table,
        column: "price_sell_minor",
        value: sell.to_string(),
    })
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
        terms: match row.uuid_or_none("plan_id")? {
            Some(_) => Some(read_terms(row, "plan_terms")?),
            None => None,
        },
        created_at: row.instant("created_at")?,
        retired_at: row.instant_or_none("retired_at")?,
        revision: row.int("revision")?,
    })
}

fn read_tax_rule(row: &impl Record) -> Result<(TaxName, TaxRule), ReadError> {
    let name = known("tax_rule", "name", &row.text("name")?, |name| name.parse().ok())?;
    let mode = known("tax_rule", "mode", &row.text("mode")?, TaxMode::named)?;
    let base = (small(row.int("base_numerator")?), small(row.int("base_denominator")?));
    let (since, rate) = (row.date("since")?, small(row.int("rate_bp")?));
    let rule = known("tax_rule", "rate_bp", &rate.to_string(), |_| {
        TaxRule::new(since, mode, rate, base).ok()
    })?;
    Ok((name, rule))
}

fn read_vendor(row: &impl Record) -> Result<Vendor, ReadError> {
    Ok(Vendor {
        id: VendorId::from_uuid(row.uuid("id")?),
        code: known("vendor", "code", &row.text("code")?, |code| code.parse::<VendorCode>().ok())?,
        name: row.text("name")?,
        created_at: row.instant("created_at")?,
    })
}

impl<D: Dialect> SqlTx<D> {
    async fn write_terms(&mut self, act: &'static str, plan: &Plan) -> Result<(), StoreError> {
        let Some(terms) = &plan.terms else { return Ok(()) };
        let mut row = vec![("plan_id", vec![plan.id.uuid().into()])];
        row.extend(TERMS.into_iter().zip(terms_values(terms).map(|value| vec![value])));
        self.insert_all_or(act, "plan_terms", row, TERMS_CHANGED).await.map(drop)
    }
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
        if self.execute(PLAN_INSERT, values).await? == 0 {
            return Ok(false);
        }
        self.write_terms("adding a plan", plan).await?;
        Ok(true)
    }

    async fn plan_replace(&mut self, plan: &Plan) -> Result<bool, StoreError> {
        let mut values = vec![
            plan.id.uuid().into(),
            plan.revision.into(),
            plan.name.as_str().into(),
            plan.router_profile.as_str().into(),
        ];
        values.extend(price_and_limit_values(plan.prices, plan.limits));
        values.push(plan.retired_at.into());
        if self.execute(PLAN_REPLACE, values).await? == 0 {
            return Ok(false);
        }
        self.write_terms("changing a plan", plan).await?;
        Ok(true)
    }

    async fn tax_rule_delete(&mut self, name: &TaxName, since: Date) -> Result<bool, StoreError> {
        let values = vec![name.as_str().into(), since.into()];
        Ok(self.execute(TAX_RULE_DELETE, values).await? == 1)
    }

    async fn taxed_since(&mut self, day: Date) -> Result<bool, StoreError> {
        Ok(self.number(TAXED_SINCE, vec![day.into()]).await? > 0)
    }

    async fn tax_in_use(&mut self, name: &TaxName) -> Result<bool, StoreError> {
        Ok(self.number(TAX_IN_USE, vec![name.as_str().into()]).await? > 0)
    }

    async fn tax_rule_insert(
        &mut self,
        name: &TaxName,
        rule: TaxRule,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let values = vec![
            name.as_str().into(),
            rule.since().into(),
            rule.mode().name().into(),
            rule.rate().into(),
            rule.base().0.into(),
            rule.base().1.into(),
            now.into(),
        ];
        Ok(self.execute(TAX_RULE_INSERT, values).await? == 1)
    }

    async fn tax_rules_all(&mut self) -> Result<Vec<(TaxName, TaxRule)>, StoreError> {
        self.all(TAX_RULES, Vec::new(), read_tax_rule).await
    }

    async fn plan_by_id(&mut self, id: PlanId) -> Result<Option<Plan>, StoreError> {
        self.one(PLAN_BY_ID, vec![id.uuid().into()], read_plan).await
    }

    async fn plan_by_name(&mut self, name: &PlanName) -> Result<Option<Plan>, StoreError> {
        self.one(PLAN_BY_NAME, vec![name.as_str().into()], read_plan).await
    }

    async fn plan_page(
        &mut self,
        filter: PlanFilter,
        page: PageRequest<PlanSort>,
    ) -> Result<Page<Plan>, StoreError> {
        let kind = filter.kind.map(|kind| i64::from(kind == PlanKind::Voucher));
        let values = vec![
            filter.on_sale.into(),
            filter.retired.into(),
            kind.into(),
            filter.text.as_ref().map(looked_for).into(),
        ];
        self.page(&PLAN_PAGE, values, &page, read_plan).await
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

    async fn vendor_page(
        &mut self,
        text: Option<&SearchText>,
        page: PageRequest<VendorSort>,
    ) -> Result<Page<Vendor>, StoreError> {
        self.page(&VENDOR_PAGE, vec![text.map(looked_for).into()], &page, read_vendor).await
    }
}
