//! Dialling a router: a TCP connection, with TLS over it when asked for.

mod fingerprint;
mod tls;

use std::{io, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};

pub use fingerprint::{Fingerprint, FingerprintError};
pub use tls::{TlsError, Trust};

use crate::{
    client::{Endpoint, Security},
    error::{ConnectError, Error},
};

/// A connection to a router, whatever it is made of.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Connects within `limit`, handshake included.
pub(crate) async fn dial(endpoint: &Endpoint, limit: Duration) -> Result<Box<dyn Stream>, Error> {
    let refused = |source| Error::Connect { address: endpoint.to_string(), source };
    match timeout(limit, connect(endpoint)).await {
        Ok(result) => result,
        Err(_) => Err(refused(ConnectError::TimedOut(limit))),
    }
}

async fn connect(endpoint: &Endpoint) -> Result<Box<dyn Stream>, Error> {
    let stream = open(endpoint).await.map_err(|source| Error::Connect {
        address: endpoint.to_string(),
        source: explain(source),
    })?;
    match endpoint.security {
        Security::Plain => Ok(Box::new(stream)),
        Security::Tls(trust) => match tls::secure(stream, &endpoint.host, trust).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(source) => Err(Error::Tls { address: endpoint.to_string(), source }),
        },
    }
}

async fn open(endpoint: &Endpoint) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((endpoint.host.as_str(), endpoint.port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn explain(error: io::Error) -> ConnectError {
    match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => {
            ConnectError::Closed(error)
        }
        _ => ConnectError::Failed(error),
    }
}
