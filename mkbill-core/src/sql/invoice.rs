//! Invoices and credit notes in SQL.

use std::collections::HashMap;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::invoice::store::{CreditNoteSort, InvoiceFilter, InvoiceSort, InvoiceStore};
use crate::invoice::{
    CreditNote, Invoice, InvoiceKind, InvoiceState, InvoiceStatus, Line, LineKind, PrintedPeriod,
    TokenDigest,
};
use crate::kernel::document::DocumentNumber;
use crate::kernel::ids::{CreditNoteId, CustomerId, InvoiceId, PlanId, SubscriptionId};
use crate::kernel::money::{Currency, Money};
use crate::kernel::page::{Page, PageRequest};
use crate::store::StoreError;
use crate::subscription::cycle::Period;

use super::engine::Dialect;
use super::listing::{Column, listing};
use super::record::Record;
use super::statement::{Statement, statements};
use super::subscription::customers;
use super::value::Value;
use super::voucher::transpose;
use super::{ReadError, SqlTx, known, small};

macro_rules! columns {
    () => {
        "i.id, i.number, i.customer_id, i.subscription_id, i.plan_id, i.kind, i.period_number, \
         i.period_start, i.period_end, i.currency, i.net_minor, i.tax_minor, i.carried_minor, \
         i.total_minor, i.paid_minor, i.issued_on, i.due_on, i.state, i.closed_at, i.carried_into, \
         i.void_reason, i.remind_at, i.token_digest, i.created_at, i.revision"
    };
}

macro_rules! note_columns {
    () => {
        "id, number, invoice_id, customer_id, currency, net_minor, tax_minor, amount_minor, reason, \
         issued_on, created_at"
    };
}

const CHANGED: &str = "ON CONFLICT (id) DO UPDATE SET paid_minor = excluded.paid_minor, \
    due_on = excluded.due_on, state = excluded.state, closed_at = excluded.closed_at, \
    carried_into = excluded.carried_into, void_reason = excluded.void_reason, \
    remind_at = excluded.remind_at, revision = excluded.revision \
    WHERE invoice.revision = excluded.revision - 1";

statements! {
    BY_ID: "reading an invoice" =
        concat!("SELECT ", columns!(), " FROM invoice i WHERE i.id = $1");
    BY_NUMBER: "reading an invoice" =
        concat!("SELECT ", columns!(), " FROM invoice i WHERE i.number = $1");
    BY_TOKEN: "reading an invoice" =
        concat!("SELECT ", columns!(), " FROM invoice i WHERE i.token_digest = $1");
    OF_PERIOD: "reading an invoice" = concat!(
        "SELECT ", columns!(), " FROM invoice i WHERE i.subscription_id = $1 \
         AND i.period_number = $2 AND i.kind = 'period' AND i.state <> 'void'");
    OPEN_OF: "reading open invoices" = concat!(
        "SELECT ", columns!(), " FROM invoice i WHERE i.state = 'open' \
         AND i.customer_id {in_uuids:$1} ORDER BY i.id");
    WITH_SOURCES: "reading invoices" = concat!(
        "WITH RECURSIVE chain (id) AS (SELECT id FROM invoice WHERE id {in_uuids:$1} \
         UNION SELECT older.id FROM invoice older JOIN chain ON older.carried_into = chain.id) \
         SELECT ", columns!(), " FROM invoice i WHERE i.id IN (SELECT id FROM chain) ORDER BY i.id");
    LINES: "reading lines of invoices" =
        "SELECT l.invoice_id, l.kind, l.text, l.quantity, l.unit_minor, l.net_minor, l.tax_minor, \
         l.source_id FROM invoice_line l WHERE l.invoice_id {in_uuids:$1} \
         ORDER BY l.invoice_id, l.line";
    NOTES_OF: "reading credit notes" = concat!(
        "SELECT ", note_columns!(), " FROM credit_note WHERE invoice_id = $1 ORDER BY id");
}

listing! {
    PAGE of InvoiceSort: "listing invoices" = concat!(
        "SELECT ", columns!(), "{value} FROM invoice i WHERE {past} \
         AND (CAST($1 AS uuid) IS NULL OR i.customer_id = $1) \
         AND (CAST($2 AS uuid) IS NULL OR i.subscription_id = $2) \
         AND (CAST($3 AS text) IS NULL OR i.state = $3) \
         AND (CAST($4 AS bigint) IS NULL OR (i.paid_minor > 0) = ($4 = 1)) \
         AND (CAST($5 AS date) IS NULL OR (i.state = 'open' AND i.due_on < $5)) \
         AND (CAST($6 AS date) IS NULL OR i.issued_on >= $6) \
         AND (CAST($7 AS date) IS NULL OR i.issued_on <= $7) \
         AND (CAST($8 AS date) IS NULL OR i.due_on >= $8) \
         AND (CAST($9 AS date) IS NULL OR i.due_on <= $9) {page}"),
    by "i.id" {
        Created: Column::Identity,
        Issued: Column::Always("i.issued_on"),
        Due: Column::Always("i.due_on"),
        Number: Column::Always("i.number"),
        Open: Column::Perhaps("CASE WHEN i.state = 'open' THEN i.total_minor - i.paid_minor END"),
    }
}

listing! {
    NOTE_PAGE of CreditNoteSort: "listing credit notes" = concat!(
        "SELECT ", note_columns!(), "{value} FROM credit_note WHERE {past} \
         AND (CAST($1 AS uuid) IS NULL OR customer_id = $1) {page}"),
    by "id" {
        Created: Column::Identity,
        Number: Column::Always("number"),
    }
}

/// State, instant of closing, successor and reason, as the columns keep them.
fn state_values(state: &InvoiceState) -> [Value; 4] {
    let none = || Value::Uuid(None);
    match state {
        InvoiceState::Open => ["open".into(), Value::Instant(None), none(), Value::Text(None)],
        InvoiceState::Paid { at } => ["paid".into(), (*at).into(), none(), Value::Text(None)],
        InvoiceState::CarriedOver { at, into } => {
            ["carried_over".into(), (*at).into(), into.uuid().into(), Value::Text(None)]
        }
        InvoiceState::Void { at, reason } => {
            ["void".into(), (*at).into(), none(), reason.as_str().into()]
        }
    }
}

fn row(invoice: &Invoice) -> Vec<(&'static str, Value)> {
    let [state, closed_at, carried_into, void_reason] = state_values(&invoice.state);
    let period = invoice.period;
    vec![
        ("id", invoice.id.uuid().into()),
        ("number", invoice.number.as_str().into()),
        ("customer_id", invoice.customer.uuid().into()),
        ("subscription_id", invoice.subscription.map(SubscriptionId::uuid).into()),
        ("plan_id", invoice.plan.map(PlanId::uuid).into()),
        ("kind", invoice.kind.name().into()),
        ("period_number", period.map(|period| i64::from(period.number)).into()),
        ("period_start", period.map(|period| period.days.start).into()),
        ("period_end", period.map(|period| period.days.end).into()),
        ("currency", invoice.currency().code().into()),
        ("net_minor", invoice.net.minor().into()),
        ("tax_minor", invoice.tax.minor().into()),
        ("carried_minor", invoice.carried.minor().into()),
        ("total_minor", invoice.total.minor().into()),
        ("paid_minor", invoice.paid.minor().into()),
        ("issued_on", invoice.issued_on.into()),
        ("due_on", invoice.due_on.into()),
        ("state", state),
        ("closed_at", closed_at),
        ("carried_into", carried_into),
        ("void_reason", void_reason),
        ("remind_at", invoice.remind_at.into()),
        ("token_digest", invoice.token.0.as_slice().into()),
        ("created_at", invoice.created_at.into()),
        ("revision", invoice.revision.into()),
    ]
}

fn line_rows(invoice: &Invoice) -> impl Iterator<Item = Vec<(&'static str, Value)>> {
    (1_i64..).zip(&invoice.lines).map(|(number, line)| {
        vec![
            ("invoice_id", invoice.id.uuid().into()),
            ("line", number.into()),
            ("kind", line.kind.name().into()),
            ("text", line.text.as_str().into()),
            ("quantity", line.quantity.into()),
            ("unit_minor", line.unit.minor().into()),
            ("net_minor", line.net.minor().into()),
            ("tax_minor", line.tax.minor().into()),
            ("source_id", line.source.map(InvoiceId::uuid).into()),
        ]
    })
}

fn read_state(row: &impl Record) -> Result<InvoiceState, ReadError> {
    let at: Option<Timestamp> = row.instant_or_none("closed_at")?;
    let into = row.uuid_or_none("carried_into")?.map(InvoiceId::from_uuid);
    let reason = row.text_or_none("void_reason")?;
    known("invoice", "state", &row.text("state")?, |state| match state {
        "open" => Some(InvoiceState::Open),
        "paid" => at.map(|at| InvoiceState::Paid { at }),
        "carried_over" => Some(InvoiceState::CarriedOver { at: at?, into: into? }),
        "void" => Some(InvoiceState::Void { at: at?, reason: reason? }),
        _ => None,
    })
}

fn read_period(row: &impl Record) -> Result<Option<PrintedPeriod>, ReadError> {
    let number = row.int_or_none("period_number")?.map(small);
    let (start, end) = (row.date_or_none("period_start")?, row.date_or_none("period_end")?);
    Ok(match (number, start, end) {
        (Some(number), Some(start), Some(end)) => {
            Some(PrintedPeriod { number, days: Period { start, end } })
        }
        _ => None,
    })
}

pub(super) fn currency(row: &impl Record, table: &'static str) -> Result<Currency, ReadError> {
    known(table, "currency", &row.text("currency")?, |text| text.parse().ok())
}

fn read(row: &impl Record) -> Result<Invoice, ReadError> {
    let currency = currency(row, "invoice")?;
    let money = |column| row.int(column).map(|minor| Money::new(minor, currency));
    let digest = row.bytes("token_digest")?;
    let token = known("invoice", "token_digest", "another length", |_| digest.try_into().ok())?;
    Ok(Invoice {
        id: InvoiceId::from_uuid(row.uuid("id")?),
        number: DocumentNumber::stored(row.text("number")?),
        customer: CustomerId::from_uuid(row.uuid("customer_id")?),
        subscription: row.uuid_or_none("subscription_id")?.map(SubscriptionId::from_uuid),
        plan: row.uuid_or_none("plan_id")?.map(PlanId::from_uuid),
        kind: known("invoice", "kind", &row.text("kind")?, InvoiceKind::named)?,
        period: read_period(row)?,
        lines: Vec::new(),
        net: money("net_minor")?,
        tax: money("tax_minor")?,
        carried: money("carried_minor")?,
        total: money("total_minor")?,
        paid: money("paid_minor")?,
        issued_on: row.date("issued_on")?,
        due_on: row.date("due_on")?,
        state: read_state(row)?,
        remind_at: row.instant_or_none("remind_at")?,
        token: TokenDigest(token),
        created_at: row.instant("created_at")?,
        revision: row.int("revision")?,
    })
}

/// A line before its currency is known: that of its invoice.
struct BareLine {
    invoice: InvoiceId,
    kind: LineKind,
    text: String,
    quantity: u32,
    minor: [i64; 3],
    source: Option<InvoiceId>,
}

fn read_line(row: &impl Record) -> Result<BareLine, ReadError> {
    Ok(BareLine {
        invoice: InvoiceId::from_uuid(row.uuid("invoice_id")?),
        kind: known("invoice_line", "kind", &row.text("kind")?, LineKind::named)?,
        text: row.text("text")?,
        quantity: small(row.int("quantity")?),
        minor: [row.int("unit_minor")?, row.int("net_minor")?, row.int("tax_minor")?],
        source: row.uuid_or_none("source_id")?.map(InvoiceId::from_uuid),
    })
}

fn note_row(note: &CreditNote) -> Vec<(&'static str, Value)> {
    vec![
        ("id", note.id.uuid().into()),
        ("number", note.number.as_str().into()),
        ("invoice_id", note.invoice.uuid().into()),
        ("customer_id", note.customer.uuid().into()),
        ("currency", note.amount.currency().code().into()),
        ("net_minor", note.net.minor().into()),
        ("tax_minor", note.tax.minor().into()),
        ("amount_minor", note.amount.minor().into()),
        ("reason", note.reason.as_str().into()),
        ("issued_on", note.issued_on.into()),
        ("created_at", note.created_at.into()),
    ]
}

fn read_note(row: &impl Record) -> Result<CreditNote, ReadError> {
    let currency = currency(row, "credit_note")?;
    let money = |column| row.int(column).map(|minor| Money::new(minor, currency));
    Ok(CreditNote {
        id: CreditNoteId::from_uuid(row.uuid("id")?),
        number: DocumentNumber::stored(row.text("number")?),
        invoice: InvoiceId::from_uuid(row.uuid("invoice_id")?),
        customer: CustomerId::from_uuid(row.uuid("customer_id")?),
        net: money("net_minor")?,
        tax: money("tax_minor")?,
        amount: money("amount_minor")?,
        reason: row.text("reason")?,
        issued_on: row.date("issued_on")?,
        created_at: row.instant("created_at")?,
    })
}

/// The stored state and whether something was paid, which together are a status.
fn status_values(status: Option<InvoiceStatus>) -> [Value; 2] {
    let paid = |begun: bool| Some(i64::from(begun));
    let (state, begun) = match status {
        None => (None, None),
        Some(InvoiceStatus::Open) => (Some("open"), paid(false)),
        Some(InvoiceStatus::PartiallyPaid) => (Some("open"), paid(true)),
        Some(other) => (Some(other.name()), None),
    };
    [state.into(), begun.into()]
}

impl<D: Dialect> SqlTx<D> {
    /// Reads invoices and then the lines of all of them.
    async fn invoices(
        &mut self,
        statement: Statement,
        values: Vec<Value>,
    ) -> Result<Vec<Invoice>, StoreError> {
        let invoices = self.all(statement, values, read).await?;
        self.with_lines(invoices).await
    }

    async fn with_lines(&mut self, mut invoices: Vec<Invoice>) -> Result<Vec<Invoice>, StoreError> {
        if invoices.is_empty() {
            return Ok(invoices);
        }
        let ids = invoices.iter().map(|invoice| invoice.id.uuid()).collect();
        let lines = self.all(LINES, vec![Value::Uuids(ids)], read_line).await?;
        let places: HashMap<InvoiceId, usize> =
            invoices.iter().enumerate().map(|(place, invoice)| (invoice.id, place)).collect();
        for line in lines {
            let Some(invoice) = places.get(&line.invoice).map(|place| &mut invoices[*place]) else {
                continue;
            };
            let currency = invoice.currency();
            let [unit, net, tax] = line.minor.map(|minor| Money::new(minor, currency));
            let BareLine { kind, text, quantity, source, .. } = line;
            invoice.lines.push(Line { kind, text, quantity, unit, net, tax, source });
        }
        Ok(invoices)
    }
}

#[async_trait]
impl<D: Dialect> InvoiceStore for SqlTx<D> {
    async fn invoices_insert(&mut self, all: &[Invoice]) -> Result<(), StoreError> {
        let act = "writing invoices";
        self.insert_all(act, "invoice", transpose(all.iter().map(row))).await?;
        self.insert_all(act, "invoice_line", transpose(all.iter().flat_map(line_rows))).await
    }

    async fn invoices_change(&mut self, all: &[Invoice]) -> Result<(), StoreError> {
        let columns = transpose(all.iter().map(row));
        let changed = self.insert_all_or("changing invoices", "invoice", columns, CHANGED).await?;
        if changed == all.len() as u64 {
            Ok(())
        } else {
            Err(StoreError::Overtaken { what: "invoice" })
        }
    }

    async fn invoice_by_id(&mut self, id: InvoiceId) -> Result<Option<Invoice>, StoreError> {
        Ok(self.invoices(BY_ID, vec![id.uuid().into()]).await?.pop())
    }

    async fn invoice_by_number(
        &mut self,
        number: &DocumentNumber,
    ) -> Result<Option<Invoice>, StoreError> {
        Ok(self.invoices(BY_NUMBER, vec![number.as_str().into()]).await?.pop())
    }

    async fn invoice_by_token(
        &mut self,
        token: TokenDigest,
    ) -> Result<Option<Invoice>, StoreError> {
        Ok(self.invoices(BY_TOKEN, vec![token.0.as_slice().into()]).await?.pop())
    }

    async fn invoice_of_period(
        &mut self,
        subscription: SubscriptionId,
        number: u32,
    ) -> Result<Option<Invoice>, StoreError> {
        let values = vec![subscription.uuid().into(), number.into()];
        Ok(self.invoices(OF_PERIOD, values).await?.pop())
    }

    async fn invoices_open_of(&mut self, ids: &[CustomerId]) -> Result<Vec<Invoice>, StoreError> {
        self.invoices(OPEN_OF, vec![customers(ids)]).await
    }

    async fn invoices_with_sources(
        &mut self,
        ids: &[InvoiceId],
    ) -> Result<Vec<Invoice>, StoreError> {
        let ids = Value::Uuids(ids.iter().map(|id| id.uuid()).collect());
        self.invoices(WITH_SOURCES, vec![ids]).await
    }

    async fn invoice_page(
        &mut self,
        filter: &InvoiceFilter,
        page: PageRequest<InvoiceSort>,
    ) -> Result<Page<Invoice>, StoreError> {
        let mut values = vec![
            filter.customer.map(CustomerId::uuid).into(),
            filter.subscription.map(SubscriptionId::uuid).into(),
        ];
        values.extend(status_values(filter.status));
        let issued = [filter.due_before, filter.issued_from, filter.issued_to];
        values.extend(issued.into_iter().chain([filter.due_from, filter.due_to]).map(Value::from));
        let Page { items, next } = self.page(&PAGE, values, &page, read).await?;
        Ok(Page { items: self.with_lines(items).await?, next })
    }

    async fn credit_notes_insert(&mut self, all: &[CreditNote]) -> Result<(), StoreError> {
        let columns = transpose(all.iter().map(note_row));
        self.insert_all("writing credit notes", "credit_note", columns).await
    }

    async fn credit_notes_of(&mut self, invoice: InvoiceId) -> Result<Vec<CreditNote>, StoreError> {
        self.all(NOTES_OF, vec![invoice.uuid().into()], read_note).await
    }

    async fn credit_note_page(
        &mut self,
        customer: Option<CustomerId>,
        page: PageRequest<CreditNoteSort>,
    ) -> Result<Page<CreditNote>, StoreError> {
        let values = vec![customer.map(CustomerId::uuid).into()];
        self.page(&NOTE_PAGE, values, &page, read_note).await
    }
}
