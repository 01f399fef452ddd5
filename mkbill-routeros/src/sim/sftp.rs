//! The router's disk over SFTP, for accounts with the policies `ssh` and `ftp`.

mod disk;

use std::{net::IpAddr, sync::Arc, time::Duration};

use russh::{
    Channel, ChannelId, MethodKind, MethodSet,
    keys::{
        HashAlg, PrivateKey,
        ssh_key::private::{Ed25519Keypair, KeypairData},
    },
    server::{Auth, ChannelOpenHandle, Config, Handler, Msg, Session, run_stream},
};
use tokio::{
    io::{copy_bidirectional, duplex},
    net::TcpStream,
};

use super::{
    account::{LoggedIn, Proof},
    service::Service,
    shared::Shared,
    simulator::StartError,
};
use disk::Disk;

/// How much waits between the socket and the SSH library.
const BUFFER_BYTES: usize = 64 << 10;
/// How many channels a client opens at once.
const CHANNELS_MAX: usize = 8;

/// The key of the router for SSH and how it is served.
#[derive(Debug, Clone)]
pub(super) struct Host {
    config: Arc<Config>,
    /// As clients of SSH show it.
    pub fingerprint: String,
}

impl Host {
    pub(super) fn generate() -> Result<Self, StartError> {
        let mut seed = [0; 32];
        let random = rustls::crypto::ring::default_provider().secure_random;
        random.fill(&mut seed).map_err(|error| StartError::Tls(error.into()))?;
        let pair = KeypairData::from(Ed25519Keypair::from_seed(&seed));
        let key = PrivateKey::new(pair, "").map_err(StartError::HostKey)?;
        let fingerprint = key.public_key().fingerprint(HashAlg::Sha256).to_string();
        let config = Config {
            methods: MethodSet::from(&[MethodKind::Password][..]),
            auth_rejection_time: Duration::ZERO,
            keys: vec![key],
            ..Config::default()
        };
        Ok(Self { config: Arc::new(config), fingerprint })
    }
}

/// Serves one connection until it ends or the router goes down.
pub(super) async fn serve(mut stream: TcpStream, peer: IpAddr, host: Host, shared: Arc<Shared>) {
    let link = shared.router().link();
    // The library works in a task of its own, which ends when this end of the pipe is dropped.
    let (mut near, far) = duplex(BUFFER_BYTES);
    if !shared.router().open_connection(Service::Ssh, peer) {
        return;
    }
    let guest = Guest { shared, peer, account: None, channels: Vec::new() };
    let conversation = async {
        let started = tokio::spawn(run_stream(host.config, far, guest));
        // Errors of the socket end it like a hang-up.
        let _ = copy_bidirectional(&mut stream, &mut near).await;
        started.abort();
    };
    tokio::select! {
        () = link.cancelled() => {}
        () = conversation => {}
    }
}

/// One SSH connection.
struct Guest {
    shared: Arc<Shared>,
    peer: IpAddr,
    account: Option<LoggedIn>,
    channels: Vec<Channel<Msg>>,
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut router = self.shared.router();
        if let Some(account) = &self.account {
            router.log_out(account.id);
        }
        router.end_connection(Service::Ssh);
    }
}

impl Handler for Guest {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, russh::Error> {
        let proof = Proof::Password(password.as_bytes());
        let mut router = self.shared.router();
        let Ok(account) = router.log_in(user.as_bytes(), &proof, Service::Ssh, self.peer) else {
            return Ok(Auth::reject());
        };
        self.account = Some(account);
        Ok(Auth::Accept)
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        if self.channels.len() < CHANNELS_MAX {
            self.channels.push(channel);
            reply.accept().await;
        }
        Ok(())
    }

    async fn subsystem_request(
        &mut self,
        id: ChannelId,
        name: &str,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        let channel = self.channels.extract_if(.., |channel| channel.id() == id).next();
        let (Some(channel), Some(account), "sftp") = (channel, &self.account, name) else {
            return session.channel_failure(id);
        };
        let rights = account.caller.rights;
        session.channel_success(id)?;
        let disk = Disk::new(Arc::clone(&self.shared), rights);
        russh_sftp::server::run(channel.into_stream(), disk).await;
        Ok(())
    }

    async fn channel_eof(
        &mut self,
        channel: ChannelId,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        session.close(channel)
    }
}
