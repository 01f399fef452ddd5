//! The same commands give the same answers over both transports.

use std::{collections::BTreeMap, sync::Arc};

use mkbill_routeros::{
    client::{Answer, Api, Client, Link, LinkPolicy, Transport},
    command::{
        Command, Record, Switch,
        hotspot::{NewUser, ProfileSettings, User, UserProfile},
        print, switch,
        system::{Identity, Resource},
    },
    error::{Error, ErrorKind},
    sim::RouterOs,
};

use crate::support::{api_config, playing, rest};

const RELEASES: [RouterOs; 4] = [RouterOs::V7_9, RouterOs::V7_14, RouterOs::V7_18, RouterOs::V7_24];

type Row = BTreeMap<Vec<u8>, Vec<u8>>;

/// An answer without the order of its fields, which REST does not keep.
type Outcome = Result<(Vec<Row>, Option<Vec<u8>>), ErrorKind>;

fn outcome(result: Result<Answer, Error>) -> Outcome {
    let owned = |(name, value): (&[u8], &[u8])| (name.to_vec(), value.to_vec());
    let answer = result.map_err(|error| error.kind())?;
    let rows = answer.rows.iter().map(|row| row.fields().map(owned).collect()).collect();
    Ok((rows, answer.ret))
}

fn user(name: &str) -> NewUser {
    NewUser {
        name: name.to_owned(),
        password: "p".to_owned().into(),
        profile: "1h".to_owned(),
        server: None,
        limit_uptime: Some(jiff::SignedDuration::from_hours(26)),
        limit_bytes_total: Some(1 << 30),
        comment: "mkb=B1 \"é\" \\ = x".to_owned(),
    }
}

fn commands() -> Vec<Command> {
    let profile =
        ProfileSettings { name: "1h".to_owned(), rate_limit: None, shared_users: Some(2) };
    let path = |verb: &str| Command::new(format!("/ip/hotspot/user/{verb}"));
    vec![
        profile.add(),
        print::<UserProfile>(),
        user("v1").add(),
        user("v2").add(),
        user("v1").add(),
        path("add").with("name", "v3").with("profile", "gold"),
        path("add").with("name", "v3").with("colour", "red"),
        path("add").with("name", "v3").with("limit-uptime", "soon"),
        path("add"),
        path("add").with("name", "a/b?c d").with("server", "all"),
        print::<User>(),
        path("print").where_is("name", "a/b?c d"),
        path("print").where_is("name", "nobody"),
        path("print").query("name=v1").query("name=v2").query("#|").fields(&["name", "absent"]),
        path("print").with("count-only", "").query("comment"),
        path("print").with("colour", "red"),
        path("print").query("#?"),
        path("set").with(".id", "v1").with("comment", "").with("limit-uptime", "2h"),
        path("set").with("numbers", "*1,v2").with("disabled", "yes"),
        path("set").with(".id", "*99").with("comment", "x"),
        switch::<User>(&["*2".to_owned().into()], Switch::Enabled),
        path("reset-counters").with(".id", "v1"),
        path("unset").with(".id", "v2").with("value-name", "comment"),
        print::<User>(),
        path("remove").with(".id", "v1"),
        path("remove").with(".id", "v1"),
        path("remove").with(".id", "*0"),
        path("frobnicate"),
        Command::new("/ip/nonsense/print"),
        Command::new("/system/identity/set").with("name", "core"),
        print::<Identity>(),
        print::<Resource>(),
        Command::new("/system/resource/set").with("name", "x"),
        Command::new("/ip/hotspot/active/print"),
        Command::new("/ip/hotspot/active/remove").with(".id", "*7"),
    ]
}

async fn run_all(api: &dyn Api) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for command in commands() {
        outcomes.push(outcome(api.run(command).await));
    }
    outcomes
}

#[tokio::test]
async fn the_same_commands_give_the_same_answers_over_both_transports() {
    for routeros in RELEASES {
        let (one, other) = (playing(routeros).await, playing(routeros).await);
        let client = Client::connect(&api_config(&one)).await.unwrap();
        let binary = run_all(&client).await;
        let rest = run_all(&rest(&other)).await;
        for ((command, binary), rest) in commands().iter().zip(&binary).zip(&rest) {
            assert_eq!(binary, rest, "{routeros}: {command:?}");
        }
        let failed = binary.iter().filter(|outcome| outcome.is_err()).count();
        assert_eq!((binary.len(), failed), (35, 14), "{routeros}");
        let objects = |simulator: &mkbill_routeros::sim::Simulator| {
            simulator.export_objects(|object| object.path() != "/user")
        };
        assert_eq!(objects(&one), objects(&other), "{routeros}");
    }
}

#[tokio::test]
async fn typed_commands_run_over_whatever_is_at_hand() {
    let simulator = playing(RouterOs::V7_18).await;
    let client = Client::connect(&api_config(&simulator)).await.unwrap();
    let link = Link::new(api_config(&simulator), LinkPolicy::default(), Arc::new(|| 0));
    let rest = rest(&simulator);
    for (api, transport) in
        [(&client as &dyn Api, Transport::Api), (&link, Transport::Api), (&rest, Transport::Rest)]
    {
        assert_eq!(api.transport(), transport);
        assert_eq!(api.transport().limits().delivers_changes, transport == Transport::Api);
        let resource = rows::<Resource>(api).await.remove(0);
        assert_eq!(resource.version, RouterOs::V7_18.version());
        assert_eq!(rows::<Identity>(api).await, [Identity { name: "MikroTik".to_owned() }]);
        assert_eq!(rows::<User>(api).await[0].name, "default-trial");
    }
}

async fn rows<R: Record>(api: &dyn Api) -> Vec<R> {
    let answer = api.run(print::<R>()).await.expect("a print is answered");
    answer.records().expect("every row can be read")
}
