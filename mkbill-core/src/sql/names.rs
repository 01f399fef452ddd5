//! How names are counted, which names routers have that are not ours, and where routers and books
//! disagree, in SQL.

use async_trait::async_trait;

use crate::kernel::ids::{LoginId, RouterId};
use crate::provisioning::LoginKind;
use crate::provisioning::drift::{DriftName, FoundDrift};
use crate::provisioning::numbering::{LoginPrefix, Numbering};
use crate::provisioning::store::{DriftStore, NumberingStore, StrangerStore};
use crate::provisioning::stranger::Stranger;
use crate::store::StoreError;

use super::engine::Dialect;
use super::record::Record;
use super::statement::{Statement, statements};
use super::value::Value;
use super::voucher::transpose;
use super::{ReadError, SqlTx, known, small};

macro_rules! strangers {
    ($condition:literal) => {
        concat!(
            "SELECT router_id, kind, name, profile, comment, disabled, marked, seen_at \
             FROM router_stranger WHERE router_id = $1 ",
            $condition
        )
    };
}

statements! {
    PUT: "writing a numbering" =
        "INSERT INTO login_numbering (prefix, digits, last, updated_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (prefix) DO UPDATE SET digits = excluded.digits, last = excluded.last, \
         updated_at = excluded.updated_at";
    LOCK: "reading a numbering" =
        "SELECT prefix, digits, last, updated_at FROM login_numbering WHERE prefix = $1 {for_update}";
    LIST: "listing numberings" =
        "SELECT prefix, digits, last, updated_at FROM login_numbering ORDER BY prefix";
    DELETE: "taking a numbering away" = "DELETE FROM login_numbering WHERE prefix = $1";
    PUSH: "raising a numbering" =
        "UPDATE login_numbering SET last = $2 WHERE prefix = $1 AND last < $2";
    STRANGERS: "reading the strangers of a router" = strangers!("ORDER BY kind, name");
    STRANGER: "looking for a stranger" = strangers!("AND kind = $2 AND name = $3");
    DRIFTS: "reading the drift of a router" =
        "SELECT router_id, kind, name, what, fields, login_id, found_at FROM router_drift \
         WHERE router_id = $1 ORDER BY kind, name, what";
    FORGET_DRIFTS: "forgetting drift" =
        "DELETE FROM router_drift WHERE router_id = $1 AND kind = $2 AND what = $3 \
         AND name {in_texts:$4}";
    FORGET: "forgetting strangers" =
        "DELETE FROM router_stranger WHERE router_id = $1 AND kind = $2 AND name {in_texts:$3}";
}

const OVER_WHAT_WAS_KNOWN: &str = "ON CONFLICT (router_id, kind, name) DO UPDATE SET \
    profile = excluded.profile, comment = excluded.comment, disabled = excluded.disabled, \
    marked = excluded.marked";

fn read_numbering(row: &impl Record) -> Result<Numbering, ReadError> {
    Ok(Numbering {
        prefix: known("login_numbering", "prefix", &row.text("prefix")?, |text| text.parse().ok())?,
        digits: small(row.int("digits")?),
        last: row.int("last")?,
        updated_at: row.instant("updated_at")?,
    })
}

fn read_stranger(row: &impl Record) -> Result<Stranger, ReadError> {
    Ok(Stranger {
        router: RouterId::from_uuid(row.uuid("router_id")?),
        kind: known("router_stranger", "kind", &row.text("kind")?, LoginKind::named)?,
        name: row.text("name")?,
        profile: row.text("profile")?,
        comment: row.text("comment")?,
        disabled: row.flag("disabled")?,
        marked: row.flag("marked")?,
        seen_at: row.instant("seen_at")?,
    })
}

const OVER_THE_DRIFT_THAT_WAS_KNOWN: &str = "ON CONFLICT (router_id, kind, name, what) DO UPDATE SET \
    fields = excluded.fields, login_id = excluded.login_id";
/// What stands between the names of fields; none has a blank.
const BETWEEN_FIELDS: &str = " ";

fn drift_row(drift: &FoundDrift) -> Vec<(&'static str, Value)> {
    vec![
        ("router_id", drift.router.uuid().into()),
        ("kind", drift.kind.name().into()),
        ("name", drift.name.as_str().into()),
        ("what", drift.what.name().into()),
        ("fields", drift.fields.join(BETWEEN_FIELDS).into()),
        ("login_id", drift.login.map(LoginId::uuid).into()),
        ("found_at", drift.found_at.into()),
    ]
}

fn read_drift(row: &impl Record) -> Result<FoundDrift, ReadError> {
    let fields = row.text("fields")?;
    Ok(FoundDrift {
        router: RouterId::from_uuid(row.uuid("router_id")?),
        kind: known("router_drift", "kind", &row.text("kind")?, LoginKind::named)?,
        name: row.text("name")?,
        what: known("router_drift", "what", &row.text("what")?, DriftName::named)?,
        fields: fields.split_whitespace().map(str::to_owned).collect(),
        login: row.uuid_or_none("login_id")?.map(LoginId::from_uuid),
        found_at: row.instant("found_at")?,
    })
}

fn row(stranger: &Stranger) -> Vec<(&'static str, Value)> {
    vec![
        ("router_id", stranger.router.uuid().into()),
        ("kind", stranger.kind.name().into()),
        ("name", stranger.name.as_str().into()),
        ("profile", stranger.profile.as_str().into()),
        ("comment", stranger.comment.as_str().into()),
        ("disabled", stranger.disabled.into()),
        ("marked", stranger.marked.into()),
        ("seen_at", stranger.seen_at.into()),
    ]
}

#[async_trait]
impl<D: Dialect> NumberingStore for SqlTx<D> {
    async fn numbering_put(&mut self, numbering: &Numbering) -> Result<(), StoreError> {
        let values = vec![
            numbering.prefix.as_str().into(),
            numbering.digits.into(),
            numbering.last.into(),
            numbering.updated_at.into(),
        ];
        self.execute(PUT, values).await.map(drop)
    }

    async fn numbering_lock(
        &mut self,
        prefix: &LoginPrefix,
    ) -> Result<Option<Numbering>, StoreError> {
        self.one(LOCK, vec![prefix.as_str().into()], read_numbering).await
    }

    async fn numberings(&mut self) -> Result<Vec<Numbering>, StoreError> {
        self.all(LIST, Vec::new(), read_numbering).await
    }

    async fn numbering_delete(&mut self, prefix: &LoginPrefix) -> Result<bool, StoreError> {
        Ok(self.execute(DELETE, vec![prefix.as_str().into()]).await? == 1)
    }

    async fn numbering_push(&mut self, prefix: &LoginPrefix, last: i64) -> Result<(), StoreError> {
        self.execute(PUSH, vec![prefix.as_str().into(), last.into()]).await.map(drop)
    }
}

#[async_trait]
impl<D: Dialect> StrangerStore for SqlTx<D> {
    async fn strangers(&mut self, router: RouterId) -> Result<Vec<Stranger>, StoreError> {
        self.all(STRANGERS, vec![router.uuid().into()], read_stranger).await
    }

    async fn stranger_named(
        &mut self,
        router: RouterId,
        kind: LoginKind,
        name: &str,
    ) -> Result<Option<Stranger>, StoreError> {
        let values = vec![router.uuid().into(), kind.name().into(), name.into()];
        self.one(STRANGER, values, read_stranger).await
    }

    async fn strangers_write(&mut self, strangers: &[Stranger]) -> Result<(), StoreError> {
        if strangers.is_empty() {
            return Ok(());
        }
        let columns = transpose(strangers.iter().map(row));
        let act = "noting strangers";
        self.insert_all_or(act, "router_stranger", columns, OVER_WHAT_WAS_KNOWN).await.map(drop)
    }

    async fn strangers_forget(&mut self, strangers: &[Stranger]) -> Result<(), StoreError> {
        let same_menu = |a: &Stranger, b: &Stranger| (a.router, a.kind) == (b.router, b.kind);
        for menu in strangers.chunk_by(same_menu) {
            let names: Vec<String> = menu.iter().map(|stranger| stranger.name.clone()).collect();
            let (router, kind) = (menu[0].router.uuid(), menu[0].kind.name());
            self.execute(FORGET, vec![router.into(), kind.into(), names.into()]).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl<D: Dialect> DriftStore for SqlTx<D> {
    async fn drifts(&mut self, router: RouterId) -> Result<Vec<FoundDrift>, StoreError> {
        self.all(DRIFTS, vec![router.uuid().into()], read_drift).await
    }

    async fn drifts_write(&mut self, drifts: &[FoundDrift]) -> Result<(), StoreError> {
        if drifts.is_empty() {
            return Ok(());
        }
        let columns = transpose(drifts.iter().map(drift_row));
        let act = "noting drift";
        self.insert_all_or(act, "router_drift", columns, OVER_THE_DRIFT_THAT_WAS_KNOWN)
            .await
            .map(drop)
    }

    async fn drifts_forget(&mut self, drifts: &[FoundDrift]) -> Result<(), StoreError> {
        let alike = |a: &FoundDrift, b: &FoundDrift| {
            (a.router, a.kind, a.what) == (b.router, b.kind, b.what)
        };
        for part in drifts.chunk_by(alike) {
            let names: Vec<String> = part.iter().map(|drift| drift.name.clone()).collect();
            let first = &part[0];
            let values = vec![
                first.router.uuid().into(),
                first.kind.name().into(),
                first.what.name().into(),
                names.into(),
            ];
            self.execute(FORGET_DRIFTS, values).await?;
        }
        Ok(())
    }
}
