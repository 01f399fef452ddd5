//! The disk of the router: files, backups, exports and imports.

use std::time::Duration;

use jiff::SignedDuration;
use mkbill_routeros::sim::{ExportStyle, Quirks, RouterOs, Simulator};

use crate::support::{Raw, playing, started, trap, trap_of, value};

const ADD: &str = "/ip/hotspot/user/add";

async fn simulator() -> Simulator {
    started(Simulator::builder()).await
}

fn file(simulator: &Simulator, name: &str) -> Option<String> {
    simulator.router(|router| {
        router.read_file(name).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    })
}

#[tokio::test]
async fn a_file_is_added_read_changed_and_removed() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    let add = ["/file/add", "=name=note.txt", "=contents=hello"];
    assert_eq!(raw.run(&add).await, [["!done", "=ret=*1"]]);
    assert_eq!(raw.run(&add).await, trap("failure: file already exists"));
    let row = raw.run(&["/file/print", "?name=note.txt"]).await;
    let expected = [
        "!re",
        "=.id=*1",
        "=name=note.txt",
        "=type=.txt file",
        "=size=5",
        "=last-modified=2026-01-01 00:00:00",
        "=contents=hello",
    ];
    assert_eq!(row[0], expected);
    raw.run(&["/file/set", "=.id=note.txt", "=contents=bye"]).await;
    assert_eq!(file(&simulator, "note.txt").as_deref(), Some("bye"));
    simulator.reboot();
    let mut raw = Raw::logged_in(&simulator).await;
    assert_eq!(raw.names(&["/file/print"]).await, ["note.txt"], "files outlive a reboot");
    assert_eq!(raw.run(&["/file/remove", "=.id=*1"]).await, [["!done"]]);
    assert_eq!(raw.run(&["/file/remove", "=.id=*1"]).await, trap_of(0, "no such item"));
}

#[tokio::test]
async fn releases_differ_in_what_they_do_with_files() {
    for (routeros, time, tells_number, reads) in [
        (RouterOs::V7_9, "=creation-time=jan/01/2026 00:00:00", false, false),
        (RouterOs::V7_14, "=creation-time=2026-01-01 00:00:00", true, true),
        (RouterOs::V7_24, "=last-modified=2026-01-01 00:00:00", true, true),
    ] {
        let simulator = playing(routeros).await;
        let mut raw = Raw::logged_in(&simulator).await;
        let added = raw.run(&["/file/add", "=name=a.txt", "=contents=x"]).await;
        assert_eq!(value(&added[0], "ret").is_some(), tells_number, "{routeros}");
        let row = raw.run(&["/file/print"]).await;
        assert!(row[0].contains(&time.to_owned()), "{row:?}");
        let read = raw.run(&["/file/read", "=file=a.txt"]).await;
        assert_eq!(read[0] == ["!re", "=data=x"], reads, "{routeros} {read:?}");
    }
    let simulator = playing(RouterOs::V6_49).await;
    let mut raw = Raw::logged_in(&simulator).await;
    assert_eq!(raw.run(&["/file/add", "=name=a"]).await, trap_of(0, "no such command"));
    let print = raw.run(&["/system/identity/print", "=file=made"]).await;
    assert_eq!(print, [["!done"]]);
    raw.run(&["/file/set", "=.id=made.txt", "=contents=new"]).await;
    assert_eq!(file(&simulator, "made.txt").as_deref(), Some("new"));
}

#[tokio::test]
async fn contents_have_a_limit_and_larger_files_are_read_in_chunks() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    let fits = format!("=contents={}", "x".repeat(61_250));
    assert_eq!(raw.run(&["/file/add", "=name=a", &fits]).await.len(), 1);
    let long = format!("=contents={}", "x".repeat(61_500));
    let refused = trap("failure: contents too long");
    assert_eq!(raw.run(&["/file/add", "=name=b", &long]).await, refused);
    assert_eq!(raw.run(&["/file/set", "=.id=a", &long]).await, refused);

    let large: Vec<u8> = (0..70_000_u32).map(|n| b'a' + (n % 26) as u8).collect();
    simulator.router(|router| router.write_file("large.bin", large.clone()).unwrap());
    let row = raw.run(&["/file/print", "?name=large.bin"]).await;
    assert_eq!(value(&row[0], "size").as_deref(), Some("70000"));
    assert_eq!(value(&row[0], "contents"), None);
    let mut read = String::new();
    for offset in [0, 32_768, 65_536, 98_304] {
        let offset = format!("=offset={offset}");
        let words = ["/file/read", "=file=large.bin", &offset, "=chunk-size=32768"];
        read.push_str(&value(&raw.run(&words).await[0], "data").unwrap());
    }
    assert_eq!(read.as_bytes(), large);
    let answer = raw.run(&["/file/read", "=file=large.bin", "=chunk-size=32769"]).await;
    assert_eq!(answer, trap_of(1, "invalid value for argument chunk-size"));
    let answer = raw.run(&["/file/read", "=file=none"]).await;
    assert_eq!(answer, trap_of(0, "no such item"));
}

#[tokio::test]
async fn listeners_of_files_hear_of_what_comes_and_goes() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    raw.send(&["/file/listen", ".tag=1", "=.proplist=.id,name"]).await;
    raw.run(&["/system/identity/print"]).await;
    simulator.router(|router| {
        router.write_file("a.txt", "x").unwrap();
        assert!(router.remove_file("a.txt"));
    });
    assert_eq!(raw.read().await.unwrap(), ["!re", ".tag=1", "=.id=*1", "=name=a.txt"]);
    assert_eq!(raw.read().await.unwrap(), ["!re", ".tag=1", "=.id=*1", "=.dead=true"]);
}

#[tokio::test]
async fn a_backup_appears_after_the_delay_of_files() {
    let quirks = Quirks { file_delay: Duration::from_secs(1), ..Quirks::default() };
    let simulator = started(Simulator::builder().quirks(quirks)).await;
    let mut raw = Raw::logged_in(&simulator).await;
    let save = ["/system/backup/save", "=name=night", "=password=secret"];
    assert_eq!(raw.run(&save).await, [["!done"]]);
    assert!(raw.names(&["/file/print"]).await.is_empty());
    simulator.advance(SignedDuration::from_secs(1));
    let row = raw.run(&["/file/print", "=.proplist=name,type,size"]).await;
    assert_eq!(row[0][1..3], ["=name=night.backup", "=type=backup"]);
    assert!(value(&row[0], "size").unwrap().parse::<usize>().unwrap() > 100);
    let locked = simulator.router(|router| router.read_file("night.backup").unwrap().to_vec());
    assert!(!locked.windows(7).any(|part| part == b"hotspot"), "an encrypted backup hides all");

    raw.run(&["/system/backup/save", "=dont-encrypt=yes"]).await;
    simulator.advance(SignedDuration::from_secs(1));
    let names = raw.names(&["/file/print", "?type=backup"]).await;
    assert_eq!(names, ["MikroTik-20260101-0000.backup", "night.backup"]);
}

#[tokio::test]
async fn an_export_holds_what_differs_from_the_factory() {
    let simulator = playing(RouterOs::V7_18).await;
    let mut raw = Raw::logged_in(&simulator).await;
    raw.run(&["/ip/hotspot/user/profile/add", "=name=1h", "=rate-limit=1M/2M"]).await;
    raw.run(&["/ip/hotspot/user/profile/set", "=.id=default", "=shared-users=2"]).await;
    raw.run(&[ADD, "=name=v 1", "=password=p$1", "=profile=1h", "=disabled=yes"]).await;
    raw.run(&["/system/identity/set", "=name=north"]).await;
    assert_eq!(raw.run(&["/export", "=file=all"]).await, [["!done"]]);
    let expected = "\
        # 2026-01-01 00:00:00 by RouterOS 7.18.2\r\n\
        # software id = MKBI-SIM0\r\n\
        #\r\n\
        /ip hotspot user profile\r\n\
        set [ find default=yes ] shared-users=2\r\n\
        add name=1h rate-limit=1M/2M\r\n\
        /ip hotspot user\r\n\
        add name=\"v 1\" profile=1h disabled=yes\r\n\
        /system identity\r\n\
        set name=north\r\n";
    assert_eq!(file(&simulator, "all.rsc").as_deref(), Some(expected));
    raw.run(&["/ip/hotspot/user/export", "=file=users", "=terse=", "=show-sensitive="]).await;
    let users = file(&simulator, "users.rsc").unwrap();
    let line = "/ip hotspot user add name=\"v 1\" password=\"p\\$1\" profile=1h disabled=yes\r\n";
    assert!(users.ends_with(line), "{users}");
    let answer = raw.run(&["/export", "=file=x", "=hide-sensitive="]).await;
    assert_eq!(answer, trap("unknown parameter hide-sensitive"));
    let answer = raw.run(&["/nowhere/export", "=file=x"]).await;
    assert_eq!(answer, trap_of(0, "no such command prefix"));
}

#[tokio::test]
async fn version_6_exports_secrets_unless_told_to_hide_them() {
    let simulator = playing(RouterOs::V6_49).await;
    let mut raw = Raw::logged_in(&simulator).await;
    raw.run(&[ADD, "=name=v1", "=password=p1"]).await;
    raw.run(&["/export", "=file=open"]).await;
    raw.run(&["/export", "=file=closed", "=hide-sensitive="]).await;
    let (open, closed) = (file(&simulator, "open.rsc"), file(&simulator, "closed.rsc"));
    assert!(open.unwrap().starts_with("# jan/01/2026 00:00:00 by RouterOS 6.49.10\r\n"));
    assert!(file(&simulator, "open.rsc").unwrap().contains("add name=v1 password=p1"));
    assert!(closed.unwrap().contains("add name=v1\r\n"));
    let answer = raw.run(&["/export", "=file=x", "=show-sensitive="]).await;
    assert_eq!(answer, trap("unknown parameter show-sensitive"));
}

#[tokio::test]
async fn what_one_router_exports_another_imports() {
    for (terse, verbose) in [(false, false), (true, false), (false, true), (true, true)] {
        let (here, there) = (simulator().await, simulator().await);
        here.router(|router| {
            let profile =
                ["name=slow", "rate-limit=1M/2M 2M/4M", "on-login=:log info \"$user\"\n#"];
            router.run("/ip/hotspot/user/profile/add", &profile).unwrap();
            for comment in ["plain", "with; \"quotes\" \\ and = [ find ]", "Ünï\r\n#code?"] {
                let name = format!("name=v{}", comment.len());
                let comment = format!("comment={comment}");
                let words =
                    [&*name, "profile=slow", "password=$ecret", "limit-uptime=1d", &comment];
                router.run(ADD, &words).unwrap();
            }
            router.run("/ip/hotspot/user/set", &[".id=default-trial", "disabled=yes"]).unwrap();
            router.run("/ip/service/set", &[".id=telnet", "disabled=yes"]).unwrap();
            let event = ["name=night", "interval=1d", "on-event=/system reboot"];
            router.run("/system/scheduler/add", &event).unwrap();
            let style = ExportStyle { verbose, terse, secrets: true };
            let text = router.export("", style);
            there.router(|other| other.write_file("all.rsc", text).unwrap());
        });
        let mut raw = Raw::logged_in(&there).await;
        assert_eq!(raw.run(&["/import", "=file-name=all.rsc"]).await, [["!done"]]);
        let objects =
            |simulator: &Simulator| simulator.export_objects(|object| object.path() != "/user");
        let without_owner = |text: String| text.replace(" owner=\"admin\"", " owner=\"*sys\"");
        assert_eq!(objects(&here), without_owner(objects(&there)), "terse {terse}");
    }
}

#[tokio::test]
async fn an_import_stops_at_the_first_command_that_fails_and_keeps_what_ran_before() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    let source = "/ip hotspot user\nadd name=a\nadd name=a\nadd name=b\n";
    simulator.router(|router| router.write_file("users.rsc", source).unwrap());
    let import = ["/import", "=file-name=users.rsc"];
    let duplicate = trap("failure: already have user with this name for this server");
    assert_eq!(raw.run(&import).await, duplicate);
    let print = ["/ip/hotspot/user/print", "?-default"];
    assert_eq!(raw.names(&print).await, ["a"]);
    let rest = ["/import", "=file-name=users.rsc", "=from-line=4"];
    assert_eq!(raw.run(&rest).await, trap("bad command name add (line 4 column 1)"));

    for (source, message) in [
        ("/ip hotspot user add name=\"open", "syntax error (line 1 column 32)"),
        ("/ip hotspot user add name=c colour=red", "unknown parameter colour"),
        ("fly away", "bad command name fly (line 1 column 1)"),
        ("/ip hotspot user\nprint where name", "expected end of command"),
    ] {
        simulator.router(|router| router.write_file("users.rsc", source).unwrap());
        assert_eq!(raw.run(&import).await, trap(message), "{source}");
    }
    let answer = raw.run(&["/import", "=file-name=none.rsc"]).await;
    assert_eq!(answer, trap_of(1, "input does not match any value of file-name"));
}

#[tokio::test]
async fn a_dry_import_checks_and_changes_nothing_from_7_16_on() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    let source = "/ip hotspot user add name=a\n/ip hotspot user add name=\"";
    simulator.router(|router| router.write_file("users.rsc", source).unwrap());
    let dry = ["/import", "=file-name=users.rsc", "=verbose=yes", "=dry-run="];
    assert_eq!(raw.run(&dry).await, trap("syntax error (line 2 column 28)"));
    assert_eq!(raw.names(&["/ip/hotspot/user/print", "?-default"]).await, [""; 0]);
    let answer = raw.run(&[dry[0], dry[1], dry[3]]).await;
    assert_eq!(answer, trap_of(0, "missing value(s) of argument(s) verbose"));
    let simulator = playing(RouterOs::V7_14).await;
    let mut raw = Raw::logged_in(&simulator).await;
    assert_eq!(raw.run(&dry).await, trap("unknown parameter dry-run"));
}

#[tokio::test]
async fn an_uploaded_auto_script_runs_at_once_and_leaves_its_outcome() {
    let simulator = simulator().await;
    simulator.router(|router| {
        router.upload_file("new.auto.rsc", "/ip hotspot user add name=a").unwrap();
        router.upload_file("bad.auto.rsc", "/ip hotspot user add name=a").unwrap();
        router.upload_file("kept.rsc", "/ip hotspot user add name=b").unwrap();
        assert_eq!(router.value("/ip/hotspot/user", "a", "name").as_deref(), Some("a"));
        assert_eq!(router.count("/ip/hotspot/user"), 2);
        let log = |name| String::from_utf8_lossy(router.read_file(name).unwrap()).into_owned();
        assert_eq!(log("new.auto.log"), "Script file loaded and executed successfully");
        assert!(log("bad.auto.log").contains("already have user"));
    });
}
