//! What the suites share: running every story on every engine.

use std::future::Future;
use std::pin::Pin;

use libtest_mimic::{Arguments, Trial};
use mkbill_core::testkit::{Engine, engines};

/// A story: one async function that takes the engine it runs on.
pub(crate) type Story = fn(Engine) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// Lists stories under the names of their functions.
macro_rules! stories {
    ($($name:ident),+ $(,)?) => {
        &[$((stringify!($name), (|engine| Box::pin($name(engine))) as $crate::support::Story)),+]
    };
}
pub(crate) use stories;

/// Runs every story on every engine that is there, some on PostgreSQL only, and ends the process.
pub(crate) fn run(stories: &[(&'static str, Story)], postgres_only: &[(&'static str, Story)]) -> ! {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for engine in engines() {
        let more = if engine == Engine::Postgres { postgres_only } else { &[] };
        trials.extend(stories.iter().chain(more).map(|(name, story)| trial(engine, name, *story)));
    }
    libtest_mimic::run(&arguments, trials).exit()
}

fn trial(engine: Engine, name: &str, story: Story) -> Trial {
    Trial::test(format!("{}::{name}", engine.name()), move || {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        runtime.block_on(story(engine));
        Ok(())
    })
}
