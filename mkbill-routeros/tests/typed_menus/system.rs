//! The router itself.

use jiff::civil::datetime;
use mkbill_routeros::{
    command::{
        Command,
        system::{
            Identity, License, LogEntry, Resource, RouterClock, Routerboard, reboot, set_clock,
            set_identity, set_time_zone,
        },
    },
    error::ErrorKind,
    sim::RouterOs,
    value::date,
};

use crate::support::Bench;

#[tokio::test]
async fn a_router_tells_what_it_is_and_how_it_fares() {
    for routeros in RouterOs::ALL {
        let bench = Bench::of(routeros).await;
        let resource = bench.rows::<Resource>().await.remove(0);
        assert_eq!(resource.version, routeros.version());
        assert_eq!(resource.platform.as_deref(), Some("MikroTik"));
        assert!(resource.free_memory < resource.total_memory);
        assert!(resource.free_storage < resource.total_storage);
        assert!(resource.cpu_load_percent.is_some_and(|load| load <= 100));
        let board = bench.rows::<Routerboard>().await.remove(0);
        assert!(board.is_routerboard && board.serial_number.is_some(), "{routeros}");
        assert_eq!(board.current_firmware, board.upgrade_firmware);
        let license = bench.rows::<License>().await.remove(0);
        assert_eq!(license.level, Some(6), "{routeros}");
        assert!(license.software_id.is_some() && license.cloud_level.is_none());
        let change = Command::new("/system/license/set").with("nlevel", "4");
        assert_eq!(bench.refused(change).await, ErrorKind::BadRequest);
    }
}

#[tokio::test]
async fn services_and_exports_have_what_the_capabilities_of_the_release_say() {
    for routeros in RouterOs::ALL {
        let bench = Bench::of(routeros).await;
        let print = Command::new("/ip/service/print").where_is("name", "api");
        let services = bench.run(print).await.rows;
        assert_eq!(services[0].get("max-sessions").is_some(), bench.can.max_sessions, "{routeros}");
        let masked = bench.client.run(Command::new("/ppp/secret/print").with("show-sensitive", ""));
        assert_eq!(masked.await.is_ok(), bench.can.masked_secrets, "{routeros}");
        let empty = Command::new("/export").with("file", "a").with("show-sensitive", "");
        let told = bench.client.run(empty).await.is_ok();
        assert_eq!(told, bench.can.exports_without_secrets, "{routeros}");
    }
}

#[tokio::test]
async fn name_zone_and_clock_are_set_in_the_words_of_the_release() {
    for routeros in RouterOs::ALL {
        let bench = Bench::of(routeros).await;
        bench.run(set_identity("Warung Café")).await;
        assert_eq!(bench.rows::<Identity>().await.remove(0).name, "Warung Café");
        bench.run(set_time_zone("Asia/Jakarta")).await;
        let local = datetime(2026, 2, 3, 7, 5, 0, 0);
        bench.run(set_clock(local, &bench.can)).await;
        let clock = bench.rows::<RouterClock>().await.remove(0);
        assert_eq!(clock.time_zone.as_deref(), Some("Asia/Jakarta"), "{routeros}");
        assert_eq!(clock.local, local, "{routeros}");
        assert!(bench.client.run(set_time_zone("Asia/Nowhere")).await.is_err());
    }
}

#[tokio::test]
async fn the_log_tells_who_signed_in_at_a_time_that_can_be_read() {
    for routeros in RouterOs::ALL {
        let bench = Bench::of(routeros).await;
        let now = bench.rows::<RouterClock>().await.remove(0).local;
        let log = bench.rows::<LogEntry>().await;
        let entry = log.iter().find(|entry| entry.message.contains("admin logged in")).unwrap();
        assert!(entry.topics.iter().any(|topic| topic == "account"), "{entry:?} of {routeros}");
        assert!(date::parse_log_time(&entry.time, now).unwrap() <= now, "{routeros}");
    }
}

#[tokio::test]
async fn a_reboot_ends_the_connection_and_that_is_its_success() {
    for routeros in RouterOs::ALL {
        let bench = Bench::of(routeros).await;
        bench.run(reboot()).await;
        assert!(bench.client.run(Command::new("/log/print")).await.is_err(), "{routeros}");
    }
}
