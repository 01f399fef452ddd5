//! The router's files over SFTP.

use std::{net::SocketAddr, sync::Arc};

use mkbill_routeros::sim::{FILE_BYTES_MAX, Simulator};
use russh::{
    client::{self, Handle},
    keys::{HashAlg, PublicKeyOrCertificate},
};
use russh_sftp::{client::SftpSession, protocol::OpenFlags};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::started;

struct Trusting(String);

impl client::Handler for Trusting {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        key: &PublicKeyOrCertificate,
    ) -> Result<bool, russh::Error> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = key else {
            return Ok(false);
        };
        Ok(key.fingerprint(HashAlg::Sha256).to_string() == self.0)
    }
}

async fn with_sftp() -> Simulator {
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let simulator = started(Simulator::builder().listen_sftp(any_port)).await;
    add_user(&simulator, "operator", "ssh,ftp,read,write");
    simulator
}

/// `None` when the account is not let in.
async fn logged_in(simulator: &Simulator, user: &str) -> Option<(Handle<Trusting>, SftpSession)> {
    let trusting = Trusting(simulator.sftp_fingerprint().expect("SFTP is served").to_owned());
    let address = simulator.sftp_addr().expect("SFTP is served");
    let mut ssh = client::connect(Arc::new(client::Config::default()), address, trusting)
        .await
        .expect("SSH goes on");
    if !ssh.authenticate_password(user, "pw").await.expect("an answer").success() {
        return None;
    }
    let channel = ssh.channel_open_session().await.expect("SSH goes on");
    channel.request_subsystem(true, "sftp").await.expect("SSH goes on");
    Some((ssh, SftpSession::new(channel.into_stream()).await.expect("SFTP begins")))
}

fn add_user(simulator: &Simulator, name: &str, policy: &str) {
    simulator.router(|router| {
        let group = [format!("name={name}"), format!("policy={policy}")];
        let added = "the names are new";
        router.run("/user/group/add", &group.each_ref().map(|word| &**word)).expect(added);
        let user = [format!("name={name}"), format!("group={name}"), "password=pw".to_owned()];
        router.run("/user/add", &user.each_ref().map(|word| &**word)).expect(added);
    });
}

#[tokio::test]
async fn files_are_written_listed_read_and_removed() {
    let simulator = with_sftp().await;
    let (_ssh, sftp) = logged_in(&simulator, "operator").await.unwrap();
    let long: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let mut file = sftp.create("/flash/backup.rsc").await.unwrap();
    file.write_all(&long).await.unwrap();
    file.shutdown().await.unwrap();
    simulator.router(|router| {
        assert_eq!(router.read_file("flash/backup.rsc"), Some(&long[..]));
        router.write_file("note.txt", "hello").unwrap();
    });

    let names = async |path: &str| {
        let entries = sftp.read_dir(path).await.unwrap();
        entries.map(|entry| (entry.file_name(), entry.metadata().is_dir())).collect::<Vec<_>>()
    };
    assert_eq!(names("/").await, [("flash".to_owned(), true), ("note.txt".to_owned(), false)]);
    assert_eq!(names("flash").await, [("backup.rsc".to_owned(), false)]);
    assert_eq!(sftp.metadata("note.txt").await.unwrap().size, Some(5));
    let year_2026 = 1_767_225_600;
    assert!(sftp.metadata("note.txt").await.unwrap().mtime >= Some(year_2026));
    let mut read = Vec::new();
    sftp.open("flash/backup.rsc").await.unwrap().read_to_end(&mut read).await.unwrap();
    assert!(read == long);
    sftp.remove_file("note.txt").await.unwrap();
    assert_eq!(simulator.router(|router| router.files().count()), 1);
    sftp.remove_file("note.txt").await.unwrap_err();
    sftp.open("note.txt").await.map(drop).unwrap_err();
    sftp.read_dir("nowhere").await.map(drop).unwrap_err();
}

#[tokio::test]
async fn a_file_grows_only_to_its_limit() {
    let simulator = with_sftp().await;
    let (_ssh, sftp) = logged_in(&simulator, "operator").await.unwrap();
    simulator.router(|router| router.write_file("log.txt", "one,").unwrap());
    let flags = OpenFlags::WRITE | OpenFlags::CREATE;
    let mut file = sftp.open_with_flags("log.txt", flags).await.unwrap();
    tokio::io::AsyncSeekExt::seek(&mut file, std::io::SeekFrom::Start(4)).await.unwrap();
    file.write_all(b"two").await.unwrap();
    file.shutdown().await.unwrap();
    simulator.router(|router| assert_eq!(router.read_file("log.txt"), Some(&b"one,two"[..])));

    let mut file = sftp.create("large").await.unwrap();
    let end = std::io::SeekFrom::Start(FILE_BYTES_MAX as u64);
    tokio::io::AsyncSeekExt::seek(&mut file, end).await.unwrap();
    let written = async {
        file.write_all(b"!").await?;
        file.flush().await
    };
    written.await.unwrap_err();
}

#[tokio::test]
async fn the_policies_of_an_account_decide_what_it_may_do() {
    let simulator = with_sftp().await;
    add_user(&simulator, "no-ftp", "ssh,read,write");
    add_user(&simulator, "no-ssh", "ftp,read,write");
    add_user(&simulator, "reader", "ssh,ftp,read");
    add_user(&simulator, "writer", "ssh,ftp,write");
    for user in ["no-ftp", "no-ssh", "nobody"] {
        assert!(logged_in(&simulator, user).await.is_none(), "{user}");
    }
    let (_ssh, reader) = logged_in(&simulator, "reader").await.unwrap();
    simulator.router(|router| router.write_file("a.txt", "a").unwrap());
    reader.read_dir("/").await.map(drop).unwrap();
    reader.create("b.txt").await.map(drop).unwrap_err();
    reader.remove_file("a.txt").await.unwrap_err();
    let (_ssh, writer) = logged_in(&simulator, "writer").await.unwrap();
    writer.open("a.txt").await.map(drop).unwrap_err();
    writer.remove_file("a.txt").await.unwrap();
    let log = simulator.router(|router| router.log().map(str::to_owned).collect::<Vec<_>>());
    assert!(log.contains(&"login failure for user no-ftp from 127.0.0.1 via ssh".to_owned()));
    assert!(log.contains(&"user reader logged in from 127.0.0.1 via ssh".to_owned()));
}

#[tokio::test]
async fn a_reboot_cuts_the_connection_and_an_unplugged_router_refuses() {
    let simulator = with_sftp().await;
    let (ssh, _sftp) = logged_in(&simulator, "operator").await.unwrap();
    simulator.reboot();
    ssh.await.unwrap_err();
    let (ssh, _sftp) = logged_in(&simulator, "operator").await.unwrap();
    simulator.unplug().await.unwrap();
    ssh.await.unwrap_err();
    let address = simulator.sftp_addr().unwrap();
    tokio::net::TcpStream::connect(address).await.unwrap_err();
    simulator.plug_in().await.unwrap();
    logged_in(&simulator, "operator").await.unwrap();
}
