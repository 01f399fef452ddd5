//! TLS against OpenSSL, so that one mistake is not on both sides. Needs `python3`.

use std::{
    io::{BufRead, BufReader, Lines},
    process::{Child, ChildStdout, Command, Stdio},
};

use mkbill_routeros::{
    client::{Client, Security},
    error::Error,
    transport::Trust,
};

use crate::support::{self, LONG, story};

const PARAMETERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls");
const PROGRAM: &str = include_str!("openssl_router.py");

/// A router by OpenSSL that serves one connection; it ends with this.
struct OpenSsl {
    process: Child,
    said: Lines<BufReader<ChildStdout>>,
    port: u16,
}

impl OpenSsl {
    fn start(arguments: &[&str]) -> Self {
        let mut process = Command::new("python3")
            .args(["-c", PROGRAM, PARAMETERS])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("these tests need python3");
        let mut said = BufReader::new(process.stdout.take().expect("it is piped")).lines();
        let port = said.next().expect("OpenSSL takes the settings").expect("it says lines");
        let port = port.parse().expect("the first line is the port");
        Self { process, said, port }
    }

    async fn connect(&self) -> Result<Client, Error> {
        let mut config = support::config(([127, 0, 0, 1], self.port).into());
        config.endpoint.security = Security::Tls(Trust::AnyCertificate);
        config.timeouts.connect = LONG;
        Client::connect(&config).await
    }

    fn says(&mut self) -> String {
        self.said.next().expect("it says what was negotiated").expect("it says lines")
    }
}

impl Drop for OpenSsl {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone after this.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn refused(arguments: &[&str]) -> String {
    story(&OpenSsl::start(arguments).connect().await.expect_err("this cannot be agreed on"))
}

#[tokio::test]
async fn a_router_with_an_rsa_certificate_and_tls_1_2_only_is_understood() {
    let mut router = OpenSsl::start(&["ECDHE-RSA-AES256-GCM-SHA384", "TLSv1_2"]);
    router.connect().await.unwrap();
    assert!(router.says().starts_with("ECDHE-RSA-AES256-GCM-SHA384 TLSv1.2"));
}

#[tokio::test]
async fn a_router_that_offers_anonymous_diffie_hellman_only_needs_a_certificate() {
    let story = refused(&["ADH-AES256-GCM-SHA384:@SECLEVEL=0", "TLSv1_2", "ffdhe2048.pem"]).await;
    assert!(story.contains("/ip service set api-ssl certificate"), "{story}");
}

#[tokio::test]
async fn a_router_with_suites_of_cbc_only_shares_none() {
    let story = refused(&["ECDHE-RSA-AES256-SHA384", "TLSv1_2"]).await;
    assert!(story.contains("shares no cipher suite"), "{story}");
}

#[tokio::test]
async fn a_router_with_tls_1_1_only_is_told_as_such() {
    let story = refused(&["ALL:@SECLEVEL=0", "TLSv1_1"]).await;
    assert!(story.contains("TLS 1.0 or 1.1 only"), "{story}");
}

#[cfg(not(feature = "legacy-tls"))]
#[tokio::test]
async fn a_router_with_dhe_suites_only_shares_none_and_the_feature_is_named() {
    let story = refused(&["DHE-RSA-AES256-GCM-SHA384", "TLSv1_2", "ffdhe2048.pem"]).await;
    assert!(story.contains("`legacy-tls`"), "{story}");
}

#[cfg(feature = "legacy-tls")]
#[tokio::test]
async fn a_router_with_dhe_suites_only_is_understood_in_every_usual_group() {
    for suite in ["DHE-RSA-AES256-GCM-SHA384", "DHE-RSA-AES128-GCM-SHA256"] {
        for group in ["ffdhe2048.pem", "modp3072.pem", "rfc5114-2.3.pem"] {
            let mut router = OpenSsl::start(&[suite, "TLSv1_2", group]);
            router.connect().await.unwrap();
            assert!(router.says().starts_with(&format!("{suite} TLSv1.2")), "{group}");
        }
    }
}

#[cfg(feature = "legacy-tls")]
#[tokio::test]
async fn a_group_below_2048_bits_is_refused_as_such() {
    let suite = "DHE-RSA-AES256-GCM-SHA384:@SECLEVEL=0";
    let story = refused(&[suite, "TLSv1_2", "modp1024.pem"]).await;
    assert!(story.contains("below 2048 bits"), "{story}");
}
