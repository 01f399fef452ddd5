//! Whatever a router sends, every command gets exactly one outcome, and a login ends.
//!
//! The first byte chooses how the answer is cut and the login mode.

#![no_main]

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use libfuzzer_sys::fuzz_target;
use mkbill_routeros::proto::{
    Decoder, Ending, Limits, Login, LoginMode, LoginStep, Reply, Request, Sentence, Session,
    SessionLimits, Tag, login,
};

const COMMANDS: u32 = 12;

fuzz_target!(|input: &[u8]| {
    let Some((&choice, stream)) = input.split_first() else { return };
    every_command_gets_one_outcome(choice, stream);
    a_login_ends(choice, stream);
});

fn every_command_gets_one_outcome(choice: u8, stream: &[u8]) {
    let now = Instant::now();
    let mut session = Session::new(SessionLimits::default());
    let mut open = BTreeSet::new();
    for number in 0..COMMANDS {
        let sentence = Sentence::command("/system/reboot");
        let ending = if number % 2 == 0 { Ending::Done } else { Ending::DoneOrClosed };
        let request = Request { sentence, timeout: Duration::from_secs(1), ending };
        open.insert(session.submit(now, request));
    }
    for piece in stream.chunks(usize::from(choice).max(1)) {
        session.transmit(now, &mut Vec::new());
        let _ = session.receive(now, piece);
        end_all(&mut session, &mut open);
    }
    session.tick(now + Duration::from_secs(1));
    session.disconnected();
    end_all(&mut session, &mut open);
    assert!(open.is_empty());
}

fn end_all(session: &mut Session, open: &mut BTreeSet<Tag>) {
    while let Some(event) = session.next_event() {
        assert!(open.remove(&event.tag));
    }
}

fn a_login_ends(choice: u8, stream: &[u8]) {
    let modes = [LoginMode::Modern, LoginMode::LegacyMd5, LoginMode::Auto];
    let mode = modes[usize::from(choice) % modes.len()];
    let (mut state, _) = Login::start(mode, "admin", "hunter2");
    let mut decoder = Decoder::new(Limits::default());
    decoder.feed(stream);
    let mut answers = 0;
    while let Ok(Some(sentence)) = decoder.next() {
        let Reply::Done { ret, .. } = Reply::from(sentence) else { continue };
        let response = ret.as_deref().and_then(|ret| login::response(b"hunter2", ret));
        assert!(response.is_none_or(|response| response.len() == 34));
        answers += 1;
        match state.done(ret.as_deref()) {
            Ok(LoginStep::Send(_)) => assert_eq!(answers, 1),
            Ok(LoginStep::LoggedIn) => return assert!(ret.is_none()),
            Err(_) => return,
        }
    }
    assert!(answers < 2);
}
