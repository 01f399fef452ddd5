//! Interfaces of routers in SQL.

use async_trait::async_trait;
use jiff::SignedDuration;
use jiff::civil::Date;

use crate::kernel::ids::RouterId;
use crate::router::moment::Moment;
use crate::router::store::InterfaceStore;
use crate::router::traffic::{Interface, InterfaceDay, Rate, Traffic};
use crate::store::StoreError;

use super::engine::Dialect;
use super::record::Record;
use super::statement::{Statement, statements};
use super::value::{Value, count};
use super::voucher::transpose;
use super::{ReadError, SqlTx, unsigned};

statements! {
    OF_ROUTER: "reading the interfaces of a router" =
        "SELECT router_id, name, kind, running, disabled, down_since, counted_since, seen_at, \
         uptime_seconds, counter_rx, counter_tx, total_rx, total_tx, rate_rx, rate_tx \
         FROM router_interface WHERE router_id = $1 ORDER BY name";
    FORGET: "forgetting interfaces" =
        "DELETE FROM router_interface WHERE router_id = $1 AND name {in_texts:$2}";
    DAYS: "reading what moved through an interface" =
        "SELECT day, rx_bytes, tx_bytes FROM interface_day WHERE router_id = $1 AND name = $2 \
         AND day >= $3 AND day <= $4 ORDER BY day";
    FORGET_DAYS: "forgetting what moved through interfaces" =
        "DELETE FROM interface_day WHERE day < $1";
}

const OVER_WHAT_WAS_KNOWN: &str = "ON CONFLICT (router_id, name) DO UPDATE SET \
    kind = excluded.kind, running = excluded.running, disabled = excluded.disabled, \
    down_since = excluded.down_since, counted_since = excluded.counted_since, \
    seen_at = excluded.seen_at, uptime_seconds = excluded.uptime_seconds, \
    counter_rx = excluded.counter_rx, counter_tx = excluded.counter_tx, \
    total_rx = excluded.total_rx, total_tx = excluded.total_tx, \
    rate_rx = excluded.rate_rx, rate_tx = excluded.rate_tx";
const TO_WHAT_MOVED: &str = "ON CONFLICT (router_id, name, day) DO UPDATE SET \
    rx_bytes = interface_day.rx_bytes + excluded.rx_bytes, \
    tx_bytes = interface_day.tx_bytes + excluded.tx_bytes";

fn row(interface: &Interface) -> Vec<(&'static str, Value)> {
    vec![
        ("router_id", interface.router.uuid().into()),
        ("name", interface.name.as_str().into()),
        ("kind", interface.kind.as_str().into()),
        ("running", interface.running.into()),
        ("disabled", interface.disabled.into()),
        ("down_since", interface.down_since.into()),
        ("counted_since", interface.counted_since.into()),
        ("seen_at", interface.seen.at.into()),
        ("uptime_seconds", interface.seen.uptime.into()),
        ("counter_rx", count(interface.counters.rx).into()),
        ("counter_tx", count(interface.counters.tx).into()),
        ("total_rx", count(interface.total.rx).into()),
        ("total_tx", count(interface.total.tx).into()),
        ("rate_rx", interface.rate.map(|rate| count(rate.rx)).into()),
        ("rate_tx", interface.rate.map(|rate| count(rate.tx)).into()),
    ]
}

fn read(row: &impl Record) -> Result<Interface, ReadError> {
    let traffic = |rx, tx| {
        Ok::<_, ReadError>(Traffic { rx: unsigned(row.int(rx)?), tx: unsigned(row.int(tx)?) })
    };
    let rate = row.int_or_none("rate_rx")?.zip(row.int_or_none("rate_tx")?);
    Ok(Interface {
        router: RouterId::from_uuid(row.uuid("router_id")?),
        name: row.text("name")?,
        kind: row.text("kind")?,
        running: row.flag("running")?,
        disabled: row.flag("disabled")?,
        down_since: row.instant_or_none("down_since")?,
        counted_since: row.instant("counted_since")?,
        seen: Moment {
            at: row.instant("seen_at")?,
            uptime: SignedDuration::from_secs(row.int("uptime_seconds")?),
        },
        counters: traffic("counter_rx", "counter_tx")?,
        total: traffic("total_rx", "total_tx")?,
        rate: rate.map(|(rx, tx)| Rate { rx: unsigned(rx), tx: unsigned(tx) }),
    })
}

fn read_day(row: &impl Record) -> Result<InterfaceDay, ReadError> {
    let moved = Traffic { rx: unsigned(row.int("rx_bytes")?), tx: unsigned(row.int("tx_bytes")?) };
    Ok(InterfaceDay { day: row.date("day")?, moved })
}

#[async_trait]
impl<D: Dialect> InterfaceStore for SqlTx<D> {
    async fn interfaces(&mut self, router: RouterId) -> Result<Vec<Interface>, StoreError> {
        self.all(OF_ROUTER, vec![router.uuid().into()], read).await
    }

    async fn interfaces_write(&mut self, interfaces: &[Interface]) -> Result<(), StoreError> {
        if interfaces.is_empty() {
            return Ok(());
        }
        let columns = transpose(interfaces.iter().map(row));
        let act = "noting interfaces";
        self.insert_all_or(act, "router_interface", columns, OVER_WHAT_WAS_KNOWN).await.map(drop)
    }

    async fn interfaces_forget(
        &mut self,
        router: RouterId,
        names: &[String],
    ) -> Result<(), StoreError> {
        if names.is_empty() {
            return Ok(());
        }
        let values = vec![router.uuid().into(), names.to_vec().into()];
        self.execute(FORGET, values).await.map(drop)
    }

    async fn interface_days_add(
        &mut self,
        router: RouterId,
        day: Date,
        moved: &[(String, Traffic)],
    ) -> Result<(), StoreError> {
        if moved.is_empty() {
            return Ok(());
        }
        let row = |(name, moved): &(String, Traffic)| {
            vec![
                ("router_id", router.uuid().into()),
                ("name", name.as_str().into()),
                ("day", day.into()),
                ("rx_bytes", count(moved.rx).into()),
                ("tx_bytes", count(moved.tx).into()),
            ]
        };
        let columns = transpose(moved.iter().map(row));
        let act = "noting what moved through interfaces";
        self.insert_all_or(act, "interface_day", columns, TO_WHAT_MOVED).await.map(drop)
    }

    async fn interface_days(
        &mut self,
        router: RouterId,
        name: &str,
        from: Date,
        to: Date,
    ) -> Result<Vec<InterfaceDay>, StoreError> {
        let values = vec![router.uuid().into(), name.into(), from.into(), to.into()];
        self.all(DAYS, values, read_day).await
    }

    async fn interface_days_forget(&mut self, before: Date) -> Result<u64, StoreError> {
        self.execute(FORGET_DAYS, vec![before.into()]).await
    }
}
