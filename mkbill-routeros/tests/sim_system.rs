//! What holds for any configuration and any time: exports and the scheduler.

#![cfg(feature = "sim")]

use jiff::SignedDuration;
use mkbill_routeros::sim::{ExportStyle, RouterOs, Simulator};
use proptest::prelude::{ProptestConfig, Strategy, any, prop, prop_assert_eq, proptest};

async fn router(routeros: RouterOs) -> Simulator {
    Simulator::builder().routeros(routeros).start().await.expect("the router starts")
}

fn block<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime starts").block_on(future)
}

/// Name, password and comment of a user: any text at all.
fn users() -> impl Strategy<Value = Vec<(String, String, String)>> {
    prop::collection::vec(("\\PC{1,20}", any::<String>(), any::<String>()), 0..12)
}

fn objects(simulator: &Simulator) -> String {
    simulator.export_objects(|object| object.path() == "/ip/hotspot/user")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_configuration_survives_export_and_import(
        users in users(),
        terse: bool,
        verbose: bool,
        release in prop::sample::select(RouterOs::ALL.to_vec()),
    ) {
        block(async {
            let (here, there) = (router(release).await, router(release).await);
            for (name, password, comment) in &users {
                let words = [("name", name), ("password", password), ("comment", comment)];
                let words = words.map(|(name, value)| format!("{name}={value}"));
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                // A name that comes twice is refused, and then there is one user of it.
                let _ = here.router(|router| router.run("/ip/hotspot/user/add", &words));
            }
            let style = ExportStyle { verbose, terse, secrets: true };
            let text = here.router(|router| router.export("/ip/hotspot/user", style));
            there.router(|router| {
                router.write_file("users.rsc", text).expect("the disk has room");
                router.run("/import", &["file-name=users.rsc"]).expect("every line is taken");
            });
            prop_assert_eq!(objects(&here), objects(&there));
            Ok(())
        })?;
    }

    #[test]
    fn runs_do_not_depend_on_the_steps_in_which_time_passes(
        interval in 1_i64..5000,
        start in 0_u32..86_400,
        steps in prop::collection::vec(0_i64..20_000, 1..20),
    ) {
        let start = format!("{:02}:{:02}:{:02}", start / 3600, start / 60 % 60, start % 60);
        let words = [format!("interval={interval}"), format!("start-time={start}")];
        let leap = steps.iter().sum();
        prop_assert_eq!(block(runs(&words, &[leap])), block(runs(&words, &steps)));
    }
}

/// How often a scheduler entry has run after these steps of time.
async fn runs(words: &[String; 2], steps: &[i64]) -> Option<String> {
    let simulator = router(RouterOs::V7_18).await;
    simulator.router(|router| {
        let words = ["name=e", &words[0], &words[1], "on-event=:log info x"];
        router.run("/system/scheduler/add", &words).expect("the words are right");
        for seconds in steps {
            router.advance(SignedDuration::from_secs(*seconds));
        }
        router.value("/system/scheduler", "e", "run-count")
    })
}
