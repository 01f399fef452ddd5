//! Fills a simulator until a print shows as many fields as there are, and each of those that may
//! be missing is missing somewhere.

use jiff::SignedDuration;

use super::menus::{Mark, Menu, Sample, marked, samples};
use crate::sim::{Dial, Refusal, Router, Service, Traffic};

type Values = &'static [(&'static str, &'static str)];

/// The plan, the password and the device of the customer who has everything that a customer can
/// have.
const PLAN: &str = "mkbill-test-plan";
const PASSWORD: &str = "pass";
const DEVICE: &str = "02:00:00:00:00:50";
const CUSTOMER: &str = "mkbill-test-customer";
/// Another one, who has a name and nothing else.
const STRANGER: &str = "mkbill-test-stranger";

/// Routers show the time of a log row of an earlier day in another form.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

const OBJECTS: [(&str, Values); 15] = [
    ("/ip/pool/add", &[("name", PLAN), ("ranges", "192.0.2.64-192.0.2.80")]),
    (
        "/ip/address/add",
        &[("address", "192.0.2.1/24"), ("interface", "ether5"), ("comment", "mkbill test")],
    ),
    ("/interface/set", &[(".id", "ether5"), ("comment", "mkbill test"), ("disabled", "yes")]),
    ("/interface/set", &[(".id", "ether5"), ("disabled", "no")]),
    (
        "/user/add",
        &[
            ("name", CUSTOMER),
            ("password", PASSWORD),
            ("group", "read"),
            ("address", "192.0.2.0/24"),
            ("comment", "mkbill test"),
        ],
    ),
    (
        "/ip/hotspot/user/profile/add",
        &[
            ("name", PLAN),
            ("address-pool", PLAN),
            ("session-timeout", "1d"),
            ("idle-timeout", "5m"),
            ("rate-limit", "1M/5M"),
            ("address-list", PLAN),
        ],
    ),
    (
        "/ip/hotspot/user/add",
        &[
            ("name", CUSTOMER),
            ("password", PASSWORD),
            ("profile", PLAN),
            ("limit-uptime", "30d"),
            ("limit-bytes-in", "1G"),
            ("limit-bytes-out", "1G"),
            ("limit-bytes-total", "1G"),
            ("comment", "mkbill test"),
        ],
    ),
    (
        "/ip/hotspot/active/login",
        &[
            ("user", CUSTOMER),
            ("password", PASSWORD),
            ("ip", "192.0.2.50"),
            ("mac-address", DEVICE),
        ],
    ),
    (
        "/ip/hotspot/active/login",
        &[
            ("user", STRANGER),
            ("password", ""),
            ("ip", "192.0.2.51"),
            ("mac-address", "02:00:00:00:00:51"),
        ],
    ),
    (
        "/ppp/profile/add",
        &[
            ("name", PLAN),
            ("local-address", "192.0.2.1"),
            ("remote-address", PLAN),
            ("rate-limit", "1M/5M"),
            ("address-list", PLAN),
            ("session-timeout", "1d"),
            ("idle-timeout", "5m"),
        ],
    ),
    (
        "/ppp/secret/add",
        &[
            ("name", CUSTOMER),
            ("password", PASSWORD),
            ("profile", PLAN),
            ("limit-bytes-in", "1G"),
            ("limit-bytes-out", "1G"),
            ("routes", "192.0.2.128/28"),
            ("comment", "mkbill test"),
        ],
    ),
    (
        "/ppp/secret/set",
        &[(".id", STRANGER), ("local-address", "192.0.2.1"), ("remote-address", "192.0.2.81")],
    ),
    ("/system/script/run", &[("number", "mkbill-test-a")]),
    ("/system/scheduler/set", &[(".id", "mkbill-test-a"), ("disabled", "no")]),
    ("/system/identity/print", &[("file", CUSTOMER)]),
];

/// What was refused, as text: fields may be missing then.
pub(super) fn populate(router: &mut Router) -> Vec<String> {
    let mut refused = Vec::new();
    refused.extend(tried(router, "/log/info", &[("message", "mkbill test")]).err());
    router.advance(A_DAY);
    let mut run = |router: &mut Router, path: &str, values: &[(&str, &str)]| {
        refused.extend(tried(router, path, values).err());
    };
    for (menu, sample) in samples() {
        let add = format!("{}/add", menu.path);
        let name = marked("a");
        let mark = [(sample.mark.field(), name.as_str())];
        run(router, &add, &[&mark[..], sample.values].concat());
        run(router, &add, &bare(menu, sample));
    }
    for (path, values) in OBJECTS {
        run(router, path, values);
    }
    for (name, password) in [(CUSTOMER, PASSWORD), (STRANGER, "")] {
        refused.extend(dialled(router, name, password).err());
    }
    router.advance(SignedDuration::from_secs(90));
    refused
}

/// The same object with nothing but what it cannot be without.
fn bare(menu: &Menu, sample: &Sample) -> Vec<(&'static str, &'static str)> {
    let needed = sample.values.first().filter(|_| menu.path == "/ip/pool");
    let name = (sample.mark == Mark::Name).then_some(("name", STRANGER));
    name.into_iter().chain(needed.copied()).collect()
}

fn tried(router: &mut Router, path: &str, values: &[(&str, &str)]) -> Result<(), String> {
    let words: Vec<String> = values.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let told = |refusal: Refusal| format!("{path} {words:?}: {refusal}");
    router.run(path, &words).map(drop).map_err(told)
}

fn dialled(router: &mut Router, name: &str, password: &str) -> Result<(), String> {
    let dial = Dial {
        name: name.to_owned(),
        password: password.to_owned(),
        caller_id: DEVICE.to_owned(),
        service: Service::Pppoe,
    };
    router.ppp_connect(&dial).map_err(|refusal| format!("{name} dials in: {refusal}"))?;
    let traffic = Traffic { upload_per_second: 1_000, download_per_second: 5_000 };
    router.ppp_set_traffic(name, traffic);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        conformance::menus::MENUS,
        sim::{RouterOs, Simulator},
    };

    /// Nobody is signed in before the look; no script runs at the moment of a print, and none sets
    /// a variable.
    const EMPTY: [&str; 3] = ["/user/active", "/system/script/environment", "/system/script/job"];

    #[tokio::test]
    async fn every_menu_has_rows_to_compare_in_every_release() {
        for routeros in RouterOs::ALL {
            let simulator = Simulator::builder().routeros(routeros).start().await.unwrap();
            simulator.router(|router| {
                assert_eq!(populate(router), [""; 0], "{routeros}");
                for menu in MENUS.iter().filter(|menu| !EMPTY.contains(&menu.path)) {
                    let rows = router.run(&format!("{}/print", menu.path), &[]).unwrap().rows;
                    assert!(!rows.is_empty(), "{} of {routeros}", menu.path);
                }
            });
        }
    }
}
