//! One customer online: what was used so far and when it ends by itself.

use std::{fmt, net::IpAddr};

use jiff::SignedDuration;

use super::id::ObjectId;

/// How much a customer's device moves while it is online.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes a second from the customer: `bytes-in` of the router.
    pub upload_per_second: u64,
    /// Bytes a second to the customer: `bytes-out` of the router.
    pub download_per_second: u64,
}

impl Traffic {
    fn is_idle(self) -> bool {
        self == Self::default()
    }
}

/// How a customer got in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginBy {
    /// With name and password on the login page.
    HttpChap,
    /// By the cookie that the router keeps for the device; nobody asked for a password.
    MacCookie,
}

impl fmt::Display for LoginBy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::HttpChap => "http-chap",
            Self::MacCookie => "mac-cookie",
        })
    }
}

/// Why a session ended; displays as the router logs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum LogoutReason {
    /// The customer logged out.
    UserRequest,
    /// An operator removed the row.
    AdminReset,
    /// The time of the session or of the user was used up.
    SessionTimeout,
    /// The bytes of the user were used up.
    TrafficLimit,
    /// Nothing was moved for too long.
    IdleTimeout,
    /// The device did not answer for too long.
    KeepaliveTimeout,
}

impl fmt::Display for LogoutReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::UserRequest => "user request",
            Self::AdminReset => "admin reset",
            Self::SessionTimeout => "session timeout",
            Self::TrafficLimit => "traffic limit reached",
            Self::IdleTimeout => "idle timeout",
            Self::KeepaliveTimeout => "keepalive timeout",
        })
    }
}

/// What a session may use until it is cut. Fixed at login, as changes to the user do not reach a running session.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Allowance {
    pub time: Option<SignedDuration>,
    pub idle: Option<SignedDuration>,
    pub keepalive: Option<SignedDuration>,
    pub upload: Option<u64>,
    pub download: Option<u64>,
    pub total: Option<u64>,
}

#[derive(Debug)]
pub(super) struct Session {
    pub user: Vec<u8>,
    pub user_id: ObjectId,
    pub server: Vec<u8>,
    pub address: IpAddr,
    pub login_by: LoginBy,
    pub comment: Option<Vec<u8>>,
    pub allowance: Allowance,
    pub traffic: Traffic,
    pub uptime: SignedDuration,
    pub idle: SignedDuration,
    /// Since when the device does not answer.
    pub away: Option<SignedDuration>,
    /// Thousandths of a byte, so that any stretch of milliseconds adds up exactly.
    upload_thousandths: u64,
    download_thousandths: u64,
}

/// Who starts a session, and with what allowance.
#[derive(Debug)]
pub(super) struct Opening {
    pub user: Vec<u8>,
    pub user_id: ObjectId,
    pub server: Vec<u8>,
    pub address: IpAddr,
    pub login_by: LoginBy,
    pub comment: Option<Vec<u8>>,
    pub allowance: Allowance,
}

impl Session {
    pub(super) fn open(opening: Opening) -> Self {
        Self {
            user: opening.user,
            user_id: opening.user_id,
            server: opening.server,
            address: opening.address,
            login_by: opening.login_by,
            comment: opening.comment,
            allowance: opening.allowance,
            traffic: Traffic::default(),
            uptime: SignedDuration::ZERO,
            idle: SignedDuration::ZERO,
            away: None,
            upload_thousandths: 0,
            download_thousandths: 0,
        }
    }

    pub(super) fn upload(&self) -> u64 {
        self.upload_thousandths / 1000
    }

    pub(super) fn download(&self) -> u64 {
        self.download_thousandths / 1000
    }

    pub(super) fn time_left(&self) -> Option<SignedDuration> {
        let left = self.allowance.time?.saturating_sub(self.uptime);
        Some(left.max(SignedDuration::ZERO))
    }

    /// Moves bytes at once.
    pub(super) fn move_bytes(&mut self, upload: u64, download: u64) {
        self.idle = SignedDuration::ZERO;
        let add = |held: u64, bytes: u64| held.saturating_add(bytes.saturating_mul(1000));
        self.upload_thousandths = add(self.upload_thousandths, upload);
        self.download_thousandths = add(self.download_thousandths, download);
    }

    /// Lets time pass without looking at limits.
    pub(super) fn pass(&mut self, by: SignedDuration) {
        let traffic = self.traffic;
        let moved = |per_second: u64| per_second.saturating_mul(milliseconds(by));
        self.upload_thousandths =
            self.upload_thousandths.saturating_add(moved(traffic.upload_per_second));
        self.download_thousandths =
            self.download_thousandths.saturating_add(moved(traffic.download_per_second));
        self.uptime = self.uptime.saturating_add(by);
        self.idle =
            if traffic.is_idle() { self.idle.saturating_add(by) } else { SignedDuration::ZERO };
        self.away = self.away.map(|away| away.saturating_add(by));
    }

    /// When the session will end by itself, counted from now, and why.
    pub(super) fn ending(&self) -> Option<(SignedDuration, LogoutReason)> {
        let until = |limit: Option<SignedDuration>, used: SignedDuration| {
            Some(limit?.saturating_sub(used).max(SignedDuration::ZERO))
        };
        let idle = until(self.allowance.idle, self.idle).filter(|_| self.traffic.is_idle());
        let away = self.away.and_then(|away| until(self.allowance.keepalive, away));
        [
            (self.bytes_last(), LogoutReason::TrafficLimit),
            (self.time_left(), LogoutReason::SessionTimeout),
            (idle, LogoutReason::IdleTimeout),
            (away, LogoutReason::KeepaliveTimeout),
        ]
        .into_iter()
        .filter_map(|(at, reason)| Some((at?, reason)))
        .min_by_key(|(at, _)| *at)
    }

    /// How long the bytes last at the present pace.
    fn bytes_last(&self) -> Option<SignedDuration> {
        let Traffic { upload_per_second: up, download_per_second: down } = self.traffic;
        let (uploaded, downloaded) = (self.upload_thousandths, self.download_thousandths);
        let both = uploaded.saturating_add(downloaded);
        [
            lasts(self.allowance.upload, uploaded, up),
            lasts(self.allowance.download, downloaded, down),
            lasts(self.allowance.total, both, up.saturating_add(down)),
        ]
        .into_iter()
        .flatten()
        .min()
    }
}

fn lasts(allowed: Option<u64>, used_thousandths: u64, per_second: u64) -> Option<SignedDuration> {
    let left = allowed?.saturating_mul(1000).saturating_sub(used_thousandths);
    if left == 0 {
        return Some(SignedDuration::ZERO);
    }
    if per_second == 0 {
        return None;
    }
    let milliseconds = i64::try_from(left.div_ceil(per_second)).unwrap_or(i64::MAX);
    Some(SignedDuration::from_millis(milliseconds))
}

fn milliseconds(duration: SignedDuration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(0)
}
