//! Changes of what is stored of a router.

use secrecy::SecretString;

use crate::kernel::error::Error;
use crate::kernel::language::said;

use super::{LinkSecurity, Router, RouterAddress, RouterName, Trust, checked_username};

/// How a connection is protected from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecurityChange {
    /// In this way.
    To(LinkSecurity),
    /// By a pin as before, which is this one now.
    Pin(String),
}

/// What changes of a router; what is absent stays as it is.
#[derive(Debug, Clone, Default)]
pub struct RouterChange {
    /// The operator's name for it.
    pub name: Option<RouterName>,
    /// Host name or address.
    pub host: Option<String>,
    /// TCP port. A port that is the default of its kind of connection follows a change of that kind.
    pub port: Option<u16>,
    /// How protected.
    pub security: Option<SecurityChange>,
    /// The API user.
    pub username: Option<String>,
    /// The API user's password.
    pub password: Option<SecretString>,
}

impl RouterChange {
    /// The router as it is to be, but for its password.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] names the field that is out of bounds.
    pub fn apply(&self, router: &Router) -> Result<Router, Error> {
        let security = self.security(&router.security)?;
        let host = self.host.as_deref().unwrap_or(&router.address.host);
        let port = self.port.unwrap_or_else(|| {
            let is_default = router.address.port == router.security.default_port();
            if is_default { security.default_port() } else { router.address.port }
        });
        let username = self.username.clone().unwrap_or_else(|| router.username.clone());
        Ok(Router {
            name: self.name.clone().unwrap_or_else(|| router.name.clone()),
            address: RouterAddress::new(host, port)?,
            security,
            username: checked_username(username)?,
            ..router.clone()
        })
    }

    fn security(&self, before: &LinkSecurity) -> Result<LinkSecurity, Error> {
        match (&self.security, before) {
            (None, before) => Ok(before.clone()),
            (Some(SecurityChange::To(security)), _) => Ok(security.clone()),
            (Some(SecurityChange::Pin(pin)), LinkSecurity::Tls(Trust::Pin(_))) => {
                Ok(LinkSecurity::Tls(Trust::Pin(pin.clone())))
            }
            (Some(SecurityChange::Pin(_)), _) => Err(Error::invalid(
                "certificate_pin",
                said!(
                    "give it with security `tls_pinned` only",
                    "isi hanya bersama keamanan `tls_pinned`"
                ),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::kernel::ids::RouterId;
    use crate::kernel::secret::Sealed;
    use crate::router::{RouterHealth, RouterRefusal, RouterUse};

    const PLAIN: LinkSecurity = LinkSecurity::Plain;

    fn pinned(pin: &str) -> LinkSecurity {
        LinkSecurity::Tls(Trust::Pin(pin.to_owned()))
    }

    fn router(port: u16, security: LinkSecurity) -> Router {
        Router {
            id: RouterId::from_uuid(uuid::Uuid::nil()),
            name: "rt-05".parse().unwrap(),
            address: RouterAddress::new("192.0.2.1", port).unwrap(),
            security,
            username: "mkbill".to_owned(),
            password: Sealed::from_bytes(Vec::new()),
            health: RouterHealth::default(),
            created_at: Timestamp::UNIX_EPOCH,
            removed_at: None,
        }
    }

    #[test]
    fn a_default_port_follows_the_kind_of_connection_and_another_stays() {
        let tls = RouterChange {
            security: Some(SecurityChange::To(pinned("ab"))),
            ..RouterChange::default()
        };
        assert_eq!(tls.apply(&router(8728, PLAIN)).unwrap().address.port, 8729);
        assert_eq!(tls.apply(&router(9000, PLAIN)).unwrap().address.port, 9000);
        let chosen = RouterChange { port: Some(8728), ..tls };
        assert_eq!(chosen.apply(&router(8728, PLAIN)).unwrap().address.port, 8728);
        let named = RouterChange { host: Some("rt-05.lan".to_owned()), ..RouterChange::default() };
        assert_eq!(
            named.apply(&router(9000, PLAIN)).unwrap().address.to_string(),
            "rt-05.lan:9000"
        );
    }

    #[test]
    fn a_pin_alone_takes_the_place_of_a_pin_only() {
        let pin = RouterChange {
            security: Some(SecurityChange::Pin("cd".to_owned())),
            ..RouterChange::default()
        };
        assert_eq!(pin.apply(&router(8729, pinned("ab"))).unwrap().security, pinned("cd"));
        let error = pin.apply(&router(8728, PLAIN)).unwrap_err();
        assert!(matches!(error, Error::Invalid { field: "certificate_pin", .. }));
    }

    #[test]
    fn what_could_not_be_added_cannot_be_set() {
        for (change, field) in [
            (RouterChange { host: Some("a b".to_owned()), ..RouterChange::default() }, "host"),
            (RouterChange { port: Some(0), ..RouterChange::default() }, "port"),
            (RouterChange { username: Some(String::new()), ..RouterChange::default() }, "username"),
        ] {
            let error = change.apply(&router(8728, PLAIN)).unwrap_err();
            assert!(matches!(error, Error::Invalid { field: name, .. } if name == field));
        }
    }

    #[test]
    fn a_router_goes_when_nobody_needs_it_and_nobody_is_left_on_it_who_should_not_be() {
        let here = router(8728, PLAIN);
        let away = Router {
            health: RouterHealth { failures: 1, ..RouterHealth::default() },
            ..here.clone()
        };
        let used = |subscribers, vouchers, leaving| RouterUse { subscribers, vouchers, leaving };
        assert!(here.may_be_removed(used(0, 0, 0)).is_ok());
        for needed in [used(1, 0, 0), used(0, 1, 0)] {
            let refused = away.may_be_removed(needed).unwrap_err();
            assert!(matches!(refused, RouterRefusal::InUse { .. }));
        }
        assert!(matches!(here.may_be_removed(used(0, 0, 2)), Err(RouterRefusal::Untold { .. })));
        assert!(away.may_be_removed(used(0, 0, 2)).is_ok(), "it may be gone for good");
    }
}
