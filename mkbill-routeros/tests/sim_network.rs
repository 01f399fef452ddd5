//! Interfaces, addresses, pools and queues of the simulated router, without customers.

#![cfg(feature = "sim")]

use jiff::SignedDuration;
use mkbill_routeros::sim::{Mac, Router, RouterOs, Simulator, Traffic};

async fn simulator() -> Simulator {
    playing(RouterOs::V7_18).await
}

async fn playing(routeros: RouterOs) -> Simulator {
    Simulator::builder().routeros(routeros).start().await.expect("the router starts")
}

fn refused(router: &mut Router, path: &str, words: &[&str]) -> String {
    router.run(path, words).expect_err("the router refuses").message
}

fn added(router: &mut Router, path: &str, words: &[&str]) -> String {
    let done = router.run(path, words).unwrap_or_else(|refusal| panic!("{path}: {refusal}"));
    done.ret.expect("an add gives a number")
}

fn value(router: &Router, path: &str, object: &str, name: &str) -> String {
    router.value(path, object, name).unwrap_or_default()
}

#[tokio::test]
async fn every_interface_shows_type_address_and_mtu() {
    simulator().await.router(|router| {
        let rows = router.run("/interface/print", &[]).unwrap().rows;
        assert_eq!(rows.len(), 6);
        for row in rows {
            for name in ["name", "type", "mtu", "mac-address", "running", "last-link-up-time"] {
                assert!(row.iter().any(|(held, _)| held == name), "{name} of {row:?}");
            }
        }
        assert_eq!(value(router, "/interface", "bridge", "type"), "bridge");
        assert_eq!(value(router, "/interface", "ether3", "default-name"), "ether3");
    });
}

#[tokio::test]
async fn interfaces_are_there_and_can_be_neither_added_nor_removed() {
    simulator().await.router(|router| {
        for path in ["/interface/add", "/interface/remove"] {
            assert_eq!(refused(router, path, &["numbers=ether2"]), "no such command");
        }
        router.run("/interface/set", &["numbers=ether2", "name=uplink"]).unwrap();
        assert_eq!(value(router, "/interface", "uplink", "default-name"), "ether2");
    });
}

#[tokio::test]
async fn a_port_that_is_switched_off_and_on_counts_it() {
    simulator().await.router(|router| {
        router.run("/interface/disable", &["numbers=ether2"]).unwrap();
        assert_eq!(value(router, "/interface", "ether2", "running"), "false");
        router.advance(SignedDuration::from_hours(1));
        router.run("/interface/enable", &["numbers=ether2"]).unwrap();
        assert_eq!(value(router, "/interface", "ether2", "running"), "true");
        assert_eq!(value(router, "/interface", "ether2", "link-downs"), "1");
        let down = value(router, "/interface", "ether2", "last-link-down-time");
        assert_eq!(down, "2026-01-01 00:00:00");
        let since = value(router, "/interface", "ether2", "last-link-up-time");
        assert_eq!(since, "2026-01-01 01:00:00");
    });
}

fn counted(router: &Router, interface: &str) -> (String, String) {
    let shown = |name| value(router, "/interface", interface, name);
    (shown("rx-byte"), shown("tx-byte"))
}

#[tokio::test]
async fn counters_of_a_port_move_are_reset_and_are_lost_with_the_power() {
    let zero = || ("0".to_owned(), "0".to_owned());
    simulator().await.router(|router| {
        assert_eq!(counted(router, "ether3"), zero());
        assert!(router.pass_bytes("ether3", 3_000_000_000, 5_000_000_000));
        assert_eq!(
            counted(router, "ether3"),
            ("3000000000".to_owned(), "5000000000".to_owned()),
            "more than 32 bits hold"
        );
        router.run("/interface/reset-counters", &["numbers=ether3"]).unwrap();
        assert!(router.pass_bytes("ether3", 7, 9));
        assert_eq!(counted(router, "ether3"), ("7".to_owned(), "9".to_owned()));
        router.reboot();
        assert_eq!(counted(router, "ether3"), zero());
        assert!(!router.pass_bytes("ether9", 1, 1));
        assert!(!router.reset_interface_counters("ether9"));
    });
}

#[tokio::test]
async fn counters_of_the_uplink_that_were_reset_go_on_with_what_customers_move() {
    simulator().await.router(|router| {
        router.run("/ip/hotspot/user/add", &["name=v1", "password=v1"]).unwrap();
        let mac = Mac::numbered(1);
        router.login("v1", "v1", mac, [10, 5, 50, 7].into()).unwrap();
        router.move_bytes(mac, 100, 1_000);
        assert_eq!(counted(router, "ether1"), ("1000".to_owned(), "100".to_owned()));
        assert!(router.reset_interface_counters("ether1"));
        router.move_bytes(mac, 1, 10);
        assert_eq!(counted(router, "ether1"), ("10".to_owned(), "1".to_owned()));
    });
}

#[tokio::test]
async fn a_port_without_its_cable_is_down_though_it_is_switched_on() {
    simulator().await.router(|router| {
        let running = |router: &Router| value(router, "/interface", "ether2", "running");
        assert!(router.plug_interface("ether2", false));
        router.run("/interface/set", &["numbers=ether2", "comment=roof"]).unwrap();
        assert_eq!(running(router), "false");
        router.reboot();
        assert_eq!(running(router), "false");
        assert!(router.plug_interface("ether2", true));
        assert_eq!(running(router), "true");
        assert_eq!(value(router, "/interface", "ether2", "disabled"), "false");
        assert!(!router.plug_interface("ether9", false));
    });
}

#[tokio::test]
async fn traffic_can_be_monitored_once() {
    simulator().await.router(|router| {
        router.run("/ip/hotspot/user/add", &["name=v1", "password=v1"]).unwrap();
        let mac = Mac::numbered(1);
        router.login("v1", "v1", mac, [10, 5, 50, 7].into()).unwrap();
        router.set_traffic(mac, Traffic { upload_per_second: 100, download_per_second: 1000 });
        let words = ["interface=ether1,bridge,ether4", "once="];
        let rows = router.run("/interface/monitor-traffic", &words).unwrap().rows;
        let seen: Vec<[String; 3]> = rows
            .iter()
            .map(|row| {
                let value = |name: &str| {
                    let found = row.iter().find(|(held, _)| held == name);
                    found.map(|(_, value)| value.clone()).unwrap_or_default()
                };
                ["name", "rx-bits-per-second", "tx-bits-per-second"].map(value)
            })
            .collect();
        let expected = [["ether1", "8000", "800"], ["bridge", "800", "8000"], ["ether4", "0", "0"]];
        assert_eq!(seen, expected);
        let unknown = ["interface=ether9", "once="];
        let message = refused(router, "/interface/monitor-traffic", &unknown);
        assert_eq!(message, "input does not match any value of interface");
    });
}

#[tokio::test]
async fn an_address_knows_its_network_and_comes_once() {
    simulator().await.router(|router| {
        let words = ["address=192.168.88.1/24", "interface=ether2"];
        let id = added(router, "/ip/address/add", &words);
        assert_eq!(value(router, "/ip/address", &id, "network"), "192.168.88.0");
        assert_eq!(value(router, "/ip/address", &id, "actual-interface"), "ether2");
        let again = refused(router, "/ip/address/add", &words);
        assert_eq!(again, "failure: already have such address");
        for query in [format!("?.id={id}"), "?address=192.168.88.1/24".to_owned()] {
            let rows = router.run("/ip/address/print", &[&query]).unwrap().rows;
            assert_eq!(rows.len(), 1, "{query}");
        }
        let number = format!(".id={id}");
        router.run("/ip/address/set", &[&number, "comment=lan"]).unwrap();
        assert_eq!(value(router, "/ip/address", &id, "comment"), "lan");
        router.run("/ip/address/remove", &[&number]).unwrap();
        assert_eq!(refused(router, "/ip/address/remove", &[&number]), "no such item");
    });
}

#[tokio::test]
async fn addresses_are_refused_by_what_is_wrong_with_them() {
    simulator().await.router(|router| {
        for (words, message) in [
            (
                ["address=10.0.0.1/24", "interface=ether9"],
                "input does not match any value of interface",
            ),
            (["address=10.0.0.256/24", "interface=ether2"], "invalid value for argument address"),
            (["comment=nothing", "interface=ether2"], "missing value(s) of argument(s) address"),
        ] {
            assert_eq!(refused(router, "/ip/address/add", &words), message);
        }
    });
}

#[tokio::test]
async fn names_and_entries_that_are_there_already_are_refused_in_the_words_of_their_menus() {
    simulator().await.router(|router| {
        for (path, words, message) in [
            (
                "/ip/pool/add",
                ["name=homes", "ranges=10.0.0.2-10.0.0.9"],
                "failure: pool with such name exists",
            ),
            (
                "/queue/simple/add",
                ["name=q1", "target=10.0.0.2"],
                "failure: already have such name",
            ),
            ("/ip/dns/static/add", ["name=portal.lan", "address=10.0.0.1"], "entry already exists"),
            (
                "/ip/firewall/address-list/add",
                ["list=isolir", "address=10.0.0.2"],
                "failure: already have such entry",
            ),
        ] {
            added(router, path, &words);
            assert_eq!(refused(router, path, &words), message, "{path}");
        }
        added(router, "/ip/firewall/address-list/add", &["list=paid", "address=10.0.0.2"]);
        added(router, "/ip/dns/static/add", &["name=portal.lan", "address=10.0.0.2"]);
    });
}

#[tokio::test]
async fn a_name_of_the_resolver_keeps_its_kind_and_time_to_live() {
    simulator().await.router(|router| {
        let words = ["type=A", "name=example.com", "ttl=30", "address=1.0.0.0"];
        let id = added(router, "/ip/dns/static/add", &words);
        assert_eq!(value(router, "/ip/dns/static", &id, "ttl"), "30s");
        assert_eq!(refused(router, "/ip/dns/static/add", &words), "entry already exists");
    });
}

#[tokio::test]
async fn a_pool_takes_ranges_and_networks_and_refuses_half_a_range() {
    simulator().await.router(|router| {
        let words = ["name=a", "ranges=10.0.0.2-10.0.0.9,10.0.1.0/24"];
        let id = added(router, "/ip/pool/add", &words);
        let ranges = value(router, "/ip/pool", &id, "ranges");
        assert_eq!(ranges, "10.0.0.2-10.0.0.9,10.0.1.0-10.0.1.255");
        let half = refused(router, "/ip/pool/add", &["name=b", "ranges=10.0.0.2-last"]);
        assert_eq!(half, "value of range must have ip address after '-'");
        let none = refused(router, "/ip/pool/add", &["name=b"]);
        assert_eq!(none, "missing value(s) of argument(s) ranges");
        let next = refused(router, "/ip/pool/set", &["numbers=a", "next-pool=c"]);
        assert_eq!(next, "input does not match any value of next-pool");
    });
}

#[tokio::test]
async fn comments_of_pools_and_buckets_of_queues_came_with_version_7() {
    for (routeros, knows) in [(RouterOs::V6_49, false), (RouterOs::V7_18, true)] {
        playing(routeros).await.router(|router| {
            let pool = ["name=a", "ranges=10.0.0.2", "comment=homes"];
            assert_eq!(router.run("/ip/pool/add", &pool).is_ok(), knows, "{routeros}");
            let queue = ["name=q1", "target=10.0.0.2", "bucket-size=0.2/0.2"];
            assert_eq!(router.run("/queue/simple/add", &queue).is_ok(), knows, "{routeros}");
        });
    }
}

#[tokio::test]
async fn a_queue_prints_its_pairs_as_plain_numbers() {
    simulator().await.router(|router| {
        let words =
            ["name=q1", "target=10.0.0.2/32", "max-limit=5M/10M", "burst-time=8s", "priority=3"];
        let id = added(router, "/queue/simple/add", &words);
        for (name, shown) in [
            ("max-limit", "5000000/10000000"),
            ("burst-time", "8s/8s"),
            ("priority", "3/3"),
            ("limit-at", "0/0"),
            ("queue", "default-small/default-small"),
            ("bytes", "0/0"),
            ("dynamic", "false"),
        ] {
            assert_eq!(value(router, "/queue/simple", &id, name), shown, "{name}");
        }
        for (words, message) in [
            (["numbers=q1", "max-limit=fast"], "invalid value for argument max-limit"),
            (["numbers=q1", "priority=9"], "invalid value for argument priority"),
            (["numbers=q1", "parent=none2"], "input does not match any value of parent"),
        ] {
            assert_eq!(refused(router, "/queue/simple/set", &words), message);
        }
    });
}
