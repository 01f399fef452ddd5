//! Files, backups, exports and imports.

use mkbill_routeros::{
    command::{
        file::{
            self, Backup, CHUNK_BYTES_MAX, Contents, Detail, Export, File, FileChunk, Import,
            Secrets,
        },
        hotspot::{User, UserSettings},
        system::Identity,
    },
    error::ErrorKind,
    sim::RouterOs,
};

use crate::support::Bench;

#[tokio::test]
async fn a_file_is_written_read_and_removed() {
    for routeros in RouterOs::ALL {
        let bench = Bench::of(routeros).await;
        let add = file::add("note.txt", b"Caf\xE9\r\n");
        if routeros.version().major == 6 {
            assert_eq!(bench.refused(add).await, ErrorKind::BadRequest, "{routeros}");
            bench.simulator.router(|router| router.write_file("note.txt", "").unwrap());
        } else {
            bench.run(add).await;
        }
        let held = bench.row::<File>("name", "note.txt").await;
        assert!(held.created.is_some() != held.modified.is_some(), "{routeros}");
        bench.run(file::set_contents(&held.id, b"caf\xE9")).await;
        let answer = bench.run(file::contents("note.txt")).await;
        let contents: Vec<Contents> = answer.records().unwrap();
        assert_eq!(contents, [Contents(b"caf\xE9".to_vec())], "{routeros}");
        assert_eq!(bench.row::<File>("name", "note.txt").await.size, Some(4));
        bench.removed::<File>(&held.id).await;
    }
}

#[tokio::test]
async fn a_large_file_is_read_in_chunks_where_that_is_known() {
    for routeros in RouterOs::ALL {
        let bench = Bench::of(routeros).await;
        let large: Vec<u8> = (0..=u8::MAX).cycle().take(70_000).collect();
        let write = large.clone();
        bench.simulator.router(|router| router.write_file("large.bin", write).unwrap());
        if !bench.can.file_chunks {
            let refused = bench.refused(file::read_chunk("large.bin", 0, CHUNK_BYTES_MAX)).await;
            assert_eq!(refused, ErrorKind::BadRequest, "{routeros}");
            continue;
        }
        let mut read = Vec::new();
        loop {
            let at = u64::try_from(read.len()).unwrap();
            let answer = bench.run(file::read_chunk("large.bin", at, u32::MAX)).await;
            let [chunk] = <[FileChunk; 1]>::try_from(answer.records().unwrap()).unwrap();
            read.extend_from_slice(&chunk.data);
            if chunk.data.len() < CHUNK_BYTES_MAX as usize {
                break;
            }
        }
        assert!(read == large, "{routeros}");
    }
}

#[tokio::test]
async fn a_backup_becomes_a_file_and_hides_what_it_holds_behind_its_password() {
    for routeros in RouterOs::ALL {
        let bench = Bench::of(routeros).await;
        let open = Backup { name: "open".to_owned(), password: None, encryption: None };
        let password = Some("hunter3".to_owned().into());
        let closed = Backup { name: "closed".to_owned(), password, encryption: None };
        bench.run(open.save()).await;
        bench.run(closed.save()).await;
        for name in ["open.backup", "closed.backup"] {
            let held = bench.row::<File>("name", name).await;
            assert_eq!(held.kind.as_deref(), Some("backup"), "{routeros}");
            assert!(held.size.is_some_and(|size| size > 0));
        }
        let holds = |name: &str| {
            bench.simulator.router(|router| {
                router.read_file(name).unwrap().windows(7).any(|bytes| bytes == b"default")
            })
        };
        assert!(holds("open.backup") && !holds("closed.backup"), "{routeros}");
    }
}

fn voucher() -> UserSettings {
    let (name, password) = (Some("v1".to_owned()), Some("s3cret".to_owned().into()));
    UserSettings { name, password, ..UserSettings::default() }
}

#[tokio::test]
async fn an_export_tells_secrets_only_when_asked_and_can_be_imported_elsewhere() {
    for routeros in RouterOs::ALL {
        let (here, there) = (Bench::of(routeros).await, Bench::of(routeros).await);
        here.added(&voucher()).await;
        let export = |secrets, detail| {
            let menu = Some("/ip/hotspot/user".to_owned());
            let command = Export { file: "users".to_owned(), menu, secrets, detail };
            let command = command.command(&here.can);
            let here = &here;
            async move {
                here.run(command).await;
                here.simulator.router(|router| {
                    String::from_utf8_lossy(router.read_file("users.rsc").unwrap()).into_owned()
                })
            }
        };
        for detail in [Detail::Compact, Detail::Terse, Detail::Verbose] {
            let text = export(Secrets::Hidden, detail).await;
            assert!(text.contains("name=v1") && !text.contains("s3cret"), "{routeros}: {text}");
            let text = export(Secrets::Shown, detail).await;
            assert!(text.contains("s3cret"), "{routeros}: {text}");
            assert_eq!(text.contains("/ip hotspot user add"), detail == Detail::Terse, "{text}");
        }
        let text = export(Secrets::Shown, Detail::Compact).await;
        there.simulator.router(|router| router.write_file("users.rsc", text).unwrap());
        let import = Import { file_name: "users.rsc".to_owned(), from_line: None, verbose: false };
        if there.can.import_dry_run {
            there.run(import.check()).await;
        } else {
            assert_eq!(there.refused(import.check()).await, ErrorKind::BadRequest, "{routeros}");
        }
        assert_eq!(there.rows::<User>().await.len(), 1, "a check changes nothing");
        there.run(import.command()).await;
        assert_eq!(there.row::<User>("name", "v1").await.profile.as_deref(), Some("default"));
    }
}

#[tokio::test]
async fn an_import_begins_at_its_line_and_one_of_no_file_is_refused() {
    for routeros in RouterOs::ALL {
        let bench = Bench::of(routeros).await;
        let source = "/system identity set name=first\n/system identity set name=second\n";
        bench.simulator.router(|router| router.write_file("a.rsc", source).unwrap());
        let import = Import { file_name: "a.rsc".to_owned(), from_line: Some(2), verbose: true };
        bench.run(import.command()).await;
        assert_eq!(bench.rows::<Identity>().await.remove(0).name, "second", "{routeros}");
        let none = Import { file_name: "none.rsc".to_owned(), ..import };
        let refused = bench.refused(none.command()).await;
        assert_eq!(refused, ErrorKind::BadReference { field: "file-name".to_owned() });
    }
}
