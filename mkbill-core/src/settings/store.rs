//! Settings at rest.

use async_trait::async_trait;

use crate::store::StoreError;

use super::Settings;

/// Keeps the settings.
#[async_trait]
pub trait SettingsStore: Send {
    /// The settings.
    async fn settings(&mut self) -> Result<Settings, StoreError>;
    /// The settings; nobody else changes them until the transaction ends.
    async fn settings_lock(&mut self) -> Result<Settings, StoreError>;
    /// Writes settings that must still have the revision that was read. Whoever keeps settings in memory
    /// is told with the commit.
    async fn settings_replace(&mut self, settings: &Settings) -> Result<(), StoreError>;
}
