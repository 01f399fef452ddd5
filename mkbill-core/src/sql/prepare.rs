//! Asks a database whether it understands every statement.

use sqlx::{Connection as _, Executor as _, PgConnection, SqlSafeStr as _, SqliteConnection};

use secrecy::ExposeSecret as _;

use super::statement::Statement;
use super::{
    DatabaseUrl, account, alert, answer, books, catalogue, clock, customer, delivery, event,
    interface, invoice, keys, ledger, login, login_rows, names, notice, operation, outbox, payment,
    period_use, profile, report, router, sample, session, staff, subscribers, subscription,
    tallies, trail, voucher, webhook,
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
        staff::ALL,
        subscribers::ALL,
        subscription::ALL,
        tallies::ALL,
        trail::ALL,
        voucher::ALL,
        webhook::ALL,
    ];
    features.into_iter().flatten().copied()
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
