//! The sans-io session, stepped through time by hand.

use std::time::{Duration, Instant};

use mkbill_routeros::proto::{
    Answer, DecodeError, Decoder, Ending, Failure, Limits, Request, Sentence, Session,
    SessionLimits, Tag, TrapCategory, WindowLimits,
};

use proptest::{
    collection::vec,
    prelude::{prop_assert_eq, proptest},
};

const SECOND: Duration = Duration::from_secs(1);
const TIMEOUT: Duration = Duration::from_secs(30);

/// A session, its clock, and the router that it talks to.
struct World {
    session: Session,
    now: Instant,
    router: Decoder,
}

impl World {
    fn new() -> Self {
        Self::with(SessionLimits::default())
    }

    fn with(limits: SessionLimits) -> Self {
        Self {
            session: Session::new(limits),
            now: Instant::now(),
            router: Decoder::new(Limits::default()),
        }
    }

    fn submit(&mut self, words: &[&str]) -> Tag {
        self.submit_ending(words, Ending::Done)
    }

    fn submit_ending(&mut self, words: &[&str], ending: Ending) -> Tag {
        let sentence = words.iter().copied().collect();
        self.session.submit(self.now, Request { sentence, timeout: TIMEOUT, ending })
    }

    /// What the router reads of everything the session wants to send.
    fn transmitted(&mut self) -> Vec<Sentence> {
        let mut bytes = Vec::new();
        while self.session.wants_to_transmit() {
            self.session.transmit(self.now, &mut bytes);
        }
        self.router.feed(&bytes);
        std::iter::from_fn(|| self.router.next().expect("the session sends sentences")).collect()
    }

    /// Submits and sends.
    fn sent(&mut self, words: &[&str]) -> Tag {
        let tag = self.submit(words);
        self.transmitted();
        tag
    }

    /// Submits a stream and sends it.
    fn opened(&mut self, words: &[&str]) -> Tag {
        let tag = self.stream(words);
        self.transmitted();
        tag
    }

    fn stream(&mut self, words: &[&str]) -> Tag {
        let sentence = words.iter().copied().collect();
        let request = Request { sentence, timeout: TIMEOUT, ending: Ending::Done };
        self.session.stream(self.now, request)
    }

    /// Whose rows came, in order.
    fn rows(&mut self) -> Vec<Tag> {
        std::iter::from_fn(|| self.session.next_row()).map(|(tag, _)| tag).collect()
    }

    fn reply(&mut self, words: &[&str]) {
        let mut bytes = Vec::new();
        words.iter().copied().collect::<Sentence>().encode(&mut bytes);
        self.session.receive(self.now, &bytes).expect("a whole sentence");
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.session.tick(self.now);
    }

    fn outcomes(&mut self) -> Vec<(Tag, Result<Answer, Failure>)> {
        std::iter::from_fn(|| self.session.next_event())
            .map(|event| (event.tag, event.outcome))
            .collect()
    }
}

fn tagged(kind: &str, tag: Tag) -> [String; 2] {
    [kind.to_owned(), format!(".tag={tag}")]
}

fn done(world: &mut World, tag: Tag) {
    let words = tagged("!done", tag);
    world.reply(&[&words[0], &words[1]]);
}

fn words(sentence: &Sentence) -> Vec<String> {
    sentence.words().map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

#[test]
fn a_command_is_sent_with_its_tag_behind_its_path() {
    let mut world = World::new();
    let tag = world.submit(&["/ip/hotspot/user/add", "=name=v1"]);
    let sent = world.transmitted();
    assert_eq!(words(&sent[0]), ["/ip/hotspot/user/add", &format!(".tag={tag}"), "=name=v1"]);
}

#[test]
fn rows_and_ret_reach_the_command_they_are_tagged_for() {
    let mut world = World::new();
    let print = world.sent(&["/ip/hotspot/user/print"]);
    let add = world.sent(&["/ip/hotspot/user/add"]);
    world.reply(&["!done", "=ret=*1A", &format!(".tag={add}")]);
    world.reply(&["!re", &format!(".tag={print}"), "=name=v1"]);
    world.reply(&["!re", "=name=v2", &format!(".tag={print}")]);
    done(&mut world, print);
    let outcomes = world.outcomes();
    assert_eq!(outcomes[0], (add, Ok(Answer { rows: vec![], ret: Some(b"*1A".to_vec()) })));
    let (tag, Ok(answer)) = &outcomes[1] else { panic!("{outcomes:?}") };
    assert_eq!(*tag, print);
    let names: Vec<_> = answer.rows.iter().map(|row| row.attribute("name").unwrap()).collect();
    assert_eq!(names, [&b"v1"[..], b"v2"]);
}

#[test]
fn a_reply_that_comes_at_once_finds_its_owner() {
    let mut world = World::new();
    let tag = world.submit(&["/system/identity/print"]);
    let mut bytes = Vec::new();
    world.session.transmit(world.now, &mut bytes);
    done(&mut world, tag);
    assert_eq!(world.outcomes(), [(tag, Ok(Answer::default()))]);
}

#[test]
fn all_traps_are_kept_until_done_ends_the_command() {
    let mut world = World::new();
    let tag = world.sent(&["/ip/hotspot/user/add"]);
    world.reply(&["!trap", &format!(".tag={tag}"), "=category=1", "=message=first"]);
    world.reply(&["!trap", &format!(".tag={tag}"), "=message=second"]);
    assert!(world.outcomes().is_empty());
    done(&mut world, tag);
    let outcomes = world.outcomes();
    let (_, Err(Failure::Trapped(traps))) = &outcomes[0] else { panic!("{outcomes:?}") };
    let messages: Vec<&str> = traps.iter().map(|trap| trap.message.as_str()).collect();
    assert_eq!(messages, ["first", "second"]);
    assert_eq!(traps[0].category, Some(TrapCategory::Argument));
}

#[test]
fn empty_and_unknown_replies_end_nothing_and_are_counted() {
    let mut world = World::new();
    let tag = world.sent(&["/ip/hotspot/user/print"]);
    world.reply(&["!empty", &format!(".tag={tag}")]);
    world.reply(&["!progress", &format!(".tag={tag}")]);
    world.reply(&["!re", ".tag=4000000"]);
    done(&mut world, tag);
    assert_eq!(world.outcomes(), [(tag, Ok(Answer::default()))]);
    let tally = world.session.tally();
    assert_eq!((tally.empty_replies, tally.unknown_replies), (1, 2));
}

#[test]
fn fatal_without_a_tag_ends_every_command() {
    let mut world = World::new();
    let first = world.sent(&["/a/print"]);
    let second = world.sent(&["/b/print"]);
    let waiting = world.submit(&["/c/print"]);
    world.reply(&["!fatal", "session terminated on request"]);
    let mut outcomes = world.outcomes();
    outcomes.sort_by_key(|(tag, _)| *tag);
    let fatal = || Err(Failure::Fatal("session terminated on request".to_owned()));
    assert_eq!(outcomes, [(first, fatal()), (second, fatal()), (waiting, Err(Failure::NotSent))]);
    assert!(world.session.is_over());
}

#[test]
fn a_timeout_leaves_the_others_alive_and_its_late_reply_is_swallowed() {
    let mut world = World::new();
    let slow = world.sent(&["/slow/print"]);
    world.pass(20 * SECOND);
    let other = world.sent(&["/other/print"]);
    world.pass(10 * SECOND);
    assert_eq!(world.outcomes(), [(slow, Err(Failure::TimedOut))]);
    let cancel = world.transmitted();
    assert_eq!(cancel[0].first(), Some(&b"/cancel"[..]));
    world.reply(&["!re", &format!(".tag={slow}"), "=name=late"]);
    done(&mut world, slow);
    done(&mut world, other);
    assert_eq!(world.outcomes(), [(other, Ok(Answer::default()))]);
    assert_eq!(world.session.tally().late_replies, 2);
}

#[test]
fn a_cancel_runs_under_its_own_tag_and_both_orders_of_done_are_fine() {
    for reversed in [false, true] {
        let mut world = World::new();
        let target = world.sent(&["/ip/hotspot/active/listen"]);
        world.session.abandon(target);
        let sent = world.transmitted();
        assert_eq!(sent[0].attribute("tag"), Some(target.to_string().as_bytes()));
        let cancel = String::from_utf8(sent[0].api_attribute(".tag").unwrap().to_vec()).unwrap();
        assert_ne!(cancel, target.to_string());
        let cancel = Tag(cancel.parse().unwrap());
        world.reply(&["!trap", &format!(".tag={target}"), "=category=2", "=message=interrupted"]);
        for tag in if reversed { [target, cancel] } else { [cancel, target] } {
            done(&mut world, tag);
        }
        assert!(world.outcomes().is_empty());
        assert_eq!(world.session.tally().unknown_replies, 0);
    }
}

#[test]
fn a_command_given_up_before_it_was_sent_is_never_sent() {
    let mut world = World::new();
    let tag = world.submit(&["/ip/hotspot/user/add"]);
    world.session.abandon(tag);
    assert!(world.transmitted().is_empty());
    assert!(world.outcomes().is_empty());
}

#[test]
fn no_more_commands_are_under_way_than_the_window_allows() {
    let mut world = World::new();
    let tags: Vec<Tag> = (0..20).map(|_| world.submit(&["/x/add"])).collect();
    assert_eq!(world.transmitted().len(), 8);
    done(&mut world, tags[0]);
    assert_eq!(world.transmitted().len(), 1);
    assert_eq!((world.session.in_flight(), world.session.queued()), (8, 11));
}

#[test]
fn what_never_left_is_told_apart_from_what_was_sent() {
    let mut world = World::new();
    let sent = world.sent(&["/x/add"]);
    let waiting = world.submit(&["/x/add"]);
    world.session.disconnected();
    let outcomes = world.outcomes();
    assert_eq!(outcomes, [(sent, Err(Failure::Lost)), (waiting, Err(Failure::NotSent))]);
    let late = world.submit(&["/x/add"]);
    assert_eq!(world.outcomes(), [(late, Err(Failure::NotSent))]);
}

#[test]
fn a_command_that_waits_too_long_to_be_sent_expires_unsent() {
    let mut world = World::new();
    let tag = world.submit(&["/x/add"]);
    world.pass(TIMEOUT);
    assert_eq!(world.outcomes(), [(tag, Err(Failure::Expired))]);
    assert!(world.transmitted().is_empty());
}

#[test]
fn a_reboot_is_done_when_the_connection_ends() {
    let mut world = World::new();
    let tag = world.submit_ending(&["/system/reboot"], Ending::DoneOrClosed);
    world.transmitted();
    world.session.disconnected();
    assert_eq!(world.outcomes(), [(tag, Ok(Answer::default()))]);
}

#[test]
fn a_reply_without_a_tag_belongs_to_the_only_command_and_otherwise_to_none() {
    let mut world = World::new();
    let only = world.sent(&["/login"]);
    world.reply(&["!done", "=ret=abc123"]);
    let answer = Answer { rows: vec![], ret: Some(b"abc123".to_vec()) };
    assert_eq!(world.outcomes(), [(only, Ok(answer))]);
    world.sent(&["/a/print"]);
    world.sent(&["/b/print"]);
    world.reply(&["!done"]);
    assert!(world.outcomes().is_empty());
}

#[test]
fn an_answer_beyond_its_cap_fails_its_command_and_no_other() {
    let mut world =
        World::with(SessionLimits { answer_bytes_max: 1_000, ..SessionLimits::default() });
    let long = world.sent(&["/log/print"]);
    let short = world.sent(&["/system/identity/print"]);
    for _ in 0..100 {
        world.reply(&["!re", &format!(".tag={long}"), "=message=again and again"]);
    }
    done(&mut world, short);
    let outcomes = world.outcomes();
    assert_eq!(outcomes, [(long, Err(Failure::AnswerTooLong)), (short, Ok(Answer::default()))]);
}

#[test]
fn bytes_that_are_no_sentence_end_the_session() {
    let mut world = World::new();
    let tag = world.sent(&["/x/print"]);
    let error = DecodeError::ReservedByte(0xF8);
    assert_eq!(world.session.receive(world.now, b"\xF8"), Err(error));
    assert_eq!(world.outcomes(), [(tag, Err(Failure::Garbled(error)))]);
}

#[test]
fn a_router_that_stays_silent_over_several_deadlines_counts_as_gone() {
    let mut world = World::new();
    for _ in 0..2 {
        world.sent(&["/x/print"]);
        world.pass(TIMEOUT);
        assert!(!world.session.is_over());
    }
    let last = world.sent(&["/x/print"]);
    let stream = world.opened(&["/x/listen"]);
    let long = world.sent(&["/y/print"]);
    world.pass(TIMEOUT);
    assert!(world.session.is_over());
    let ends = &world.outcomes()[2..];
    assert_eq!(ends[0], (last, Err(Failure::TimedOut)));
    assert!(ends.contains(&(stream, Err(Failure::Silent))), "{ends:?}");
    assert!(ends.iter().any(|(tag, _)| *tag == long));
}

#[test]
fn one_stall_is_one_deadline_however_many_commands_it_strikes() {
    let mut world = World::new();
    let tags: Vec<Tag> = (0..8)
        .map(|_| {
            world.pass(SECOND);
            world.sent(&["/x/print"])
        })
        .collect();
    for _ in 0..8 {
        world.pass(TIMEOUT / 8);
    }
    assert_eq!(world.outcomes().len(), tags.len());
    assert!(!world.session.is_over());
    let next = world.sent(&["/x/print"]);
    done(&mut world, next);
    assert_eq!(world.outcomes(), [(next, Ok(Answer::default()))]);
}

#[test]
fn a_router_that_says_anything_between_timeouts_is_not_gone() {
    let mut world = World::new();
    for _ in 0..10 {
        let slow = world.sent(&["/slow/print"]);
        world.pass(TIMEOUT);
        assert_eq!(world.outcomes(), [(slow, Err(Failure::TimedOut))]);
        done(&mut world, slow);
    }
    assert!(!world.session.is_over());
}

#[test]
fn the_next_deadline_is_the_earliest_of_all_commands() {
    let mut world = World::new();
    assert_eq!(world.session.deadline(), None);
    let start = world.now;
    world.sent(&["/a/print"]);
    world.pass(5 * SECOND);
    world.submit(&["/b/print"]);
    assert_eq!(world.session.deadline(), Some(start + TIMEOUT));
}

fn row(world: &mut World, tag: Tag) {
    world.reply(&["!re", &format!(".tag={tag}"), "=message=again and again"]);
}

#[test]
fn the_rows_of_a_stream_come_as_they_arrive_and_time_never_ends_it() {
    let mut world = World::new();
    let stream = world.opened(&["/log/listen"]);
    for _ in 0..3 {
        world.pass(100 * TIMEOUT);
        row(&mut world, stream);
        assert_eq!(world.rows(), [stream]);
    }
    assert!(world.outcomes().is_empty());
    assert_eq!(world.session.deadline(), None);
}

#[test]
fn streams_take_no_place_in_the_window_and_pass_a_full_one() {
    let mut world = World::new();
    let commands: Vec<Tag> = (0..20).map(|_| world.submit(&["/x/add"])).collect();
    assert_eq!(world.transmitted().len(), 8);
    let streams: Vec<Tag> = (0..8).map(|_| world.stream(&["/x/listen"])).collect();
    assert_eq!(world.transmitted().len(), 8);
    assert_eq!(world.session.in_flight(), 8);
    done(&mut world, commands[0]);
    assert_eq!(world.transmitted().len(), 1);
    row(&mut world, streams[7]);
    assert_eq!(world.rows(), [streams[7]]);
}

#[test]
fn how_long_a_stream_lives_says_nothing_about_how_fast_the_router_is() {
    let mut world = World::new();
    for _ in 0..20 {
        let quick = world.sent(&["/x/add"]);
        world.now += Duration::from_millis(20);
        done(&mut world, quick);
    }
    let room = |world: &mut World| {
        let waiting: Vec<Tag> = (0..20).map(|_| world.submit(&["/x/add"])).collect();
        let room = world.transmitted().len();
        for tag in waiting {
            world.session.abandon(tag);
        }
        room
    };
    let stream = world.opened(&["/x/listen"]);
    world.pass(100 * TIMEOUT);
    done(&mut world, stream);
    assert_eq!(room(&mut world), 16);
}

#[test]
fn no_more_streams_are_open_than_allowed_and_an_ended_one_makes_room() {
    let mut world = World::with(SessionLimits { streams_max: 2, ..SessionLimits::default() });
    let first = world.opened(&["/a/listen"]);
    world.stream(&["/b/listen"]);
    let third = world.stream(&["/c/listen"]);
    assert_eq!(world.outcomes(), [(third, Err(Failure::TooManyStreams))]);
    world.session.abandon(first);
    world.stream(&["/c/listen"]);
    assert!(world.outcomes().is_empty());
}

#[test]
fn a_stream_ends_by_a_refusal_or_by_its_own_done_or_with_the_connection() {
    let mut world = World::new();
    let refused = world.opened(&["/nothing/listen"]);
    let ended = world.opened(&["/interface/monitor-traffic"]);
    let lost = world.opened(&["/log/listen"]);
    let waiting = world.stream(&["/log/listen"]);
    world.reply(&["!trap", &format!(".tag={refused}"), "=message=no such command"]);
    assert!(world.outcomes().is_empty());
    done(&mut world, refused);
    row(&mut world, ended);
    done(&mut world, ended);
    assert_eq!(world.rows(), [ended]);
    world.session.disconnected();
    let outcomes = world.outcomes();
    assert!(matches!(&outcomes[0], (tag, Err(Failure::Trapped(_))) if *tag == refused));
    let rest = [
        (ended, Ok(Answer::default())),
        (lost, Err(Failure::Lost)),
        (waiting, Err(Failure::NotSent)),
    ];
    assert_eq!(outcomes[1..], rest);
}

#[test]
fn a_stream_that_cannot_be_sent_in_time_expires() {
    let mut world = World::new();
    let stream = world.stream(&["/log/listen"]);
    assert_eq!(world.session.deadline(), Some(world.now + TIMEOUT));
    world.pass(TIMEOUT);
    assert_eq!(world.outcomes(), [(stream, Err(Failure::Expired))]);
    assert!(world.transmitted().is_empty());
}

#[test]
fn a_stream_that_was_given_up_is_cancelled_under_another_tag_and_never_heard_again() {
    for reversed in [false, true] {
        let mut world = World::new();
        let stream = world.opened(&["/log/listen"]);
        world.session.abandon(stream);
        let sent = world.transmitted();
        assert_eq!(sent[0].attribute("tag"), Some(stream.to_string().as_bytes()));
        let cancel = String::from_utf8(sent[0].api_attribute(".tag").unwrap().to_vec()).unwrap();
        let cancel = Tag(cancel.parse().unwrap());
        assert_ne!(cancel, stream);
        row(&mut world, stream);
        world.reply(&["!trap", &format!(".tag={stream}"), "=category=2", "=message=interrupted"]);
        for tag in if reversed { [stream, cancel] } else { [cancel, stream] } {
            done(&mut world, tag);
        }
        assert!(world.outcomes().is_empty() && world.rows().is_empty());
        assert_eq!(world.session.tally().unknown_replies, 0);
        assert_eq!(world.session.held_bytes(), 0);
    }
}

#[test]
fn a_reply_without_a_tag_is_nobodys_while_a_stream_is_open() {
    let mut world = World::new();
    world.opened(&["/log/listen"]);
    world.sent(&["/a/print"]);
    world.reply(&["!re", "=name=v1"]);
    world.reply(&["!done"]);
    assert!(world.outcomes().is_empty() && world.rows().is_empty());
    assert_eq!(world.session.tally().unknown_replies, 2);
}

fn tight() -> SessionLimits {
    let window = WindowLimits { start: 16, max: 16 };
    SessionLimits { window, connection_bytes_max: 20_000, ..SessionLimits::default() }
}

#[test]
fn a_flood_of_rows_on_every_tag_never_makes_the_connection_hold_more_than_its_cap() {
    let mut world = World::with(tight());
    let tags: Vec<Tag> = (0..16).map(|_| world.sent(&["/log/print"])).collect();
    let (mut failed, mut most) = (0, 0);
    for _ in 0..200 {
        for tag in &tags {
            row(&mut world, *tag);
            most = most.max(world.session.held_bytes());
        }
        failed += world
            .outcomes()
            .iter()
            .filter(|(_, outcome)| *outcome == Err(Failure::ConnectionFull))
            .count();
    }
    assert!((5_000..=20_000).contains(&most), "{most}");
    assert_eq!(failed, tags.len());
    assert_eq!(world.session.held_bytes(), 0);
}

#[test]
fn a_command_beyond_the_cap_of_the_connection_fails_alone() {
    let mut world = World::with(tight());
    let modest = world.sent(&["/system/resource/print"]);
    let greedy = world.sent(&["/log/print"]);
    row(&mut world, modest);
    for _ in 0..1_000 {
        row(&mut world, greedy);
    }
    assert_eq!(world.outcomes(), [(greedy, Err(Failure::ConnectionFull))]);
    done(&mut world, modest);
    assert!(matches!(&world.outcomes()[..], [(tag, Ok(answer))]
        if *tag == modest && answer.rows.len() == 1));
}

#[test]
fn long_traps_count_like_rows() {
    let mut world = World::with(tight());
    let tag = world.sent(&["/x/add"]);
    let message = format!("=message={}", "no ".repeat(2_000));
    for _ in 0..3 {
        world.reply(&["!trap", &format!(".tag={tag}"), &message]);
    }
    assert_eq!(world.outcomes(), [(tag, Err(Failure::ConnectionFull))]);
}

#[test]
fn rows_that_the_reader_of_a_stream_left_unread_count_towards_the_cap() {
    let mut world = World::with(tight());
    let stream = world.opened(&["/log/listen"]);
    row(&mut world, stream);
    assert_eq!(world.rows(), [stream]);
    world.session.hold_outside(20_000);
    row(&mut world, stream);
    assert_eq!(world.outcomes(), [(stream, Err(Failure::ConnectionFull))]);
}

#[test]
fn a_sentence_may_take_half_of_what_the_connection_may_hold() {
    let mut world = World::with(tight());
    world.sent(&["/x/print"]);
    let comment = format!("=comment={}", "a".repeat(10_000));
    let mut bytes = Vec::new();
    ["!re", comment.as_str()].into_iter().collect::<Sentence>().encode(&mut bytes);
    let refused = world.session.receive(world.now, &bytes);
    assert_eq!(refused, Err(DecodeError::SentenceTooLong { max: 10_000 }));
}

/// Replies to three commands, of which `picks` chooses: rows, traps, dones, strangers and oddities
/// in any order.
fn reply_stream(picks: &[u8]) -> Vec<u8> {
    let kinds: [&[&str]; 7] = [
        &["!re", "=name=v1"],
        &["!trap", "=message=no such item"],
        &["!done", "=ret=*1"],
        &["!empty"],
        &["!progress"],
        &["!fatal", "bye"],
        &["!done"],
    ];
    let mut bytes = Vec::new();
    for pick in picks {
        let kind = kinds[usize::from(pick % 7)];
        let tag = format!(".tag={}", pick / 7 % 4);
        kind.iter().copied().chain([tag.as_str()]).collect::<Sentence>().encode(&mut bytes);
    }
    bytes
}

fn outcomes_of(chunks: std::slice::Chunks<'_, u8>) -> Vec<(Tag, Result<Answer, Failure>)> {
    let mut world = World::new();
    for _ in 0..3 {
        world.sent(&["/x/print"]);
    }
    for chunk in chunks {
        world.session.receive(world.now, chunk).expect("whole sentences only");
    }
    world.session.disconnected();
    let mut outcomes = world.outcomes();
    outcomes.sort_by_key(|(tag, _)| *tag);
    outcomes
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_outcomes_and_every_command_gets_exactly_one(
        picks in vec(0_u8..28, 0..40),
        chunk in 1_usize..60,
    ) {
        let stream = reply_stream(&picks);
        let outcomes = outcomes_of(stream.chunks(chunk));
        prop_assert_eq!(&outcomes, &outcomes_of(stream.chunks(stream.len().max(1))));
        let tags: Vec<u32> = outcomes.iter().map(|(tag, _)| tag.0).collect();
        prop_assert_eq!(tags, [1, 2, 3]);
    }
}
