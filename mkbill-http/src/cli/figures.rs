//! Reports about those who keep plans.

use clap::Subcommand;
use mkbill_core::billing::Billing;
use mkbill_core::kernel::money::Money;

use crate::api::figures::{
    SubscriberFiguresBody, SubscriptionFiguresBody, TopByBody, TopCustomersBody, WindowBody,
};
use crate::failure::Failure;

use super::output::{Output, facts, money, table};

#[derive(Debug, Subcommand)]
pub(super) enum FiguresReport {
    /// How many customers come, stay and leave, and what they bring
    Subscribers {
        /// How far back it looks
        #[arg(long, value_enum, default_value_t = WindowBody::Month)]
        window: WindowBody,
    },
    /// The customers who pay, keep or owe the most
    TopCustomers {
        /// By what they are ranked
        #[arg(long, value_enum, default_value_t = TopByBody::Received)]
        by: TopByBody,
        /// How far back what was received counts
        #[arg(long, value_enum, default_value_t = WindowBody::Month)]
        window: WindowBody,
        /// How many, 1 to 100
        #[arg(long, default_value_t = 10)]
        limit: u32,
    },
    /// How many subscriptions there are, what they cost, and how many began of late
    Subscriptions,
}

pub(super) async fn run(billing: &Billing, report: FiguresReport) -> Result<Output, Failure> {
    match report {
        FiguresReport::Subscribers { window } => {
            let figures = billing.subscriber_figures(window.into()).await?;
            Ok(subscribers(SubscriberFiguresBody::of(window, figures)))
        }
        FiguresReport::TopCustomers { by, window, limit } => {
            let ranking = billing.top_customers(by.into(), window.into(), limit).await?;
            Ok(top(billing, by, TopCustomersBody::of(ranking)))
        }
        FiguresReport::Subscriptions => {
            Ok(subscriptions(billing.subscription_figures().await?.into()))
        }
    }
}

fn subscribers(figures: SubscriberFiguresBody) -> Output {
    let text = facts(&[
        ("new", figures.new.to_string()),
        ("active", figures.active.to_string()),
        ("churned", figures.churned.to_string()),
        ("received", money(&figures.received)),
        ("for each active customer", money(&figures.per_active)),
        ("average of a customer, ever", money(&figures.lifetime_average)),
        ("most of a customer, ever", money(&figures.lifetime_most)),
    ]);
    Output::new(figures, text)
}

fn top(billing: &Billing, by: TopByBody, ranking: TopCustomersBody) -> Output {
    let value = |value: i64| match by {
        TopByBody::Subscriptions => value.to_string(),
        _ => money(&Money::new(value, billing.currency()).into()),
    };
    let rows = ranking.items.iter().map(|top| [top.name.clone(), value(top.value)]);
    let text = table(["customer", "value"], rows.collect::<Vec<_>>());
    Output::new(ranking, text)
}

fn subscriptions(figures: SubscriptionFiguresBody) -> Output {
    let months: Vec<String> =
        figures.months.iter().map(|row| format!("{}: {}", row.month, row.begun)).collect();
    let text = facts(&[
        ("pending", figures.pending.to_string()),
        ("active", figures.active.to_string()),
        ("overdue", figures.overdue.to_string()),
        ("paused", figures.paused.to_string()),
        ("cancelled", figures.cancelled.to_string()),
        ("average price", money(&figures.average_price)),
        ("carried over", money(&figures.carried_over)),
        ("begun", months.join(", ")),
    ]);
    Output::new(figures, text)
}
