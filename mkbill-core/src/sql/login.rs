//! Logins in SQL.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::kernel::ids::{BatchId, LoginId, RouterId, SubscriptionId, VoucherId};
use crate::kernel::page::{Page, PageRequest};
use crate::provisioning::line::{Line, LineField};
use crate::provisioning::store::{LoginFilter, LoginSort, LoginStore};
use crate::provisioning::{
    Care, Login, LoginKind, LoginSpec, Owner, Presence, SyncName, SyncState, Usage,
};
use crate::store::StoreError;

use super::customer::looked_for;
use super::engine::Dialect;
use super::listing::{Column, listing};
use super::record::Record;
use super::statement::{Statement, statements};
use super::value::{Value, count};
use super::voucher::transpose;
use super::{ReadError, SqlTx, known, small, unsigned};

macro_rules! columns {
    () => {
        "id, router_id, kind, name, voucher_id, subscription_id, presence, password, profile, \
         limit_uptime_seconds, limit_bytes, line, comment, care, closed, revision, sync, attempts, \
         last_error, applied_at, ever_applied, \
         uptime_before_seconds, uptime_seen_seconds, bytes_before, bytes_seen"
    };
}

statements! {
    BY_ID: "reading a login" = concat!("SELECT ", columns!(), " FROM login WHERE id = $1");
    LOCK: "locking a login" =
        concat!("SELECT ", columns!(), " FROM login WHERE id = $1 {for_update}");
    BY_NAME: "reading a login" = concat!(
        "SELECT ", columns!(), " FROM login WHERE router_id = $1 AND kind = $2 AND name = $3");
    BY_ADDRESS: "looking who has an address" = concat!(
        "SELECT ", columns!(), " FROM login WHERE router_id = $1 AND fixed_address = $2 \
         AND presence <> 'absent'");
    OF_SUBSCRIPTION: "reading the login of a subscription" = concat!(
        "SELECT ", columns!(), " FROM login WHERE subscription_id = $1 ORDER BY id DESC LIMIT 1");
    LIVE: "reading the logins of a router" = concat!(
        "SELECT ", columns!(), " FROM login WHERE router_id = $1 \
         AND (presence <> 'absent' OR sync = 'pending') ORDER BY id");
    FRESH: "reading new logins" = concat!(
        "SELECT ", columns!(), " FROM login WHERE router_id = $1 AND sync = 'pending' \
         AND NOT ever_applied AND presence = 'enabled' AND care = 'books' \
         AND NOT closed ORDER BY id LIMIT $2");
    ABSENT_NAMED: "reading ended logins" = concat!(
        "SELECT ", columns!(), " FROM login WHERE router_id = $1 AND presence = 'absent' \
         AND name {in_texts:$2} ORDER BY id");
    NEED_LOOK: "looking for waiting changes" =
        "SELECT COUNT(*) AS n FROM (SELECT id FROM login WHERE router_id = $1 AND sync = 'pending' \
         AND (ever_applied OR presence <> 'enabled' OR closed OR care = 'adopting') \
         AND (care <> 'manual' OR presence = 'absent') LIMIT 1) AS waiting";
    WANT: "changing a login" =
        "UPDATE login SET presence = $2, password = $3, profile = $4, limit_uptime_seconds = $5, \
         limit_bytes = $6, line = $7, fixed_address = $8, comment = $9, revision = revision + 1, \
         sync = 'pending', attempts = 0, last_error = NULL WHERE id = $1";
    RESPEC: "changing a login" =
        "UPDATE login SET password = $2, line = $3, fixed_address = $4, revision = revision + 1, \
         sync = 'pending', attempts = 0, last_error = NULL WHERE id = $1";
    CLOSE: "closing a login" =
        "UPDATE login SET closed = $2, revision = revision + 1, sync = 'pending', attempts = 0, \
         last_error = NULL WHERE id = $1";
    CARE: "putting somebody in charge of a login" =
        "UPDATE login SET care = $2, revision = revision + 1, sync = 'pending', attempts = 0, \
         last_error = NULL WHERE id = $1";
    SERVE: "opening and closing logins" =
        "UPDATE login SET presence = $2, profile = $3, revision = revision + 1, sync = 'pending', \
         attempts = 0, last_error = NULL WHERE id {in_uuids:$1} \
         AND (presence <> $2 OR profile <> $3) RETURNING router_id";
    WANT_ABSENT: "ending logins" =
        "UPDATE login SET presence = 'absent', revision = revision + 1, sync = 'pending', \
         attempts = 0, last_error = NULL WHERE id {in_uuids:$1} AND presence <> 'absent'";
    APPLIED: "noting acknowledged logins" =
        "UPDATE login SET sync = CASE WHEN revision = $2 THEN 'applied' ELSE sync END, \
         applied_at = $3, ever_applied = TRUE, attempts = 0, last_error = NULL, \
         care = CASE WHEN care = 'adopting' THEN 'books' ELSE care END \
         WHERE revision >= $2 AND id {in_uuids:$1}";
    FAILED_ON: "noting failed logins" =
        "UPDATE login SET attempts = attempts + 1, last_error = $2 \
         WHERE sync = 'pending' AND router_id = $1";
    BLOCKED: "noting refused logins" =
        "UPDATE login SET sync = 'blocked', attempts = attempts + 1, last_error = $2 \
         WHERE id {in_uuids:$1}";
    RETRY: "retrying a batch" =
        "UPDATE login SET sync = 'pending', attempts = 0, last_error = NULL WHERE sync = 'blocked' \
         AND voucher_id IN (SELECT id FROM voucher WHERE batch_id = $1)";
    RETRY_ONE: "retrying a login" =
        "UPDATE login SET sync = 'pending', attempts = 0, last_error = NULL WHERE sync = 'blocked' \
         AND id = $1";
    USAGE: "noting usage" =
        "UPDATE login SET uptime_before_seconds = $2, uptime_seen_seconds = $3, bytes_before = $4, \
         bytes_seen = $5 WHERE id = $1";
}

/// A list of logins, by what `$lead` and the filter say.
macro_rules! page {
    ($lead:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            "{value} FROM login WHERE {past}",
            $lead,
            " AND (CAST($1 AS uuid) IS NULL OR router_id = $1) \
             AND (CAST($2 AS text) IS NULL OR kind = $2) \
             AND (CAST($3 AS uuid) IS NULL OR subscription_id = $3) \
             AND (CAST($4 AS text) IS NULL OR name = $4) \
             AND (CAST($5 AS text) IS NULL OR sync = $5) \
             AND (CAST($6 AS text) IS NULL OR LOWER(name) LIKE LOWER($6) ESCAPE '!') {page}"
        )
    };
}

listing! {
    // By name this is sorted without an index: vouchers have a list of their own, by code.
    PAGE of LoginSort: "listing logins" = page!(""), by "id" {
        Created: Column::Identity,
        Name: Column::Always("name"),
    }
}
listing! {
    PAGE_OF_SUBSCRIBERS of LoginSort: "listing logins" = page!(" AND subscription_id IS NOT NULL"),
    by "id" {
        Created: Column::Identity,
        Name: Column::Always("name"),
    }
}

fn sync_columns(sync: &SyncState) -> (&'static str, u32, Option<String>, Option<Timestamp>) {
    match sync {
        SyncState::Pending { attempts, last_error } => {
            ("pending", *attempts, last_error.clone(), None)
        }
        SyncState::Applied { at } => ("applied", 0, None, Some(*at)),
        SyncState::Blocked { attempts, error } => ("blocked", *attempts, Some(error.clone()), None),
    }
}

fn spec_values(spec: &LoginSpec) -> [Value; 7] {
    [
        spec.password.as_str().into(),
        spec.profile.as_str().into(),
        spec.limit_uptime.into(),
        spec.limit_bytes.map(count).into(),
        spec.line.to_json().into(),
        spec.line.get(LineField::RemoteAddress).into(),
        spec.comment.as_str().into(),
    ]
}

fn row(login: &Login) -> Vec<(&'static str, Value)> {
    let (sync, attempts, last_error, applied_at) = sync_columns(&login.sync);
    let [password, profile, limit_uptime, limit_bytes, line, fixed_address, comment] =
        spec_values(&login.spec);
    vec![
        ("id", login.id.uuid().into()),
        ("router_id", login.router.uuid().into()),
        ("kind", login.kind.name().into()),
        ("name", login.name.as_str().into()),
        ("voucher_id", login.owner.voucher().map(VoucherId::uuid).into()),
        ("subscription_id", login.owner.subscription().map(SubscriptionId::uuid).into()),
        ("presence", login.presence.name().into()),
        ("password", password),
        ("profile", profile),
        ("limit_uptime_seconds", limit_uptime),
        ("limit_bytes", limit_bytes),
        ("line", line),
        ("fixed_address", fixed_address),
        ("comment", comment),
        ("care", login.care.name().into()),
        ("closed", login.closed.into()),
        ("revision", login.revision.into()),
        ("sync", sync.into()),
        ("attempts", attempts.into()),
        ("last_error", last_error.into()),
        ("applied_at", applied_at.into()),
        ("ever_applied", login.ever_applied.into()),
    ]
}

fn read_sync(row: &impl Record) -> Result<SyncState, ReadError> {
    let attempts = small(row.int("attempts")?);
    let last_error = row.text_or_none("last_error")?;
    let applied_at = row.instant_or_none("applied_at")?;
    known("login", "sync", &row.text("sync")?, |sync| match sync {
        "pending" => Some(SyncState::Pending { attempts, last_error }),
        "applied" => applied_at.map(|at| SyncState::Applied { at }),
        "blocked" => last_error.map(|error| SyncState::Blocked { attempts, error }),
        _ => None,
    })
}

fn read_owner(row: &impl Record) -> Result<Owner, ReadError> {
    Ok(match row.uuid_or_none("voucher_id")? {
        Some(voucher) => Owner::Voucher(VoucherId::from_uuid(voucher)),
        None => Owner::Subscription(SubscriptionId::from_uuid(row.uuid("subscription_id")?)),
    })
}

fn read(row: &impl Record) -> Result<Login, ReadError> {
    let seconds = |column| row.int(column).map(SignedDuration::from_secs);
    let line = row.json_or_none("line")?;
    let closed = row.flag("closed")?;
    Ok(Login {
        id: LoginId::from_uuid(row.uuid("id")?),
        router: RouterId::from_uuid(row.uuid("router_id")?),
        kind: known("login", "kind", &row.text("kind")?, LoginKind::named)?,
        name: row.text("name")?,
        owner: read_owner(row)?,
        presence: match known("login", "presence", &row.text("presence")?, Presence::named)? {
            Presence::Enabled if closed => Presence::Disabled,
            presence => presence,
        },
        closed,
        spec: LoginSpec {
            password: row.text("password")?,
            profile: row.text("profile")?,
            limit_uptime: row.int_or_none("limit_uptime_seconds")?.map(SignedDuration::from_secs),
            limit_bytes: row.int_or_none("limit_bytes")?.map(unsigned),
            line: known("login", "line", "", |_| Line::from_json(line))?,
            comment: row.text("comment")?,
        },
        care: known("login", "care", &row.text("care")?, Care::named)?,
        revision: row.int("revision")?,
        sync: read_sync(row)?,
        ever_applied: row.flag("ever_applied")?,
        usage: Usage {
            uptime_before: seconds("uptime_before_seconds")?,
            uptime_seen: seconds("uptime_seen_seconds")?,
            bytes_before: unsigned(row.int("bytes_before")?),
            bytes_seen: unsigned(row.int("bytes_seen")?),
        },
    })
}

fn uuids(ids: &[LoginId]) -> Value {
    Value::Uuids(ids.iter().map(|id| id.uuid()).collect())
}

#[async_trait]
impl<D: Dialect> LoginStore for SqlTx<D> {
    async fn login_insert_all(&mut self, logins: &[Login]) -> Result<(), StoreError> {
        self.insert_all("adding logins", "login", transpose(logins.iter().map(row))).await
    }

    async fn login_by_id(&mut self, id: LoginId) -> Result<Option<Login>, StoreError> {
        self.one(BY_ID, vec![id.uuid().into()], read).await
    }

    async fn login_lock(&mut self, id: LoginId) -> Result<Option<Login>, StoreError> {
        self.one(LOCK, vec![id.uuid().into()], read).await
    }

    async fn login_by_name(
        &mut self,
        router: RouterId,
        kind: LoginKind,
        name: &str,
    ) -> Result<Option<Login>, StoreError> {
        let values = vec![router.uuid().into(), kind.name().into(), name.into()];
        self.one(BY_NAME, values, read).await
    }

    async fn login_by_address(
        &mut self,
        router: RouterId,
        address: &str,
    ) -> Result<Option<Login>, StoreError> {
        self.one(BY_ADDRESS, vec![router.uuid().into(), address.into()], read).await
    }

    async fn login_of_subscription(
        &mut self,
        subscription: SubscriptionId,
    ) -> Result<Option<Login>, StoreError> {
        self.one(OF_SUBSCRIPTION, vec![subscription.uuid().into()], read).await
    }

    async fn logins_live(&mut self, router: RouterId) -> Result<Vec<Login>, StoreError> {
        self.all(LIVE, vec![router.uuid().into()], read).await
    }

    async fn logins_fresh(
        &mut self,
        router: RouterId,
        limit: u32,
    ) -> Result<Vec<Login>, StoreError> {
        self.all(FRESH, vec![router.uuid().into(), limit.into()], read).await
    }

    async fn logins_absent_named(
        &mut self,
        router: RouterId,
        names: &[String],
    ) -> Result<Vec<Login>, StoreError> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        self.all(ABSENT_NAMED, vec![router.uuid().into(), names.to_vec().into()], read).await
    }

    async fn logins_need_look(&mut self, router: RouterId) -> Result<bool, StoreError> {
        Ok(self.number(NEED_LOOK, vec![router.uuid().into()]).await? > 0)
    }

    async fn login_want(
        &mut self,
        id: LoginId,
        presence: Presence,
        spec: &LoginSpec,
    ) -> Result<(), StoreError> {
        let mut values: Vec<Value> = vec![id.uuid().into(), presence.name().into()];
        values.extend(spec_values(spec));
        self.execute(WANT, values).await.map(drop)
    }

    async fn login_page(
        &mut self,
        filter: &LoginFilter,
        page: PageRequest<LoginSort>,
    ) -> Result<Page<Login>, StoreError> {
        let values = vec![
            filter.router.map(RouterId::uuid).into(),
            filter.kind.map(LoginKind::name).into(),
            filter.subscription.map(SubscriptionId::uuid).into(),
            filter.name.clone().into(),
            filter.sync.map(SyncName::name).into(),
            filter.text.as_ref().map(looked_for).into(),
        ];
        let listing = if filter.of_subscribers { &PAGE_OF_SUBSCRIBERS } else { &PAGE };
        self.page(listing, values, &page, read).await
    }

    async fn login_respec(
        &mut self,
        id: LoginId,
        password: &str,
        line: &Line,
    ) -> Result<(), StoreError> {
        let values = vec![
            id.uuid().into(),
            password.into(),
            line.to_json().into(),
            line.get(LineField::RemoteAddress).into(),
        ];
        self.execute(RESPEC, values).await.map(drop)
    }

    async fn login_close(&mut self, id: LoginId, closed: bool) -> Result<(), StoreError> {
        self.execute(CLOSE, vec![id.uuid().into(), closed.into()]).await.map(drop)
    }

    async fn login_care(&mut self, id: LoginId, care: Care) -> Result<(), StoreError> {
        self.execute(CARE, vec![id.uuid().into(), care.name().into()]).await.map(drop)
    }

    async fn logins_serve(
        &mut self,
        wanted: &[(LoginId, Presence, String)],
    ) -> Result<Vec<RouterId>, StoreError> {
        let mut groups: BTreeMap<(&str, &str), Vec<LoginId>> = BTreeMap::new();
        for (id, presence, profile) in wanted {
            groups.entry((presence.name(), profile)).or_default().push(*id);
        }
        let mut routers = BTreeSet::new();
        for ((presence, profile), ids) in groups {
            let values = vec![uuids(&ids), presence.into(), profile.into()];
            let read = |row: &D::Found| Ok(RouterId::from_uuid(row.uuid("router_id")?));
            routers.extend(self.all(SERVE, values, read).await?);
        }
        Ok(routers.into_iter().collect())
    }

    async fn logins_want_absent(&mut self, ids: &[LoginId]) -> Result<(), StoreError> {
        self.execute(WANT_ABSENT, vec![uuids(ids)]).await.map(drop)
    }

    async fn logins_applied(
        &mut self,
        sent: &[(LoginId, i64)],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut by_revision = sent.to_vec();
        by_revision.sort_by_key(|(id, revision)| (*revision, *id));
        for group in by_revision.chunk_by(|a, b| a.1 == b.1) {
            let ids: Vec<LoginId> = group.iter().map(|(id, _)| *id).collect();
            let values = vec![uuids(&ids), group[0].1.into(), at.into()];
            self.execute(APPLIED, values).await?;
        }
        Ok(())
    }

    async fn logins_failed_on(&mut self, router: RouterId, error: &str) -> Result<(), StoreError> {
        self.execute(FAILED_ON, vec![router.uuid().into(), error.into()]).await.map(drop)
    }

    async fn logins_blocked(&mut self, ids: &[LoginId], error: &str) -> Result<(), StoreError> {
        self.execute(BLOCKED, vec![uuids(ids), error.into()]).await.map(drop)
    }

    async fn logins_retry(&mut self, batch: BatchId) -> Result<u64, StoreError> {
        self.execute(RETRY, vec![batch.uuid().into()]).await
    }

    async fn login_retry(&mut self, id: LoginId) -> Result<bool, StoreError> {
        Ok(self.execute(RETRY_ONE, vec![id.uuid().into()]).await? == 1)
    }

    async fn logins_usage(&mut self, readings: &[(LoginId, Usage)]) -> Result<(), StoreError> {
        for (id, usage) in readings {
            let values = vec![
                id.uuid().into(),
                usage.uptime_before.into(),
                usage.uptime_seen.into(),
                count(usage.bytes_before).into(),
                count(usage.bytes_seen).into(),
            ];
            self.execute(USAGE, values).await?;
        }
        Ok(())
    }
}
