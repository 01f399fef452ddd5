//! Schedulers and scripts.

use jiff::{
    SignedDuration,
    civil::{date, datetime, time},
};
use mkbill_routeros::{
    command::{
        Settings, Switch,
        automation::{Job, Scheduler, SchedulerSettings, Script, ScriptSettings, StartTime, run},
        system::{Identity, RouterClock, set_clock},
    },
    error::ErrorKind,
    sim::RouterOs,
    value::Policies,
};

use crate::support::Bench;

fn at_noon() -> SchedulerSettings {
    SchedulerSettings {
        name: Some("noon".to_owned()),
        start_date: Some(date(2026, 2, 3)),
        start_time: Some(StartTime::At(time(12, 0, 0, 0))),
        interval: Some(SignedDuration::from_hours(24)),
        on_event: Some(b":log info noon".to_vec()),
        policy: Some(Policies::granting(["read", "write"])),
        comment: Some(b"mkb".to_vec()),
        ..SchedulerSettings::default()
    }
}

#[tokio::test]
async fn a_scheduler_comes_back_as_it_was_written_and_runs() {
    for routeros in RouterOs::ALL {
        let bench = Bench::of(routeros).await;
        bench.run(set_clock(datetime(2026, 2, 3, 11, 0, 0, 0), &bench.can)).await;
        let held = bench.added(&at_noon()).await;
        assert_eq!(
            (held.start_date, held.start_time),
            (at_noon().start_date, at_noon().start_time)
        );
        assert_eq!(
            (held.interval, &held.owner),
            (at_noon().interval, &Some("admin".to_owned())),
            "{routeros}"
        );
        assert!(held.policy.grants("write") && !held.policy.grants("reboot"));
        assert_eq!((Some(&held.comment), held.run_count), (at_noon().comment.as_ref(), 0));
        let now = bench.rows::<RouterClock>().await.remove(0).local;
        let next_run = held.next_run.and_then(|next| next.coming(now));
        assert_eq!(next_run, Some(datetime(2026, 2, 3, 12, 0, 0, 0)), "{routeros}");
        bench.simulator.advance(SignedDuration::from_hours(26));
        assert_eq!(bench.row::<Scheduler>("name", "noon").await.run_count, 2, "{routeros}");
        let (start_time, interval) = (Some(StartTime::Startup), Some(SignedDuration::ZERO));
        let switch = Some(Switch::Disabled);
        let change = SchedulerSettings { start_time, interval, switch, ..<_>::default() };
        let changed = bench.changed(&held.id, &change).await;
        assert_eq!((changed.start_time, changed.interval), (start_time, None), "{routeros}");
        assert!(changed.disabled);
        assert_eq!(bench.refused(at_noon().add(&bench.can)).await, ErrorKind::Duplicate);
        bench.removed::<Scheduler>(&held.id).await;
    }
}

#[tokio::test]
async fn days_of_the_week_are_taken_where_schedulers_have_them() {
    for routeros in RouterOs::ALL {
        let bench = Bench::of(routeros).await;
        let days = Some(vec!["mon".to_owned(), "fri".to_owned()]);
        let settings = SchedulerSettings { days: days.clone(), ..at_noon() };
        if bench.can.scheduler_days {
            assert_eq!(Some(bench.added(&settings).await.days), days);
        } else {
            let refused = bench.refused(settings.add(&bench.can)).await;
            assert_eq!(refused, ErrorKind::BadRequest, "{routeros}");
        }
    }
}

#[tokio::test]
async fn a_script_comes_back_as_it_was_written_and_runs() {
    for routeros in RouterOs::ALL {
        let bench = Bench::of(routeros).await;
        let settings = ScriptSettings {
            name: Some("rename".to_owned()),
            source: Some(b"/system identity set name=\"rt 5\"\r\n:log info done".to_vec()),
            policy: Some(Policies::granting(["read", "write"])),
            dont_require_permissions: Some(true),
            comment: Some(b"mkb".to_vec()),
        };
        let script = bench.added(&settings).await;
        assert_eq!(Some(&script.source), settings.source.as_ref(), "{routeros}");
        assert_eq!((&script.owner, script.run_count), (&Some("admin".to_owned()), 0));
        assert!(script.dont_require_permissions && !script.invalid);
        assert_eq!((script.last_started, script.policy.grants("write")), (None, true));
        bench.run(run(&script.id)).await;
        let ran = bench.row::<Script>("name", "rename").await;
        assert_eq!((ran.run_count, ran.last_started.is_some()), (1, true), "{routeros}");
        let name = bench.rows::<Identity>().await.remove(0).name;
        assert_eq!(name, "rt 5", "{routeros}");
        assert!(bench.rows::<Job>().await.is_empty());
        let source = Some(Vec::new());
        let emptied = bench.changed(&script.id, &ScriptSettings { source, ..<_>::default() }).await;
        assert_eq!(emptied.source, b"");
        assert_eq!(bench.refused(settings.add(&bench.can)).await, ErrorKind::Duplicate);
        bench.removed::<Script>(&script.id).await;
        assert_eq!(bench.refused(run(&script.id)).await, ErrorKind::NotFound);
    }
}
