//! Subscribers who dial in: sold, cut, paid, changed, taken over.

use jiff::SignedDuration;
use mkbill_core::billing::{Naming, NumberingChange, Subscribe, SubscriberLogin, SubscriptionView};
use mkbill_core::customer::NewCustomer;
use mkbill_core::customer::phone::{GivenPhone, Region};
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::ids::{CustomerId, PlanId, RouterId};
use mkbill_core::kernel::money::Money;
use mkbill_core::payment::{Method, NewPayment};
use mkbill_core::plan::terms::{OverdueAction, Service, Terms};
use mkbill_core::plan::{Limits, NewPlan, Prices};
use mkbill_core::provisioning::diff::DriftKind;
use mkbill_core::provisioning::line::LineField;
use mkbill_core::provisioning::profile::ProfileFacts;
use mkbill_core::provisioning::{Care, Login, LoginKind, SyncName};
use mkbill_core::subscription::Discount;
use mkbill_core::testkit::Engine;
use mkbill_routeros::sim::{Dial, PppRefusal, RouterOs};

use crate::support::stories;
use crate::world::{World, clerk};

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    a_subscriber_who_does_not_pay_is_offline_and_back_with_the_payment,
    isolir_moves_to_a_profile_that_shows_how_to_pay,
    what_somebody_wrote_into_a_secret_is_put_back_and_reported,
    a_new_password_and_another_address_begin_a_new_session,
    a_login_that_a_person_closed_stays_closed_though_it_is_paid,
    a_login_in_the_care_of_a_person_is_left_alone_until_it_is_given_back,
    names_are_counted_past_those_that_books_or_router_have,
    a_user_of_the_router_is_taken_over_with_password_and_address,
    a_subscription_moves_to_another_name_and_the_old_one_is_gone,
    many_subscriptions_are_made_each_by_itself,
    a_profile_that_went_away_blocks_new_sales_until_it_is_back,
    a_wished_profile_is_made_kept_and_says_why_it_cannot_be,
];

const SECRETS: &str = "/ppp/secret";
const PRICE: i64 = 150_000;

/// A provider with a router that takes calls.
pub(crate) struct Village {
    pub(crate) world: World,
    router: RouterId,
    pub(crate) plan: PlanId,
}

impl Village {
    pub(crate) async fn of(engine: Engine, routeros: RouterOs, overdue: OverdueAction) -> Self {
        Self::on(engine, routeros, |terms| terms.overdue_action = overdue).await
    }

    /// With a plan of other terms than most have.
    pub(crate) async fn on(
        engine: Engine,
        routeros: RouterOs,
        change: impl FnOnce(&mut Terms),
    ) -> Self {
        let world = World::with_routeros(engine, routeros).await;
        world.console("/ip/pool/add", &["name=homes", "ranges=10.30.0.2-10.30.0.250"]);
        world.console("/ip/pool/add", &["name=isolir", "ranges=10.99.0.2-10.99.0.250"]);
        for (name, pool) in [("home-10m", "homes"), ("isolir", "isolir")] {
            let words = [
                format!("name={name}"),
                "local-address=10.30.0.1".to_owned(),
                format!("remote-address={pool}"),
            ];
            world.console("/ppp/profile/add", &words.each_ref().map(String::as_str));
        }
        let world = world.with_known_router().await;
        let router = world.billing.router("pos-1").await.unwrap().id;
        let prices = Prices::new(Money::rupiah(0), Money::rupiah(PRICE)).unwrap();
        let mut terms = Terms::monthly(prices, Service::Pppoe);
        change(&mut terms);
        let plan = NewPlan {
            name: "home 10 Mbps".parse().unwrap(),
            router_profile: "home-10m".to_owned(),
            prices,
            limits: Limits::default(),
            terms: Some(terms),
        };
        let plan = world.billing.add_plan(&clerk(), plan).await.unwrap().id;
        Self { world, router, plan }
    }

    pub(crate) async fn new(engine: Engine) -> Self {
        Self::of(engine, RouterOs::V7_18, OverdueAction::Disable).await
    }

    pub(crate) async fn customer(&self, number: u32) -> CustomerId {
        let phone = GivenPhone::parse(&format!("0812{number:08}"), Region::ID).unwrap();
        let new = NewCustomer::new(&format!("customer {number}"), phone);
        self.world.billing.add_customer(&clerk(), new).await.unwrap().value.customer.id
    }

    pub(crate) fn login(&self, name: &str) -> SubscriberLogin {
        SubscriberLogin {
            router: self.router,
            name: Naming::Chosen(name.parse().unwrap()),
            password: Some("rahasia-1".parse().unwrap()),
            line: Vec::new(),
            adopt: false,
        }
    }

    pub(crate) fn request(&self, customer: CustomerId, login: SubscriberLogin) -> Subscribe {
        let discount = Discount::default();
        Subscribe { customer, plan: self.plan, zone: None, discount, login: Some(login) }
    }

    async fn try_subscribe(
        &self,
        number: u32,
        login: SubscriberLogin,
    ) -> Result<SubscriptionView, Error> {
        let customer = self.customer(number).await;
        let request = self.request(customer, login);
        Ok(self.world.billing.subscribe(&clerk(), request).await?.value)
    }

    /// A subscriber whose secret is on the router.
    pub(crate) async fn subscriber(&self, number: u32, login: SubscriberLogin) -> SubscriptionView {
        let view = self.try_subscribe(number, login).await.unwrap();
        self.world.tick().await;
        view
    }

    pub(crate) async fn stored(&self, view: &SubscriptionView) -> Login {
        let id = view.subscription.id;
        self.world.billing.subscription(id).await.unwrap().login.unwrap()
    }

    pub(crate) async fn pay(&self, customer: CustomerId) {
        let payment = NewPayment::whole(customer, Money::rupiah(PRICE), Method::Cash);
        self.world.billing.record_payment(&clerk(), payment).await.unwrap();
    }

    /// The subscriber's device, whatever its number, dials in.
    pub(crate) fn dial(&self, name: &str, password: &str, device: u32) -> Result<(), PppRefusal> {
        let dial = Dial {
            name: name.to_owned(),
            password: password.to_owned(),
            caller_id: format!("02:00:00:00:00:{device:02X}"),
            service: mkbill_routeros::sim::Service::Pppoe,
        };
        self.world.router.router(|router| router.ppp_connect(&dial).map(drop))
    }

    /// The subscriber's device hangs up and dials in again a little later.
    pub(crate) fn redial(&self, name: &str, device: u32) {
        self.world.router.router(|router| router.ppp_disconnect(name));
        self.world.clock.advance(SignedDuration::from_secs(5));
        self.dial(name, "rahasia-1", device).unwrap();
    }

    pub(crate) fn is_online(&self, name: &str) -> bool {
        self.world.router.router(|router| router.ppp_is_online(name))
    }

    pub(crate) fn shown(&self, name: &str, property: &str) -> Option<String> {
        self.world.router.router(|router| router.value(SECRETS, name, property))
    }

    fn address_of(&self, name: &str) -> String {
        self.world.router.router(|router| {
            let online = router.ppp_online().find(|online| online.name == name).unwrap();
            online.address.to_string()
        })
    }

    /// Lets a day pass, with what it brings.
    pub(crate) async fn days(&self, days: i64) {
        for _ in 0..days {
            self.world.after(SignedDuration::from_hours(24)).await;
        }
    }
}

async fn a_subscriber_who_does_not_pay_is_offline_and_back_with_the_payment(engine: Engine) {
    for routeros in [RouterOs::V6_49, RouterOs::V7_18] {
        let village = Village::of(engine, routeros, OverdueAction::Disable).await;
        let budi = village.subscriber(1, village.login("budi")).await;
        let siti = village.subscriber(2, village.login("siti")).await;
        assert!(village.shown("budi", "comment").unwrap().starts_with("PPPOE_SYSTEM|"));
        assert_eq!(village.shown("budi", "service").as_deref(), Some("pppoe"));
        village.pay(siti.subscription.customer).await;
        village.dial("budi", "rahasia-1", 1).unwrap();
        village.dial("siti", "rahasia-1", 2).unwrap();
        village.days(9).await;
        assert_eq!(village.shown("budi", "disabled").as_deref(), Some("true"));
        assert!(!village.is_online("budi"), "the session ends with the service");
        assert!(village.is_online("siti"), "the neighbour stays online");
        assert!(matches!(village.dial("budi", "rahasia-1", 1), Err(PppRefusal::Disabled(_))));
        village.pay(budi.subscription.customer).await;
        village.world.tick().await;
        village.dial("budi", "rahasia-1", 1).unwrap();
        let report = village.world.poll().await;
        assert_eq!((report.passes[0].changed, report.passes[0].drift.len()), (0, 0));
        assert!(village.is_online("budi"), "a second look changes nothing");
    }
}

async fn isolir_moves_to_a_profile_that_shows_how_to_pay(engine: Engine) {
    let overdue = OverdueAction::MoveToProfile("isolir".to_owned());
    let village = Village::of(engine, RouterOs::V7_18, overdue).await;
    let budi = village.subscriber(1, village.login("budi")).await;
    village.dial("budi", "rahasia-1", 1).unwrap();
    assert!(village.address_of("budi").starts_with("10.30."));
    village.days(9).await;
    assert_eq!(village.shown("budi", "profile").as_deref(), Some("isolir"));
    assert!(!village.is_online("budi"), "a session keeps the profile it began with");
    village.dial("budi", "rahasia-1", 1).unwrap();
    assert!(village.address_of("budi").starts_with("10.99."));
    village.pay(budi.subscription.customer).await;
    village.world.tick().await;
    village.dial("budi", "rahasia-1", 1).unwrap();
    assert!(village.address_of("budi").starts_with("10.30."));
}

async fn what_somebody_wrote_into_a_secret_is_put_back_and_reported(engine: Engine) {
    let village = Village::new(engine).await;
    let line = vec![
        (LineField::CallerId, "02-00-00-00-00-01".to_owned()),
        (LineField::RemoteAddress, "10.30.0.77".to_owned()),
        (LineField::Routes, "192.168.7.0/24".to_owned()),
        (LineField::LimitBytesIn, "5000000".to_owned()),
    ];
    village.subscriber(1, SubscriberLogin { line, ..village.login("budi") }).await;
    assert_eq!(village.shown("budi", "caller-id").as_deref(), Some("02:00:00:00:00:01"));
    assert!(matches!(village.dial("budi", "rahasia-1", 2), Err(PppRefusal::WrongCaller(_))));
    village.dial("budi", "rahasia-1", 1).unwrap();
    assert_eq!(village.address_of("budi"), "10.30.0.77");
    let edits = ["caller-id=", "remote-address=10.30.0.5", "local-address=10.1.1.1", "routes="];
    let words = [&["numbers=budi"][..], &edits].concat();
    village.world.console("/ppp/secret/set", &words);
    let report = village.world.poll().await;
    let fields = vec!["caller-id", "remote-address", "routes", "local-address"];
    assert_eq!(report.passes[0].drift[0].kind, DriftKind::Changed(fields));
    assert_eq!(village.shown("budi", "caller-id").as_deref(), Some("02:00:00:00:00:01"));
    assert_eq!(village.shown("budi", "remote-address").as_deref(), Some("10.30.0.77"));
    assert_eq!(village.shown("budi", "local-address"), None);
    let report = village.world.poll().await;
    assert_eq!((report.passes[0].changed, report.passes[0].drift.len()), (0, 0));
}

async fn a_new_password_and_another_address_begin_a_new_session(engine: Engine) {
    let village = Village::new(engine).await;
    let budi = village.subscriber(1, village.login("budi")).await;
    let siti = village.subscriber(2, village.login("siti")).await;
    let id = budi.login.unwrap().id;
    let billing = &village.world.billing;
    village.dial("budi", "rahasia-1", 1).unwrap();
    let reset = billing.reset_login_password(&clerk(), id, None).await.unwrap();
    village.world.tick().await;
    assert!(!village.is_online("budi"));
    assert!(village.dial("budi", "rahasia-1", 1).is_err());
    village.dial("budi", &reset.spec.password, 1).unwrap();
    let address = vec![(LineField::RemoteAddress, Some("10.30.0.9".to_owned()))];
    billing.change_login(&clerk(), id, address.clone()).await.unwrap();
    village.world.tick().await;
    village.dial("budi", &reset.spec.password, 1).unwrap();
    assert_eq!(village.address_of("budi"), "10.30.0.9");
    let taken = billing.change_login(&clerk(), siti.login.unwrap().id, address).await;
    assert_eq!(
        taken.unwrap_err().to_string(),
        "remote_address: 10.30.0.9 is the address of `budi` on the same router"
    );
    billing.change_login(&clerk(), id, vec![(LineField::RemoteAddress, None)]).await.unwrap();
    village.world.tick().await;
    assert_eq!(village.shown("budi", "remote-address"), None);
}

async fn a_login_that_a_person_closed_stays_closed_though_it_is_paid(engine: Engine) {
    let village = Village::new(engine).await;
    let budi = village.subscriber(1, village.login("budi")).await;
    let id = budi.login.unwrap().id;
    let billing = &village.world.billing;
    village.dial("budi", "rahasia-1", 1).unwrap();
    billing.disable_login(&clerk(), id).await.unwrap();
    village.world.tick().await;
    assert!(!village.is_online("budi"));
    village.pay(budi.subscription.customer).await;
    village.days(1).await;
    assert_eq!(village.shown("budi", "disabled").as_deref(), Some("true"));
    billing.enable_login(&clerk(), id).await.unwrap();
    village.world.tick().await;
    village.dial("budi", "rahasia-1", 1).unwrap();
}

async fn a_login_in_the_care_of_a_person_is_left_alone_until_it_is_given_back(engine: Engine) {
    let village = Village::new(engine).await;
    let budi = village.subscriber(1, village.login("budi")).await;
    let id = budi.login.as_ref().unwrap().id;
    let billing = &village.world.billing;
    let why = clerk().because("tests a new modem").unwrap();
    billing.override_login(&why, id, true).await.unwrap();
    village.world.console("/ppp/secret/set", &["numbers=budi", "profile=isolir"]);
    for _ in 0..2 {
        let report = village.world.poll().await;
        assert_eq!((report.passes[0].changed, report.passes[0].error.as_deref()), (0, None));
    }
    assert_eq!(village.shown("budi", "profile").as_deref(), Some("isolir"));
    billing.override_login(&clerk(), id, false).await.unwrap();
    village.world.tick().await;
    assert_eq!(village.shown("budi", "profile").as_deref(), Some("home-10m"));
    assert!(village.stored(&budi).await.is_applied());
}

async fn names_are_counted_past_those_that_books_or_router_have(engine: Engine) {
    let village = Village::new(engine).await;
    let billing = &village.world.billing;
    village.world.console("/ppp/secret/add", &["name=rt05-0002", "password=x"]);
    village.world.poll().await;
    let prefix: mkbill_core::provisioning::numbering::LoginPrefix = "rt05".parse().unwrap();
    let numbered = |prefix: &mkbill_core::provisioning::numbering::LoginPrefix| SubscriberLogin {
        name: Naming::Numbered(prefix.clone()),
        ..village.login("any")
    };
    let unknown = village.try_subscribe(9, numbered(&prefix)).await.unwrap_err();
    assert_eq!(unknown.code(), "numbering_unknown");
    let rule = NumberingChange { prefix: prefix.clone(), digits: None, last: None };
    billing.set_numbering(&clerk(), rule).await.unwrap();
    let name = |view: SubscriptionView| view.login.unwrap().name;
    assert_eq!(name(village.subscriber(1, numbered(&prefix)).await), "rt05-0001");
    assert_eq!(name(village.subscriber(2, numbered(&prefix)).await), "rt05-0003");
    let stranger = village.try_subscribe(3, village.login("rt05-0002")).await.unwrap_err();
    assert!(stranger.to_string().contains("not ours"), "{stranger}");
    village.subscriber(4, village.login("rt05-0010")).await;
    assert_eq!(name(village.subscriber(5, numbered(&prefix)).await), "rt05-0011");
    let taken = village.try_subscribe(6, village.login("rt05-0011")).await.unwrap_err();
    assert_eq!(taken.code(), "conflict");
    billing.remove_numbering(&clerk(), &prefix).await.unwrap();
    assert!(billing.numberings().await.unwrap().is_empty());
}

async fn a_user_of_the_router_is_taken_over_with_password_and_address(engine: Engine) {
    let village = Village::new(engine).await;
    let words = [
        "name=lama",
        "password=modem-9",
        "service=pppoe",
        "profile=home-10m",
        "remote-address=10.30.0.44",
        "comment=Pak Budi, rumah hijau",
    ];
    village.world.console("/ppp/secret/add", &words);
    village.world.poll().await;
    village.dial("lama", "modem-9", 1).unwrap();
    let strangers = village.world.billing.strangers("pos-1").await.unwrap();
    assert_eq!((strangers[0].name.as_str(), strangers[0].marked), ("lama", false));
    let adopt = SubscriberLogin { password: None, adopt: true, ..village.login("lama") };
    let customer = village.customer(1).await;
    let request = village.request(customer, adopt);
    let tried = village.world.billing.subscribe(&clerk().dry_run(), request.clone()).await;
    assert!(tried.unwrap().dry_run);
    village.world.poll().await;
    assert_eq!(village.shown("lama", "comment").as_deref(), Some("Pak Budi, rumah hijau"));
    let view = village.world.billing.subscribe(&clerk(), request).await.unwrap().value;
    village.world.tick().await;
    assert!(village.shown("lama", "comment").unwrap().starts_with("PPPOE_SYSTEM|"));
    assert!(village.is_online("lama"), "the session goes on");
    let login = village.stored(&view).await;
    assert_eq!((login.spec.password.as_str(), login.care), ("modem-9", Care::Books));
    assert_eq!(login.spec.line.get(LineField::RemoteAddress), Some("10.30.0.44"));
    let report = village.world.poll().await;
    assert_eq!((report.passes[0].changed, report.passes[0].drift.len()), (0, 0));
    assert!(village.world.billing.strangers("pos-1").await.unwrap().is_empty());
    let nobody = SubscriberLogin { password: None, adopt: true, ..village.login("tiada") };
    assert_eq!(village.try_subscribe(2, nobody).await.unwrap_err().code(), "conflict");
}

async fn a_subscription_moves_to_another_name_and_the_old_one_is_gone(engine: Engine) {
    let village = Village::new(engine).await;
    let budi = village.subscriber(1, village.login("budi")).await;
    village.dial("budi", "rahasia-1", 1).unwrap();
    let billing = &village.world.billing;
    let id = budi.subscription.id;
    let key = clerk().with_key("move-1".parse().unwrap());
    let moved = billing.give_login(&key, id, village.login("budi-baru")).await.unwrap();
    let again = billing.give_login(&key, id, village.login("budi-baru")).await.unwrap();
    assert_eq!(moved.id, again.id);
    village.world.tick().await;
    assert!(!village.is_online("budi") && village.shown("budi", "name").is_none());
    village.dial("budi-baru", "rahasia-1", 1).unwrap();
    billing.remove_login(&clerk(), moved.id).await.unwrap();
    village.world.tick().await;
    assert!(village.shown("budi-baru", "name").is_none());
    assert!(billing.subscription(id).await.unwrap().login.is_none());
    let over = billing.disable_login(&clerk(), moved.id).await.unwrap_err();
    assert_eq!(over.code(), "login_over");
}

async fn many_subscriptions_are_made_each_by_itself(engine: Engine) {
    let village = Village::new(engine).await;
    let mut requests = Vec::new();
    for number in 1..=4 {
        let customer = village.customer(number).await;
        let name = if number == 3 { "rumah-1".to_owned() } else { format!("rumah-{number}") };
        requests.push(village.request(customer, village.login(&name)));
    }
    let key = clerk().with_key("bulk".parse().unwrap());
    let billing = &village.world.billing;
    for replayed in [false, true] {
        let requests = requests.iter().cloned().map(Ok).collect();
        let outcomes = billing.subscribe_many(&key, requests).await.unwrap();
        let made = outcomes.iter().flatten().filter(|made| made.replayed == replayed).count();
        assert_eq!(made, 3, "one that is refused holds up no other");
        assert_eq!(outcomes[2].as_ref().unwrap_err().code(), "conflict");
    }
    village.world.tick().await;
    assert!(village.shown("rumah-4", "name").is_some());
    assert!(billing.subscribe_many(&clerk(), Vec::new()).await.is_err());
}

async fn a_profile_that_went_away_blocks_new_sales_until_it_is_back(engine: Engine) {
    let village = Village::new(engine).await;
    village.subscriber(1, village.login("budi")).await;
    let missing = || async {
        let known = village.world.billing.router_profiles("pos-1").await.unwrap();
        let gone = known.iter().filter(|profile| profile.missing_since.is_some());
        gone.map(|profile| profile.facts.name.clone()).collect::<Vec<_>>()
    };
    assert!(missing().await.is_empty());
    village.world.router.unplug().await.unwrap();
    village.world.poll().await;
    assert!(missing().await.is_empty(), "only a complete look tells that a profile is gone");
    village.world.router.plug_in().await.unwrap();
    village.world.console("/ppp/secret/set", &["numbers=budi", "profile=default"]);
    village.world.console("/ppp/profile/remove", &["numbers=home-10m"]);
    village.days(1).await;
    assert_eq!(missing().await, ["home-10m"]);
    let refused = village.try_subscribe(2, village.login("siti")).await.unwrap_err();
    assert_eq!(refused.code(), "router_profile_missing");
    village.world.console("/ppp/profile/add", &["name=home-10m", "remote-address=homes"]);
    village.days(1).await;
    village.try_subscribe(3, village.login("siti")).await.unwrap();
    assert!(missing().await.is_empty());
}

async fn a_wished_profile_is_made_kept_and_says_why_it_cannot_be(engine: Engine) {
    for routeros in [RouterOs::V6_49, RouterOs::V7_18] {
        let village = Village::of(engine, routeros, OverdueAction::Disable).await;
        let (world, billing) = (&village.world, &village.world.billing);
        let on_router = |menu: &str, property: &str| {
            world.router.router(|router| router.value(menu, "home-20m", property))
        };
        let (pppoe, hotspot) = ("/ppp/profile", "/ip/hotspot/user/profile");
        let wish = |kind, rate_limit: &str| ProfileFacts {
            rate_limit: Some(rate_limit.to_owned()),
            ..ProfileFacts::named(kind, "home-20m".to_owned())
        };
        let burst = "10000k/20M 20M/40M 8M/16M 10/10";
        let dialled = ProfileFacts {
            remote_address: Some("homes".to_owned()),
            sessions_max: Some(1),
            ..wish(LoginKind::Pppoe, burst)
        };
        billing.wish_profile(&clerk().dry_run(), "pos-1", dialled.clone()).await.unwrap();
        assert!(billing.profile_wishes("pos-1").await.unwrap().is_empty());
        billing.wish_profile(&clerk(), "pos-1", dialled).await.unwrap();
        billing.wish_profile(&clerk(), "pos-1", wish(LoginKind::Hotspot, "5M/5M")).await.unwrap();
        world.tick().await;
        assert_eq!(
            on_router(pppoe, "rate-limit").as_deref(),
            Some("10M/20M 20M/40M 8M/16M 10s/10s")
        );
        assert_eq!(on_router(pppoe, "only-one").as_deref(), Some("yes"));
        assert_eq!(on_router(hotspot, "rate-limit").as_deref(), Some("5M/5M"));
        world.poll().await;
        let synced = async || {
            let wishes = billing.profile_wishes("pos-1").await.unwrap();
            wishes.iter().map(|wish| wish.sync).collect::<Vec<_>>()
        };
        assert_eq!(synced().await, [SyncName::Applied; 2]);
        world.console("/ppp/profile/set", &["numbers=home-20m", "rate-limit=1M/1M"]);
        world.poll().await;
        assert!(on_router(pppoe, "rate-limit").unwrap().starts_with("10M/20M"), "it is kept so");
        world.router.forget_commands();
        world.poll().await;
        assert!(!world.router.commands().iter().any(|seen| seen.is_write), "once is enough");
        let nowhere = ProfileFacts {
            remote_address: Some("no-such-pool".to_owned()),
            ..ProfileFacts::named(LoginKind::Pppoe, "lost".to_owned())
        };
        billing.wish_profile(&clerk(), "pos-1", nowhere).await.unwrap();
        world.tick().await;
        let wishes = billing.profile_wishes("pos-1").await.unwrap();
        let lost = wishes.iter().find(|wish| wish.facts.name == "lost").unwrap();
        assert_eq!(lost.sync, SyncName::Blocked, "{lost:?}");
        assert!(lost.last_error.is_some());
        billing.forget_profile(&clerk(), "pos-1", LoginKind::Pppoe, "lost").await.unwrap();
        let again = billing.forget_profile(&clerk(), "pos-1", LoginKind::Pppoe, "lost").await;
        assert_eq!(again.unwrap_err().code(), "not_found");
        let bad = billing.wish_profile(&clerk(), "pos-1", wish(LoginKind::Pppoe, "fast")).await;
        assert!(bad.unwrap_err().to_string().starts_with("rate_limit: "));
    }
}
