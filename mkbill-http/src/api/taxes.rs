//! Tax rules over HTTP.

use axum::Json;
use jiff::civil::Date;
use mkbill_core::invoice::tax::{TaxMode, TaxName, TaxRule};
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::permission::needs::{TaxesEdit, TaxesView};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::values::choices;
use super::{Answer, Made, Problems, created};
use crate::auth::access::{Reads, Writes};
use crate::extract::{Json as Body, Path, WriteHeaders, WriteQuery};

choices! {
    /// Whether a price has the tax in it.
    TaxModeBody as TaxMode for TaxMode {
        /// The price is what the customer pays.
        Inclusive,
        /// The tax comes on top of the price.
        Exclusive,
    }
}

/// A tax that holds from a day on, until a later rule of the same name does.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TaxRule)]
pub(crate) struct TaxRuleBody {
    /// Under which name dated rules belong together: 1 to 20 lower-case letters, digits and dashes.
    #[schema(example = "ppn", min_length = 1, max_length = 20, pattern = "^[a-z0-9-]+$")]
    pub(crate) name: String,
    /// The first day on which it holds.
    pub(crate) since: Date,
    /// Whether prices have it in them.
    pub(crate) mode: TaxModeBody,
    /// The rate in basis points: 1200 is 12 %.
    #[schema(minimum = 0, maximum = 10_000, example = 1_200)]
    pub(crate) rate_basis_points: u32,
    /// The part of the price that is taxed, above the line; 1 if absent.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 1_000, example = 11)]
    pub(crate) base_numerator: u32,
    /// The part of the price that is taxed, below the line; 1 if absent.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 1_000, example = 12)]
    pub(crate) base_denominator: u32,
}

const fn one() -> u32 {
    1
}

impl TaxRuleBody {
    pub(crate) fn of(name: &TaxName, rule: TaxRule) -> Self {
        let (base_numerator, base_denominator) = rule.base();
        Self {
            name: name.to_string(),
            since: rule.since(),
            mode: rule.mode().into(),
            rate_basis_points: rule.rate(),
            base_numerator,
            base_denominator,
        }
    }

    pub(crate) fn read(&self) -> Result<(TaxName, TaxRule), Error> {
        let name = self.name.parse().map_err(|error: Error| match error {
            Error::Invalid { problem, .. } => Error::invalid("name", problem),
            other => other,
        })?;
        let base = (self.base_numerator, self.base_denominator);
        let rule = TaxRule::new(self.since, self.mode.into(), self.rate_basis_points, base)?;
        Ok((name, rule))
    }
}

/// All tax rules.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaxRules)]
pub(crate) struct TaxRulesBody {
    /// By name and day.
    pub(crate) items: Vec<TaxRuleBody>,
}

impl TaxRulesBody {
    pub(crate) fn of(rules: Vec<(TaxName, TaxRule)>) -> Self {
        let items = rules.into_iter().map(|(name, rule)| TaxRuleBody::of(&name, rule)).collect();
        Self { items }
    }
}

/// Adds a tax rule. A rule is never changed; a later one of the same name follows it.
#[utoipa::path(post, path = "/taxes", tag = "taxes", params(WriteHeaders, WriteQuery),
    request_body = TaxRuleBody,
    responses((status = 201, description = "Added; `Location` says where", body = TaxRuleBody),
        (status = 200, description = "Only tried", body = TaxRuleBody), Problems))]
pub(crate) async fn add_tax(billing: Writes<TaxesEdit>, Body(body): Body<TaxRuleBody>) -> Made {
    let (name, rule) = body.read()?;
    billing.add_tax_rule(&billing.caller, name, rule).await?;
    Ok(created(&billing.caller, "/api/v1/taxes", body))
}

/// Lists all tax rules, by name and day.
#[utoipa::path(get, path = "/taxes", tag = "taxes",
    responses((status = 200, description = "All rules", body = TaxRulesBody), Problems))]
pub(crate) async fn list_taxes(billing: Reads<TaxesView>) -> Answer<TaxRulesBody> {
    Ok(Json(TaxRulesBody::of(billing.tax_rules().await?)))
}

/// Withdraws a tax rule that nothing was taxed by.
#[utoipa::path(delete, path = "/taxes/{tax}/{since}", tag = "taxes",
    params(("tax" = String, Path, description = "Name"),
        ("since" = Date, Path, description = "The first day on which it holds"),
        WriteHeaders, WriteQuery),
    responses((status = 200, description = "The rules that are left", body = TaxRulesBody),
        Problems))]
pub(crate) async fn withdraw_tax(
    billing: Writes<TaxesEdit>,
    Path((tax, since)): Path<(String, Date)>,
) -> Answer<TaxRulesBody> {
    billing.withdraw_tax_rule(&billing.caller, tax.parse()?, since).await?;
    Ok(Json(TaxRulesBody::of(billing.tax_rules().await?)))
}
