//! Use cases around plans.

use serde_json::{Value, json};

use crate::audit::{Act, Record};
use crate::invoice::tax::TaxName;
use crate::kernel::caller::{Caller, Fingerprint};
use crate::kernel::context::Context;
use crate::kernel::error::Error;
use crate::kernel::ids::PlanId;
use crate::kernel::language::said;
use crate::kernel::page::{Page, PageRequest};
use crate::kernel::permission::Permission;
use crate::kernel::thing::Thing;
use crate::plan::fair_use::FairUse;
use crate::plan::store::{PlanFilter, PlanSort};
use crate::plan::terms::Terms;
use crate::plan::{NewPlan, Plan, PlanChange, PlanName};
use crate::request::{Asked, Once, once, once_about};
use crate::store::{StoreError, Tx};
use crate::transact::{reading, transact};

use super::{Billing, Reader};

impl Billing {
    /// Adds a plan. Whether its router profile exists is checked when a batch is made for a router.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] if the name is taken, [`Error::Invalid`] for a tax without any rule.
    pub async fn add_plan(&self, caller: &Caller, request: NewPlan) -> Result<Plan, Error> {
        let request = request.checked()?;
        let context = self.permitted(caller, Permission::PlansCreate)?;
        let input = Fingerprint::of("plan.add", &[&request]);
        let plan = Plan {
            id: PlanId::new(context.now, context.entropy),
            name: request.name,
            router_profile: request.router_profile,
            prices: request.prices,
            limits: request.limits,
            terms: request.terms,
            created_at: context.now,
            retired_at: None,
            revision: 1,
        };
        transact!(self.store(), caller.mode, |tx| insert(tx, context, &plan, input).await)
    }

    /// Changes a plan. Vouchers that were made and subscriptions that run keep what they were sold
    /// with; see [`renew_terms`](Self::renew_terms).
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] if the new name is taken, and what [`PlanChange::apply`] refuses.
    pub async fn change_plan(
        &self,
        caller: &Caller,
        key: &str,
        change: PlanChange,
    ) -> Result<Plan, Error> {
        let context = self.permitted(caller, Permission::PlansEdit)?;
        transact!(self.store(), caller.mode, |tx| {
            let input = Fingerprint::of("plan.change", &[&key, &change]);
            alter(tx, context, key, input, "plan.change", |plan| change.clone().apply(plan)).await
        })
    }

    /// Takes a plan out of the sale: it can be given to nobody new. Those who have it keep it, and
    /// their periods go on. Doing it again changes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is no such plan.
    pub async fn retire_plan(&self, caller: &Caller, key: &str) -> Result<Plan, Error> {
        let context = self.permitted(caller, Permission::PlansEdit)?;
        transact!(self.store(), caller.mode, |tx| {
            let input = Fingerprint::of("plan.retire", &[&key]);
            let retired = |plan: &Plan| {
                let retired_at = plan.retired_at.or(Some(context.now));
                Ok(Plan { retired_at, ..plan.clone() })
            };
            alter(tx, context, key, input, "plan.retire", retired).await
        })
    }

    /// Puts a plan that was retired on sale again. Doing it again changes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is no such plan.
    pub async fn restore_plan(&self, caller: &Caller, key: &str) -> Result<Plan, Error> {
        let context = self.permitted(caller, Permission::PlansEdit)?;
        transact!(self.store(), caller.mode, |tx| {
            let input = Fingerprint::of("plan.restore", &[&key]);
            let restored = |plan: &Plan| Ok(Plan { retired_at: None, ..plan.clone() });
            alter(tx, context, key, input, "plan.restore", restored).await
        })
    }

    /// Gives all who keep a plan its present terms with their next period, except those who move to
    /// another plan then. Answers how many wait for them. Doing it again changes nothing.
    ///
    /// # Errors
    ///
    /// [`PlanRefusal::SellsVouchers`](crate::plan::PlanRefusal::SellsVouchers) if nobody can keep it.
    pub async fn renew_terms(&self, caller: &Caller, key: &str) -> Result<u64, Error> {
        let context = self.permitted(caller, Permission::PlansEdit)?;
        transact!(self.store(), caller.mode, |tx| renew_terms(tx, context, key).await)
    }
}

impl Reader {
    /// One plan, by name or identity.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is none.
    pub async fn plan(&self, key: &str) -> Result<Plan, Error> {
        reading!(self.store(), |tx| find_plan(tx, key).await)
    }

    /// Plans; oldest first if asked for in no order.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn plans(
        &self,
        filter: PlanFilter,
        page: PageRequest<PlanSort>,
    ) -> Result<Page<Plan>, Error> {
        reading!(self.store(), |tx| tx.plan_page(filter, page).await)
    }
}

async fn find_plan(tx: &mut dyn Tx, key: &str) -> Result<Plan, Error> {
    let found = match key.parse::<PlanId>() {
        Ok(id) => tx.plan_by_id(id).await?,
        Err(_) => match key.parse::<PlanName>() {
            Ok(name) => tx.plan_by_name(&name).await?,
            Err(_) => None,
        },
    };
    found.ok_or_else(|| Error::not_found(Thing::Plan, key))
}

/// A tax without any rule would silently be no tax.
async fn check_tax(tx: &mut dyn Tx, plan: &Plan) -> Result<(), Error> {
    let Some(tax) = plan.terms.as_ref().and_then(|terms| terms.tax.as_ref()) else { return Ok(()) };
    if tx.tax_rules_all().await?.iter().any(|(name, _)| name == tax) {
        return Ok(());
    }
    Err(Error::invalid(
        "tax",
        said!(
            "there is no rule for `{tax}`: add one first",
            "belum ada aturan untuk `{tax}`: tambahkan dulu"
        ),
    ))
}

fn taken(name: &PlanName) -> Error {
    Error::conflict(Thing::Plan, said!("the name `{name}` is taken", "nama `{name}` sudah dipakai"))
}

async fn insert(
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
        return Err(taken(&plan.name));
    }
    note(tx, context, "plan.add", plan.id, Value::Null, picture(plan)).await?;
    Ok(plan.clone())
}

/// Changes a plan as `change` says; one that comes out as it was is not written.
async fn alter(
    tx: &mut dyn Tx,
    context: Context<'_>,
    key: &str,
    input: Fingerprint,
    action: &'static str,
    change: impl FnOnce(&Plan) -> Result<Plan, Error> + Send,
) -> Result<Plan, Error> {
    let found = find_plan(tx, key).await;
    let before = match once_about(tx, context, input, found, |plan| plan.id.uuid()).await? {
        Asked::First(plan) => plan,
        Asked::Again(id) => return find_plan(tx, &id.to_string()).await,
    };
    context.caller.has_seen(before.revision)?;
    let after = change(&before)?;
    if after == before {
        return Ok(before);
    }
    if after.name != before.name && tx.plan_by_name(&after.name).await?.is_some() {
        return Err(taken(&after.name));
    }
    check_tax(tx, &after).await?;
    if !tx.plan_replace(&after).await? {
        return Err(StoreError::Overtaken { what: "plan" }.into());
    }
    note(tx, context, action, after.id, picture(&before), picture(&after)).await?;
    find_plan(tx, &after.id.to_string()).await
}

async fn renew_terms(tx: &mut dyn Tx, context: Context<'_>, key: &str) -> Result<u64, Error> {
    let plan = find_plan(tx, key).await?;
    plan.terms_for_subscription()?;
    let input = Fingerprint::of("plan.renew_terms", &[&plan.id]);
    if once(tx, context, input, plan.id.uuid()).await? == Once::First {
        let renewed = tx.subscriptions_renew_terms(plan.id).await?;
        let after = json!({ "subscriptions": renewed });
        note(tx, context, "plan.renew_terms", plan.id, Value::Null, after).await?;
    }
    Ok(tx.subscriptions_awaiting_terms(plan.id).await?)
}

/// What the trail keeps of a plan.
fn picture(plan: &Plan) -> Value {
    let span = |span: Option<jiff::SignedDuration>| span.map(|span| span.as_secs());
    json!({
        "name": plan.name.as_str(),
        "router_profile": plan.router_profile,
        "price_cost_minor": plan.prices.cost().minor(),
        "price_sell_minor": plan.prices.sell().minor(),
        "currency": plan.prices.currency().code(),
        "uptime_quota_seconds": span(plan.limits.uptime_quota),
        "data_quota_bytes": plan.limits.data_quota,
        "validity_seconds": span(plan.limits.validity),
        "terms": plan.terms.as_ref().map(picture_of_terms),
        "retired": plan.retired_at.is_some(),
    })
}

fn picture_of_terms(terms: &Terms) -> Value {
    json!({
        "service": terms.service.name(),
        "cycle": terms.cycle.to_string(),
        "billing": terms.billing.name(),
        "activation": terms.activation.name(),
        "lead_days": terms.lead_days,
        "grace_days": terms.grace_days,
        "late_renewal": terms.late_renewal.name(),
        "overdue_profile": terms.overdue_action.profile(),
        "fair_use": terms.fair_use.as_ref().map(FairUse::to_json),
        "tax": terms.tax.as_ref().map(TaxName::as_str),
    })
}

async fn note(
    tx: &mut dyn Tx,
    context: Context<'_>,
    action: &'static str,
    plan: PlanId,
    before: Value,
    after: Value,
) -> Result<(), Error> {
    let act = Act { action, subject_kind: "plan", subject: plan.uuid() };
    let record = Record::new(context, act, before, after);
    Ok(tx.audit_append(&[record]).await?)
}
