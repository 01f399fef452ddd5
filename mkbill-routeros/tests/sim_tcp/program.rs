//! `mkbill-sim` as an operator starts it.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

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

fn start(arguments: &[&str]) -> (Program, Vec<String>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_mkbill-sim"))
        .args(["--listen", "127.0.0.1:0"])
        .args(arguments)
        .env("MKBILL_SIM_PASSWORD", "pw")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let out = child.stdout.take().expect("the output is piped");
    let lines = BufReader::new(out).lines().map_while(Result::ok);
    (Program(child), lines.take(3).collect())
}

#[tokio::test]
async fn the_program_says_where_it_listens_and_serves_there() {
    let arguments = ["--routeros", "6.49", "--users", "3", "--api-ssl", "127.0.0.1:0"];
    let (_program, lines) = start(&arguments);
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
