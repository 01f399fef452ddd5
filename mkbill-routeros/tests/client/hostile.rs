//! Routers that mean harm or fail in the worst moment, in paused time.
//!
//! Whatever they do, a command gets its typed error within its deadline, the socket is closed when
//! the client goes, and no task is left.

use std::time::Duration;

use mkbill_routeros::{
    client::{Client, ClientConfig},
    command::{Command, print, system::Identity},
    error::{Error, ErrorKind, Unanswered},
    proto::WindowLimits,
};
use tokio::{
    runtime::Handle,
    sync::mpsc,
    task::yield_now,
    time::{Instant, sleep, timeout},
};

use crate::support::{Peer, ScriptedRouter, encoded, story};

const SECOND: Duration = Duration::from_secs(1);
/// The default of a command.
const DEADLINE: Duration = Duration::from_secs(30);

/// What the first command of a fresh client comes to when the router does this to it.
async fn first_command<S, F>(harm: S) -> Error
where
    S: Fn(Peer, String) -> F + Clone + Send + 'static,
    F: Future<Output = Option<Peer>> + Send + 'static,
{
    let mut outcome = None;
    harmed(
        harm,
        |config| config,
        async |client| {
            outcome = Some(client.run(Command::new("/log/print")).await);
        },
    )
    .await;
    outcome.expect("it ran").expect_err("no usable answer came")
}

/// Runs `act` on a client whose router does `harm` after its first command, and makes sure that
/// nothing is left of either.
async fn harmed<S, F>(
    harm: S,
    configure: impl FnOnce(ClientConfig) -> ClientConfig,
    act: impl AsyncFnOnce(&Client),
) where
    S: Fn(Peer, String) -> F + Clone + Send + 'static,
    F: Future<Output = Option<Peer>> + Send + 'static,
{
    let (closed, mut hung_up) = mpsc::channel(1);
    let router = ScriptedRouter::start(move |mut peer, _| {
        let (harm, closed) = (harm.clone(), closed.clone());
        async move {
            peer.accept_login().await;
            let tag = peer.next_tag().await;
            if let Some(peer) = harm(peer, tag).await {
                peer.until_closed().await;
            }
            closed.send(()).await.expect("the test waits");
        }
    });
    let tasks = settled_tasks().await;
    let client = Client::connect(&configure(router.config())).await.expect("the router lets us in");
    let begun = Instant::now();
    act(&client).await;
    assert!(begun.elapsed() <= DEADLINE * 4, "{:?}", begun.elapsed());
    timeout(2 * SECOND, client.close()).await.expect("closing never waits for a router");
    timeout(DEADLINE * 2, hung_up.recv())
        .await
        .expect("the router sees the end")
        .expect("it says so");
    assert_eq!(settled_tasks().await, tasks, "a task is left");
}

/// How many tasks live once those that are about to end have ended.
async fn settled_tasks() -> usize {
    for _ in 0..100 {
        yield_now().await;
    }
    Handle::current().metrics().num_alive_tasks()
}

fn is_protocol(error: &Error) -> bool {
    error.kind() == ErrorKind::Protocol && error.ended_the_connection()
}

#[tokio::test(start_paused = true)]
async fn a_length_that_is_too_long_to_be_true_ends_the_connection_at_once() {
    const BOMBS: [&[u8]; 6] = [
        &[0xF0, 0xFF, 0xFF, 0xFF, 0xFF],
        &[0xF0, 0x10, 0x00, 0x00, 0x00],
        &[0xF0, 0x00, 0x40, 0x00, 0x01],
        &[0xEF, 0xFF, 0xFF, 0xFF],
        &[0xE0, 0x40, 0x00, 0x01],
        &[0x03, b'!', b'r', b'e', 0xEF, 0xFF, 0xFF, 0xFF],
    ];
    for bomb in BOMBS {
        let begun = Instant::now();
        let error = first_command(move |mut peer, _| async move {
            peer.raw(bomb).await;
            Some(peer)
        })
        .await;
        assert!(is_protocol(&error), "{bomb:X?}: {error:?}");
        assert!(begun.elapsed() < SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn a_control_byte_that_no_router_sends_ends_the_connection_at_once() {
    for byte in 0xF8..=0xFF {
        let begun = Instant::now();
        let error = first_command(move |mut peer, tag| async move {
            peer.raw(&encoded(&["!re", &tag])).await;
            peer.raw(&[byte]).await;
            Some(peer)
        })
        .await;
        assert!(is_protocol(&error), "{byte:#X}: {error:?}");
        assert!(story(&error).contains(&format!("{byte:#04x}")), "{}", story(&error));
        assert!(begun.elapsed() < SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn a_sentence_that_trickles_in_without_end_meets_the_deadline_of_its_command() {
    let error = first_command(|mut peer, tag| async move {
        let words = encoded(&["!re", &tag, "=name=v1"]);
        let trickle = words[..words.len() - 1].iter().chain(std::iter::repeat_n(&1, 40));
        for byte in trickle {
            if peer.try_raw(&[*byte]).await.is_err() {
                break;
            }
            sleep(SECOND).await;
        }
        Some(peer)
    })
    .await;
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
}

#[tokio::test(start_paused = true)]
async fn a_sentence_that_floods_in_without_end_is_cut_at_its_cap() {
    let words = [&[0xC0, 0x40, 0x00][..], &[b'a'; 0x4000]].concat().repeat(16);
    let error = first_command(move |mut peer, _| {
        let words = words.clone();
        async move {
            for _ in 0..40 {
                if peer.try_raw(&words).await.is_err() {
                    break;
                }
            }
            Some(peer)
        }
    })
    .await;
    assert!(is_protocol(&error), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_replies_that_are_nobodys_delays_no_answer() {
    for stray in [&["!re", "=name=x"][..], &["!done"], &["!re", ".tag=4294967295"], &["!boo"]] {
        let flood = encoded(stray).repeat(10_000);
        let mut answered = 0;
        let harm = move |mut peer: Peer, first: String| {
            let flood = flood.clone();
            async move {
                let second = peer.next_tag().await;
                peer.raw(&flood).await;
                peer.reply(&["!done", &second]).await;
                peer.reply(&["!done", &first]).await;
                Some(peer)
            }
        };
        harmed(
            harm,
            |config| config,
            async |client| {
                let both = [Command::new("/a/print"), Command::new("/b/print")];
                let answers = client.run_all(both).await;
                answered = answers.iter().flatten().filter(|answer| answer.rows.is_empty()).count();
            },
        )
        .await;
        assert_eq!(answered, 2, "{stray:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn sixteen_answers_that_never_end_hold_no_more_than_the_connection_may() {
    const HELD_MAX: usize = 1 << 20;
    let row = format!("=message={}", "x".repeat(2_000));
    let mut full = 0;
    let harm = move |mut peer: Peer, first: String| {
        let row = row.clone();
        async move {
            let mut tags = vec![first];
            while tags.len() < 16 {
                tags.push(peer.next_tag().await);
            }
            let round: Vec<u8> = tags.iter().flat_map(|tag| encoded(&["!re", tag, &row])).collect();
            for _ in 0..400 {
                if peer.try_raw(&round).await.is_err() {
                    break;
                }
            }
            Some(peer)
        }
    };
    let configure = |mut config: ClientConfig| {
        config.limits.window = WindowLimits { start: 16, max: 16 };
        config.limits.connection_bytes_max = HELD_MAX;
        config
    };
    harmed(harm, configure, async |client| {
        let prints = (0..16).map(|_| Command::new("/log/print"));
        for result in client.run_all(prints).await {
            let error = result.expect_err("no answer ends");
            full += usize::from(matches!(
                error,
                Error::Unanswered { source: Unanswered::ConnectionFull, .. }
            ));
        }
    })
    .await;
    assert_eq!(full, 16);
}

#[tokio::test(start_paused = true)]
async fn a_stall_of_half_a_minute_fails_what_waited_and_not_the_connection() {
    let harm = |mut peer: Peer, slow: String| async move {
        sleep(DEADLINE + 5 * SECOND).await;
        peer.reply(&["!re", &slow, "=name=late"]).await;
        peer.reply(&["!done", &slow]).await;
        while let Some(command) = peer.next().await {
            let tag = crate::support::tag_of(&command);
            peer.reply(&["!re", &tag, "=name=core"]).await;
            peer.reply(&["!done", &tag]).await;
        }
        None
    };
    harmed(
        harm,
        |config| config,
        async |client| {
            let error = client.run(Command::new("/log/print")).await.expect_err("it is too late");
            assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
            assert!(!error.ended_the_connection());
            let answer = client.run(print::<Identity>()).await.expect("the router is back");
            assert_eq!(answer.rows.len(), 1);
            assert_eq!(answer.rows[0].get("name"), Some(&b"core"[..]));
        },
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_router_that_is_silent_over_three_deadlines_is_given_up() {
    let harm = |peer, _| async { Some(peer) };
    harmed(
        harm,
        |config| config,
        async |client| {
            let begun = Instant::now();
            for deadlines in 1..=3 {
                client.run(Command::new("/log/print")).await.expect_err("nothing comes");
                assert_eq!(begun.elapsed().as_secs(), 30 * deadlines);
                yield_now().await;
                assert_eq!(client.is_closed(), deadlines == 3);
            }
        },
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_ends_anywhere_in_a_reply_is_told_as_lost() {
    let row = encoded(&["!re", ".tag=2", "=name=v1"]);
    for cut in 0..=row.len() {
        let part = row[..cut].to_vec();
        let error = first_command(move |mut peer, tag| {
            let part = part.clone();
            async move {
                assert_eq!(tag, ".tag=2");
                peer.raw(&part).await;
                None
            }
        })
        .await;
        let lost = matches!(error, Error::Unanswered { source: Unanswered::Lost, .. });
        assert!(lost, "cut at {cut}: {error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn callers_wait_while_too_many_commands_are_queued() {
    let harm = |mut peer: Peer, first: String| async move {
        sleep(SECOND).await;
        peer.reply(&["!done", &first]).await;
        while let Some(command) = peer.next().await {
            peer.reply(&["!done", &crate::support::tag_of(&command)]).await;
        }
        None
    };
    harmed(
        harm,
        |config| config,
        async |client| {
            let begun = Instant::now();
            let mut pending = Vec::new();
            for _ in 0..1_000 {
                pending.push(
                    client.send(Command::new("/x/set")).await.expect("there is room in time"),
                );
                if begun.elapsed() < SECOND {
                    assert!(pending.len() < 300, "{} commands are held", pending.len());
                }
            }
            for answer in pending {
                answer.await.expect("every command is answered");
            }
        },
    )
    .await;
}
