//! Use cases around single vouchers.

use crate::kernel::caller::{Caller, Fingerprint};
use crate::kernel::context::Context;
use crate::kernel::error::Error;
use crate::kernel::ids::VoucherId;
use crate::kernel::page::{Page, PageRequest};
use crate::kernel::permission::Permission;
use crate::kernel::thing::Thing;
use crate::request::{Once, once};
use crate::store::Tx;
use crate::transact::{reading, transact};
use crate::voucher::Voucher;
use crate::voucher::change::{self, Recode};
use crate::voucher::code::Code;
use crate::voucher::state::Extension;
use crate::voucher::store::{VoucherFilter, VoucherSort};

use super::{Billing, Reader};

/// What a person asks to be done to a voucher.
#[derive(Debug, Clone, Copy)]
enum Wish {
    Extend(Extension),
    Regenerate,
    Disable,
    Enable,
    Cancel,
}

impl Wish {
    const fn action(self) -> &'static str {
        match self {
            Self::Extend(_) => "voucher.extend",
            Self::Regenerate => "voucher.regenerate",
            Self::Disable => "voucher.disable",
            Self::Enable => "voucher.enable",
            Self::Cancel => "voucher.cancel",
        }
    }
}

impl Billing {
    /// Adds time or data to a voucher in use. Only limits it has can grow.
    pub async fn extend_voucher(
        &self,
        caller: &Caller,
        key: &str,
        extension: Extension,
    ) -> Result<Voucher, Error> {
        caller.must(Permission::VouchersEdit)?;
        self.change_voucher(caller, key, Wish::Extend(extension)).await
    }

    /// Gives an available voucher a new code; the old one stops working.
    pub async fn regenerate_voucher(&self, caller: &Caller, key: &str) -> Result<Voucher, Error> {
        caller.must(Permission::VouchersEdit)?;
        self.change_voucher(caller, key, Wish::Regenerate).await
    }

    /// Closes a voucher; whoever is online with it is cut off. Its calendar runs on.
    pub async fn disable_voucher(&self, caller: &Caller, key: &str) -> Result<Voucher, Error> {
        caller.must(Permission::VouchersEdit)?;
        self.change_voucher(caller, key, Wish::Disable).await
    }

    /// Opens a closed voucher again.
    pub async fn enable_voucher(&self, caller: &Caller, key: &str) -> Result<Voucher, Error> {
        caller.must(Permission::VouchersEdit)?;
        self.change_voucher(caller, key, Wish::Enable).await
    }

    /// Withdraws a voucher that was never used.
    pub async fn cancel_voucher(&self, caller: &Caller, key: &str) -> Result<Voucher, Error> {
        caller.must(Permission::VouchersDelete)?;
        self.change_voucher(caller, key, Wish::Cancel).await
    }

    async fn change_voucher(
        &self,
        caller: &Caller,
        key: &str,
        wish: Wish,
    ) -> Result<Voucher, Error> {
        let context = self.context(caller);
        let voucher =
            transact!(self.store(), caller.mode, |tx| grant(tx, context, key, wish).await)?;
        Ok(voucher)
    }
}

impl Reader {
    /// Vouchers; in the order of making if asked for in none.
    pub async fn vouchers(
        &self,
        filter: &VoucherFilter,
        page: PageRequest<VoucherSort>,
    ) -> Result<Page<Voucher>, Error> {
        reading!(self.store(), |tx| tx.voucher_page(filter, page).await)
    }

    /// One voucher, by code or identity.
    pub async fn voucher(&self, key: &str) -> Result<Voucher, Error> {
        reading!(self.store(), |tx| find(tx, key).await)
    }
}

async fn find(tx: &mut dyn Tx, key: &str) -> Result<Voucher, Error> {
    let found = match key.parse::<VoucherId>() {
        Ok(id) => tx.voucher_by_id(id).await?,
        Err(_) => match key.parse::<Code>() {
            Ok(code) => tx.voucher_by_code(&code).await?,
            Err(_) => None,
        },
    };
    found.ok_or_else(|| Error::not_found(Thing::Voucher, key))
}

async fn grant(
    tx: &mut dyn Tx,
    context: Context<'_>,
    key: &str,
    wish: Wish,
) -> Result<Voucher, Error> {
    let input = Fingerprint::of(wish.action(), &[&key, &wish]);
    let voucher = match find(tx, key).await {
        Ok(voucher) => voucher,
        Err(missing) => return replayed(tx, context, input, missing).await,
    };
    if once(tx, context, input, voucher.id.uuid()).await? != Once::First {
        return Ok(voucher);
    }
    context.caller.has_seen(voucher.revision)?;
    let next = match wish {
        Wish::Regenerate => {
            return change::recode(tx, context, wish.action(), &voucher, Recode::Wanted).await;
        }
        Wish::Extend(extension) => voucher.clone().extend(extension)?,
        Wish::Disable => voucher.clone().disable()?,
        Wish::Enable => voucher.clone().enable()?,
        Wish::Cancel => voucher.clone().cancel(context.now)?,
    };
    change::save(tx, context, wish.action(), &voucher, &next).await?;
    find(tx, &voucher.id.to_string()).await
}

/// A repeated `regenerate` names the old code, which nobody has any more: the key still knows it.
async fn replayed(
    tx: &mut dyn Tx,
    context: Context<'_>,
    input: Fingerprint,
    missing: Error,
) -> Result<Voucher, Error> {
    match once(tx, context, input, uuid::Uuid::nil()).await? {
        Once::Again(id) => find(tx, &id.to_string()).await,
        Once::First => Err(missing),
    }
}
