use std::{array, fmt::Write as _};

use sha2::{Digest, Sha256};

use super::*;

/// SHA-256 of the public key and of the shared secret of every group, in their order, for the secrets
/// 01 02 … 30 and 65 66 … 94. Computed with the `pow` of Python, from primes built anew with the
/// formulas of RFC 3526 and RFC 7919 (RFC 5114: as OpenSSL has them).
const VECTORS: [(&str, &str); GROUPS.len()] = [
    (
        "3e77339b97ec6440594ea41992dd8742f102f220cefadd0832d131a8fedcc1c1",
        "03c02b1e5b3c55bef6b75474b9883e60db37abca479196662eece792eeb78ec4",
    ),
    (
        "6d3aec5998403220d1fc3c75f749bafc179616c891ea4a7d17eecfcacf8269e9",
        "5e633986d1ca7b2e3cd22fe8b277e529778d30e05dbad52622317a06ca369fdb",
    ),
    (
        "863b6f6eda7e7b9a65a1589bd51e601ce3ea81edc82888c30a13b2cd3ae90298",
        "47ea2d0eb8258582b4d67fa50f3a4e35d78d8458d9bd438c7da739cff0b5c679",
    ),
    (
        "c6bb6f5e574450b6ea4b3222e84df62562628476d37f4457509691d76012e1dc",
        "6d281b7cf8ab4dfa9d2f232d0b8bd7e0240a2bb1cfc8c1a35510f5104b5e4033",
    ),
    (
        "3c53bf83dcbc85226c6a2b4509813df904976739b71df58a85386ee4b369bf8a",
        "6f887022d70b67d953bc0d8ccf9ee865a7025ba82207f178ee6fc7be5d8010ba",
    ),
    (
        "98c3085677538ebfdd402b16495acba6e957e790870ccdca22443050c2fe4768",
        "fff4dd12284c3c42d4a770ace6144af763af505d0df2b5ad77043dbdd1d459e8",
    ),
    (
        "ce8ab971833a2d710dd8bd5e4b79820fb263be51d66e265dfb76de68ac7b8d61",
        "11cce69d883cb47a452395e30e82a5bbd3d4b6247c781e3077c0bfa833605bb9",
    ),
];

fn secret(first: u8) -> [u8; SECRET_BYTES] {
    array::from_fn(|at| first + u8::try_from(at).unwrap())
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

#[test]
fn keys_and_shared_secrets_are_those_that_python_computes() {
    for (group, (public_key, shared)) in GROUPS.into_iter().zip(VECTORS) {
        let ours = Box::new(KeyExchange::new(group, &secret(0x01)));
        let theirs = KeyExchange::new(group, &secret(0x65));
        assert_eq!(digest(ours.pub_key()), public_key, "{:?}", group.name);
        let agreed = ours.complete(theirs.pub_key()).unwrap();
        assert_eq!(digest(agreed.secret_bytes()), shared, "{:?}", group.name);
    }
}

#[test]
fn keys_that_give_the_secret_away_are_refused() {
    for group in GROUPS {
        let p = group.ffdhe.p;
        let mut last = p.to_vec();
        *last.last_mut().unwrap() -= 1;
        for key in [&[0][..], &[1], &last, p, &[0xFF; 512], &[1; 513]] {
            let ours = Box::new(KeyExchange::new(group, &secret(1)));
            assert!(ours.complete(key).is_err(), "{:?} takes {key:?}", group.name);
        }
    }
}

#[test]
fn a_key_outside_the_subgroup_is_refused_where_there_are_small_ones() {
    let group = GROUPS.into_iter().find(|group| group.order.is_some()).unwrap();
    let ours = Box::new(KeyExchange::new(group, &secret(1)));
    assert!(ours.complete(&[2]).is_err());
}

#[test]
fn the_old_suites_come_last_and_never_for_tls_1_3() {
    let (ring, ours) = (ring::default_provider(), provider());
    assert!(ours.cipher_suites.starts_with(&ring.cipher_suites));
    let added = &ours.cipher_suites[ring.cipher_suites.len()..];
    let names: Vec<CipherSuite> = added.iter().map(SupportedCipherSuite::suite).collect();
    assert_eq!(
        names,
        [
            CipherSuite::TLS_DHE_RSA_WITH_AES_256_GCM_SHA384,
            CipherSuite::TLS_DHE_RSA_WITH_AES_128_GCM_SHA256
        ]
    );
    assert!(GROUPS.iter().all(|group| !group.usable_for_version(ProtocolVersion::TLSv1_3)));
    assert!(GROUPS.iter().all(|group| group.bits() >= 2048));
}
