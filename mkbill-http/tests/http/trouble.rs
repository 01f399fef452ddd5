//! A database that fails under a running server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use mkbill_core::kernel::language::Said;
use mkbill_core::sql::StatementHook;
use mkbill_core::store::StoreError;
use serde_json::json;

use super::support::{TestApp, plan};

/// Lets the database work until trouble is switched on.
#[derive(Debug, Default)]
pub(crate) struct Trouble {
    kind: AtomicU8,
    /// How many statements work before.
    after: AtomicU32,
}

const LOCKED: u8 = 1;
pub(crate) const GONE: u8 = 2;

impl Trouble {
    fn switch(&self, to: u8) {
        self.switch_after(to, 0);
    }

    pub(crate) fn switch_after(&self, to: u8, statements: u32) {
        self.after.store(statements, Ordering::SeqCst);
        self.kind.store(to, Ordering::SeqCst);
    }
}

impl StatementHook for Trouble {
    fn before(&self) -> Result<(), StoreError> {
        let source = "by the switch".into();
        let left = |after: u32| after.checked_sub(1);
        if self.after.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left).is_ok() {
            return Ok(());
        }
        match self.kind.load(Ordering::SeqCst) {
            LOCKED => Err(StoreError::Busy { act: "beginning", source }),
            GONE => Err(StoreError::Unavailable {
                advice: Said::fixed("check that it runs", "pastikan ia berjalan"),
                source,
            }),
            _ => Ok(()),
        }
    }

    fn after(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_database_in_trouble_is_said_to_be_away_and_comes_back() {
    let trouble = Arc::new(Trouble::default());
    let app = TestApp::with_hook(Some(Arc::clone(&trouble) as _)).await;
    for (kind, word) in [(LOCKED, "busy"), (GONE, "check that it runs")] {
        trouble.switch(kind);
        let answer = app.post("/api/v1/plans", &plan("daily")).await;
        let problem = answer.problem(503, "unavailable");
        assert!(problem["detail"].as_str().unwrap().contains(word), "{problem}");
        assert_ne!(answer.header("retry-after"), "");
        app.get("/ready").await.problem(503, "unavailable");
        app.get("/live").await.ok(200);
    }
    trouble.switch(0);
    assert_eq!(app.get("/api/v1/plans").await.ok(200)["items"], json!([]));
    app.get("/ready").await.ok(200);
}
