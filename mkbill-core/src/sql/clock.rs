//! The test clock in SQL.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::clock::store::ClockStore;
use crate::store::StoreError;

use super::SqlTx;
use super::engine::Dialect;
use super::record::Record;
use super::statement::{Statement, statements};

statements! {
    READ: "reading the test clock" = "SELECT at FROM test_clock WHERE id = 1";
    START: "starting a test clock" =
        "INSERT INTO test_clock (id, at) VALUES (1, $1) ON CONFLICT (id) DO NOTHING";
    MOVE: "moving the test clock" = "UPDATE test_clock SET at = $1 WHERE id = 1 AND at <= $1";
    IN_USE: "looking whether the database is in use" =
        "SELECT COUNT(*) AS n FROM (SELECT 1 AS one WHERE EXISTS (SELECT 1 FROM customer) \
         OR EXISTS (SELECT 1 FROM voucher) OR EXISTS (SELECT 1 FROM ledger_entry)) AS used";
}

#[async_trait]
impl<D: Dialect> ClockStore for SqlTx<D> {
    async fn clock(&mut self) -> Result<Option<Timestamp>, StoreError> {
        self.one(READ, Vec::new(), |row| Ok(row.instant("at")?)).await
    }

    async fn clock_start(&mut self, at: Timestamp) -> Result<bool, StoreError> {
        Ok(self.execute(START, vec![at.into()]).await? == 1)
    }

    async fn clock_move(&mut self, to: Timestamp) -> Result<bool, StoreError> {
        Ok(self.execute(MOVE, vec![to.into()]).await? == 1)
    }

    async fn in_use(&mut self) -> Result<bool, StoreError> {
        Ok(self.number(IN_USE, Vec::new()).await? > 0)
    }
}
