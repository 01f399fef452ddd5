//! The sans-io session, stepped through time by hand.

use std::time::{Duration, Instant};

use mkbill_routeros::proto::{
    Answer, DecodeError, Decoder, Ending, Failure, Limits, Request, Sentence, Session,
    SessionLimits, Tag, TrapCategory,
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
fn a_router_that_stays_silent_over_many_commands_counts_as_gone() {
    let mut world = World::new();
    let tags: Vec<Tag> = (0..4).map(|_| world.sent(&["/x/print"])).collect();
    let waiting = world.submit(&["/x/print"]);
    world.pass(TIMEOUT);
    let outcomes = world.outcomes();
    assert!(world.session.is_over());
    assert_eq!(outcomes.len(), tags.len() + 1);
    assert_eq!(outcomes.iter().filter(|(tag, _)| *tag == waiting).count(), 1);
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
