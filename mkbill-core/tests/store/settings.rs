//! Settings at rest.

use mkbill_core::customer::phone::{PhoneNumber, Region};
use mkbill_core::kernel::language::Language;
use mkbill_core::kernel::money::Money;
use mkbill_core::settings::{Business, Settings};
use mkbill_core::signal::Topic;
use mkbill_core::store::StoreError;
use mkbill_core::testkit::Engine;

use crate::support::{Story, beginning, stories};
use crate::{fresh, write};

pub(crate) const TRIALS: &[(&str, Story)] = stories![
    a_new_database_has_settings_that_decide_nothing,
    settings_come_back_as_they_were_written,
    settings_that_somebody_changed_meanwhile_are_not_overwritten,
    whoever_keeps_settings_is_told_with_the_commit_alone,
    the_database_refuses_what_no_setting_is,
];

fn decided() -> Settings {
    Settings {
        business: Business {
            name: Some("RT Net".to_owned()),
            address: Some("Jl. Melati 5\nBandung".to_owned()),
            phone: Some(PhoneNumber::parse("022 555 0123", Region::ID).unwrap()),
            email: Some("halo@rtnet.example".to_owned()),
        },
        language: Some(Language::Indonesian),
        sign_in_slow_down: Some(false),
        high_debt: Some(Money::rupiah(750_000)),
        changed_at: Some(beginning()),
        revision: 1,
    }
}

async fn a_new_database_has_settings_that_decide_nothing(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    assert_eq!(write(&store).await.settings().await.unwrap(), Settings::untouched());
}

async fn settings_come_back_as_they_were_written(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let mut tx = write(&store).await;
    tx.settings_replace(&decided()).await.unwrap();
    let written = tx.settings_lock().await.unwrap();
    assert_eq!(written, Settings { revision: 2, ..decided() });
    let nothing = Settings { revision: 2, ..Settings::untouched() };
    tx.settings_replace(&nothing).await.unwrap();
    assert_eq!(tx.settings().await.unwrap(), Settings { revision: 3, ..nothing });
    let yes = Some(true);
    let other = Settings { sign_in_slow_down: yes, revision: 3, ..Settings::untouched() };
    tx.settings_replace(&other).await.unwrap();
    assert_eq!(tx.settings().await.unwrap().sign_in_slow_down, yes);
}

async fn settings_that_somebody_changed_meanwhile_are_not_overwritten(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let mut tx = write(&store).await;
    tx.settings_replace(&decided()).await.unwrap();
    let refused = tx.settings_replace(&decided()).await.unwrap_err();
    assert!(matches!(refused, StoreError::Overtaken { what: "settings" }), "{refused}");
}

async fn whoever_keeps_settings_is_told_with_the_commit_alone(engine: Engine) {
    let (_database, store) = fresh(engine).await;
    let told = store.signal().listen(Topic::Settings);
    let before = told.count();
    let mut tx = write(&store).await;
    tx.settings_replace(&decided()).await.unwrap();
    assert_eq!(told.count(), before, "nothing holds yet");
    tx.rollback().await;
    assert_eq!(told.count(), before, "nor ever");
    let mut tx = write(&store).await;
    tx.settings_replace(&decided()).await.unwrap();
    tx.commit().await.unwrap();
    assert_ne!(told.count(), before);
}

async fn the_database_refuses_what_no_setting_is(engine: Engine) {
    let (database, store) = fresh(engine).await;
    for statement in [
        "UPDATE settings SET name = ''",
        "UPDATE settings SET phone = '0812'",
        "UPDATE settings SET email = 'nowhere'",
        "UPDATE settings SET language = 'fr'",
        "UPDATE settings SET sign_in_slow_down = 'maybe'",
        "UPDATE settings SET high_debt_minor = -1, high_debt_currency = 'IDR'",
        "UPDATE settings SET high_debt_minor = 1",
        "INSERT INTO settings (id, revision) VALUES (2, 1)",
    ] {
        assert!(database.run(statement).await.is_err(), "{statement}");
    }
    assert_eq!(write(&store).await.settings().await.unwrap(), Settings::untouched());
}
