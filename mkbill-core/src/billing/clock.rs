//! Use cases around the test clock of a database.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::audit::{Act, Record};
use crate::clock::ClockRefusal;
use crate::kernel::caller::{Caller, Mode};
use crate::kernel::context::Context;
use crate::kernel::error::Error;
use crate::kernel::permission::Permission;
use crate::kernel::time::to_micros;
use crate::store::{Store, Tx};
use crate::transact::{reading, transact};

use super::Billing;

impl Billing {
    /// Lets a new database live on a test clock from now on, which shows `at` and stands still until
    /// [`Worker::advance_to`](crate::Worker::advance_to) moves it. An engine on that database is built
    /// with [`stored_clock`].
    ///
    /// # Errors
    ///
    /// A [`ClockRefusal`] for a database that is in use, or that has one.
    pub async fn start_test_clock(&self, caller: &Caller, at: Timestamp) -> Result<(), Error> {
        let (context, at) = (self.permitted(caller, Permission::ClockAdvance)?, to_micros(at));
        transact!(self.store(), caller.mode, |tx| start(tx, context, at).await)
    }

    /// Sets the test clock of the engine to where the database says, if another process has moved it.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub(crate) async fn follow_clock(&self) -> Result<(), Error> {
        let Some(clock) = self.test_clock() else { return Ok(()) };
        if let Some(stands) = stored_clock(self.store()).await? {
            clock.advance_to(stands);
        }
        Ok(())
    }

    /// Moves the test clock of the engine, and that of the database if it has one.
    pub(crate) async fn move_clock(&self, to: Timestamp) -> Result<(), Error> {
        let clock = self.test_clock().ok_or(ClockRefusal::NoTestClock)?;
        transact!(self.store(), Mode::Commit, |tx| tx.clock_move(to).await)?;
        clock.advance_to(to);
        Ok(())
    }
}

/// Where the test clock of a database stands; `None` if it lives on real time.
///
/// # Errors
///
/// What the store reports.
pub async fn stored_clock(store: &dyn Store) -> Result<Option<Timestamp>, Error> {
    reading!(store, |tx| tx.clock().await)
}

async fn start(tx: &mut dyn Tx, context: Context<'_>, at: Timestamp) -> Result<(), Error> {
    if let Some(stands) = tx.clock().await? {
        return Err(ClockRefusal::Started(stands).into());
    }
    if tx.in_use().await? {
        return Err(ClockRefusal::InUse.into());
    }
    tx.clock_start(at).await?;
    let act = Act { action: "clock.start", subject_kind: "clock", subject: uuid::Uuid::nil() };
    let after = json!({ "at": at.to_string() });
    let record = Record::new(context, act, Value::Null, after);
    Ok(tx.audit_append(&[record]).await?)
}
