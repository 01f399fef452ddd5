//! Staff at rest.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::apikey::KeyDigest;
use crate::kernel::ids::{StaffId, StaffSessionId};
use crate::kernel::order::sorts;
use crate::kernel::page::{Page, PageRequest};
use crate::store::StoreError;

use super::password::Hash;
use super::session::StaffSession;
use super::slow_down::Failures;
use super::{Staff, Username};

sorts! {
    /// What staff may be sorted by.
    pub StaffSort of "staff", ascending Created {
        /// When they were added.
        Created = "created": Identity,
        /// What they sign in with.
        Username = "username": Text,
    }
}

sorts! {
    /// What sessions of staff may be sorted by.
    pub StaffSessionSort of "staff-sessions", descending Created {
        /// When they signed in.
        Created = "created": Identity,
    }
}

/// Keeps staff, their sessions, and what failed when they signed in.
#[async_trait]
pub trait StaffStore: Send {
    /// Adds somebody; `false` if the username is taken.
    async fn staff_insert(&mut self, staff: &Staff, password: &Hash) -> Result<bool, StoreError>;
    /// Somebody, with their password; removed or not.
    async fn staff_by_id(&mut self, id: StaffId) -> Result<Option<(Staff, Hash)>, StoreError>;
    /// Somebody by username, with their password; removed or not.
    async fn staff_by_username(
        &mut self,
        username: &Username,
    ) -> Result<Option<(Staff, Hash)>, StoreError>;
    /// A page of those who are not removed.
    async fn staff_page(&mut self, page: PageRequest<StaffSort>)
    -> Result<Page<Staff>, StoreError>;
    /// Replaces somebody whose revision is still that of `staff`, and their password if one is given;
    /// the revision grows.
    async fn staff_replace(
        &mut self,
        staff: &Staff,
        password: Option<&Hash>,
    ) -> Result<(), StoreError>;
    /// Active super admins; held until the transaction ends, so that two of them cannot remove each
    /// other.
    async fn super_admins(&mut self) -> Result<Vec<StaffId>, StoreError>;

    /// Adds a session.
    async fn staff_session_insert(&mut self, session: &StaffSession) -> Result<(), StoreError>;
    /// A session and its holder, over or not.
    async fn staff_session_by_id(
        &mut self,
        id: StaffSessionId,
    ) -> Result<Option<(StaffSession, Staff)>, StoreError>;
    /// A page of somebody's sessions that are not over at `now`.
    async fn staff_sessions(
        &mut self,
        staff: StaffId,
        now: Timestamp,
        page: PageRequest<StaffSessionSort>,
    ) -> Result<Page<StaffSession>, StoreError>;
    /// Ends somebody's sessions, or this one only, or all but this one; answers how many held.
    async fn staff_sessions_revoke(
        &mut self,
        staff: StaffId,
        which: Sessions,
        now: Timestamp,
    ) -> Result<u64, StoreError>;
    /// Notes that a session was used.
    async fn staff_session_seen(
        &mut self,
        id: StaffSessionId,
        at: Timestamp,
    ) -> Result<(), StoreError>;
    /// Forgets sessions that were over before then.
    async fn staff_sessions_forget(&mut self, before: Timestamp) -> Result<u64, StoreError>;

    /// What failed under these names.
    async fn sign_in_failures(&mut self, subjects: &[String]) -> Result<Vec<Failures>, StoreError>;
    /// Counts one more failure; older ones than `forgotten_after` do not count any more.
    async fn sign_in_failed(
        &mut self,
        subjects: &[String],
        now: Timestamp,
        forgotten_after: SignedDuration,
    ) -> Result<(), StoreError>;
    /// Forgets what failed under these names.
    async fn sign_in_forgive(&mut self, subjects: &[String]) -> Result<(), StoreError>;
    /// Forgets failures from before then.
    async fn sign_in_failures_forget(&mut self, before: Timestamp) -> Result<u64, StoreError>;

    /// Keeps one link for setting up, in place of every older one.
    async fn setup_put(
        &mut self,
        digest: KeyDigest,
        expires_at: Timestamp,
    ) -> Result<(), StoreError>;
    /// Uses a link up; `false` if there is none that holds at `now`.
    async fn setup_take(&mut self, digest: KeyDigest, now: Timestamp) -> Result<bool, StoreError>;
}

/// Which of somebody's sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sessions {
    /// All of them.
    All,
    /// This one.
    One(StaffSessionId),
    /// All but this one.
    AllBut(StaffSessionId),
}
