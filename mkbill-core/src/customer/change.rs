//! Customers to be added, and changes of those there are.

use jiff::Timestamp;

use crate::kernel::error::{Error, Wrongs};
use crate::kernel::ids::CustomerId;
use crate::kernel::language::said;
use crate::kernel::money::{Currency, Money};
use crate::kernel::patch::Patch;
use crate::kernel::time::BusinessZone;

use super::contact::{self, Contact};
use super::phone::GivenPhone;
use super::tag::{self, Tag};
use super::text::{ADDRESS_CHARS_MAX, NOTES_CHARS_MAX, email, name, prose};
use super::{Customer, CustomerStatus, Locale};

/// The largest balance that somebody may bring along, in minor units: the sum of a million such
/// balances still fits.
const BALANCE_MINOR_MAX: u64 = 1_000_000_000_000;

/// A customer to be added. A name and a number are all that is needed.
#[derive(Debug, Clone)]
pub struct NewCustomer {
    /// What people call them: 1 to 200 visible characters.
    pub name: String,
    /// Where they get messages; no other customer may have it.
    pub phone: GivenPhone,
    /// Address of electronic mail.
    pub email: Option<String>,
    /// Where they live: at most 500 characters.
    pub address: Option<String>,
    /// What people at the counter ought to know: at most 2,000 characters.
    pub notes: Option<String>,
    /// The zone of their days; absent for that of the business.
    pub zone: Option<BusinessZone>,
    /// The language they are written to in; absent for that of the business.
    pub locale: Option<Locale>,
    /// From which debt on an operator is told: zero or more, in the currency of the engine.
    pub credit_limit: Option<Money>,
    /// Words on them.
    pub tags: Vec<Tag>,
    /// More ways to reach them.
    pub contacts: Vec<Contact>,
    /// What they bring along: above zero to their good, below zero their debt. Zero is nothing.
    pub initial_balance: Option<Money>,
}

impl NewCustomer {
    /// A customer of whom nothing more is known.
    pub fn new(name: &str, phone: GivenPhone) -> Self {
        Self {
            name: name.to_owned(),
            phone,
            email: None,
            address: None,
            notes: None,
            zone: None,
            locale: None,
            credit_limit: None,
            tags: Vec::new(),
            contacts: Vec::new(),
            initial_balance: None,
        }
    }

    /// Checks every text and amount, and takes blanks around texts away.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] with the field that is wrong.
    pub fn checked(self, currency: Currency) -> Result<Self, Error> {
        let of = |field, text: Option<String>, most| {
            text.map(|text| prose(field, &text, most)).transpose().map(Option::flatten)
        };
        let mut wrongs = Wrongs::default();
        let limit = self.credit_limit;
        let limit = limit.map_or(Ok(()), |limit| debt_limit("credit_limit", limit, currency));
        wrongs.good(limit)?;
        let name = wrongs.good(name(&self.name))?;
        let email = self.email.filter(not_blank).map(|text| email(&text)).transpose();
        let email = wrongs.good(email)?;
        let address = wrongs.good(of("address", self.address, ADDRESS_CHARS_MAX))?;
        let notes = wrongs.good(of("notes", self.notes, NOTES_CHARS_MAX))?;
        let tags = wrongs.good(tag::checked(self.tags))?;
        let contacts = wrongs.good(contact::checked(self.contacts))?;
        let brought = self.initial_balance.filter(|amount| !amount.is_zero());
        let initial_balance = wrongs.good(brought.map(check_balance).transpose())?;
        wrongs.none()?;
        Ok(Self {
            name: name.unwrap_or_default(),
            email: email.flatten(),
            address: address.flatten(),
            notes: notes.flatten(),
            tags: tags.unwrap_or_default(),
            contacts: contacts.unwrap_or_default(),
            initial_balance: initial_balance.flatten(),
            ..self
        })
    }

    /// The customer that is added. Without a language they are written to in Indonesian.
    pub fn into_customer(self, id: CustomerId, now: Timestamp) -> Customer {
        Customer {
            id,
            name: self.name,
            phone: self.phone.number,
            phone_as_given: self.phone.text,
            email: self.email,
            address: self.address,
            notes: self.notes,
            zone: self.zone,
            locale: self.locale.unwrap_or(Locale::Id),
            status: CustomerStatus::Active,
            credit_limit: self.credit_limit,
            high_debt_since: None,
            credit_reminded_at: None,
            deleted_at: None,
            anonymised_at: None,
            created_at: now,
            updated_at: now,
            revision: 1,
        }
    }
}

#[expect(clippy::ptr_arg, reason = "`Option<String>::filter` hands it over so")]
fn not_blank(text: &String) -> bool {
    !text.trim().is_empty()
}

/// A balance that somebody may bring along.
pub(super) fn check_balance(amount: Money) -> Result<Money, Error> {
    if amount.minor().unsigned_abs() > BALANCE_MINOR_MAX {
        let problem = said!(
            "use at most {BALANCE_MINOR_MAX} minor units in either direction",
            "gunakan paling banyak {BALANCE_MINOR_MAX} satuan terkecil, lebih atau kurang"
        );
        return Err(Error::invalid("initial_balance", problem));
    }
    Ok(amount)
}

/// A debt from which on an operator is told: zero or more, in the currency of the engine.
pub(crate) fn debt_limit(
    field: &'static str,
    limit: Money,
    currency: Currency,
) -> Result<(), Error> {
    if limit.currency() != currency || limit.is_negative() {
        return Err(Error::invalid(
            field,
            said!("use zero or more {currency}", "gunakan nol atau lebih dalam {currency}"),
        ));
    }
    Ok(())
}

/// What changes of a customer; what is absent or kept stays as it is.
#[derive(Debug, Clone, Default)]
pub struct CustomerChange {
    /// What people call them.
    pub name: Option<String>,
    /// Where they get messages.
    pub phone: Option<GivenPhone>,
    /// Address of electronic mail.
    pub email: Patch<String>,
    /// Where they live.
    pub address: Patch<String>,
    /// What people at the counter ought to know.
    pub notes: Patch<String>,
    /// The zone of their days.
    pub zone: Patch<BusinessZone>,
    /// The language they are written to in.
    pub locale: Option<Locale>,
    /// Whether they are served.
    pub status: Option<CustomerStatus>,
    /// From which debt on an operator is told.
    pub credit_limit: Patch<Money>,
}

impl CustomerChange {
    /// Nothing but another status.
    pub fn to_status(status: CustomerStatus) -> Self {
        Self { status: Some(status), ..Self::default() }
    }

    /// Checks every text and amount, and takes blanks around texts away. A blank text clears.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] with the field that is wrong, or if nothing changes.
    pub fn checked(self, currency: Currency) -> Result<Self, Error> {
        if self.fields().is_empty() {
            return Err(Error::invalid(
                "customer",
                said!(
                    "name at least one field to be changed",
                    "sebutkan paling sedikit satu kolom yang diubah"
                ),
            ));
        }
        if let Patch::Set(limit) = self.credit_limit {
            debt_limit("credit_limit", limit, currency)?;
        }
        Ok(Self {
            name: self.name.map(|text| name(&text)).transpose()?,
            email: self.email.try_map(|text| match text.trim() {
                "" => Ok(None),
                text => email(text).map(Some),
            })?,
            address: self.address.try_map(|text| prose("address", &text, ADDRESS_CHARS_MAX))?,
            notes: self.notes.try_map(|text| prose("notes", &text, NOTES_CHARS_MAX))?,
            ..self
        })
    }

    /// The names of the fields it speaks of.
    pub fn fields(&self) -> Vec<&'static str> {
        let fields = [
            ("name", self.name.is_some()),
            ("phone", self.phone.is_some()),
            ("email", self.email.is_change()),
            ("address", self.address.is_change()),
            ("notes", self.notes.is_change()),
            ("zone", self.zone.is_change()),
            ("locale", self.locale.is_some()),
            ("status", self.status.is_some()),
            ("credit_limit", self.credit_limit.is_change()),
        ];
        fields.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect()
    }

    /// The customer after the change.
    pub fn apply(self, mut customer: Customer, now: Timestamp) -> Customer {
        if let Some(name) = self.name {
            customer.name = name;
        }
        if let Some(phone) = self.phone {
            customer.phone = phone.number;
            customer.phone_as_given = phone.text;
        }
        self.email.apply(&mut customer.email);
        self.address.apply(&mut customer.address);
        self.notes.apply(&mut customer.notes);
        self.zone.apply(&mut customer.zone);
        self.credit_limit.apply(&mut customer.credit_limit);
        customer.locale = self.locale.unwrap_or(customer.locale);
        customer.status = self.status.unwrap_or(customer.status);
        Customer { updated_at: now, ..customer }
    }
}
