//! Counts of everything there is, in SQL.

use async_trait::async_trait;

use crate::report::Tally;
use crate::report::store::TallyStore;
use crate::store::StoreError;

use super::engine::Dialect;
use super::record::Record;
use super::statement::{Statement, statements};
use super::{ReadError, SqlTx, unsigned};

statements! {
    VOUCHER_STATES: "counting vouchers" =
        "SELECT state AS name, COUNT(*) AS n FROM voucher GROUP BY state ORDER BY state";
    ONLINE_KINDS: "counting who is online" =
        "SELECT kind AS name, COUNT(*) AS n FROM session WHERE ended_at IS NULL \
         GROUP BY kind ORDER BY kind";
}

fn read_tally(row: &impl Record) -> Result<Tally, ReadError> {
    Ok(Tally { name: row.text("name")?, count: unsigned(row.int("n")?) })
}

#[async_trait]
impl<D: Dialect> TallyStore for SqlTx<D> {
    async fn voucher_states(&mut self) -> Result<Vec<Tally>, StoreError> {
        self.all(VOUCHER_STATES, Vec::new(), read_tally).await
    }

    async fn online_kinds(&mut self) -> Result<Vec<Tally>, StoreError> {
        self.all(ONLINE_KINDS, Vec::new(), read_tally).await
    }
}
