//! How a voucher ends.

use jiff::SignedDuration;
use mkbill_core::plan::Limits;
use mkbill_core::testkit::Engine;
use mkbill_core::voucher::state::Extension;
use mkbill_routeros::sim::Mac;

use crate::support::stories;
use crate::world::{POLL, World, clerk};

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    an_expired_voucher_is_cut_off_within_one_poll_with_session_and_cookie,
    a_late_discovery_does_not_lengthen_a_voucher,
    an_extended_voucher_lives_as_much_longer,
    a_voucher_whose_time_online_is_used_up_ends,
    a_voucher_whose_data_is_used_up_ends,
    a_disabled_voucher_is_offline_until_it_is_enabled,
    stock_beyond_its_shelf_life_is_withdrawn,
    an_expired_user_restored_by_a_router_backup_is_removed_again,
];

const HOUR: SignedDuration = SignedDuration::from_hours(1);

async fn an_expired_voucher_is_cut_off_within_one_poll_with_session_and_cookie(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let plan =
        world.plan("hour", "default", Limits { validity: Some(HOUR), ..Limits::default() }).await;
    let batch = world.batch(&plan, 1).await;
    world.tick().await;
    let code = &world.codes(&batch).await[0];
    world.log_in(code, 1).unwrap();
    let login = world.now();
    world.poll().await;
    // The router's own limit would end the session too; lift it to see that ours does.
    world.console("/ip/hotspot/user/set", &[&format!(".id={code}"), "limit-uptime=0s"]);
    world.clock.advance(HOUR - POLL * 2);
    world.tick().await;
    assert!(world.is_online(code));
    world.console("/ip/hotspot/user/set", &[&format!(".id={code}"), "limit-uptime=0s"]);
    world.poll().await;
    let device = Mac::numbered(1);
    assert_eq!(world.state(code).await, "expired");
    assert!(!world.is_online(code) && !world.on_router(code));
    world.router.router(|router| {
        assert!(!router.has_session(device) && !router.has_cookie(device));
        assert!(router.return_by_cookie(device).is_none());
    });
    let ended = world.voucher(code).await.state;
    let expected = login + HOUR;
    assert!(
        matches!(ended, mkbill_core::voucher::state::VoucherState::Expired { at, .. } if at == expected)
    );
}

async fn a_late_discovery_does_not_lengthen_a_voucher(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let code = &world.pushed_codes(1).await[0];
    world.log_in(code, 1).unwrap();
    let login = world.now();
    world.after(SignedDuration::from_hours(72)).await;
    let voucher = world.voucher(code).await;
    assert_eq!(voucher.state.name(), "expired");
    let activation = voucher.state.activation().unwrap();
    assert_eq!(activation.expires_at, Some(login + SignedDuration::from_hours(24)));
    assert!(!world.on_router(code) && !world.is_online(code));
}

async fn an_extended_voucher_lives_as_much_longer(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let code = &world.pushed_codes(1).await[0];
    world.log_in(code, 1).unwrap();
    let end = world.now() + SignedDuration::from_hours(24);
    world.poll().await;
    let two_hours = Extension { validity: Some(HOUR * 2), ..Extension::default() };
    let extended = world.billing.extend_voucher(&clerk(), code, two_hours).await.unwrap();
    assert_eq!(extended.state.activation().unwrap().expires_at, Some(end + HOUR * 2));
    world.tick().await;
    assert_eq!(world.shown(code, "limit-uptime").as_deref(), Some("1d2h"));
    world.after(SignedDuration::from_hours(25)).await;
    assert!(world.is_online(code) || world.log_in(code, 1).is_ok());
    world.after(HOUR).await;
    assert_eq!(world.state(code).await, "expired");
    let too_late = world.billing.extend_voucher(&clerk(), code, two_hours).await.unwrap_err();
    assert_eq!(too_late.code(), "voucher_state");
}

async fn a_voucher_whose_time_online_is_used_up_ends(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let plan = world
        .plan("two", "default", Limits { uptime_quota: Some(HOUR * 2), ..Limits::default() })
        .await;
    let batch = world.batch(&plan, 1).await;
    world.tick().await;
    let code = &world.codes(&batch).await[0];
    world.log_in(code, 1).unwrap();
    world.after(HOUR).await;
    world.log_out(1);
    world.after(HOUR * 10).await;
    assert_eq!(world.state(code).await, "active", "time offline is not used");
    world.log_in(code, 1).unwrap();
    world.after(HOUR).await;
    world.poll().await;
    assert_eq!(world.state(code).await, "used_up");
    assert!(!world.on_router(code));
}

async fn a_voucher_whose_data_is_used_up_ends(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let plan = world
        .plan("meg", "default", Limits { data_quota: Some(1_000_000), ..Limits::default() })
        .await;
    let batch = world.batch(&plan, 1).await;
    world.tick().await;
    let code = &world.codes(&batch).await[0];
    world.log_in(code, 1).unwrap();
    world.poll().await;
    world.router.router(|router| router.move_bytes(Mac::numbered(1), 400_000, 700_000));
    world.poll().await;
    assert_eq!(world.state(code).await, "used_up");
    world.poll().await;
    assert!(!world.on_router(code));
}

async fn a_disabled_voucher_is_offline_until_it_is_enabled(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let code = &world.pushed_codes(1).await[0];
    world.log_in(code, 1).unwrap();
    world.poll().await;
    world.billing.disable_voucher(&clerk(), code).await.unwrap();
    world.tick().await;
    assert!(!world.is_online(code));
    assert_eq!(world.shown(code, "disabled").as_deref(), Some("true"));
    world.router.router(|router| assert!(router.return_by_cookie(Mac::numbered(1)).is_none()));
    assert!(world.log_in(code, 1).is_err());
    world.billing.enable_voucher(&clerk(), code).await.unwrap();
    world.tick().await;
    world.log_in(code, 1).unwrap();
    assert_eq!(world.state(code).await, "active");
}

async fn stock_beyond_its_shelf_life_is_withdrawn(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let plan = world.daily_plan().await;
    let mut request = world.request(&plan, 2).await;
    request.sell_by = Some("2026-03-03".parse().unwrap());
    let batch = world.billing.create_batch(&clerk(), request).await.unwrap().value;
    world.tick().await;
    let codes = world.codes(&batch).await;
    world.clock.advance(SignedDuration::from_hours(50));
    world.tick().await;
    assert_eq!(world.state(&codes[0]).await, "available", "22:00 on the last day");
    world.log_in(&codes[0], 1).unwrap();
    world.after(HOUR * 2).await;
    assert_eq!(world.state(&codes[0]).await, "active", "begun in time");
    assert_eq!((world.state(&codes[1]).await, world.on_router(&codes[1])), ("expired", false));
}

async fn an_expired_user_restored_by_a_router_backup_is_removed_again(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let code = &world.pushed_codes(1).await[0];
    world.log_in(code, 1).unwrap();
    world.poll().await;
    let comment = world.shown(code, "comment").unwrap();
    world.after(SignedDuration::from_hours(24)).await;
    assert!(!world.on_router(code));
    let words = [format!("name={code}"), format!("password={code}"), format!("comment={comment}")];
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    world.console("/ip/hotspot/user/add", &words);
    world.log_in(code, 1).unwrap();
    world.poll().await;
    assert!(!world.on_router(code) && !world.is_online(code));
}
