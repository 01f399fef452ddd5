//! The REST client against peers that are no routers.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use mkbill_routeros::{
    command::{Command, print, system::Identity},
    error::ErrorKind,
    rest::RestClient,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::support::{rest_config, story};

/// A listening script; dropping it ends its connections.
struct Scripted {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Scripted {
    /// Every connection gets these answers, one for each request, and is closed after the last.
    async fn start(answers: &'static [&'static str]) -> Self {
        let (listener, address) = listener().await;
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("the listener is open");
                counted.fetch_add(1, Ordering::SeqCst);
                serve(stream, answers).await;
            }
        });
        Self { address, connections, _tasks: tasks }
    }

    fn client(&self) -> RestClient {
        RestClient::new(rest_config(self.address))
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let address = listener.local_addr().expect("a bound listener has an address");
    (listener, address)
}

async fn serve(mut stream: TcpStream, answers: &[&str]) {
    for answer in answers {
        if !request(&mut stream).await {
            return;
        }
        stream.write_all(answer.as_bytes()).await.expect("the client reads");
    }
}

/// Reads one request whose body is an object without braces inside. `false` when the client hung up.
async fn request(stream: &mut TcpStream) -> bool {
    let mut read = Vec::new();
    while !(read.ends_with(b"}") && read.windows(4).any(|part| part == b"\r\n\r\n")) {
        match stream.read_u8().await {
            Ok(byte) => read.push(byte),
            Err(_) => return false,
        }
    }
    true
}

const NAMED: &str = "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n[{\"name\":\"core\"}]";

#[tokio::test]
async fn the_connection_is_kept_for_the_next_command() {
    let scripted = Scripted::start(&[NAMED, NAMED, NAMED]).await;
    let client = scripted.client();
    for _ in 0..3 {
        client.run(print::<Identity>()).await.unwrap();
    }
    assert_eq!(scripted.connections(), 1);
}

#[tokio::test]
async fn a_router_that_closes_after_each_answer_is_dialled_each_time() {
    let scripted = Scripted::start(&[NAMED]).await;
    let client = scripted.client();
    for _ in 0..3 {
        client.run(print::<Identity>()).await.unwrap();
    }
    assert_eq!(scripted.connections(), 3);
}

#[tokio::test]
async fn an_answer_without_a_length_ends_with_its_connection() {
    let scripted = Scripted::start(&["HTTP/1.0 200 OK\r\n\r\n[{\"name\":\"core\"}]"]).await;
    let answer = scripted.client().run(print::<Identity>()).await.unwrap();
    assert_eq!(answer.rows.len(), 1);
}

#[tokio::test]
async fn an_answer_cut_in_the_middle_is_unknown() {
    let scripted =
        Scripted::start(&["HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n[{\"name\":"]).await;
    let error = scripted.client().run(Command::new("/x/set")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
}

#[tokio::test]
async fn what_is_no_router_is_told_apart() {
    for (answer, told) in [
        ("SSH-2.0-OpenSSH_9.2\r\n", "it is no HTTP"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", "its body is no JSON"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[1]", "neither a row"),
        ("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", "its status is 302"),
    ] {
        let answers: &'static [&'static str] = Box::leak(vec![answer].into_boxed_slice());
        let scripted = Scripted::start(answers).await;
        let error = scripted.client().run(Command::new("/x/set")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{answer}");
        assert!(story(&error).contains(told), "{}", story(&error));
    }
}

#[tokio::test]
async fn a_closed_port_is_unreachable_and_says_which_service_to_enable() {
    let (_, address) = listener().await;
    let error = RestClient::new(rest_config(address)).run(print::<Identity>()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert!(error.is_retryable() && story(&error).contains("www-ssl"));
}
