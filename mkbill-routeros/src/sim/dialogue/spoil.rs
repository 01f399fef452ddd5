//! Answers that go wrong.

use std::time::Duration;

use tokio::time::sleep;

use crate::proto::Sentence;

use super::{Dialogue, State};
use crate::sim::{fault::Effect, record::tagged};

impl Dialogue {
    /// Answers in the way that the faults of the command leave.
    pub(super) fn reply(&mut self, effects: &[Effect], replies: &[Sentence]) {
        for effect in effects {
            match effect {
                Effect::LateReply(by) => return self.reply_later(*by, replies.to_vec()),
                Effect::CutMidWord => return self.reply_in_part(replies),
                _ => {}
            }
        }
        self.out.push_all(replies);
    }

    /// Nothing but words of one row from here on.
    pub(super) fn never_end(&mut self, tag: Option<&[u8]>) {
        let mut row = Vec::new();
        tagged("!re", tag).encode(&mut row);
        row.pop();
        self.out.push_raw(&row);
        self.out.never_end();
        self.queue.clear();
        self.state = State::Hung;
    }

    fn reply_later(&mut self, by: Duration, replies: Vec<Sentence>) {
        while self.late.try_join_next().is_some() {}
        let sender = self.sender.clone();
        self.late.spawn(async move {
            sleep(by).await;
            for reply in replies {
                if sender.send(reply).await.is_err() {
                    return;
                }
            }
        });
    }

    /// Leaves out the terminator and the last byte of the last word.
    fn reply_in_part(&mut self, replies: &[Sentence]) {
        let mut bytes = Vec::new();
        for reply in replies {
            reply.encode(&mut bytes);
        }
        bytes.truncate(bytes.len().saturating_sub(2));
        self.out.push_raw(&bytes);
        self.close();
    }
}
