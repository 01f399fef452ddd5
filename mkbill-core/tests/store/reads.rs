//! Reading: alone, together, and over connections that fail.

use std::sync::Arc;
use std::time::Duration;

use mkbill_core::audit::filter::AuditFilter;
use mkbill_core::kernel::page::PageRequest;
use mkbill_core::store::{Access, Connections, Store};
use mkbill_core::testkit::Engine;
use mkbill_core::voucher::store::BatchFilter;
use tokio::task::JoinSet;

use crate::support::{Story, stories};
use crate::{fresh, router, write};

pub(crate) const TRIALS: &[(&str, Story)] = stories![
    who_reads_may_not_write,
    a_snapshot_stays_as_it_was_and_a_reading_sees_what_is_committed,
    more_readers_than_connections_all_get_their_turn,
    a_reading_that_is_given_up_harms_no_other,
    the_schema_is_current_until_a_migration_is_missing,
    a_store_tells_its_connections_and_its_size,
];

pub(crate) const POSTGRES_TRIALS: &[(&str, Story)] = stories![
    connections_that_died_are_replaced_after_one_failure,
    a_reading_that_has_to_wait_holds_up_no_other,
    a_reading_that_is_given_up_while_it_waits_holds_up_no_other,
];

async fn count(store: &Arc<dyn Store>) -> usize {
    store.begin(Access::Read).await.unwrap().router_list().await.unwrap().len()
}

async fn who_reads_may_not_write(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    for access in [Access::Read, Access::Snapshot] {
        let mut tx = store.begin(access).await.unwrap();
        let error = tx.router_insert(&router("pos-1")).await.unwrap_err();
        assert!(error.to_string().contains("read-only"), "{error}");
    }
    assert_eq!(count(&store).await, 0);
}

async fn a_snapshot_stays_as_it_was_and_a_reading_sees_what_is_committed(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let mut reading = store.begin(Access::Read).await.unwrap();
    let mut snapshot = store.begin(Access::Snapshot).await.unwrap();
    assert!(reading.router_list().await.unwrap().is_empty());
    assert!(snapshot.router_list().await.unwrap().is_empty());
    let mut tx = write(&store).await;
    tx.router_insert(&router("pos-1")).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(reading.router_list().await.unwrap().len(), 1);
    assert!(snapshot.router_list().await.unwrap().is_empty());
}

async fn more_readers_than_connections_all_get_their_turn(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let mut readers = JoinSet::new();
    for _ in 0..100 {
        let store = Arc::clone(&store);
        readers.spawn(async move { count(&store).await });
    }
    assert_eq!(readers.join_all().await, [0; 100]);
}

async fn a_reading_that_is_given_up_harms_no_other(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    for _ in 0..20 {
        let mut tx = store.begin(Access::Read).await.unwrap();
        let filter = AuditFilter::default();
        let page = tx.audit_page(&filter, PageRequest::default());
        let given_up = tokio::time::timeout(Duration::ZERO, page).await;
        drop(given_up);
        drop(tx);
        assert_eq!(count(&store).await, 0);
    }
}

async fn the_schema_is_current_until_a_migration_is_missing(engine: Engine) {
    let (database, store) = fresh(engine).await;
    assert!(store.schema_is_current().await.unwrap());
    database.run("DELETE FROM _sqlx_migrations WHERE version = 3").await.unwrap();
    assert!(!store.schema_is_current().await.unwrap());
}

async fn a_store_tells_its_connections_and_its_size(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let mut tx = store.begin(Access::Read).await.unwrap();
    tx.router_list().await.unwrap();
    let Connections { active, .. } = store.connections();
    assert!(active >= 1, "{active}");
    drop(tx);
    assert_eq!(store.connections().active, active - 1);
    assert!(store.connections().idle >= 1);
    assert!(store.bytes().await.unwrap() > 10_000);
    assert_eq!(store.folder().is_some(), engine == Engine::Sqlite);
}

/// How long it takes until something counts as stuck.
const STUCK: Duration = Duration::from_millis(50);
/// Much longer than a reading takes, and shorter than the database waits for a lock.
const SOON: Duration = Duration::from_secs(3);

async fn batches(store: Arc<dyn Store>) -> usize {
    let mut tx = store.begin(Access::Read).await.unwrap();
    tx.batch_page(&BatchFilter::default(), PageRequest::default()).await.unwrap().items.len()
}

async fn all_are_answered_soon(store: &Arc<dyn Store>) {
    for _ in 0..20 {
        assert_eq!(tokio::time::timeout(SOON, count(store)).await, Ok(0));
    }
}

async fn a_reading_that_has_to_wait_holds_up_no_other(engine: Engine) {
    let (database, store) = fresh(engine).await;
    let lock = database.lock().await;
    let mut stuck = JoinSet::new();
    for _ in 0..5 {
        stuck.spawn(batches(Arc::clone(&store)));
        tokio::time::timeout(STUCK, stuck.join_next()).await.unwrap_err();
        all_are_answered_soon(&store).await;
    }
    drop(lock);
    assert_eq!(stuck.join_all().await, [0; 5]);
}

async fn a_reading_that_is_given_up_while_it_waits_holds_up_no_other(engine: Engine) {
    let (database, store) = fresh(engine).await;
    let lock = database.lock().await;
    for _ in 0..3 {
        tokio::time::timeout(STUCK, batches(Arc::clone(&store))).await.unwrap_err();
        all_are_answered_soon(&store).await;
    }
    drop(lock);
    assert_eq!(batches(store).await, 0);
}

async fn connections_that_died_are_replaced_after_one_failure(engine: Engine) {
    let (database, store) = fresh(engine).await;
    let mut readings = Vec::new();
    for _ in 0..5 {
        let mut tx = store.begin(Access::Read).await.unwrap();
        tx.router_list().await.unwrap();
        readings.push(tx);
    }
    drop(readings);
    let all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    database.run(all).await.unwrap();
    let mut failures = 0;
    for _ in 0..10 {
        match store.begin(Access::Read).await.unwrap().router_list().await {
            Ok(routers) => assert!(routers.is_empty()),
            Err(error) => {
                assert!(error.to_string().contains("cannot be reached"), "{error}");
                failures += 1;
            }
        }
    }
    assert!(failures <= 1, "{failures} readings failed");
}
