//! What a business decides for itself, and that every process obeys it.

use std::sync::Arc;

use mkbill_core::billing::Billing;
use mkbill_core::kernel::caller::Origin;
use mkbill_core::kernel::entropy::OsEntropy;
use mkbill_core::kernel::language::Language;
use mkbill_core::kernel::patch::Patch;
use mkbill_core::kernel::permission::Role;
use mkbill_core::kernel::precondition::{Precondition, Seen};
use mkbill_core::kernel::secret::MasterKey;
use mkbill_core::settings::SettingsChange;
use mkbill_core::signal::{LocalSignal, Signal, Topic};
use mkbill_core::sql::{DatabaseUrl, PostgresSignal};
use mkbill_core::staff::NewStaff;
use mkbill_core::testkit::Engine;
use mkbill_routeros::provisioning::RouterOsController;
use secrecy::SecretString;

use crate::support::stories;
use crate::world::{World, clerk, page_of};

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    a_decision_is_in_the_trail_and_among_the_events_and_can_be_taken_back,
    a_dry_run_and_a_repeated_request_decide_nothing_anew,
    who_saw_older_settings_changes_nothing,
    a_role_that_may_only_look_decides_nothing,
    a_decision_holds_at_once_in_the_other_process,
    how_an_engine_was_built_holds_until_somebody_decides,
];

pub(crate) const POSTGRES_STORIES: &[(&str, crate::support::Story)] =
    stories![what_one_server_decides_the_other_one_obeys];

fn named(name: &str) -> SettingsChange {
    SettingsChange { name: Patch::Set(name.to_owned()), ..SettingsChange::default() }
}

fn slowed(on: Patch<bool>) -> SettingsChange {
    SettingsChange { sign_in_slow_down: on, ..SettingsChange::default() }
}

async fn name_of(billing: &Billing) -> Option<String> {
    billing.settings().await.unwrap().settings.business.name
}

/// An engine on the same database, whose wake-ups are carried by `signal`.
async fn server(world: &World, signal: Arc<dyn Signal>, slow_down: bool) -> Billing {
    let (master_key, _) = MasterKey::generate(&OsEntropy);
    Billing::builder()
        .store(world.database.store_with_signal(None, signal).await)
        .controller(Arc::new(RouterOsController::new(Arc::new(OsEntropy))))
        .clock(world.clock.clone())
        .master_key(master_key)
        .slow_down(slow_down)
        .build()
        .unwrap()
}

/// What becomes of a try with a wrong password by somebody who has failed often.
async fn try_again(billing: &Billing) -> &'static str {
    let wrong = SecretString::from("wrong");
    let mut said = "";
    for _ in 0..5 {
        said = billing.sign_in(Origin::default(), "sri", &wrong).await.unwrap_err().code();
    }
    said
}

async fn hire(billing: &Billing) {
    let sri =
        NewStaff { username: "sri".parse().unwrap(), name: "Sri".to_owned(), role: Role::Operator };
    billing.add_staff(&clerk(), &sri, None).await.unwrap();
}

async fn a_decision_is_in_the_trail_and_among_the_events_and_can_be_taken_back(engine: Engine) {
    let world = World::new(engine).await;
    let language = Patch::Set(Language::Indonesian);
    let change = SettingsChange { language, ..named(" RT Net ") };
    let caller = clerk().because("we have a name").unwrap();
    let decided = world.billing.change_settings(&caller, change).await.unwrap();
    assert_eq!(decided, world.billing.settings().await.unwrap());
    assert_eq!(decided.settings.revision, 2);
    let last = world.billing.audit(None, page_of(1)).await.unwrap().items.remove(0);
    assert_eq!(
        (last.action.as_str(), last.reason.as_deref()),
        ("settings.change", Some("we have a name"))
    );
    assert_eq!((&last.before["name"], &last.after["name"]), (&().into(), &"RT Net".into()));
    assert_eq!(last.after["language"], "id");
    let back = SettingsChange { name: Patch::Clear, ..SettingsChange::default() };
    let back = world.billing.change_settings(&clerk(), back).await.unwrap();
    assert_eq!(back.settings.business.name, None);
    assert_eq!(back.settings.language, Some(Language::Indonesian), "that was not named");
    let again = named("RT Net");
    let caller = clerk();
    world.billing.change_settings(&caller, again.clone()).await.unwrap();
    let events = world.billing.audit(None, page_of(100)).await.unwrap().items.len();
    world.billing.change_settings(&caller, again).await.unwrap();
    let after = world.billing.audit(None, page_of(100)).await.unwrap().items.len();
    assert_eq!(after, events, "the same again is no decision");
}

async fn a_dry_run_and_a_repeated_request_decide_nothing_anew(engine: Engine) {
    let world = World::new(engine).await;
    let billing = &world.billing;
    let tried = billing.change_settings(&clerk().dry_run(), named("RT Net")).await.unwrap();
    assert_eq!(tried.settings.business.name.as_deref(), Some("RT Net"));
    assert_eq!(name_of(billing).await, None);
    let keyed = clerk().with_key("name-1".parse().unwrap());
    billing.change_settings(&keyed, named("RT Net")).await.unwrap();
    billing.change_settings(&clerk(), named("Warnet")).await.unwrap();
    billing.change_settings(&keyed, named("RT Net")).await.unwrap();
    assert_eq!(name_of(billing).await.as_deref(), Some("Warnet"), "it was done before");
    let other = billing.change_settings(&keyed, named("Other")).await.unwrap_err();
    assert_eq!(other.code(), "idempotency_key_reused");
}

async fn who_saw_older_settings_changes_nothing(engine: Engine) {
    let world = World::new(engine).await;
    let seen = |revision| clerk().only_if(Precondition::new(Seen::Revisions(vec![revision])));
    let first = world.billing.change_settings(&seen(1), named("RT Net")).await.unwrap();
    let stale = world.billing.change_settings(&seen(1), named("Warnet")).await.unwrap_err();
    assert_eq!(stale.code(), "precondition_failed");
    assert_eq!(world.billing.settings().await.unwrap(), first);
}

async fn a_role_that_may_only_look_decides_nothing(engine: Engine) {
    let world = World::new(engine).await;
    for role in [Role::Operator, Role::Admin] {
        let caller = clerk().limited_to(role.permissions());
        let refused = world.billing.change_settings(&caller, named("Mine")).await.unwrap_err();
        assert_eq!(refused.code(), "forbidden", "{role}");
    }
    assert_eq!(name_of(&world.billing).await, None);
}

async fn a_decision_holds_at_once_in_the_other_process(engine: Engine) {
    let world = World::new(engine).await;
    let signal: Arc<dyn Signal> = Arc::new(LocalSignal::new());
    let one = server(&world, Arc::clone(&signal), true).await;
    let other = server(&world, signal, true).await;
    hire(&one).await;
    assert_eq!(try_again(&other).await, "slowed_down");
    one.change_settings(&clerk(), slowed(Patch::Set(false))).await.unwrap();
    assert_eq!(try_again(&other).await, "sign_in_failed", "nobody is slowed down");
    one.change_settings(&clerk(), slowed(Patch::Clear)).await.unwrap();
    assert_eq!(try_again(&other).await, "slowed_down");
    assert_eq!(other.language().await, None);
    let language = Patch::Set(Language::Indonesian);
    let change = SettingsChange { language, ..SettingsChange::default() };
    one.change_settings(&clerk(), change).await.unwrap();
    assert_eq!(other.language().await, Some(Language::Indonesian));
}

async fn how_an_engine_was_built_holds_until_somebody_decides(engine: Engine) {
    let world = World::new(engine).await;
    let billing = server(&world, Arc::new(LocalSignal::new()), false).await;
    hire(&billing).await;
    assert_eq!(try_again(&billing).await, "sign_in_failed");
    billing.change_settings(&clerk(), slowed(Patch::Set(true))).await.unwrap();
    assert_eq!(try_again(&billing).await, "slowed_down");
}

async fn what_one_server_decides_the_other_one_obeys(engine: Engine) {
    let world = World::new(engine).await;
    let signal = async || {
        let DatabaseUrl::Postgres(url) = world.database.url() else { unreachable!() };
        Arc::new(PostgresSignal::connect(url).await.unwrap())
    };
    let one = server(&world, signal().await, true).await;
    let other = server(&world, signal().await, true).await;
    hire(&one).await;
    assert_eq!(try_again(&other).await, "slowed_down");
    let mut told = other.signal().listen(Topic::Settings);
    one.change_settings(&clerk(), slowed(Patch::Set(false))).await.unwrap();
    assert_eq!(try_again(&one).await, "sign_in_failed", "at once where it was done");
    told.heard().await;
    assert_eq!(try_again(&other).await, "sign_in_failed", "and where it was heard");
}
