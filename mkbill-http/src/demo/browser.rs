//! The smallest client that can ask the server something over TCP.

use std::io;
use std::net::SocketAddr;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The most of an answer that is read.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// The status and the rest of the answer to a GET.
pub(super) async fn get(
    address: SocketAddr,
    path: &str,
    key: &SecretString,
) -> io::Result<(u16, String)> {
    let key = key.expose_secret();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n\
         Connection: close\r\n\r\n"
    );
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer).await?;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
    Ok((status, answer))
}
