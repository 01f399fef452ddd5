//! Lines, hosts and traffic as clients that listen hear of them.

use jiff::SignedDuration;
use mkbill_routeros::sim::{Dial, Mac, Service, Simulator, Traffic};

use crate::support::{Raw, started, value};

const PHONE: Mac = Mac([2, 0, 0, 0, 0, 1]);

async fn simulator() -> Simulator {
    let simulator = started(Simulator::builder()).await;
    simulator.router(|router| {
        router.run("/ppp/secret/add", &["name=amina", "password=amina"]).expect("added");
        router.run("/ip/hotspot/user/add", &["name=v1", "password=v1"]).expect("added");
    });
    simulator
}

fn dial() -> Dial {
    Dial {
        name: "amina".to_owned(),
        password: "amina".to_owned(),
        caller_id: PHONE.to_string(),
        service: Service::Pppoe,
    }
}

/// A connection with one command that goes on.
async fn listening(simulator: &Simulator, words: &[&str]) -> Raw {
    let mut raw = Raw::logged_in(simulator).await;
    raw.send(words).await;
    raw.run(&["/system/identity/print"]).await;
    raw
}

#[tokio::test]
async fn listeners_hear_of_a_line_and_its_interface_coming_and_going() {
    let simulator = simulator().await;
    let follow = ".tag=5";
    let proplist = "=.proplist=.id,name";
    let mut lines = listening(&simulator, &["/ppp/active/listen", follow, proplist]).await;
    let mut interfaces = listening(&simulator, &["/interface/listen", follow, proplist]).await;
    simulator.router(|router| {
        router.ppp_connect(&dial()).unwrap();
        router.ppp_disconnect("amina");
    });
    let up = lines.read().await.unwrap();
    assert_eq!(up, ["!re", follow, "=.id=*1", "=name=amina"]);
    assert_eq!(lines.read().await.unwrap(), ["!re", follow, "=.id=*1", "=.dead=true"]);
    let up = interfaces.read().await.unwrap();
    assert_eq!(value(&up, "name").as_deref(), Some("<pppoe-amina>"));
    let down = interfaces.read().await.unwrap();
    assert_eq!(value(&down, ".dead").as_deref(), Some("true"));
    assert_eq!(value(&down, ".id"), value(&up, ".id"));
}

#[tokio::test]
async fn listeners_hear_of_hosts_that_come_log_in_and_go() {
    let simulator = simulator().await;
    let words = ["/ip/hotspot/host/listen", ".tag=5", "=.proplist=.id,authorized"];
    let mut hosts = listening(&simulator, &words).await;
    simulator.router(|router| {
        router.appear(PHONE, [10, 5, 50, 7].into());
        router.login("v1", "v1", PHONE, [10, 5, 50, 7].into()).unwrap();
        router.logout(PHONE);
        router.disappear(PHONE);
    });
    for state in ["=authorized=false", "=authorized=true", "=authorized=false", "=.dead=true"] {
        assert_eq!(hosts.read().await.unwrap(), ["!re", ".tag=5", "=.id=*1", state]);
    }
}

#[tokio::test]
async fn monitored_traffic_ticks_with_the_clock_until_it_is_cancelled() {
    let simulator = simulator().await;
    simulator.router(|router| router.login("v1", "v1", PHONE, [10, 5, 50, 7].into())).unwrap();
    let words = ["/interface/monitor-traffic", ".tag=5", "=interface=bridge"];
    let proplist = "=.proplist=name,rx-bits-per-second";
    let mut raw = Raw::logged_in(&simulator).await;
    raw.send(&[&words[..], &[proplist]].concat()).await;
    for (section, pace) in [0, 100, 200].into_iter().enumerate() {
        let tick = raw.read().await.unwrap();
        let bits = format!("=rx-bits-per-second={}", pace * 8);
        let section = format!("=.section={section}");
        assert_eq!(tick, ["!re", ".tag=5", "=name=bridge", &bits, &section]);
        raw.run(&["/system/identity/print"]).await;
        let traffic = Traffic { upload_per_second: pace + 100, download_per_second: 0 };
        simulator.router(|router| router.set_traffic(PHONE, traffic));
        simulator.advance(SignedDuration::from_secs(1));
    }
    raw.send(&["/cancel", "=tag=5", ".tag=9"]).await;
    let rest = [raw.read().await.unwrap(), raw.read().await.unwrap()];
    assert!(rest.iter().any(|row| row[0] == "!trap"), "{rest:?}");
}
