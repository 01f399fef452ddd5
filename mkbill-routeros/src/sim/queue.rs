//! Simple queues: those that logins make, and what queues count.

use crate::value::{BitRate, Directions, RateLimit, duration};

use super::{
    agenda::Guest, id::ObjectId, menus, presence::packets, record::Record, router::Router,
};

/// What a profile says about the queue of a login.
pub(super) struct Shaping {
    pub rate_limit: Option<String>,
    pub parent: Option<String>,
    pub queue_type: Option<String>,
}

impl Router {
    /// Makes the queue of a customer whose profile limits the rate.
    pub(super) fn make_queue(
        &mut self,
        guest: Guest,
        name: String,
        target: String,
        shaping: Shaping,
    ) {
        let limit = shaping.rate_limit.and_then(|text| RateLimit::parse(&text).ok());
        let Some(limit) = limit else {
            return;
        };
        let time = limit.burst_time.map(|time| {
            format!("{}/{}", duration::format(time.upload), duration::format(time.download))
        });
        let parent = shaping.parent.filter(|parent| parent != "none");
        let values = [
            ("name", Some(name)),
            ("target", Some(target)),
            ("max-limit", Some(rates(limit.max))),
            ("limit-at", limit.guaranteed.map(rates)),
            ("burst-limit", limit.burst.map(rates)),
            ("burst-threshold", limit.burst_threshold.map(rates)),
            ("burst-time", time),
            ("priority", Some(format!("{0}/{0}", limit.priority))),
            ("parent", parent),
            ("queue", shaping.queue_type),
        ];
        let values = values.into_iter().filter_map(|(name, text)| Some((name, text?.into_bytes())));
        self.make(menus::QUEUE, guest, values);
    }

    /// Shows what passed through the queue of a customer online.
    pub(super) fn count_queue(&self, id: ObjectId, record: &mut Record<'_>) {
        let Some(meter) = self.meter_behind(menus::QUEUE, id) else {
            return;
        };
        let (used, pace) = (meter.used(self.clock.now()), meter.traffic());
        let (up, down) = (pace.upload_per_second, pace.download_per_second);
        let pair = |up: u64, down: u64| format!("{up}/{down}");
        record.replace("bytes", pair(used.bytes_in, used.bytes_out));
        record.replace("packets", pair(packets(used.bytes_in), packets(used.bytes_out)));
        record.replace("rate", pair(up.saturating_mul(8), down.saturating_mul(8)));
        record.replace("packet-rate", pair(packets(up), packets(down)));
    }
}

fn rates(pair: Directions<BitRate>) -> String {
    format!("{}/{}", pair.upload.0, pair.download.0)
}
