//! How a push advances: a bar on a terminal, plain lines elsewhere.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};

use indicatif::{ProgressBar, ProgressStyle};
use mkbill_core::provisioning::controller::Progress;

/// Plain lines come in steps of this many percent.
const LINE_STEP_PERCENT: usize = 25;

/// Shows progress on standard error in the way that suits it.
#[derive(Debug)]
pub(super) enum Shown {
    /// A bar that moves.
    Bar(ProgressBar),
    /// A line now and then; holds the last quarter that was told.
    Lines(AtomicUsize),
}

impl Shown {
    pub(super) fn here() -> Self {
        if !io::stderr().is_terminal() {
            return Self::Lines(AtomicUsize::new(0));
        }
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} on the router");
        Self::Bar(ProgressBar::new(0).with_style(style.expect("the template is a constant")))
    }
}

impl Progress for Shown {
    fn advanced(&self, done: usize, total: usize) {
        match self {
            Self::Bar(bar) => {
                bar.set_length(total as u64);
                bar.set_position(done as u64);
            }
            Self::Lines(told) => {
                let step = done * 100 / total.max(1) / LINE_STEP_PERCENT;
                if told.swap(step, Ordering::Relaxed) != step {
                    drop(writeln!(io::stderr(), "{done} of {total} on the router"));
                }
            }
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
