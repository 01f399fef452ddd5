//! One unit of work, tried again a few times when another one was in the way.

use crate::kernel::error::Error;
use crate::store::StoreError;

/// How often a unit of work is tried.
pub(crate) const ATTEMPTS_MAX: u32 = 5;

/// Was the failure only another transaction in the way?
pub(crate) fn is_retryable(error: &Error) -> bool {
    match error {
        Error::Unavailable { source, .. } => {
            source.downcast_ref::<StoreError>().is_some_and(StoreError::is_retryable)
        }
        _ => false,
    }
}

/// Runs `$work` in a transaction of `$store` and commits it in mode `Commit`, rolls it back in
/// mode `DryRun` and on error.
///
/// A macro, because the future of a generic function over an async closure is not provably `Send`
/// on stable Rust, and servers need that.
macro_rules! transact {
    ($store:expr, $mode:expr, |$tx:ident| $work:expr) => {{
        let mut attempt = 1;
        loop {
            let outcome = async {
                let mut tx = $store.begin($crate::store::Access::Write).await?;
                let done = {
                    let $tx: &mut dyn $crate::store::Tx = &mut *tx;
                    async { Ok::<_, $crate::kernel::error::Error>($work?) }.await
                };
                if done.is_ok() && $mode == $crate::kernel::caller::Mode::Commit {
                    tx.commit().await?;
                } else {
                    tx.rollback().await;
                }
                done
            }
            .await;
            match outcome {
                Err(error)
                    if attempt < $crate::transact::ATTEMPTS_MAX
                        && $crate::transact::is_retryable(&error) =>
                {
                    attempt += 1;
                }
                outcome => break outcome,
            }
        }
    }};
}

/// Runs `$work`, which only reads, each statement by itself.
macro_rules! reading {
    ($store:expr, |$tx:ident| $work:expr) => {
        $crate::transact::reading!($store, $crate::store::Access::Read, |$tx| $work)
    };
    ($store:expr, $access:expr, |$tx:ident| $work:expr) => {{
        async {
            let mut tx = $store.begin($access).await?;
            let $tx: &mut dyn $crate::store::Tx = &mut *tx;
            let done = $work?;
            Ok::<_, $crate::kernel::error::Error>(done)
        }
        .await
    }};
}

/// Runs `$work`, which reads what has to agree: all its statements see the same moment.
macro_rules! snapshot {
    ($store:expr, |$tx:ident| $work:expr) => {
        $crate::transact::reading!($store, $crate::store::Access::Snapshot, |$tx| $work)
    };
}

pub(crate) use {reading, snapshot, transact};
