//! The worker's side of operations: doing what is wished, step by step, so that whoever goes on after a
//! crash does nothing twice.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::customer::import::ImportReport as CustomerImport;
use crate::event::NewEvent;
use crate::kernel::caller::{Authority, Caller, Mode};
use crate::kernel::context::Context;
use crate::kernel::error::Error;
use crate::kernel::ids::{BatchId, OperationId, RouterId};
use crate::kernel::permission::Permissions;
use crate::kernel::time::saturating_add;
use crate::operation::failure::Failure;
use crate::operation::wish::Wish;
use crate::operation::{
    Asker, Lines, Operation, OperationState, Progress, Subject, SubjectKind, Work,
};
use crate::outbox::{Claimed, Outcome};
use crate::provisioning::import::ImportReport as LoginImport;
use crate::staff::StaffState;
use crate::store::Tx;
use crate::transact::{reading, transact};
use crate::voucher::batch::{BatchRefusal, NewBatch};

use super::Billing;
use super::network::ask_for_look;
use super::operations::SUBJECT;
use super::routers::find;
use super::{batches, customer_files};

/// How often progress is told while the lines of a file are worked on.
const NOTES_MAX: u64 = 100;
/// What others do for an operation is looked at after this pause at first.
const LOOK_FIRST: SignedDuration = SignedDuration::from_secs(1);
/// The longest pause, for what has gone on for long.
const LOOK_LAST: SignedDuration = SignedDuration::from_secs(30);

/// A worker's right to go on with an operation.
#[derive(Clone, Copy)]
pub(crate) struct Turn<'a> {
    /// The message it has leased.
    pub(crate) claimed: &'a Claimed,
    /// For how long it holds the lease from now on.
    pub(crate) lease: SignedDuration,
}

/// Where a turn has left an operation.
enum Left {
    /// It is over, or another worker has it.
    Over,
    /// Others work for it: look again then.
    LookAt(Timestamp),
}

impl Billing {
    /// Goes on with an operation as far as it goes now.
    ///
    /// # Errors
    ///
    /// What may fare better later. Anything else is how the operation ends.
    pub(crate) async fn run_operation(
        &self,
        turn: Turn<'_>,
        id: OperationId,
    ) -> Result<Outcome, Error> {
        let engine = Caller::engine();
        let context = self.context(&engine);
        let found = reading!(self.store(), |tx| tx.operation_by_id(id).await)?;
        let found = match found {
            Some(found) if found.state == OperationState::Waiting => {
                transact!(self.store(), Mode::Commit, |tx| begin(tx, context, id).await)?
            }
            found => found.and_then(under_way),
        };
        let Some((operation, work)) = found else { return Ok(Outcome::Over) };
        let left = match &work.subject {
            Some(subject) => self.look_after(&operation, &work, subject).await,
            None => self.fulfil(turn, &operation, &work).await,
        };
        match left {
            Ok(Left::Over) => Ok(Outcome::Over),
            Ok(Left::LookAt(at)) => Ok(Outcome::Again(at)),
            Err(error @ Error::Unavailable { .. }) => Err(error),
            Err(error) => {
                self.end_in_failure(id, &error).await?;
                Ok(Outcome::Over)
            }
        }
    }

    /// Does what is wished, on behalf of the asker and with what they may do now.
    async fn fulfil(
        &self,
        turn: Turn<'_>,
        operation: &Operation,
        work: &Work,
    ) -> Result<Left, Error> {
        let id = operation.id;
        let Some(sealed) = reading!(self.store(), |tx| tx.operation_wish(id).await)? else {
            return Ok(Left::Over);
        };
        let bytes = self.parts().master_key.open_bytes(&sealed, &Operation::purpose(id))?;
        let wish = Wish::from_bytes(operation.kind, bytes).ok_or_else(|| {
            Error::broken(format!("the wish of operation {id} cannot be read any more"))
        })?;
        let now = self.now();
        let held = reading!(self.store(), |tx| held(tx, &operation.asker, now).await)?;
        let caller = operation.asker.caller(held, operation.effect_key()?);
        let context = self.permitted(&caller, operation.kind.permission())?;
        match wish {
            Wish::CreateBatch(request) => {
                let going_on = transact!(self.store(), Mode::Commit, |tx| {
                    create_batch(tx, context, id, &request).await
                })?;
                Ok(self.left(going_on, work))
            }
            Wish::ApplyRouter(router) => {
                let going_on = transact!(self.store(), Mode::Commit, |tx| {
                    apply_router(tx, context, id, router).await
                })?;
                Ok(self.left(going_on, work))
            }
            Wish::ImportCustomers(csv) => {
                let file = self.customers_in(&csv)?;
                let input = customer_files::input_of(&csv);
                transact!(self.store(), Mode::Commit, |tx| {
                    let Some((open, work)) = running(tx, id).await? else { return Ok(()) };
                    let desk = self.desk(context).await?;
                    let (report, _) = customer_files::import_file(tx, desk, &file, input).await?;
                    let progress = Progress { done: file.total, blocked: 0, total: file.total };
                    let work = Work { progress, ..work };
                    conclude(tx, context, open, work, Some(report.into())).await
                })?;
                Ok(Left::Over)
            }
            Wish::ImportLogins(csv) => self.import_for(turn, &caller, id, &csv).await,
        }
    }

    /// Makes the logins of a file line by line; each line happens once, whoever begins anew.
    async fn import_for(
        &self,
        turn: Turn<'_>,
        caller: &Caller,
        id: OperationId,
        csv: &[u8],
    ) -> Result<Left, Error> {
        let mut importing = self.logins_in(csv).await?;
        let step = (importing.progress().total / NOTES_MAX).max(1);
        loop {
            if !self.note_progress(turn, id, importing.progress()).await? {
                return Ok(Left::Over);
            }
            for _ in 0..step {
                if !importing.next(self, caller).await? {
                    let (progress, lines) = (importing.progress(), importing.report().into());
                    self.end_in_success(id, progress, Some(lines)).await?;
                    return Ok(Left::Over);
                }
            }
        }
    }

    /// Looks how far others have come with what an operation is about.
    async fn look_after(
        &self,
        operation: &Operation,
        work: &Work,
        subject: &Subject,
    ) -> Result<Left, Error> {
        let progress = reading!(self.store(), |tx| match subject.kind {
            SubjectKind::VoucherBatch => pushed(tx, BatchId::from_uuid(subject.id)).await,
            SubjectKind::Router => looked_at(tx, RouterId::from_uuid(subject.id)).await,
        })?;
        if progress.is_complete() {
            self.end_in_success(operation.id, progress, None).await?;
            return Ok(Left::Over);
        }
        let id = operation.id;
        let engine = Caller::engine();
        let context = self.context(&engine);
        let going_on = progress == work.progress
            || transact!(self.store(), Mode::Commit, |tx| {
                advance(tx, context, id, progress).await
            })?;
        Ok(self.left(going_on, work))
    }

    /// When to look again: the longer it has gone on, the later.
    fn left(&self, going_on: bool, work: &Work) -> Left {
        if !going_on {
            return Left::Over;
        }
        let now = self.now();
        let pause = now.duration_since(work.since) / 10;
        Left::LookAt(saturating_add(now, pause.clamp(LOOK_FIRST, LOOK_LAST)))
    }

    /// Tells how far it has come and holds the lease; `false` if the operation is over or another worker
    /// has it.
    async fn note_progress(
        &self,
        turn: Turn<'_>,
        id: OperationId,
        progress: Progress,
    ) -> Result<bool, Error> {
        let engine = Caller::engine();
        let context = self.context(&engine);
        let until = saturating_add(context.now, turn.lease);
        transact!(self.store(), Mode::Commit, |tx| {
            let holds = advance(tx, context, id, progress).await?;
            Ok::<_, Error>(holds && tx.outbox_renew(turn.claimed, until).await?)
        })
    }

    async fn end_in_success(
        &self,
        id: OperationId,
        progress: Progress,
        lines: Option<Lines>,
    ) -> Result<(), Error> {
        let engine = Caller::engine();
        let context = self.context(&engine);
        transact!(self.store(), Mode::Commit, |tx| {
            let Some((open, work)) = running(tx, id).await? else { return Ok(()) };
            conclude(tx, context, open, Work { progress, ..work }, lines.clone()).await
        })
    }

    async fn end_in_failure(&self, id: OperationId, error: &Error) -> Result<(), Error> {
        if matches!(error, Error::Broken { .. }) {
            let error = error as &dyn std::error::Error;
            tracing::error!(operation.id = %id, error, "operation {id} cannot be done");
        }
        let engine = Caller::engine();
        let context = self.context(&engine);
        transact!(self.store(), Mode::Commit, |tx| {
            let Some((open, _)) = running(tx, id).await? else { return Ok(()) };
            let failed = open.failed(Failure::of(error), context.now)?;
            settle(tx, context, "operation.fail", &failed).await
        })
    }
}

impl From<CustomerImport> for Lines {
    fn from(report: CustomerImport) -> Self {
        let CustomerImport { total, imported, failed, errors } = report;
        Self { total, imported, existing: Vec::new(), failed, errors }
    }
}

impl From<LoginImport> for Lines {
    fn from(report: LoginImport) -> Self {
        let LoginImport { total, imported, existing, failed, errors } = report;
        Self { total, imported, existing, failed, errors }
    }
}

/// What an asker may do now.
async fn held(tx: &mut dyn Tx, asker: &Asker, now: Timestamp) -> Result<Permissions, Error> {
    Ok(match asker.authority {
        Authority::Program => asker.permissions,
        Authority::Staff(id) => {
            let staff = tx.staff_by_id(id).await?.map(|(staff, _)| staff);
            let active = staff
                .filter(|staff| staff.state == StaffState::Active && !staff.must_change_password);
            active.map_or(Permissions::NONE, |staff| staff.role.permissions())
        }
        Authority::ApiKey(id) => {
            let key = tx.api_key_by_id(id).await?.filter(|key| key.holds(now));
            key.map_or(Permissions::NONE, |key| key.scopes)
        }
    })
}

/// An operation that goes on, and what was done of it.
fn under_way(found: Operation) -> Option<(Operation, Work)> {
    let OperationState::Running(work) = &found.state else { return None };
    let work = work.clone();
    Some((found, work))
}

/// The same, held until the transaction ends.
async fn running(tx: &mut dyn Tx, id: OperationId) -> Result<Option<(Operation, Work)>, Error> {
    Ok(tx.operation_lock(id).await?.and_then(under_way))
}

async fn begin(
    tx: &mut dyn Tx,
    context: Context<'_>,
    id: OperationId,
) -> Result<Option<(Operation, Work)>, Error> {
    if let Some(found) = tx.operation_lock(id).await?.filter(|found| !found.is_over()) {
        settle(tx, context, "operation.start", &found.begun(context.now)?).await?;
    }
    running(tx, id).await
}

/// Writes where an operation stands, and tells those who follow it.
async fn settle(
    tx: &mut dyn Tx,
    context: Context<'_>,
    kind: &'static str,
    operation: &Operation,
) -> Result<(), Error> {
    tx.operation_settle(operation).await?;
    let progress = operation.state.work().map(|work| work.progress).unwrap_or_default();
    let data = json!({
        "kind": operation.kind.name(),
        "state": operation.state.name().name(),
        "done": progress.done,
        "blocked": progress.blocked,
        "total": progress.total,
    });
    let subject = (SUBJECT, operation.id.uuid());
    tx.events_push(vec![NewEvent::seen(context, kind, subject, data)]);
    Ok(())
}

/// Notes how far it has come, which never goes back; `false` if it is over.
async fn advance(
    tx: &mut dyn Tx,
    context: Context<'_>,
    id: OperationId,
    progress: Progress,
) -> Result<bool, Error> {
    let Some((open, work)) = running(tx, id).await? else { return Ok(false) };
    let progress = Progress { done: progress.done.max(work.progress.done), ..progress };
    if progress != work.progress {
        let advanced = open.advanced(Work { progress, ..work })?;
        settle(tx, context, "operation.progress", &advanced).await?;
    }
    Ok(true)
}

async fn conclude(
    tx: &mut dyn Tx,
    context: Context<'_>,
    open: Operation,
    work: Work,
    lines: Option<Lines>,
) -> Result<(), Error> {
    let succeeded = open.succeeded(work, lines, context.now)?;
    settle(tx, context, "operation.succeed", &succeeded).await
}

/// What an operation works on is there: from now on others work, and it looks how they fare.
async fn found_subject(
    tx: &mut dyn Tx,
    context: Context<'_>,
    (open, work): (Operation, Work),
    subject: Subject,
    total: u64,
) -> Result<(), Error> {
    let progress = Progress { total, ..Progress::default() };
    let advanced = open.advanced(Work { progress, subject: Some(subject), ..work })?;
    settle(tx, context, "operation.progress", &advanced).await
}

/// Makes the batch in the same commit that says so; `false` if it is not wished any more.
async fn create_batch(
    tx: &mut dyn Tx,
    context: Context<'_>,
    id: OperationId,
    request: &NewBatch,
) -> Result<bool, Error> {
    let Some(open) = running(tx, id).await? else { return Ok(false) };
    if open.1.subject.is_some() {
        return Ok(true);
    }
    let (_, view) = batches::create(tx, context, request).await?;
    let subject = Subject {
        kind: SubjectKind::VoucherBatch,
        id: view.batch.id.uuid(),
        name: view.batch.number.to_string(),
    };
    found_subject(tx, context, open, subject, view.batch.count.into()).await?;
    Ok(true)
}

/// Asks for a look at the router in the same commit that says so; `false` if it is not wished any more.
async fn apply_router(
    tx: &mut dyn Tx,
    context: Context<'_>,
    id: OperationId,
    router: RouterId,
) -> Result<bool, Error> {
    let Some(open) = running(tx, id).await? else { return Ok(false) };
    if open.1.subject.is_some() {
        return Ok(true);
    }
    let router = ask_for_look(tx, context, &router.to_string()).await?;
    let subject =
        Subject { kind: SubjectKind::Router, id: router.id.uuid(), name: router.name.to_string() };
    found_subject(tx, context, open, subject, 1).await?;
    Ok(true)
}

/// How many vouchers of a batch the router has, or refuses until a person acts.
async fn pushed(tx: &mut dyn Tx, id: BatchId) -> Result<Progress, Error> {
    let batch = tx.batch_by_id(id).await?;
    let batch = batch.ok_or_else(|| Error::broken(format!("batch {id} is gone")))?;
    if batch.cancelled_at.is_some() {
        return Err(BatchRefusal::Cancelled(batch.number).into());
    }
    let tally = tx.batch_tally(id, batch.prices.currency()).await?;
    let waiting = tally.pending_push.saturating_sub(tally.blocked);
    let done = batch.count.saturating_sub(waiting);
    let blocked = tally.blocked.min(done);
    Ok(Progress { done: done.into(), blocked: blocked.into(), total: batch.count.into() })
}

/// Was the router looked at since that was asked for?
async fn looked_at(tx: &mut dyn Tx, id: RouterId) -> Result<Progress, Error> {
    let health = find(tx, &id.to_string()).await?.health;
    let done = u64::from(health.observed_at > health.look_asked_at);
    Ok(Progress { done, blocked: 0, total: 1 })
}
