//! Looking at a large router on which nothing is to be done.

use std::time::{Duration, Instant};

use mkbill_core::kernel::time::{Clock as _, SystemClock};
use mkbill_core::testkit::Engine;

use crate::machine::cpu_time;
use crate::runs::median;
use crate::shop::{Done, Shop};
use crate::table::{Amount, Figure, Target};

const USERS: u32 = 10_000;
const SESSIONS: i64 = 1_000;
const RUNS: usize = 5;
/// Processor time comes in steps of 10 ms, so one run is many polls.
const POLLS_PER_RUN: u32 = 20;
/// Polls until the router shows what its customers' first logins change.
const SETTLING_MAX: usize = 5;
const CPU_MAX: Duration = Duration::from_millis(250);

pub(crate) async fn figures(engine: Engine) -> Vec<Figure> {
    let mut shop = Shop::open(engine, SystemClock.now(), Duration::ZERO).await;
    shop.make_batch(USERS).await;
    shop.push(usize::try_from(USERS).expect("a small count")).await;
    assert_eq!(shop.device.arrive(SESSIONS), SESSIONS, "everybody gets in");
    let found = shop.poll().await.first_logins;
    assert_eq!(i64::try_from(found), Ok(SESSIONS), "every first login is found");
    settle(&mut shop).await;
    let cpu = median(RUNS, async || polls(&mut shop).await.0).await;
    let wall = median(RUNS, async || polls(&mut shop).await.1).await;
    let target = Target::AtMost(Amount::Time(CPU_MAX));
    vec![
        Figure::new("CPU of a poll, 10,000 users and 1,000 sessions", target, cpu.into()),
        Figure::new("the same from start to end, router included", Target::None, wall.into()),
    ]
}

async fn settle(shop: &mut Shop) {
    for _ in 0..SETTLING_MAX {
        if shop.poll().await == Done::default() {
            return;
        }
    }
    panic!("the router does not come to rest");
}

/// CPU time of this process and time on the wall for one poll, as the mean of a run.
async fn polls(shop: &mut Shop) -> (Duration, Duration) {
    let (cpu, began) = (cpu_time(), Instant::now());
    for _ in 0..POLLS_PER_RUN {
        assert_eq!(shop.poll().await, Done::default(), "nothing is to be done");
    }
    (cpu_time().saturating_sub(cpu) / POLLS_PER_RUN, began.elapsed() / POLLS_PER_RUN)
}
