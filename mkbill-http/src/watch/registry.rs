//! Counts of this process, kept in atomics and written in the text format of Prometheus.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use metrics::{
    Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};

use super::text::Text;

/// Series of one kind that are kept; what comes later is not counted.
const SERIES_MAX: usize = 10_000;
/// Bounds of whatever is not named below, in seconds.
const SECONDS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Bounds of payments.
const AMOUNTS: &[f64] =
    &[10_000.0, 25_000.0, 50_000.0, 100_000.0, 250_000.0, 500_000.0, 1_000_000.0, 2_500_000.0];
const AMOUNT_PREFIX: &str = "payment_amount_";

type Series<T> = RwLock<HashMap<Key, Arc<T>>>;

#[derive(Debug, Default)]
struct Registry {
    counters: Series<AtomicU64>,
    gauges: Series<AtomicU64>,
    histograms: Series<Buckets>,
}

/// One for the whole process, however many servers are in it.
static REGISTRY: LazyLock<Registry> = LazyLock::new(Registry::default);

/// Begins to count. A second call changes nothing; somebody else's recorder is as good as ours, but
/// then the counts are read there.
pub(crate) fn begin() {
    static BEGUN: OnceLock<()> = OnceLock::new();
    BEGUN.get_or_init(|| drop(metrics::set_global_recorder(Ours)));
}

/// Writes everything that was counted so far.
pub(crate) fn write(text: &mut Text) {
    for (key, value) in sorted(&REGISTRY.counters) {
        text.line("counter", key.name(), &labels(&key), value.load(Ordering::Relaxed));
    }
    for (key, value) in sorted(&REGISTRY.gauges) {
        let value = f64::from_bits(value.load(Ordering::Relaxed));
        text.line("gauge", key.name(), &labels(&key), value);
    }
    for (key, buckets) in sorted(&REGISTRY.histograms) {
        buckets.write(key.name(), &labels(&key), text);
    }
}

fn labels(key: &Key) -> Vec<(&str, &str)> {
    key.labels().map(|label| (label.key(), label.value())).collect()
}

fn sorted<T>(series: &Series<T>) -> BTreeMap<Key, Arc<T>> {
    let series = series.read().unwrap_or_else(PoisonError::into_inner);
    series.iter().map(|(key, value)| (key.clone(), Arc::clone(value))).collect()
}

/// The place of a series, made when it is met first.
fn place<T>(series: &Series<T>, key: &Key, made: impl FnOnce() -> T) -> Option<Arc<T>> {
    let known = series.read().unwrap_or_else(PoisonError::into_inner).get(key).map(Arc::clone);
    if known.is_some() {
        return known;
    }
    let mut series = series.write().unwrap_or_else(PoisonError::into_inner);
    if series.len() >= SERIES_MAX && !series.contains_key(key) {
        return None;
    }
    Some(Arc::clone(series.entry(key.clone()).or_insert_with(|| Arc::new(made()))))
}

struct Ours;

impl Recorder for Ours {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let place = place(&REGISTRY.counters, key, AtomicU64::default);
        place.map_or_else(Counter::noop, Counter::from_arc)
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        let place = place(&REGISTRY.gauges, key, AtomicU64::default);
        place.map_or_else(Gauge::noop, Gauge::from_arc)
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        let made = || {
            let is_amount = key.name().starts_with(AMOUNT_PREFIX);
            Buckets::new(if is_amount { AMOUNTS } else { SECONDS }, is_amount)
        };
        let place = place(&REGISTRY.histograms, key, made);
        place.map_or_else(Histogram::noop, Histogram::from_arc)
    }
}

/// A histogram with fixed bounds.
#[derive(Debug)]
struct Buckets {
    bounds: &'static [f64],
    /// How many fell up to each bound and above the one before; the last is above all.
    counts: Vec<AtomicU64>,
    /// Nanoseconds, or whole units where amounts are counted: sums of parts would drift.
    sum: AtomicU64,
    is_amount: bool,
}

impl Buckets {
    fn new(bounds: &'static [f64], is_amount: bool) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::default()).collect();
        Self { bounds, counts, sum: AtomicU64::default(), is_amount }
    }

    fn write(&self, name: &str, labels: &[(&str, &str)], text: &mut Text) {
        text.kind("histogram", name);
        let mut below = 0;
        for (index, count) in self.counts.iter().enumerate() {
            below += count.load(Ordering::Relaxed);
            let bound = self.bounds.get(index).map_or("+Inf".to_owned(), ToString::to_string);
            let labels = [labels, &[("le", &bound)]].concat();
            text.sample(&format!("{name}_bucket"), &labels, below);
        }
        let sum = self.sum.load(Ordering::Relaxed);
        if self.is_amount {
            text.sample(&format!("{name}_sum"), labels, sum);
        } else {
            let sum = Duration::from_nanos(sum).as_secs_f64();
            text.sample(&format!("{name}_sum"), labels, sum);
        }
        text.sample(&format!("{name}_count"), labels, below);
    }

    fn units(&self, value: f64) -> u64 {
        if self.is_amount {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "saturates"
            )]
            return value as u64;
        }
        let span = Duration::try_from_secs_f64(value).unwrap_or_default();
        u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
    }
}

impl HistogramFn for Buckets {
    fn record(&self, value: f64) {
        let place = self.bounds.iter().position(|bound| value <= *bound);
        let place = place.unwrap_or(self.bounds.len());
        self.counts[place].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(self.units(value), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_falls_into_its_bucket_and_all_above() {
        let buckets = Buckets::new(SECONDS, false);
        for value in [0.004, 0.005, 0.3, 60.0] {
            buckets.record(value);
        }
        let mut text = Text::default();
        buckets.write("took_seconds", &[("route", "/a")], &mut text);
        let text = text.finished();
        for line in [
            "# TYPE took_seconds histogram\n",
            "took_seconds_bucket{route=\"/a\",le=\"0.005\"} 2\n",
            "took_seconds_bucket{route=\"/a\",le=\"0.25\"} 2\n",
            "took_seconds_bucket{route=\"/a\",le=\"0.5\"} 3\n",
            "took_seconds_bucket{route=\"/a\",le=\"10\"} 3\n",
            "took_seconds_bucket{route=\"/a\",le=\"+Inf\"} 4\n",
            "took_seconds_sum{route=\"/a\"} 60.309\n",
            "took_seconds_count{route=\"/a\"} 4\n",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
    }
}
