//! What is sold, how it changes, and what those keep who have it already.

use jiff::civil::date;
use mkbill_core::audit::store::AuditRow;
use mkbill_core::billing::{ChangeAt, Subscribe};
use mkbill_core::invoice::tax::{TaxMode, TaxRule};
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::page::PageRequest;
use mkbill_core::kernel::patch::Patch;
use mkbill_core::plan::store::PlanFilter;
use mkbill_core::plan::terms::Terms;
use mkbill_core::plan::{Limits, NewPlan, PlanChange, TermsChange};
use mkbill_core::subscription::Discount;
use mkbill_core::testkit::Engine;

use crate::shop::{Shop, clerk, rupiah, terms};
use crate::support::stories;

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    a_changed_price_leaves_alone_who_subscribed_before,
    renewed_terms_come_with_the_next_period_of_all_who_keep_the_plan,
    a_subscriber_may_take_the_present_terms_of_the_same_plan,
    a_retired_plan_is_given_to_nobody_new_and_served_to_the_end,
    a_change_that_makes_no_sense_changes_nothing,
    a_repeated_change_is_answered_as_the_first_time,
    a_plan_with_a_tax_that_has_no_rule_is_refused,
    a_tax_rule_is_withdrawn_only_while_nothing_was_taxed_by_it,
];

fn priced(amount: i64) -> PlanChange {
    PlanChange { sell: Some(rupiah(amount)), ..PlanChange::default() }
}

fn named(name: &str, terms: Terms) -> NewPlan {
    NewPlan {
        name: name.parse().unwrap(),
        router_profile: "default".to_owned(),
        prices: terms.prices,
        limits: Limits::default(),
        terms: Some(terms),
    }
}

async fn trail(shop: &Shop, plan: &str) -> Vec<AuditRow> {
    let id = shop.billing.plan(plan).await.unwrap().id;
    let page = PageRequest::new(None, 200).unwrap();
    shop.billing.audit(Some(id.uuid()), page).await.unwrap().items
}

async fn a_changed_price_leaves_alone_who_subscribed_before(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (old, new) = (shop.customer(1).await, shop.customer(2).await);
    let plan = shop.plan("home", terms(100_000)).await;
    shop.subscribe_to(old, plan).await;
    shop.pay(old, 100_000).await;
    let changed = shop.billing.change_plan(&clerk(), "home", priced(120_000)).await.unwrap();
    assert_eq!((changed.prices.sell(), changed.revision), (rupiah(120_000), 2));
    assert_eq!(changed.terms.unwrap().prices.sell(), rupiah(120_000));
    shop.subscribe_to(new, plan).await;
    shop.until_day(date(2026, 2, 4)).await;
    let totals = async |customer| {
        let all = shop.invoices(customer).await;
        all.iter().map(|invoice| invoice.total.minor()).collect::<Vec<_>>()
    };
    assert_eq!(totals(old).await, [100_000, 100_000], "what was agreed holds");
    assert_eq!(totals(new).await[0], 120_000);
    let trail = trail(&shop, "home").await;
    assert_eq!(trail[0].action, "plan.change");
    assert_eq!(trail[0].before["price_sell_minor"], 100_000);
    assert_eq!(trail[0].after["price_sell_minor"], 120_000);
    assert_eq!(trail[1].after["terms"]["cycle"], "monthly");
}

async fn renewed_terms_come_with_the_next_period_of_all_who_keep_the_plan(engine: Engine) {
    let shop = Shop::new(engine).await;
    let (stays, moves) = (shop.customer(1).await, shop.customer(2).await);
    let plan = shop.plan("home", terms(100_000)).await;
    let other = shop.plan("fast", terms(200_000)).await;
    shop.subscribe_to(stays, plan).await;
    let moving = shop.subscribe_to(moves, plan).await;
    for customer in [stays, moves] {
        shop.pay(customer, 100_000).await;
    }
    let later = ChangeAt::NextPeriod;
    shop.billing.change_subscription_plan(&clerk(), moving, other, later).await.unwrap();
    shop.billing.change_plan(&clerk(), "home", priced(120_000)).await.unwrap();
    let tried = shop.billing.renew_terms(&clerk().dry_run(), "home").await.unwrap();
    assert_eq!(tried, 1);
    assert_eq!(shop.billing.renew_terms(&clerk(), "home").await.unwrap(), 1);
    assert_eq!(shop.billing.renew_terms(&clerk(), "home").await.unwrap(), 1, "nothing changes");
    shop.until_day(date(2026, 2, 4)).await;
    assert_eq!(shop.invoices(stays).await[1].total, rupiah(120_000));
    assert_eq!(shop.invoices(moves).await[1].total, rupiah(200_000));
    shop.check(&[stays, moves]).await;
}

async fn a_subscriber_may_take_the_present_terms_of_the_same_plan(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    let plan = shop.plan("home", terms(100_000)).await;
    let id = shop.subscribe_to(customer, plan).await;
    shop.pay(customer, 100_000).await;
    let change = async |at| shop.billing.change_subscription_plan(&clerk(), id, plan, at).await;
    assert_eq!(change(ChangeAt::Now).await.unwrap_err().code(), "same_plan");
    shop.billing.change_plan(&clerk(), "home", priced(70_000)).await.unwrap();
    let view = change(ChangeAt::NextPeriod).await.unwrap();
    assert_eq!(view.subscription.next_plan, Some(plan));
    let view = change(ChangeAt::Now).await.unwrap();
    assert_eq!(view.subscription.terms.prices.sell(), rupiah(70_000));
    assert_eq!(view.subscription.next_plan, None);
    assert_eq!(shop.credit(customer).await, 30_000, "the whole period was still to come");
    shop.check(&[customer]).await;
}

async fn a_retired_plan_is_given_to_nobody_new_and_served_to_the_end(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    let plan = shop.plan("home", terms(100_000)).await;
    let other = shop.plan("fast", terms(200_000)).await;
    let id = shop.subscribe_to(customer, plan).await;
    let elsewhere = shop.subscribe_to(customer, other).await;
    shop.pay(customer, 300_000).await;
    let retired = shop.billing.retire_plan(&clerk(), "home").await.unwrap();
    assert!(retired.retired_at.is_some());
    let again = shop.billing.retire_plan(&clerk(), "home").await.unwrap();
    assert_eq!(again, retired, "doing it again changes nothing");
    let request =
        Subscribe { customer, plan, zone: None, discount: Discount::default(), login: None };
    let refused = shop.billing.subscribe(&clerk(), request.clone()).await.unwrap_err();
    assert_eq!(refused.code(), "plan_retired");
    for at in [ChangeAt::Now, ChangeAt::NextPeriod] {
        let moved = shop.billing.change_subscription_plan(&clerk(), elsewhere, plan, at).await;
        assert_eq!(moved.unwrap_err().code(), "plan_retired");
    }
    let on_sale = PlanFilter { on_sale: true, ..PlanFilter::default() };
    let page = PageRequest::new(None, 50).unwrap();
    let listed = shop.billing.plans(on_sale, page).await.unwrap().items;
    assert_eq!(listed.iter().map(|plan| plan.id).collect::<Vec<_>>(), [other]);
    shop.until_day(date(2026, 2, 4)).await;
    let own = shop.invoices(customer).await;
    let own: Vec<_> = own.iter().filter(|invoice| invoice.subscription == Some(id)).collect();
    assert_eq!(own.len(), 2, "its periods go on");
    assert_eq!(shop.billing.restore_plan(&clerk(), "home").await.unwrap().retired_at, None);
    shop.billing.subscribe(&clerk(), request).await.unwrap();
}

async fn a_change_that_makes_no_sense_changes_nothing(engine: Engine) {
    let shop = Shop::new(engine).await;
    shop.plan("home", terms(100_000)).await;
    shop.plan("fast", terms(200_000)).await;
    let before = shop.billing.plan("home").await.unwrap();
    let with_terms = |terms| PlanChange { terms, ..PlanChange::default() };
    let dollars = mkbill_core::Money::new(500, mkbill_core::Currency::USD);
    let bad = [
        (priced(-1), "negative_price"),
        (PlanChange { cost: Some(rupiah(100_001)), ..PlanChange::default() }, "sell_below_cost"),
        (PlanChange { sell: Some(dollars), ..PlanChange::default() }, "mixed_currencies"),
        (
            PlanChange { sell: Some(dollars), cost: Some(dollars), ..PlanChange::default() },
            "mixed_currencies",
        ),
        (PlanChange { name: Some("fast".parse().unwrap()), ..PlanChange::default() }, "conflict"),
        (PlanChange { data_quota: Patch::Set(1), ..PlanChange::default() }, "invalid"),
        (with_terms(TermsChange { lead_days: Some(61), ..TermsChange::default() }), "invalid"),
        (
            with_terms(TermsChange {
                tax: Patch::Set("ppm".parse().unwrap()),
                ..TermsChange::default()
            }),
            "invalid",
        ),
    ];
    for (change, code) in bad {
        let said = format!("{change:?}");
        let refused = shop.billing.change_plan(&clerk(), "home", change).await.unwrap_err();
        assert_eq!(refused.code(), code, "{said}");
    }
    assert_eq!(shop.billing.plan("home").await.unwrap(), before);
    assert_eq!(trail(&shop, "home").await.len(), 1, "only that it was added");
    let unknown = shop.billing.change_plan(&clerk(), "none", priced(1)).await.unwrap_err();
    assert!(matches!(unknown, Error::NotFound { .. }), "{unknown:?}");
}

async fn a_repeated_change_is_answered_as_the_first_time(engine: Engine) {
    let shop = Shop::new(engine).await;
    shop.plan("home", terms(100_000)).await;
    let renamed = PlanChange { name: Some("house".parse().unwrap()), ..priced(90_000) };
    let caller = clerk().with_key("once".parse().unwrap());
    let first = shop.billing.change_plan(&caller, "home", renamed.clone()).await.unwrap();
    let again = shop.billing.change_plan(&caller, "home", renamed).await.unwrap();
    assert_eq!(again, first, "although it has another name now");
    let other = shop.billing.change_plan(&caller, "house", priced(1)).await.unwrap_err();
    assert_eq!(other.code(), "idempotency_key_reused");
}

async fn a_plan_with_a_tax_that_has_no_rule_is_refused(engine: Engine) {
    let shop = Shop::new(engine).await;
    let terms = Terms { tax: Some("ppm".parse().unwrap()), ..terms(100_000) };
    let refused = shop.billing.add_plan(&clerk(), named("home", terms)).await.unwrap_err();
    assert_eq!(refused.code(), "invalid");
    assert!(refused.to_string().contains("ppm"), "{refused}");
}

async fn a_tax_rule_is_withdrawn_only_while_nothing_was_taxed_by_it(engine: Engine) {
    let shop = Shop::new(engine).await;
    let customer = shop.customer(1).await;
    let tax = "ppn".parse::<mkbill_core::invoice::tax::TaxName>().unwrap();
    let withdraw = async |since| shop.billing.withdraw_tax_rule(&clerk(), tax.clone(), since).await;
    let (now, later) = (date(2026, 1, 1), date(2026, 7, 1));
    for (since, rate) in [(now, 1_200), (later, 1_300)] {
        let rule = TaxRule::new(since, TaxMode::Exclusive, rate, (11, 12)).unwrap();
        shop.billing.add_tax_rule(&clerk(), tax.clone(), rule).await.unwrap();
    }
    shop.subscribe(customer, Terms { tax: Some(tax.clone()), ..terms(100_000) }).await;
    assert_eq!(withdraw(now).await.unwrap_err().code(), "tax_applied");
    withdraw(later).await.unwrap();
    assert_eq!(withdraw(later).await.unwrap_err().code(), "not_found");
    assert_eq!(withdraw(now).await.unwrap_err().code(), "tax_only_rule");
    let left = shop.billing.tax_rules().await.unwrap();
    assert_eq!(left.iter().map(|(_, rule)| rule.since()).collect::<Vec<_>>(), [now]);
}
