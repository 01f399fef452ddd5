//! Subscribers' logins with their customers, plans and routers, in SQL.

use async_trait::async_trait;

use crate::customer::phone::PhoneNumber;
use crate::kernel::ids::{LoginId, RouterId};
use crate::provisioning::export::ExportRow;
use crate::provisioning::line::Line;
use crate::provisioning::store::{ExportFilter, LoginExportStore};
use crate::provisioning::{Care, LoginKind};
use crate::store::StoreError;
use crate::subscription::StateName;

use super::engine::Dialect;
use super::record::Record;
use super::statement::{Statement, statements};
use super::{ReadError, SqlTx, known};

statements! {
    EXPORT: "exporting logins" =
        "SELECT l.id, l.kind, l.name, l.password, l.line, l.care, l.profile, \
         c.name AS customer_name, c.phone, p.name AS plan_name, r.name AS router_name, s.state \
         FROM login l JOIN subscription s ON s.id = l.subscription_id \
         JOIN customer c ON c.id = s.customer_id JOIN plan p ON p.id = s.plan_id \
         JOIN router r ON r.id = l.router_id \
         WHERE l.presence <> 'absent' AND (CAST($1 AS uuid) IS NULL OR l.id > $1) \
         AND (CAST($3 AS uuid) IS NULL OR l.router_id = $3) \
         AND (CAST($4 AS text) IS NULL OR l.kind = $4) ORDER BY l.id LIMIT $2";
}

fn read(row: &impl Record) -> Result<ExportRow, ReadError> {
    Ok(ExportRow {
        id: LoginId::from_uuid(row.uuid("id")?),
        customer: row.text("customer_name")?,
        phone: PhoneNumber::stored(row.text("phone")?),
        plan: row.text("plan_name")?,
        router: row.text("router_name")?,
        kind: known("login", "kind", &row.text("kind")?, LoginKind::named)?,
        name: row.text("name")?,
        password: row.text("password")?,
        line: known("login", "line", "", |_| Line::from_json(row.json_or_none("line").ok()?))?,
        care: known("login", "care", &row.text("care")?, Care::named)?,
        state: known("subscription", "state", &row.text("state")?, StateName::named)?,
        profile: row.text("profile")?,
    })
}

#[async_trait]
impl<D: Dialect> LoginExportStore for SqlTx<D> {
    async fn login_export(
        &mut self,
        filter: ExportFilter,
        after: Option<LoginId>,
        limit: u32,
    ) -> Result<Vec<ExportRow>, StoreError> {
        let values = vec![
            after.map(LoginId::uuid).into(),
            limit.into(),
            filter.router.map(RouterId::uuid).into(),
            filter.kind.map(LoginKind::name).into(),
        ];
        self.all(EXPORT, values, read).await
    }
}
