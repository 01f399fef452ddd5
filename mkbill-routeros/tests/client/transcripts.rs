//! The client against what routers said, replayed; and the simulator's own words, recorded.

use std::{
    fs, io,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use mkbill_routeros::{
    client::{Client, ClientConfig, Security},
    command::{
        Command, print,
        system::{Identity, RouterClock, quit},
    },
    error::ErrorKind,
    proto::LoginMode,
    sim::{Recorder, Replay, ReplayError, RouterOs, Simulator, Transcript},
    transport::Trust,
};

use crate::support::{self, SHORT, story};

const TRANSCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/transcripts");

async fn replayed(name: &str) -> Replay {
    let text = fs::read_to_string(format!("{TRANSCRIPTS}/{name}.txt")).expect("it is there");
    replay(&text).await
}

async fn replay(text: &str) -> Replay {
    let transcript: Transcript = text.parse().expect("it is a transcript");
    Replay::start(&transcript).await.expect("loopback has free ports")
}

async fn connect(address: SocketAddr, login_mode: LoginMode) -> Client {
    let config = ClientConfig { login_mode, ..support::config(address) };
    Client::connect(&config).await.expect("the router lets us in")
}

fn user(name: &str) -> Command {
    let print = Command::new("/ip/hotspot/user/print").where_is("name", name);
    print.fields(&[".id", "name", "profile"])
}

fn add(name: &str) -> Command {
    let add = Command::new("/ip/hotspot/user/add").with("name", name);
    add.with("password", "secret-of-v").with("profile", "1h")
}

/// Everything that the transcripts have in common.
async fn talk(client: &Client) {
    let run = async |command| client.run(command).await.expect("the router does it");
    let fails = async |command| client.run(command).await.expect_err("the router refuses it");
    let row = run(user("v1")).await.rows.remove(0);
    assert_eq!(row.text("profile").as_deref(), Some("1h"));
    assert!(run(user("nobody")).await.rows.is_empty());
    let refused = fails(add("v1")).await;
    assert_eq!(refused.kind(), ErrorKind::Duplicate);
    assert!(story(&refused).contains("input does not match any value of profile"), "{refused}");
    assert_eq!(run(add("v2")).await.ret.as_deref(), Some(&b"*1A"[..]));
    let shown = format!("{:?}", run(print::<RouterClock>()).await.records::<RouterClock>());
    assert!(shown.contains("2023-07-14"), "{shown}");
    let listen = Command::new("/ip/hotspot/active/listen").within(SHORT);
    assert_eq!(fails(listen).await.kind(), ErrorKind::OutcomeUnknown);
    let identity = run(print::<Identity>()).await.records::<Identity>().expect("it can be read");
    assert_eq!(identity[0].name, "core");
}

#[tokio::test]
async fn the_client_understands_every_release_as_it_was_written_down() {
    for (name, login_mode) in [
        ("6.42", LoginMode::LegacyMd5),
        ("6.49", LoginMode::Modern),
        ("7.9", LoginMode::Modern),
        ("7.14", LoginMode::Auto),
        ("7.18", LoginMode::Modern),
        ("7.24", LoginMode::Modern),
    ] {
        let router = replayed(name).await;
        let client = connect(router.addr(), login_mode).await;
        talk(&client).await;
        if name == "7.24" {
            client.run(quit()).await.unwrap();
        }
        client.close().await;
        router.finish().await.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[tokio::test]
async fn a_client_that_says_something_else_is_told_in_which_line_without_secrets() {
    let text = "# mkbill transcript 1\n> /login .tag=1 =name=admin =password=<hidden>\n\
                < !done .tag=1\n> /ip/hotspot/user/add .tag=2 =name=v9 =password=x =profile=1h\n";
    let router = replay(text).await;
    let client = connect(router.addr(), LoginMode::Modern).await;
    client.run(add("v1")).await.unwrap_err();
    let error = router.finish().await.unwrap_err();
    assert!(matches!(error, ReplayError::Differs { line: 4, .. }), "{error}");
    let told = error.to_string();
    assert!(told.contains("v9") && told.contains("v1") && !told.contains("secret-of-v"), "{told}");
}

#[tokio::test]
async fn a_client_that_leaves_early_or_says_more_is_told_as_such() {
    let login = "# mkbill transcript 1\n> /login .tag=1 =name=admin =password=<hidden>\n\
                 < !done .tag=1\n";
    let router = replay(&format!("{login}> /quit .tag=2\n")).await;
    connect(router.addr(), LoginMode::Modern).await.close().await;
    assert!(matches!(router.finish().await, Err(ReplayError::Left { line: 4 })));

    let router = replay(login).await;
    let client = connect(router.addr(), LoginMode::Modern).await;
    client.run(user("v1")).await.unwrap_err();
    assert!(matches!(router.finish().await, Err(ReplayError::Differs { line: 3, .. })));
}

/// What a recorder wrote.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("no writer panics").clone())
            .expect("transcripts are text")
    }
}

impl io::Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no writer panics").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn shop(client: &Client) -> Vec<String> {
    let mut seen = Vec::new();
    for command in [add("v1"), Command::new("/ip/hotspot/user/add").with("name", "v2"), user("v2")]
    {
        seen.push(format!("{:?}", client.run(command).await));
    }
    seen
}

#[tokio::test]
async fn what_the_simulator_said_is_written_down_and_can_be_said_again() {
    let builder = Simulator::builder().routeros(RouterOs::V6_42).password("hunter2").tls();
    let simulator = builder.start().await.unwrap();
    let paper = Paper::default();
    simulator.record(Recorder::to(paper.clone()).unwrap());
    let first = connect(simulator.addr(), LoginMode::LegacyMd5).await;
    let mut secured = support::config(simulator.tls_addr().unwrap());
    secured.endpoint.security = Security::Tls(Trust::AnyCertificate);
    secured.login_mode = LoginMode::LegacyMd5;
    let second = Client::connect(&secured).await.unwrap();
    let seen = shop(&first).await;
    let also_seen = format!("{:?}", second.run(user("v2")).await);
    first.close().await;
    second.close().await;
    simulator.shutdown().await;

    let text = paper.text();
    assert!(text.contains("=password=<hidden>") && text.contains("=response=<hidden>"), "{text}");
    assert!(!text.contains("secret-of-v") && text.contains("\n@2\n"), "{text}");
    let router = replay(&text).await;
    let first = connect(router.addr(), LoginMode::LegacyMd5).await;
    let second = connect(router.addr(), LoginMode::LegacyMd5).await;
    assert_eq!(shop(&first).await, seen);
    assert_eq!(format!("{:?}", second.run(user("v2")).await), also_seen);
    first.close().await;
    second.close().await;
    router.finish().await.unwrap();
}
