//! Use cases around the counting of names.

use serde_json::{Value, json};

use crate::audit::{Act, Record};
use crate::kernel::caller::{Caller, Fingerprint};
use crate::kernel::context::Context;
use crate::kernel::error::Error;
use crate::kernel::permission::Permission;
use crate::provisioning::numbering::{LoginPrefix, Numbering, NumberingRefusal};
use crate::request::{Once, once};
use crate::store::Tx;
use crate::transact::{reading, transact};

use super::{Billing, Reader};

/// The digits of a rule that says nothing of them.
const DIGITS_DEFAULT: u32 = 4;

/// How names of a prefix are to be counted. What is absent stays as it is, or is the default for a
/// new rule: four digits, counting from 1.
#[derive(Debug, Clone)]
pub struct NumberingChange {
    /// What the names begin with.
    pub prefix: LoginPrefix,
    /// Up to how many digits numbers are filled with zeros.
    pub digits: Option<u32>,
    /// The number that counts as given last.
    pub last: Option<i64>,
}

impl Billing {
    /// Adds a numbering or changes the one of its prefix. Names that were given stay as they are.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for digits or a number out of bounds.
    pub async fn set_numbering(
        &self,
        caller: &Caller,
        change: NumberingChange,
    ) -> Result<Numbering, Error> {
        let context = self.permitted(caller, Permission::LoginsEdit)?;
        transact!(self.store(), caller.mode, |tx| set(tx, context, &change).await)
    }

    /// Takes a numbering away. Names that were given stay as they are.
    ///
    /// # Errors
    ///
    /// [`NumberingRefusal::Unknown`] if there is none of that prefix.
    pub async fn remove_numbering(
        &self,
        caller: &Caller,
        prefix: &LoginPrefix,
    ) -> Result<(), Error> {
        let context = self.permitted(caller, Permission::LoginsEdit)?;
        transact!(self.store(), caller.mode, |tx| remove(tx, context, prefix).await)
    }
}

impl Reader {
    /// All numberings, by prefix.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn numberings(&self) -> Result<Vec<Numbering>, Error> {
        reading!(self.store(), |tx| tx.numberings().await)
    }
}

async fn set(
    tx: &mut dyn Tx,
    context: Context<'_>,
    change: &NumberingChange,
) -> Result<Numbering, Error> {
    let input = Fingerprint::of("numbering.set", &[change]);
    let again = once(tx, context, input, uuid::Uuid::nil()).await? != Once::First;
    let before = tx.numbering_lock(&change.prefix).await?;
    if let (true, Some(before)) = (again, &before) {
        return Ok(before.clone());
    }
    let kept = before.as_ref();
    let digits = change.digits.or(kept.map(|kept| kept.digits)).unwrap_or(DIGITS_DEFAULT);
    let last = change.last.or(kept.map(|kept| kept.last)).unwrap_or(0);
    let prefix = change.prefix.clone();
    let after = Numbering { prefix, digits, last, updated_at: context.now }.checked()?;
    tx.numbering_put(&after).await?;
    note(tx, context, "numbering.set", before.as_ref(), Some(&after)).await?;
    Ok(after)
}

async fn remove(tx: &mut dyn Tx, context: Context<'_>, prefix: &LoginPrefix) -> Result<(), Error> {
    let input = Fingerprint::of("numbering.remove", &[prefix]);
    if once(tx, context, input, uuid::Uuid::nil()).await? != Once::First {
        return Ok(());
    }
    let before = tx.numbering_lock(prefix).await?;
    if !tx.numbering_delete(prefix).await? {
        return Err(NumberingRefusal::Unknown(prefix.clone()).into());
    }
    note(tx, context, "numbering.remove", before.as_ref(), None).await
}

/// A numbering has no identity of its own: its rows of the trail name the prefix.
async fn note(
    tx: &mut dyn Tx,
    context: Context<'_>,
    action: &'static str,
    before: Option<&Numbering>,
    after: Option<&Numbering>,
) -> Result<(), Error> {
    let picture = |numbering: Option<&Numbering>| {
        numbering.map_or(Value::Null, |numbering| {
            let prefix = numbering.prefix.as_str();
            json!({ "prefix": prefix, "digits": numbering.digits, "last": numbering.last })
        })
    };
    let act = Act { action, subject_kind: "numbering", subject: uuid::Uuid::nil() };
    let record = Record::new(context, act, picture(before), picture(after));
    Ok(tx.audit_append(&[record]).await?)
}
