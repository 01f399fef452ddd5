//! Asks a database whether it understands every statement.

use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _, SqlSafeStr as _,
    SqliteConnection,
};

use secrecy::{ExposeSecret as _, SecretString};

use super::statement::Statement;
use super::{
    DatabaseUrl, account, alert, answer, books, catalogue, clock, customer, delivery, event,
    interface, invoice, keys, ledger, login, login_rows, names, notice, operation, outbox, payment,
    period_use, profile, report, router, sample, session, settings, staff, subscribers,
    subscription, tallies, trail, voucher, webhook,
};

fn all_statements() -> impl Iterator<Item = Statement> {
    let features = [
        super::ALL,
        account::ALL,
        alert::ALL,
        answer::ALL,
        books::ALL,
        catalogue::ALL,
        clock::ALL,
        customer::ALL,
        delivery::ALL,
        event::ALL,
        interface::ALL,
        invoice::ALL,
        keys::ALL,
        ledger::ALL,
        login::ALL,
        login_rows::ALL,
        names::ALL,
        notice::ALL,
        operation::ALL,
        outbox::ALL,
        payment::ALL,
        period_use::ALL,
        profile::ALL,
        report::ALL,
        router::ALL,
        sample::ALL,
        session::ALL,
        settings::ALL,
        staff::ALL,
        subscribers::ALL,
        subscription::ALL,
        tallies::ALL,
        trail::ALL,
        voucher::ALL,
        webhook::ALL,
    ];
    features.into_iter().flatten().copied().chain(of_lists())
}

/// The statements of every list, in every order.
fn of_lists() -> impl Iterator<Item = Statement> {
    let lists = [
        alert::PAGE.statements(),
        catalogue::PLAN_PAGE.statements(),
        catalogue::VENDOR_PAGE.statements(),
        customer::PAGE.statements(),
        customer::PAGE_BY_DEBT.statements(),
        delivery::PAGE.statements(),
        invoice::NOTE_PAGE.statements(),
        invoice::PAGE.statements(),
        ledger::PAGE.statements(),
        login::PAGE.statements(),
        login::PAGE_OF_SUBSCRIBERS.statements(),
        notice::PAGE.statements(),
        notice::PAGE_OF_CUSTOMER.statements(),
        notice::PAGE_OF_KIND.statements(),
        operation::PAGE.statements(),
        payment::PAGE.statements(),
        router::OUTAGES.statements(),
        session::PAGE.statements(),
        staff::PAGE.statements(),
        staff::SESSIONS.statements(),
        subscription::PAGE.statements(),
        trail::ALL_ROWS.statements(),
        trail::OF_ACTION.statements(),
        trail::OF_ACTOR.statements(),
        trail::OF_ADDRESS.statements(),
        trail::OF_SUBJECT.statements(),
        voucher::BATCH_PAGE.statements(),
        voucher::PAGE.statements(),
        voucher::PAGE_OF_BATCH.statements(),
        voucher::PAGE_OF_BATCHES.statements(),
    ];
    lists.into_iter().flatten()
}

/// How PostgreSQL reads every list in every order when it avoids sorting: each statement with its plan.
///
/// # Panics
/// If the database does not answer.
pub async fn explain_lists(address: &SecretString) -> Vec<(String, String)> {
    let connected = PgConnection::connect(address.expose_secret()).await;
    let mut connection = connected.expect("it answers");
    let settings = "SET plan_cache_mode = force_generic_plan; SET enable_sort = off; \
                    SET enable_seqscan = off; SET enable_bitmapscan = off";
    connection.execute(settings).await.expect("it avoids sorting");
    let mut plans = Vec::new();
    for statement in of_lists() {
        let text = statement.for_dialect::<sqlx::Postgres>();
        let nulls = vec!["NULL"; statement.arity()].join(", ");
        let asked = format!(
            "DEALLOCATE ALL; PREPARE list AS {text}; EXPLAIN (COSTS OFF) EXECUTE list ({nulls})"
        );
        let rows = connection.fetch_all(AssertSqlSafe(asked)).await;
        let rows = rows.unwrap_or_else(|error| panic!("{text}: {error}"));
        let lines: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        plans.push((text.to_owned(), lines.join("\n")));
    }
    plans
}

/// Prepares every statement of the store on a migrated database and answers how many there are.
///
/// # Panics
/// If the database does not understand one of them: it is named.
pub async fn prepare_all(url: &DatabaseUrl) -> usize {
    let mut count = 0;
    match url {
        DatabaseUrl::Sqlite(path) => {
            let address = format!("sqlite://{}", path.display());
            let mut connection = SqliteConnection::connect(&address).await.expect("it opens");
            for statement in all_statements() {
                let text = statement.for_dialect::<sqlx::Sqlite>();
                let prepared = connection.prepare(text.into_sql_str()).await;
                prepared.unwrap_or_else(|error| panic!("{}: {error}", statement.text));
                count += 1;
            }
        }
        DatabaseUrl::Postgres(address) => {
            let connected = PgConnection::connect(address.expose_secret()).await;
            let mut connection = connected.expect("it answers");
            for statement in all_statements() {
                let text = statement.for_dialect::<sqlx::Postgres>();
                let prepared = connection.prepare(text.into_sql_str()).await;
                prepared.unwrap_or_else(|error| panic!("{}: {error}", statement.text));
                count += 1;
            }
        }
    }
    count
}
