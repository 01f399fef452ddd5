//! `mkbill explain …`

use clap::Subcommand;
use mkbill_core::billing::Billing;
use mkbill_core::kernel::ids::{CustomerId, LoginId, SubscriptionId};

use crate::api::explanations::ExplanationBody;
use crate::failure::Failure;

use super::output::{Output, money, table};

#[derive(Debug, Subcommand)]
pub(super) enum ExplainCommand {
    /// Why an invoice is what it is
    Invoice {
        /// Number or id
        invoice: String,
    },
    /// Why a customer owes what they owe, and is served as they are
    Customer {
        /// Id
        customer: CustomerId,
    },
    /// Why a subscription is served or not
    Subscription {
        /// Id
        subscription: SubscriptionId,
    },
    /// Why a login works or not
    Login {
        /// Id
        login: LoginId,
    },
}

pub(super) async fn run(billing: &Billing, command: ExplainCommand) -> Result<Output, Failure> {
    let explanation = match command {
        ExplainCommand::Invoice { invoice } => billing.explain_invoice(&invoice).await?,
        ExplainCommand::Customer { customer } => billing.explain_customer(customer).await?,
        ExplainCommand::Subscription { subscription } => {
            billing.explain_subscription(subscription).await?
        }
        ExplainCommand::Login { login } => billing.explain_login(login).await?,
    };
    Ok(shown(explanation.into()))
}

fn shown(explanation: ExplanationBody) -> Output {
    let facts = explanation.facts.iter().map(|fact| {
        let amount = fact.amount.as_ref().map(money).unwrap_or_default();
        [fact.at.to_string(), fact.text.clone(), amount]
    });
    let facts = table(["when", "what", "amount"], facts.collect::<Vec<_>>());
    let text = format!("{}\n\n{facts}", explanation.verdict.join("\n"));
    Output::new(explanation, text)
}
