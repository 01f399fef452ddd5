//! What moves through routers, and how they fared over time, over HTTP.

use axum::Json;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use mkbill_core::billing::Reader;
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::permission::needs::RoutersView;
use mkbill_core::router::sample::Sample;
use mkbill_core::router::traffic::{Interface, InterfaceDay};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::network::{UsageQuery, milliseconds};
use super::{Answer, Problems};
use crate::auth::access::Reads;
use crate::extract::{Path, Query};

/// How much of the past is shown unless more is asked for.
const SPAN_DEFAULT: SignedDuration = SignedDuration::from_hours(24);

/// An interface of a router, as the last look saw it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Interface)]
pub(crate) struct InterfaceBody {
    /// Its name.
    #[schema(example = "ether1")]
    pub(crate) name: String,
    /// What it is, such as `ether`, `vlan` or `bridge`.
    #[schema(example = "ether")]
    pub(crate) kind: String,
    /// Does it have a link?
    pub(crate) running: bool,
    /// Is it switched off?
    pub(crate) disabled: bool,
    /// When it was found down; null unless it had a link before and was not switched off.
    pub(crate) down_since: Option<Timestamp>,
    /// Since when it is counted.
    pub(crate) counted_since: Timestamp,
    /// When it was last seen.
    pub(crate) seen_at: Timestamp,
    /// Bytes that the router received since it is counted.
    pub(crate) rx_bytes: u64,
    /// Bytes that the router sent since it is counted.
    pub(crate) tx_bytes: u64,
    /// How fast the router received between the last two looks; null if its counters began anew.
    pub(crate) rx_bits_per_second: Option<u64>,
    /// How fast the router sent between the last two looks; null if its counters began anew.
    pub(crate) tx_bits_per_second: Option<u64>,
}

impl From<Interface> for InterfaceBody {
    fn from(interface: Interface) -> Self {
        Self {
            name: interface.name,
            kind: interface.kind,
            running: interface.running,
            disabled: interface.disabled,
            down_since: interface.down_since,
            counted_since: interface.counted_since,
            seen_at: interface.seen.at,
            rx_bytes: interface.total.rx,
            tx_bytes: interface.total.tx,
            rx_bits_per_second: interface.rate.map(|rate| rate.rx),
            tx_bits_per_second: interface.rate.map(|rate| rate.tx),
        }
    }
}

/// The interfaces of a router.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Interfaces)]
pub(crate) struct InterfacesBody {
    /// By name, at most 500; those that come and go with sessions are left out.
    pub(crate) items: Vec<InterfaceBody>,
}

impl From<Vec<Interface>> for InterfacesBody {
    fn from(interfaces: Vec<Interface>) -> Self {
        Self { items: interfaces.into_iter().map(InterfaceBody::from).collect() }
    }
}

/// What moved through an interface on one business date.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InterfaceDay)]
pub(crate) struct InterfaceDayBody {
    /// The date on which it was seen.
    pub(crate) day: Date,
    /// Bytes that the router received.
    pub(crate) rx_bytes: u64,
    /// Bytes that the router sent.
    pub(crate) tx_bytes: u64,
}

impl From<InterfaceDay> for InterfaceDayBody {
    fn from(row: InterfaceDay) -> Self {
        Self { day: row.day, rx_bytes: row.moved.rx, tx_bytes: row.moved.tx }
    }
}

/// What moved through an interface.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InterfaceUsage)]
pub(crate) struct InterfaceUsageBody {
    /// By date; dates on which nothing moved are left out.
    pub(crate) items: Vec<InterfaceDayBody>,
}

impl InterfaceUsageBody {
    pub(crate) async fn read(
        billing: &Reader,
        router: &str,
        name: &str,
        span: &UsageQuery,
    ) -> Result<Self, Error> {
        let (from, to) = span.dates(billing);
        let days = billing.interface_days(router, name, from, to).await?;
        Ok(Self { items: days.into_iter().map(InterfaceDayBody::from).collect() })
    }
}

/// How a router fared at one look; null for what it did not show.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VitalsSample)]
pub(crate) struct SampleBody {
    /// When.
    pub(crate) at: Timestamp,
    /// Load of all processors, in percent.
    pub(crate) cpu_load: Option<u64>,
    /// Free memory in bytes.
    pub(crate) memory_free: Option<u64>,
    /// Memory in bytes.
    pub(crate) memory_total: Option<u64>,
    /// Free flash in bytes.
    pub(crate) storage_free: Option<u64>,
    /// Flash in bytes.
    pub(crate) storage_total: Option<u64>,
    /// How many seconds its clock was ahead of ours.
    pub(crate) clock_ahead_seconds: Option<i64>,
    /// How many milliseconds the look took.
    pub(crate) latency_milliseconds: Option<i64>,
    /// Sign-ins at the hotspot that failed since the sample before.
    pub(crate) failed_logins: Option<u64>,
    /// Customers online at the hotspot.
    pub(crate) hotspot_sessions: Option<u64>,
    /// Customers online over PPPoE.
    pub(crate) pppoe_sessions: Option<u64>,
}

impl From<Sample> for SampleBody {
    fn from(sample: Sample) -> Self {
        Self {
            at: sample.at,
            cpu_load: sample.cpu_load,
            memory_free: sample.memory_free,
            memory_total: sample.memory_total,
            storage_free: sample.storage_free,
            storage_total: sample.storage_total,
            clock_ahead_seconds: sample.clock_ahead,
            latency_milliseconds: sample.latency.and_then(milliseconds),
            failed_logins: sample.failed_logins,
            hotspot_sessions: sample.hotspot_sessions,
            pppoe_sessions: sample.pppoe_sessions,
        }
    }
}

/// How a router fared over time.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VitalsSamples)]
pub(crate) struct SamplesBody {
    /// In order, at most one in five minutes.
    pub(crate) items: Vec<SampleBody>,
}

/// A span of time, 31 days at most.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct VitalsQuery {
    /// Its first instant; a day before `to` if absent. Samples are kept for 30 days.
    pub(crate) from: Option<Timestamp>,
    /// Its last instant; now if absent.
    pub(crate) to: Option<Timestamp>,
}

impl VitalsQuery {
    pub(crate) async fn read(self, billing: &Reader, router: &str) -> Result<SamplesBody, Error> {
        let to = self.to.unwrap_or_else(|| billing.now());
        let day_before = || to.checked_sub(SPAN_DEFAULT).unwrap_or(Timestamp::MIN);
        let samples = billing.vitals(router, self.from.unwrap_or_else(day_before), to).await?;
        Ok(SamplesBody { items: samples.into_iter().map(SampleBody::from).collect() })
    }
}

/// Lists the interfaces of a router as the last look saw them, and what moved through them.
#[utoipa::path(get, path = "/routers/{router}/interfaces", tag = "network",
    params(("router" = String, Path, description = "Name or id")),
    responses((status = 200, description = "By name", body = InterfacesBody), Problems))]
pub(crate) async fn list_interfaces(
    billing: Reads<RoutersView>,
    Path(router): Path<String>,
) -> Answer<InterfacesBody> {
    Ok(Json(billing.interfaces(&router).await?.into()))
}

/// Shows what moved through an interface of a router, by business date. Days are kept for 90 days,
/// and those of an interface that is gone as well.
#[utoipa::path(get, path = "/routers/{router}/interfaces/{name}/usage", tag = "network",
    params(("router" = String, Path, description = "Name or id"),
        ("name" = String, Path, description = "Its name, with `/` written as `%2F`"), UsageQuery),
    responses((status = 200, description = "By date", body = InterfaceUsageBody), Problems))]
pub(crate) async fn show_interface_usage(
    billing: Reads<RoutersView>,
    Path((router, name)): Path<(String, String)>,
    Query(query): Query<UsageQuery>,
) -> Answer<InterfaceUsageBody> {
    Ok(Json(InterfaceUsageBody::read(&billing, &router, &name, &query).await?))
}

/// Shows how a router fared over time, in samples of at least five minutes.
#[utoipa::path(get, path = "/routers/{router}/vitals", tag = "network",
    params(("router" = String, Path, description = "Name or id"), VitalsQuery),
    responses((status = 200, description = "In order", body = SamplesBody), Problems))]
pub(crate) async fn show_vitals(
    billing: Reads<RoutersView>,
    Path(router): Path<String>,
    Query(query): Query<VitalsQuery>,
) -> Answer<SamplesBody> {
    Ok(Json(query.read(&billing, &router).await?))
}
