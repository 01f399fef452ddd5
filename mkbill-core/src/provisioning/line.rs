//! What a login says beyond its name, password and profile: who may use it, and which addresses it gets.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::{Map, Value};

use crate::kernel::error::Error;
use crate::kernel::language::said;
use crate::kernel::names::names;
use crate::kernel::wrong::Wrong;

use super::LoginKind;

const TEXT_CHARS_MAX: usize = 200;
const MAC_BYTES: usize = 6;
/// What some releases show for a device that is not bound.
const NO_DEVICE: &str = "00:00:00:00:00:00";
/// For which kind of tunnel a secret is unless something else is said.
const SERVICE_DEFAULT: &str = "pppoe";
const SERVICES: [&str; 7] = ["any", "async", "l2tp", "ovpn", "pppoe", "pptp", "sstp"];

names! {
    /// A field of a login on the router.
    pub enum LineField "line" {
        /// For which kind of tunnel a secret is.
        Service = "service",
        /// The only device that may use the login.
        CallerId = "caller_id",
        /// The router's address in the tunnel.
        LocalAddress = "local_address",
        /// The customer's fixed address.
        RemoteAddress = "remote_address",
        /// The customer's IPv6 prefix.
        RemoteIpv6Prefix = "remote_ipv6_prefix",
        /// Networks behind the customer.
        Routes = "routes",
        /// IPv6 networks behind the customer; RouterOS 7 only.
        Ipv6Routes = "ipv6_routes",
        /// Bytes from the customer that one session may move.
        LimitBytesIn = "limit_bytes_in",
        /// Bytes to the customer that one session may move.
        LimitBytesOut = "limit_bytes_out",
    }
}

impl LineField {
    /// What the router calls it in the menu of `kind`; `None` if it has no such field there.
    pub const fn on_router(self, kind: LoginKind) -> Option<&'static str> {
        match (kind, self) {
            (LoginKind::Hotspot, Self::CallerId) => Some("mac-address"),
            (LoginKind::Hotspot, Self::RemoteAddress) => Some("address"),
            (LoginKind::Hotspot, _) => None,
            (LoginKind::Pppoe, Self::Service) => Some("service"),
            (LoginKind::Pppoe, Self::CallerId) => Some("caller-id"),
            (LoginKind::Pppoe, Self::LocalAddress) => Some("local-address"),
            (LoginKind::Pppoe, Self::RemoteAddress) => Some("remote-address"),
            (LoginKind::Pppoe, Self::RemoteIpv6Prefix) => Some("remote-ipv6-prefix"),
            (LoginKind::Pppoe, Self::Routes) => Some("routes"),
            (LoginKind::Pppoe, Self::Ipv6Routes) => Some("ipv6-routes"),
            (LoginKind::Pppoe, Self::LimitBytesIn) => Some("limit-bytes-in"),
            (LoginKind::Pppoe, Self::LimitBytesOut) => Some("limit-bytes-out"),
        }
    }

    /// Checks a value and gives the form in which it is kept and compared.
    fn read(self, text: &str, kind: LoginKind) -> Result<String, Wrong> {
        match self {
            Self::Service => {
                let known = SERVICES.contains(&text);
                known.then(|| text.to_owned()).ok_or_else(|| Wrong::OneOf(SERVICES.to_vec()))
            }
            Self::CallerId => match (mac(text), kind) {
                (Some(mac), _) => Ok(mac),
                (None, LoginKind::Pppoe) => plain(text),
                (None, LoginKind::Hotspot) => Err(said!(
                    "give a MAC address such as 4C:5E:0C:12:34:56",
                    "isi alamat MAC seperti 4C:5E:0C:12:34:56"
                )
                .into()),
            },
            Self::LocalAddress | Self::RemoteAddress => {
                text.parse::<Ipv4Addr>().map(|address| address.to_string()).map_err(|_| {
                    said!(
                        "give an IPv4 address such as 10.20.0.7",
                        "isi alamat IPv4 seperti 10.20.0.7"
                    )
                    .into()
                })
            }
            Self::RemoteIpv6Prefix => prefix(text).ok_or_else(|| {
                said!(
                    "give an IPv6 prefix such as 2001:db8:7::/56",
                    "isi prefiks IPv6 seperti 2001:db8:7::/56"
                )
                .into()
            }),
            Self::Routes | Self::Ipv6Routes => plain(text),
            Self::LimitBytesIn | Self::LimitBytesOut => match text.parse::<u64>() {
                Ok(bytes) if bytes > 0 => Ok(bytes.to_string()),
                _ => Err(said!(
                    "give a number of bytes above 0, or leave it out for no limit",
                    "isi jumlah byte di atas 0, atau kosongkan untuk tanpa batas"
                )
                .into()),
            },
        }
    }

    /// The form in which what a router shows is compared; `None` for a field that says nothing.
    fn shown(self, text: &str, kind: LoginKind) -> Option<String> {
        let says_nothing = match self {
            Self::CallerId => text == NO_DEVICE,
            Self::LimitBytesIn | Self::LimitBytesOut => text == "0",
            _ => false,
        };
        if text.is_empty() || says_nothing {
            return None;
        }
        Some(self.read(text, kind).unwrap_or_else(|_| text.to_owned()))
    }
}

/// A MAC address in any usual spelling, in the spelling of RouterOS.
fn mac(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split([':', '-']).collect();
    let is_byte =
        |part: &&str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    (parts.len() == MAC_BYTES && parts.iter().all(is_byte))
        .then(|| parts.join(":").to_ascii_uppercase())
}

fn prefix(text: &str) -> Option<String> {
    let (address, length) = text.split_once('/')?;
    let (address, length): (Ipv6Addr, u8) = (address.parse().ok()?, length.parse().ok()?);
    (length <= 128).then(|| format!("{address}/{length}"))
}

fn plain(text: &str) -> Result<String, Wrong> {
    let fits = (1..=TEXT_CHARS_MAX).contains(&text.len());
    let shows = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    (fits && shows && text.trim() == text).then(|| text.to_owned()).ok_or_else(|| {
        said!(
            "use 1 to {TEXT_CHARS_MAX} visible ASCII characters",
            "gunakan 1 sampai {TEXT_CHARS_MAX} karakter ASCII yang terlihat"
        )
        .into()
    })
}

/// What a login says beyond its name, password and profile. A field that is absent is empty on the
/// router, so that the profile decides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line(BTreeMap<LineField, String>);

impl Line {
    /// Checks what was asked for. A secret is for PPPoE unless its `service` says otherwise.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] names the field that is not known in the menu of `kind`, comes twice or
    /// has a value that a router would refuse.
    pub fn of(
        kind: LoginKind,
        fields: impl IntoIterator<Item = (LineField, String)>,
    ) -> Result<Self, Error> {
        let mut line = BTreeMap::new();
        for (field, text) in fields {
            if field.on_router(kind).is_none() {
                return Err(Error::invalid(
                    field.name(),
                    said!("only a PPPoE login has it", "hanya login PPPoE yang memilikinya"),
                ));
            }
            let value = field.read(&text, kind).map_err(|why| Error::invalid(field.name(), why))?;
            match line.entry(field) {
                Entry::Vacant(empty) => drop(empty.insert(value)),
                Entry::Occupied(_) => {
                    return Err(Error::invalid(
                        field.name(),
                        said!("give it once", "isi satu kali saja"),
                    ));
                }
            }
        }
        if kind == LoginKind::Pppoe {
            line.entry(LineField::Service).or_insert_with(|| SERVICE_DEFAULT.to_owned());
        }
        Ok(Self(line))
    }

    /// What a router shows of a login, by its own names of the fields.
    pub fn shown<'a>(kind: LoginKind, value: impl Fn(&'static str) -> Option<String> + 'a) -> Self {
        let fields = LineField::ALL.iter().filter_map(|field| {
            let text = value(field.on_router(kind)?)?;
            Some((*field, field.shown(&text, kind)?))
        });
        Self(fields.collect())
    }

    /// The value of a field.
    pub fn get(&self, field: LineField) -> Option<&str> {
        self.0.get(&field).map(String::as_str)
    }

    /// All fields that say something.
    pub fn fields(&self) -> impl Iterator<Item = (LineField, &str)> {
        self.0.iter().map(|(field, value)| (*field, value.as_str()))
    }

    /// What has to be written for `found` to be this: the new value, or `None` to clear the field.
    pub fn changes_of(&self, found: &Self) -> Vec<(LineField, Option<String>)> {
        let sets = self.0.iter().filter(|(field, value)| found.0.get(field) != Some(value));
        let clears = found.0.keys().filter(|field| !self.0.contains_key(field));
        sets.map(|(field, value)| (*field, Some(value.clone())))
            .chain(clears.map(|field| (*field, None)))
            .collect()
    }

    /// The fields as a JSON object; `None` for a line without any.
    pub(crate) fn to_json(&self) -> Option<Value> {
        let members = self.0.iter();
        let object: Map<String, Value> = members
            .map(|(field, value)| (field.name().to_owned(), value.as_str().into()))
            .collect();
        (!object.is_empty()).then_some(Value::Object(object))
    }

    /// Reads what [`Self::to_json`] wrote.
    pub(crate) fn from_json(json: Option<Value>) -> Option<Self> {
        let Some(json) = json else { return Some(Self::default()) };
        let members = json.as_object()?.iter();
        let fields = members
            .map(|(name, value)| Some((LineField::named(name)?, value.as_str()?.to_owned())));
        fields.collect::<Option<_>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(kind: LoginKind, fields: &[(LineField, &str)]) -> Result<Line, Error> {
        Line::of(kind, fields.iter().map(|(field, text)| (*field, (*text).to_owned())))
    }

    #[test]
    fn what_a_router_would_refuse_is_refused_here() {
        let wrong = [
            (LineField::Service, "telegraph"),
            (LineField::LocalAddress, "10.0.0"),
            (LineField::RemoteAddress, "pool-1"),
            (LineField::RemoteIpv6Prefix, "2001:db8::/129"),
            (LineField::Routes, ""),
            (LineField::CallerId, "two\nlines"),
            (LineField::LimitBytesIn, "0"),
        ];
        for (field, text) in wrong {
            let error = line(LoginKind::Pppoe, &[(field, text)]).unwrap_err();
            assert!(matches!(error, Error::Invalid { field: name, .. } if name == field.name()));
        }
        assert!(line(LoginKind::Hotspot, &[(LineField::Routes, "10.1.0.0/24")]).is_err());
        assert!(line(LoginKind::Hotspot, &[(LineField::CallerId, "any text")]).is_err());
        let twice = [(LineField::Service, "any"), (LineField::Service, "pppoe")];
        assert!(line(LoginKind::Pppoe, &twice).is_err());
    }

    #[test]
    fn a_device_is_the_same_in_every_spelling() {
        let wanted = line(LoginKind::Pppoe, &[(LineField::CallerId, "4c-5e-0c-12-34-56")]).unwrap();
        let found = Line::shown(LoginKind::Pppoe, |name| match name {
            "caller-id" => Some("4C:5E:0C:12:34:56".to_owned()),
            "service" => Some("pppoe".to_owned()),
            "limit-bytes-in" => Some("0".to_owned()),
            _ => Some(String::new()),
        });
        assert_eq!(wanted, found);
        assert!(wanted.changes_of(&found).is_empty());
    }

    #[test]
    fn what_somebody_else_wrote_into_a_field_is_cleared() {
        let wanted = line(LoginKind::Hotspot, &[]).unwrap();
        let zeros = |name| (name == "mac-address").then(|| NO_DEVICE.to_owned());
        assert_eq!(Line::shown(LoginKind::Hotspot, zeros), wanted);
        let odd = |name| (name == "address").then(|| "no address".to_owned());
        let changes = wanted.changes_of(&Line::shown(LoginKind::Hotspot, odd));
        assert_eq!(changes, [(LineField::RemoteAddress, None)]);
    }

    #[test]
    fn a_stored_line_comes_back() {
        let fields = [(LineField::RemoteAddress, "10.20.0.7"), (LineField::LimitBytesOut, "5000")];
        let line = line(LoginKind::Pppoe, &fields).unwrap();
        assert_eq!(Line::from_json(line.to_json()), Some(line.clone()));
        assert_eq!(Line::from_json(None), Some(Line::default()));
        assert_eq!(Line::from_json(Some(serde_json::json!({"colour": "red"}))), None);
        assert_eq!(line.fields().count(), 3, "the service is said too");
    }
}
