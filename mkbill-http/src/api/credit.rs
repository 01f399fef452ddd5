//! Customers' credit over HTTP.

use axum::Json;
use mkbill_core::account::correct::Overdraw;
use mkbill_core::billing::{Adjustment, Standing, Transfer};
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::ids::{CustomerId, SubscriptionId};
use mkbill_core::kernel::money::Money;
use mkbill_core::kernel::permission::needs::{BalancesAdjust, CustomersView};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::values::MoneyBody;
use super::{Answer, Problems};
use crate::auth::access::{Reads, Writes};
use crate::extract::{Json as Body, Path, WriteHeaders, WriteQuery, named_in_one_of};

/// Credit of a customer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Credit)]
pub(crate) struct CreditBody {
    /// The id of the only subscription whose credit it is; null for credit that serves all.
    pub(crate) subscription_id: Option<Uuid>,
    /// How much; below zero after a reversal of money that was spent.
    pub(crate) amount: MoneyBody,
}

impl From<(Option<SubscriptionId>, Money)> for CreditBody {
    fn from((subscription, amount): (Option<SubscriptionId>, Money)) -> Self {
        Self { subscription_id: subscription.map(SubscriptionId::uuid), amount: amount.into() }
    }
}

/// What a customer has and owes in one currency.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Standing)]
pub(crate) struct StandingBody {
    /// The currency of all amounts.
    #[schema(example = "IDR")]
    pub(crate) currency: String,
    /// Credit by subscription.
    pub(crate) credit: Vec<CreditBody>,
    /// The rest of all open invoices.
    pub(crate) owed: MoneyBody,
    /// Credit less what is owed: above zero in the customer's favour.
    pub(crate) balance: MoneyBody,
}

impl From<Standing> for StandingBody {
    fn from(standing: Standing) -> Self {
        Self {
            currency: standing.currency.code().to_owned(),
            credit: standing.credit.into_iter().map(CreditBody::from).collect(),
            owed: standing.owed.into(),
            balance: standing.balance.into(),
        }
    }
}

/// What a customer has and owes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Standings)]
pub(crate) struct StandingsBody {
    /// The id of the customer.
    pub(crate) customer_id: Uuid,
    /// By currency; none for a customer who neither has nor owes anything.
    pub(crate) items: Vec<StandingBody>,
}

impl StandingsBody {
    pub(crate) fn of(customer: CustomerId, standing: Vec<Standing>) -> Self {
        let items = standing.into_iter().map(StandingBody::from).collect();
        Self { customer_id: customer.uuid(), items }
    }
}

/// A correction of credit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Adjustment)]
pub(crate) struct AdjustmentBody {
    /// Above zero gives credit, below takes it.
    pub(crate) amount: MoneyBody,
    /// The id of the only subscription whose credit it is.
    #[serde(default)]
    pub(crate) subscription: Option<Uuid>,
    /// Whether less than nothing may be left.
    #[serde(default)]
    pub(crate) allow_negative: bool,
}

impl AdjustmentBody {
    pub(crate) fn read(&self) -> Result<Adjustment, Error> {
        Ok(Adjustment {
            subscription: self.subscription.map(SubscriptionId::from_uuid),
            amount: self.amount.read("amount")?,
            overdraw: if self.allow_negative { Overdraw::Allowed } else { Overdraw::Never },
        })
    }
}

/// Where credit is.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreditPlace)]
pub(crate) struct PlaceBody {
    /// The id of the customer.
    pub(crate) customer: Uuid,
    /// The id of the only subscription whose credit it is; absent for credit that serves all.
    #[serde(default)]
    pub(crate) subscription: Option<Uuid>,
}

/// Credit that moves.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreditTransfer)]
pub(crate) struct TransferBody {
    /// From where.
    pub(crate) from: PlaceBody,
    /// To where.
    pub(crate) to: PlaceBody,
    /// How much; above zero.
    pub(crate) amount: MoneyBody,
}

impl TransferBody {
    pub(crate) fn read(&self) -> Result<Transfer, Error> {
        Ok(Transfer {
            from: CustomerId::from_uuid(self.from.customer),
            from_subscription: self.from.subscription.map(SubscriptionId::from_uuid),
            to: CustomerId::from_uuid(self.to.customer),
            to_subscription: self.to.subscription.map(SubscriptionId::from_uuid),
            amount: self.amount.read("amount")?,
        })
    }
}

/// Corrects a customer's credit; needs a reason. What is credited pays open invoices.
#[utoipa::path(post, path = "/customers/{customer}/credit/adjust", tag = "credit",
    params(("customer" = Uuid, Path, description = "Id"), WriteHeaders, WriteQuery),
    request_body = AdjustmentBody,
    responses((status = 200, description = "How the customer stands then", body = StandingsBody),
        Problems))]
pub(crate) async fn adjust_credit(
    billing: Writes<BalancesAdjust>,
    Path(customer): Path<Uuid>,
    Body(body): Body<AdjustmentBody>,
) -> Answer<StandingsBody> {
    let customer = CustomerId::from_uuid(customer);
    let adjusted = billing.adjust_credit(&billing.caller, customer, body.read()?).await;
    let standing = adjusted.map_err(named_in_one_of(&["subscription"]))?;
    Ok(Json(StandingsBody::of(customer, standing)))
}

/// Moves credit between customers or subscriptions.
#[utoipa::path(post, path = "/credit-transfers", tag = "credit", params(WriteHeaders, WriteQuery),
    request_body = TransferBody,
    responses((status = 200, description = "How the giver stands then", body = StandingsBody),
        Problems))]
pub(crate) async fn transfer_credit(
    billing: Writes<BalancesAdjust>,
    Body(body): Body<TransferBody>,
) -> Answer<StandingsBody> {
    let transfer = body.read()?;
    let moved = billing.transfer_credit(&billing.caller, transfer).await;
    let standing = moved.map_err(named_in_one_of(&["customer", "subscription"]))?;
    Ok(Json(StandingsBody::of(transfer.from, standing)))
}

/// Shows what a customer has and owes, in each currency.
#[utoipa::path(get, operation_id = "show_standing", path = "/customers/{customer}/standing", tag = "credit",
    params(("customer" = Uuid, Path, description = "Id")),
    responses((status = 200, description = "How the customer stands", body = StandingsBody),
        Problems))]
pub(crate) async fn standing(
    billing: Reads<CustomersView>,
    Path(customer): Path<Uuid>,
) -> Answer<StandingsBody> {
    let customer = CustomerId::from_uuid(customer);
    Ok(Json(StandingsBody::of(customer, billing.standing(customer).await?)))
}
