//! The process dies after every single statement, before and after every router command, while a
//! batch is made, pushed, first used and expired, and while a router comes, is renamed and goes. After
//! a restart nothing is lost, doubled or aged.

use std::future::Future;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use mkbill_core::billing::BatchView;
use mkbill_core::kernel::error::Error;
use mkbill_core::report::{Days, SalesBy};
use mkbill_core::router::change::RouterChange;
use mkbill_core::testkit::{CrashSwitch, Engine};
use mkbill_routeros::sim::{RouterOs, Stage, Verdict};

use crate::support::stories;
use crate::world::{self, LEASE, SELL, USERS, World, clerk};

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    dying_at_any_odd_event_of_a_vouchers_life_loses_and_doubles_nothing,
    dying_at_any_even_event_of_a_vouchers_life_loses_and_doubles_nothing,
    dying_at_any_event_of_a_routers_life_leaves_it_as_it_was_wanted,
];

/// More events than any life has; the sweep ends at the first life that ends before its event.
const EVENTS_MAX: u64 = 2_000;
/// Fewer events than any life has: a sweep that ends earlier has lost its hooks.
const EVENTS_MIN: u64 = 50;
const DAY: SignedDuration = SignedDuration::from_hours(24);

async fn dying_at_any_odd_event_of_a_vouchers_life_loses_and_doubles_nothing(engine: Engine) {
    sweep(engine, RouterOs::V7_18, Lived::ByVouchers, (1..EVENTS_MAX).step_by(2)).await;
}

async fn dying_at_any_even_event_of_a_vouchers_life_loses_and_doubles_nothing(engine: Engine) {
    sweep(engine, RouterOs::V6_49, Lived::ByVouchers, (2..EVENTS_MAX).step_by(2)).await;
}

async fn dying_at_any_event_of_a_routers_life_leaves_it_as_it_was_wanted(engine: Engine) {
    sweep(engine, RouterOs::V7_18, Lived::ByARouter, 1..EVENTS_MAX).await;
}

/// Whose life it is.
#[derive(Clone, Copy)]
enum Lived {
    ByVouchers,
    ByARouter,
}

async fn sweep(
    engine: Engine,
    routeros: RouterOs,
    lived: Lived,
    events: impl Iterator<Item = u64>,
) {
    for event in events {
        let switch = Arc::new(CrashSwitch::at(event));
        let world = World::built(engine, routeros, &switch).await;
        let mut life = Life { world, switch, restarted: false };
        match lived {
            Lived::ByVouchers => life.live(event).await,
            Lived::ByARouter => life.live_as_a_router(event).await,
        }
        if !life.switch.is_dead() {
            assert!(event > EVENTS_MIN, "only {event} events in a life");
            return;
        }
    }
    panic!("a life has more than {EVENTS_MAX} events");
}

struct Life {
    world: World,
    switch: Arc<CrashSwitch>,
    restarted: bool,
}

impl Life {
    /// Router commands count as events too, and a dead process has no connection.
    fn wire(&self) {
        let switch = Arc::clone(&self.switch);
        self.world.router.on_command(Arc::new(move |stage, _| {
            let alive = !switch.is_dead() && switch.survives();
            match (stage, alive) {
                (_, true) => Verdict::Continue,
                (Stage::Before, false) => Verdict::DropBefore,
                (Stage::After, false) => Verdict::DropAfterApply,
            }
        }));
    }

    /// Does a step; if the process dies in it, starts a new one and does the step again.
    async fn step<T, F>(&mut self, act: impl Fn(&World) -> F) -> T
    where
        F: Future<Output = Result<T, Error>>,
    {
        let done = act(&self.world).await;
        if !self.switch.is_dead() || self.restarted {
            return done.expect("only death stops a step");
        }
        self.restart().await;
        self.world.clock.advance(LEASE);
        act(&self.world).await.expect("the new process can do it")
    }

    async fn work(&mut self) {
        for _ in 0..2 {
            self.tick().await;
        }
    }

    async fn tick(&mut self) {
        self.step(|world| {
            let worker = world.worker.clone();
            async move { worker.tick().await.map(drop) }
        })
        .await;
        self.world.clock.advance(SignedDuration::from_secs(60));
    }

    async fn order(&mut self) -> BatchView {
        self.step(|world| {
            let billing = world.billing.clone();
            async move {
                let router = billing.router("pos-1").await?.id;
                let plan = billing.plan("daily").await?;
                let caller = clerk().with_key("batch".parse()?);
                let request = world::request(router, &plan, 3);
                Ok(billing.create_batch(&caller, request).await?.value)
            }
        })
        .await
    }

    async fn prepare(&mut self) {
        self.step(|world| {
            let (billing, request) = (world.billing.clone(), world.router_request("pos-1"));
            async move {
                let caller = clerk().with_key("router".parse()?);
                billing.add_router(&caller, request).await.map(drop)
            }
        })
        .await;
        self.step(|world| {
            let (billing, request) = (world.billing.clone(), world::daily());
            async move {
                let caller = clerk().with_key("plan".parse()?);
                billing.add_plan(&caller, request).await.map(drop)
            }
        })
        .await;
    }

    /// A router comes, gets a name, and goes again.
    async fn replace_a_router(&mut self) {
        let id = self
            .step(|world| {
                let (billing, request) = (world.billing.clone(), world.router_request("pos-0"));
                async move {
                    let caller = clerk().with_key("old".parse()?);
                    Ok(billing.add_router(&caller, request).await?.id.to_string())
                }
            })
            .await;
        self.step(|world| {
            let (billing, key) = (world.billing.clone(), id.clone());
            async move {
                let caller = clerk().with_key("rename".parse()?);
                let name = Some("pos-old".parse()?);
                let change = RouterChange { name, ..RouterChange::default() };
                billing.change_router(&caller, &key, change).await.map(drop)
            }
        })
        .await;
        self.tick().await;
        self.step(|world| {
            let (billing, key) = (world.billing.clone(), id.clone());
            async move {
                let caller = clerk().with_key("remove".parse()?);
                billing.remove_router(&caller, &key).await.map(drop)
            }
        })
        .await;
    }

    async fn live(&mut self, event: u64) {
        self.world.console("/ip/hotspot/user/add", &["name=owner", "comment=not yours"]);
        let foreign = self.world.foreign_objects();
        self.wire();
        self.prepare().await;
        self.work().await;
        let batch = self.order().await;
        self.work().await;
        let codes = self.codes(&batch).await;
        self.world.log_in(&codes[0], 1).expect("a pushed code lets its customer in");
        let login = self.world.now();
        self.world.clock.advance(SignedDuration::from_secs(20));
        self.work().await;
        let expiry = login + DAY;
        self.world.clock.advance(expiry.duration_since(self.world.now()));
        self.work().await;
        assert!(!self.world.is_online(&codes[0]), "cut off within one poll (event {event})");
        self.work().await;
        if !self.restarted {
            self.restart().await;
        }
        self.check(&codes, login, event).await;
        assert_eq!(self.world.foreign_objects(), foreign, "event {event}");
    }

    async fn live_as_a_router(&mut self, event: u64) {
        self.wire();
        self.replace_a_router().await;
        self.tick().await;
        if !self.restarted {
            self.restart().await;
        }
        assert!(self.world.billing.routers().await.unwrap().is_empty(), "event {event}");
        self.world.add_router("pos-old", &self.world.router).await.expect("its name is free");
        self.world.tick().await;
        let tally = self.world.billing.outbox_tally().await.unwrap();
        assert_eq!((tally.failing, tally.dead), (0, 0), "event {event}");
    }

    async fn restart(&mut self) {
        self.world.router.on_command(Arc::new(|_, _| Verdict::Continue));
        self.world.restart().await;
        self.restarted = true;
    }

    async fn codes(&mut self, batch: &BatchView) -> Vec<String> {
        let id = batch.batch.id;
        self.step(|world| {
            let billing = world.billing.clone();
            async move { world::codes_of(&billing, id).await }
        })
        .await
    }

    async fn check(&self, codes: &[String], login: Timestamp, event: u64) {
        let world = &self.world;
        let used = world.voucher(&codes[0]).await;
        let activation = used.state.activation().expect("it was used");
        assert_eq!(activation.first_login.at, login, "event {event}");
        assert_eq!(activation.expires_at, Some(login + DAY), "event {event}");
        assert_eq!(
            (used.state.name(), world.on_router(&codes[0])),
            ("expired", false),
            "event {event}"
        );
        for code in &codes[1..] {
            assert_eq!(
                (world.state(code).await, world.on_router(code)),
                ("available", true),
                "event {event}"
            );
        }
        let users = world.router.router(|router| router.count(USERS));
        assert_eq!(
            users,
            2 + 2,
            "two unused vouchers, the owner, the built-in trial; event {event}"
        );
        let days = Days { from: "2026-01-01".parse().unwrap(), to: "2026-12-31".parse().unwrap() };
        let sales = world.billing.sales(days, SalesBy::Day).await.unwrap();
        assert_eq!((sales.total.vouchers, sales.total.revenue.minor()), (1, SELL), "event {event}");
        assert!(world.billing.books().await.unwrap().balanced);
        let batches = world.batches().await;
        assert_eq!(batches.len(), 1, "event {event}");
    }
}
