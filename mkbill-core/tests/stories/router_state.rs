//! What others do on a router, and what we leave alone.

use mkbill_core::provisioning::diff::DriftKind;
use mkbill_core::testkit::Engine;

use crate::support::stories;
use crate::world::{USERS, World};

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    objects_without_our_mark_survive_everything_byte_for_byte,
    what_an_operator_edits_is_set_right_and_reported,
    a_login_whose_mark_was_removed_is_left_alone_and_reported,
    a_factory_reset_changes_no_report_and_brings_everything_back,
    a_second_look_changes_nothing,
];

async fn objects_without_our_mark_survive_everything_byte_for_byte(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    world.console("/ip/hotspot/user/profile/add", &["name=owner", "rate-limit=10M/10M"]);
    for words in [
        &["name=owner", "password=x", "profile=owner"][..],
        &["name=office", "comment=vc-123-01.02.26-shop", "limit-uptime=7h"],
        &["name=other-system", "comment=VOUCHER_SYSTEM|15000|1736480000|1736566400"],
        &["name=json", "comment={\"system\":\"voucher\",\"price\":5000}"],
    ] {
        world.console("/ip/hotspot/user/add", words);
    }
    let foreign = || {
        world.router.export_objects(|object| {
            let name = object.get("name").unwrap_or_default();
            [&b"owner"[..], b"office", b"other-system", b"json", b"default-trial"].contains(&name)
        })
    };
    let before = foreign();
    let codes = world.pushed_codes(20).await;
    for (device, code) in (1..).zip(&codes[..10]) {
        world.log_in(code, device).unwrap();
    }
    world.poll().await;
    world.after(jiff::SignedDuration::from_hours(25)).await;
    world.poll().await;
    assert_eq!(world.router.router(|router| router.count(USERS)), 10 + 4 + 1);
    assert_eq!(foreign(), before);
}

async fn what_an_operator_edits_is_set_right_and_reported(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let codes = world.pushed_codes(2).await;
    let id = format!(".id={}", codes[0]);
    world.console(
        "/ip/hotspot/user/set",
        &[&id, "disabled=yes", "limit-uptime=9d", "password=free"],
    );
    let report = world.poll().await;
    assert_eq!(world.shown(&codes[0], "disabled").as_deref(), Some("false"));
    assert_eq!(world.shown(&codes[0], "limit-uptime").as_deref(), Some("1d"));
    assert_eq!(world.shown(&codes[0], "password").as_deref(), Some(codes[0].as_str()));
    let drift = &report.passes[0].drift;
    assert!(drift.iter().any(|d| d.name == codes[0] && matches!(d.kind, DriftKind::Changed(_))));
    assert!(world.poll().await.passes[0].drift.is_empty());
}

async fn a_login_whose_mark_was_removed_is_left_alone_and_reported(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let codes = world.pushed_codes(1).await;
    let id = format!(".id={}", codes[0]);
    world.console("/ip/hotspot/user/set", &[&id, "comment=mine now", "password=mine"]);
    let report = world.poll().await;
    assert_eq!(world.shown(&codes[0], "comment").as_deref(), Some("mine now"));
    assert_eq!(world.shown(&codes[0], "password").as_deref(), Some("mine"));
    assert!(report.passes[0].drift.iter().any(|drift| drift.kind == DriftKind::Unmarked));
}

async fn a_factory_reset_changes_no_report_and_brings_everything_back(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let codes = world.pushed_codes(5).await;
    world.log_in(&codes[0], 1).unwrap();
    world.poll().await;
    let books = world.billing.books().await.unwrap();
    world
        .router
        .router(|router| {
            router.factory_reset();
            let account = ["name=billing", "password=s3cret-of-the-router", "group=full"];
            router.run("/user/add", &account).map(drop)
        })
        .ok();
    world.poll().await;
    world.poll().await;
    for code in &codes {
        assert!(world.on_router(code), "{code}");
    }
    assert_eq!(world.billing.books().await.unwrap(), books);
    assert_eq!(world.state(&codes[0]).await, "active");
}

async fn a_second_look_changes_nothing(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let codes = world.pushed_codes(5).await;
    world.log_in(&codes[0], 1).unwrap();
    world.poll().await;
    world.poll().await;
    world.router.forget_commands();
    let report = world.poll().await;
    assert_eq!((report.passes[0].changed, report.passes[0].pushed), (0, 0));
    let writes: Vec<_> =
        world.router.commands().into_iter().filter(|command| command.is_write).collect();
    assert!(writes.is_empty(), "{writes:?}");
}
