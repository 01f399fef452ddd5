//! How routers fared over time, in SQL.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::kernel::ids::RouterId;
use crate::router::sample::{SAMPLES_MAX, Sample, SampleSpan};
use crate::router::store::SampleStore;
use crate::store::StoreError;

use super::engine::Dialect;
use super::record::Record;
use super::statement::{Statement, statements};
use super::value::{Value, count};
use super::{ReadError, SqlTx, unsigned};

statements! {
    INSERT: "noting how a router fares" =
        "INSERT INTO router_sample (router_id, at, cpu_load, memory_free, memory_total, \
         storage_free, storage_total, clock_ahead_seconds, latency_milliseconds, failed_logins, \
         hotspot_sessions, pppoe_sessions) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING";
    IN_SPAN: "reading how a router fared" =
        "SELECT at, cpu_load, memory_free, memory_total, storage_free, storage_total, \
         clock_ahead_seconds, latency_milliseconds, failed_logins, hotspot_sessions, \
         pppoe_sessions FROM router_sample WHERE router_id = $1 AND at >= $2 AND at <= $3 \
         ORDER BY at LIMIT $4";
    FORGET: "forgetting how routers fared" = "DELETE FROM router_sample WHERE at < $1";
}

fn counted(number: Option<u64>) -> Value {
    number.map(count).into()
}

fn milliseconds(time: SignedDuration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

fn read(row: &impl Record) -> Result<Sample, ReadError> {
    let number = |column| Ok::<_, ReadError>(row.int_or_none(column)?.map(unsigned));
    Ok(Sample {
        at: row.instant("at")?,
        cpu_load: number("cpu_load")?,
        memory_free: number("memory_free")?,
        memory_total: number("memory_total")?,
        storage_free: number("storage_free")?,
        storage_total: number("storage_total")?,
        clock_ahead: row.int_or_none("clock_ahead_seconds")?,
        latency: row.int_or_none("latency_milliseconds")?.map(SignedDuration::from_millis),
        failed_logins: number("failed_logins")?,
        hotspot_sessions: number("hotspot_sessions")?,
        pppoe_sessions: number("pppoe_sessions")?,
    })
}

#[async_trait]
impl<D: Dialect> SampleStore for SqlTx<D> {
    async fn sample_insert(&mut self, router: RouterId, sample: &Sample) -> Result<(), StoreError> {
        let values = vec![
            router.uuid().into(),
            sample.at.into(),
            counted(sample.cpu_load),
            counted(sample.memory_free),
            counted(sample.memory_total),
            counted(sample.storage_free),
            counted(sample.storage_total),
            sample.clock_ahead.into(),
            sample.latency.map(milliseconds).into(),
            counted(sample.failed_logins),
            counted(sample.hotspot_sessions),
            counted(sample.pppoe_sessions),
        ];
        self.execute(INSERT, values).await.map(drop)
    }

    async fn samples(
        &mut self,
        router: RouterId,
        span: SampleSpan,
    ) -> Result<Vec<Sample>, StoreError> {
        let values =
            vec![router.uuid().into(), span.from().into(), span.to().into(), SAMPLES_MAX.into()];
        self.all(IN_SPAN, values, read).await
    }

    async fn samples_forget(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.execute(FORGET, vec![before.into()]).await
    }
}
