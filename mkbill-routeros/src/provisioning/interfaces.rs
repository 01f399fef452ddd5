//! What a look shows of interfaces.

use mkbill_core::provisioning::controller::ObservedInterface;

use crate::client::Answer;
use crate::command::{Command, Record, Row};
use crate::error::{Error, FieldError};

use super::observe::{is_set, size_of, table};

/// The interfaces that do not come and go with sessions. Those that do may be thousands, and are left
/// out by the router: only they have the property `dynamic` at all.
pub(super) fn lasting() -> Command {
    table::<Lasting>().where_is("dynamic", "true").query("#!")
}

struct Lasting(ObservedInterface);

impl Record for Lasting {
    const MENU: &'static str = "/interface";
    const FIELDS: &'static [&'static str] =
        &["name", "type", "running", "disabled", "rx-byte", "tx-byte"];

    fn read(row: &Row) -> Result<Self, Error> {
        let unusable = |field, source| Error::Row { menu: Self::MENU, field, source };
        let text = |field| row.text(field).map(std::borrow::Cow::into_owned);
        let bytes = |field| {
            let read = size_of(row, field).map_err(|source| unusable(field, source))?;
            Ok::<_, Error>(read.unwrap_or_default())
        };
        Ok(Self(ObservedInterface {
            name: text("name").ok_or_else(|| unusable("name", FieldError::Missing))?,
            kind: text("type").unwrap_or_default(),
            running: is_set(row, "running"),
            disabled: is_set(row, "disabled"),
            rx_bytes: bytes("rx-byte")?,
            tx_bytes: bytes("tx-byte")?,
        }))
    }
}

/// Interfaces only say how busy a router is: that they cannot be read makes no look incomplete, as
/// long as the connection holds.
pub(super) fn read(answer: Result<Answer, Error>) -> Result<Option<Vec<ObservedInterface>>, Error> {
    match answer.and_then(|answer| answer.records::<Lasting>()) {
        Ok(rows) => Ok(Some(rows.into_iter().map(|row| row.0).collect())),
        Err(Error::Refused { .. } | Error::Row { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
