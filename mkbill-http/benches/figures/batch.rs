//! Making batches.

use std::time::Duration;

use mkbill_core::kernel::time::{Clock as _, SystemClock};
use mkbill_core::testkit::Engine;

use crate::runs::{median, timed};
use crate::shop::Shop;
use crate::table::{Amount, Figure, Target};

const WARM_UPS: usize = 3;
const SMALL: (u32, usize) = (500, 15);
const LARGE: (u32, usize) = (10_000, 5);

pub(crate) async fn figures(engine: Engine) -> Vec<Figure> {
    let shop = Shop::open(engine, SystemClock.now(), Duration::ZERO).await;
    for _ in 0..WARM_UPS {
        shop.make_batch(SMALL.0).await;
    }
    let small = making(&shop, SMALL).await;
    let large = making(&shop, LARGE).await;
    vec![
        Figure::new("make a batch of 500 vouchers", at_most(60), small),
        Figure::new("make a batch of 10,000 vouchers", at_most(1_000), large),
    ]
}

async fn making(shop: &Shop, (count, runs): (u32, usize)) -> Amount {
    Amount::Time(median(runs, async || timed(shop.make_batch(count)).await).await)
}

fn at_most(millis: u64) -> Target {
    Target::AtMost(Amount::Time(Duration::from_millis(millis)))
}
