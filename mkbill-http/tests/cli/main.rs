//! The built program, run as people and scripts run it.

#![expect(clippy::unwrap_used, reason = "a test may stop where something is missing")]

mod guides;
mod shop;

use std::process::{Command, Stdio};

use mkbill_routeros::sim::{License, Simulator};
use serde_json::Value;

use shop::{PROGRAM, Shop, complaint, one_object, words};

#[test]
fn figures_of_subscribers_are_told_at_the_terminal() {
    let shop = Shop::open();
    assert_eq!(shop.json(&words("report subscribers --window all"))["active"], 0);
    let ranking = shop.json(&words("report top-customers --by balance"));
    assert_eq!(ranking["items"], serde_json::json!([]));
    let figures = shop.json(&words("report subscriptions"));
    assert_eq!(figures["average_price"]["minor"], 0);
}

#[test]
fn a_plan_is_changed_retired_and_restored_at_the_terminal() {
    let shop = Shop::open().with_plan();
    let changed =
        shop.json(&words("plan change daily --sell 6000 --validity none --data-quota 5GiB"));
    assert_eq!(changed["sell"]["minor"], 6_000);
    assert_eq!(changed["validity_seconds"], Value::Null);
    assert_eq!(changed["data_quota_bytes"], 5_u64 << 30);
    shop.complaint(&words("plan change daily --sell 1"), "sell_below_cost");
    shop.complaint(&words("plan change daily --grace-days 3"), "plan_sells_vouchers");
    assert!(shop.json(&words("plan retire daily"))["retired_at"].is_string());
    assert_eq!(shop.json(&words("plan list --on-sale"))["items"], serde_json::json!([]));
    assert_eq!(shop.json(&words("plan restore daily"))["retired_at"], Value::Null);
    shop.complaint(&words("plan renew-terms daily"), "plan_sells_vouchers");
    shop.json(&words("tax add ppn --since 2099-01-01 --rate 1200 --base 11/12"));
    let left = shop.json(&words("tax withdraw ppn --since 2099-01-01"));
    assert_eq!(left["items"], serde_json::json!([]));
}

#[test]
fn a_plan_is_added_and_listed_in_both_styles() {
    let shop = Shop::open().with_plan();
    let listed = shop.json(&["plan", "list"]);
    assert_eq!(listed["items"][0]["validity_seconds"], 86_400);
    assert_eq!(listed["items"][0]["sell"]["minor"], 5_000);
    let table = shop.run(&["plan", "list"]);
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(table.contains("daily") && table.contains("Rp 5.000"), "{table}");
}

#[test]
fn notices_are_listed_by_kind() {
    let shop = Shop::open();
    let listed = shop.json(&words("notice list --kind payment_received"));
    assert_eq!(listed["items"], Value::Array(Vec::new()));
    let complaint = shop.complaint(&words("notice list --kind gossip"), "invalid");
    assert!(complaint.contains("payment_received"), "{complaint}");
}

/// Adds a customer and tells the id.
fn customer(shop: &Shop) -> String {
    let made = shop.json(&["customer", "add", "Budi", "0812-3456-7890"]);
    made["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_customer_subscribes_pays_and_gets_money_back_at_the_terminal() {
    let shop = Shop::open();
    let budi = customer(&shop);
    let ask = |line: &str| shop.json(&words(&line.replace("BUDI", &budi)));
    ask("plan add home --router-profile default --cost 0 --sell 150000 --service hotspot");
    let made = ask("subscription add BUDI home --discount 10000");
    assert_eq!(made["state"], "active");
    let number = made["open_invoices"][0]["number"].as_str().unwrap();

    let tried = ask("payment record 150000 --customer BUDI --method cash --dry-run");
    assert_eq!(tried["paid"][0]["invoice"]["status"], "paid");
    assert_eq!(ask("payment list")["items"], Value::Array(Vec::new()));
    let paid = ask("payment record 150000 --customer BUDI --part cash=50000 --part other=100000");
    assert_eq!(paid["credit"][0]["amount"]["minor"], 10_000);
    let shown = shop.json(&["invoice", "show", number]);
    assert!(shown["token"].is_string(), "{shown}");
    assert_eq!(ask("bill")["failed"], Value::Array(Vec::new()));

    let receipt = paid["number"].as_str().unwrap();
    shop.complaint(&["payment", "reverse", receipt], "reason_missing");
    shop.json(&["payment", "reverse", receipt, "--reason", "not ours"]);
    assert_eq!(ask("credit show BUDI")["items"][0]["balance"]["minor"], -140_000);
    let taken = ask("credit adjust BUDI --amount -5 --allow-negative --reason fee");
    assert_eq!(taken["items"][0]["balance"]["minor"], -140_005);
    shop.complaint(&["subscription", "show", &budi], "not_found");

    let told = ask("report statement BUDI");
    assert_eq!(told["closing"]["minor"], -140_005);
    assert_eq!(ask("report ageing")["total"]["total"]["minor"], 140_000);
    let why = ask("explain customer BUDI");
    assert!(why["verdict"][0].as_str().unwrap().contains("Rp 140.000"), "{why}");
    let trial = ask("report trial-balance");
    let balances = trial["rows"].as_array().unwrap().iter();
    assert_eq!(balances.map(|row| row["balance"]["minor"].as_i64().unwrap()).sum::<i64>(), 0);
    let months = shop.run(&["report", "months"]);
    assert!(String::from_utf8(months.stdout).unwrap().contains("Rp 140.000"));
}

#[test]
fn days_of_the_books_are_closed_and_opened_at_the_terminal() {
    let shop = Shop::open();
    assert_eq!(shop.json(&["books", "show"])["locked_through"], Value::Null);
    shop.complaint(&["books", "lock", "2026-01-31"], "reason_missing");
    let lock = ["books", "lock", "2026-01-31", "--reason", "month is over"];
    assert_eq!(shop.json(&lock)["locked_through"], "2026-01-31");
    shop.complaint(&lock, "books_closed_already");
    assert_eq!(
        shop.json(&["books", "unlock", "--reason", "late bill"])["locked_through"],
        Value::Null
    );
}

#[test]
fn a_dry_run_keeps_nothing() {
    let shop = Shop::open();
    shop.json(&["vendor", "add", "W-1", "Warung", "--dry-run"]);
    assert_eq!(shop.json(&["vendor", "list"])["items"], Value::Array(Vec::new()));
}

#[test]
fn customers_come_from_a_file_and_go_into_one() {
    let shop = Shop::open();
    let csv = "name,whatsapp,initial_balance\nAni,0812 0000 0001,-5000\n,0812 0000 0002,\n";
    std::fs::write(shop.path().join("customers.csv"), csv).unwrap();
    let import = words("customer import customers.csv --json");
    let output = shop.run(&import);
    let report = one_object(&output);
    assert_eq!((&report["imported"], &report["errors"][0]["line"]), (&1.into(), &3.into()));
    assert_eq!(output.status.code(), Some(1), "a bad line is a failure");
    shop.json(&["customer", "add", "Budi", "0812-3456-7890", "--tag", "vip"]);
    shop.json(&words("customer tag +6281234567890 fibre --colour #ff0000"));
    shop.json(&words("customer untag 081234567890 vip"));
    let change =
        words("customer change 081234567890 --status blacklisted --email budi@example.com");
    let changed = shop.json(&change);
    assert_eq!(
        (&changed["status"], &changed["tags"][0]["name"]),
        (&"blacklisted".into(), &"fibre".into())
    );
    assert_eq!(shop.json(&words("customer change 081234567890 --email="))["email"], Value::Null);
    let debtors = shop.json(&words("customer list --balance-max -1"));
    assert_eq!(debtors["items"][0]["name"], "Ani");
    assert_eq!(debtors["items"].as_array().unwrap().len(), 1);
    let exported = shop.run(&words("customer export"));
    let exported = String::from_utf8(exported.stdout).unwrap();
    assert!(exported.contains(",Ani,'+6281200000001,,active,-5000,0,IDR,"), "{exported}");
    let file = shop.json(&words("customer export 081200000001"));
    assert_eq!(file["credit"][0]["balance"]["minor"], -5_000);
    assert_eq!(shop.json(&words("customer statistics"))["blacklisted"], 1);
    assert_eq!(shop.json(&words("customer duplicates"))["items"].as_array().unwrap().len(), 0);
    let gone = shop.json(&words("customer anonymise 081234567890"));
    assert_eq!(gone["name"], "Anonymous Customer");
    shop.json(&words("customer delete 081200000001"));
    shop.complaint(&words("customer show 081200000001"), "not_found");
}

#[test]
fn logins_come_from_a_file_and_go_into_one() {
    let shop = Shop::open().with_router(9);
    shop.json(&words("plan add home --router-profile home --cost 0 --sell 9 --service pppoe"));
    customer(&shop);
    let csv = "whatsapp,plan,router,login,password\n\
        081234567890,home,rt-05,budi,rahasia-1\n081234567891,home,rt-05,siti,\n";
    std::fs::write(shop.path().join("logins.csv"), csv).unwrap();
    let tried = shop.run(&words("login import logins.csv --dry-run"));
    assert_eq!(tried.status.code(), Some(1), "a bad line is a failure");
    let told = String::from_utf8(tried.stdout).unwrap();
    assert!(
        told.contains("1 of 2 logins imported") && told.contains("line 3: whatsapp:"),
        "{told}"
    );
    shop.run(&words("login import logins.csv"));
    let plain = shop.run(&words("login export --router rt-05"));
    let plain = String::from_utf8(plain.stdout).unwrap();
    assert!(plain.contains(",rt-05,budi,,pppoe,"), "{plain}");
    let written = shop.json(&words("login export --with-passwords --output saved.csv"));
    let saved = std::fs::read_to_string(shop.path().join("saved.csv")).unwrap();
    assert_eq!(written["bytes"], saved.len());
    assert!(saved.contains(",rt-05,budi,rahasia-1,pppoe,"), "{saved}");
    let again = shop.json(&words("login import saved.csv"));
    assert_eq!((&again["imported"], &again["existing"][0]["line"]), (&0.into(), &2.into()));
}

#[test]
fn a_router_is_changed_and_removed_at_the_terminal() {
    let shop = Shop::open().with_router(9);
    let set = words("router set rt-05 --name rt-06 --host 192.0.2.7 --username billing");
    let changed = shop.json(&set);
    assert_eq!((&changed["host"], &changed["port"]), (&"192.0.2.7".into(), &9.into()));
    let asked = shop.complaint(&words("router set rt-06 --new-password"), "invalid");
    assert!(asked.contains("--password-file"), "{asked}");
    std::fs::write(shop.path().join("new"), "battery staple\n").unwrap();
    let told = shop.run(&words("router set rt-06 --password-file new"));
    let told = String::from_utf8(told.stdout).unwrap();
    assert_eq!(told.trim(), "router rt-06 is billing@192.0.2.7:9");
    assert!(shop.json(&words("router remove rt-06"))["removed_at"].is_string());
    shop.complaint(&words("router show rt-06"), "not_found");
    assert_eq!(shop.json(&words("router list"))["items"], serde_json::json!([]));
}

/// The lists of the program, and the order each begins with.
const LISTS: [(&str, &str); 18] = [
    ("alert list", "-created"),
    ("audit list", "-created"),
    ("batch list", "-created"),
    ("books entries", "-created"),
    ("customer list", "-created"),
    ("invoice list", "-created"),
    ("login list", "-created"),
    ("notice list", "-created"),
    ("payment list", "-created"),
    ("plan list", "created"),
    ("router outages", "-created"),
    ("session list", "-created"),
    ("session online", "-created"),
    ("staff list", "created"),
    ("staff sessions sri", "-created"),
    ("subscription list", "-created"),
    ("vendor list", "created"),
    ("voucher list", "created"),
];

#[test]
fn every_list_takes_every_order_that_its_help_names() {
    let shop = Shop::open().with_plan();
    shop.json(&words("admin create sri --name Sri"));
    for (list, default) in LISTS {
        let help = shop.run(&words(&format!("{list} --help")));
        let help = String::from_utf8(help.stdout).unwrap();
        let help = help.split_once("--sort <ORDER>").unwrap_or_else(|| panic!("{list}: {help}")).1;
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(help.contains(&format!("[default: {default}]")), "{list}: {help}");
        let (_, names) = help.split_once("[possible values: ").unwrap();
        let (names, _) = names.split_once(']').unwrap();
        for name in names.split(", ") {
            let told = shop.json(&words(&format!("{list} --sort {name}")));
            assert!(told["items"].is_array(), "{list} --sort {name}: {told}");
        }
        let unknown = shop.run(&words(&format!("{list} --sort colour")));
        assert_eq!(unknown.status.code(), Some(2), "{list}");
    }
}

#[test]
fn a_list_is_filtered_and_sorted_at_the_terminal() {
    let shop = Shop::open().with_plan();
    for name in ["zebra", "agen"] {
        let plan = format!("plan add {name} --router-profile default --cost 1 --sell 9000");
        shop.json(&words(&plan));
        shop.json(&words(&format!("vendor add {} {name}", name.to_uppercase())));
    }
    let names = |line: &str| -> Vec<String> {
        let told = shop.json(&words(line));
        let items = told["items"].as_array().unwrap();
        items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("plan list --sort name"), ["agen", "daily", "zebra"]);
    assert_eq!(names("plan list --sort -price --kind voucher"), ["agen", "zebra", "daily"]);
    assert_eq!(names("plan list --search ZEB"), ["zebra"]);
    assert_eq!(names("vendor list --sort -code"), ["zebra", "agen"]);
    assert_eq!(names("vendor list --search gen --sort name"), ["agen"]);
    let first = shop.json(&words("plan list --sort name --limit 1"));
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = shop.json(&["plan", "list", "--sort", "name", "--cursor", cursor]);
    assert_eq!(rest["items"][0]["name"], "daily");
    shop.complaint(&["plan", "list", "--sort", "price", "--cursor", cursor], "invalid");
}

#[test]
fn the_trail_is_listed_exported_and_proven_at_the_terminal() {
    let shop = Shop::open().with_plan();
    shop.json(&words("plan change daily --sell 6000 --reason dearer"));
    let listed = shop.json(&words("audit list --action plan.* --sort created"));
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    assert_eq!(shop.json(&words("audit list --search DEARER"))["items"][0]["position"], 2);
    let csv = String::from_utf8(shop.run(&words("audit export --format csv")).stdout).unwrap();
    assert_eq!(csv.lines().count(), 3);
    let written = shop.json(&words("audit export --format jsonl --output trail.jsonl"));
    let saved = std::fs::read_to_string(shop.path().join("trail.jsonl")).unwrap();
    assert_eq!((&written["bytes"], saved.lines().count()), (&saved.len().into(), 2));
    let whole = shop.json(&words("audit verify"));
    let head = whole["head"].as_str().unwrap();
    assert_eq!((&whole["holds"], &whole["records"]), (&true.into(), &2.into()));
    assert!(shop.json(&["audit", "verify", "--expect", head])["holds"].as_bool().unwrap());
    let other = format!("2:{}", "0".repeat(64));
    let broken = shop.run(&["audit", "verify", "--expect", &other]);
    assert_eq!(broken.status.code(), Some(1));
    let told = String::from_utf8(broken.stdout).unwrap();
    assert!(told.contains("BROKEN at position 2"), "{told}");
    shop.complaint(&words("audit verify --expect 2"), "invalid");
}

#[test]
fn complaints_are_one_object_with_json_and_lines_without() {
    let shop = Shop::open();
    let refused = words("plan add x --router-profile default --cost 2 --sell 1");
    assert!(shop.complaint(&refused, "sell_below_cost").contains("below the cost"));
    shop.complaint(&["voucher", "show", "NOPE"], "not_found");
    shop.complaint(&["voucher", "fly"], "usage");
    let plain = shop.run(&refused);
    assert_eq!(plain.status.code(), Some(1));
    assert!(plain.stdout.is_empty());
    assert!(String::from_utf8_lossy(&plain.stderr).starts_with("error: the selling price"));
}

#[test]
fn without_a_database_the_way_to_one_is_told() {
    let shop = Shop::empty();
    assert!(shop.complaint(&["plan", "list"], "not_migrated").contains("mkbill migrate"));
    assert!(shop.complaint(&["serve"], "not_migrated").contains("mkbill migrate"));
    assert_eq!(std::fs::read_dir(shop.path()).unwrap().count(), 0, "asking left a file");
}

#[test]
fn a_server_does_not_start_on_an_old_schema() {
    let shop = Shop::empty();
    std::fs::write(shop.path().join("mkbill.db"), "").unwrap();
    assert!(shop.complaint(&["serve"], "not_migrated").contains("migrations are missing"));
}

#[test]
fn a_file_that_is_no_database_is_said_to_be_none() {
    let shop = Shop::empty();
    std::fs::write(shop.path().join("mkbill.db"), "no database ".repeat(1_000)).unwrap();
    let detail = shop.complaint(&["plan", "list"], "unavailable");
    assert!(detail.contains("not a database"), "{detail}");
}

#[test]
fn a_configuration_with_a_misspelt_key_is_refused() {
    let shop = Shop::open();
    std::fs::write(shop.path().join("mkbill.toml"), "zoen = 'Asia/Makassar'").unwrap();
    let detail = shop.complaint(&["plan", "list"], "configuration");
    assert!(detail.contains("`zoen`") && detail.contains("mkbill.toml"), "{detail}");
}

#[test]
fn a_password_is_asked_for_only_on_a_terminal() {
    let shop = Shop::open();
    let add = words("router add x --host 127.0.0.1 --security plain --username mkbill");
    assert!(shop.complaint(&add, "invalid").contains("--password-file"));
}

#[test]
fn a_key_is_shown_once_and_listed_without_its_secret() {
    let shop = Shop::open();
    let made = shop.json(&["apikey", "create", "front-desk", "--role", "admin"]);
    let secret = made["key"].as_str().unwrap();
    assert!(secret.starts_with("mk_"));
    let listed = shop.json(&["apikey", "list"]);
    assert_eq!(listed["items"][0]["name"], "front-desk");
    assert!(!listed.to_string().contains(secret));
    assert!(shop.json(&["apikey", "revoke", "front-desk"])["revoked_at"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_made_pushed_and_exported_in_one_go() {
    let simulator = Simulator::builder().username("mkbill").password("correct horse");
    let simulator = simulator.start().await.unwrap();
    let shop = Shop::open().with_plan().with_router(simulator.addr().port());
    let create = words("voucher create --router rt-05 --plan daily --count 60 --wait");
    let made = shop.json(&create);
    assert_eq!(made["tally"]["available"], 60, "{made}");
    assert_eq!(simulator.router(|router| router.count("/ip/hotspot/user")), 61);
    let number = made["number"].as_str().unwrap();
    let csv = shop.run(&["voucher", "export", number]);
    assert_eq!(String::from_utf8(csv.stdout).unwrap().lines().count(), 61);
    let facts = shop.json(&["router", "check", "rt-05"]);
    assert!(facts["routeros_version"].as_str().unwrap().starts_with("7.18"));
}

#[test]
fn a_push_to_a_router_that_is_away_says_why_and_keeps_the_batch() {
    let shop = Shop::open().with_plan().with_router(9);
    let create = words("voucher create --router rt-05 --plan daily --count 5 --wait");
    let output = shop.command(&create).arg("--json").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let made = one_object(&output);
    assert_eq!(made["tally"]["pending_push"], 5);
    assert!(made["warning"].as_str().unwrap().contains("5 of 5"), "{made}");
    let number = made["number"].as_str().unwrap();
    shop.complaint(&["voucher", "export", number], "batch_not_pushed");
}

/// A file size limit stands for a full disk: writing beyond it fails.
#[cfg(unix)]
#[test]
fn a_disk_that_takes_no_more_leaves_the_books_as_they_were() {
    let shop = Shop::open().with_plan().with_router(9);
    let size = std::fs::metadata(shop.path().join("mkbill.db")).unwrap().len();
    let script = format!(
        "trap '' XFSZ; ulimit -f {}; exec {PROGRAM} voucher create --router rt-05 --plan daily \
         --count 5000 --json",
        size / 512 + 64
    );
    let mut shell = Command::new("sh");
    let output = shell.args(["-c", &script]).current_dir(shop.path()).output().unwrap();
    let detail = complaint(&output, "unavailable");
    assert!(detail.contains("disk"), "{detail}");
    assert_eq!(shop.json(&["batch", "list"])["items"], Value::Array(Vec::new()));
    assert_eq!(shop.json(&["voucher", "list"])["items"], Value::Array(Vec::new()));
    assert_eq!(shop.json(&["doctor"])["healthy"], true);
}

/// Asks a running server over TCP whether it is ready.
#[cfg(unix)]
fn is_ready(address: &str) -> bool {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let request = format!("GET /ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.starts_with("HTTP/1.1 200 ")
}

#[cfg(unix)]
#[test]
fn a_server_says_where_it_listens_and_ends_politely() {
    use std::io::{BufRead as _, BufReader};
    let shop = Shop::open();
    let mut serve = shop.command(&words("serve --listen 127.0.0.1:0 --json"));
    let mut server = serve.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let said: Value = serde_json::from_str(&line).unwrap();
    let address = said["listening"].as_str().unwrap().strip_prefix("http://").unwrap();
    assert!(is_ready(address));
    let id = server.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert!(server.wait().unwrap().success());
    assert_eq!(shop.json(&["doctor"])["healthy"], true);
}

#[test]
fn the_demo_holds_and_its_figures_are_all_there() {
    let told = Shop::empty().json(&["demo", "--exit"]);
    assert_eq!(told["ok"], true, "{told}");
    assert!(told["steps"].as_array().unwrap().iter().all(|step| step["ok"] == true));
    assert!(told["routeros_version"].as_str().unwrap().starts_with("7.18"));
    assert_eq!(told["batch"]["count"], 500);
    assert!(told["batch"]["commit_ms"].is_u64() && told["push"]["elapsed_ms"].is_u64());
    assert_eq!(told["push"]["pushed"], 500);
    assert_eq!(told["first_login"]["detected"], 40);
    assert_eq!(told["expired"]["cut_off"], 40);
    assert_eq!(told["sales"]["revenue"], 200_000);
    assert_eq!(told["ledger_or_sales"]["balanced"], true);
}

#[test]
fn the_printed_document_is_the_committed_one() {
    let printed = Shop::empty().run(&["openapi"]);
    assert_eq!(String::from_utf8(printed.stdout).unwrap(), include_str!("../../openapi.json"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_router_is_compared_with_its_simulator_without_any_database() {
    let simulator = Simulator::builder().password("hunter2").start().await.unwrap();
    let shop = Shop::empty();
    let port = simulator.addr().port().to_string();
    let mut base = words("router conformance --host 127.0.0.1 --security plain --username admin");
    base.extend(["--port", &port, "--json"]);
    let told = |more: &[&str], password: &str| {
        let mut command = shop.command(&base);
        command.args(more).env("MKBILL_ROUTER_PASSWORD", password).output().unwrap()
    };
    let same = told(&["--writes"], "hunter2");
    assert_eq!(same.status.code(), Some(0), "{same:?}");
    assert_eq!(one_object(&same)["differences"], Value::Array(Vec::new()));

    let other = told(&["--against", "7.9.2"], "hunter2");
    assert_eq!(other.status.code(), Some(3), "{other:?}");
    assert!(one_object(&other)["differences"].as_array().unwrap().len() > 1);

    let refused = told(&[], "wrong");
    assert_eq!(refused.status.code(), Some(1));
    let complaint = complaint(&refused, "conformance");
    assert!(!complaint.contains("wrong"), "{complaint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_moves_through_a_router_is_told_at_the_terminal() {
    let simulator = Simulator::builder().username("mkbill").password("correct horse");
    let simulator = simulator.license(License::L4).start().await.unwrap();
    let shop = Shop::open().with_router(simulator.addr().port());
    shop.json(&words("worker --once"));
    let listed = shop.json(&words("router interfaces rt-05"));
    assert_eq!(listed["items"].as_array().unwrap().len(), 6);
    assert_eq!(shop.json(&words("router traffic rt-05 ether1"))["items"], serde_json::json!([]));
    shop.complaint(&words("router traffic rt-05 ether9"), "not_found");
    assert_eq!(shop.json(&words("router vitals rt-05"))["items"][0]["cpu_load"], 3);
    let backwards = "router vitals rt-05 --from 2026-03-02T00:00:00Z --to 2026-03-01T00:00:00Z";
    assert!(shop.complaint(&words(backwards), "invalid").contains("not after `to`"));
    for (line, told) in [
        ("router interfaces rt-05", "running"),
        ("router vitals rt-05", "failed logins"),
        ("router list", "0 %"),
        ("router show rt-05", "0 of 200"),
    ] {
        let text = String::from_utf8(shop.run(&words(line)).stdout).unwrap();
        assert!(text.contains(told), "{line}: {text}");
    }
}

#[test]
fn a_database_in_use_gets_no_test_clock() {
    let shop = Shop::open();
    shop.json(&words("customer add Budi 0812-3456-7890"));
    shop.complaint(&words("clock start --at 2026-01-01"), "clock_in_use");
    shop.complaint(&words("clock advance --to 2099-01-01"), "no_test_clock");
}

#[test]
fn a_webhook_is_added_changed_rotated_tried_out_and_removed_at_the_terminal() {
    let shop = Shop::open();
    let add = "webhook add https://shop.example/hooks --event payment.* --event router.down";
    let tried = shop.json(&words(&format!("{add} --dry-run")));
    assert_eq!(tried["secret"], Value::Null);
    let made = shop.json(&words(add));
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
    let id = made["id"].as_str().unwrap();
    let on = |line: &str| {
        let line = line.replace("ID", id);
        shop.json(&words(&line))
    };
    assert_eq!(on("webhook show ID")["secret"], Value::Null, "it is shown once");
    let changed = on("webhook change ID --event plan.add --description shop");
    assert_eq!(changed["events"], serde_json::json!(["plan.add"]));
    assert_eq!(on("webhook change ID --all-events")["events"], serde_json::json!([]));
    let rotated = on("webhook rotate ID --overlap 1h");
    assert_ne!(rotated["secret"], made["secret"]);
    assert!(rotated["old_secret_until"].is_string());
    let delivery = on("webhook test ID");
    assert_eq!(
        (&delivery["kind"], &delivery["state"]),
        (&"webhook.ping".into(), &"pending".into())
    );
    let listed = on("webhook deliveries ID --state pending");
    assert_eq!(listed["items"][0]["id"], delivery["id"]);
    let one = delivery["id"].as_str().unwrap();
    assert_eq!(
        on(&format!("webhook deliveries ID --delivery {one}"))["log"],
        serde_json::json!([])
    );
    assert_eq!(on("webhook resend ID --failed-since 2026-01-01T00:00:00Z")["deliveries"], 0);
    let off = on("webhook change ID --off");
    assert_eq!((&off["enabled"], &off["disabled_because"]), (&false.into(), &"person".into()));
    shop.complaint(&words(&format!("webhook test {id}")), "webhook_disabled");
    shop.run(&words(&format!("webhook remove {id}")));
    shop.complaint(&words(&format!("webhook show {id}")), "not_found");
    shop.complaint(&words("webhook add https://127.0.0.1/hooks"), "webhook_address");
    shop.complaint(&words("webhook add http://shop.example/hooks"), "webhook_address");
    let mut allowed = shop.command(&words("webhook add http://192.168.4.7/hooks --json"));
    allowed.env("MKBILL_WEBHOOK_PRIVATE_NETWORKS", "192.168.4.0/24");
    assert!(allowed.output().unwrap().status.success());
}
