//! The services of the router: who may connect, and how many at once.

use std::net::IpAddr;

use super::{menus, prefix, rights::Rights, router::Router};

/// How many connections each service holds, in the order of [`Service`].
pub(super) type Connections = [usize; 5];

/// A row of `/ip/service`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    Api,
    ApiSsl,
    Www,
    WwwSsl,
    /// Used for files only.
    #[cfg(feature = "sim-sftp")]
    Ssh,
}

impl Service {
    /// Its name in `/ip/service`.
    const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::ApiSsl => "api-ssl",
            Self::Www => "www",
            Self::WwwSsl => "www-ssl",
            #[cfg(feature = "sim-sftp")]
            Self::Ssh => "ssh",
        }
    }

    const fn place(self) -> usize {
        match self {
            Self::Api => 0,
            Self::ApiSsl => 1,
            Self::Www => 2,
            Self::WwwSsl => 3,
            #[cfg(feature = "sim-sftp")]
            Self::Ssh => 4,
        }
    }

    /// How `/user/active` and the log call a connection to it.
    pub(super) const fn via(self) -> &'static str {
        match self {
            Self::Api | Self::ApiSsl => "api",
            Self::Www | Self::WwwSsl => "rest-api",
            #[cfg(feature = "sim-sftp")]
            Self::Ssh => "ssh",
        }
    }

    /// What an account needs to log in.
    pub(super) const fn policy(self) -> Rights {
        match self {
            Self::Api | Self::ApiSsl => Rights::API,
            Self::Www | Self::WwwSsl => Rights::REST_API,
            #[cfg(feature = "sim-sftp")]
            Self::Ssh => Rights::SSH.and(Rights::FTP),
        }
    }
}

impl Router {
    /// Whether a new connection is served. A router that says no closes it without a word: that is what a client sees
    /// of a service that is disabled, closed to its address, or holds as many connections as `max-sessions` allows.
    pub(super) fn open_connection(&mut self, service: Service, peer: IpAddr) -> bool {
        let services = self.table(menus::SERVICE);
        let Some(id) = services.named(service.name().as_bytes()).first().copied() else {
            return true;
        };
        let text = |column: &str| {
            services.text(id, column).map(|text| String::from_utf8_lossy(text).into_owned())
        };
        let is_enabled = text("disabled").as_deref() != Some("true");
        let may_come = text("address").is_none_or(|list| prefix::any_holds(&list, peer));
        let limits = self.routeros.version().limits_sessions();
        let sessions_max = text("max-sessions").filter(|_| limits);
        let sessions_max = sessions_max.and_then(|text| text.parse().ok()).unwrap_or(usize::MAX);
        let held = &mut self.connections[service.place()];
        let is_admitted = self.is_powered && is_enabled && may_come && *held < sessions_max;
        *held += usize::from(is_admitted);
        is_admitted
    }

    /// A connection that was admitted is over.
    pub(super) fn end_connection(&mut self, service: Service) {
        let held = &mut self.connections[service.place()];
        *held = held.saturating_sub(1);
    }
}
