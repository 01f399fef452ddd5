//! The ledger in SQL.

use async_trait::async_trait;

use crate::kernel::money::{Currency, Money};
use crate::ledger::store::LedgerStore;
use crate::ledger::{Account, Appended, Cause, Entry};
use crate::store::StoreError;

use super::engine::{Dialect, Record};
use super::statement::{Statement, statements};
use super::{SqlTx, known, unsigned};

statements! {
    ENTRY_INSERT: "booking" =
        "INSERT INTO ledger_entry (id, cause, voucher_id, vendor_id, business_date, recorded_at) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (cause) DO NOTHING";
    POSTING_INSERT: "booking" =
        "INSERT INTO ledger_posting (entry_id, line, account, currency, amount_minor) \
         VALUES ($1, $2, $3, $4, $5)";
    BALANCES: "adding up the ledger" =
        "SELECT account, currency, CAST(SUM(amount_minor) AS bigint) AS n FROM ledger_posting \
         GROUP BY account, currency ORDER BY account, currency";
    UNBALANCED: "checking the ledger" =
        "SELECT COUNT(*) AS n FROM (SELECT entry_id FROM ledger_posting GROUP BY entry_id, currency \
         HAVING SUM(amount_minor) <> 0) AS off";
}

#[async_trait]
impl<D: Dialect> LedgerStore for SqlTx<D> {
    async fn ledger_append(&mut self, entry: &Entry) -> Result<Appended, StoreError> {
        let voucher = match entry.cause {
            Cause::VoucherActivated(voucher) => Some(voucher.uuid()),
            _ => None,
        };
        let values = vec![
            entry.id.uuid().into(),
            entry.cause.key().into(),
            voucher.into(),
            entry.vendor.map(crate::kernel::ids::VendorId::uuid).into(),
            entry.business_date.into(),
            entry.recorded_at.into(),
        ];
        if self.execute(ENTRY_INSERT, values).await? == 0 {
            return Ok(Appended::AlreadyThere);
        }
        for (line, posting) in (1_i64..).zip(entry.postings()) {
            let values = vec![
                entry.id.uuid().into(),
                line.into(),
                posting.account.name().into(),
                posting.amount.currency().code().into(),
                posting.amount.minor().into(),
            ];
            self.execute(POSTING_INSERT, values).await?;
        }
        Ok(Appended::Now)
    }

    async fn ledger_balances(&mut self) -> Result<Vec<(Account, Money)>, StoreError> {
        let read = |row: &D::Row| {
            let account = row.text("account")?;
            let currency = row.text("currency")?;
            let account = known("ledger_posting", "account", &account, Account::named)?;
            let currency: Currency =
                known("ledger_posting", "currency", &currency, |text| text.parse().ok())?;
            Ok((account, Money::new(row.int("n")?, currency)))
        };
        self.all(BALANCES, Vec::new(), read).await
    }

    async fn ledger_unbalanced_entries(&mut self) -> Result<u64, StoreError> {
        self.number(UNBALANCED, Vec::new()).await.map(unsigned)
    }
}
