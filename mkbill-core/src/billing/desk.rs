//! What use cases around accounts share: a desk, an account, and the way back to the store.

use crate::account::book::CustomerAccount;
use crate::account::desk::Desk;
use crate::account::{load, save};
use crate::kernel::caller::Fingerprint;
use crate::kernel::context::Context;
use crate::kernel::error::Error;
use crate::kernel::ids::CustomerId;
use crate::request::{Once, once};
use crate::store::Tx;

use super::Billing;

impl Billing {
    /// A desk for one attempt of one use case.
    pub(super) async fn desk<'a>(&'a self, context: Context<'a>) -> Result<Desk<'a>, Error> {
        let (parts, settings) = (self.parts(), self.in_force().await?);
        Ok(Desk::new(context, parts.policy.as_ref(), &parts.master_key, settings))
    }
}

/// Claims the caller's key for an act upon `subject`.
pub(super) async fn first_time(
    tx: &mut dyn Tx,
    desk: &Desk<'_>,
    input: Fingerprint,
    subject: uuid::Uuid,
) -> Result<Once, Error> {
    once(tx, desk.context, input, subject).await
}

/// Looks at debts, sets the alarms and writes an account down.
pub(super) async fn finish(
    tx: &mut dyn Tx,
    desk: &Desk<'_>,
    mut account: CustomerAccount,
) -> Result<CustomerAccount, Error> {
    finish_all(tx, desk, std::slice::from_mut(&mut account)).await?;
    Ok(account)
}

/// As [`finish`], for many accounts at once.
pub(super) async fn finish_all(
    tx: &mut dyn Tx,
    desk: &Desk<'_>,
    accounts: &mut [CustomerAccount],
) -> Result<(), Error> {
    for account in &mut *accounts {
        account.set_alarms(desk);
        account.watch_debt(desk)?;
    }
    save::save(tx, desk, accounts).await
}

/// Reads an account for a change.
pub(super) async fn open(
    tx: &mut dyn Tx,
    desk: &mut Desk<'_>,
    customer: CustomerId,
) -> Result<CustomerAccount, Error> {
    load::account(tx, desk, customer).await
}

/// The reason of a correction, which has to be given.
pub(super) fn reason(desk: &Desk<'_>) -> Result<String, Error> {
    let reason = desk.context.caller.reason.as_deref().map(str::trim).unwrap_or_default();
    if reason.is_empty() {
        return Err(crate::account::correct::CreditRefusal::NoReason.into());
    }
    Ok(reason.to_owned())
}
