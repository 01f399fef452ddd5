//! A database that fails under a running server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use mkbill_core::sql::StatementHook;
use mkbill_core::store::StoreError;
use serde_json::json;

use super::support::{TestApp, plan};

/// Lets the database work until trouble is switched on.
#[derive(Debug, Default)]
struct Trouble(AtomicU8);

const LOCKED: u8 = 1;
const GONE: u8 = 2;

impl Trouble {
    fn switch(&self, to: u8) {
        self.0.store(to, Ordering::SeqCst);
    }
}

impl StatementHook for Trouble {
    fn before(&self) -> Result<(), StoreError> {
        let source = "by the switch".into();
        match self.0.load(Ordering::SeqCst) {
            LOCKED => Err(StoreError::Busy { act: "beginning", source }),
            GONE => Err(StoreError::Unavailable { advice: "check that it runs", source }),
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
