//! How fast sentences are read and written, and how fast commands go over loopback.

use divan::{Bencher, counter::BytesCount, counter::ItemsCount};
use mkbill_routeros::{
    client::{Client, ClientConfig, Credentials, Endpoint, Security},
    command::Command,
    proto::{Decoder, Limits, Sentence},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
};

fn main() {
    divan::main();
}

const ROWS: usize = 1_000;
const ADDS: usize = 500;

fn row() -> Sentence {
    Sentence::command("!re")
        .with_word(".tag=17")
        .with(".id", "*1A2B")
        .with("server", "hotspot1")
        .with("name", "K7Q2-MX94")
        .with("profile", "1-day-5M")
        .with("limit-uptime", "1d")
        .with("limit-bytes-total", "1073741824")
        .with("uptime", "3h25m11s")
        .with("bytes-in", "73400320")
        .with("bytes-out", "530840911")
        .with("packets-in", "88211")
        .with("packets-out", "401233")
        .with("dynamic", "false")
        .with("disabled", "false")
        .with("comment", "mkb=B20261122-001 fl=2026-11-22_08:00:00")
}

fn rows() -> Vec<u8> {
    let mut bytes = Vec::new();
    (0..ROWS).for_each(|_| row().encode(&mut bytes));
    bytes
}

#[divan::bench]
fn read_typical_rows(bencher: Bencher<'_, '_>) {
    let bytes = rows();
    bencher.counter(BytesCount::new(bytes.len())).counter(ItemsCount::new(ROWS)).bench(|| {
        let mut decoder = Decoder::new(Limits::default());
        let mut sentences = 0;
        for chunk in bytes.chunks(64 << 10) {
            decoder.feed(chunk);
            while let Ok(Some(sentence)) = decoder.next() {
                divan::black_box(sentence);
                sentences += 1;
            }
        }
        sentences
    });
}

#[divan::bench]
fn write_typical_rows(bencher: Bencher<'_, '_>) {
    let row = row();
    let mut out = Vec::with_capacity(rows().len());
    bencher.counter(BytesCount::new(out.capacity())).counter(ItemsCount::new(ROWS)).bench_local(
        || {
            out.clear();
            (0..ROWS).for_each(|_| row.encode(&mut out));
            divan::black_box(&out);
        },
    );
}

#[divan::bench(sample_count = 20)]
fn run_500_adds_over_loopback(bencher: Bencher<'_, '_>) {
    let runtime = Runtime::new().expect("a runtime");
    let client = runtime.block_on(connect());
    let adds: Vec<Command> = (0..ADDS)
        .map(|number| {
            Command::new("/ip/hotspot/user/add")
                .with("name", format!("v{number}"))
                .with("profile", "1-day-5M")
                .with("comment", "mkb=B20261122-001")
        })
        .collect();
    bencher.counter(ItemsCount::new(ADDS)).bench(|| {
        let results = runtime.block_on(client.run_all(adds.iter().cloned()));
        assert!(results.iter().all(Result::is_ok));
    });
}

async fn connect() -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let address = listener.local_addr().expect("a bound listener has an address");
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("the listener is open");
        answer_everything(stream).await;
    });
    let endpoint =
        Endpoint { host: "127.0.0.1".into(), port: address.port(), security: Security::Plain };
    let config = ClientConfig::new(endpoint, Credentials::new("admin", ""));
    Client::connect(&config).await.expect("the peer lets everyone in")
}

async fn answer_everything(mut stream: TcpStream) {
    let mut decoder = Decoder::new(Limits::default());
    let mut buffer = vec![0; 64 << 10];
    let mut replies = Vec::new();
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        decoder.feed(&buffer[..count]);
        while let Ok(Some(command)) = decoder.next() {
            let tag = command.api_attribute(".tag").unwrap_or_default();
            let done = Sentence::command("!done").with_word([b".tag=", tag].concat());
            done.encode(&mut replies);
        }
        if stream.write_all(&replies).await.is_err() {
            return;
        }
        replies.clear();
    }
}
