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

use super::{menus, router::Router, shared::Shared, simulator::StartError};
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

/// What an account may do with files.
#[derive(Debug, Clone, Copy)]
struct Rights {
    read: bool,
    write: bool,
}

/// Serves one connection until it ends or the router goes down.
pub(super) async fn serve(mut stream: TcpStream, peer: IpAddr, host: Host, shared: Arc<Shared>) {
    let link = shared.router().link();
    // The library works in a task of its own, which ends when this end of the pipe is dropped.
    let (mut near, far) = duplex(BUFFER_BYTES);
    let guest = Guest { shared, peer, rights: None, channels: Vec::new() };
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
    /// Known once it has logged in.
    rights: Option<Rights>,
    channels: Vec<Channel<Msg>>,
}

impl Handler for Guest {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, russh::Error> {
        let mut router = self.shared.router();
        self.rights = router.file_rights(user, password);
        let peer = self.peer;
        if self.rights.is_none() {
            let message = format!("login failure for user {user} from {peer} via sftp");
            router.write_log("system,error,critical", message);
            return Ok(Auth::reject());
        }
        let message = format!("user {user} logged in from {peer} via sftp");
        router.write_log("system,info,account", message);
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
        let (Some(channel), Some(rights), "sftp") = (channel, self.rights, name) else {
            return session.channel_failure(id);
        };
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

impl Router {
    /// What an enabled account may do over SFTP; `None` when it may not come in.
    fn file_rights(&self, name: &str, password: &str) -> Option<Rights> {
        let accounts = self.table(menus::ACCOUNT);
        let id = *accounts.named(name.as_bytes()).first()?;
        let text = |column| accounts.text(id, column).unwrap_or_default();
        let is_let_in = text("disabled") != b"true" && text("password") == password.as_bytes();
        let groups = self.table(menus::ACCOUNT_GROUP);
        let policy = groups.find(text("group")).and_then(|group| groups.text(group, "policy"));
        let policy = policy.unwrap_or_default();
        let holds = |wanted: &str| policy.split(|b| *b == b',').any(|p| p == wanted.as_bytes());
        let rights = Rights { read: holds("read"), write: holds("write") };
        (is_let_in && holds("ssh") && holds("ftp")).then_some(rights)
    }
}
