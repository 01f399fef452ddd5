//! Accounts of the router: who gets in and what each may do.

use mkbill_routeros::sim::{RouterOs, Simulator};

use crate::support::{Raw, playing, started, trap, trap_of, value};

const DENIED: &str = "not enough permissions (9)";

async fn simulator() -> Simulator {
    started(Simulator::builder()).await
}

/// A connection of an account whose group has these policies.
async fn with_policies(simulator: &Simulator, policies: &str) -> Raw {
    simulator.router(|router| {
        let policy = format!("policy={policies}");
        router.run("/user/group/add", &["name=some", &policy]).expect("the policies exist");
        let eve = ["name=eve", "password=e", "group=some"];
        router.run("/user/add", &eve).expect("the group exists");
    });
    let mut raw = Raw::connect(simulator.addr()).await;
    assert_eq!(raw.log_in("eve", "e").await, [["!done"]]);
    raw
}

#[tokio::test]
async fn each_command_needs_the_policy_of_its_kind() {
    let commands: [(&[&str], &str); 12] = [
        (&["/ip/hotspot/user/print"], "read"),
        (&["/log/listen"], "read"),
        (&["/ip/hotspot/user/add", "=name=v1"], "write"),
        (&["/system/identity/set", "=name=r1"], "write"),
        (&["/user/add", "=name=bob"], "write,policy"),
        (&["/user/group/add", "=name=more"], "write,policy"),
        (&["/ping", "=address=10.0.0.1", "=count=1"], "test"),
        (&["/export", "=file=x"], "read,ftp"),
        (&["/file/add", "=name=x.txt"], "write,ftp"),
        (&["/file/read", "=file=x"], "read,ftp"),
        (&["/system/backup/save", "=name=x"], "read,policy,ftp"),
        (&["/system/reboot"], "reboot"),
    ];
    let every = ["read", "write", "policy", "test", "ftp", "reboot", "sensitive"];
    for (command, needed) in commands {
        let needed: Vec<&str> = needed.split(',').collect();
        for missing in &needed {
            let others = every.iter().filter(|policy| *policy != missing);
            let policies = others.fold("api".to_owned(), |all, policy| format!("{all},{policy}"));
            let simulator = simulator().await;
            let mut raw = with_policies(&simulator, &policies).await;
            assert_eq!(raw.run(command).await, trap(DENIED), "{command:?} without {missing}");
        }
        let simulator = simulator().await;
        let mut raw = with_policies(&simulator, &format!("api,{}", needed.join(","))).await;
        if command[0] == "/log/listen" {
            continue;
        }
        assert_ne!(raw.run(command).await, trap(DENIED), "{command:?} with {needed:?}");
    }
}

#[tokio::test]
async fn an_account_without_the_api_policy_is_not_let_in() {
    let simulator = simulator().await;
    simulator.router(|router| {
        router.run("/user/group/add", &["name=web", "policy=read,web"]).unwrap();
        router.run("/user/add", &["name=eve", "password=e", "group=web"]).unwrap();
    });
    let mut raw = Raw::connect(simulator.addr()).await;
    assert_eq!(raw.log_in("eve", "e").await, trap(DENIED));
}

#[tokio::test]
async fn groups_show_what_they_grant_and_what_they_deny_in_the_words_of_the_release() {
    let simulator = playing(RouterOs::V7_18).await;
    let mut raw = Raw::logged_in(&simulator).await;
    let groups = raw.run(&["/user/group/print"]).await;
    assert_eq!(groups.iter().filter_map(|row| value(row, "name")).count(), 3);
    let read = value(&groups[0], "policy").unwrap();
    assert!(read.ends_with("rest-api,!ftp,!write,!policy"), "{read}");
    raw.run(&["/user/group/add", "=name=none"]).await;
    let none = raw.run(&["/user/group/print", "?name=none"]).await;
    assert!(value(&none[0], "policy").unwrap().starts_with("!local,!telnet"), "{none:?}");
    let answer = raw.run(&["/user/group/add", "=name=x", "=policy=fly"]).await;
    assert_eq!(answer, trap_of(1, "input does not match any value of policy"));

    let simulator = playing(RouterOs::V6_49).await;
    let groups = Raw::logged_in(&simulator).await.run(&["/user/group/print"]).await;
    assert!(value(&groups[2], "policy").unwrap().ends_with("romon,dude,tikapp"));
}

#[tokio::test]
async fn a_disabled_account_and_one_from_elsewhere_are_refused_like_a_wrong_password() {
    let simulator = simulator().await;
    simulator.router(|router| {
        router.run("/user/add", &["name=off", "group=full", "disabled=yes"]).unwrap();
        router.run("/user/add", &["name=far", "group=full", "address=10.0.0.0/8"]).unwrap();
        router.run("/user/add", &["name=near", "group=full", "address=127.0.0.0/8"]).unwrap();
    });
    let mut raw = Raw::connect(simulator.addr()).await;
    for name in ["off", "far", "nobody"] {
        let refused = trap("invalid user name or password (6)");
        assert_eq!(raw.log_in(name, "").await, refused, "{name}");
        let log = simulator.router(|router| router.log().last().map(str::to_owned));
        let message = format!("login failure for user {name} from 127.0.0.1 via api");
        assert_eq!(log, Some(message));
    }
    assert_eq!(raw.log_in("near", "").await, [["!done"]]);
}

#[tokio::test]
async fn whoever_is_logged_in_stands_in_a_list_and_leaves_a_line_when_gone() {
    let simulator = playing(RouterOs::V7_9).await;
    let mut admin = Raw::logged_in(&simulator).await;
    let active = admin.run(&["/user/active/print"]).await;
    let expected = [
        "!re",
        "=.id=*1",
        "=when=jan/01/2026 00:00:00",
        "=name=admin",
        "=address=127.0.0.1",
        "=via=api",
        "=radius=false",
    ];
    assert_eq!(active[0], expected);
    let account = admin.run(&["/user/print", "?name=admin"]).await;
    assert_eq!(value(&account[0], "last-logged-in").as_deref(), Some("jan/01/2026 00:00:00"));

    admin.send(&["/user/active/listen", ".tag=1", "=.proplist=.id,name"]).await;
    admin.run(&["/system/identity/print"]).await;
    let mut other = Raw::logged_in(&simulator).await;
    assert_eq!(admin.read().await.unwrap(), ["!re", ".tag=1", "=.id=*2", "=name=admin"]);
    assert_eq!(other.run(&["/quit"]).await, [["!fatal", "session terminated on request"]]);
    assert_eq!(other.read().await, None);
    assert_eq!(admin.read().await.unwrap(), ["!re", ".tag=1", "=.id=*2", "=.dead=true"]);
    let log = simulator.router(|router| router.log().last().map(str::to_owned));
    assert_eq!(log.as_deref(), Some("user admin logged out from 127.0.0.1 via api"));
}

#[tokio::test]
async fn passwords_are_masked_for_those_who_may_not_see_them() {
    let simulator = simulator().await;
    let add = ["name=v1", "password=p1"];
    simulator.router(|router| router.run("/ip/hotspot/user/add", &add).unwrap());
    let mut admin = Raw::logged_in(&simulator).await;
    let mut eve = with_policies(&simulator, "api,read,write").await;
    let print = ["/ip/hotspot/user/print", "?name=v1"];
    let (seen, masked) = (admin.run(&print).await, eve.run(&print).await);
    assert_eq!(value(&seen[0], "password").as_deref(), Some("p1"));
    assert_eq!(value(&masked[0], "password").as_deref(), Some("*****"));

    for raw in [&mut admin, &mut eve] {
        raw.send(&["/ip/hotspot/user/listen", ".tag=1", "=.proplist=password"]).await;
        raw.run(&["/system/identity/print"]).await;
    }
    let set = ["/ip/hotspot/user/set", "=.id=v1", "=password=p2"];
    let mut other = Raw::logged_in(&simulator).await;
    other.run(&set).await;
    assert_eq!(admin.read().await.unwrap(), ["!re", ".tag=1", "=password=p2"]);
    assert_eq!(eve.read().await.unwrap(), ["!re", ".tag=1", "=password=*****"]);
}

#[tokio::test]
async fn a_service_holds_as_many_connections_as_it_allows_from_7_16_on() {
    for (routeros, is_limited) in [(RouterOs::V7_14, false), (RouterOs::V7_18, true)] {
        let simulator = playing(routeros).await;
        let mut first = Raw::logged_in(&simulator).await;
        let set = first.run(&["/ip/service/set", "=.id=api", "=max-sessions=2"]).await;
        if !is_limited {
            assert_eq!(set, trap("unknown parameter max-sessions"));
            continue;
        }
        assert_eq!(set, [["!done"]]);
        let mut second = Raw::logged_in(&simulator).await;
        let mut third = Raw::connect(simulator.addr()).await;
        assert_eq!(third.read().await, None, "the third is closed without a word");
        assert_eq!(second.run(&["/quit"]).await.len(), 1);
        assert_eq!(second.read().await, None);
        first.run(&["/system/identity/print"]).await;
        while simulator.router(|router| router.run("/user/active/print", &[]).unwrap().rows.len())
            > 1
        {
            tokio::task::yield_now().await;
        }
        Raw::logged_in(&simulator).await;
    }
}

#[tokio::test]
async fn a_disabled_or_closed_service_takes_no_new_connection_and_keeps_the_old_ones() {
    for word in ["=disabled=yes", "=address=10.0.0.0/8"] {
        let simulator = simulator().await;
        let mut old = Raw::logged_in(&simulator).await;
        assert_eq!(old.run(&["/ip/service/set", "=.id=api", word]).await, [["!done"]]);
        let mut new = Raw::connect(simulator.addr()).await;
        assert_eq!(new.read().await, None);
        assert_eq!(old.run(&["/system/identity/print"]).await[0], ["!re", "=name=MikroTik"]);
    }
}

#[tokio::test]
async fn services_are_there_for_good() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    let names = raw.names(&["/ip/service/print"]).await;
    assert_eq!(names, ["telnet", "ftp", "www", "ssh", "www-ssl", "api", "winbox", "api-ssl"]);
    let api = raw.run(&["/ip/service/print", "?name=api"]).await;
    assert_eq!(value(&api[0], "port").as_deref(), Some("8728"));
    assert_eq!(value(&api[0], "max-sessions").as_deref(), Some("20"));
    for verb in ["add", "remove"] {
        let answer = raw.run(&[&format!("/ip/service/{verb}"), "=.id=api"]).await;
        assert_eq!(answer, trap_of(0, "no such command"));
    }
    let answer = raw.run(&["/ip/service/set", "=.id=api", "=port=0"]).await;
    assert_eq!(answer, trap_of(1, "invalid value for argument port"));
}
