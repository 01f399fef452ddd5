//! Use cases around invoices and credit notes.

use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use crate::account::desk::{Desk, token_purpose};
use crate::account::issue::ManualInvoice;
use crate::account::load;
use crate::invoice::store::{CreditNoteSort, InvoiceFilter, InvoiceSort};
use crate::invoice::{CreditNote, Invoice, TokenDigest};
use crate::kernel::caller::{Caller, Fingerprint, Mode};
use crate::kernel::document::DocumentNumber;
use crate::kernel::error::Error;
use crate::kernel::ids::{CustomerId, InvoiceId};
use crate::kernel::money::Money;
use crate::kernel::page::{Page, PageRequest};
use crate::kernel::permission::Permission;
use crate::kernel::thing::Thing;
use crate::payment::Allocation;
use crate::request::Once;
use crate::store::Tx;
use crate::transact::{reading, snapshot, transact};

use super::batches::Receipt;
use super::desk::{finish, first_time, open, reason};
use super::{Billing, Reader};

/// An invoice with everything one wants to know beside it.
#[derive(Debug, Clone)]
pub struct InvoiceView {
    /// The invoice.
    pub invoice: Invoice,
    /// Everything that has ever paid it, in the order of paying.
    pub allocations: Vec<Allocation>,
    /// What was given back of it.
    pub credit_notes: Vec<CreditNote>,
}

impl Billing {
    /// Issues an invoice by hand and pays it from credit as far as that goes.
    ///
    /// # Errors
    ///
    /// A refusal for lines that make no invoice or a day that is past.
    pub async fn issue_invoice(
        &self,
        caller: &Caller,
        customer: CustomerId,
        manual: ManualInvoice,
    ) -> Result<Receipt<InvoiceView>, Error> {
        let context = self.permitted(caller, Permission::InvoicesCreate)?;
        let (value, replayed) = transact!(self.store(), caller.mode, |tx| {
            issue(tx, self.desk(context).await?, customer, &manual).await
        })?;
        Ok(Receipt { value, replayed, dry_run: caller.mode == Mode::DryRun })
    }

    /// Withdraws an open invoice; a reason has to be given. What was paid on it is credit again.
    ///
    /// # Errors
    ///
    /// A refusal for an invoice that is not open.
    pub async fn void_invoice(&self, caller: &Caller, key: &str) -> Result<InvoiceView, Error> {
        let context = self.permitted(caller, Permission::InvoicesDelete)?;
        let view =
            transact!(self.store(), caller.mode, |tx| void(tx, self.desk(context).await?, key)
                .await)?;
        Ok(view)
    }

    /// Gives a part of an invoice back as credit, its tax in proportion; a reason has to be given.
    ///
    /// # Errors
    ///
    /// A refusal for a withdrawn invoice or more than is left of it.
    pub async fn credit_invoice(
        &self,
        caller: &Caller,
        key: &str,
        amount: Money,
    ) -> Result<InvoiceView, Error> {
        let context = self.permitted(caller, Permission::InvoicesEdit)?;
        let view = transact!(self.store(), caller.mode, |tx| {
            credit(tx, self.desk(context).await?, key, amount).await
        })?;
        Ok(view)
    }
}

impl Reader {
    /// One invoice, by number or identity.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is none.
    pub async fn invoice(&self, key: &str) -> Result<InvoiceView, Error> {
        snapshot!(self.store(), |tx| view_of(tx, key).await)
    }

    /// The invoice that a public token opens.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if it opens none.
    pub async fn invoice_by_token(&self, token: &SecretString) -> Result<InvoiceView, Error> {
        let digest = digest_of(token);
        snapshot!(self.store(), |tx| view_by_token(tx, digest).await)
    }

    /// The secret part of the public address of an invoice. It opens the invoice to whoever has it, and
    /// is the same as long as the master key is.
    pub fn invoice_token(&self, invoice: InvoiceId) -> SecretString {
        SecretString::from(self.parts().master_key.token(&token_purpose(invoice)))
    }

    /// Invoices; newest first if asked for in no order.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn invoices(
        &self,
        filter: &InvoiceFilter,
        page: PageRequest<InvoiceSort>,
    ) -> Result<Page<Invoice>, Error> {
        snapshot!(self.store(), |tx| tx.invoice_page(filter, page).await)
    }

    /// Credit notes of one customer or of all; newest first if asked for in no order.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn credit_notes(
        &self,
        customer: Option<CustomerId>,
        page: PageRequest<CreditNoteSort>,
    ) -> Result<Page<CreditNote>, Error> {
        reading!(self.store(), |tx| tx.credit_note_page(customer, page).await)
    }
}

/// One by identity.
pub(super) async fn by_id(tx: &mut dyn Tx, id: InvoiceId) -> Result<Invoice, Error> {
    tx.invoice_by_id(id).await?.ok_or_else(|| Error::not_found(Thing::Invoice, id))
}

pub(super) async fn find(tx: &mut dyn Tx, key: &str) -> Result<Invoice, Error> {
    let found = match key.parse::<InvoiceId>() {
        Ok(id) => tx.invoice_by_id(id).await?,
        Err(_) => tx.invoice_by_number(&DocumentNumber::stored(key.to_owned())).await?,
    };
    found.ok_or_else(|| Error::not_found(Thing::Invoice, key))
}

async fn view_of(tx: &mut dyn Tx, key: &str) -> Result<InvoiceView, Error> {
    let invoice = find(tx, key).await?;
    view(tx, invoice).await
}

/// What a public token is stored as.
pub(super) fn digest_of(token: &SecretString) -> TokenDigest {
    TokenDigest(Sha256::digest(token.expose_secret().as_bytes()).into())
}

pub(super) async fn view_by_token(
    tx: &mut dyn Tx,
    digest: TokenDigest,
) -> Result<InvoiceView, Error> {
    let invoice = tx.invoice_by_token(digest).await?;
    view(tx, invoice.ok_or_else(|| Error::not_found(Thing::Invoice, "this token"))?).await
}

pub(super) async fn view(tx: &mut dyn Tx, invoice: Invoice) -> Result<InvoiceView, Error> {
    let allocations = tx.allocations_of_invoice(invoice.id).await?;
    let credit_notes = tx.credit_notes_of(invoice.id).await?;
    Ok(InvoiceView { invoice, allocations, credit_notes })
}

async fn issue(
    tx: &mut dyn Tx,
    mut desk: Desk<'_>,
    customer: CustomerId,
    manual: &ManualInvoice,
) -> Result<(InvoiceView, bool), Error> {
    let id = desk.id(InvoiceId::in_run);
    let input = Fingerprint::of("invoice.issue", &[&customer, manual]);
    if let Once::Again(made) = first_time(tx, &desk, input, id.uuid()).await? {
        return Ok((view_of(tx, &made.to_string()).await?, true));
    }
    let mut account = open(tx, &mut desk, customer).await?;
    if let Some(tax) = manual.tax.as_ref().filter(|tax| !desk.taxes.contains_key(tax)) {
        return Err(Error::not_found(Thing::Tax, tax));
    }
    account.issue_manual(&desk, id, manual.clone())?;
    finish(tx, &desk, account).await?;
    Ok((view_of(tx, &id.to_string()).await?, false))
}

async fn void(tx: &mut dyn Tx, mut desk: Desk<'_>, key: &str) -> Result<InvoiceView, Error> {
    let reason = reason(&desk)?;
    let invoice = find(tx, key).await?;
    let input = Fingerprint::of("invoice.void", &[&invoice.id]);
    if first_time(tx, &desk, input, invoice.id.uuid()).await? == Once::First {
        let mut account = open(tx, &mut desk, invoice.customer).await?;
        desk.context.caller.has_seen(by_id(tx, invoice.id).await?.revision)?;
        load::add_invoices(tx, &mut account, &[invoice.id]).await?;
        account.void(&desk, invoice.id, &reason)?;
        finish(tx, &desk, account).await?;
    }
    view_of(tx, &invoice.id.to_string()).await
}

async fn credit(
    tx: &mut dyn Tx,
    mut desk: Desk<'_>,
    key: &str,
    amount: Money,
) -> Result<InvoiceView, Error> {
    let reason = reason(&desk)?;
    let invoice = find(tx, key).await?;
    let input = Fingerprint::of("invoice.credit", &[&invoice.id, &amount]);
    if first_time(tx, &desk, input, invoice.id.uuid()).await? == Once::First {
        let mut account = open(tx, &mut desk, invoice.customer).await?;
        desk.context.caller.has_seen(by_id(tx, invoice.id).await?.revision)?;
        load::add_invoices(tx, &mut account, &[invoice.id]).await?;
        let before = noted(tx, &invoice).await?;
        account.credit_note(&desk, invoice.id, amount, before, &reason)?;
        finish(tx, &desk, account).await?;
    }
    view_of(tx, &invoice.id.to_string()).await
}

/// What was given back of an invoice so far.
pub(super) async fn noted(tx: &mut dyn Tx, invoice: &Invoice) -> Result<Money, Error> {
    let notes = tx.credit_notes_of(invoice.id).await?;
    Ok(Money::sum(invoice.currency(), notes.iter().map(|note| note.amount))?)
}
