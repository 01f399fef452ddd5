//! Wake-ups by LISTEN and NOTIFY, for processes that share a PostgreSQL database.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions};

use crate::signal::{Listener, Near, Relay, Signal, Topic};
use crate::store::StoreError;

use super::error::driver;

const CHANNEL: &str = "mkbill_signal";
/// How long a broken line rests.
const PAUSE: Duration = Duration::from_secs(1);
/// One connection listens and one tells.
const CONNECTIONS: u32 = 2;

/// Wake-ups over one PostgreSQL channel of the database itself. While the server is away, wake-ups
/// are heard within the process only.
#[derive(Debug)]
pub struct PostgresSignal(Relay);

impl PostgresSignal {
    /// Connects, with two connections of its own.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the server does not answer.
    pub async fn connect(url: &SecretString) -> Result<Self, StoreError> {
        let broken = |error| driver("listening for wake-ups", error);
        let options: PgConnectOptions = url.expose_secret().parse().map_err(broken)?;
        let options = options.application_name("mkbill signal");
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS).connect_with(options).await;
        let pool = pool.map_err(broken)?;
        let mut listener = PgListener::connect_with(&pool).await.map_err(broken)?;
        listener.listen(CHANNEL).await.map_err(broken)?;
        Ok(Self(Relay::new(|near, tasks| {
            tasks.spawn(send(pool, near.clone()));
            tasks.spawn(receive(listener, near));
        })))
    }
}

impl Signal for PostgresSignal {
    fn tell(&self, topic: Topic) {
        self.0.tell(topic);
    }

    fn listen(&self, topic: Topic) -> Listener {
        self.0.listen(topic)
    }
}

async fn send(pool: PgPool, near: Near) {
    loop {
        for topic in near.told().await {
            let told = sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(topic.name());
            if let Err(error) = told.execute(&pool).await {
                tracing::warn!(%error, "wake-ups cannot be sent through the database");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn receive(mut listener: PgListener, near: Near) {
    loop {
        match listener.try_recv().await {
            Ok(Some(notice)) => {
                if let Some(topic) = Topic::named(notice.payload()) {
                    near.arrived(topic);
                }
            }
            // The connection was lost; the next call connects and listens anew.
            Ok(None) => near.everything_may_have_arrived(),
            Err(error) => {
                tracing::warn!(%error, "wake-ups cannot be heard through the database");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
