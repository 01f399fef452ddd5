//! More ways to reach a customer.

use std::collections::BTreeSet;

use crate::kernel::error::Error;
use crate::kernel::language::said;
use crate::kernel::names::names;

use super::phone::{PhoneNumber, Region};
use super::text::{email, prose};

/// How many contacts one customer may have, beside the number and e-mail of their own.
pub const CONTACTS_MAX: usize = 10;
const NOTES_CHARS_MAX: usize = 200;

names! {
    /// The way a contact is reached.
    pub enum ContactKind "kind" {
        /// By message.
        Whatsapp = "whatsapp",
        /// By voice.
        Phone = "phone",
        /// By electronic mail.
        Email = "email",
    }
}

/// One more way to reach a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The way.
    pub kind: ContactKind,
    /// Number in E.164 form, or address in small letters.
    pub value: String,
    /// The first choice of its kind.
    pub is_primary: bool,
    /// Whose it is, and the like.
    pub notes: Option<String>,
}

impl Contact {
    /// A contact from what people wrote.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a value that is no number or address, and notes of more than 200
    /// characters.
    pub fn new(
        kind: ContactKind,
        value: &str,
        is_primary: bool,
        notes: Option<&str>,
        region: Region,
    ) -> Result<Self, Error> {
        let value = match kind {
            ContactKind::Whatsapp | ContactKind::Phone => {
                PhoneNumber::parse(value, region)?.to_string()
            }
            ContactKind::Email => email(value)?,
        };
        let notes = notes.map(|notes| prose("notes", notes, NOTES_CHARS_MAX)).transpose()?;
        Ok(Self { kind, value, is_primary, notes: notes.flatten() })
    }
}

/// Checks that there are at most ten contacts, each once, and one first choice for each kind.
///
/// # Errors
///
/// [`Error::Invalid`] if not.
pub fn checked(contacts: Vec<Contact>) -> Result<Vec<Contact>, Error> {
    if contacts.len() > CONTACTS_MAX {
        return Err(Error::invalid(
            "contacts",
            said!(
                "use at most {CONTACTS_MAX} contacts",
                "gunakan paling banyak {CONTACTS_MAX} kontak"
            ),
        ));
    }
    let (mut values, mut primaries) = (BTreeSet::new(), BTreeSet::new());
    for contact in &contacts {
        if !values.insert((contact.kind, &contact.value)) {
            return Err(Error::invalid(
                "contacts",
                said!("name each contact once", "sebutkan setiap kontak satu kali saja"),
            ));
        }
        if contact.is_primary && !primaries.insert(contact.kind) {
            return Err(Error::invalid(
                "contacts",
                said!(
                    "make one contact of each kind the primary one",
                    "pilih satu kontak utama untuk setiap jenis"
                ),
            ));
        }
    }
    Ok(contacts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact(kind: ContactKind, value: &str, is_primary: bool) -> Contact {
        Contact::new(kind, value, is_primary, None, Region::ID).unwrap()
    }

    #[test]
    fn there_is_one_primary_contact_of_each_kind_and_none_twice() {
        let one = contact(ContactKind::Phone, "0812 3456 7890", true);
        let same = contact(ContactKind::Phone, "+6281234567890", false);
        let other = contact(ContactKind::Phone, "0812 3456 7891", true);
        let mail = contact(ContactKind::Email, "Budi@Example.com", true);
        assert!(checked(vec![one.clone(), mail]).is_ok());
        assert!(checked(vec![one.clone(), same]).is_err());
        assert!(checked(vec![one.clone(), other]).is_err());
        assert!(checked(vec![one; CONTACTS_MAX + 1]).is_err());
    }
}
