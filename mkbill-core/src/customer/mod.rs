//! Customers: who pays, and how they are reached.

pub mod change;
pub mod contact;
pub mod export;
pub mod import;
pub mod phone;
pub mod store;
pub mod tag;
pub mod text;

use jiff::Timestamp;

use crate::kernel::error::Refusal;
use crate::kernel::ids::CustomerId;
use crate::kernel::language::Language;
use crate::kernel::money::{Currency, Money};
use crate::kernel::names::names;
use crate::kernel::time::BusinessZone;

use phone::PhoneNumber;

pub use change::{CustomerChange, NewCustomer};

names! {
    /// Whether a customer is served.
    pub enum CustomerStatus "status" {
        /// As usual.
        Active = "active",
        /// Not a customer at present.
        Inactive = "inactive",
        /// Gets no new service.
        Blacklisted = "blacklisted",
    }
}

names! {
    /// The language a customer is written to in.
    pub enum Locale "locale" {
        /// Indonesian.
        Id = "id",
        /// English.
        En = "en",
    }
}

impl From<Language> for Locale {
    fn from(language: Language) -> Self {
        match language {
            Language::Indonesian => Self::Id,
            Language::English => Self::En,
        }
    }
}

impl From<Locale> for Language {
    fn from(locale: Locale) -> Self {
        match locale {
            Locale::Id => Self::Indonesian,
            Locale::En => Self::English,
        }
    }
}

/// What a customer is called once nobody may know who it was.
pub const ANONYMOUS: &str = "Anonymous Customer";

/// Who pays.
#[derive(Debug, Clone, PartialEq)]
pub struct Customer {
    /// Identity.
    pub id: CustomerId,
    /// What people call them.
    pub name: String,
    /// Where they get messages; no two customers that are not deleted have the same.
    pub phone: PhoneNumber,
    /// The same number as it was written.
    pub phone_as_given: String,
    /// Address of electronic mail, in small letters.
    pub email: Option<String>,
    /// Where they live.
    pub address: Option<String>,
    /// What people at the counter ought to know.
    pub notes: Option<String>,
    /// The zone of their days; absent for that of the business.
    pub zone: Option<BusinessZone>,
    /// The language they are written to in.
    pub locale: Locale,
    /// Whether they are served.
    pub status: CustomerStatus,
    /// From which debt on an operator is told. A store keeps the amount alone; see
    /// [`Self::in_currency`].
    pub credit_limit: Option<Money>,
    /// Since when the debt is above its limit.
    pub high_debt_since: Option<Timestamp>,
    /// When they were last told of credit.
    pub credit_reminded_at: Option<Timestamp>,
    /// When they were deleted; their books stay.
    pub deleted_at: Option<Timestamp>,
    /// When everything personal was taken away.
    pub anonymised_at: Option<Timestamp>,
    /// When they were added.
    pub created_at: Timestamp,
    /// When they were last changed.
    pub updated_at: Timestamp,
    /// Counts the changes, from 1.
    pub revision: i64,
}

/// Why something cannot be done to a customer as they stand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CustomerRefusal {
    /// Gets no new service.
    #[error("the customer is blacklisted: set another status first")]
    Blacklisted,
    /// Is gone.
    #[error("the customer was deleted: add a new one, with the same number if you like")]
    Deleted,
    /// Nobody knows any more who it was.
    #[error("the customer was made anonymous for good: add a new one")]
    Anonymised,
    /// Still keeps subscriptions.
    #[error("the customer keeps {0} subscriptions: cancel them first")]
    HasSubscriptions(usize),
    /// Owes something, or is owed something.
    #[error("the customer has credit or open invoices: pay out or adjust what is left first")]
    NotSettled,
}

impl Refusal for CustomerRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::Blacklisted => "customer_blacklisted",
            Self::Deleted => "customer_deleted",
            Self::Anonymised => "customer_anonymised",
            Self::HasSubscriptions(_) => "customer_has_subscriptions",
            Self::NotSettled => "customer_not_settled",
        }
    }

    fn indonesian(&self) -> String {
        match self {
            Self::Blacklisted => "pelanggan ada di daftar hitam: ubah statusnya dulu".to_owned(),
            Self::Deleted => "pelanggan sudah dihapus: tambahkan yang baru, boleh dengan nomor yang sama".to_owned(),
            Self::Anonymised => "pelanggan sudah dianonimkan untuk selamanya: tambahkan yang baru".to_owned(),
            Self::HasSubscriptions(count) => format!("pelanggan masih punya {count} langganan: hentikan dulu"),
            Self::NotSettled => "pelanggan masih punya saldo atau tagihan terbuka: bayarkan atau koreksi sisanya dulu".to_owned(),
        }
    }
}

impl Customer {
    /// May a service begin, or go on after a pause?
    ///
    /// # Errors
    ///
    /// A [`CustomerRefusal`] if the customer is blacklisted or deleted.
    pub fn may_start_service(&self) -> Result<(), CustomerRefusal> {
        match (self.deleted_at, self.status) {
            (Some(_), _) => Err(CustomerRefusal::Deleted),
            (None, CustomerStatus::Blacklisted) => Err(CustomerRefusal::Blacklisted),
            (None, CustomerStatus::Active | CustomerStatus::Inactive) => Ok(()),
        }
    }

    /// May what is known of them be changed?
    ///
    /// # Errors
    ///
    /// A [`CustomerRefusal`] if the customer is deleted or anonymous.
    pub fn may_be_changed(&self) -> Result<(), CustomerRefusal> {
        match (self.deleted_at, self.anonymised_at) {
            (Some(_), _) => Err(CustomerRefusal::Deleted),
            (None, Some(_)) => Err(CustomerRefusal::Anonymised),
            (None, None) => Ok(()),
        }
    }

    /// The same customer, the limit of debt in the currency of the engine that keeps it.
    #[must_use]
    pub fn in_currency(mut self, currency: Currency) -> Self {
        self.credit_limit = self.credit_limit.map(|limit| Money::new(limit.minor(), currency));
        self
    }

    /// What a search looks through: name, both forms of the number and e-mail in small letters, a
    /// line each.
    pub fn search_text(&self) -> String {
        let email = self.email.as_deref().unwrap_or_default();
        [&self.name, self.phone.as_str(), &self.phone_as_given, email].join("\n").to_lowercase()
    }

    /// The same customer without anything personal; `phone` is a number that nobody has.
    #[must_use]
    pub fn anonymised(self, phone: PhoneNumber, now: Timestamp) -> Self {
        Self {
            name: ANONYMOUS.to_owned(),
            phone_as_given: phone.to_string(),
            phone,
            email: None,
            address: None,
            notes: None,
            status: CustomerStatus::Inactive,
            anonymised_at: Some(now),
            updated_at: now,
            ..self
        }
    }
}

/// What a customer holds and owes in one currency, from the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balance {
    /// Paid and not spent; below zero if more was spent than is there.
    pub credit: Money,
    /// The rest of all open invoices.
    pub owed: Money,
}

impl Balance {
    /// Credit less what is owed: above zero is to the customer's good.
    ///
    /// # Errors
    ///
    /// An amount that is out of range.
    pub fn net(self) -> Result<Money, crate::kernel::money::MoneyError> {
        self.credit.checked_sub(self.owed)
    }
}
