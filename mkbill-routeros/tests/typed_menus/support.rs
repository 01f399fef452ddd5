//! A router of one release and a client that is signed in to it.

use std::fmt::Debug;

use mkbill_routeros::{
    client::{Answer, Client, ClientConfig, Credentials, Endpoint, Security},
    command::{Command, ItemId, Record, Settings, count, print, remove},
    error::ErrorKind,
    proto::LoginMode,
    sim::{RouterOs, Simulator},
    value::Capabilities,
};

pub(crate) struct Bench {
    pub(crate) simulator: Simulator,
    pub(crate) client: Client,
    pub(crate) can: Capabilities,
}

impl Bench {
    pub(crate) async fn of(routeros: RouterOs) -> Self {
        let builder = Simulator::builder().routeros(routeros).password("hunter2");
        let simulator = builder.start().await.unwrap();
        let endpoint = Endpoint {
            host: simulator.addr().ip().to_string(),
            port: simulator.addr().port(),
            security: Security::Plain,
        };
        let config = ClientConfig::new(endpoint, Credentials::new("admin", "hunter2"));
        let config = ClientConfig { login_mode: LoginMode::Auto, ..config };
        let client = Client::connect(&config).await.unwrap();
        Self { simulator, client, can: Capabilities::of(routeros.version()) }
    }

    /// What a command gives that must succeed.
    #[track_caller]
    pub(crate) fn run(&self, command: Command) -> impl Future<Output = Answer> {
        let (release, path) = (self.can.version, command.path().to_owned());
        let answer = self.client.run(command);
        async move { answer.await.unwrap_or_else(|error| panic!("{path} of {release}: {error}")) }
    }

    /// Why a command is refused that must not succeed.
    pub(crate) async fn refused(&self, command: Command) -> ErrorKind {
        self.client.run(command).await.unwrap_err().kind()
    }

    pub(crate) async fn rows<R: Record>(&self) -> Vec<R> {
        self.run(print::<R>()).await.records().unwrap()
    }

    /// The only row that a query finds.
    pub(crate) async fn row<R: Record + Debug>(&self, field: &str, value: &str) -> R {
        let answer = self.run(print::<R>().where_is(field, value)).await;
        let [row] = <[R; 1]>::try_from(answer.records().unwrap()).unwrap();
        row
    }

    /// Adds an object and gives it as it is then read.
    pub(crate) async fn added<S: Settings<Row: Debug>>(&self, settings: &S) -> S::Row {
        let before = self.rows::<S::Row>().await.len();
        let id = self.run(settings.add(&self.can)).await.ret.unwrap();
        let counted = self.run(count::<S::Row>()).await.ret;
        assert_eq!(counted, Some((before + 1).to_string().into_bytes()));
        self.row(".id", std::str::from_utf8(&id).unwrap()).await
    }

    /// Changes an object and gives it as it is then read.
    pub(crate) async fn changed<S: Settings<Row: Debug>>(
        &self,
        id: &ItemId,
        settings: &S,
    ) -> S::Row {
        self.run(settings.set(id, &self.can)).await;
        self.row(".id", id.as_ref()).await
    }

    /// Removes an object, and once more, which is refused.
    pub(crate) async fn removed<R: Record>(&self, id: &ItemId) {
        let before = self.rows::<R>().await.len();
        self.run(remove::<R>(std::slice::from_ref(id))).await;
        assert_eq!(self.rows::<R>().await.len(), before - 1);
        assert_eq!(self.refused(remove::<R>(std::slice::from_ref(id))).await, ErrorKind::NotFound);
    }
}
