//! Interfaces, pools and queues.

use jiff::SignedDuration;
use mkbill_routeros::{
    command::{
        Settings, Switch,
        network::{Interface, InterfaceSettings, Pool, PoolSettings, Traffic, traffic_once},
        queue::{SimpleQueue, SimpleQueueSettings},
    },
    error::ErrorKind,
    sim::RouterOs,
    value::{BitRate, Directions},
};

use crate::support::Bench;

#[tokio::test]
async fn a_port_is_renamed_and_switched_and_keeps_what_the_factory_gave_it() {
    for routeros in RouterOs::ALL {
        let bench = Bench::of(routeros).await;
        let port = bench.row::<Interface>("name", "ether2").await;
        assert_eq!((port.kind.as_deref(), port.dynamic), (Some("ether"), false), "{routeros}");
        assert!(port.mac_address.is_some() && port.running && port.last_link_up.is_some());
        let change = InterfaceSettings {
            name: Some("to-roof".to_owned()),
            mtu: Some("1400".to_owned()),
            comment: Some(b"Caf\xE9".to_vec()),
            switch: Some(Switch::Disabled),
        };
        let off = bench.changed(&port.id, &change).await;
        assert_eq!((off.name.as_str(), off.default_name), ("to-roof", Some("ether2".to_owned())));
        assert_eq!((off.mtu, off.comment), (Some("1400".to_owned()), b"Caf\xE9".to_vec()));
        assert!(off.disabled && !off.running, "{routeros}");
        assert_eq!(off.link_downs, Some(1));
        let on = InterfaceSettings { switch: Some(Switch::Enabled), ..<_>::default() };
        assert!(bench.changed(&port.id, &on).await.running);
        assert_eq!(bench.refused(change.add(&bench.can)).await, ErrorKind::BadRequest);
    }
}

#[tokio::test]
async fn the_traffic_of_a_quiet_port_is_nothing_and_that_of_none_is_refused() {
    for routeros in RouterOs::ALL {
        let bench = Bench::of(routeros).await;
        let answer = bench.run(traffic_once("ether1,bridge")).await;
        let traffic: Vec<Traffic> = answer.records().unwrap();
        let names: Vec<_> = traffic.iter().filter_map(|row| row.name.as_deref()).collect();
        assert_eq!(names, ["ether1", "bridge"], "{routeros}");
        assert!(traffic.iter().all(|row| row.received == BitRate(0) && row.packets_sent == 0));
        let refused = bench.refused(traffic_once("ether9")).await;
        assert_eq!(refused, ErrorKind::BadReference { field: "interface".to_owned() });
    }
}

#[tokio::test]
async fn a_pool_comes_back_as_it_was_written() {
    for routeros in RouterOs::ALL {
        let bench = Bench::of(routeros).await;
        let spare = PoolSettings {
            name: Some("spare".to_owned()),
            ranges: Some(vec!["10.98.0.0/24".to_owned()]),
            ..PoolSettings::default()
        };
        bench.added(&spare).await;
        let ranges = vec!["10.99.0.2-10.99.0.9".to_owned(), "10.99.1.5".to_owned()];
        let settings = PoolSettings {
            name: Some("homes".to_owned()),
            ranges: Some(ranges.clone()),
            next_pool: Some("spare".to_owned()),
            comment: Some(b"mkb".to_vec()),
        };
        let pool = bench.added(&settings).await;
        assert_eq!((pool.ranges, pool.next_pool.as_deref()), (ranges, Some("spare")), "{routeros}");
        let comment: &[u8] = if bench.can.pool_comments { b"mkb" } else { b"" };
        assert_eq!(pool.comment, comment);
        assert_eq!(bench.refused(settings.add(&bench.can)).await, ErrorKind::Duplicate);
        let without =
            PoolSettings { next_pool: Some("none".to_owned()), ..PoolSettings::default() };
        assert_eq!(bench.changed(&pool.id, &without).await.next_pool, None);
        let lost = PoolSettings { next_pool: Some("lost".to_owned()), ..PoolSettings::default() };
        let refused = bench.refused(lost.set(&pool.id, &bench.can)).await;
        assert_eq!(refused, ErrorKind::BadReference { field: "next-pool".to_owned() });
        bench.removed::<Pool>(&pool.id).await;
    }
}

fn megabits(upload: u64, download: u64) -> Directions<BitRate> {
    Directions::new(BitRate(upload * 1_000_000), BitRate(download * 1_000_000))
}

#[tokio::test]
async fn a_queue_comes_back_as_it_was_written() {
    for routeros in RouterOs::ALL {
        let bench = Bench::of(routeros).await;
        let above = SimpleQueueSettings {
            name: Some("house".to_owned()),
            target: Some(vec!["10.99.0.0/24".to_owned()]),
            ..SimpleQueueSettings::default()
        };
        bench.added(&above).await;
        let settings = SimpleQueueSettings {
            name: Some("amina".to_owned()),
            target: Some(vec!["10.99.0.2/32".to_owned(), "10.99.0.3/32".to_owned()]),
            destination: Some("192.0.2.0/24".to_owned()),
            parent: Some("house".to_owned()),
            packet_marks: Some(vec!["a".to_owned(), "b".to_owned()]),
            max_limit: Some(megabits(5, 10)),
            limit_at: Some(megabits(1, 2)),
            burst_limit: Some(megabits(8, 16)),
            burst_threshold: Some(megabits(4, 8)),
            burst_time: Some(Directions::new(
                SignedDuration::from_secs(90),
                SignedDuration::from_secs(8),
            )),
            bucket_size: Some(Directions::new("0.2".to_owned(), "0.3".to_owned())),
            priority: Some(Directions::new(5, 6)),
            queue: Some(Directions::new("default".to_owned(), "default-small".to_owned())),
            time: None,
            comment: Some(b"mkb=1".to_vec()),
            switch: Some(Switch::Enabled),
        };
        let queue = bench.added(&settings).await;
        assert_eq!(Some(&queue.target), settings.target.as_ref(), "{routeros}");
        assert_eq!((&queue.destination, &queue.parent), (&settings.destination, &settings.parent));
        assert_eq!(Some(&queue.packet_marks), settings.packet_marks.as_ref());
        let rates = |queue: &SimpleQueue| (queue.max_limit, queue.limit_at);
        assert_eq!(rates(&queue), (settings.max_limit, settings.limit_at));
        let bursts = (queue.burst_limit, queue.burst_threshold, queue.burst_time);
        let written = (settings.burst_limit, settings.burst_threshold, settings.burst_time);
        assert_eq!(bursts, written);
        assert_eq!((queue.priority, &queue.queue), (settings.priority, &settings.queue));
        let bucket = settings.bucket_size.clone().filter(|_| bench.can.queue_buckets);
        assert_eq!(queue.bucket_size, bucket, "{routeros}");
        assert_eq!(queue.bytes, Some(Directions::new(0, 0)));
        assert_eq!(queue.rate, Some(Directions::new(BitRate(0), BitRate(0))));
        assert!(!queue.dynamic && !queue.invalid && !queue.disabled);
        assert_eq!(bench.refused(settings.add(&bench.can)).await, ErrorKind::Duplicate);
        let change = SimpleQueueSettings {
            max_limit: Some(megabits(0, 0)),
            parent: Some("none".to_owned()),
            switch: Some(Switch::Disabled),
            ..SimpleQueueSettings::default()
        };
        let changed = bench.changed(&queue.id, &change).await;
        assert_eq!((rates(&changed).0, changed.parent), (Some(megabits(0, 0)), None));
        assert!(changed.disabled);
        bench.removed::<SimpleQueue>(&queue.id).await;
    }
}
