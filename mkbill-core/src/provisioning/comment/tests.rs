use jiff::civil::{date, datetime};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};

use crate::kernel::error::Refusal as _;
use crate::provisioning::controller::Mark as _;

use super::*;

const V1_EXAMPLE: &str =
    "VOUCHER_SYSTEM|BATCH-202501-001|15000|10000|24|VENDOR-001|2025-01-09|admin";
const LOGIN_APPENDED: &str = "|2025-01-10T03:00:00.000Z|2025-01-11T03:00:00.000Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn layout(raw: &str) -> Layout {
    parse(raw).layout().clone()
}

fn example_mark() -> VoucherMark {
    VoucherMark {
        batch: "BATCH-202501-001".to_owned(),
        sell: 15_000,
        cost: 10_000,
        valid_hours: Some(24),
        vendor: Some(text("VENDOR-001")),
        created_on: date(2025, 1, 9),
        created_by: "admin".to_owned(),
        first_login_at: None,
        expires_at: None,
    }
}

fn facts_of(mark: &VoucherMark) -> VoucherFacts {
    VoucherFacts {
        batch: mark.batch.clone(),
        sell: Some(mark.sell),
        cost: Some(mark.cost),
        valid_hours: mark.valid_hours,
        vendor: mark.vendor.clone(),
        created_on: Some(mark.created_on),
        created_by: Some(mark.created_by.clone()),
        first_login_at: mark.first_login_at,
        expires_at: mark.expires_at,
    }
}

fn example_subscriber() -> SubscriberFacts {
    SubscriberFacts {
        customer: Some(text("123")),
        subscription: Some(text("456")),
        vendor: Some(text("VENDOR-001")),
        created_on: Some(date(2025, 1, 9)),
        created_by: None,
    }
}

#[test]
fn v1_the_documented_example() {
    assert_eq!(layout(V1_EXAMPLE), Layout::V1(facts_of(&example_mark())));
}

#[test]
fn v2_the_example_after_the_first_login() {
    let mark = VoucherMark {
        first_login_at: Some(at("2025-01-10T03:00:00Z")),
        expires_at: Some(at("2025-01-11T03:00:00Z")),
        ..example_mark()
    };
    let comment = format!("{V1_EXAMPLE}{LOGIN_APPENDED}");
    assert_eq!(mark.to_comment().unwrap(), comment);
    assert_eq!(layout(&comment), Layout::V2(facts_of(&mark)));
}

#[test]
fn v2_has_two_empty_fields_before_the_first_login() {
    let comment = example_mark().to_comment().unwrap();
    assert_eq!(comment, format!("{V1_EXAMPLE}||"));
    assert_eq!(layout(&comment), Layout::V2(facts_of(&example_mark())));
}

#[test]
fn v3_the_example_with_unix_seconds() {
    let expected = Layout::V3 {
        sell: Some(15_000),
        first_login_at: Some(Timestamp::from_second(1_736_480_000).unwrap()),
        valid_until: Some(Timestamp::from_second(1_736_566_400).unwrap()),
    };
    assert_eq!(layout("VOUCHER_SYSTEM|15000|1736480000|1736566400"), expected);
    let unused = Layout::V3 { sell: Some(15_000), first_login_at: None, valid_until: None };
    assert_eq!(layout("VOUCHER_SYSTEM|15000||"), unused);
}

#[test]
fn v4_and_v5_differ_by_the_look_of_the_fourth_field() {
    let v4 = Layout::V4 {
        sell: Some(15_000),
        batch: "BATCH-202501-001".to_owned(),
        created_on: Some(date(2025, 1, 9)),
        created_by: Some(text("admin")),
    };
    assert_eq!(layout("VOUCHER_SYSTEM|15000|0|BATCH-202501-001|2025-01-09|admin"), v4);
    let v5 = SubscriberFacts {
        subscription: None,
        created_by: Some(text("admin")),
        ..example_subscriber()
    };
    assert_eq!(layout("VOUCHER_SYSTEM|123|NULL|VENDOR-001|2025-01-09|admin"), Layout::V5(v5));
}

#[test]
fn v6_five_fields() {
    let expected = Layout::V6 {
        batch: Some(text("BATCH-202501-001")),
        sell: Some(15_000),
        cost: Some(10_000),
        valid_hours: Some(24),
    };
    assert_eq!(layout("VOUCHER_SYSTEM|BATCH-202501-001|15000.00|10000|24"), expected);
}

#[test]
fn v7_a_json_object() {
    let raw = r#"{"system":"hotspot","price_sell":"15000.00","price_cost":10000,
        "first_login":null,"expired_hours":24,"created_by":"admin","extra":[1]}"#;
    let expected = JsonVoucherFacts {
        sell: Some(15_000),
        cost: Some(10_000),
        expired_hours: Some(24),
        created_by: Some(text("admin")),
        ..JsonVoucherFacts::default()
    };
    assert_eq!(layout(raw), Layout::V7(expected));
    let used = layout(r#"{"system":"voucher","first_login":"2025-01-10T03:00:00Z"}"#);
    let first_login_at = Some(at("2025-01-10T03:00:00Z"));
    assert_eq!(
        used,
        Layout::V7(JsonVoucherFacts { first_login_at, ..JsonVoucherFacts::default() })
    );
}

#[test]
fn p1_the_example_letter_by_letter() {
    let mark = PppoeMark {
        customer: Some(text("123")),
        subscription: Some(text("456")),
        vendor: Some(text("VENDOR-001")),
        created_on: date(2025, 1, 9),
    };
    let comment = mark.to_comment().unwrap();
    assert_eq!(comment, "PPPOE_SYSTEM|123|456|VENDOR-001|2025-01-09");
    assert_eq!(layout(&comment), Layout::P1(example_subscriber()));
    let bare = PppoeMark { customer: None, subscription: None, vendor: None, ..mark };
    assert_eq!(bare.to_comment().unwrap(), "PPPOE_SYSTEM|NULL|NULL|NULL|2025-01-09");
}

#[test]
fn p2_p3_and_p4_by_their_fields() {
    let p2 = SubscriberFacts { created_by: Some(text("admin")), ..example_subscriber() };
    assert_eq!(layout("PPPOE_SYSTEM|123|456|VENDOR-001|2025-01-09|admin"), Layout::P2(p2));
    let p3 = PppoeFacts {
        batch: Some(text("B1")),
        sell: Some(150_000),
        cost: Some(100_000),
        customer: Some(text("123")),
        subscription: Some(text("456")),
        created_on: Some(date(2025, 1, 9)),
        created_by: Some(text("admin")),
    };
    let raw = "PPPOE_SYSTEM|B1|150000|100000|123|456|2025-01-09|admin";
    assert_eq!(layout(raw), Layout::P3(p3));
    let subscriber = SubscriberFacts { subscription: None, ..example_subscriber() };
    let p4 = Layout::P4 { subscriber, package: Some(text("7")) };
    assert_eq!(layout("PPPOE_SYSTEM|123|pending|7|VENDOR-001|2025-01-09"), p4);
    assert_eq!(layout("PPPOE_SYSTEM|123|pending|VENDOR-001|2025-01-09|7"), p4);
}

#[test]
fn p5_a_json_object_whose_names_and_numbers_are_not_read() {
    let raw = r#"{"system":"pppoe","customer_id":123,"price_sell":150000,"price_cost":100000,
        "expiry_date":"2025-02-09","created_by":"admin","customer_name":"Budi","customer_phone":"08"}"#;
    let expected = JsonPppoeFacts {
        customer: Some(text("123")),
        sell: Some(150_000),
        cost: Some(100_000),
        expires_on: Some(date(2025, 2, 9)),
        created_by: Some(text("admin")),
    };
    assert_eq!(layout(raw), Layout::P5(expected));
}

#[test]
fn f1_and_f2_are_profiles() {
    let f1 = Layout::F1 { description: Some(text("home 10M")), created_on: Some(date(2025, 1, 9)) };
    assert_eq!(layout("PPPOE_SYSTEM|home 10M|2025-01-09"), f1);
    let f2 = Layout::F2 { system: System::Voucher, price: Some(5_000) };
    assert_eq!(layout("one day VOUCHER_SYSTEM 5000"), f2);
    assert_eq!(layout("PPPOE_SYSTEM"), Layout::F2 { system: System::Pppoe, price: None });
}

#[test]
fn anything_else_is_left_as_it_is() {
    for raw in [
        "",
        "neighbour's laptop",
        "VOUCHER_SYSTEM|a",
        "VOUCHER_SYSTEM|1|2|3|4|5|6|7|8|9|10",
        "{\"system\":\"radius\"}",
        "{broken",
        "PPPOE_SYSTEM|a|b|c|d|e|f|g|h",
        "VOUCHER_SYSTEM||1|1|1|v|d|b",
    ] {
        assert_eq!(layout(raw), Layout::Unrecognised(raw.to_owned()), "{raw}");
    }
    let endless = format!("{V1_EXAMPLE}{}", "x".repeat(5_000));
    assert_eq!(layout(&endless), Layout::Unrecognised(endless.clone()));
    assert!(!is_ours(&endless));
}

#[test]
fn a_stamp_is_read_in_both_date_dialects_and_is_no_part_of_the_layout() {
    let uptime = SignedDuration::from_secs(9 * 86_400 + 3 * 3_600 + 4 * 60 + 5);
    for (tail, time) in [
        (" fl=2026-05-31_23:59:58_1w2d3h4m5s", datetime(2026, 5, 31, 23, 59, 58, 0)),
        (" fl=jan/02/1970_00:00:09_1w2d03:04:05", datetime(1970, 1, 2, 0, 0, 9, 0)),
    ] {
        let comment = parse(&format!("{V1_EXAMPLE}||{tail}"));
        let stamp = Stamp { router_time: time, router_uptime: uptime };
        assert_eq!(comment.stamp(), Some(stamp));
        assert_eq!(*comment.layout(), Layout::V2(facts_of(&example_mark())));
        assert_eq!(without_stamp(&format!("{V1_EXAMPLE}||{tail}")), format!("{V1_EXAMPLE}||"));
    }
}

#[test]
fn what_only_looks_like_a_stamp_stays_in_the_comment() {
    for tail in [
        " fl=",
        " fl=2026-05-31",
        " fl=2026-02-30_00:00:00_1s",
        " fl=2026-05-31_24:00:00_1s",
        " fl=2026-05-31_00:00:00_",
        " fl=2026-05-31_00:00:00_5",
        " fl=2026-05-31_00:00:00_1x",
        " fl=2026-05-31_00:00:00_99999999999999999999w",
        " fl=2026-05-31_00:00:00_999999999999999w",
        "fl=2026-05-31_00:00:00_1s",
    ] {
        let raw = format!("gate{tail}");
        assert_eq!((without_stamp(&raw), parse(&raw).stamp()), (raw.as_str(), None));
    }
}

#[test]
fn a_long_maker_is_abbreviated_and_nothing_else() {
    let mark = VoucherMark { created_by: "ä".repeat(60), ..example_mark() };
    let comment = mark.to_comment().unwrap();
    assert!(comment.len() <= COMMENT_BYTES_MAX);
    let Layout::V2(facts) = layout(&comment) else { panic!("{comment}") };
    let maker = facts.created_by.clone().unwrap();
    assert!(maker.ends_with("ä~"), "{maker}");
    assert_eq!(
        VoucherFacts { created_by: Some(mark.created_by.clone()), ..facts },
        facts_of(&mark)
    );

    let used = VoucherMark {
        first_login_at: Some(at("2025-01-10T03:00:00Z")),
        expires_at: Some(at("2025-01-11T03:00:00Z")),
        ..mark
    };
    let Layout::V2(facts) = layout(&used.to_comment().unwrap()) else { panic!() };
    assert_eq!(facts.created_by, Some(maker));
}

#[test]
fn what_cannot_be_shortened_is_refused() {
    let batch = VoucherMark { batch: "B".repeat(100), ..example_mark() };
    assert_eq!(batch.to_comment().unwrap_err().code(), "comment_too_long");
    let customer = Some(text(&"7".repeat(190)));
    let mark =
        PppoeMark { customer, subscription: None, vendor: None, created_on: date(2025, 1, 9) };
    assert!(mark.to_comment().is_err());
}

#[test]
fn begun_hours_count_in_full() {
    let seconds = [(0, 0), (1, 1), (3_600, 1), (3_601, 2), (86_400, 24), (-5, 0)];
    for (seconds, hours) in seconds {
        assert_eq!(whole_hours(SignedDuration::from_secs(seconds)), hours);
    }
    assert_eq!(whole_hours(SignedDuration::from_millis(1)), 1);
    assert_eq!(whole_hours(SignedDuration::MAX), 2_562_047_788_015_216);
}

#[test]
fn the_same_batch_is_the_same_mark_whatever_else_differs() {
    let wanted = example_mark().to_comment().unwrap();
    let stamped = format!("{wanted} fl=2026-05-31_23:59:58_1w");
    for found in [wanted.as_str(), V1_EXAMPLE, &stamped] {
        assert!(OwnMark.is_same(found, &wanted), "{found}");
        assert!(is_ours(found), "{found}");
    }
    let other = VoucherMark { batch: "BATCH-202501-002".to_owned(), ..example_mark() };
    let foreign = [
        other.to_comment().unwrap(),
        String::new(),
        "VOUCHER_SYSTEM|BATCH-202501-001|15000|10000|24".to_owned(),
        r#"{"system":"voucher","batch_id":"BATCH-202501-001"}"#.to_owned(),
        format!("mine! {wanted}"),
    ];
    for found in &foreign {
        assert!(!OwnMark.is_same(found, &wanted), "{found}");
    }
    assert!(!OwnMark.is_same("", ""));
    assert!(!OwnMark.is_same("VOUCHER_SYSTEM|||||||||", "VOUCHER_SYSTEM|||||||||"));
}

#[test]
fn the_same_subscription_is_the_same_mark_whatever_else_differs() {
    let mark = |subscription: &str, created_on| PppoeMark {
        customer: Some(text("c1")),
        subscription: Some(text(subscription)),
        vendor: None,
        created_on,
    };
    let wanted = mark("s1", date(2025, 1, 9)).to_comment().unwrap();
    let later = mark("s1", date(2026, 2, 1)).to_comment().unwrap();
    let stamped = format!("{wanted} fl=2026-05-31_23:59:58_1w");
    let by_another = "PPPOE_SYSTEM|c9|s1|v|2025-01-09|admin";
    for found in [wanted.as_str(), &later, &stamped, by_another] {
        assert!(OwnMark.is_same(found, &wanted) && is_ours(found), "{found}");
    }
    let other = mark("s2", date(2025, 1, 9)).to_comment().unwrap();
    assert!(is_ours(&other) && !OwnMark.is_same(&other, &wanted));
    for found in [
        "PPPOE_SYSTEM|c1|s1|10M|v|2025-01-09",
        "PPPOE_SYSTEM|c1|NULL|v|2025-01-09",
        "PPPOE_SYSTEM|c1|pending|v|2025-01-09",
        "PPPOE_SYSTEM|s1|2025-01-09",
        "VOUCHER_SYSTEM|c1|s1|v|2025-01-09|admin",
        "mine! PPPOE_SYSTEM|c1|s1|v|2025-01-09",
    ] {
        assert!(!is_ours(found) && !OwnMark.is_same(found, &wanted), "{found}");
    }
    let batch = VoucherMark { batch: text("s1"), ..example_mark() }.to_comment().unwrap();
    assert!(!OwnMark.is_same(&batch, &wanted) && !OwnMark.is_same(&wanted, &batch));
}

#[test]
fn text_that_is_no_escape_is_read_as_it_stands() {
    let raw = "VOUCHER_SYSTEM|50%|1|1|1|%zz|2025-01-09|%C3%28 %7c";
    let Layout::V1(facts) = layout(raw) else { panic!() };
    assert_eq!((facts.batch.as_str(), facts.vendor), ("50%", Some(text("%zz"))));
    assert_eq!(
        facts.created_by,
        Some(text("%C3%28 %7c")),
        "not UTF-8, so nothing was escaped here"
    );
}

fn a_name() -> impl Strategy<Value = String> {
    any::<String>().prop_map(|name| name.chars().take(6).collect())
}

fn an_instant() -> impl Strategy<Value = Option<Timestamp>> {
    proptest::option::of(0..4_102_444_800_000_i64)
        .prop_map(|millis| millis.map(|millis| Timestamp::from_millisecond(millis).unwrap()))
}

fn a_day() -> impl Strategy<Value = jiff::civil::Date> {
    (1_i16..=9_999, 1_i8..=12, 1_i8..=28).prop_map(|(year, month, day)| date(year, month, day))
}

proptest! {
    #[test]
    fn v2_comes_back_as_it_was_written(
        batch in "[A-Z|%\r\né-]{1,6}", sell in 0..10_000_000_i64, cost in 0..10_000_000_i64,
        valid_hours in proptest::option::of(0..90_000_u64), vendor in proptest::option::of("[ -~]{1,12}|NULL"),
        created_on in a_day(), created_by in "[a-z|%é\u{0}]{1,4}|NULL",
        first_login_at in an_instant(), expires_at in an_instant(),
    ) {
        let mark = VoucherMark {
            batch, sell, cost, valid_hours, vendor, created_on, created_by, first_login_at, expires_at,
        };
        let comment = mark.to_comment().unwrap();
        prop_assert!(comment.len() <= COMMENT_BYTES_MAX);
        prop_assert!(comment.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()));
        prop_assert_eq!(layout(&comment), Layout::V2(facts_of(&mark)));
        prop_assert!(OwnMark.is_same(&comment, &comment));
    }

    #[test]
    fn p1_comes_back_as_it_was_written(
        customer in proptest::option::of(a_name()), subscription in proptest::option::of("pending|NULL|[0-9|]{1,9}"),
        vendor in proptest::option::of(a_name()), created_on in a_day(),
    ) {
        let mark = PppoeMark { customer, subscription, vendor, created_on };
        let known = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
        let facts = SubscriberFacts {
            customer: known(&mark.customer),
            subscription: known(&mark.subscription),
            vendor: known(&mark.vendor),
            created_on: Some(created_on),
            created_by: None,
        };
        prop_assert_eq!(layout(&mark.to_comment().unwrap()), Layout::P1(facts));
    }

    #[test]
    fn no_text_makes_the_reader_fail(raw in any::<String>(), glue in "[|{}%_:=/0-9a-zVOUCHER_SYSTEM -]{0,80}") {
        for text in [raw.clone(), format!("VOUCHER_SYSTEM|{raw}|{glue}"), format!("PPPOE_SYSTEM|{glue}"),
            format!("{{\"system\":\"{glue}\"}}"), format!("{raw} fl={glue}")]
        {
            let comment = parse(&text);
            prop_assert!(text.starts_with(without_stamp(&text)));
            let marked = match comment.layout() {
                Layout::V1(_) | Layout::V2(_) => true,
                Layout::P1(facts) | Layout::P2(facts) => {
                    facts.subscription.as_deref().is_some_and(|named| named != "pending")
                }
                _ => false,
            };
            prop_assert_eq!(is_ours(&text), marked);
        }
    }
}
