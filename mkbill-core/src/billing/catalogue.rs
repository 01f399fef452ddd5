//! Use cases around plans and vendors.

use serde_json::{Value, json};

use crate::audit::{Act, Record};
use crate::invoice::tax::{TaxName, TaxRule};
use crate::kernel::caller::{Caller, Fingerprint};
use crate::kernel::context::Context;
use crate::kernel::error::Error;
use crate::kernel::ids::{PlanId, VendorId};
use crate::kernel::page::{Page, PageRequest};
use crate::plan::{NewPlan, Plan, PlanName};
use crate::request::{Once, once};
use crate::store::Tx;
use crate::transact::{reading, transact};
use crate::vendor::{NewVendor, Vendor, VendorCode};

use super::Billing;

impl Billing {
    /// Adds a plan. Whether its router profile exists is checked when a batch is made for a router.
    pub async fn add_plan(&self, caller: &Caller, request: NewPlan) -> Result<Plan, Error> {
        let request = request.checked()?;
        let context = self.context(caller);
        let input = Fingerprint::of("plan.add", &[&request]);
        let plan = Plan {
            id: PlanId::new(context.now, context.entropy),
            name: request.name,
            router_profile: request.router_profile,
            prices: request.prices,
            limits: request.limits,
            terms: request.terms,
            created_at: context.now,
        };
        transact!(self.store(), caller.mode, |tx| insert_plan(tx, context, &plan, input).await)
    }

    /// One plan, by name or identity.
    pub async fn plan(&self, key: &str) -> Result<Plan, Error> {
        reading!(self.store(), |tx| find_plan(tx, key).await)
    }

    /// Plans, oldest first.
    pub async fn plans(&self, page: PageRequest) -> Result<Page<Plan>, Error> {
        reading!(self.store(), |tx| tx.plan_page(page).await)
    }

    /// Adds a tax rule that holds from its day on, until a later rule of the same name does. A rule is
    /// never changed: invoices that were issued under it name its tax.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] if there is a rule of that name and day.
    pub async fn add_tax_rule(
        &self,
        caller: &Caller,
        name: TaxName,
        rule: TaxRule,
    ) -> Result<(), Error> {
        let context = self.context(caller);
        let input = Fingerprint::of("tax.add", &[&name, &rule]);
        transact!(self.store(), caller.mode, |tx| {
            insert_tax_rule(tx, context, &name, rule, input).await
        })
    }

    /// All tax rules, by name and day.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn tax_rules(&self) -> Result<Vec<(TaxName, TaxRule)>, Error> {
        reading!(self.store(), |tx| tx.tax_rules_all().await)
    }

    /// Adds a vendor.
    pub async fn add_vendor(&self, caller: &Caller, request: NewVendor) -> Result<Vendor, Error> {
        let request = request.checked()?;
        let context = self.context(caller);
        let input = Fingerprint::of("vendor.add", &[&request]);
        let vendor = Vendor {
            id: VendorId::new(context.now, context.entropy),
            code: request.code,
            name: request.name,
            created_at: context.now,
        };
        transact!(self.store(), caller.mode, |tx| insert_vendor(tx, context, &vendor, input).await)
    }

    /// One vendor, by code or identity.
    pub async fn vendor(&self, key: &str) -> Result<Vendor, Error> {
        reading!(self.store(), |tx| find_vendor(tx, key).await)
    }

    /// Vendors, oldest first.
    pub async fn vendors(&self, page: PageRequest) -> Result<Page<Vendor>, Error> {
        reading!(self.store(), |tx| tx.vendor_page(page).await)
    }
}

pub(super) async fn find_plan(tx: &mut dyn Tx, key: &str) -> Result<Plan, Error> {
    let found = match key.parse::<PlanId>() {
        Ok(id) => tx.plan_by_id(id).await?,
        Err(_) => match key.parse::<PlanName>() {
            Ok(name) => tx.plan_by_name(&name).await?,
            Err(_) => None,
        },
    };
    found.ok_or_else(|| Error::not_found("plan", key))
}

pub(super) async fn find_vendor(tx: &mut dyn Tx, key: &str) -> Result<Vendor, Error> {
    let found = match key.parse::<VendorId>() {
        Ok(id) => tx.vendor_by_id(id).await?,
        Err(_) => match key.parse::<VendorCode>() {
            Ok(code) => tx.vendor_by_code(&code).await?,
            Err(_) => None,
        },
    };
    found.ok_or_else(|| Error::not_found("vendor", key))
}

/// A tax without any rule would silently be no tax.
async fn check_tax(tx: &mut dyn Tx, plan: &Plan) -> Result<(), Error> {
    let Some(tax) = plan.terms.as_ref().and_then(|terms| terms.tax.as_ref()) else { return Ok(()) };
    if tx.tax_rules_all().await?.iter().any(|(name, _)| name == tax) {
        return Ok(());
    }
    Err(Error::invalid("tax", format!("there is no rule for `{tax}`: add one first")))
}

async fn insert_plan(
    tx: &mut dyn Tx,
    context: Context<'_>,
    plan: &Plan,
    input: Fingerprint,
) -> Result<Plan, Error> {
    if let Once::Again(id) = once(tx, context, input, plan.id.uuid()).await? {
        return find_plan(tx, &id.to_string()).await;
    }
    check_tax(tx, plan).await?;
    if !tx.plan_insert(plan).await? {
        return Err(Error::conflict("plan", format!("the name `{}` is taken", plan.name)));
    }
    let act = Act { action: "plan.add", subject_kind: "plan", subject: plan.id.uuid() };
    let after = json!({
        "name": plan.name.as_str(),
        "router_profile": plan.router_profile,
        "price_cost_minor": plan.prices.cost().minor(),
        "price_sell_minor": plan.prices.sell().minor(),
        "currency": plan.prices.currency().code(),
    });
    let record = Record::new(context.now, context.entropy, context.caller, act, Value::Null, after);
    tx.audit_append(&[record]).await?;
    Ok(plan.clone())
}

async fn insert_vendor(
    tx: &mut dyn Tx,
    context: Context<'_>,
    vendor: &Vendor,
    input: Fingerprint,
) -> Result<Vendor, Error> {
    if let Once::Again(id) = once(tx, context, input, vendor.id.uuid()).await? {
        return find_vendor(tx, &id.to_string()).await;
    }
    if !tx.vendor_insert(vendor).await? {
        return Err(Error::conflict("vendor", format!("the code `{}` is taken", vendor.code)));
    }
    let act = Act { action: "vendor.add", subject_kind: "vendor", subject: vendor.id.uuid() };
    let after = json!({ "code": vendor.code.as_str(), "name": vendor.name });
    let record = Record::new(context.now, context.entropy, context.caller, act, Value::Null, after);
    tx.audit_append(&[record]).await?;
    Ok(vendor.clone())
}

async fn insert_tax_rule(
    tx: &mut dyn Tx,
    context: Context<'_>,
    name: &TaxName,
    rule: TaxRule,
    input: Fingerprint,
) -> Result<(), Error> {
    if once(tx, context, input, uuid::Uuid::nil()).await? != Once::First {
        return Ok(());
    }
    if !tx.tax_rule_insert(name, rule, context.now).await? {
        let text = format!("`{name}` has a rule from {} on already", rule.since());
        return Err(Error::conflict("tax", text));
    }
    let act = Act { action: "tax.add", subject_kind: "tax", subject: uuid::Uuid::nil() };
    let after = json!({
        "name": name.as_str(),
        "since": rule.since().to_string(),
        "mode": rule.mode().name(),
        "rate_basis_points": rule.rate(),
        "base_numerator": rule.base().0,
        "base_denominator": rule.base().1,
    });
    let record = Record::new(context.now, context.entropy, context.caller, act, Value::Null, after);
    Ok(tx.audit_append(&[record]).await?)
}
