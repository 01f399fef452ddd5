//! Reading comments: marker first, then the number of fields. Never fails, never guesses a batch.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value};

use super::layout::{
    Comment, JsonPppoeFacts, JsonVoucherFacts, Layout, PppoeFacts, SubscriberFacts, System,
    VoucherFacts,
};
use super::stamp;
use super::write::MISSING;
use super::{PPPOE_MARKER, VOUCHER_MARKER};

/// Longer comments are not taken apart. Routers keep far less.
const READ_BYTES_MAX: usize = 4_096;
/// More fields than any layout has.
const FIELDS_MAX: usize = 11;
/// How the numbers of batches begin, here and in older systems.
const BATCH_BEGINNINGS: [&str; 2] = ["BATCH-", "VC-"];
/// A subscription that was not stored yet when the comment was written.
const PENDING: &str = "pending";

/// Takes a comment apart. Every text has an answer; what is not understood is `Unrecognised`.
pub fn parse(raw: &str) -> Comment {
    if raw.len() > READ_BYTES_MAX {
        return Comment { layout: Layout::Unrecognised(raw.to_owned()), stamp: None };
    }
    let (text, stamp) = stamp::split(raw);
    let layout = layout(text.trim()).unwrap_or_else(|| Layout::Unrecognised(text.to_owned()));
    Comment { layout, stamp }
}

/// Whose login a comment of ours is on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum MarkedOwner<'a> {
    /// A voucher of this batch.
    Batch(Cow<'a, str>),
    /// This subscription.
    Subscription(Cow<'a, str>),
}

/// The batch or the subscription that a comment of ours names.
pub(super) fn marked_owner(raw: &str) -> Option<MarkedOwner<'_>> {
    if raw.len() > READ_BYTES_MAX {
        return None;
    }
    let text = raw.trim_start();
    if text.starts_with(VOUCHER_MARKER) {
        marked_batch(raw).map(MarkedOwner::Batch)
    } else if text.starts_with(PPPOE_MARKER) {
        marked_subscription(raw).map(MarkedOwner::Subscription)
    } else {
        None
    }
}

/// The subscription that a comment of layout P1 or P2 names.
fn marked_subscription(raw: &str) -> Option<Cow<'_, str>> {
    let (text, _) = stamp::split(raw);
    let mut fields = text.trim().splitn(FIELDS_MAX, '|');
    let (marker, _customer, subscription) = (fields.next()?, fields.next()?, fields.next()?);
    if marker != PPPOE_MARKER || matches!(subscription, "" | MISSING | PENDING) {
        return None;
    }
    let is_ours = match (fields.next(), fields.next(), fields.next(), fields.next()) {
        (Some(_vendor), Some(_created), None, None) => true,
        (Some(_vendor), Some(created), Some(by), None) => !is_shifted(created, by),
        _ => false,
    };
    is_ours.then(|| unescaped(subscription))
}

/// Has a package before the vendor moved the date of six fields to the end?
fn is_shifted(fifth: &str, sixth: &str) -> bool {
    day(fifth).is_none() && day(sixth).is_some()
}

/// The batch that a comment of layout V1 or V2 names.
fn marked_batch(raw: &str) -> Option<Cow<'_, str>> {
    let (text, _) = stamp::split(raw);
    let mut fields = text.trim().splitn(FIELDS_MAX, '|');
    let (marker, batch) = (fields.next()?, fields.next()?);
    let is_ours = marker == VOUCHER_MARKER && !batch.is_empty() && matches!(fields.count(), 6 | 8);
    is_ours.then(|| unescaped(batch))
}

fn layout(text: &str) -> Option<Layout> {
    if text.starts_with('{') {
        return json(text);
    }
    let fields: Vec<&str> = text.splitn(FIELDS_MAX, '|').collect();
    match fields.as_slice() {
        [VOUCHER_MARKER, _, ..] => voucher(&fields[1..]),
        [PPPOE_MARKER, _, ..] => pppoe(&fields[1..]),
        _ => profile(text),
    }
}

/// The fields after the marker.
fn voucher(fields: &[&str]) -> Option<Layout> {
    match *fields {
        [sell, first_login, valid_until] => Some(Layout::V3 {
            sell: amount(sell),
            first_login_at: instant(first_login),
            valid_until: instant(valid_until),
        }),
        [batch, sell, cost, hours] => Some(Layout::V6 {
            batch: value(batch),
            sell: amount(sell),
            cost: amount(cost),
            valid_hours: hours.parse().ok(),
        }),
        [sell, _, batch, created, by] if is_batch(batch) => Some(Layout::V4 {
            sell: amount(sell),
            batch: unescaped(batch).into_owned(),
            created_on: day(created),
            created_by: value(by),
        }),
        [customer, subscription, vendor, created, by] => {
            let subscriber = subscriber([customer, subscription, vendor, created]);
            Some(Layout::V5(SubscriberFacts { created_by: value(by), ..subscriber }))
        }
        ["", ..] => None,
        [batch, sell, cost, hours, vendor, created, by] => {
            Some(Layout::V1(voucher_facts([batch, sell, cost, hours, vendor, created, by])))
        }
        [batch, sell, cost, hours, vendor, created, by, first_login, expires] => {
            Some(Layout::V2(VoucherFacts {
                first_login_at: instant(first_login),
                expires_at: instant(expires),
                ..voucher_facts([batch, sell, cost, hours, vendor, created, by])
            }))
        }
        _ => None,
    }
}

fn voucher_facts([batch, sell, cost, hours, vendor, created, by]: [&str; 7]) -> VoucherFacts {
    VoucherFacts {
        batch: unescaped(batch).into_owned(),
        sell: amount(sell),
        cost: amount(cost),
        valid_hours: hours.parse().ok(),
        vendor: value(vendor),
        created_on: day(created),
        created_by: value(by),
        first_login_at: None,
        expires_at: None,
    }
}

/// The fields after the marker.
fn pppoe(fields: &[&str]) -> Option<Layout> {
    match *fields {
        [description, created] => {
            Some(Layout::F1 { description: value(description), created_on: day(created) })
        }
        [customer, subscription, vendor, created] => {
            Some(Layout::P1(subscriber([customer, subscription, vendor, created])))
        }
        [customer, subscription, c, d, e] => Some(pppoe_of_six([customer, subscription, c, d, e])),
        [batch, sell, cost, customer, subscription, created, by] => Some(Layout::P3(PppoeFacts {
            batch: value(batch),
            sell: amount(sell),
            cost: amount(cost),
            customer: value(customer),
            subscription: value(subscription),
            created_on: day(created),
            created_by: value(by),
        })),
        _ => None,
    }
}

/// Six fields are P2 or P4: a package stands before the vendor, which moves the date to the end,
/// or behind the date of a subscription that is `pending`.
fn pppoe_of_six([customer, subscription, c, d, e]: [&str; 5]) -> Layout {
    let settled = if subscription == PENDING { MISSING } else { subscription };
    if is_shifted(d, e) {
        let subscriber = subscriber([customer, settled, d, e]);
        return Layout::P4 { subscriber, package: value(c) };
    }
    let subscriber = subscriber([customer, settled, c, d]);
    if subscription == PENDING {
        Layout::P4 { subscriber, package: value(e) }
    } else {
        Layout::P2(SubscriberFacts { created_by: value(e), ..subscriber })
    }
}

fn subscriber([customer, subscription, vendor, created]: [&str; 4]) -> SubscriberFacts {
    SubscriberFacts {
        customer: value(customer),
        subscription: value(subscription),
        vendor: value(vendor),
        created_on: day(created),
        created_by: None,
    }
}

fn profile(text: &str) -> Option<Layout> {
    let system = if text.contains(VOUCHER_MARKER) {
        System::Voucher
    } else if text.contains(PPPOE_MARKER) {
        System::Pppoe
    } else {
        return None;
    };
    let mut words = text.split(|c: char| c == '|' || c.is_whitespace());
    Some(Layout::F2 { system, price: words.find_map(amount) })
}

fn json(text: &str) -> Option<Layout> {
    let object: Map<String, Value> = serde_json::from_str(text).ok()?;
    let get = |key: &str| scalar(object.get(key)?);
    match get("system")?.as_str() {
        "voucher" | "hotspot" => Some(Layout::V7(JsonVoucherFacts {
            batch: get("batch_id"),
            sell: get("price_sell").and_then(|text| amount(&text)),
            cost: get("price_cost").and_then(|text| amount(&text)),
            first_login_at: get("first_login").and_then(|text| instant(&text)),
            expired_hours: get("expired_hours").and_then(|text| text.parse().ok()),
            created_by: get("created_by"),
        })),
        "pppoe" => Some(Layout::P5(JsonPppoeFacts {
            customer: get("customer_id"),
            sell: get("price_sell").and_then(|text| amount(&text)),
            cost: get("price_cost").and_then(|text| amount(&text)),
            expires_on: get("expiry_date").and_then(|text| day(&text)),
            created_by: get("created_by"),
        })),
        _ => None,
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn is_batch(field: &str) -> bool {
    BATCH_BEGINNINGS.iter().any(|beginning| field.starts_with(beginning))
}

fn value(field: &str) -> Option<String> {
    (!matches!(field, "" | MISSING)).then(|| unescaped(field).into_owned())
}

/// A whole amount; older systems wrote `15000.00` too.
fn amount(field: &str) -> Option<i64> {
    let whole = match field.split_once('.') {
        Some((whole, cents)) if cents.bytes().all(|digit| digit == b'0') => whole,
        _ => field,
    };
    whole.parse().ok()
}

/// RFC 3339, or Unix seconds.
fn instant(field: &str) -> Option<Timestamp> {
    match field.parse::<i64>() {
        Ok(seconds) => Timestamp::from_second(seconds).ok(),
        Err(_) => field.parse().ok(),
    }
}

/// A civil date, perhaps followed by a time of day.
fn day(field: &str) -> Option<Date> {
    stamp::date(field.split(['T', ' ']).next()?)
}

/// Undoes the escapes. Older systems did not escape: what is no escape stays as it is.
fn unescaped(field: &str) -> Cow<'_, str> {
    if !field.contains('%') {
        return Cow::Borrowed(field);
    }
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        let escape = if first == b'%' { hex_byte(behind) } else { None };
        bytes.push(escape.unwrap_or(first));
        rest = if escape.is_some() { &behind[2..] } else { behind };
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(field), Cow::Owned)
}

/// The byte that two hexadecimal digits at the beginning name.
fn hex_byte(text: &[u8]) -> Option<u8> {
    let digit = |index: usize| char::from(*text.get(index)?).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}
