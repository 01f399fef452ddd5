//! Subscribers' logins from files and into files.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::kernel::caller::{Caller, Mode};
use crate::kernel::error::Error;
use crate::kernel::ids::{CustomerId, PlanId, RouterId};
use crate::kernel::permission::Permission;
use crate::kernel::table::{LineError, Row};
use crate::operation::Progress;
use crate::plan::PlanName;
use crate::plan::terms::Service;
use crate::provisioning::LoginKind;
use crate::provisioning::export::{self, ExportRow, Passwords};
use crate::provisioning::import::{self, GivenName, ImportReport, LoginRow, column_of};
use crate::provisioning::line::{Line, LineField};
use crate::provisioning::numbering::{LoginPrefix, Naming};
use crate::provisioning::store::ExportFilter;
use crate::provisioning::subscriber::LoginName;
use crate::router::RouterName;
use crate::store::Tx;
use crate::subscription::Discount;
use crate::transact::{reading, snapshot};

use super::batches::Receipt;
use super::logins::{LOGIN_EXISTS, SubscriberLogin, menu_of};
use super::subscriptions::Subscribe;
use super::{Billing, Reader};

/// Logins read at once.
const PAGE: u32 = 1_000;

impl Billing {
    /// Makes the subscriptions of a CSV file with their logins, each by itself: good lines are made, bad
    /// ones reported, and those whose customer has the login already are left as they are. See
    /// [`import::read`] for what a file may hold. If the caller has a key, each line has one of its own,
    /// so that the same file again goes on where it was interrupted.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a file that cannot be read as a whole; nothing is made then. An error of the
    /// store ends the import; what was made before stays.
    pub async fn import_logins(
        &self,
        caller: &Caller,
        csv: &[u8],
    ) -> Result<Receipt<ImportReport>, Error> {
        caller.must(Permission::LoginsCreate)?;
        let mut importing = self.logins_in(csv).await?;
        while importing.next(self, caller).await? {}
        let replayed = importing.was_replayed();
        let dry_run = caller.mode == Mode::DryRun;
        Ok(Receipt { value: importing.report(), replayed, dry_run })
    }
}

impl Reader {
    /// What a file of logins asks for, as far as it is good.
    pub(super) async fn logins_in(&self, csv: &[u8]) -> Result<Importing, Error> {
        let file = import::read(csv, self.region())?;
        let (wanted, bad) = reading!(self.store(), |tx| found(tx, file.rows).await)?;
        let mut tally = Tally { errors: file.errors, ..Tally::default() };
        tally.errors.extend(bad);
        Ok(Importing { left: requests(wanted).into_iter(), tally, total: file.total })
    }

    /// Subscribers' logins that are not over as CSV, by router, kind and name.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn export_logins(
        &self,
        filter: ExportFilter,
        passwords: Passwords,
    ) -> Result<Vec<u8>, Error> {
        let rows = snapshot!(self.store(), |tx| everything(tx, filter).await)?;
        export::csv(&rows, passwords)
    }
}

async fn everything(tx: &mut dyn Tx, filter: ExportFilter) -> Result<Vec<ExportRow>, Error> {
    let mut rows: Vec<ExportRow> = Vec::new();
    loop {
        let after = rows.last().map(|row| row.id);
        let page = tx.login_export(filter, after, PAGE).await?;
        let is_last = page.len() < PAGE as usize;
        rows.extend(page);
        if is_last {
            rows.sort_by(|a, b| (&a.router, a.kind, &a.name).cmp(&(&b.router, b.kind, &b.name)));
            return Ok(rows);
        }
    }
}

/// A file of logins, some of whose lines are made.
pub(super) struct Importing {
    left: std::vec::IntoIter<(u64, Subscribe)>,
    tally: Tally,
    total: u64,
}

impl Importing {
    /// Makes the next line; `false` if none is left.
    pub(super) async fn next(&mut self, billing: &Billing, caller: &Caller) -> Result<bool, Error> {
        let Some((line, request)) = self.left.next() else { return Ok(false) };
        let position = usize::try_from(line).unwrap_or(usize::MAX);
        let made = billing.subscribe(&caller.for_item(position), request).await;
        self.tally.note(line, made.map(|receipt| receipt.replayed))?;
        Ok(true)
    }

    /// How many lines are settled.
    pub(super) fn progress(&self) -> Progress {
        let done = self.total.saturating_sub(self.left.len() as u64);
        Progress { done, blocked: 0, total: self.total }
    }

    /// Had all that was made been made before, by the same request?
    fn was_replayed(&self) -> bool {
        self.tally.imported > 0 && self.tally.replayed == self.tally.imported
    }

    pub(super) fn report(self) -> ImportReport {
        self.tally.report(self.total)
    }
}

/// What became of the lines so far.
#[derive(Default)]
struct Tally {
    imported: u64,
    replayed: u64,
    existing: Vec<LineError>,
    errors: Vec<LineError>,
}

impl Tally {
    fn note(&mut self, line: u64, made: Result<bool, Error>) -> Result<(), Error> {
        match made {
            Ok(replayed) => {
                self.imported += 1;
                self.replayed += u64::from(replayed);
            }
            Err(error @ (Error::Unavailable { .. } | Error::Broken { .. })) => return Err(error),
            Err(error) if error.code() == LOGIN_EXISTS => {
                self.existing.push(bad(line, column_of(&error), error));
            }
            Err(error) => self.errors.push(bad(line, column_of(&error), error)),
        }
        Ok(())
    }

    fn report(mut self, total: u64) -> ImportReport {
        self.existing.sort_by_key(|error| error.line);
        self.errors.sort_by_key(|error| error.line);
        let (imported, existing) = (self.imported, self.existing);
        let failed = total.saturating_sub(imported).saturating_sub(existing.len() as u64);
        ImportReport { total, imported, existing, failed, errors: self.errors }
    }
}

fn bad(line: u64, column: &str, error: Error) -> LineError {
    let problem = match error {
        Error::Invalid { problem, .. } => problem.to_string(),
        Error::Conflict { detail, .. } => detail.to_string(),
        other => other.to_string(),
    };
    LineError::new(line, column, problem)
}

/// A line whose customer, plan and router are there.
struct Wanted {
    line: u64,
    customer: CustomerId,
    plan: PlanId,
    router: RouterId,
    kind: LoginKind,
    row: LoginRow,
}

/// The lines whose customer, plan and router are there and that want what no earlier line wants, and an
/// error for each of the others.
async fn found(
    tx: &mut dyn Tx,
    rows: Vec<Row<LoginRow>>,
) -> Result<(Vec<Wanted>, Vec<LineError>), Error> {
    let (mut finder, mut claims) = (Finder::default(), Claims::default());
    let (mut wanted, mut errors) = (Vec::with_capacity(rows.len()), Vec::new());
    for Row { line, value } in rows {
        match finder.find(tx, line, value).await? {
            Err(error) => errors.push(error),
            Ok(found) => match claims.claim(&found) {
                Err(error) => errors.push(error),
                Ok(()) => wanted.push(found),
            },
        }
    }
    Ok((wanted, errors))
}

/// Looks each name up once.
#[derive(Default)]
struct Finder {
    plans: HashMap<PlanName, Result<(PlanId, Service), String>>,
    routers: HashMap<RouterName, Option<RouterId>>,
}

impl Finder {
    async fn find(
        &mut self,
        tx: &mut dyn Tx,
        line: u64,
        row: LoginRow,
    ) -> Result<Result<Wanted, LineError>, Error> {
        let Some(customer) = tx.customer_by_phone(&row.customer).await? else {
            let problem = "no customer has this number: add the customer first";
            return Ok(Err(LineError::new(line, "whatsapp", problem)));
        };
        let (plan, service) = match self.plan(tx, &row.plan).await? {
            Ok(plan) => plan,
            Err(problem) => return Ok(Err(LineError::new(line, "plan", problem))),
        };
        let Some(router) = self.router(tx, &row.router).await? else {
            let problem = format!("there is no router `{}`", row.router);
            return Ok(Err(LineError::new(line, "router", problem)));
        };
        let kind = menu_of(service);
        Ok(Ok(Wanted { line, customer: customer.id, plan, router, kind, row }))
    }

    async fn plan(
        &mut self,
        tx: &mut dyn Tx,
        name: &PlanName,
    ) -> Result<Result<(PlanId, Service), String>, Error> {
        if let Some(known) = self.plans.get(name) {
            return Ok(known.clone());
        }
        let found = match tx.plan_by_name(name).await? {
            None => Err(format!("there is no plan `{name}`")),
            Some(plan) => match plan.terms_for_subscription() {
                Ok(terms) => Ok((plan.id, terms.service)),
                Err(refusal) => Err(refusal.to_string()),
            },
        };
        self.plans.insert(name.clone(), found.clone());
        Ok(found)
    }

    async fn router(
        &mut self,
        tx: &mut dyn Tx,
        name: &RouterName,
    ) -> Result<Option<RouterId>, Error> {
        if let Some(known) = self.routers.get(name) {
            return Ok(*known);
        }
        let found = tx.router_by_name(name).await?.map(|router| router.id);
        self.routers.insert(name.clone(), found);
        Ok(found)
    }
}

/// What earlier lines want that only one login of a router can have.
#[derive(Default)]
struct Claims {
    names: HashMap<(RouterId, LoginKind, LoginName), u64>,
    addresses: HashMap<(RouterId, String), u64>,
}

impl Claims {
    fn claim(&mut self, wanted: &Wanted) -> Result<(), LineError> {
        let Wanted { line, router, kind, row, .. } = wanted;
        let fields = Line::of(*kind, row.line.iter().cloned());
        let fields = fields.map_err(|error| bad(*line, column_of(&error), error))?;
        if let GivenName::Chosen(name) = &row.name {
            once(self.names.entry((*router, *kind, name.clone())), *line, "login")?;
        }
        if let Some(address) = fields.get(LineField::RemoteAddress) {
            let address = (*router, address.to_owned());
            once(self.addresses.entry(address), *line, LineField::RemoteAddress.name())?;
        }
        Ok(())
    }
}

fn once<K>(entry: Entry<'_, K, u64>, line: u64, column: &str) -> Result<(), LineError> {
    match entry {
        Entry::Vacant(free) => {
            free.insert(line);
            Ok(())
        }
        Entry::Occupied(taken) => {
            let problem = format!("line {} has the same on this router", taken.get());
            Err(LineError::new(line, column, problem))
        }
    }
}

/// What is asked for by each line, those with chosen names before those that are counted past them.
fn requests(wanted: Vec<Wanted>) -> Vec<(u64, Subscribe)> {
    let mut chosen: HashMap<(CustomerId, RouterId, LoginKind), Vec<LoginName>> = HashMap::new();
    for one in &wanted {
        if let GivenName::Chosen(name) = &one.row.name {
            chosen.entry((one.customer, one.router, one.kind)).or_default().push(name.clone());
        }
    }
    let mut counted: HashMap<(CustomerId, RouterId, LoginKind, LoginPrefix), usize> =
        HashMap::new();
    let request = |one: Wanted| {
        let Wanted { line, customer, plan, router, kind, row } = one;
        let name = match row.name {
            GivenName::Chosen(name) => Naming::Chosen(name),
            GivenName::Numbered(prefix) => {
                let before = counted.entry((customer, router, kind, prefix.clone())).or_default();
                let (nth, besides) = (*before, chosen.get(&(customer, router, kind)));
                *before += 1;
                Naming::Listed { prefix, nth, besides: besides.cloned().unwrap_or_default() }
            }
        };
        let (password, adopt) = (row.password, row.adopt);
        let login = SubscriberLogin { router, name, password, line: row.line, adopt };
        let (discount, login) = (Discount::default(), Some(login));
        (line, Subscribe { customer, plan, zone: None, discount, login })
    };
    let (first, then): (Vec<_>, Vec<_>) =
        wanted.into_iter().partition(|one| matches!(one.row.name, GivenName::Chosen(_)));
    first.into_iter().chain(then).map(request).collect()
}
