//! Simple queues.

use jiff::SignedDuration;

use super::{Command, ItemId, Record, Row, Settings, Switch, row::Reader};
use crate::{
    error::Error,
    value::{BitRate, Capabilities, Directions, duration},
};

/// A queue that limits and counts the traffic of a target. Pairs are seen from the target: its upload
/// comes first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimpleQueue {
    /// Where it is in the table. Those of sessions are renumbered at every reboot.
    pub id: ItemId,
    /// Its name; those of sessions are `<hotspot-USER>` and `<pppoe-USER>`.
    pub name: String,
    /// Addresses or interfaces whose traffic it limits.
    pub target: Vec<String>,
    /// Only traffic with this address or interface at the other end.
    pub destination: Option<String>,
    /// The queue above it.
    pub parent: Option<String>,
    /// Only packets with one of these marks.
    pub packet_marks: Vec<String>,
    /// The rate that is never passed outside a burst; zero means no limit.
    pub max_limit: Option<Directions<BitRate>>,
    /// The rate that is promised.
    pub limit_at: Option<Directions<BitRate>>,
    /// The rate allowed for a while.
    pub burst_limit: Option<Directions<BitRate>>,
    /// Below this mean rate a burst is allowed.
    pub burst_threshold: Option<Directions<BitRate>>,
    /// Over how long the mean rate is taken.
    pub burst_time: Option<Directions<SignedDuration>>,
    /// How much may be saved up, in seconds of the limit as a decimal text; version 7 only.
    pub bucket_size: Option<Directions<String>>,
    /// 1 (first) to 8 (last).
    pub priority: Option<Directions<u8>>,
    /// The kinds of queues behind it.
    pub queue: Option<Directions<String>>,
    /// When it is in force, as the router writes it.
    pub time: Option<String>,
    /// As bytes: other tools may have written it in another code page.
    pub comment: Vec<u8>,
    /// Whether it is out of force.
    pub disabled: bool,
    /// Whether a session made it: it goes with the session.
    pub dynamic: bool,
    /// Whether the router cannot use it.
    pub invalid: bool,
    /// Bytes let through.
    pub bytes: Option<Directions<u64>>,
    /// Packets let through.
    pub packets: Option<Directions<u64>>,
    /// Packets dropped.
    pub dropped: Option<Directions<u64>>,
    /// The rate now.
    pub rate: Option<Directions<BitRate>>,
    /// Packets a second now.
    pub packet_rate: Option<Directions<u64>>,
    /// Bytes that wait.
    pub queued_bytes: Option<Directions<u64>>,
    /// Packets that wait.
    pub queued_packets: Option<Directions<u64>>,
}

impl Record for SimpleQueue {
    const MENU: &'static str = "/queue/simple";
    const FIELDS: &'static [&'static str] = &[
        ".id",
        "name",
        "target",
        "dst",
        "parent",
        "packet-marks",
        "max-limit",
        "limit-at",
        "burst-limit",
        "burst-threshold",
        "burst-time",
        "bucket-size",
        "priority",
        "queue",
        "time",
        "comment",
        "disabled",
        "dynamic",
        "invalid",
        "bytes",
        "packets",
        "dropped",
        "rate",
        "packet-rate",
        "queued-bytes",
        "queued-packets",
    ];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        Ok(Self {
            id: reader.id()?,
            name: reader.required("name")?,
            target: reader.list("target"),
            destination: reader.optional("dst"),
            parent: reader.optional("parent").filter(|held| held != "none"),
            packet_marks: reader.list("packet-marks"),
            max_limit: reader.rates("max-limit")?,
            limit_at: reader.rates("limit-at")?,
            burst_limit: reader.rates("burst-limit")?,
            burst_threshold: reader.rates("burst-threshold")?,
            burst_time: reader.times("burst-time")?,
            bucket_size: reader.pair("bucket-size")?,
            priority: reader.pair("priority")?,
            queue: reader.pair("queue")?,
            time: reader.optional("time"),
            comment: reader.bytes("comment"),
            disabled: reader.flag("disabled")?,
            dynamic: reader.flag("dynamic")?,
            invalid: reader.flag("invalid")?,
            bytes: reader.pair("bytes")?,
            packets: reader.pair("packets")?,
            dropped: reader.pair("dropped")?,
            rate: reader.rates("rate")?,
            packet_rate: reader.pair("packet-rate")?,
            queued_bytes: reader.pair("queued-bytes")?,
            queued_packets: reader.pair("queued-packets")?,
        })
    }
}

/// What can be written of a queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SimpleQueueSettings {
    /// Its name.
    pub name: Option<String>,
    /// Addresses or interfaces whose traffic it limits.
    pub target: Option<Vec<String>>,
    /// Only traffic with this address or interface at the other end.
    pub destination: Option<String>,
    /// The queue above it, or `none`.
    pub parent: Option<String>,
    /// Only packets with one of these marks.
    pub packet_marks: Option<Vec<String>>,
    /// The rate that is never passed outside a burst; zero means no limit.
    pub max_limit: Option<Directions<BitRate>>,
    /// The rate that is promised.
    pub limit_at: Option<Directions<BitRate>>,
    /// The rate allowed for a while.
    pub burst_limit: Option<Directions<BitRate>>,
    /// Below this mean rate a burst is allowed.
    pub burst_threshold: Option<Directions<BitRate>>,
    /// Over how long the mean rate is taken.
    pub burst_time: Option<Directions<SignedDuration>>,
    /// How much may be saved up, in seconds of the limit as a decimal text. Left off for
    /// version 6, which has no such setting.
    pub bucket_size: Option<Directions<String>>,
    /// 1 (first) to 8 (last).
    pub priority: Option<Directions<u8>>,
    /// The kinds of queues behind it.
    pub queue: Option<Directions<String>>,
    /// When it is in force.
    pub time: Option<String>,
    /// The comment, as bytes.
    pub comment: Option<Vec<u8>>,
    /// Whether it is in force.
    pub switch: Option<Switch>,
}

impl Settings for SimpleQueueSettings {
    type Row = SimpleQueue;

    fn write(&self, command: Command, router: &Capabilities) -> Command {
        command
            .with_some("name", self.name.as_ref())
            .with_some("target", self.target.as_ref().map(|parts| parts.join(",")))
            .with_some("dst", self.destination.as_ref())
            .with_some("parent", self.parent.as_ref())
            .with_some("packet-marks", self.packet_marks.as_ref().map(|parts| parts.join(",")))
            .with_some("max-limit", self.max_limit.map(|pair| pair.to_string()))
            .with_some("limit-at", self.limit_at.map(|pair| pair.to_string()))
            .with_some("burst-limit", self.burst_limit.map(|pair| pair.to_string()))
            .with_some("burst-threshold", self.burst_threshold.map(|pair| pair.to_string()))
            .with_some(
                "burst-time",
                self.burst_time.map(|pair| pair.map(duration::format).to_string()),
            )
            .with_some(
                "bucket-size",
                self.bucket_size
                    .as_ref()
                    .filter(|_| router.queue_buckets)
                    .map(Directions::to_string),
            )
            .with_some("priority", self.priority.map(|pair| pair.to_string()))
            .with_some("queue", self.queue.as_ref().map(Directions::to_string))
            .with_some("time", self.time.as_ref())
            .with_some("comment", self.comment.as_ref())
            .with_some("disabled", self.switch.map(Switch::disabled_value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Version;

    #[test]
    fn a_queue_of_a_session_is_read_with_both_directions() {
        let queue = SimpleQueue::read(&Row::of(&[
            (".id", "*A"),
            ("name", "<pppoe-c1>"),
            ("target", "<pppoe-c1>,10.0.0.2/32"),
            ("parent", "none"),
            ("max-limit", "1000000/5000000"),
            ("burst-time", "0s/10s"),
            ("priority", "8/8"),
            ("queue", "default-small/default-small"),
            ("bytes", "10/4294967296"),
            ("bucket-size", "0.1/0.1"),
            ("dynamic", "true"),
        ]))
        .unwrap();
        assert_eq!(queue.max_limit.unwrap().download, BitRate(5_000_000));
        assert_eq!(queue.burst_time.unwrap().download, SignedDuration::from_secs(10));
        assert_eq!((queue.bytes.unwrap().download, queue.parent), (4_294_967_296, None));
        assert_eq!((queue.target.len(), queue.dynamic), (2, true));
    }

    #[test]
    fn a_pair_that_is_none_is_an_error() {
        for (field, text) in [("max-limit", "fast/slow"), ("priority", "8/900"), ("bytes", "1/2/3")]
        {
            let row = Row::of(&[(".id", "*A"), ("name", "q"), (field, text)]);
            assert!(SimpleQueue::read(&row).is_err(), "{field}={text}");
        }
    }

    #[test]
    fn a_bucket_is_sent_to_version_7_only() {
        let max_limit = Some(Directions::new(BitRate(1_000_000), BitRate(5_000_000)));
        let bucket_size = Some(Directions::new("0.1".to_owned(), "0.2".to_owned()));
        let settings =
            SimpleQueueSettings { max_limit, bucket_size, ..SimpleQueueSettings::default() };
        let add = |version| format!("{:?}", settings.add(&Capabilities::of(version)));
        assert!(add(Version::new(7, 1, 0)).contains("=bucket-size=0.1/0.2"));
        let six = add(Version::new(6, 49, 10));
        assert!(six.contains("=max-limit=1M/5M") && !six.contains("bucket-size"), "{six}");
    }
}
