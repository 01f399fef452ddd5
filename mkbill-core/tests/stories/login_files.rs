//! Logins that come from files and go into files.

use mkbill_core::billing::NumberingChange;
use mkbill_core::kernel::caller::Caller;
use mkbill_core::kernel::money::Money;
use mkbill_core::kernel::table::LineError;
use mkbill_core::plan::terms::{Service, Terms};
use mkbill_core::plan::{Limits, NewPlan, Prices};
use mkbill_core::provisioning::LoginKind;
use mkbill_core::provisioning::export::Passwords;
use mkbill_core::provisioning::import::ImportReport;
use mkbill_core::provisioning::store::ExportFilter;
use mkbill_core::subscription::store::SubscriptionFilter;
use mkbill_core::testkit::Engine;

use crate::pppoe::Village;
use crate::support::stories;
use crate::world::{clerk, page_of};

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    what_is_exported_with_passwords_and_imported_elsewhere_is_the_same,
    a_file_makes_every_login_once_however_often_it_comes,
    an_import_that_was_interrupted_is_finished_by_the_same_file,
    the_good_lines_of_a_file_are_made_and_the_bad_ones_named,
    a_customer_who_has_a_login_gets_no_second_subscription_for_it,
];

const HEADING: &str = "whatsapp,plan,router,login,prefix,password,caller_id,remote_address,adopt\n";

/// Provider, three customers, a numbering and a plan for hotspot users.
async fn village(engine: Engine) -> Village {
    let village = Village::new(engine).await;
    for number in 1..=3 {
        village.customer(number).await;
    }
    let billing = &village.world.billing;
    let rule = NumberingChange { prefix: "rt05".parse().unwrap(), digits: None, last: None };
    billing.set_numbering(&clerk(), rule).await.unwrap();
    let prices = Prices::new(Money::rupiah(0), Money::rupiah(50_000)).unwrap();
    let plan = NewPlan {
        name: "cafe".parse().unwrap(),
        router_profile: "default".to_owned(),
        prices,
        limits: Limits::default(),
        terms: Some(Terms::monthly(prices, Service::Hotspot)),
    };
    billing.add_plan(&clerk(), plan).await.unwrap();
    village
}

async fn import(village: &Village, caller: &Caller, lines: &str) -> ImportReport {
    let csv = format!("{HEADING}{lines}");
    village.world.billing.import_logins(caller, csv.as_bytes()).await.unwrap().value
}

async fn export(village: &Village, filter: ExportFilter, passwords: Passwords) -> String {
    let csv = village.world.billing.export_logins(filter, passwords).await.unwrap();
    String::from_utf8(csv).unwrap()
}

async fn subscriptions(village: &Village) -> usize {
    let all = SubscriptionFilter::default();
    village.world.billing.subscriptions(&all, page_of(200)).await.unwrap().items.len()
}

fn places(errors: &[LineError]) -> Vec<(u64, &str)> {
    errors.iter().map(|error| (error.line, error.field.as_str())).collect()
}

const ALL: &str = "\
    081200000001,home 10 Mbps,pos-1,budi,,'=s3cret,4C-5E-0C-12-34-56,10.30.0.9,\n\
    081200000001,home 10 Mbps,pos-1,,rt05,,,,\n\
    081200000001,home 10 Mbps,pos-1,,rt05,,,,no\n\
    081200000002,cafe,pos-1,siti,,siti-1,,10.5.50.7,\n\
    081200000003,home 10 Mbps,pos-1,rt05-0001,ignored,,,,\n";

async fn what_is_exported_with_passwords_and_imported_elsewhere_is_the_same(engine: Engine) {
    let (here, there) = (village(engine).await, village(engine).await);
    assert_eq!(import(&here, &clerk(), ALL).await.imported, 5);
    let all = ExportFilter::default();
    let exported = export(&here, all, Passwords::Show).await;
    assert_eq!(exported.lines().count(), 6);
    let billing = &there.world.billing;
    let report = billing.import_logins(&clerk(), exported.as_bytes()).await.unwrap().value;
    assert_eq!((report.imported, report.errors), (5, Vec::new()));
    assert_eq!(export(&there, all, Passwords::Show).await, exported);
    there.world.tick().await;
    assert_eq!(there.shown("budi", "password").as_deref(), Some("=s3cret"));
    assert_eq!(there.shown("budi", "caller-id").as_deref(), Some("4C:5E:0C:12:34:56"));
    let secret = export(&here, all, Passwords::Hide).await;
    assert!(exported.contains(",'=s3cret,") && !secret.contains("s3cret"), "{secret}");
    let hotspot = ExportFilter { kind: Some(LoginKind::Hotspot), ..all };
    assert_eq!(export(&here, hotspot, Passwords::Hide).await.lines().count(), 2);
    let siti = billing.logins(&filter_by("siti"), page_of(1)).await.unwrap().items.remove(0);
    billing.remove_login(&clerk(), siti.id).await.unwrap();
    assert!(!export(&there, all, Passwords::Show).await.contains("siti"), "it is over");
}

fn filter_by(name: &str) -> mkbill_core::provisioning::store::LoginFilter {
    let name = Some(name.to_owned());
    mkbill_core::provisioning::store::LoginFilter { name, ..Default::default() }
}

async fn a_file_makes_every_login_once_however_often_it_comes(engine: Engine) {
    let village = village(engine).await;
    let keyed = clerk().with_key("file-1".parse().unwrap());
    let tried = import(&village, &keyed.clone().dry_run(), ALL).await;
    assert_eq!((subscriptions(&village).await, tried.imported, tried.failed), (0, 5, 0));
    let made = import(&village, &keyed, ALL).await;
    assert_eq!(made, tried);
    let csv = format!("{HEADING}{ALL}");
    let again = village.world.billing.import_logins(&keyed, csv.as_bytes()).await.unwrap();
    assert!(again.replayed);
    assert_eq!(again.value, made);
    for caller in [clerk().dry_run(), clerk(), clerk().with_key("file-2".parse().unwrap())] {
        let known = import(&village, &caller, ALL).await;
        assert_eq!((known.imported, known.failed, known.errors), (0, 0, Vec::new()));
        assert_eq!(places(&known.existing), [2, 3, 4, 5, 6].map(|line| (line, "login")));
        assert!(known.existing[1].problem.contains("rt05-0002"), "{:?}", known.existing);
    }
    assert_eq!(subscriptions(&village).await, 5);
}

async fn an_import_that_was_interrupted_is_finished_by_the_same_file(engine: Engine) {
    for key in [None, Some("file")] {
        let village = village(engine).await;
        let caller = match key {
            Some(key) => clerk().with_key(key.parse().unwrap()),
            None => clerk(),
        };
        let line = |(number, line)| if number == 2 { "\n" } else { line };
        let begun: String = ALL.split_inclusive('\n').enumerate().map(line).collect();
        assert_eq!(import(&village, &caller, &begun).await.imported, 4);
        let rest = import(&village, &caller, ALL).await;
        let expected = if key.is_some() { (5, 0) } else { (1, 4) };
        assert_eq!((rest.imported, rest.existing.len()), expected, "{rest:?}");
        assert_eq!(subscriptions(&village).await, 5);
    }
}

async fn the_good_lines_of_a_file_are_made_and_the_bad_ones_named(engine: Engine) {
    let village = village(engine).await;
    village.world.daily_plan().await;
    village.world.console("/ppp/secret/add", &["name=lama", "password=modem-9"]);
    village.world.poll().await;
    let siti = import(&village, &clerk(), "081200000002,cafe,pos-1,siti,,,,,\n").await;
    assert_eq!(siti.imported, 1);
    let lines = "\
        081200000009,home 10 Mbps,pos-1,a,,,,,\n\
        081200000001,home 11 Mbps,pos-1,a,,,,,\n\
        081200000001,home 10 Mbps,pos-2,a,,,,,\n\
        081200000001,daily,pos-1,a,,,,,\n\
        081200000001,home 10 Mbps,pos-1,a,,,,10.30.0,\n\
        081200000001,home 10 Mbps,pos-1,budi,,,,10.30.0.9,\n\
        081200000003,home 10 Mbps,pos-1,budi,,,,,\n\
        081200000003,home 10 Mbps,pos-1,ani,,,,10.30.0.9,\n\
        081200000003,cafe,pos-1,siti,,,,,\n\
        081200000003,home 10 Mbps,pos-1,lama,,,,,\n\
        081200000003,home 10 Mbps,pos-1,,rt09,,,,\n\
        081200000003,cafe,pos-1,ani,,,AA,,\n\
        081200000003,home 10 Mbps,pos-1,baru,,,,,yes\n";
    let tried = import(&village, &clerk().dry_run(), lines).await;
    let report = import(&village, &clerk(), lines).await;
    assert_eq!(report, tried);
    assert_eq!((report.total, report.imported, report.failed), (13, 1, 12));
    let expected = [
        (2, "whatsapp"),
        (3, "plan"),
        (4, "router"),
        (5, "plan"),
        (6, "remote_address"),
        (8, "login"),
        (9, "remote_address"),
        (10, "login"),
        (11, "login"),
        (12, "prefix"),
        (13, "caller_id"),
        (14, "login"),
    ];
    assert_eq!(places(&report.errors), expected);
    assert_eq!(report.errors[5].problem, "line 7 has the same on this router");
    assert!(report.errors[8].problem.contains("adopt it"), "{:?}", report.errors[8]);
    let taken = import(&village, &clerk(), "081200000003,home 10 Mbps,pos-1,lama,,,,,ya\n").await;
    assert_eq!(taken.imported, 1, "{taken:?}");
    village.world.tick().await;
    assert_eq!(village.shown("lama", "password").as_deref(), Some("modem-9"));
    assert!(village.shown("budi", "comment").unwrap().starts_with("PPPOE_SYSTEM|"));
}

async fn a_customer_who_has_a_login_gets_no_second_subscription_for_it(engine: Engine) {
    let village = village(engine).await;
    let number = "+6281200000001";
    let customer = village.world.billing.customer(number).await.unwrap().customer.id;
    let mut login = village.login("budi");
    login.line = vec![("remote_address".parse().unwrap(), "10.30.0.9".to_owned())];
    let request = village.request(customer, login);
    village.world.billing.subscribe(&clerk(), request.clone()).await.unwrap();
    let again = village.world.billing.subscribe(&clerk(), request.clone()).await.unwrap_err();
    assert_eq!(again.code(), "login_exists");
    let other = village.world.billing.customer("+6281200000002").await.unwrap().customer.id;
    let request = mkbill_core::billing::Subscribe { customer: other, ..request };
    let taken = village.world.billing.subscribe(&clerk(), request).await.unwrap_err();
    assert_eq!(taken.code(), "conflict");
}
