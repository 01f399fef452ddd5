//! What moves through routers, how they fared, and what their licences leave, for clients.

use jiff::SignedDuration;
use mkbill_routeros::sim::License;
use serde_json::{Value, json};

use super::support::TestApp;

const ROUTER: &str = "/api/v1/routers/rt-05";
const POLL: SignedDuration = SignedDuration::from_secs(30);

#[tokio::test]
async fn interfaces_are_listed_with_what_moved_and_found_by_odd_names() {
    let (app, simulator) = TestApp::new().await.with_router().await;
    let rename = ["numbers=ether1", "name=ether1/uplink"];
    simulator.router(|router| router.run("/interface/set", &rename).map(drop)).unwrap();
    app.work().await;
    assert!(simulator.router(|router| router.pass_bytes("ether1/uplink", 30_000, 3_000)));
    app.after(POLL).await;
    let listed = app.get(&format!("{ROUTER}/interfaces")).await.ok(200);
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items.len(), 6);
    let uplink = items.iter().find(|one| one["name"] == "ether1/uplink").unwrap();
    assert_eq!((&uplink["kind"], &uplink["running"]), (&json!("ether"), &json!(true)));
    assert_eq!((&uplink["rx_bytes"], &uplink["tx_bytes"]), (&json!(30_000), &json!(3_000)));
    assert_eq!(uplink["rx_bits_per_second"], 8_000);
    assert_eq!((&uplink["down_since"], &uplink["disabled"]), (&Value::Null, &json!(false)));
    let usage = format!("{ROUTER}/interfaces/ether1%2Fuplink/usage");
    let day = json!({ "day": "2026-03-02", "rx_bytes": 30_000, "tx_bytes": 3_000 });
    assert_eq!(app.get(&usage).await.ok(200)["items"], json!([day]));
    let before = app.get(&format!("{usage}?from=2026-02-01&to=2026-03-01")).await.ok(200);
    assert_eq!(before["items"], json!([]));
    app.get(&format!("{ROUTER}/interfaces/ether9/usage")).await.problem(404, "not_found");
    app.get(&format!("{ROUTER}/interfaces/ether1/uplink/usage")).await.problem(404, "unknown_path");
    app.get(&format!("{usage}?from=soon")).await.problem(400, "malformed_query");
    app.get("/api/v1/routers/nowhere/interfaces").await.problem(404, "not_found");
}

#[tokio::test]
async fn how_a_router_fared_is_shown_for_a_day_or_a_span_of_choice() {
    let (app, _simulator) = TestApp::new().await.with_router().await;
    app.work().await;
    let first = app.now();
    for _ in 0..12 {
        app.after(POLL).await;
    }
    let path = format!("{ROUTER}/vitals");
    let samples = app.get(&path).await.ok(200);
    let items = samples["items"].as_array().unwrap();
    assert_eq!(items.len(), 2, "{samples}");
    assert_eq!((&items[0]["cpu_load"], &items[0]["hotspot_sessions"]), (&json!(3), &json!(0)));
    let span = |from: &str, to: &str| format!("{path}?from={from}&to={to}");
    let at = first.to_string();
    let one = app.get(&span(&at, &at)).await.ok(200);
    assert_eq!(one["items"].as_array().unwrap().len(), 1);
    for (from, to) in [(at.as_str(), "2026-01-01T00:00:00Z"), ("2026-01-01T00:00:00Z", &at)] {
        let problem = app.get(&span(from, to)).await.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], "from");
    }
    app.get(&format!("{path}?from=yesterday")).await.problem(400, "malformed_query");
    app.get("/api/v1/routers/nowhere/vitals").await.problem(404, "not_found");
}

#[tokio::test]
async fn sessions_are_shown_with_what_the_licence_allows() {
    let (app, simulator) = TestApp::new().await.with_router().await;
    app.work().await;
    let vitals = async || app.get(ROUTER).await.ok(200)["vitals"].clone();
    let free = vitals().await;
    assert_eq!(
        (&free["hotspot_sessions"], &free["hotspot_sessions_max"]),
        (&json!(0), &json!(null))
    );
    assert_eq!(free["license_used_percent"], Value::Null);
    simulator.router(|router| router.set_license(License::L4));
    app.after(POLL).await;
    let limited = vitals().await;
    assert_eq!((&limited["license"], &limited["pppoe_sessions_max"]), (&json!("L4"), &json!(200)));
    assert_eq!(
        (&limited["pppoe_sessions"], &limited["license_used_percent"]),
        (&json!(0), &json!(0))
    );
}
