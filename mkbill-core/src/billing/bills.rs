//! Invoices as those see them who have to pay them.

use jiff::civil::Date;
use secrecy::SecretString;

use crate::invoice::{Invoice, InvoiceState, TokenDigest};
use crate::kernel::document::DocumentNumber;
use crate::kernel::error::Error;
use crate::kernel::money::Money;
use crate::kernel::time::BusinessZone;
use crate::payment::Allocation;
use crate::settings::Business;
use crate::store::Tx;
use crate::transact::snapshot;

use super::Reader;
use super::invoices::{self, InvoiceView};

/// What paid a part of an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// On which business date.
    pub on: Date,
    /// The number of the receipt of the payment; absent if it came from credit.
    pub receipt: Option<DocumentNumber>,
    /// How much.
    pub amount: Money,
}

/// What whoever holds the link of an invoice may see: nothing but what concerns it.
#[derive(Debug, Clone)]
pub struct Bill {
    /// The invoice.
    pub invoice: Invoice,
    /// What its customer is called.
    pub customer: String,
    /// What still pays it, in the order of paying.
    pub shares: Vec<Share>,
    /// What was given back of it.
    pub noted: Money,
    /// Where its rest stands, if it was carried over: the number, and the secret part of its address.
    pub next: Option<(DocumentNumber, SecretString)>,
    /// Who asks for the money.
    pub business: Business,
    /// The zone of its days.
    pub zone: BusinessZone,
    /// The business date of today.
    pub today: Date,
}

impl Reader {
    /// The invoice that a public token opens, as its payer sees it.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if it opens none.
    pub async fn bill(&self, token: &SecretString) -> Result<Bill, Error> {
        let business = self.in_force().await?.settings.business.clone();
        let digest = invoices::digest_of(token);
        let opened = snapshot!(self.store(), |tx| open(tx, digest, self.zone()).await)?;
        let zone = self.zone().clone();
        Ok(Bill {
            invoice: opened.invoice,
            customer: opened.customer,
            shares: opened.shares,
            noted: opened.noted,
            next: opened.next.map(|next| (next.number, self.invoice_token(next.id))),
            business,
            today: zone.date(self.now()),
            zone,
        })
    }
}

/// What the database knows of a bill.
struct Opened {
    invoice: Invoice,
    customer: String,
    shares: Vec<Share>,
    noted: Money,
    next: Option<Invoice>,
}

async fn open(tx: &mut dyn Tx, digest: TokenDigest, zone: &BusinessZone) -> Result<Opened, Error> {
    let InvoiceView { invoice, allocations, credit_notes } =
        invoices::view_by_token(tx, digest).await?;
    let customer = tx.customer_by_id(invoice.customer).await?;
    let next = match invoice.state {
        InvoiceState::CarriedOver { into, .. } => Some(invoices::by_id(tx, into).await?),
        _ => None,
    };
    let live = allocations.iter().filter(|allocation| allocation.released_at.is_none());
    let mut shares = Vec::new();
    for allocation in live {
        shares.push(share(tx, allocation, zone).await?);
    }
    let noted = Money::sum(invoice.currency(), credit_notes.iter().map(|note| note.amount))?;
    let customer = customer.map(|customer| customer.name).unwrap_or_default();
    Ok(Opened { invoice, customer, shares, noted, next })
}

async fn share(
    tx: &mut dyn Tx,
    allocation: &Allocation,
    zone: &BusinessZone,
) -> Result<Share, Error> {
    let payment = match allocation.payment {
        Some(payment) => tx.payment_by_id(payment).await?,
        None => None,
    };
    let on = payment.as_ref().map(|payment| payment.received_on);
    Ok(Share {
        on: on.unwrap_or_else(|| zone.date(allocation.made_at)),
        receipt: payment.map(|payment| payment.number),
        amount: allocation.amount,
    })
}
