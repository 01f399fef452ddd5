//! Secrets, profiles and lines of PPP customers, and what comes with a line.

use jiff::SignedDuration;
use mkbill_routeros::{
    command::{
        Choice, Settings, Switch,
        network::{Interface, PoolSettings, Traffic, UsedAddress, traffic_once},
        ppp::{Active, Profile, ProfileSettings, Secret, SecretSettings, Service},
        queue::SimpleQueue,
        remove,
    },
    error::ErrorKind,
    sim::{Dial, RouterOs, Service as Tunnel, Traffic as Flow},
    value::{BitRate, Directions},
};

use crate::support::Bench;

const MODEM: &str = "02:00:00:00:00:07";

fn plan() -> ProfileSettings {
    ProfileSettings {
        name: Some("10M".to_owned()),
        local_address: Some("10.99.0.1".to_owned()),
        remote_address: Some("homes".to_owned()),
        rate_limit: Some("5M/10M".to_owned()),
        only_one: Some(Choice::Yes),
        session_timeout: Some(SignedDuration::from_hours(24)),
        idle_timeout: Some(None),
        address_list: Some("paid".to_owned()),
        dns_server: Some("192.0.2.53".to_owned()),
        use_compression: Some(Choice::No),
        use_encryption: Some(Choice::Required),
        change_tcp_mss: Some(Choice::Yes),
        on_up: Some(b":put 1".to_vec()),
        ..ProfileSettings::default()
    }
}

fn secret() -> SecretSettings {
    SecretSettings {
        name: Some("amina".to_owned()),
        password: Some("s3cret".to_owned().into()),
        service: Some(Service::Pppoe),
        profile: Some("10M".to_owned()),
        caller_id: Some(MODEM.to_owned()),
        limit_bytes_in: Some(5 << 30),
        limit_bytes_out: Some(0),
        routes: Some("192.0.2.64/28".to_owned()),
        comment: Some(b"Caf\xE9".to_vec()),
        ..SecretSettings::default()
    }
}

/// A router with a pool, a plan and a customer.
async fn bench(routeros: RouterOs) -> (Bench, Profile, Secret) {
    let bench = Bench::of(routeros).await;
    let ranges = Some(vec!["10.99.0.2-10.99.0.9".to_owned()]);
    bench.added(&PoolSettings { name: Some("homes".to_owned()), ranges, ..<_>::default() }).await;
    let profile = bench.added(&plan()).await;
    let secret = bench.added(&secret()).await;
    (bench, profile, secret)
}

fn dial() -> Dial {
    Dial {
        name: "amina".to_owned(),
        password: "s3cret".to_owned(),
        caller_id: MODEM.to_owned(),
        service: Tunnel::Pppoe,
    }
}

#[tokio::test]
async fn a_profile_comes_back_as_it_was_written() {
    for routeros in RouterOs::ALL {
        let (bench, profile, _) = bench(routeros).await;
        let written = plan();
        assert_eq!(profile.local_address, written.local_address, "{routeros}");
        assert_eq!(profile.remote_address, written.remote_address);
        assert_eq!((profile.rate_limit, profile.only_one), (written.rate_limit, Choice::Yes));
        assert_eq!(
            (profile.session_timeout, profile.idle_timeout),
            (written.session_timeout, None)
        );
        assert_eq!(
            (profile.address_list, profile.dns_server),
            (Some("paid".to_owned()), Some("192.0.2.53".to_owned()))
        );
        assert_eq!(profile.use_compression, Choice::No);
        assert_eq!(profile.use_encryption, Choice::Required);
        assert_eq!((profile.change_tcp_mss, profile.on_up), (Choice::Yes, b":put 1".to_vec()));
        assert!(!profile.is_builtin);
        let (idle_timeout, only_one) = (Some(Some(SignedDuration::from_mins(2))), None);
        let rate_limit = Some(String::new());
        let change = ProfileSettings { idle_timeout, only_one, rate_limit, ..<_>::default() };
        let changed = bench.changed(&profile.id, &change).await;
        assert_eq!(changed.idle_timeout, Some(SignedDuration::from_mins(2)), "{routeros}");
        assert_eq!((changed.rate_limit, changed.only_one), (None, Choice::Yes));
        assert_eq!(bench.refused(plan().add(&bench.can)).await, ErrorKind::Duplicate);
        for name in ["default", "default-encryption"] {
            let builtin = bench.row::<Profile>("name", name).await;
            assert!(builtin.is_builtin, "{name} of {routeros}");
            bench.refused(remove::<Profile>(&[builtin.id])).await;
        }
    }
}

#[tokio::test]
async fn a_secret_comes_back_as_it_was_written() {
    for routeros in RouterOs::ALL {
        let (bench, _, held) = bench(routeros).await;
        assert_eq!((held.service, held.profile.as_deref()), (Service::Pppoe, Some("10M")));
        assert_eq!((held.caller_id.as_deref(), held.routes), (Some(MODEM), secret().routes));
        assert_eq!((held.limit_bytes_in, held.limit_bytes_out), (Some(5 << 30), None));
        assert_eq!(Some(held.comment), secret().comment, "{routeros}");
        assert_eq!((held.last_logged_out, held.last_disconnect_reason), (None, None));
        let change = SecretSettings {
            service: Some(Service::Any),
            remote_address: Some("10.99.0.77".to_owned()),
            remote_ipv6_prefix: Some("2001:db8::/56".to_owned()),
            switch: Some(Switch::Disabled),
            ..SecretSettings::default()
        };
        let changed = bench.changed(&held.id, &change).await;
        assert_eq!((changed.service, changed.disabled), (Service::Any, true), "{routeros}");
        assert_eq!(changed.remote_address, change.remote_address);
        assert_eq!(changed.remote_ipv6_prefix, change.remote_ipv6_prefix);
        assert_eq!(bench.refused(secret().add(&bench.can)).await, ErrorKind::Duplicate);
        let lost = SecretSettings { profile: Some("lost".to_owned()), ..SecretSettings::default() };
        let refused = bench.refused(lost.set(&held.id, &bench.can)).await;
        assert_eq!(refused, ErrorKind::BadReference { field: "profile".to_owned() });
        bench.removed::<Secret>(&held.id).await;
    }
}

#[tokio::test]
async fn ipv6_networks_behind_a_customer_are_refused_by_version_6() {
    for routeros in RouterOs::ALL {
        let (bench, _, held) = bench(routeros).await;
        let ipv6_routes = Some("2001:db8:1::/48".to_owned());
        let change = SecretSettings { ipv6_routes, ..SecretSettings::default() };
        let answer = bench.client.run(change.set(&held.id, &bench.can)).await;
        let kind = answer.err().map(|error| error.kind());
        let is_six = routeros.version().major == 6;
        assert_eq!(kind, is_six.then_some(ErrorKind::BadRequest), "{routeros}");
        let held = bench.row::<Secret>("name", "amina").await.ipv6_routes;
        assert_eq!(held, change.ipv6_routes.filter(|_| !is_six), "{routeros}");
    }
}

#[tokio::test]
async fn a_line_is_seen_in_every_table_and_gone_from_all_when_it_is_removed() {
    for routeros in RouterOs::ALL {
        let (bench, ..) = bench(routeros).await;
        bench.simulator.router(|router| {
            router.ppp_connect(&dial()).unwrap();
            let flow = Flow { upload_per_second: 1_000, download_per_second: 5_000 };
            router.ppp_set_traffic("amina", flow);
            router.advance(SignedDuration::from_mins(5));
        });
        let active = bench.row::<Active>("name", "amina").await;
        assert_eq!(
            (active.uptime.as_secs(), active.service),
            (300, Some("pppoe".to_owned())),
            "{routeros}"
        );
        assert_eq!((active.caller_id.as_deref(), active.radius), (Some(MODEM), false));
        assert_eq!((active.limit_bytes_in, active.limit_bytes_out), (Some(5 << 30), None));
        assert_eq!(Some(active.comment), secret().comment);
        assert!(active.session_id.is_some_and(|id| id.starts_with("0x")));
        let interface = bench.row::<Interface>("name", "<pppoe-amina>").await;
        assert_eq!((interface.rx_bytes, interface.tx_bytes), (300_000, 1_500_000), "{routeros}");
        assert!(interface.dynamic && interface.running && interface.mac_address.is_none());
        let answer = bench.run(traffic_once("<pppoe-amina>")).await;
        let [now] = <[Traffic; 1]>::try_from(answer.records().unwrap()).unwrap();
        assert_eq!((now.received, now.sent), (BitRate(8_000), BitRate(40_000)));
        let queue = bench.row::<SimpleQueue>("name", "<pppoe-amina>").await;
        let limit = Directions::new(BitRate(5_000_000), BitRate(10_000_000));
        assert_eq!((queue.max_limit, queue.dynamic), (Some(limit), true));
        assert_eq!(queue.bytes, Some(Directions::new(300_000, 1_500_000)), "{routeros}");
        let used = bench.rows::<UsedAddress>().await.remove(0);
        assert_eq!((used.pool, Some(used.address)), ("homes".to_owned(), active.address));

        bench.removed::<Active>(&active.id).await;
        assert!(bench.rows::<UsedAddress>().await.is_empty());
        assert!(bench.rows::<SimpleQueue>().await.is_empty());
        let secret = bench.row::<Secret>("name", "amina").await;
        assert!(secret.last_logged_out.is_some(), "{routeros}");
        let told = (secret.last_caller_id.is_some(), secret.last_disconnect_reason.is_some());
        assert_eq!(told, (bench.can.last_ppp_caller, bench.can.last_ppp_caller), "{routeros}");
    }
}
