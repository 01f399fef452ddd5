//! Payments and allocations in SQL.

use std::collections::HashMap;

use async_trait::async_trait;

use crate::kernel::document::DocumentNumber;
use crate::kernel::ids::{AllocationId, CustomerId, InvoiceId, PaymentId, SubscriptionId};
use crate::kernel::money::Money;
use crate::kernel::page::{Page, PageRequest};
use crate::payment::store::{PaymentFilter, PaymentSort, PaymentStore};
use crate::payment::{Allocation, Method, Part, Payment, Reversal};
use crate::store::StoreError;

use super::engine::Dialect;
use super::invoice::currency;
use super::listing::{Column, listing};
use super::record::Record;
use super::statement::{Statement, statements};
use super::value::Value;
use super::voucher::transpose;
use super::{ReadError, SqlTx, known};

macro_rules! columns {
    () => {
        "id, number, customer_id, subscription_id, currency, amount_minor, received_on, reference, \
         note, recorded_at, recorded_by, matched_at, reversed_at, reversal_reason, revision"
    };
}

macro_rules! allocations {
    ($condition:literal) => {
        concat!(
            "SELECT id, customer_id, invoice_id, payment_id, credit_subscription_id, currency, \
             amount_minor, made_at, released_at FROM allocation WHERE ",
            $condition,
            " ORDER BY id"
        )
    };
}

const RELEASED: &str = "ON CONFLICT (id) DO UPDATE SET released_at = excluded.released_at";

statements! {
    CHANGE: "changing a payment" =
        "UPDATE payment SET customer_id = $3, matched_at = $4, reversed_at = $5, \
         reversal_reason = $6, revision = revision + 1 WHERE id = $1 AND revision = $2";
    BY_ID: "reading a payment" = concat!("SELECT ", columns!(), " FROM payment WHERE id = $1");
    BY_NUMBER: "reading a payment" =
        concat!("SELECT ", columns!(), " FROM payment WHERE number = $1");
    BY_REFERENCE: "reading a payment" = concat!(
        "SELECT ", columns!(), " FROM payment WHERE reference = $1 AND reversed_at IS NULL");
    PARTS: "reading parts of payments" =
        "SELECT p.payment_id, p.method, p.reference, p.amount_minor FROM payment_part p \
         WHERE p.payment_id {in_uuids:$1} ORDER BY p.payment_id, p.line";
    ALLOCATIONS_OF_INVOICES: "reading allocations" =
        allocations!("released_at IS NULL AND invoice_id {in_uuids:$1}");
    ALLOCATIONS_OF_PAYMENT: "reading allocations" =
        allocations!("released_at IS NULL AND payment_id = $1");
    ALLOCATIONS_OF_INVOICE: "reading allocations" = allocations!("invoice_id = $1");
}

listing! {
    PAGE of PaymentSort: "listing payments" = concat!(
        "SELECT ", columns!(), "{value} FROM payment WHERE {past} \
         AND (CAST($1 AS uuid) IS NULL OR customer_id = $1) \
         AND (NOT $2 OR (customer_id IS NULL AND reversed_at IS NULL)) \
         AND (CAST($3 AS date) IS NULL OR received_on >= $3) \
         AND (CAST($4 AS date) IS NULL OR received_on <= $4) \
         AND (CAST($5 AS text) IS NULL OR EXISTS (SELECT 1 FROM payment_part p \
         WHERE p.payment_id = payment.id AND p.method = $5)) {page}"),
    by "id" {
        Created: Column::Identity,
        Received: Column::Always("received_on"),
        Amount: Column::Always("amount_minor"),
        Number: Column::Always("number"),
    }
}

fn row(payment: &Payment) -> Vec<(&'static str, Value)> {
    let reversal = payment.reversal.as_ref();
    vec![
        ("id", payment.id.uuid().into()),
        ("number", payment.number.as_str().into()),
        ("customer_id", payment.customer.map(CustomerId::uuid).into()),
        ("subscription_id", payment.subscription.map(SubscriptionId::uuid).into()),
        ("currency", payment.amount.currency().code().into()),
        ("amount_minor", payment.amount.minor().into()),
        ("received_on", payment.received_on.into()),
        ("reference", payment.reference.clone().into()),
        ("note", payment.note.clone().into()),
        ("recorded_at", payment.recorded_at.into()),
        ("recorded_by", payment.recorded_by.as_str().into()),
        ("matched_at", payment.matched_at.into()),
        ("reversed_at", reversal.map(|reversal| reversal.at).into()),
        ("reversal_reason", reversal.map(|reversal| reversal.reason.clone()).into()),
        ("revision", payment.revision.into()),
    ]
}

fn part_rows(payment: &Payment) -> impl Iterator<Item = Vec<(&'static str, Value)>> {
    (1_i64..).zip(&payment.parts).map(|(line, part)| {
        vec![
            ("payment_id", payment.id.uuid().into()),
            ("line", line.into()),
            ("method", part.method.name().into()),
            ("reference", part.reference.clone().into()),
            ("amount_minor", part.amount.minor().into()),
        ]
    })
}

fn read(row: &impl Record) -> Result<Payment, ReadError> {
    let currency = currency(row, "payment")?;
    let reversal = match (row.instant_or_none("reversed_at")?, row.text_or_none("reversal_reason")?)
    {
        (Some(at), Some(reason)) => Some(Reversal { at, reason }),
        _ => None,
    };
    Ok(Payment {
        id: PaymentId::from_uuid(row.uuid("id")?),
        number: DocumentNumber::stored(row.text("number")?),
        customer: row.uuid_or_none("customer_id")?.map(CustomerId::from_uuid),
        subscription: row.uuid_or_none("subscription_id")?.map(SubscriptionId::from_uuid),
        amount: Money::new(row.int("amount_minor")?, currency),
        parts: Vec::new(),
        received_on: row.date("received_on")?,
        reference: row.text_or_none("reference")?,
        note: row.text_or_none("note")?,
        recorded_at: row.instant("recorded_at")?,
        recorded_by: row.text("recorded_by")?,
        matched_at: row.instant_or_none("matched_at")?,
        reversal,
        revision: row.int("revision")?,
    })
}

fn allocation_row(allocation: &Allocation) -> Vec<(&'static str, Value)> {
    vec![
        ("id", allocation.id.uuid().into()),
        ("customer_id", allocation.customer.uuid().into()),
        ("invoice_id", allocation.invoice.uuid().into()),
        ("payment_id", allocation.payment.map(PaymentId::uuid).into()),
        ("credit_subscription_id", allocation.subscription.map(SubscriptionId::uuid).into()),
        ("currency", allocation.amount.currency().code().into()),
        ("amount_minor", allocation.amount.minor().into()),
        ("made_at", allocation.made_at.into()),
        ("released_at", allocation.released_at.into()),
    ]
}

fn read_allocation(row: &impl Record) -> Result<Allocation, ReadError> {
    let subscription = row.uuid_or_none("credit_subscription_id")?;
    Ok(Allocation {
        id: AllocationId::from_uuid(row.uuid("id")?),
        customer: CustomerId::from_uuid(row.uuid("customer_id")?),
        invoice: InvoiceId::from_uuid(row.uuid("invoice_id")?),
        payment: row.uuid_or_none("payment_id")?.map(PaymentId::from_uuid),
        subscription: subscription.map(SubscriptionId::from_uuid),
        amount: Money::new(row.int("amount_minor")?, currency(row, "allocation")?),
        made_at: row.instant("made_at")?,
        released_at: row.instant_or_none("released_at")?,
    })
}

impl<D: Dialect> SqlTx<D> {
    /// Reads payments and then the parts of all of them.
    async fn payments(
        &mut self,
        statement: Statement,
        values: Vec<Value>,
    ) -> Result<Vec<Payment>, StoreError> {
        let payments = self.all(statement, values, read).await?;
        self.with_parts(payments).await
    }

    async fn with_parts(&mut self, mut payments: Vec<Payment>) -> Result<Vec<Payment>, StoreError> {
        if payments.is_empty() {
            return Ok(payments);
        }
        let ids = payments.iter().map(|payment| payment.id.uuid()).collect();
        let read_part = |row: &D::Found| {
            let method = known("payment_part", "method", &row.text("method")?, Method::named)?;
            let id = PaymentId::from_uuid(row.uuid("payment_id")?);
            Ok((id, method, row.text_or_none("reference")?, row.int("amount_minor")?))
        };
        let parts = self.all(PARTS, vec![Value::Uuids(ids)], read_part).await?;
        let places: HashMap<PaymentId, usize> =
            payments.iter().enumerate().map(|(place, payment)| (payment.id, place)).collect();
        for (id, method, reference, minor) in parts {
            let Some(payment) = places.get(&id).map(|place| &mut payments[*place]) else {
                continue;
            };
            let amount = Money::new(minor, payment.amount.currency());
            payment.parts.push(Part { method, reference, amount });
        }
        Ok(payments)
    }
}

#[async_trait]
impl<D: Dialect> PaymentStore for SqlTx<D> {
    async fn payment_insert(&mut self, payment: &Payment) -> Result<(), StoreError> {
        let act = "writing a payment";
        self.insert_all(act, "payment", transpose(std::iter::once(row(payment)))).await?;
        self.insert_all(act, "payment_part", transpose(part_rows(payment))).await
    }

    async fn payment_change(&mut self, payment: &Payment) -> Result<(), StoreError> {
        let reversal = payment.reversal.as_ref();
        let values = vec![
            payment.id.uuid().into(),
            payment.revision.into(),
            payment.customer.map(CustomerId::uuid).into(),
            payment.matched_at.into(),
            reversal.map(|reversal| reversal.at).into(),
            reversal.map(|reversal| reversal.reason.clone()).into(),
        ];
        match self.execute(CHANGE, values).await? {
            1 => Ok(()),
            _ => Err(StoreError::Overtaken { what: "payment" }),
        }
    }

    async fn payment_by_id(&mut self, id: PaymentId) -> Result<Option<Payment>, StoreError> {
        Ok(self.payments(BY_ID, vec![id.uuid().into()]).await?.pop())
    }

    async fn payment_by_number(
        &mut self,
        number: &DocumentNumber,
    ) -> Result<Option<Payment>, StoreError> {
        Ok(self.payments(BY_NUMBER, vec![number.as_str().into()]).await?.pop())
    }

    async fn payment_by_reference(
        &mut self,
        reference: &str,
    ) -> Result<Option<Payment>, StoreError> {
        Ok(self.payments(BY_REFERENCE, vec![reference.into()]).await?.pop())
    }

    async fn payment_page(
        &mut self,
        filter: &PaymentFilter,
        page: PageRequest<PaymentSort>,
    ) -> Result<Page<Payment>, StoreError> {
        let values = vec![
            filter.customer.map(CustomerId::uuid).into(),
            filter.in_suspense.into(),
            filter.received_from.into(),
            filter.received_to.into(),
            filter.method.map(Method::name).into(),
        ];
        let Page { items, next } = self.page(&PAGE, values, &page, read).await?;
        Ok(Page { items: self.with_parts(items).await?, next })
    }

    async fn allocations_write(&mut self, all: &[Allocation]) -> Result<(), StoreError> {
        let columns = transpose(all.iter().map(allocation_row));
        self.insert_all_or("writing allocations", "allocation", columns, RELEASED).await.map(drop)
    }

    async fn allocations_of_invoices(
        &mut self,
        invoices: &[InvoiceId],
    ) -> Result<Vec<Allocation>, StoreError> {
        let ids = Value::Uuids(invoices.iter().map(|id| id.uuid()).collect());
        self.all(ALLOCATIONS_OF_INVOICES, vec![ids], read_allocation).await
    }

    async fn allocations_of_payment(
        &mut self,
        payment: PaymentId,
    ) -> Result<Vec<Allocation>, StoreError> {
        self.all(ALLOCATIONS_OF_PAYMENT, vec![payment.uuid().into()], read_allocation).await
    }

    async fn allocations_of_invoice(
        &mut self,
        invoice: InvoiceId,
    ) -> Result<Vec<Allocation>, StoreError> {
        self.all(ALLOCATIONS_OF_INVOICE, vec![invoice.uuid().into()], read_allocation).await
    }
}
