//! The engine looks at itself.

use crate::kernel::error::Error;
use crate::outbox::store::OutboxTally;
use crate::transact::{reading, snapshot};

use super::{Reader, reports};

/// One thing the doctor looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub name: &'static str,
    /// All well?
    pub ok: bool,
    /// What was seen, and what to do if it is not well.
    pub detail: String,
}

/// What the doctor found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoctorReport {
    /// In the order of looking.
    pub findings: Vec<Finding>,
}

impl DoctorReport {
    /// Is everything well?
    pub fn healthy(&self) -> bool {
        self.findings.iter().all(|finding| finding.ok)
    }
}

impl Reader {
    /// Looks at schema, books, secrets, outbox and the last contact to each router. Talks to no router.
    pub async fn doctor(&self) -> Result<DoctorReport, Error> {
        let missing = self.store().migrations_missing().await?;
        let mut findings = vec![schema(self.store().engine(), missing)];
        if missing == 0 {
            findings.push(self.books_finding().await?);
            findings.push(self.balances_finding().await?);
            findings.push(self.invoices_finding().await?);
            findings.push(self.outbox_finding().await?);
            findings.extend(self.router_findings().await?);
        }
        Ok(DoctorReport { findings })
    }

    /// How the outbox stands.
    pub async fn outbox_tally(&self) -> Result<OutboxTally, Error> {
        let now = self.now();
        reading!(self.store(), |tx| tx.outbox_tally(self.delivered(), now).await)
    }

    async fn books_finding(&self) -> Result<Finding, Error> {
        let books = snapshot!(self.store(), |tx| reports::books(tx).await)?;
        let detail = if books.balanced {
            "every entry sums to zero".to_owned()
        } else {
            "entries do not sum to zero: the data was changed outside the engine; restore a backup"
                .to_owned()
        };
        Ok(Finding { name: "ledger", ok: books.balanced, detail })
    }

    async fn balances_finding(&self) -> Result<Finding, Error> {
        let off = reading!(self.store(), |tx| tx.balances_off().await)?;
        let detail = match off {
            0 => "every kept balance is the sum of its postings".to_owned(),
            off => format!("{off} kept balances differ from the ledger; restore a backup"),
        };
        Ok(Finding { name: "balances", ok: off == 0, detail })
    }

    async fn invoices_finding(&self) -> Result<Finding, Error> {
        let off = reading!(self.store(), |tx| tx.invoices_off().await)?;
        let detail = match off {
            0 => "every invoice is paid by what its allocations say".to_owned(),
            off => format!("{off} invoices differ from their allocations; restore a backup"),
        };
        Ok(Finding { name: "invoices", ok: off == 0, detail })
    }

    async fn outbox_finding(&self) -> Result<Finding, Error> {
        let tally = self.outbox_tally().await?;
        let OutboxTally { due, failing, dead, waiting } = tally;
        let detail = format!("{due} due, {failing} failing, {dead} dead, {waiting} waiting");
        Ok(Finding { name: "outbox", ok: tally.dead == 0, detail })
    }

    async fn router_findings(&self) -> Result<Vec<Finding>, Error> {
        let mut findings = Vec::new();
        for router in self.routers().await? {
            let readable = self.target(&router).map(drop);
            let detail = match (&readable, &router.health.last_error, router.health.observed_at) {
                (Err(error), _, _) => format!("{}: {error}", router.name),
                (_, Some(error), _) => format!("{}: {error}", router.name),
                (_, None, Some(at)) => format!("{}: last looked at {at}", router.name),
                (_, None, None) => {
                    format!("{}: not looked at yet; is a worker running?", router.name)
                }
            };
            let ok = readable.is_ok() && router.health.failures == 0;
            findings.push(Finding { name: "router", ok, detail });
        }
        Ok(findings)
    }
}

fn schema(engine: &str, missing: usize) -> Finding {
    let detail = match missing {
        0 => format!("{engine}: current"),
        missing => format!("{engine}: {missing} migrations missing; run `mkbill migrate`"),
    };
    Finding { name: "schema", ok: missing == 0, detail }
}
