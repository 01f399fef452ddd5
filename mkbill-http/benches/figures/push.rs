//! Bringing new vouchers to the router.

use std::time::Duration;

use mkbill_core::kernel::time::{Clock as _, SystemClock};
use mkbill_core::testkit::Engine;

use crate::adds;
use crate::runs::{median, timed};
use crate::shop::Shop;
use crate::table::{Amount, Figure, Target};

const VOUCHERS: u32 = 500;
const RUNS: usize = 9;
const RUNS_ONE_AT_A_TIME: usize = 3;
const SERVICE_TIME: Duration = Duration::from_millis(5);
const AT_ONCE: Duration = Duration::from_millis(250);
/// Six times, in tenths.
const FASTER: u64 = 60;

pub(crate) async fn figures(engine: Engine) -> Vec<Figure> {
    let quick = Shop::open(engine, SystemClock.now(), Duration::ZERO).await;
    let at_once = pushing(&quick).await;
    let slow = Shop::open(engine, SystemClock.now(), SERVICE_TIME).await;
    let together = pushing(&slow).await;
    let single = one_at_a_time(&slow).await;
    let times = tenths(single, together);
    let target = Target::AtMost(Amount::Time(AT_ONCE));
    let faster = Target::AtLeast(Amount::Tenths(FASTER));
    vec![
        Figure::new("push 500 vouchers to a router that answers at once", target, at_once.into()),
        Figure::new("push 500 vouchers, 5 ms per command", Target::None, together.into()),
        Figure::new("add 500 users one at a time, 5 ms per command", Target::None, single.into()),
        Figure::new("times faster than one at a time", faster, Amount::Tenths(times)),
    ]
}

/// From the start of the worker's tick until all are acknowledged and that is committed.
async fn pushing(shop: &Shop) -> Duration {
    let count = usize::try_from(VOUCHERS).expect("a small count");
    shop.make_batch(VOUCHERS).await;
    shop.push(count).await;
    median(RUNS, async || {
        shop.make_batch(VOUCHERS).await;
        timed(shop.push(count)).await
    })
    .await
}

async fn one_at_a_time(shop: &Shop) -> Duration {
    let client = adds::connect(&shop.device).await;
    let mut run = 0;
    let time = median(RUNS_ONE_AT_A_TIME, async || {
        run += 1;
        timed(adds::one_at_a_time(&client, &format!("single-{run}"), VOUCHERS)).await
    })
    .await;
    client.close().await;
    time
}

fn tenths(longer: Duration, shorter: Duration) -> u64 {
    let times = longer.as_micros() * 10 / shorter.as_micros().max(1);
    u64::try_from(times).expect("no run takes that long")
}
