//! Use cases around settings, and settings that are kept in memory.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::audit::{Act, Record};
use crate::customer::phone::PhoneNumber;
use crate::kernel::caller::{Caller, Fingerprint};
use crate::kernel::context::Context;
use crate::kernel::error::Error;
use crate::kernel::language::Language;
use crate::kernel::money::Money;
use crate::kernel::permission::Permission;
use crate::request::{Once, once};
use crate::settings::{Business, Defaults, InForce, Settings, SettingsChange};
use crate::signal::{Listener, Signal, Topic};
use crate::store::Tx;
use crate::transact::{reading, transact};

use super::kept::Kept;
use super::{Billing, Reader};

/// How long whoever asks for no language waits for the database to name one.
const PATIENCE: Duration = Duration::from_millis(250);

/// The settings as they were read last, and what holds where they say nothing.
pub(super) struct KeptSettings {
    kept: RwLock<Option<Kept<Arc<InForce>>>>,
    changes: Listener,
    defaults: Defaults,
}

impl KeptSettings {
    pub(super) fn new(signal: &dyn Signal, defaults: Defaults) -> Self {
        let changes = signal.listen(Topic::Settings);
        Self { kept: RwLock::default(), changes, defaults }
    }

    fn believed(&self) -> Option<Arc<InForce>> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref()?.believed(&self.changes)
    }

    fn last(&self) -> Option<Arc<InForce>> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().map(Kept::last)
    }

    fn keep(&self, settings: &Arc<InForce>, changes: u64) {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        *kept = Some(Kept::new(Arc::clone(settings), changes));
    }
}

impl Billing {
    /// Changes settings. Every process on the database obeys them as soon as it hears of it, which is at
    /// once, or if that word is lost, a second later.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] with every field that is wrong, or if nothing is named.
    pub async fn change_settings(
        &self,
        caller: &Caller,
        change: SettingsChange,
    ) -> Result<InForce, Error> {
        let change = change.checked(self.currency())?;
        let context = self.permitted(caller, Permission::SettingsEdit)?;
        let changed =
            transact!(self.store(), caller.mode, |tx| change_all(tx, context, &change).await)?;
        Ok(self.with_defaults(changed))
    }
}

impl Reader {
    /// The settings as the database has them, and what holds where they say nothing.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn settings(&self) -> Result<InForce, Error> {
        let settings = reading!(self.store(), |tx| tx.settings().await)?;
        Ok(self.with_defaults(settings))
    }

    /// The language of whoever asks for none; `None` if none was decided. It is wanted before anything
    /// else is known of a request, so a database that does not answer soon is not waited for: what it
    /// said last holds.
    pub async fn language(&self) -> Option<Language> {
        let kept = &self.parts().settings;
        if let Some(believed) = kept.believed() {
            return believed.settings.language;
        }
        let in_force = match tokio::time::timeout(PATIENCE, self.in_force()).await {
            Ok(Ok(in_force)) => Some(in_force),
            Ok(Err(_)) | Err(_) => kept.last(),
        };
        in_force?.settings.language
    }

    /// What use cases obey: read once, and again when something was changed.
    pub(super) async fn in_force(&self) -> Result<Arc<InForce>, Error> {
        let kept = &self.parts().settings;
        if let Some(believed) = kept.believed() {
            return Ok(believed);
        }
        let changes = kept.changes.count();
        let settings = Arc::new(self.settings().await?);
        kept.keep(&settings, changes);
        Ok(settings)
    }

    fn with_defaults(&self, settings: Settings) -> InForce {
        InForce { settings, defaults: self.parts().settings.defaults }
    }
}

async fn change_all(
    tx: &mut dyn Tx,
    context: Context<'_>,
    change: &SettingsChange,
) -> Result<Settings, Error> {
    let input = Fingerprint::of("settings.change", &[change]);
    let again = once(tx, context, input, Uuid::nil()).await? != Once::First;
    let before = tx.settings_lock().await?;
    if again {
        return Ok(before);
    }
    context.caller.has_seen(before.revision)?;
    let after = change.clone().apply(&before, context.now);
    if after == before {
        return Ok(before);
    }
    tx.settings_replace(&after).await?;
    let act = Act { action: "settings.change", subject_kind: "settings", subject: Uuid::nil() };
    let record = Record::new(context, act, picture(&before), picture(&after));
    tx.audit_append(&[record]).await?;
    Ok(Settings { revision: before.revision + 1, ..after })
}

/// Settings for the trail.
fn picture(settings: &Settings) -> Value {
    let Business { name, address, phone, email } = &settings.business;
    let limit = settings.high_debt;
    json!({
        "name": name,
        "address": address,
        "phone": phone.as_ref().map(PhoneNumber::as_str),
        "email": email,
        "language": settings.language.map(Language::tag),
        "sign_in_slow_down": settings.sign_in_slow_down,
        "high_debt_minor": limit.map(Money::minor),
        "high_debt_currency": limit.map(|limit| limit.currency().code().to_owned()),
    })
}
