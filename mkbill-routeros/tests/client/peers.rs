//! Bugs of other clients, each by the name of the behaviour that they lack.
//!
//! Where a bug is tested by other files too:
//!
//! | client | bug | test |
//! |---|---|---|
//! | RouterOS-api (Python) | #29, #45 login changed in 6.43 | `login::*`, `simulator::every_dialect_tells_what_it_is_in_typed_rows` |
//! | mikrotik-rs 0.10 | a login challenge counts as a login | `login::a_login_answered_by_a_challenge_is_not_a_login` |
//! | mikrotik-rs 0.10 | a writer that is blocked blocks its reader | `commands::a_router_that_reads_nothing_more_does_not_stop_us_from_reading` |
//! | mikrotik-rs 0.10 | no keepalive | `keepalive::*` |
//! | mikrotik-rs 0.10 | unbounded channels | `hostile::callers_wait_while_too_many_commands_are_queued`, `streams::a_reader_who_is_late_loses_its_stream_and_delays_nobody` |
//! | mikrotik-rs 0.10 | no resync of a listen | `watch::*` |
//! | mikrotik-rs 0.10 | no connect and login timeout | `login::a_login_that_never_ends_hits_its_deadline` |
//! | mikrotik-rs 0.10, go-routeros | no cap on lengths | `hostile::a_length_that_is_too_long_to_be_true_ends_the_connection_at_once` |

use std::{collections::BTreeSet, time::Duration};

use mkbill_routeros::{
    client::{Answer, Client},
    command::Command,
    error::{Error, ErrorKind, Unanswered},
};
use tokio::{sync::mpsc, time::timeout};

use crate::support::{LONG, Peer, SHORT, ScriptedRouter, encoded, story, tag_of};

fn command() -> Command {
    Command::new("/ip/hotspot/user/print")
}

async fn connect(router: &ScriptedRouter) -> Client {
    Client::connect(&router.config()).await.expect("the router lets us in")
}

/// Answers every command with these replies, in which `TAG` stands for the tag word.
fn replying(replies: &'static [&'static [&'static str]]) -> ScriptedRouter {
    ScriptedRouter::start(move |mut peer, _| async move {
        peer.accept_login().await;
        while let Some(command) = peer.next().await {
            let tag = tag_of(&command);
            for words in replies {
                let word = |word: &&'static str| {
                    if *word == "TAG" { tag.clone() } else { (*word).to_owned() }
                };
                let words: Vec<String> = words.iter().map(word).collect();
                peer.reply(&words.iter().map(String::as_str).collect::<Vec<_>>()).await;
            }
        }
    })
}

/// What two commands in a row give: the second shows that the connection is none the worse.
async fn twice(replies: &'static [&'static [&'static str]]) -> [Result<Answer, Error>; 2] {
    let router = replying(replies);
    let client = connect(&router).await;
    [client.run(command()).await, client.run(command()).await]
}

fn name(answer: &Answer) -> &[u8] {
    answer.rows[0].get("name").expect("every row has a name")
}

/// go-routeros #33: the tag was registered after sending, so a fast reply was dropped and its
/// caller hung.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_that_comes_at_once_is_never_missed() {
    let router = replying(&[&["!done", "TAG"]]);
    let client = connect(&router).await;
    for _ in 0..1_000 {
        timeout(LONG, client.run(command())).await.expect("no hang").expect("an answer");
    }
}

/// go-routeros #34: one caller whose time ran out ended the reader of all.
#[tokio::test]
async fn a_caller_who_gives_up_takes_nothing_from_the_others() {
    let router = ScriptedRouter::start(|mut peer, _| async move {
        peer.accept_login().await;
        let _impatient = peer.next_tag().await;
        while let Some(command) = peer.next().await {
            peer.reply(&["!re", &tag_of(&command), "=name=v1"]).await;
            peer.reply(&["!done", &tag_of(&command)]).await;
        }
    });
    let client = connect(&router).await;
    assert!(timeout(SHORT, client.run(command())).await.is_err());
    for _ in 0..10 {
        assert_eq!(name(&client.run(command()).await.unwrap()), b"v1");
    }
}

/// go-routeros, routeros-api-php, mikrotik-rs 0.10: the first trap ended the command, and the
/// `!done` behind it was taken for the end of the next.
#[tokio::test]
async fn a_trap_is_not_the_end_of_a_command() {
    for result in twice(&[
        &["!trap", "TAG", "=message=first"],
        &["!trap", "TAG", "=category=0", "=message=no such item"],
        &["!re", "TAG", "=name=between"],
        &["!done", "TAG"],
    ])
    .await
    {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(story(&error).contains("first; no such item"));
    }
}

async fn cut_up(mut peer: Peer, comment_bytes: usize, cut_at: impl Fn(usize) -> bool) {
    peer.accept_login().await;
    let tag = peer.next_tag().await;
    let comment = format!("=comment={}", "a".repeat(comment_bytes));
    let bytes = [encoded(&["!re", &tag, &comment]), encoded(&["!done", &tag])].concat();
    let mut piece = Vec::new();
    for (index, byte) in bytes.iter().enumerate() {
        piece.push(*byte);
        if cut_at(index) {
            peer.raw(&std::mem::take(&mut piece)).await;
            tokio::task::yield_now().await;
        }
    }
    peer.raw(&piece).await;
    peer.until_closed().await;
}

/// node-routeros #4: a length prefix that was split over two packets was read wrong.
#[tokio::test]
async fn a_length_prefix_may_be_split_over_packets() {
    for length in [100, 247, 20_000] {
        let router = ScriptedRouter::start(move |peer, _| cut_up(peer, length, |at| at < 40));
        let client = connect(&router).await;
        let answer = client.run(command()).await.unwrap();
        assert_eq!(answer.rows[0].get("comment").map(<[u8]>::len), Some(length));
    }
}

/// routeros-api (BenMenking): took what the socket held for the whole word, so that long words
/// were cut short.
#[tokio::test]
async fn a_word_of_many_packets_comes_whole() {
    let router = ScriptedRouter::start(|peer, _| cut_up(peer, 300_000, |at| at % 1_460 == 0));
    let client = connect(&router).await;
    let answer = client.run(command()).await.unwrap();
    assert_eq!(answer.rows[0].get("comment").map(<[u8]>::len), Some(300_000));
}

/// node-routeros: the first byte of a five-byte length was shifted wrong.
#[tokio::test]
async fn a_length_in_its_longest_form_is_read_right() {
    let router = ScriptedRouter::start(|mut peer, _| async move {
        peer.accept_login().await;
        let tag = peer.next_tag().await;
        let comment = [b"=comment=".as_slice(), &b"a".repeat(0x1_2345)].concat();
        let length = u32::try_from(comment.len()).unwrap().to_be_bytes();
        let head = encoded(&["!re", &tag]);
        let head = &head[..head.len() - 1];
        peer.raw(&[head, &[0xF0], &length, &comment, &[0]].concat()).await;
        peer.reply(&["!done", &tag]).await;
        peer.until_closed().await;
    });
    let answer = connect(&router).await.run(command()).await.unwrap();
    assert_eq!(answer.rows[0].get("comment").map(<[u8]>::len), Some(0x1_2345));
}

/// node-routeros #16, #26: a timeout was thrown where nobody could catch it, and the process died.
/// mikrotik-rs 0.10: commands had no timeout at all.
#[tokio::test(start_paused = true)]
async fn a_timeout_is_an_error_of_its_own_command() {
    let router = ScriptedRouter::start(|mut peer, _| async move {
        peer.accept_login().await;
        peer.until_closed().await;
    });
    let client = connect(&router).await;
    let error = client.run(command()).await.unwrap_err();
    assert!(matches!(error, Error::Unanswered { source: Unanswered::TimedOut, .. }), "{error:?}");
}

/// node-routeros: UNREGISTEREDTAG was thrown for a reply to a tag that it did not know.
#[tokio::test]
async fn replies_under_tags_that_nobody_uses_are_ignored() {
    for result in twice(&[
        &["!re", ".tag=777", "=name=stray"],
        &["!done", ".tag=777"],
        &["!trap", ".tag=not-a-number", "=message=stray"],
        &["!re", "TAG", "=name=mine"],
        &["!done", "TAG"],
        &["!done", "TAG"],
    ])
    .await
    {
        assert_eq!(name(&result.unwrap()), b"mine");
    }
}

/// RouterOS-api #102, go-routeros #29, node-routeros 1.6.9, mikrotik-rs 0.10: `!empty`, sent since
/// RouterOS 7.18, was unknown, or ended the command before its `!done`.
#[tokio::test]
async fn an_empty_answer_is_an_answer_without_rows() {
    for result in twice(&[&["!empty", "TAG"], &["!done", "TAG"]]).await {
        assert_eq!(result.unwrap(), Answer::default());
    }
}

/// A reply word of tomorrow: what `!empty` was to the clients of 2024.
#[tokio::test]
async fn a_reply_word_that_is_not_known_yet_is_ignored() {
    for result in twice(&[&["!news", "TAG"], &["!re", "TAG", "=name=v1"], &["!done", "TAG"]]).await
    {
        assert_eq!(name(&result.unwrap()), b"v1");
    }
}

/// routeros-api-php #85, #110, #114, #129, #131, #134: "Stream timed out" on tables of more than
/// 400 secrets. RouterOS-api #93: long tables took time out of proportion.
#[tokio::test]
async fn a_table_of_thirty_thousand_rows_is_read_whole_and_in_time() {
    const ROWS: usize = 30_000;
    let router = ScriptedRouter::start(|mut peer, _| async move {
        peer.accept_login().await;
        let tag = peer.next_tag().await;
        let mut bytes = Vec::new();
        for number in 0..ROWS {
            bytes.extend(encoded(&["!re", &tag, &format!("=name=s{number}"), "=profile=default"]));
        }
        bytes.extend(encoded(&["!done", &tag]));
        for piece in bytes.chunks(1_000) {
            peer.raw(piece).await;
        }
        peer.until_closed().await;
    });
    let client = connect(&router).await;
    let answer = timeout(LONG, client.run(command())).await.unwrap().unwrap();
    let names: BTreeSet<&[u8]> = answer.rows.iter().filter_map(|row| row.get("name")).collect();
    assert_eq!(names.len(), ROWS);
}

/// tik4net: a command without a tag got the rows of another.
#[tokio::test]
async fn every_sentence_has_a_tag_and_rows_that_come_mixed_go_to_their_owners() {
    let router = ScriptedRouter::start(|mut peer, _| async move {
        peer.accept_login().await;
        let tags: Vec<String> =
            [peer.next_tag().await, peer.next_tag().await, peer.next_tag().await].into();
        assert_eq!(tags.iter().collect::<BTreeSet<_>>().len(), 3);
        for round in 0..50 {
            for tag in tags.iter().rev() {
                peer.reply(&["!re", &format!("=name={tag}"), &format!("=round={round}"), tag])
                    .await;
            }
        }
        for tag in &tags {
            peer.reply(&["!done", &format!("=ret={tag}"), tag]).await;
        }
        peer.until_closed().await;
    });
    let client = connect(&router).await;
    for result in client.run_all([command(), command(), command()]).await {
        let answer = result.unwrap();
        let owner = answer.ret.clone().unwrap();
        assert_eq!(answer.rows.len(), 50);
        assert!(answer.rows.iter().all(|row| row.get("name") == Some(&owner)));
    }
}

/// mikrotik-rs 0.10: the `=ret=` of `!done` was dropped, so the id of a new user could not be had;
/// with `=ret=` before `.tag` the reply was a protocol error.
#[tokio::test]
async fn the_id_of_a_new_item_is_told_wherever_the_tag_stands() {
    for result in twice(&[&["!done", "=ret=*1A", "TAG"]]).await {
        assert_eq!(result.unwrap().ret.as_deref(), Some(&b"*1A"[..]));
    }
    for result in twice(&[&["!done", "TAG", "=ret=*1A"]]).await {
        assert_eq!(result.unwrap().ret.as_deref(), Some(&b"*1A"[..]));
    }
}

/// mikrotik-rs 0.10: a trap without a message, with an attribute more, or with text that is not
/// UTF-8 was a protocol error. RouterOS-api: a trap without a message was a `KeyError`.
#[tokio::test]
async fn a_trap_of_any_shape_is_a_refusal() {
    let [bare, _] = twice(&[&["!trap", "TAG"], &["!done", "TAG"]]).await;
    assert!(matches!(bare, Err(Error::Refused { .. })), "{bare:?}");
    let [more, _] =
        twice(&[&["!trap", "=message=no such item", "=line=7", "TAG"], &["!done", "TAG"]]).await;
    assert_eq!(more.unwrap_err().kind(), ErrorKind::NotFound);

    let router = ScriptedRouter::start(|mut peer, _| async move {
        peer.accept_login().await;
        let tag = peer.next_tag().await;
        let trap = encoded(&["!trap", &tag]);
        let message = b"=message=caf\xE9: no such item\r\n";
        let length = u8::try_from(message.len()).unwrap();
        peer.raw(&[&trap[..trap.len() - 1], &[length], message, &[0]].concat()).await;
        peer.reply(&["!done", &tag]).await;
        peer.until_closed().await;
    });
    let error = connect(&router).await.run(command()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

/// mikrotik-rs 0.10: the reason of a `!fatal` was lost when it came as `=message=`.
#[tokio::test]
async fn the_reason_of_a_fatal_is_told_in_either_form() {
    const FORMS: [&[&[&str]]; 2] =
        [&[&["!fatal", "not logged in"]], &[&["!fatal", "=message=not logged in"]]];
    for replies in FORMS {
        let [first, second] = twice(replies).await;
        assert!(story(&first.unwrap_err()).contains("not logged in"));
        assert_eq!(second.unwrap_err().kind(), ErrorKind::Unreachable);
    }
}

/// mikrotik-rs 0.10: when the connection ended, callers saw their channel close without a reason.
#[tokio::test]
async fn the_end_of_the_connection_is_an_error_for_every_caller() {
    let router = ScriptedRouter::start(|mut peer, _| async move {
        peer.accept_login().await;
        for _ in 0..3 {
            peer.next().await;
        }
    });
    let client = connect(&router).await;
    let mut stream = client.listen(Command::new("/log/listen")).await.unwrap();
    for result in client.run_all([command(), command()]).await {
        let error = result.unwrap_err();
        assert!(matches!(error, Error::Unanswered { source: Unanswered::Lost, .. }), "{error:?}");
    }
    assert!(stream.next().await.unwrap().unwrap_err().ended_the_connection());
}

/// mikrotik-rs 0.10: a cancel went out only with the next row of the command, and under its tag.
#[tokio::test]
async fn a_cancel_goes_out_at_once_and_under_a_tag_of_its_own() {
    let (seen, mut cancels) = mpsc::channel(1);
    let router = ScriptedRouter::start(move |mut peer, _| {
        let seen = seen.clone();
        async move {
            peer.accept_login().await;
            let stream = peer.next_tag().await;
            peer.reply(&["!re", &stream, "=message=one"]).await;
            let cancel = peer.next().await.unwrap();
            let target = cancel.attribute("tag").map(<[u8]>::to_vec).unwrap();
            seen.send((stream, target, tag_of(&cancel))).await.unwrap();
            peer.until_closed().await;
        }
    });
    let client = connect(&router).await;
    let mut stream = client.listen(Command::new("/log/listen")).await.unwrap();
    stream.next().await.unwrap().unwrap();
    drop(stream);
    let (stream, target, cancel) = timeout(LONG, cancels.recv()).await.unwrap().unwrap();
    assert_eq!(stream, format!(".tag={}", String::from_utf8_lossy(&target)));
    assert_ne!(stream, cancel);
}

/// node-routeros: sent a lone word as keepalive, and go-routeros an empty sentence; both sides
/// have to bear empty sentences.
#[tokio::test]
async fn empty_sentences_between_replies_are_ignored() {
    let router = ScriptedRouter::start(|mut peer, _| async move {
        peer.accept_login().await;
        let tag = peer.next_tag().await;
        peer.raw(&[0, 0]).await;
        peer.reply(&["!re", &tag, "=name=v1"]).await;
        peer.raw(&[0]).await;
        peer.reply(&["!done", &tag]).await;
        peer.until_closed().await;
    });
    let client = connect(&router).await;
    let patient = command().within(Duration::from_secs(20));
    assert_eq!(name(&client.run(patient).await.unwrap()), b"v1");
}
