//! Customers from files and into files.

use std::collections::HashSet;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::account::desk::Desk;
use crate::account::load;
use crate::audit::filter::AuditFilter;
use crate::audit::{Act, Record};
use crate::customer::export::{self, ExportRow};
use crate::customer::import::{self, ImportFile, ImportReport, ImportRow};
use crate::customer::phone::PhoneNumber;
use crate::customer::store::CustomerFilter;
use crate::customer::{Customer, NewCustomer};
use crate::kernel::caller::{Caller, Fingerprint, Mode};
use crate::kernel::error::Error;
use crate::kernel::ids::CustomerId;
use crate::kernel::money::Currency;
use crate::kernel::page::{PAGE_ITEMS_MAX, PageRequest};
use crate::kernel::permission::Permission;
use crate::kernel::table::LineError;
use crate::request::Once;
use crate::store::{StoreError, Tx};
use crate::transact::{snapshot, transact};

use super::batches::Receipt;
use super::customers::{record, views};
use super::desk::{finish_all, first_time};
use super::{Billing, Reader};

impl Billing {
    /// Adds the customers of a CSV file: good lines are added, bad ones reported. See
    /// [`import::read`] for what a file may hold.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a file that cannot be read as a whole; nothing is added then.
    pub async fn import_customers(
        &self,
        caller: &Caller,
        csv: &[u8],
    ) -> Result<Receipt<ImportReport>, Error> {
        let file = self.customers_in(csv)?;
        let input = input_of(csv);
        let context = self.permitted(caller, Permission::CustomersCreate)?;
        let (value, replayed) = transact!(self.store(), caller.mode, |tx| {
            import_file(tx, self.desk(context).await?, &file, input).await
        })?;
        Ok(Receipt { value, replayed, dry_run: caller.mode == Mode::DryRun })
    }
}

/// A digest of a file, to tell a repeated request from a reused key.
pub(super) fn input_of(csv: &[u8]) -> Fingerprint {
    Fingerprint::of("customer.import", &[&csv])
}

impl Reader {
    /// What a file of customers says.
    pub(super) fn customers_in(&self, csv: &[u8]) -> Result<ImportFile, Error> {
        import::read(csv, self.region(), self.currency())
    }

    /// All customers that are not deleted as CSV, a line for each currency they have something in,
    /// newest first.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn export_customers(&self) -> Result<Vec<u8>, Error> {
        let rows = snapshot!(self.store(), |tx| export_rows(tx, self.currency()).await)?;
        export::csv(rows.into_iter())
    }
}

pub(super) async fn import_file(
    tx: &mut dyn Tx,
    mut desk: Desk<'_>,
    file: &ImportFile,
    input: Fingerprint,
) -> Result<(ImportReport, bool), Error> {
    // The import has an identity of its own: its row of the trail keeps the report.
    let import = desk.id(CustomerId::in_run).uuid();
    if let Once::Again(before) = first_time(tx, &desk, input, import).await? {
        return Ok((report_of(tx, before).await?, true));
    }
    let (rows, taken) = free(tx, &file.rows).await?;
    let added = add_all(tx, &mut desk, &rows).await?;
    let mut errors = file.errors.clone();
    errors.extend(taken);
    errors.sort_by_key(|error| error.line);
    let failed = file.total - added;
    let report = ImportReport { total: file.total, imported: added, failed, errors };
    let act = Act { action: "customer.import", subject_kind: "import", subject: import };
    let context = desk.context;
    let after = picture(&report);
    let row = Record::new(context, act, Value::Null, after);
    tx.audit_append(&[row]).await?;
    Ok((report, false))
}

/// The lines whose number nobody has yet, and an error for each of the others.
async fn free<'f>(
    tx: &mut dyn Tx,
    rows: &'f [ImportRow],
) -> Result<(Vec<&'f NewCustomer>, Vec<LineError>), Error> {
    let phones: Vec<PhoneNumber> = rows.iter().map(|row| row.value.phone.number.clone()).collect();
    let taken: HashSet<PhoneNumber> =
        tx.customer_phones_taken(&phones).await?.into_iter().collect();
    let is_taken = |row: &&ImportRow| taken.contains(&row.value.phone.number);
    let (bad, good): (Vec<_>, Vec<_>) = rows.iter().partition(is_taken);
    let errors = bad.into_iter().map(|row| import::taken(row.line)).collect();
    Ok((good.into_iter().map(|row| &row.value).collect(), errors))
}

async fn add_all(
    tx: &mut dyn Tx,
    desk: &mut Desk<'_>,
    rows: &[&NewCustomer],
) -> Result<u64, Error> {
    if rows.is_empty() {
        return Ok(0);
    }
    let now = desk.context.now;
    let made: Vec<(CustomerId, &NewCustomer)> =
        rows.iter().map(|row| (desk.id(CustomerId::in_run), *row)).collect();
    let customers: Vec<Customer> = made
        .iter()
        .map(|(id, row)| desk.addressed((*row).clone()).into_customer(*id, now))
        .collect();
    let added = tx.customers_insert(&customers).await?;
    if added != customers.len() as u64 {
        // Somebody took one of the numbers since they were looked up.
        return Err(StoreError::Overtaken { what: "customer" }.into());
    }
    let of = |id: CustomerId| move |tag| (id, tag);
    let tags: Vec<_> =
        made.iter().flat_map(|(id, row)| row.tags.iter().cloned().map(of(*id))).collect();
    tx.customer_tags_insert(&tags).await?;
    let contacts: Vec<_> = made
        .iter()
        .flat_map(|(id, row)| row.contacts.iter().map(move |contact| (*id, contact.clone())))
        .collect();
    tx.customer_contacts_insert(&contacts).await?;
    let picture = |row: &NewCustomer| json!({ "tags": row.tags.len(), "imported": true });
    let records: Vec<Record> = made
        .iter()
        .map(|(id, row)| record(desk.context, "customer.add", *id, picture(row)))
        .collect();
    tx.audit_append(&records).await?;
    open_balances(tx, desk, &made).await?;
    Ok(added)
}

async fn open_balances(
    tx: &mut dyn Tx,
    desk: &mut Desk<'_>,
    made: &[(CustomerId, &NewCustomer)],
) -> Result<(), Error> {
    let opened: std::collections::HashMap<CustomerId, _> =
        made.iter().filter_map(|(id, row)| Some((*id, row.initial_balance?))).collect();
    if opened.is_empty() {
        return Ok(());
    }
    let ids: Vec<CustomerId> = opened.keys().copied().collect();
    let mut accounts = load::accounts(tx, desk, &ids).await?;
    for account in &mut accounts {
        if let Some(amount) = opened.get(&account.holder.id) {
            account.open_with(desk, *amount)?;
        }
    }
    finish_all(tx, desk, &mut accounts).await
}

fn picture(report: &ImportReport) -> Value {
    let errors = report.errors.iter();
    let errors = errors.map(|e| json!({ "line": e.line, "field": e.field, "problem": e.problem }));
    json!({
        "total": report.total,
        "imported": report.imported,
        "failed": report.failed,
        "errors": errors.collect::<Vec<_>>(),
    })
}

/// The report of an import that was made before.
async fn report_of(tx: &mut dyn Tx, import: Uuid) -> Result<ImportReport, Error> {
    let about = AuditFilter::about(import);
    let page = tx.audit_page(&about, PageRequest::default()).await?;
    let row = page.items.into_iter().next();
    row.and_then(|row| read_picture(&row.after))
        .ok_or_else(|| Error::broken(format!("import {import} has no report")))
}

fn read_picture(after: &Value) -> Option<ImportReport> {
    let count = |name: &str| after[name].as_u64();
    let error = |error: &Value| {
        Some(LineError {
            line: error["line"].as_u64()?,
            field: error["field"].as_str()?.to_owned(),
            problem: error["problem"].as_str()?.to_owned(),
        })
    };
    Some(ImportReport {
        total: count("total")?,
        imported: count("imported")?,
        failed: count("failed")?,
        errors: after["errors"].as_array()?.iter().map(error).collect::<Option<_>>()?,
    })
}

async fn export_rows(tx: &mut dyn Tx, currency: Currency) -> Result<Vec<ExportRow>, Error> {
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let page = PageRequest::new(after, PAGE_ITEMS_MAX)?;
        let page = tx.customer_page(&CustomerFilter::default(), page).await?;
        for view in views(tx, page.items).await? {
            for balance in export::balances_or_none(&view.balances, currency) {
                rows.push(ExportRow {
                    id: view.customer.id,
                    name: view.customer.name.clone(),
                    phone: view.customer.phone.clone(),
                    email: view.customer.email.clone(),
                    status: view.customer.status,
                    balance,
                    created_at: view.customer.created_at,
                });
            }
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(rows),
        }
    }
}
