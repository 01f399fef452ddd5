//! When a voucher's clock starts.

use jiff::SignedDuration;
use mkbill_core::report::{Days, SalesBy};
use mkbill_core::testkit::Engine;
use mkbill_core::voucher::first_login::Evidence;
use mkbill_routeros::sim::RouterOs;

use crate::support::stories;
use crate::world::{SELL, World, clerk};

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    the_clock_starts_at_the_first_login_and_not_at_the_poll,
    a_session_shorter_than_a_poll_is_found_within_its_bounds,
    a_push_between_two_looks_does_not_delay_the_next_look,
    unused_stock_does_not_age,
    a_first_login_is_never_moved,
    after_six_hours_without_the_server_a_running_session_tells_its_start,
    after_an_outage_a_stamp_tells_the_start_of_an_ended_session,
    after_an_outage_the_log_tells_the_start_of_an_ended_session,
    a_clock_of_1970_is_repaired_by_the_routers_uptime,
    with_nothing_but_a_counter_the_latest_start_is_taken_and_said_to_be_estimated,
    a_reset_counter_moves_nothing,
    a_session_lost_in_a_reboot_leaves_the_voucher_unused_and_is_counted,
    a_deleted_user_comes_back_with_what_is_left,
    the_timelines_of_6_49_and_7_are_the_same,
    revenue_is_earned_once_on_the_business_day_of_the_first_login,
    a_first_login_found_after_the_closing_is_earned_on_the_first_open_day,
];

const fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

async fn started(world: &World, code: &str) -> mkbill_core::voucher::first_login::FirstLogin {
    let voucher = world.voucher(code).await;
    voucher.state.activation().expect("its clock runs").first_login.clone()
}

async fn the_clock_starts_at_the_first_login_and_not_at_the_poll(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let code = &world.pushed_codes(1).await[0];
    world.clock.advance(SignedDuration::from_secs(7));
    let login = world.now();
    world.log_in(code, 1).unwrap();
    world.poll().await;
    let first = started(&world, code).await;
    assert_eq!((first.at, first.evidence), (login, Evidence::Session));
    let expires = world.voucher(code).await.state.activation().unwrap().expires_at;
    assert_eq!(expires, Some(login + SignedDuration::from_hours(24)));
    world.poll().await;
    let comment = world.shown(code, "comment").unwrap();
    assert!(comment.ends_with("|2026-03-01T13:00:07.000Z|2026-03-02T13:00:07.000Z"), "{comment}");
}

async fn a_session_shorter_than_a_poll_is_found_within_its_bounds(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let code = &world.pushed_codes(1).await[0];
    world.poll().await;
    let looked = world.now();
    world.clock.advance(SignedDuration::from_secs(5));
    world.log_in(code, 1).unwrap();
    let login = world.now();
    world.clock.advance(SignedDuration::from_secs(10));
    world.log_out(1);
    world.after(SignedDuration::from_secs(15)).await;
    let first = started(&world, code).await;
    assert!(first.earliest >= looked && first.earliest <= login && login <= first.latest);
    assert_eq!(first.at, login, "the log still has the line");
}

async fn a_push_between_two_looks_does_not_delay_the_next_look(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let codes = world.pushed_codes(1).await;
    world.poll().await;
    let plan = world.billing.plan("daily").await.unwrap();
    for second in [10, 20] {
        world.clock.advance(SignedDuration::from_secs(10));
        world.batch(&plan, 1).await;
        let report = world.tick().await;
        assert_eq!(report.passes[0].pushed, 1, "after {second} s");
    }
    world.log_in(&codes[0], 1).unwrap();
    world.after(SignedDuration::from_secs(10)).await;
    assert_eq!(world.state(&codes[0]).await, "active", "30 s after the last look");
}

async fn unused_stock_does_not_age(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let code = &world.pushed_codes(1).await[0];
    world.after(SignedDuration::from_hours(60 * 24)).await;
    assert_eq!(world.state(code).await, "available");
    assert_eq!(world.shown(code, "limit-uptime").as_deref(), Some("1d"));
    world.log_in(code, 1).unwrap();
}

async fn a_first_login_is_never_moved(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let code = &world.pushed_codes(1).await[0];
    world.log_in(code, 1).unwrap();
    world.poll().await;
    let first = started(&world, code).await;
    for device in 2..5 {
        world.log_out(device - 1);
        world.after(minutes(20)).await;
        world.log_in(code, device).unwrap();
        world.poll().await;
        assert_eq!(started(&world, code).await, first);
    }
}

async fn after_six_hours_without_the_server_a_running_session_tells_its_start(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let code = &world.pushed_codes(1).await[0];
    world.clock.advance(minutes(90));
    world.log_in(code, 1).unwrap();
    let login = world.now();
    world.after(minutes(270)).await;
    let first = started(&world, code).await;
    assert_eq!((first.at, first.evidence), (login, Evidence::Session));
}

/// A profile that notes first logins in the comment, as an operator may choose.
fn stamp_first_logins(world: &World) {
    let stamp = ":do { :local i [/ip hotspot user find where name=$user]; :local c [/ip hotspot user get $i comment]; :if ([:typeof [:find $c \"fl=\"]] = \"nil\") do={ /ip hotspot user set $i comment=($c . \" fl=\" . [/system clock get date] . \"_\" . [/system clock get time] . \"_\" . [/system resource get uptime]) } } on-error={ :log warning \"mkbill stamp\" }";
    world.console("/ip/hotspot/user/profile/set", &[".id=default", &format!("on-login={stamp}")]);
}

/// A session of ten minutes, an hour into an outage of six; answers when it began.
async fn short_session_in_an_outage(world: &World, code: &str) -> jiff::Timestamp {
    world.poll().await;
    world.clock.advance(minutes(60));
    world.log_in(code, 1).unwrap();
    let login = world.now();
    world.clock.advance(minutes(10));
    world.log_out(1);
    world.clock.advance(minutes(290));
    login
}

async fn after_an_outage_a_stamp_tells_the_start_of_an_ended_session(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let code = &world.pushed_codes(1).await[0];
    stamp_first_logins(&world);
    let login = short_session_in_an_outage(&world, code).await;
    world.tick().await;
    let first = started(&world, code).await;
    assert_eq!((first.at, first.evidence), (login, Evidence::Stamp));
}

async fn after_an_outage_the_log_tells_the_start_of_an_ended_session(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let code = &world.pushed_codes(1).await[0];
    let login = short_session_in_an_outage(&world, code).await;
    world.tick().await;
    let first = started(&world, code).await;
    assert_eq!((first.at, first.evidence), (login, Evidence::Log));
}

async fn a_clock_of_1970_is_repaired_by_the_routers_uptime(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let code = &world.pushed_codes(1).await[0];
    stamp_first_logins(&world);
    world.poll().await;
    world.router.reboot();
    let login = short_session_after_power_cut(&world, code);
    world.tick().await;
    let first = started(&world, code).await;
    assert_eq!((first.at, first.evidence), (login, Evidence::StampByUptime));
}

fn short_session_after_power_cut(world: &World, code: &str) -> jiff::Timestamp {
    world.clock.advance(minutes(30));
    world.log_in(code, 1).unwrap();
    let login = world.now();
    world.clock.advance(minutes(10));
    world.log_out(1);
    world.clock.advance(minutes(60));
    login
}

async fn with_nothing_but_a_counter_the_latest_start_is_taken_and_said_to_be_estimated(
    engine: Engine,
) {
    let world = World::new(engine).await.with_known_router().await;
    let code = &world.pushed_codes(1).await[0];
    world.poll().await;
    world.router.reboot();
    let login = short_session_after_power_cut(&world, code);
    world.tick().await;
    let first = started(&world, code).await;
    assert!(first.evidence.is_estimated());
    assert_eq!(first.at, world.now() - minutes(10), "no later start fits the counter");
    assert!(first.earliest <= login && login <= first.latest);
}

async fn a_reset_counter_moves_nothing(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let code = &world.pushed_codes(1).await[0];
    world.log_in(code, 1).unwrap();
    world.clock.advance(minutes(45));
    world.log_out(1);
    world.tick().await;
    let before = world.voucher(code).await.state;
    world.router.router(|router| router.reset_counters(code));
    world.poll().await;
    assert_eq!(world.voucher(code).await.state, before);
}

async fn a_session_lost_in_a_reboot_leaves_the_voucher_unused_and_is_counted(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let code = &world.pushed_codes(1).await[0];
    world.poll().await;
    world.clock.advance(minutes(5));
    world.log_in(code, 1).unwrap();
    world.clock.advance(minutes(5));
    world.router.reboot();
    world.console("/system/identity/set", &["name=rebooted"]);
    let report = world.after(minutes(1)).await;
    let doubtful: usize = report.passes.iter().map(|pass| pass.doubtful).sum();
    assert_eq!((world.state(code).await, doubtful), ("available", 1));
}

async fn a_deleted_user_comes_back_with_what_is_left(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let code = &world.pushed_codes(1).await[0];
    world.log_in(code, 1).unwrap();
    world.clock.advance(minutes(60));
    world.log_out(1);
    world.tick().await;
    let before = started(&world, code).await;
    world.console("/ip/hotspot/user/remove", &[&format!(".id={code}")]);
    world.poll().await;
    assert_eq!(world.shown(code, "limit-uptime").as_deref(), Some("23h"));
    assert_eq!(started(&world, code).await, before);
    assert_eq!(world.state(code).await, "active");
}

async fn the_timelines_of_6_49_and_7_are_the_same(engine: Engine) {
    let mut timelines = Vec::new();
    for routeros in [RouterOs::V6_49, RouterOs::V7_9, RouterOs::V7_18, RouterOs::V7_24] {
        let world = World::with_routeros(engine, routeros).await.with_known_router().await;
        let codes = world.pushed_codes(2).await;
        stamp_first_logins(&world);
        world.log_in(&codes[0], 1).unwrap();
        world.poll().await;
        short_session_in_an_outage(&world, &codes[1]).await;
        world.tick().await;
        let mut timeline = vec![started(&world, &codes[0]).await, started(&world, &codes[1]).await];
        world.after(SignedDuration::from_hours(24)).await;
        for code in &codes {
            assert_eq!((world.state(code).await, world.on_router(code)), ("expired", false));
            timeline.push(started(&world, code).await);
        }
        timelines.push(timeline);
    }
    assert!(timelines.windows(2).all(|pair| pair[0] == pair[1]), "{timelines:#?}");
}

async fn revenue_is_earned_once_on_the_business_day_of_the_first_login(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let codes = world.pushed_codes(3).await;
    // 23:30 in Jakarta, and 00:30 on the next business day: one UTC day.
    world.clock.advance(minutes(210));
    world.log_in(&codes[0], 1).unwrap();
    world.poll().await;
    world.clock.advance(minutes(60));
    world.log_in(&codes[1], 2).unwrap();
    world.poll().await;
    world.poll().await;
    let day = |text: &str| text.parse().unwrap();
    let march = Days { from: day("2026-03-01"), to: day("2026-03-31") };
    let report = world.billing.sales(march, SalesBy::Day).await.unwrap();
    let rows: Vec<_> = report
        .rows
        .iter()
        .map(|row| (row.group.as_str(), row.vouchers, row.revenue.minor()))
        .collect();
    assert_eq!(rows, [("2026-03-01", 1, SELL), ("2026-03-02", 1, SELL)]);
    assert_eq!((report.total.revenue.minor(), report.total.profit.minor()), (2 * SELL, 4_000));
    assert!(world.billing.books().await.unwrap().balanced);
    let made = world.billing.statistics(march, SalesBy::Day).await.unwrap();
    let row = &made[0];
    assert_eq!((made.len(), row.group.as_str()), (1, "2026-03-01"));
    assert_eq!((row.made, row.active, row.available), (3, 2, 1));
    for by in [SalesBy::Plan, SalesBy::Vendor, SalesBy::Batch] {
        let groups = world.billing.statistics(march, by).await.unwrap();
        assert_eq!((groups.len(), groups[0].made), (1, 3), "{by:?}");
    }
}

async fn a_first_login_found_after_the_closing_is_earned_on_the_first_open_day(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let code = &world.pushed_codes(1).await[0];
    // 23:30 in Jakarta; nobody looks until the next business day.
    world.clock.advance(minutes(210));
    world.log_in(code, 1).unwrap();
    let login = world.now();
    world.clock.advance(minutes(300));
    let day = |text: &str| text.parse().unwrap();
    let caller = clerk().because("the month is reported").unwrap();
    world.billing.lock_books(&caller, day("2026-03-01")).await.unwrap();
    world.poll().await;
    let first = started(&world, code).await;
    assert_eq!(first.at, login, "its clock is that of the login all the same");
    let march = Days { from: day("2026-03-01"), to: day("2026-03-31") };
    let report = world.billing.sales(march, SalesBy::Day).await.unwrap();
    let rows: Vec<_> = report.rows.iter().map(|row| (row.group.as_str(), row.vouchers)).collect();
    assert_eq!(rows, [("2026-03-02", 1)]);
    world.poll().await;
    assert!(world.billing.doctor().await.unwrap().healthy());
}
