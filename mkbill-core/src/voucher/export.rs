//! Vouchers as CSV, for spreadsheets and printers.

use std::borrow::Cow;
use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::kernel::error::Error;
use crate::kernel::money::Money;
use crate::kernel::spreadsheet::guarded;
use crate::kernel::table::{self, or_empty};

const COLUMNS: [&str; 14] = [
    "number",
    "code",
    "password",
    "state",
    "plan",
    "price_sell",
    "currency",
    "validity_hours",
    "uptime_quota_seconds",
    "data_quota_bytes",
    "batch",
    "vendor",
    "first_login_at",
    "expires_at",
];
const SECONDS_PER_HOUR: i64 = 3_600;

/// One voucher of an export. Holds credentials: its `Debug` form does not show them.
#[derive(Clone, PartialEq, Eq)]
pub struct ExportRow {
    /// Its place in the batch.
    pub number: u32,
    /// What the customer types.
    pub code: String,
    /// The login's password.
    pub password: String,
    /// The state's name.
    pub state: &'static str,
    /// The plan's name.
    pub plan: String,
    /// Selling price; written as minor units and a currency code.
    pub price_sell: Money,
    /// Calendar time from first login.
    pub validity: Option<SignedDuration>,
    /// Time online.
    pub uptime_quota: Option<SignedDuration>,
    /// Bytes in both directions.
    pub data_quota: Option<u64>,
    /// The batch's number.
    pub batch: String,
    /// The vendor's code or name.
    pub vendor: Option<String>,
    /// First login, if any.
    pub first_login_at: Option<Timestamp>,
    /// End of validity, if known.
    pub expires_at: Option<Timestamp>,
}

impl fmt::Debug for ExportRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExportRow")
            .field("number", &self.number)
            .field("batch", &self.batch)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// Writes a heading and one line per voucher, UTF-8, with CRLF line ends as RFC 4180 asks.
///
/// Instants are RFC 3339 in UTC; what is absent is empty. A text that a spreadsheet would take for
/// a formula (it begins with `=`, `+`, `-`, `@`, a tab or a carriage return) gets an apostrophe
/// before it, which a program that reads the file has to take off again.
pub fn csv(rows: impl Iterator<Item = ExportRow>) -> Result<Vec<u8>, Error> {
    table::write("vouchers", COLUMNS, rows.map(|row| record(&row)))
}

fn record(row: &ExportRow) -> [Cow<'static, str>; COLUMNS.len()] {
    let guarded = |text: &str| Cow::Owned(guarded(text).into_owned());
    [
        row.number.to_string().into(),
        guarded(&row.code),
        guarded(&row.password),
        row.state.into(),
        guarded(&row.plan),
        row.price_sell.minor().to_string().into(),
        row.price_sell.currency().code().to_owned().into(),
        or_empty(row.validity.map(hours)),
        or_empty(row.uptime_quota.map(|quota| quota.as_secs())),
        or_empty(row.data_quota),
        guarded(&row.batch),
        guarded(row.vendor.as_deref().unwrap_or_default()),
        or_empty(row.first_login_at),
        or_empty(row.expires_at),
    ]
}

/// Hours, with two decimals (rounded up) unless they are whole.
fn hours(span: SignedDuration) -> String {
    let (whole, rest) = (span.as_secs() / SECONDS_PER_HOUR, span.as_secs() % SECONDS_PER_HOUR);
    let hundredths = (rest * 100).unsigned_abs().div_ceil(SECONDS_PER_HOUR.unsigned_abs());
    match hundredths {
        0 => whole.to_string(),
        100 => (whole + 1).to_string(),
        _ => format!("{whole}.{hundredths:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::money::Currency;

    fn row() -> ExportRow {
        ExportRow {
            number: 1,
            code: "WIFI-7K2M9".to_owned(),
            password: "WIFI-7K2M9".to_owned(),
            state: "active",
            plan: "1 day".to_owned(),
            price_sell: Money::rupiah(3_000),
            validity: Some(SignedDuration::from_hours(24)),
            uptime_quota: Some(SignedDuration::from_mins(90)),
            data_quota: Some(1 << 30),
            batch: "BATCH-20260131-001".to_owned(),
            vendor: Some("VENDOR-001".to_owned()),
            first_login_at: Some("2026-01-31T17:00:00Z".parse().unwrap()),
            expires_at: Some("2026-02-01T17:00:00Z".parse().unwrap()),
        }
    }

    fn lines(rows: Vec<ExportRow>) -> Vec<String> {
        let text = String::from_utf8(csv(rows.into_iter()).unwrap()).unwrap();
        text.strip_suffix("\r\n").unwrap().split("\r\n").map(str::to_owned).collect()
    }

    #[test]
    fn every_voucher_is_one_line_under_the_heading() {
        let bare = ExportRow {
            validity: None,
            uptime_quota: None,
            data_quota: None,
            vendor: None,
            first_login_at: None,
            expires_at: None,
            price_sell: Money::new(150, Currency::USD),
            state: "available",
            ..row()
        };
        assert_eq!(
            lines(vec![row(), bare]),
            [
                "number,code,password,state,plan,price_sell,currency,validity_hours,uptime_quota_seconds,data_quota_bytes,batch,vendor,first_login_at,expires_at",
                "1,WIFI-7K2M9,WIFI-7K2M9,active,1 day,3000,IDR,24,5400,1073741824,BATCH-20260131-001,VENDOR-001,2026-01-31T17:00:00Z,2026-02-01T17:00:00Z",
                "1,WIFI-7K2M9,WIFI-7K2M9,available,1 day,150,USD,,,,BATCH-20260131-001,,,",
            ]
        );
        assert_eq!(lines(Vec::new()).len(), 1);
    }

    #[test]
    fn a_text_that_looks_like_a_formula_is_made_harmless() {
        for danger in ["=1+1", "+62", "-1", "@SUM(A1)", "\tx", "\rx"] {
            let guarded = ExportRow {
                code: danger.to_owned(),
                password: danger.to_owned(),
                plan: danger.to_owned(),
                batch: danger.to_owned(),
                vendor: Some(danger.to_owned()),
                ..row()
            };
            let bytes = csv([guarded].into_iter()).unwrap();
            let record =
                csv::Reader::from_reader(bytes.as_slice()).records().next().unwrap().unwrap();
            for column in [1, 2, 4, 10, 11] {
                assert_eq!(record[column], format!("'{danger}"), "{}", COLUMNS[column]);
            }
        }
    }

    #[test]
    fn separators_and_quotes_in_names_come_back_whole() {
        let plan = "1 day, \"fast\"\r\nnew";
        let bytes = csv([ExportRow { plan: plan.to_owned(), ..row() }].into_iter()).unwrap();
        let record = csv::Reader::from_reader(bytes.as_slice()).records().next().unwrap().unwrap();
        assert_eq!(&record[4], plan);
    }

    #[test]
    fn hours_are_whole_or_have_two_decimals() {
        for (seconds, text) in
            [(3_600, "1"), (5_400, "1.50"), (1_200, "0.34"), (1, "0.01"), (3_599, "1"), (0, "0")]
        {
            assert_eq!(hours(SignedDuration::from_secs(seconds)), text, "{seconds}");
        }
    }

    #[test]
    fn a_row_does_not_show_its_credentials_in_debug_output() {
        assert!(!format!("{:?}", row()).contains("7K2M9"));
    }
}
