//! Use cases around customers' credit: adjustments, transfers, balances.

use crate::account::correct::{CreditRefusal, Overdraw};
use crate::account::desk::Desk;
use crate::account::load;
use crate::invoice::Invoice;
use crate::kernel::caller::{Caller, Fingerprint};
use crate::kernel::error::Error;
use crate::kernel::ids::{CustomerId, SubscriptionId};
use crate::kernel::money::{Currency, Money};
use crate::kernel::permission::Permission;
use crate::kernel::thing::Thing;
use crate::request::Once;
use crate::store::Tx;
use crate::transact::{snapshot, transact};

use super::desk::{finish, first_time, open, reason};
use super::{Billing, Reader};

/// A correction of credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adjustment {
    /// The only subscription whose credit it is.
    pub subscription: Option<SubscriptionId>,
    /// Above zero gives credit, below takes it.
    pub amount: Money,
    /// Whether less than nothing may be left.
    pub overdraw: Overdraw,
}

/// Credit that moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transfer {
    /// From which customer.
    pub from: CustomerId,
    /// From the credit of this subscription.
    pub from_subscription: Option<SubscriptionId>,
    /// To which customer.
    pub to: CustomerId,
    /// To the credit of this subscription.
    pub to_subscription: Option<SubscriptionId>,
    /// How much; above zero.
    pub amount: Money,
}

/// What a customer has and owes in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The currency of all amounts.
    pub currency: Currency,
    /// Credit by subscription; `None` is credit for all. Below zero after a reversal of money that
    /// was spent: a person has to look at it.
    pub credit: Vec<(Option<SubscriptionId>, Money)>,
    /// The rest of all open invoices.
    pub owed: Money,
    /// Credit less what is owed: above zero is to the customer's good.
    pub balance: Money,
}

impl Billing {
    /// Corrects a customer's credit; a reason has to be given. What is credited pays open invoices.
    ///
    /// # Errors
    ///
    /// A [`CreditRefusal`] for zero, for less than nothing unless that is allowed and permitted, and
    /// without a reason.
    pub async fn adjust_credit(
        &self,
        caller: &Caller,
        customer: CustomerId,
        adjustment: Adjustment,
    ) -> Result<Vec<Standing>, Error> {
        let context = self.permitted(caller, Permission::BalancesAdjust)?;
        let standing = transact!(self.store(), caller.mode, |tx| {
            adjust(tx, self.desk(context).await?, customer, adjustment).await
        })?;
        Ok(standing)
    }

    /// Moves credit between customers or subscriptions; answers how the giver stands then.
    ///
    /// # Errors
    ///
    /// A [`CreditRefusal`] for more than is there, nothing, or no other place.
    pub async fn transfer_credit(
        &self,
        caller: &Caller,
        transfer: Transfer,
    ) -> Result<Vec<Standing>, Error> {
        let context = self.permitted(caller, Permission::BalancesAdjust)?;
        let standing = transact!(self.store(), caller.mode, |tx| {
            move_credit(tx, self.desk(context).await?, transfer).await
        })?;
        Ok(standing)
    }
}

impl Reader {
    /// What a customer has and owes, in each currency.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is no such customer.
    pub async fn standing(&self, customer: CustomerId) -> Result<Vec<Standing>, Error> {
        snapshot!(self.store(), |tx| standing(tx, customer).await)
    }
}

pub(super) async fn standing(
    tx: &mut dyn Tx,
    customer: CustomerId,
) -> Result<Vec<Standing>, Error> {
    let found = tx.customer_by_id(customer).await?;
    found.ok_or_else(|| Error::not_found(Thing::Customer, customer))?;
    let held = tx.credit_of(&[customer]).await?;
    let open: Vec<Invoice> = tx.invoices_open_of(&[customer]).await?;
    let mut currencies: Vec<Currency> =
        held.iter().map(|(_, _, credit)| credit.currency()).collect();
    currencies.extend(open.iter().map(Invoice::currency));
    currencies.sort_unstable();
    currencies.dedup();
    currencies.into_iter().map(|currency| in_currency(currency, &held, &open)).collect()
}

type Held = (CustomerId, Option<SubscriptionId>, Money);

fn in_currency(currency: Currency, held: &[Held], open: &[Invoice]) -> Result<Standing, Error> {
    let credit = held.iter().filter(|(_, _, credit)| credit.currency() == currency);
    let credit: Vec<_> = credit.map(|(_, subscription, credit)| (*subscription, *credit)).collect();
    let mut owed = Money::zero(currency);
    for invoice in open.iter().filter(|invoice| invoice.currency() == currency) {
        owed = owed.checked_add(invoice.outstanding()?)?;
    }
    let balance = Money::sum(currency, credit.iter().map(|(_, credit)| *credit))?;
    Ok(Standing { currency, credit, owed, balance: balance.checked_sub(owed)? })
}

async fn adjust(
    tx: &mut dyn Tx,
    mut desk: Desk<'_>,
    customer: CustomerId,
    adjustment: Adjustment,
) -> Result<Vec<Standing>, Error> {
    let reason = reason(&desk)?;
    let may = desk.context.caller.may(Permission::BalancesOverdraw);
    if adjustment.overdraw == Overdraw::Allowed && !may {
        return Err(CreditRefusal::NotPermitted.into());
    }
    let input = Fingerprint::of("credit.adjust", &[&customer, &adjustment]);
    if first_time(tx, &desk, input, customer.uuid()).await? == Once::First {
        let mut account = open(tx, &mut desk, customer).await?;
        let Adjustment { subscription, amount, overdraw } = adjustment;
        if let Some(subscription) = subscription {
            if amount.is_negative() {
                account.find_credit_of(subscription)?;
            } else {
                account.find(subscription)?;
            }
        }
        account.adjust(&desk, subscription, amount, overdraw, &reason)?;
        finish(tx, &desk, account).await?;
    }
    standing(tx, customer).await
}

async fn move_credit(
    tx: &mut dyn Tx,
    mut desk: Desk<'_>,
    transfer: Transfer,
) -> Result<Vec<Standing>, Error> {
    let input = Fingerprint::of("credit.transfer", &[&transfer]);
    if first_time(tx, &desk, input, transfer.from.uuid()).await? != Once::First {
        return standing(tx, transfer.from).await;
    }
    let Transfer { from, from_subscription, to, to_subscription, amount } = transfer;
    let both = if from == to { vec![from] } else { vec![from, to] };
    let mut accounts = load::accounts(tx, &mut desk, &both).await?;
    let mut take = |id| {
        let place = accounts.iter().position(|account| account.holder.id == id);
        place
            .map(|place| accounts.remove(place))
            .ok_or_else(|| Error::not_found(Thing::Customer, id))
    };
    let mut giver = take(from)?;
    if let Some(subscription) = from_subscription {
        giver.find_credit_of(subscription)?;
    }
    if from == to {
        if let Some(subscription) = to_subscription {
            giver.find(subscription)?;
        }
        giver.move_credit(&desk, from_subscription, to_subscription, amount)?;
    } else {
        let mut taker = take(to)?;
        if let Some(subscription) = to_subscription {
            taker.find(subscription)?;
        }
        giver.give_credit(&desk, from_subscription, &mut taker, to_subscription, amount)?;
        finish(tx, &desk, taker).await?;
    }
    finish(tx, &desk, giver).await?;
    standing(tx, from).await
}
