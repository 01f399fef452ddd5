//! What a driver's error means for the caller.

use std::error::Error;
use std::io;

use sqlx::error::ErrorKind;

use crate::kernel::language::Said;
use crate::store::StoreError;

const DISK_FULL: Said = Said::fixed(
    "the disk is full; free some space, nothing was written",
    "disk penuh; kosongkan sebagian ruang, tidak ada yang ditulis",
);
const READ_ONLY: Said = Said::fixed(
    "the database is read-only; check the rights of its file and folder",
    "basis data hanya bisa dibaca; periksa hak akses berkas dan foldernya",
);
const GONE: Said = Said::fixed(
    "the database cannot be reached; check that it runs and that its address and password are right",
    "basis data tidak bisa dihubungi; pastikan ia berjalan dan alamat serta kata sandinya benar",
);
const FILE: Said = Said::fixed(
    "the database file cannot be opened or read; check the path, the rights and the disk",
    "berkas basis data tidak bisa dibuka atau dibaca; periksa lokasi, hak akses dan disk",
);
const DAMAGED: Said = Said::fixed(
    "the file is damaged or not a database; restore a backup",
    "berkas rusak atau bukan basis data; pulihkan dari cadangan",
);
const LOCKED: Said = Said::fixed(
    "another program keeps it locked; close that program or wait, then try again",
    "program lain sedang menguncinya; tutup program itu atau tunggu, lalu coba lagi",
);
const POOL: Said = Said::fixed(
    "all connections are in use; try again, or allow more connections",
    "semua koneksi sedang dipakai; coba lagi, atau izinkan lebih banyak koneksi",
);

/// Sorts a driver's error by what to do next.
pub(crate) fn driver(act: &'static str, source: sqlx::Error) -> StoreError {
    match &source {
        sqlx::Error::Database(error) => {
            let code = error.code().map(std::borrow::Cow::into_owned).unwrap_or_default();
            if error.kind() == ErrorKind::UniqueViolation {
                let constraint = error.constraint().unwrap_or(error.message()).to_owned();
                return StoreError::Unique { constraint, source: source.into() };
            }
            judged(act, &code, source.into())
        }
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed => {
            StoreError::Unavailable { advice: GONE, source: source.into() }
        }
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => {
            StoreError::Unavailable { advice: POOL, source: source.into() }
        }
        _ => StoreError::Driver { act, source: source.into() },
    }
}

/// The same of a connection that is shared, where nothing is written.
pub(crate) fn on_lane(act: &'static str, source: tokio_postgres::Error) -> StoreError {
    match source.code().cloned() {
        Some(code) => judged(act, code.code(), source.into()),
        None if source.is_closed() || source.source().is_some_and(<dyn Error>::is::<io::Error>) => {
            StoreError::Unavailable { advice: GONE, source: source.into() }
        }
        None => StoreError::Driver { act, source: source.into() },
    }
}

/// Something was to be written where nothing can be.
pub(crate) fn only_reads(act: &'static str) -> StoreError {
    StoreError::Unavailable { advice: READ_ONLY, source: format!("{act} over a reader").into() }
}

fn judged(act: &'static str, code: &str, source: Box<dyn Error + Send + Sync>) -> StoreError {
    match verdict(code) {
        Verdict::Busy => StoreError::Busy { act, source },
        Verdict::Unavailable(advice) => StoreError::Unavailable { advice, source },
        Verdict::Other => StoreError::Driver { act, source },
    }
}

/// A reader cannot become a writer because another writer was first: begin again.
const SQLITE_BUSY_SNAPSHOT: u32 = 517;
/// The file was moved or deleted while it was open.
const SQLITE_READONLY_DBMOVED: u32 = 1032;

enum Verdict {
    Busy,
    Unavailable(Said),
    Other,
}

/// Sorts by code. PostgreSQL's have five characters (appendix "Error Codes" of its manual); SQLite's
/// are decimal numbers whose low byte is the primary code (sqlite.org/rescode.html).
fn verdict(code: &str) -> Verdict {
    if code.len() == 5 {
        return match code {
            "40001" | "40P01" => Verdict::Busy,
            "55P03" => Verdict::Unavailable(LOCKED),
            "53100" => Verdict::Unavailable(DISK_FULL),
            "25006" => Verdict::Unavailable(READ_ONLY),
            _ if ["08", "28", "3D", "53", "57"].contains(&&code[..2]) => Verdict::Unavailable(GONE),
            _ => Verdict::Other,
        };
    }
    let code = code.parse::<u32>().unwrap_or(0);
    if code == SQLITE_BUSY_SNAPSHOT {
        return Verdict::Busy;
    }
    if code == SQLITE_READONLY_DBMOVED {
        return Verdict::Unavailable(FILE);
    }
    match code & 0xFF {
        5 | 6 => Verdict::Unavailable(LOCKED),
        8 => Verdict::Unavailable(READ_ONLY),
        10 | 14 => Verdict::Unavailable(FILE),
        11 | 26 => Verdict::Unavailable(DAMAGED),
        13 => Verdict::Unavailable(DISK_FULL),
        _ => Verdict::Other,
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection as _, SqliteConnection};

    use super::*;

    #[tokio::test]
    async fn a_full_disk_is_said_in_words() {
        let mut small = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        sqlx::query("PRAGMA max_page_count = 2").execute(&mut small).await.unwrap();
        sqlx::query("CREATE TABLE t (x TEXT)").execute(&mut small).await.unwrap();
        let full = sqlx::query("INSERT INTO t VALUES (hex(zeroblob(100000)))");
        let error = driver("filling", full.execute(&mut small).await.unwrap_err());
        assert!(
            matches!(&error, StoreError::Unavailable { advice, .. } if *advice == DISK_FULL),
            "{error:?}"
        );
        assert!(!error.is_retryable());
    }
}
