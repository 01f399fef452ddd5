//! Wake-ups over Redis, for processes that share a database and a Redis server.

use std::time::Duration;

use futures_util::StreamExt as _;
use redis::AsyncCommands as _;
use secrecy::{ExposeSecret as _, SecretString};

use super::relay::Near;
use super::{Listener, Relay, Signal, Topic};
use crate::kernel::error::Error;
use crate::kernel::language::said;

/// The channel; several installations on one server take different databases or servers.
const CHANNEL: &str = "mkbill:signal";
/// How long a broken line rests.
const PAUSE: Duration = Duration::from_secs(1);

/// Wake-ups over one Redis channel. A server that is away is tried again each second; meanwhile
/// wake-ups are heard within the process only.
#[derive(Debug)]
pub struct RedisSignal(Relay);

impl RedisSignal {
    /// Connects to `redis://…`, `rediss://…` or `redis+unix://…`.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for an address that is none, [`Error::Unavailable`] if the server does not
    /// answer.
    pub async fn connect(url: &SecretString) -> Result<Self, Error> {
        let client = redis::Client::open(url.expose_secret()).map_err(|error| {
            Error::invalid(
                "signal",
                said!(
                    "this is no address of a Redis server: {error}",
                    "ini bukan alamat server Redis: {error}"
                ),
            )
        })?;
        let subscribed = subscribe(&client).await.map_err(away)?;
        Ok(Self(Relay::new(|near, tasks| {
            tasks.spawn(send(client.clone(), near.clone()));
            tasks.spawn(receive(client, subscribed, near));
        })))
    }
}

fn away(error: redis::RedisError) -> Error {
    let what = said!(
        "the Redis server for wake-ups does not answer: check its address",
        "server Redis untuk pemberitahuan tidak menjawab: periksa alamatnya"
    );
    Error::Unavailable { what, source: Box::new(error) }
}

impl Signal for RedisSignal {
    fn tell(&self, topic: Topic) {
        self.0.tell(topic);
    }

    fn listen(&self, topic: Topic) -> Listener {
        self.0.listen(topic)
    }
}

async fn subscribe(client: &redis::Client) -> redis::RedisResult<redis::aio::PubSub> {
    let mut subscribed = client.get_async_pubsub().await?;
    subscribed.subscribe(CHANNEL).await?;
    Ok(subscribed)
}

async fn send(client: redis::Client, near: Near) {
    loop {
        if let Err(error) = send_until_broken(&client, &near).await {
            tracing::warn!(%error, "wake-ups cannot be sent to Redis");
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn send_until_broken(client: &redis::Client, near: &Near) -> redis::RedisResult<()> {
    let mut connection = client.get_multiplexed_async_connection().await?;
    loop {
        for topic in near.told().await {
            let () = connection.publish(CHANNEL, topic.name()).await?;
        }
    }
}

async fn receive(client: redis::Client, mut subscribed: redis::aio::PubSub, near: Near) {
    loop {
        let mut messages = subscribed.on_message();
        while let Some(message) = messages.next().await {
            let topic = message.get_payload::<String>().ok();
            if let Some(topic) = topic.as_deref().and_then(Topic::named) {
                near.arrived(topic);
            }
        }
        drop(messages);
        subscribed = loop {
            tokio::time::sleep(PAUSE).await;
            match subscribe(&client).await {
                Ok(again) => break again,
                Err(error) => tracing::warn!(%error, "wake-ups cannot be heard from Redis"),
            }
        };
        near.everything_may_have_arrived();
    }
}
