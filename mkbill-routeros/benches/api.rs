//! How fast sentences are read, understood and written, and how fast commands go over loopback.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use mkbill_routeros::{
    client::{Client, ClientConfig, Credentials, Endpoint, Security},
    command::Command,
    proto::{Decoder, Limits, Reply, Sentence},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
};

const ROWS: usize = 1_000;
const ADDS: usize = 500;
/// What the client reads from its socket at once.
const CHUNK_BYTES: usize = 64 << 10;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    for (name, row) in [("hotspot users", user()), ("active sessions", active())] {
        rows(&mut criterion, name, &row);
    }
    adds(&mut criterion);
    criterion.final_summary();
}

fn user() -> Sentence {
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
        .with("dynamic", "false")
        .with("disabled", "false")
        .with("comment", "mkb=B20261122-001 fl=2026-11-22_08:00:00")
}

fn active() -> Sentence {
    Sentence::command("!re")
        .with_word(".tag=18")
        .with(".id", "*A320105")
        .with("server", "hotspot1")
        .with("user", "K7Q2-MX94")
        .with("address", "10.5.50.117")
        .with("mac-address", "02:42:AC:11:00:75")
        .with("login-by", "http-chap")
        .with("uptime", "1h2m3s")
        .with("idle-time", "4s")
        .with("session-time-left", "22h57m57s")
        .with("keepalive-timeout", "2m")
        .with("bytes-in", "1048576")
        .with("bytes-out", "94371840")
}

/// Reading, understanding and writing a long answer of rows like `row`.
fn rows(criterion: &mut Criterion, name: &str, row: &Sentence) {
    let mut stream = Vec::new();
    (0..ROWS).for_each(|_| row.encode(&mut stream));
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Bytes(stream.len() as u64));
    group.bench_function("decode", |bencher| {
        bencher.iter(|| {
            each_sentence(&stream, |sentence| {
                black_box(sentence);
            });
        });
    });
    group.bench_function("decode and classify", |bencher| {
        bencher.iter(|| {
            each_sentence(&stream, |sentence| {
                black_box(Reply::from(sentence));
            });
        });
    });
    group.bench_function("decode, classify and find 12 fields", |bencher| {
        let names: Vec<Vec<u8>> = row.attributes().map(|(name, _)| name.to_vec()).collect();
        let names: Vec<&str> = names.iter().filter_map(|name| str::from_utf8(name).ok()).collect();
        bencher.iter(|| {
            each_sentence(&stream, |sentence| {
                if let Reply::Row { sentence, .. } = Reply::from(sentence) {
                    for name in &names {
                        black_box(sentence.attribute(name));
                    }
                }
            });
        });
    });
    group.bench_function("encode", |bencher| {
        let mut out = Vec::with_capacity(stream.len());
        bencher.iter(|| {
            out.clear();
            (0..ROWS).for_each(|_| black_box(row).encode(&mut out));
            black_box(&out);
        });
    });
    group.finish();
}

fn each_sentence(stream: &[u8], mut seen: impl FnMut(Sentence)) {
    let mut decoder = Decoder::new(Limits::default());
    for chunk in stream.chunks(CHUNK_BYTES) {
        decoder.feed(chunk);
        while let Ok(Some(sentence)) = decoder.next() {
            seen(sentence);
        }
    }
}

fn adds(criterion: &mut Criterion) {
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
    let mut group = criterion.benchmark_group("loopback");
    group.throughput(Throughput::Elements(ADDS as u64)).sample_size(20);
    group.bench_function("run 500 adds", |bencher| {
        bencher.iter(|| {
            let results = runtime.block_on(client.run_all(adds.iter().cloned()));
            assert!(results.iter().all(Result::is_ok));
        });
    });
    group.finish();
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
    let mut buffer = vec![0; CHUNK_BYTES];
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
