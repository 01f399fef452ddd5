//! Doing the same several times.

use std::time::{Duration, Instant};

/// The median of `count` runs of `act`, each of which answers what it measured.
pub(crate) async fn median<T: Ord>(count: usize, mut act: impl AsyncFnMut() -> T) -> T {
    let mut measured = Vec::with_capacity(count);
    for _ in 0..count {
        measured.push(act().await);
    }
    measured.sort_unstable();
    measured.swap_remove(count / 2)
}

/// How long `act` takes.
pub(crate) async fn timed(act: impl Future<Output = ()>) -> Duration {
    let began = Instant::now();
    act.await;
    began.elapsed()
}
