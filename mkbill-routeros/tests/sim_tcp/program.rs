//! `mkbill-sim` as an operator starts it.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

use jiff::civil::DateTime;
use tempfile::TempDir;

use crate::support::{Raw, value};

/// Ends the program even when the test fails.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone after this.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(arguments: &[&str], lines: usize) -> (Program, Vec<String>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_mkbill-sim"))
        .args(["--listen", "127.0.0.1:0"])
        .args(arguments)
        .env("MKBILL_SIM_PASSWORD", "pw")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let out = child.stdout.take().expect("the output is piped");
    let said = BufReader::new(out).lines().map_while(Result::ok);
    (Program(child), said.take(lines).collect())
}

#[tokio::test]
async fn the_program_says_where_it_listens_and_serves_there() {
    let arguments = ["--routeros", "6.49", "--users", "3", "--api-ssl", "127.0.0.1:0"];
    let (_program, lines) = start(&arguments, 3);
    assert_eq!(lines[0], "RouterOS 6.49 (long-term)");
    let address: SocketAddr = lines[1].strip_prefix("api ").unwrap().parse().unwrap();
    assert!(lines[2].starts_with("api-ssl 127.0.0.1:") && lines[2].contains(" sha256:"));
    let mut raw = Raw::connect(address).await;
    raw.run(&["/login", "=name=admin", "=password=pw"]).await;
    let names = raw.names(&["/ip/hotspot/user/print"]).await;
    assert_eq!(names, ["default-trial", "guest1", "guest2", "guest3"]);
    let clock = raw.run(&["/system/clock/print"]).await;
    let date = value(&clock[0], "date").unwrap();
    assert!(date.contains('/') && !date.ends_with("1970"), "{date}");
}

#[test]
fn an_address_that_others_could_reach_is_refused() {
    let output = Command::new(env!("CARGO_BIN_EXE_mkbill-sim"))
        .args(["--listen", "0.0.0.0:0"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("which is no loopback address"), "{message}");
}

async fn logged_in(api: &str) -> Raw {
    let mut raw = Raw::connect(api.parse().expect("an address")).await;
    raw.run(&["/login", "=name=admin", "=password=pw"]).await;
    raw
}

fn file(folder: &TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    fs::write(&path, text).expect("the folder is ours");
    path.to_str().expect("an ASCII name").to_owned()
}

#[tokio::test]
async fn a_script_makes_things_go_wrong_and_a_record_shows_what_passed() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[[fault]]\neffect = { fatal = \"out of memory\" }\non = \"writes\"\n";
    let script = file(&folder, "faults.toml", text);
    let record = file(&folder, "passed.txt", "");
    let (_program, lines) = start(&["--script", &script, "--record", &record], 2);
    let mut raw = logged_in(lines[1].strip_prefix("api ").unwrap()).await;
    let add = ["/ip/hotspot/user/add", "=name=v1", "=password=p1"];
    assert_eq!(raw.run(&add).await, [["!fatal", "out of memory"]]);
    assert_eq!(
        fs::read_to_string(record).unwrap(),
        "# mkbill transcript 1\n\
         > /login =name=admin =password=<hidden>\n\
         < !done\n\
         > /ip/hotspot/user/add =name=v1 =password=<hidden>\n\
         < !fatal \"out of memory\"\n\
         <.\n"
    );
}

#[test]
fn a_mistake_in_a_script_is_told_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let script = file(&folder, "faults.toml", "[[fault]]\neffect = \"hnag\"\n");
    let output = Command::new(env!("CARGO_BIN_EXE_mkbill-sim"))
        .args(["--listen", "127.0.0.1:0", "--script", &script])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let message = String::from_utf8(output.stderr).unwrap();
    for part in ["faults.toml", "line 2", "`hnag`", "`hang`"] {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[tokio::test]
async fn customers_come_within_the_licence_while_time_flies() {
    let arguments =
        ["--json", "--customers", "60", "--license-level", "3", "--speed", "100000", "--tires"];
    let (_program, lines) = start(&arguments, 1);
    let said: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(said["routeros"], "7.18 (stable)");
    assert_eq!(said["services"][0]["name"], "api");
    let mut raw = logged_in(said["services"][0]["address"].as_str().unwrap()).await;
    assert_eq!(raw.names(&["/ip/hotspot/user/print"]).await.len(), 61);
    let (first, mut last) = (time(&mut raw).await, time(&mut raw).await);
    while last.duration_since(first).as_secs() < 600 {
        last = time(&mut raw).await;
    }
    let count = ["/ip/hotspot/active/print", "=count-only="];
    while raw.run(&count).await != [["!done", "=ret=1"]] {}
}

async fn time(raw: &mut Raw) -> DateTime {
    let clock = raw.run(&["/system/clock/print"]).await;
    let shown = |name| value(&clock[0], name).expect("clocks show it");
    format!("{}T{}", shown("date"), shown("time")).parse().expect("an ISO date")
}
