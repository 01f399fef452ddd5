//! What `mkbill router` says of interfaces and of how routers fared over time.

use crate::api::monitoring::{
    InterfaceBody, InterfaceDayBody, InterfaceUsageBody, InterfacesBody, SampleBody, SamplesBody,
};

use super::output::{Output, or_dash, table};

pub(super) fn interfaces(interfaces: InterfacesBody) -> Output {
    let row = |interface: &InterfaceBody| {
        [
            interface.name.clone(),
            interface.kind.clone(),
            state(interface),
            interface.rx_bytes.to_string(),
            interface.tx_bytes.to_string(),
            or_dash(interface.rx_bits_per_second),
            or_dash(interface.tx_bits_per_second),
        ]
    };
    let heads = ["name", "kind", "state", "received", "sent", "bits/s received", "bits/s sent"];
    let text = table(heads, interfaces.items.iter().map(row));
    Output::new(interfaces, text)
}

fn state(interface: &InterfaceBody) -> String {
    match (interface.disabled, interface.running, interface.down_since) {
        (true, ..) => "disabled".to_owned(),
        (false, true, _) => "running".to_owned(),
        (false, false, Some(since)) => format!("down since {since}"),
        (false, false, None) => "no link".to_owned(),
    }
}

pub(super) fn traffic(usage: InterfaceUsageBody) -> Output {
    let row = |day: &InterfaceDayBody| {
        [day.day.to_string(), day.rx_bytes.to_string(), day.tx_bytes.to_string()]
    };
    let text = table(["day", "received", "sent"], usage.items.iter().map(row));
    Output::new(usage, text)
}

pub(super) fn vitals(samples: SamplesBody) -> Output {
    let row = |sample: &SampleBody| {
        [
            sample.at.to_string(),
            or_dash(sample.cpu_load),
            or_dash(sample.memory_free),
            or_dash(sample.storage_free),
            or_dash(sample.clock_ahead_seconds),
            or_dash(sample.latency_milliseconds),
            or_dash(sample.failed_logins),
            or_dash(sample.hotspot_sessions),
            or_dash(sample.pppoe_sessions),
        ]
    };
    let heads = [
        "at",
        "processor %",
        "free memory",
        "free flash",
        "clock ahead s",
        "look ms",
        "failed logins",
        "hotspot",
        "PPPoE",
    ];
    let text = table(heads, samples.items.iter().map(row));
    Output::new(samples, text)
}
