//! Every code of a problem and its status. Codes are never renamed and never change their status.

use axum::http::StatusCode;

/// Codes and statuses, by their names.
pub(crate) const CODES: &[(&str, u16)] = &[
    ("adjustment_zero", 422),
    ("alert_over", 422),
    ("amount_not_positive", 422),
    ("amount_out_of_range", 422),
    ("bad_extension", 422),
    ("batch_cancelled", 409),
    ("batch_not_pushed", 409),
    ("beyond_calendar", 422),
    ("body_late", 408),
    ("body_too_large", 413),
    ("books_closed", 409),
    ("books_closed_already", 409),
    ("books_day_not_over", 422),
    ("books_not_closed", 409),
    ("broken", 500),
    ("clock_in_use", 409),
    ("clock_past", 409),
    ("clock_started", 409),
    ("clock_too_far", 422),
    ("code_space_too_small", 422),
    ("codes_exhausted", 422),
    ("comment_too_long", 422),
    ("conflict", 409),
    ("credit_note_too_much", 422),
    ("credit_overdrawn", 422),
    ("customer_anonymised", 409),
    ("customer_blacklisted", 409),
    ("customer_deleted", 409),
    ("customer_has_subscriptions", 409),
    ("customer_missing", 422),
    ("customer_not_settled", 409),
    ("date_in_future", 422),
    ("due_past", 422),
    ("expiry_past", 422),
    ("forbidden", 403),
    ("idempotency_in_flight", 409),
    ("idempotency_key_reused", 422),
    ("invalid", 422),
    ("invoice_lines", 422),
    ("invoice_open", 409),
    ("invoice_state", 409),
    ("last_super_admin", 409),
    ("login_exists", 409),
    ("login_of_voucher", 422),
    ("login_over", 409),
    ("malformed_body", 422),
    ("malformed_header", 400),
    ("malformed_path", 400),
    ("malformed_query", 400),
    ("method_not_allowed", 405),
    ("mixed_currencies", 422),
    ("negative_price", 422),
    ("no_test_clock", 409),
    ("not_found", 404),
    ("not_permitted", 422),
    ("numbering_crowded", 409),
    ("numbering_unknown", 422),
    ("operation_over", 409),
    ("operations_crowded", 429),
    ("other_customer", 422),
    ("parts_differ", 422),
    ("password_change_required", 403),
    ("payment_matched", 409),
    ("payment_reversed", 409),
    ("plan_is_recurring", 422),
    ("plan_retired", 409),
    ("plan_sells_vouchers", 422),
    ("precondition_failed", 412),
    ("precondition_unsupported", 412),
    ("reason_missing", 422),
    ("reference_taken", 409),
    ("router_in_use", 409),
    ("router_profile_missing", 422),
    ("router_unreachable", 424),
    ("router_untold", 409),
    ("same_password", 422),
    ("same_place", 422),
    ("same_plan", 422),
    ("scope_beyond_maker", 422),
    ("scope_missing", 422),
    ("sell_below_cost", 422),
    ("sell_by_over", 422),
    ("setup_over", 409),
    ("sign_in_failed", 401),
    ("slowed_down", 429),
    ("staff_disabled", 403),
    ("staff_only", 403),
    ("staff_removed", 409),
    ("subscription_days", 422),
    ("subscription_state", 409),
    ("tax_applied", 409),
    ("tax_base", 422),
    ("tax_only_rule", 409),
    ("tax_rate", 422),
    ("timeout", 503),
    ("too_many_alert_rules", 422),
    ("too_many_webhooks", 422),
    ("unauthenticated", 401),
    ("unavailable", 503),
    ("unknown_currency", 422),
    ("unknown_path", 404),
    ("unsupported_media_type", 415),
    ("voucher_state", 409),
    ("webhook_address", 422),
    ("webhook_disabled", 409),
    ("wrong_password", 403),
];

/// The status of a code; a refusal that is not listed is one of values.
pub(crate) fn status_of(code: &str) -> StatusCode {
    let place = CODES.binary_search_by_key(&code, |(known, _)| known);
    let status = place.ok().and_then(|place| StatusCode::from_u16(CODES[place].1).ok());
    status.unwrap_or(StatusCode::UNPROCESSABLE_ENTITY)
}

/// The status of an answer in words, in Indonesian.
pub(crate) const fn indonesian_title(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "Permintaan Tidak Dapat Dibaca",
        401 => "Belum Masuk",
        403 => "Tidak Diizinkan",
        404 => "Tidak Ditemukan",
        405 => "Metode Tidak Diizinkan",
        408 => "Permintaan Terlalu Lama",
        409 => "Bertentangan Dengan Keadaan",
        412 => "Syarat Tidak Terpenuhi",
        413 => "Isi Terlalu Besar",
        415 => "Jenis Isi Tidak Didukung",
        422 => "Isi Tidak Dapat Diproses",
        424 => "Router Tidak Menjawab",
        429 => "Terlalu Banyak Percobaan",
        500 => "Kesalahan Di Server",
        503 => "Layanan Sedang Tidak Tersedia",
        _ => "Kesalahan",
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::collections::BTreeMap;
    use std::fmt::Write as _;

    use mkbill_core::kernel::error::Error;
    use mkbill_core::kernel::language::{Language, Said, said};
    use mkbill_core::kernel::thing::Thing;
    use mkbill_core::kernel::wrong::Wrong;
    use mkbill_core::testkit::refusals;

    use super::super::Problem;
    use super::*;

    const DOCUMENT: &str = "docs/API-PROBLEMS.md";
    const WRITE: &str = "MKBILL_WRITE_PROBLEMS";

    /// What no refusal of the core stands behind.
    fn others() -> Vec<(&'static str, Option<Said>)> {
        let of = |error: Error| (error.code(), Some(error.said()));
        let ours = |problem: Problem| match problem.code {
            Cow::Borrowed(code) => (code, Some(problem.detail)),
            Cow::Owned(code) => panic!("{code} is one of those that were kept"),
        };
        let mut others = vec![
            of(Error::not_found(Thing::Customer, "8120")),
            of(Error::conflict(
                Thing::Plan,
                said!("the name `a` is taken", "nama `a` sudah dipakai"),
            )),
            of(Error::invalid("count", Wrong::Range { least: 1, most: 10_000 })),
            ours(Problem::internal()),
            ours(Problem::unauthenticated()),
            ours(Problem::timed_out()),
            ours(Problem::body_late()),
            ours(Problem::body_too_large()),
            ours(Problem::in_flight()),
        ];
        others.extend(
            [
                "unavailable",
                "router_unreachable",
                "staff_only",
                "malformed_header",
                "malformed_query",
                "malformed_path",
                "malformed_body",
                "unsupported_media_type",
                "unknown_path",
                "method_not_allowed",
            ]
            .map(|code| (code, None)),
        );
        others
    }

    fn samples() -> BTreeMap<&'static str, Option<Said>> {
        let mut samples: BTreeMap<_, _> = others().into_iter().collect();
        for refusal in refusals() {
            let said = Said::new(refusal.to_string(), refusal.indonesian());
            samples.entry(refusal.code()).or_insert(Some(said));
        }
        samples
    }

    fn document() -> String {
        let mut text = String::from(
            "# Codes of problems\n\n\
             Every answer that is no success is an RFC 9457 problem. Its `code` is stable, and so is the \
             status that belongs to it; `type` leads to the same list at `/docs/problems`. The texts \
             follow `Accept-Language` (`en` or `id`), else the language of the business; those below are \
             examples. `malformed_body` is 400 for what is no JSON at all.\n\n\
             | code | status | English | Indonesian |\n|---|---|---|---|\n",
        );
        let samples = samples();
        for (code, status) in CODES {
            let said = samples.get(code).cloned().flatten();
            let told = |language| said.as_ref().map_or("", |said| said.text(language)).to_owned();
            let (english, indonesian) = (told(Language::English), told(Language::Indonesian));
            let _ = writeln!(text, "| `{code}` | {status} | {english} | {indonesian} |");
        }
        text
    }

    #[test]
    fn codes_are_those_that_there_are_in_their_order() {
        assert!(CODES.is_sorted());
        let listed: Vec<&str> = CODES.iter().map(|(code, _)| *code).collect();
        assert_eq!(listed, samples().into_keys().collect::<Vec<_>>());
    }

    #[test]
    fn every_status_has_a_title_in_both_languages() {
        for (code, number) in CODES {
            let status = StatusCode::from_u16(*number).unwrap();
            assert!(status.canonical_reason().is_some(), "{code}");
            assert_ne!(indonesian_title(status), "Kesalahan", "{code}");
        }
    }

    #[test]
    fn the_committed_list_of_codes_is_current() {
        let path = format!("{}/../{DOCUMENT}", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os(WRITE).is_some() {
            std::fs::write(&path, document()).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        let same = committed == document();
        assert!(same, "{DOCUMENT} is old: set {WRITE}=1, run this test and commit it");
    }
}
