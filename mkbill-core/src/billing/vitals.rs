//! How the engine fares, for those who watch over it. Talks to no router.

use std::path::PathBuf;

use crate::kernel::error::Error;
use crate::kernel::language::said;
use crate::outbox::store::OutboxTally;
use crate::report::Tally;
use crate::store::Connections;
use crate::transact::reading;

use super::Reader;

/// What the database knows of the business at large.
#[derive(Debug, Clone)]
pub struct BusinessTallies {
    /// Vouchers by their state.
    pub vouchers: Vec<Tally>,
    /// Who is online, by the kind of their login.
    pub online: Vec<Tally>,
    /// Routers that are not removed: the name, and whether the last look at it worked.
    pub routers: Vec<(String, bool)>,
    /// How the outbox stands.
    pub outbox: OutboxTally,
    /// How large the database is.
    pub database_bytes: u64,
}

impl Reader {
    /// Answers if the database does and its schema is the one that this version needs.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn ready(&self) -> Result<(), Error> {
        if self.store().schema_is_current().await? {
            return Ok(());
        }
        let source = Box::new(crate::store::StoreError::Schema("migrations differ".to_owned()));
        let what = said!(
            "the schema is not that of this version; run `mkbill migrate`",
            "skema basis data bukan milik versi ini; jalankan `mkbill migrate`"
        );
        Err(Error::Unavailable { what, source })
    }

    /// How many connections to the database this process has.
    pub fn database_connections(&self) -> Connections {
        self.store().connections()
    }

    /// The folder of the database, if it is a file.
    pub fn database_folder(&self) -> Option<PathBuf> {
        self.store().folder().map(Into::into)
    }

    /// Counts what there is. It reads much: do not ask for it often.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn business_tallies(&self) -> Result<BusinessTallies, Error> {
        let now = self.now();
        let (vouchers, online, routers, outbox) = reading!(self.store(), |tx| {
            let vouchers = tx.voucher_states().await?;
            let online = tx.online_kinds().await?;
            let routers = tx.router_list().await?;
            Ok::<_, Error>((
                vouchers,
                online,
                routers,
                tx.outbox_tally(self.delivered(), now).await?,
            ))
        })?;
        let reached = routers.into_iter().map(|router| {
            let reached = router.health.failures == 0;
            (router.name.as_str().to_owned(), reached)
        });
        Ok(BusinessTallies {
            vouchers,
            online,
            routers: reached.collect(),
            outbox,
            database_bytes: self.store().bytes().await?,
        })
    }
}
