//! Subscribers on the router: opened, closed, moved to another profile.

use jiff::SignedDuration;
use mkbill_core::kernel::caller::Caller;
use mkbill_core::kernel::context::Context;
use mkbill_core::kernel::entropy::OsEntropy;
use mkbill_core::kernel::ids::{LoginId, RouterId};
use mkbill_core::kernel::time::BusinessZone;
use mkbill_core::provisioning::line::Line;
use mkbill_core::provisioning::subscriber::{NewSubscriberLogin, login_for};
use mkbill_core::provisioning::{Login, LoginKind, Presence, SyncState};
use mkbill_core::store::{Access, Tx};
use mkbill_core::testkit::Engine;
use mkbill_core::voucher::issue::wake_router;
use mkbill_routeros::sim::{LoginRefusal, Mac, RouterOs};

use crate::support::stories;
use crate::support::subscribers::{CUSTOMER, SUBSCRIPTIONS, subscribe};
use crate::world::{World, clerk};

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    a_closed_subscriber_is_offline_until_opened_again,
    a_moved_subscriber_goes_on_under_the_other_profile,
    what_a_subscriber_uses_is_counted_and_starts_no_clock,
    a_name_that_somebody_else_has_on_the_router_waits_for_a_person,
];

const RELEASES: [RouterOs; 2] = [RouterOs::V6_49, RouterOs::V7_18];
const NAMES: [&str; 2] = ["budi@rt03", "siti@rt03"];
const PASSWORD: &str = "rahasia-1";

/// Somewhere subscribers live.
struct Street {
    world: World,
    zone: BusinessZone,
    clerk: Caller,
    router: RouterId,
}

impl Street {
    /// Two subscribers are in the books; the worker has not been told yet.
    async fn of(engine: Engine, routeros: RouterOs) -> Self {
        let world = World::with_routeros(engine, routeros).await.with_known_router().await;
        subscribe(&world.database, engine).await;
        let router = world.billing.router("pos-1").await.unwrap().id;
        let zone = BusinessZone::named("Asia/Jakarta").unwrap();
        let street = Self { world, zone, clerk: clerk(), router };
        let [budi, siti] = [street.login(0), street.login(1)];
        let mut tx = street.begin().await;
        tx.login_insert_all(&[budi, siti]).await.unwrap();
        street.commit(tx, &[router]).await;
        street
    }

    fn context(&self) -> Context<'_> {
        let (zone, caller) = (&self.zone, &self.clerk);
        Context { now: self.world.now(), entropy: &OsEntropy, zone, caller }
    }

    fn login(&self, number: usize) -> Login {
        let new = NewSubscriberLogin {
            customer: CUSTOMER,
            subscription: SUBSCRIPTIONS[number],
            router: self.router,
            name: NAMES[number].parse().unwrap(),
            password: PASSWORD.parse().unwrap(),
            kind: LoginKind::Hotspot,
            profile: "default".to_owned(),
            line: Line::default(),
            adopt: false,
            presence: Presence::Enabled,
        };
        login_for(self.context(), new).unwrap()
    }

    async fn begin(&self) -> Box<dyn Tx> {
        self.world.database.store(None).await.begin(Access::Write).await.unwrap()
    }

    async fn commit(&self, mut tx: Box<dyn Tx>, routers: &[RouterId]) {
        for router in routers {
            wake_router(&mut *tx, self.context(), *router).await.unwrap();
        }
        tx.commit().await.unwrap();
    }

    async fn stored(&self, number: usize) -> Login {
        let found = self.begin().await.login_of_subscription(SUBSCRIPTIONS[number]).await;
        found.unwrap().unwrap()
    }

    /// Decides how a subscriber is served; the worker makes it so.
    async fn serve(&self, number: usize, presence: Presence, profile: &str) {
        let id: LoginId = self.stored(number).await.id;
        let mut tx = self.begin().await;
        let routers = tx.logins_serve(&[(id, presence, profile.to_owned())]).await.unwrap();
        assert_eq!(routers, [self.router]);
        self.commit(tx, &routers).await;
        self.world.tick().await;
        assert!(self.stored(number).await.is_applied());
    }

    /// A subscriber types name and password into device `number`.
    fn log_in(&self, number: usize) -> Result<(), LoginRefusal> {
        let address = format!("10.5.50.{}", number + 2).parse().unwrap();
        let attempt = |router: &mut mkbill_routeros::sim::Router| {
            router.login(NAMES[number], PASSWORD, device(number), address).map(drop)
        };
        self.world.router.router(attempt)
    }

    fn shown(&self, number: usize, property: &str) -> String {
        self.world.shown(NAMES[number], property).unwrap()
    }
}

fn device(number: usize) -> Mac {
    Mac::numbered(u32::try_from(number).unwrap() + 1)
}

async fn a_closed_subscriber_is_offline_until_opened_again(engine: Engine) {
    for routeros in RELEASES {
        let street = Street::of(engine, routeros).await;
        let report = street.world.tick().await;
        assert_eq!(report.passes[0].pushed, 2);
        assert!(street.shown(0, "comment").starts_with("PPPOE_SYSTEM|"));
        for number in [0, 1] {
            street.log_in(number).unwrap();
        }
        street.world.poll().await;
        street.serve(0, Presence::Disabled, "default").await;
        assert_eq!(street.shown(0, "disabled"), "true");
        street.world.router.router(|router| {
            assert!(!router.has_session(device(0)) && !router.has_cookie(device(0)));
            assert!(router.has_session(device(1)), "the neighbour stays online");
        });
        assert!(street.log_in(0).is_err());
        street.serve(0, Presence::Enabled, "default").await;
        street.log_in(0).unwrap();
        street.world.poll().await;
        assert!(street.world.is_online(NAMES[0]), "a second look changes nothing");
    }
}

async fn a_moved_subscriber_goes_on_under_the_other_profile(engine: Engine) {
    for routeros in RELEASES {
        let street = Street::of(engine, routeros).await;
        let world = &street.world;
        world.console("/ip/pool/add", &["name=isolir", "ranges=10.9.9.2-10.9.9.200"]);
        let profile = ["name=isolir", "address-pool=isolir"];
        world.console("/ip/hotspot/user/profile/add", &profile);
        world.tick().await;
        for number in [0, 1] {
            street.log_in(number).unwrap();
        }
        world.poll().await;
        street.serve(0, Presence::Enabled, "isolir").await;
        assert_eq!(street.shown(0, "profile"), "isolir");
        let comes_back = |router: &mut mkbill_routeros::sim::Router| {
            assert!(!router.has_session(device(0)) && router.has_session(device(1)));
            router.return_by_cookie(device(0)).unwrap().unwrap();
            let online = router.online().find(|online| online.mac == device(0)).unwrap();
            online.address.to_string()
        };
        let address = world.router.router(comes_back);
        assert!(address.starts_with("10.9.9."), "the profile's pool gave {address}");
        world.poll().await;
        assert!(world.is_online(NAMES[0]), "once is enough");
        street.serve(0, Presence::Enabled, "default").await;
        assert!(!world.is_online(NAMES[0]));
        assert_eq!(street.shown(0, "profile"), "default");
    }
}

async fn what_a_subscriber_uses_is_counted_and_starts_no_clock(engine: Engine) {
    for routeros in RELEASES {
        let street = Street::of(engine, routeros).await;
        let world = &street.world;
        world.tick().await;
        street.log_in(0).unwrap();
        let report = world.poll().await;
        assert_eq!((report.passes[0].first_logins, report.passes[0].doubtful), (0, 0));
        world.clock.advance(SignedDuration::from_mins(90));
        world.router.router(|router| {
            router.move_bytes(device(0), 1_000, 9_000);
            router.logout(device(0));
        });
        world.poll().await;
        let usage = street.stored(0).await.usage;
        assert_eq!((usage.uptime().as_secs() / 60, usage.bytes()), (90, 10_000));
        assert!(world.billing.books().await.unwrap().balances.is_empty());
        world.after(SignedDuration::from_hours(24 * 400)).await;
        street.log_in(0).unwrap();
        world.poll().await;
        assert!(world.is_online(NAMES[0]));
    }
}

async fn a_name_that_somebody_else_has_on_the_router_waits_for_a_person(engine: Engine) {
    let street = Street::of(engine, RouterOs::V7_18).await;
    let world = &street.world;
    world.console("/ip/hotspot/user/add", &["name=budi@rt03", "password=mine", "comment=mine"]);
    let report = world.tick().await;
    assert_eq!(report.passes[0].pushed, 1);
    let login = street.stored(0).await;
    let SyncState::Blocked { error, .. } = &login.sync else { panic!("{:?}", login.sync) };
    assert!(error.contains("without our mark"), "{error}");
    world.poll().await;
    assert_eq!(street.shown(0, "comment"), "mine");
    world.console("/ip/hotspot/user/remove", &[".id=budi@rt03"]);
    let retry = async |number: usize| {
        world.billing.retry_subscription(&clerk(), SUBSCRIPTIONS[number]).await
    };
    retry(0).await.unwrap();
    assert!(!matches!(street.stored(0).await.sync, SyncState::Blocked { .. }));
    assert_eq!(retry(1).await.unwrap_err().code(), "not_found", "nothing is wrong with it");
    world.tick().await;
    street.log_in(0).unwrap();
}
