//! What is told to those who watch over the server: counts, and how it is.

pub(crate) mod machine;
pub(crate) mod registry;
pub(crate) mod text;
pub(crate) mod traffic;

use std::sync::Arc;
use std::time::Duration;

use mkbill_core::billing::{BusinessTallies, Reader};
use tokio::sync::Mutex;
use tokio::time::Instant;

/// What the database counts is read at most so often, however many ask.
const FRESH: Duration = Duration::from_secs(30);

/// What the database counts, read now and then and shared by all who ask.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counted(Arc<Mutex<Option<Kept>>>);

type Kept = (Instant, Arc<BusinessTallies>);

impl Counted {
    /// What was counted of late; none while the database does not answer.
    pub(crate) async fn of(&self, billing: &Reader) -> Option<Arc<BusinessTallies>> {
        let mut kept = self.0.lock().await;
        if let Some((at, tallies)) = &*kept
            && at.elapsed() < FRESH
        {
            return Some(Arc::clone(tallies));
        }
        match billing.business_tallies().await {
            Ok(tallies) => {
                let tallies = Arc::new(tallies);
                *kept = Some((Instant::now(), Arc::clone(&tallies)));
                Some(tallies)
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "nothing was counted");
                *kept = None;
                None
            }
        }
    }
}
