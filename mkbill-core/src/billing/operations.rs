//! Use cases around operations: asking for one, looking at it, cancelling it.

use serde_json::{Value, json};

use crate::audit::{Act, Record};
use crate::event::feed::{EventStream, Heard};
use crate::kernel::caller::{Caller, Fingerprint, Mode};
use crate::kernel::context::Context;
use crate::kernel::error::Error;
use crate::kernel::ids::{MessageId, OperationId};
use crate::kernel::page::{Page, PageRequest};
use crate::kernel::permission::Permission;
use crate::kernel::secret::Sealed;
use crate::kernel::thing::Thing;
use crate::operation::store::{OperationFilter, OperationSort};
use crate::operation::wish::Wish;
use crate::operation::{Asker, OPERATIONS_OPEN_MAX, Operation, OperationRefusal, OperationState};
use crate::outbox::{Message, Payload};
use crate::provisioning::import;
use crate::request::{KeyReused, Once, once};
use crate::store::{StoreError, Tx};
use crate::transact::{reading, transact};

use super::batches::Receipt;
use super::{Billing, Reader};

/// What the trail and events call an operation.
pub(super) const SUBJECT: &str = "operation";

impl Billing {
    /// Takes on what is wished: a worker does it as soon as it can, of this process or another one. The
    /// same key with the same wish answers the operation that there is, as long as it is kept.
    ///
    /// # Errors
    ///
    /// What the use case itself would refuse without a look at what is stored, a missing permission,
    /// [`OperationRefusal::Crowded`].
    pub async fn request_operation(
        &self,
        caller: &Caller,
        wish: Wish,
    ) -> Result<Receipt<Operation>, Error> {
        let context = self.permitted(caller, wish.kind().permission())?;
        let wish = self.checked_wish(wish)?;
        let operation = Operation {
            id: OperationId::new(context.now, context.entropy),
            kind: wish.kind(),
            state: OperationState::Waiting,
            asker: Asker::of(caller),
            key: caller.idempotency_key.clone(),
            input: wish.fingerprint(),
            made_at: context.now,
        };
        let purpose = Operation::purpose(operation.id);
        let master_key = &self.parts().master_key;
        let sealed = master_key.seal_bytes(&wish.to_bytes(), &purpose, context.entropy);
        let (value, replayed) = transact!(self.store(), caller.mode, |tx| {
            request(tx, context, &operation, &sealed).await
        })?;
        Ok(Receipt { value, replayed, dry_run: caller.mode == Mode::DryRun })
    }

    /// A wish of which everything is good that can be told without a look at what is stored.
    fn checked_wish(&self, wish: Wish) -> Result<Wish, Error> {
        match &wish {
            Wish::CreateBatch(request) => return Ok(Wish::CreateBatch(request.clone().checked()?)),
            Wish::ImportLogins(csv) => drop(import::read(csv, self.region())?),
            Wish::ImportCustomers(csv) => drop(self.customers_in(csv)?),
            Wish::ApplyRouter(_) => {}
        }
        Ok(wish)
    }

    /// Cancels an operation: no more is done for it. What was done until then stays, and the operation
    /// tells of it.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is none, [`OperationRefusal::Over`], a missing permission if
    /// somebody else asked for it.
    pub async fn cancel_operation(
        &self,
        caller: &Caller,
        id: OperationId,
    ) -> Result<Operation, Error> {
        let context = self.context(caller);
        transact!(self.store(), caller.mode, |tx| cancel(tx, context, id).await)
    }
}

impl Reader {
    /// One operation.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is none, a missing permission if somebody else asked for it.
    pub async fn operation(&self, caller: &Caller, id: OperationId) -> Result<Operation, Error> {
        let operation = reading!(self.store(), |tx| there(id, tx.operation_by_id(id).await?))?;
        operation.admits(caller, Permission::OperationsView)?;
        Ok(operation)
    }

    /// Operations: the caller's own, and those of others to whoever may see them; newest first if asked
    /// for in no order.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn operations(
        &self,
        caller: &Caller,
        filter: OperationFilter,
        page: PageRequest<OperationSort>,
    ) -> Result<Page<Operation>, Error> {
        let own = (!caller.may(Permission::OperationsView)).then(|| Asker::of(caller));
        let filter = OperationFilter { asker: own.or(filter.asker), ..filter };
        reading!(self.store(), |tx| tx.operation_page(&filter, page).await)
    }

    /// Follows an operation until it is over, whichever process works on it.
    ///
    /// # Errors
    ///
    /// As [`Self::operation`].
    pub async fn watch_operation(
        &self,
        caller: &Caller,
        id: OperationId,
    ) -> Result<OperationStream, Error> {
        self.operation(caller, id).await?;
        let events = self.watch_events(None).await?;
        Ok(OperationStream { reader: self.clone(), events, id, is_due: true, is_over: false })
    }
}

/// How an operation fares: at once, and then whenever it has moved.
#[derive(Debug)]
pub struct OperationStream {
    reader: Reader,
    events: EventStream,
    id: OperationId,
    /// Has it moved since it was told?
    is_due: bool,
    is_over: bool,
}

impl OperationStream {
    /// Waits until it has moved; nothing once its end was told. May be dropped while it waits and called
    /// again: nothing is lost.
    ///
    /// # Errors
    ///
    /// What the store reports; the next call tries again.
    pub async fn next(&mut self) -> Result<Option<Operation>, Error> {
        if self.is_over {
            return Ok(None);
        }
        while !self.is_due {
            self.is_due = match self.events.next().await? {
                Heard::Events(batch) => batch.iter().any(|event| event.subject == self.id.uuid()),
                Heard::Gap { .. } => true,
            };
        }
        let id = self.id;
        let found = reading!(self.reader.store(), |tx| tx.operation_by_id(id).await)?;
        self.is_due = false;
        self.is_over = found.as_ref().is_none_or(Operation::is_over);
        Ok(found)
    }
}

/// The operation, if it is kept.
fn there(id: OperationId, found: Option<Operation>) -> Result<Operation, Error> {
    found.ok_or_else(|| Error::not_found(Thing::Operation, id))
}

async fn request(
    tx: &mut dyn Tx,
    context: Context<'_>,
    operation: &Operation,
    wish: &Sealed,
) -> Result<(Operation, bool), Error> {
    if let Some(before) = asked_before(tx, operation).await? {
        return Ok((before, true));
    }
    if tx.operations_open(&operation.asker.actor).await? >= OPERATIONS_OPEN_MAX {
        return Err(OperationRefusal::Crowded.into());
    }
    if !tx.operation_insert(operation, wish).await? {
        let before = asked_before(tx, operation).await?;
        return Ok((before.ok_or(StoreError::Overtaken { what: SUBJECT })?, true));
    }
    let after = json!({ "kind": operation.kind.name() });
    note(tx, context, "operation.request", operation.id, Value::Null, after).await?;
    wake(tx, context, operation.id).await?;
    Ok((operation.clone(), false))
}

/// What the same request has led to before.
async fn asked_before(tx: &mut dyn Tx, operation: &Operation) -> Result<Option<Operation>, Error> {
    let Some(key) = &operation.key else { return Ok(None) };
    let before = tx.operation_by_key(&operation.asker.actor, key).await?;
    match before {
        Some(before) if before.input != operation.input => Err(KeyReused.into()),
        before => Ok(before),
    }
}

async fn cancel(
    tx: &mut dyn Tx,
    context: Context<'_>,
    id: OperationId,
) -> Result<Operation, Error> {
    let input = Fingerprint::of("operation.cancel", &[&id]);
    let again = once(tx, context, input, id.uuid()).await? != Once::First;
    let before = there(id, tx.operation_lock(id).await?)?;
    before.admits(context.caller, Permission::OperationsCancel)?;
    if again {
        return Ok(before);
    }
    let state = json!({ "state": before.state.name().name() });
    let after = before.cancelled(context.caller.actor.clone(), context.now)?;
    tx.operation_settle(&after).await?;
    let cancelled = json!({ "state": after.state.name().name() });
    note(tx, context, "operation.cancel", id, state, cancelled).await?;
    // The worker finds that it is over, and its message goes away with it.
    wake(tx, context, id).await?;
    Ok(after)
}

async fn note(
    tx: &mut dyn Tx,
    context: Context<'_>,
    action: &'static str,
    id: OperationId,
    before: Value,
    after: Value,
) -> Result<(), Error> {
    let act = Act { action, subject_kind: SUBJECT, subject: id.uuid() };
    Ok(tx.audit_append(&[Record::new(context, act, before, after)]).await?)
}

async fn wake(tx: &mut dyn Tx, context: Context<'_>, id: OperationId) -> Result<(), Error> {
    let message = Message {
        id: MessageId::new(context.now, context.entropy),
        payload: Payload::Operation(id),
        run_at: context.now,
    };
    Ok(tx.outbox_push(&message).await?)
}
