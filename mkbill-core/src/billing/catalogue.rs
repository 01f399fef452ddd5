//! Use cases around taxes and vendors.

use jiff::civil::Date;
use serde_json::{Value, json};

use crate::audit::{Act, Record};
use crate::invoice::tax::{TaxName, TaxRefusal, TaxRule};
use crate::kernel::caller::{Caller, Fingerprint};
use crate::kernel::context::Context;
use crate::kernel::error::Error;
use crate::kernel::ids::VendorId;
use crate::kernel::language::said;
use crate::kernel::page::{Page, PageRequest};
use crate::kernel::permission::Permission;
use crate::kernel::search::SearchText;
use crate::kernel::thing::Thing;
use crate::request::{Once, once};
use crate::store::Tx;
use crate::transact::{reading, transact};
use crate::vendor::store::VendorSort;
use crate::vendor::{NewVendor, Vendor, VendorCode};

use super::{Billing, Reader};

impl Billing {
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
        let context = self.permitted(caller, Permission::TaxesEdit)?;
        let input = Fingerprint::of("tax.add", &[&name, &rule]);
        transact!(self.store(), caller.mode, |tx| {
            insert_tax_rule(tx, context, &name, rule, input).await
        })
    }

    /// Withdraws a tax rule that no invoice can have been taxed by: it has not begun yet, or nothing
    /// was taxed since it began.
    ///
    /// # Errors
    ///
    /// A [`TaxRefusal`] if an invoice with tax was issued since, or if plans or subscriptions name the
    /// tax and this is its only rule.
    pub async fn withdraw_tax_rule(
        &self,
        caller: &Caller,
        name: TaxName,
        since: Date,
    ) -> Result<(), Error> {
        let context = self.permitted(caller, Permission::TaxesEdit)?;
        let input = Fingerprint::of("tax.withdraw", &[&name, &since]);
        transact!(self.store(), caller.mode, |tx| {
            withdraw_tax_rule(tx, context, &name, since, input).await
        })
    }

    /// Adds a vendor.
    pub async fn add_vendor(&self, caller: &Caller, request: NewVendor) -> Result<Vendor, Error> {
        let request = request.checked()?;
        let context = self.permitted(caller, Permission::VendorsCreate)?;
        let input = Fingerprint::of("vendor.add", &[&request]);
        let vendor = Vendor {
            id: VendorId::new(context.now, context.entropy),
            code: request.code,
            name: request.name,
            created_at: context.now,
        };
        transact!(self.store(), caller.mode, |tx| insert_vendor(tx, context, &vendor, input).await)
    }
}

impl Reader {
    /// All tax rules, by name and day.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn tax_rules(&self) -> Result<Vec<(TaxName, TaxRule)>, Error> {
        reading!(self.store(), |tx| tx.tax_rules_all().await)
    }

    /// One vendor, by code or identity.
    pub async fn vendor(&self, key: &str) -> Result<Vendor, Error> {
        reading!(self.store(), |tx| find_vendor(tx, key).await)
    }

    /// Vendors, all or those with a text in their code or name; oldest first if asked for in no order.
    pub async fn vendors(
        &self,
        text: Option<&SearchText>,
        page: PageRequest<VendorSort>,
    ) -> Result<Page<Vendor>, Error> {
        reading!(self.store(), |tx| tx.vendor_page(text, page).await)
    }
}

pub(super) async fn find_vendor(tx: &mut dyn Tx, key: &str) -> Result<Vendor, Error> {
    let found = match key.parse::<VendorId>() {
        Ok(id) => tx.vendor_by_id(id).await?,
        Err(_) => match key.parse::<VendorCode>() {
            Ok(code) => tx.vendor_by_code(&code).await?,
            Err(_) => None,
        },
    };
    found.ok_or_else(|| Error::not_found(Thing::Vendor, key))
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
        return Err(Error::conflict(
            Thing::Vendor,
            said!("the code `{code}` is taken", "kode `{code}` sudah dipakai", code = vendor.code),
        ));
    }
    let act = Act { action: "vendor.add", subject_kind: "vendor", subject: vendor.id.uuid() };
    let after = json!({ "code": vendor.code.as_str(), "name": vendor.name });
    let record = Record::new(context, act, Value::Null, after);
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
        let text = said!(
            "`{name}` has a rule from {since} on already",
            "`{name}` sudah punya aturan mulai {since}",
            since = rule.since(),
        );
        return Err(Error::conflict(Thing::Tax, text));
    }
    note_tax(tx, context, "tax.add", name, rule).await
}

async fn withdraw_tax_rule(
    tx: &mut dyn Tx,
    context: Context<'_>,
    name: &TaxName,
    since: Date,
    input: Fingerprint,
) -> Result<(), Error> {
    if once(tx, context, input, uuid::Uuid::nil()).await? != Once::First {
        return Ok(());
    }
    let all = tx.tax_rules_all().await?;
    let own: Vec<TaxRule> = all.into_iter().filter(|(n, _)| n == name).map(|(_, r)| r).collect();
    let Some(rule) = own.iter().find(|rule| rule.since() == since) else {
        return Err(Error::not_found(Thing::Tax, format!("{name} from {since}")));
    };
    if own.len() == 1 && tx.tax_in_use(name).await? {
        return Err(TaxRefusal::OnlyRule(name.clone()).into());
    }
    if since <= context.zone.date(context.now) && tx.taxed_since(since).await? {
        return Err(TaxRefusal::Applied(since).into());
    }
    tx.tax_rule_delete(name, since).await?;
    note_tax(tx, context, "tax.withdraw", name, *rule).await
}

async fn note_tax(
    tx: &mut dyn Tx,
    context: Context<'_>,
    action: &'static str,
    name: &TaxName,
    rule: TaxRule,
) -> Result<(), Error> {
    let act = Act { action, subject_kind: "tax", subject: uuid::Uuid::nil() };
    let after = json!({
        "name": name.as_str(),
        "since": rule.since().to_string(),
        "mode": rule.mode().name(),
        "rate_basis_points": rule.rate(),
        "base_numerator": rule.base().0,
        "base_denominator": rule.base().1,
    });
    let record = Record::new(context, act, Value::Null, after);
    Ok(tx.audit_append(&[record]).await?)
}
