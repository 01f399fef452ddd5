//! The guides, followed word for word.

use mkbill_routeros::sim::Simulator;
use serde_json::Value;

use crate::shop::{PROGRAM, Shop, words};

/// The commands of a guide, in their order.
fn commands_of(guide: &str) -> impl Iterator<Item = &str> {
    let in_blocks = guide.split("```").skip(1).step_by(2);
    let lines = in_blocks.filter_map(|block| block.strip_prefix("sh\n")).flat_map(str::lines);
    lines.filter(|line| line.starts_with("mkbill "))
}

/// Does what a guide says, word for word, and puts what was printed in the place of its stand-ins.
#[track_caller]
fn follow(shop: &Shop, guide: &str) {
    let mut known: Vec<(&str, String)> = Vec::new();
    for line in commands_of(guide) {
        let typed =
            known.iter().fold(line.to_owned(), |line, (name, value)| line.replace(name, value));
        let typed = typed.replacen("mkbill", PROGRAM, 1);
        let output = shop.shell(&format!("{typed} --json")).output().unwrap();
        assert!(output.status.success(), "{line}: {output:?}");
        let Ok(told) = serde_json::from_slice::<Value>(&output.stdout) else { continue };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let found = match line.split(' ').nth(1) {
            _ if told["asked_by"].is_string() => [("OPERATION", text(&told["id"])), ("", None)],
            Some("customer") => [("CUSTOMER", text(&told["id"])), ("", None)],
            Some("subscription") => {
                let invoice = text(&told["open_invoices"][0]["number"]);
                [("SUBSCRIPTION", text(&told["id"])), ("INVOICE", invoice)]
            }
            Some("webhook") if told["webhook_id"].is_string() => {
                [("DELIVERY", text(&told["id"])), ("", None)]
            }
            Some("webhook") => [("WEBHOOK", text(&told["id"])), ("", None)],
            _ => continue,
        };
        known.extend(found.into_iter().filter_map(|(name, value)| Some((name, value?))));
    }
}

#[test]
fn the_guide_to_subscriptions_can_be_followed_word_for_word() {
    let shop = Shop::empty();
    follow(&shop, include_str!("../../../docs/guide/subscriptions.md"));
    assert_eq!(shop.json(&["doctor"])["healthy"], true);
}

#[test]
fn the_guide_to_lists_can_be_followed_word_for_word() {
    let shop = Shop::empty();
    follow(&shop, include_str!("../../../docs/guide/lists.md"));
}

#[test]
fn the_guide_to_the_test_clock_can_be_followed_word_for_word() {
    let shop = Shop::empty();
    follow(&shop, include_str!("../../../docs/guide/test-clock.md"));
    let clock = shop.json(&["clock", "show"]);
    assert_eq!((&clock["mode"], &clock["today"]), (&"test".into(), &"2026-03-15".into()));
    shop.complaint(&words("clock start --at 2026-01-01"), "clock_started");
    shop.complaint(&words("clock advance --to 2026-01-01"), "clock_past");
}

/// A router `rt-05` with profiles for homes and a secret of somebody else.
async fn router_of_a_village() -> Simulator {
    let simulator = Simulator::builder().username("mkbill").password("correct horse").start();
    let simulator = simulator.await.unwrap();
    let prepared = [
        ("/ip/pool/add", vec!["name=homes", "ranges=10.30.0.2-10.30.0.250"]),
        ("/ppp/profile/add", vec!["name=home-10m", "remote-address=homes"]),
        ("/ppp/profile/add", vec!["name=isolir", "remote-address=homes"]),
        ("/ppp/secret/add", vec!["name=lama", "password=modem-9", "profile=home-10m"]),
    ];
    for (path, words) in prepared {
        simulator.router(|router| router.run(path, &words).map(drop)).unwrap();
    }
    simulator
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guide_to_the_network_can_be_followed_word_for_word() {
    let simulator = router_of_a_village().await;
    let port = simulator.addr().port();
    let followed = tokio::task::spawn_blocking(move || {
        let shop = Shop::open().with_router(port);
        follow(&shop, include_str!("../../../docs/guide/network.md"));
        assert_eq!(shop.json(&["doctor"])["healthy"], true);
    });
    followed.await.unwrap();
    let shown = |name: &str, field: &str| {
        simulator.router(|router| router.value("/ppp/secret", name, field))
    };
    assert_eq!(shown("budi", "profile").as_deref(), Some("home-10m"));
    assert_eq!(shown("rt05-0001", "name"), None, "the subscription has another login");
    assert_eq!(shown("lama", "password").as_deref(), Some("modem-9"));
    assert!(shown("lama", "comment").unwrap().starts_with("PPPOE_SYSTEM|"));
}

#[test]
fn the_guide_to_customers_can_be_followed_word_for_word() {
    let shop = Shop::empty();
    let csv = "name;whatsapp\nAni;0812 0000 0001\n";
    std::fs::write(shop.path().join("customers.csv"), csv).unwrap();
    follow(&shop, include_str!("../../../docs/guide/customers.md"));
}

#[test]
fn the_guide_to_webhooks_can_be_followed_word_for_word() {
    let shop = Shop::empty();
    follow(&shop, include_str!("../../../docs/guide/webhooks.md"));
    assert_eq!(shop.json(&["doctor"])["healthy"], true);
    assert_eq!(shop.json(&words("webhook list"))["items"], serde_json::json!([]));
}

#[test]
fn the_guide_to_operations_can_be_followed_word_for_word() {
    let shop = Shop::empty();
    let csv = "name;whatsapp\nAni;0812 0000 0001\nBudi;12\n";
    std::fs::write(shop.path().join("customers.csv"), csv).unwrap();
    follow(&shop, include_str!("../../../docs/guide/operations.md"));
    let wrong = shop.json(&words("customer import customers.csv --later"));
    shop.json(&words(&format!("operation cancel {}", wrong["id"].as_str().unwrap())));
    let listed = shop.json(&words("operation list"));
    let [second, first] = [&listed["items"][0], &listed["items"][1]];
    assert_eq!((&first["state"], &second["state"]), (&"succeeded".into(), &"cancelled".into()));
    let lines = &first["result"]["lines"];
    assert_eq!((&lines["imported"], &lines["failed"]), (&1.into(), &1.into()));
    let over = format!("operation cancel {}", first["id"].as_str().unwrap());
    shop.complaint(&words(&over), "operation_over");
    let watched = shop.run(&words(&format!("operation watch {}", second["id"].as_str().unwrap())));
    assert_eq!(watched.status.code(), Some(1), "it did not succeed: {watched:?}");
    assert!(String::from_utf8_lossy(&watched.stdout).contains("cancelled"), "{watched:?}");
    shop.complaint(&words("operation show 01890000-0000-7000-8000-000000000000"), "not_found");
}

#[test]
fn the_guide_to_settings_can_be_followed_word_for_word() {
    let shop = Shop::empty();
    follow(&shop, include_str!("../../../docs/guide/settings.md"));
    let shown = shop.json(&words("settings show"));
    assert_eq!((&shown["name"], &shown["language"]), (&"RT Net Sejahtera".into(), &"id".into()));
    assert_eq!((&shown["phone"], &shown["high_debt"]), (&Value::Null, &Value::Null));
    shop.complaint(&words("settings set"), "invalid");
    shop.complaint(&["settings", "set", "--name", " "], "invalid");
    shop.complaint(&words("settings set --language fr"), "usage");
    shop.complaint(&words("settings set --name x --unset name"), "invalid");
}

#[test]
fn the_guide_to_staff_can_be_followed_word_for_word() {
    let shop = Shop::empty();
    follow(&shop, include_str!("../../../docs/guide/staff.md"));
    let gone = shop.json(&words("staff list"));
    assert_eq!(gone["items"][0]["username"], "sri");
    assert_eq!(gone["items"].as_array().unwrap().len(), 1);
    shop.complaint(&words("staff remove sri"), "last_super_admin");
    shop.complaint(&words("staff add sri Sri --role operator"), "conflict");
    shop.complaint(&words("apikey create all --scope all"), "invalid");
}
