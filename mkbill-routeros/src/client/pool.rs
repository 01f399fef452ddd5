//! At most two connections to one router.

use std::sync::Arc;

use super::{Answer, Chance, ClientConfig, Link, LinkPolicy, Subscription, Watch};
use crate::{command::Command, error::Error};

/// One router behind at most two connections, each made when it is needed: one for commands and
/// one for streams, so that a flood of changes never delays a command.
///
/// Both share one breaker: failures count together, and they dial one after the other.
#[derive(Debug)]
pub struct Pool {
    control: Arc<Link>,
    stream: Arc<Link>,
}

impl Pool {
    /// A pool that has not dialled yet.
    pub fn new(config: ClientConfig, policy: LinkPolicy, chance: Chance) -> Self {
        let control = Arc::new(Link::new(config, policy, chance));
        let stream = Arc::new(control.sibling());
        Self { control, stream }
    }

    /// The connection for commands.
    pub fn control(&self) -> &Arc<Link> {
        &self.control
    }

    /// Runs one command on the connection for commands.
    ///
    /// # Errors
    ///
    /// As [`Link::run`].
    pub async fn run(&self, command: Command) -> Result<Answer, Error> {
        self.control.run(command).await
    }

    /// Runs a command that goes on until it is given up, on the connection for streams.
    ///
    /// # Errors
    ///
    /// As [`Link::listen`].
    pub async fn listen(&self, command: Command) -> Result<Subscription, Error> {
        self.stream.listen(command).await
    }

    /// Watches a table on the connection for streams: see [`Watch::new`].
    pub fn watch(&self, menu: &str, fields: &[&str]) -> Watch {
        Watch::new(Arc::clone(&self.stream), menu, fields)
    }

    /// Ends both connections, if there are any. What comes next makes new ones.
    pub async fn disconnect(&self) {
        self.control.disconnect().await;
        self.stream.disconnect().await;
    }
}
