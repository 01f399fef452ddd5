//! From any state of a router the engine brings it in step, touches nothing that is not ours, and
//! then leaves it alone.

use std::time::{Duration, Instant};

use jiff::SignedDuration;
use mkbill_core::kernel::ids::CustomerId;
use mkbill_core::plan::terms::OverdueAction;
use mkbill_core::provisioning::store::{LoginFilter, SessionFilter};
use mkbill_core::provisioning::{Login, Presence};
use mkbill_core::testkit::Engine;
use mkbill_routeros::sim::{At, Effect, Fault, Mac, On, RouterOs};

use crate::pppoe::Village;
use crate::support::stories;
use crate::world::{USERS, clerk, page_of, simulator};

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    from_any_state_a_router_comes_in_step_and_nothing_of_others_is_touched,
    a_payment_brings_the_service_back_within_two_seconds_of_real_time,
    f23_what_ended_is_offline_after_one_poll_though_its_cookie_lives,
    of_five_routers_those_that_answer_are_unaffected_by_those_that_do_not,
];

const SECRETS: &str = "/ppp/secret";
const SUBSCRIBERS: u32 = 4;
const VOUCHERS: u32 = 4;
/// Histories for each engine and each generation of `RouterOS`.
const HISTORIES: u64 = 12;
/// Looks that a router may need after all that happened.
const LOOKS_MAX: usize = 12;

/// Chance that a seed repeats (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[usize::try_from(self.roll(of.len() as u64)).unwrap()]
    }
}

/// A village with vouchers, and neighbours that are not ours.
struct Place {
    village: Village,
    codes: Vec<String>,
    customers: Vec<CustomerId>,
    dice: Dice,
}

impl Place {
    async fn of(engine: Engine, routeros: RouterOs, seed: u64) -> Self {
        let isolir = OverdueAction::MoveToProfile("isolir".to_owned());
        let overdue = if seed.is_multiple_of(2) { OverdueAction::Disable } else { isolir };
        let village = Village::of(engine, routeros, overdue).await;
        let mut customers = Vec::new();
        for number in 1..=SUBSCRIBERS {
            let login = village.login(&format!("rumah-{number}"));
            customers.push(village.subscriber(number, login).await.subscription.customer);
        }
        let codes = village.world.pushed_codes(VOUCHERS).await;
        let words = ["name=guest", "password=guest", "comment=the owner's cousin"];
        village.world.console("/ip/hotspot/user/add", &words);
        village.world.console("/ppp/secret/add", &["name=kantor", "password=x", "comment=office"]);
        let dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        Self { village, codes, customers, dice }
    }

    /// What is not ours, byte for byte.
    fn of_others(&self) -> String {
        let ours = |comment: Option<&[u8]>| {
            comment.is_some_and(|text| {
                text.starts_with(b"VOUCHER_SYSTEM|") || text.starts_with(b"PPPOE_SYSTEM|")
            })
        };
        let menus = [USERS, SECRETS, "/ppp/profile", "/ip/hotspot/user/profile", "/ip/pool"];
        let router = &self.village.world.router;
        let text = router.export_objects(|object| {
            menus.contains(&object.path()) && !ours(object.get("comment"))
        });
        // Numbers of rows are the router's own, and change when it likes.
        let unnumbered = |line: &str| {
            let words = line.split(' ').filter(|word| !word.starts_with('*'));
            words.collect::<Vec<_>>().join(" ")
        };
        let mut lines: Vec<String> = text.lines().map(unnumbered).collect();
        lines.sort();
        lines.join("\n")
    }

    fn try_console(&self, path: &str, words: &[&str]) {
        // What somebody tries on a router may fail: the name may be gone already.
        self.village.world.router.router(|router| drop(router.run(path, words).map(drop)));
    }

    /// Somebody does something on the router or in the books.
    async fn happen(&mut self) {
        let (menu, name) = if self.dice.roll(2) == 0 {
            (SECRETS, format!("rumah-{}", 1 + self.dice.roll(u64::from(SUBSCRIBERS))))
        } else {
            (USERS, self.dice.pick(&self.codes).clone())
        };
        let number = format!("numbers={name}");
        let world = &self.village.world;
        match self.dice.roll(16) {
            0 => self.try_console(&format!("{menu}/remove"), &[&number]),
            1 => self.try_console(&format!("{menu}/set"), &[&number, "disabled=yes"]),
            2 => self.try_console(&format!("{menu}/set"), &[&number, "disabled=no"]),
            3 => self.try_console(&format!("{menu}/set"), &[&number, "password=changed"]),
            4 => self.try_console(&format!("{menu}/set"), &[&number, "profile=default"]),
            5 => {
                let renamed = format!("name={name}-x");
                self.try_console(&format!("{menu}/set"), &[&number, &renamed]);
            }
            6 => self.try_console("/ppp/secret/set", &[&number, "remote-address=10.30.0.200"]),
            7 | 8 => {
                for device in 1..=SUBSCRIBERS {
                    let name = format!("rumah-{device}");
                    drop(self.village.dial(&name, "rahasia-1", device));
                }
            }
            9 | 10 => {
                for (device, code) in (10..).zip(&self.codes) {
                    drop(world.log_in(code, device));
                }
            }
            11 => world.router.router(|router| {
                for device in 10..10 + VOUCHERS {
                    drop(router.return_by_cookie(Mac::numbered(device)));
                }
            }),
            12 => {
                let days = i64::try_from(self.dice.roll(20)).unwrap();
                world.clock.advance(SignedDuration::from_hours(24 * days));
            }
            13 => {
                let customer = *self.dice.pick(&self.customers);
                self.village.pay(customer).await;
            }
            14 => {
                let logins = self.logins().await;
                let of_subscribers: Vec<&Login> =
                    logins.iter().filter(|login| login.owner.subscription().is_some()).collect();
                let login = self.dice.pick(&of_subscribers).id;
                let world = &self.village.world;
                let closed = world.billing.login(login).await.unwrap().closed;
                let changed = if closed {
                    world.billing.enable_login(&clerk(), login).await
                } else {
                    world.billing.disable_login(&clerk(), login).await
                };
                changed.unwrap();
            }
            _ => {
                let effects = [
                    Effect::DropBefore,
                    Effect::DropAfterApply,
                    Effect::CutMidWord,
                    Effect::Reboot,
                    Effect::RenumberIds,
                ];
                let effect = self.dice.pick(&effects).clone();
                let at = At::Nth(1 + self.dice.roll(4));
                world.router.faults().push(Fault { effect, on: On::Writes, at });
            }
        }
    }

    async fn logins(&self) -> Vec<Login> {
        let billing = &self.village.world.billing;
        billing.logins(&LoginFilter::default(), page_of(200)).await.unwrap().items
    }

    /// Looks until nothing is changed any more.
    async fn settle(&self) {
        let world = &self.village.world;
        for _ in 0..LOOKS_MAX {
            let report = world.after(SignedDuration::from_secs(61)).await;
            let pass = report.passes.last().unwrap();
            if pass.error.is_none() && (pass.changed, pass.pushed) == (0, 0) {
                return;
            }
        }
        panic!("the router is not in step after {LOOKS_MAX} looks");
    }

    async fn assert_in_step(&self) {
        let world = &self.village.world;
        let plan = world.billing.plan_router("pos-1").await.unwrap();
        assert_eq!(plan.diff.changes().count(), 0, "{:?}", plan.diff);
        for login in self.logins().await {
            assert!(login.is_applied(), "{}: {:?}", login.name, login.sync);
            let menu = if login.owner.voucher().is_some() { USERS } else { SECRETS };
            let shown = |property: &str| {
                world.router.router(|router| router.value(menu, &login.name, property))
            };
            let is_there = shown("name").is_some();
            match login.presence {
                Presence::Enabled => {
                    assert_eq!(shown("disabled").as_deref(), Some("false"), "{}", login.name);
                    assert_eq!(shown("profile"), Some(login.spec.profile.clone()));
                    assert_eq!(shown("password"), Some(login.spec.password.clone()));
                }
                Presence::Disabled => {
                    assert!(!is_there || shown("disabled").as_deref() == Some("true"));
                }
                Presence::Absent => assert!(!is_there, "{}", login.name),
            }
            let is_online = world.is_online(&login.name) || self.village.is_online(&login.name);
            assert!(!is_online || login.presence == Presence::Enabled, "{}", login.name);
        }
    }
}

async fn from_any_state_a_router_comes_in_step_and_nothing_of_others_is_touched(engine: Engine) {
    for routeros in [RouterOs::V6_49, RouterOs::V7_18] {
        for seed in 1..=HISTORIES {
            let mut place = Place::of(engine, routeros, seed).await;
            let before = place.of_others();
            for _ in 0..4 {
                for _ in 0..6 {
                    place.happen().await;
                }
                // A look in the middle of it all, with whatever faults are about.
                place.village.world.poll().await;
            }
            place.village.world.router.faults().clear();
            place.settle().await;
            place.assert_in_step().await;
            assert_eq!(place.of_others(), before, "seed {seed}");
            place.village.world.router.forget_commands();
            place.village.world.poll().await;
            let seen = place.village.world.router.commands();
            let writes: Vec<_> = seen.iter().filter(|seen| seen.is_write).collect();
            assert!(writes.is_empty(), "a second run changes nothing: {writes:?}");
        }
    }
}

async fn a_payment_brings_the_service_back_within_two_seconds_of_real_time(engine: Engine) {
    let village = Village::new(engine).await;
    let budi = village.subscriber(1, village.login("budi")).await;
    village.days(9).await;
    assert_eq!(village.shown("budi", "disabled").as_deref(), Some("true"));
    let stop = tokio_util::sync::CancellationToken::new();
    let (worker, stopped) = (village.world.worker.clone(), stop.clone());
    let work = tokio::spawn(async move { worker.run(stopped).await });
    village.pay(budi.subscription.customer).await;
    let paid = Instant::now();
    while village.shown("budi", "disabled").as_deref() != Some("false") {
        assert!(paid.elapsed() < Duration::from_secs(2), "the service is not back");
        tokio::task::yield_now().await;
    }
    village.dial("budi", "rahasia-1", 1).unwrap();
    stop.cancel();
    work.await.unwrap();
}

async fn f23_what_ended_is_offline_after_one_poll_though_its_cookie_lives(engine: Engine) {
    let village = Village::new(engine).await;
    let world = &village.world;
    let code = world.pushed_codes(1).await.remove(0);
    world.log_in(&code, 1).unwrap();
    world.poll().await;
    world.router.router(|router| router.logout(Mac::numbered(1)));
    world.clock.advance(SignedDuration::from_hours(24));
    let back = world.router.router(|router| router.return_by_cookie(Mac::numbered(1)));
    back.unwrap().unwrap();
    assert!(world.is_online(&code), "the router itself knows no calendar");
    world.poll().await;
    assert!(!world.is_online(&code) && !world.on_router(&code));
    let back = world.router.router(|router| router.return_by_cookie(Mac::numbered(1)));
    assert!(back.is_none_or(|back| back.is_err()), "no credential is left");
    let open = SessionFilter { open: true, ..SessionFilter::default() };
    world.poll().await;
    assert!(world.billing.sessions(&open, page_of(10)).await.unwrap().items.is_empty());
}

async fn of_five_routers_those_that_answer_are_unaffected_by_those_that_do_not(engine: Engine) {
    let village = Village::new(engine).await;
    let world = &village.world;
    let [hanging, refusing, rebooting, well] = [
        simulator(&world.clock, RouterOs::V6_49).await,
        simulator(&world.clock, RouterOs::V7_18).await,
        simulator(&world.clock, RouterOs::V7_18).await,
        simulator(&world.clock, RouterOs::V6_49).await,
    ];
    for (name, router) in
        [("pos-2", &hanging), ("pos-3", &refusing), ("pos-4", &rebooting), ("pos-5", &well)]
    {
        world.add_router(name, router).await.unwrap();
    }
    world.tick().await;
    hanging.faults().push(Fault { effect: Effect::Hang, on: On::Any, at: At::From(1) });
    refusing.unplug().await.unwrap();
    rebooting.reboot();
    let budi = village.subscriber(1, village.login("budi")).await;
    let began = Instant::now();
    let report = world.poll().await;
    let took = began.elapsed();
    assert!(took < Duration::from_secs(10), "the slowest answer bounds the tick: {took:?}");
    let failed = report.passes.iter().filter(|pass| pass.error.is_some()).count();
    assert_eq!((report.passes.len(), failed), (5, 2));
    assert!(village.stored(&budi).await.is_applied());
    let health = async |name: &str| world.billing.router(name).await.unwrap().health;
    for name in ["pos-1", "pos-4", "pos-5"] {
        assert_eq!(health(name).await.observed_at, Some(world.now()), "{name}");
    }
    let behind = health("pos-4").await.vitals.clock_ahead.unwrap();
    assert!(behind < -365 * 24 * 3_600, "a clock of 1970 is said to be one: {behind}");
    for name in ["pos-2", "pos-3"] {
        let health = health(name).await;
        assert!(health.failures > 0 && health.observed_at < Some(world.now()), "{name}");
    }
    let away = world.billing.outages(None, page_of(10)).await.unwrap().items;
    assert_eq!(away.len(), 2);
}
