//! Operations: work that its client does not wait for. A worker does it, and whoever asked for it can
//! look how it fares, cancel it, and find what came of it for a week.

pub mod failure;
pub mod store;
pub mod wish;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::kernel::caller::{Actor, Authority, Caller, Fingerprint, IdempotencyKey, Origin};
use crate::kernel::error::{Error, Refusal};
use crate::kernel::ids::OperationId;
use crate::kernel::names::names;
use crate::kernel::permission::{Forbidden, Permission, Permissions};
use crate::kernel::table::LineError;

use failure::Failure;

/// For how many days an operation is kept after its end.
pub const OPERATIONS_KEPT_DAYS: i32 = 7;
/// How many operations of one asker may be under way.
pub const OPERATIONS_OPEN_MAX: u64 = 20;
/// After which time a crowded asker may find room.
const CROWDED_RETRY: SignedDuration = SignedDuration::from_secs(10);

names! {
    /// What is done.
    pub enum OperationKind "kind" {
        /// A batch of vouchers is made and pushed to its router.
        CreateBatch = "create_batch",
        /// Subscriptions with their logins are made from a file.
        ImportLogins = "import_logins",
        /// Customers are added from a file.
        ImportCustomers = "import_customers",
        /// A router is looked at and brought in step.
        ApplyRouter = "apply_router",
    }
}

impl OperationKind {
    /// What somebody has to hold, when they ask and when it is done.
    pub const fn permission(self) -> Permission {
        match self {
            Self::CreateBatch => Permission::VouchersCreate,
            Self::ImportLogins => Permission::LoginsCreate,
            Self::ImportCustomers => Permission::CustomersCreate,
            Self::ApplyRouter => Permission::RoutersSync,
        }
    }
}

names! {
    /// The name of a state.
    pub enum StateName "state" {
        /// No worker has begun.
        Waiting = "waiting",
        /// A worker has begun.
        Running = "running",
        /// It is done.
        Succeeded = "succeeded",
        /// It could not be done.
        Failed = "failed",
        /// Somebody wanted it no more.
        Cancelled = "cancelled",
    }
}

names! {
    /// The kind of thing that an operation is about.
    pub enum SubjectKind "subject_kind" {
        /// A batch of vouchers.
        VoucherBatch = "voucher_batch",
        /// A router.
        Router = "router",
    }
}

/// What an operation makes or works on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Its kind.
    pub kind: SubjectKind,
    /// Its identity.
    pub id: Uuid,
    /// What people call it: a number, a name.
    pub name: String,
}

/// How far an operation has come: items of a batch, lines of a file, looks at a router.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// How many are settled.
    pub done: u64,
    /// Of those, how many wait until a person acts.
    pub blocked: u64,
    /// How many there are; 0 before that is known.
    pub total: u64,
}

impl Progress {
    /// Is nothing left that settles by itself?
    pub const fn is_complete(self) -> bool {
        self.done >= self.total
    }
}

/// What a worker has done so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// When it began.
    pub since: Timestamp,
    /// How far it has come.
    pub progress: Progress,
    /// What was made or is worked on, once that is there.
    pub subject: Option<Subject>,
}

/// What became of the lines of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    /// How many lines spoke of something.
    pub total: u64,
    /// How many of them were taken over.
    pub imported: u64,
    /// Those that were there already.
    pub existing: Vec<LineError>,
    /// How many were bad.
    pub failed: u64,
    /// What was wrong with them.
    pub errors: Vec<LineError>,
}

/// Where an operation stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OperationState {
    /// No worker has begun.
    Waiting,
    /// A worker has begun.
    Running(Work),
    /// It is done.
    Succeeded {
        /// What was done.
        work: Work,
        /// When it ended.
        at: Timestamp,
        /// What became of the lines of a file, if there was one.
        lines: Option<Lines>,
    },
    /// It could not be done.
    Failed {
        /// What was done until then; nothing if it was not begun.
        work: Option<Work>,
        /// When it ended.
        at: Timestamp,
        /// Why.
        problem: Failure,
    },
    /// Somebody wanted it no more.
    Cancelled {
        /// What was done until then, which stays; nothing if it was not begun.
        work: Option<Work>,
        /// When.
        at: Timestamp,
        /// By whom.
        by: Actor,
    },
}

impl OperationState {
    /// Its name.
    pub const fn name(&self) -> StateName {
        match self {
            Self::Waiting => StateName::Waiting,
            Self::Running(_) => StateName::Running,
            Self::Succeeded { .. } => StateName::Succeeded,
            Self::Failed { .. } => StateName::Failed,
            Self::Cancelled { .. } => StateName::Cancelled,
        }
    }

    /// What a worker did; nothing before it has begun.
    pub const fn work(&self) -> Option<&Work> {
        match self {
            Self::Waiting => None,
            Self::Running(work) | Self::Succeeded { work, .. } => Some(work),
            Self::Failed { work, .. } | Self::Cancelled { work, .. } => work.as_ref(),
        }
    }

    /// When it ended; nothing while it goes on.
    pub const fn ended_at(&self) -> Option<Timestamp> {
        match self {
            Self::Waiting | Self::Running(_) => None,
            Self::Succeeded { at, .. } | Self::Failed { at, .. } | Self::Cancelled { at, .. } => {
                Some(*at)
            }
        }
    }
}

/// Who asked, from where and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    /// Who.
    pub actor: Actor,
    /// What their permissions rest on.
    pub authority: Authority,
    /// What they might do when they asked.
    pub permissions: Permissions,
    /// From where.
    pub origin: Origin,
    /// Why, in their words.
    pub reason: Option<String>,
}

impl Asker {
    /// Of a caller.
    pub fn of(caller: &Caller) -> Self {
        Self {
            actor: caller.actor.clone(),
            authority: caller.authority,
            permissions: caller.permissions,
            origin: caller.origin.clone(),
            reason: caller.reason.clone(),
        }
    }

    /// Is it they who call?
    pub fn is(&self, caller: &Caller) -> bool {
        self.authority == caller.authority
            && (caller.authority != Authority::Program || self.actor == caller.actor)
    }

    /// They as the caller of a use case, with this key; they may do no more than `now` lets them, and no
    /// more than when they asked.
    #[must_use]
    pub fn caller(&self, now: Permissions, key: IdempotencyKey) -> Caller {
        let caller = Caller::new(self.actor.clone()).on_authority(self.authority);
        let caller = caller.limited_to(self.permissions).limited_to(now).with_key(key);
        Caller { reason: self.reason.clone(), ..caller.coming_from(self.origin.clone()) }
    }
}

/// Work that its client does not wait for. What exactly is wished is kept apart, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Identity.
    pub id: OperationId,
    /// What is done.
    pub kind: OperationKind,
    /// Where it stands.
    pub state: OperationState,
    /// Who asked.
    pub asker: Asker,
    /// Their own name for the request.
    pub key: Option<IdempotencyKey>,
    /// A digest of what is wished.
    pub input: Fingerprint,
    /// When it was asked for.
    pub made_at: Timestamp,
}

impl Operation {
    /// What the wish is sealed for.
    pub fn purpose(id: OperationId) -> String {
        format!("operation:{id}")
    }

    /// Is it over?
    pub const fn is_over(&self) -> bool {
        self.state.ended_at().is_some()
    }

    /// The key under which its effect happens once: its asker's own, so that the same request without
    /// waiting and with it are one, else one that follows from its identity.
    pub fn effect_key(&self) -> Result<IdempotencyKey, Error> {
        self.key.clone().map_or_else(|| Self::purpose(self.id).parse(), Ok)
    }

    /// Lets its asker pass, and whoever holds this permission.
    ///
    /// # Errors
    ///
    /// [`Forbidden`].
    pub fn admits(&self, caller: &Caller, others: Permission) -> Result<(), Forbidden> {
        if self.asker.is(caller) || caller.may(others) { Ok(()) } else { Err(Forbidden(others)) }
    }

    /// A worker begins, or goes on.
    ///
    /// # Errors
    ///
    /// [`OperationRefusal::Over`].
    pub fn begun(self, now: Timestamp) -> Result<Self, OperationRefusal> {
        let state = match self.state {
            OperationState::Waiting => {
                let progress = Progress::default();
                OperationState::Running(Work { since: now, progress, subject: None })
            }
            OperationState::Running(work) => OperationState::Running(work),
            over => return Err(OperationRefusal::Over(over.name())),
        };
        Ok(Self { state, ..self })
    }

    /// It has come so far.
    ///
    /// # Errors
    ///
    /// [`OperationRefusal::Over`].
    pub fn advanced(self, work: Work) -> Result<Self, OperationRefusal> {
        self.open()?;
        Ok(Self { state: OperationState::Running(work), ..self })
    }

    /// It is done.
    ///
    /// # Errors
    ///
    /// [`OperationRefusal::Over`].
    pub fn succeeded(
        self,
        work: Work,
        lines: Option<Lines>,
        at: Timestamp,
    ) -> Result<Self, OperationRefusal> {
        self.open()?;
        Ok(Self { state: OperationState::Succeeded { work, at, lines }, ..self })
    }

    /// It cannot be done.
    ///
    /// # Errors
    ///
    /// [`OperationRefusal::Over`].
    pub fn failed(self, problem: Failure, at: Timestamp) -> Result<Self, OperationRefusal> {
        self.open()?;
        let work = self.state.work().cloned();
        Ok(Self { state: OperationState::Failed { work, at, problem }, ..self })
    }

    /// Somebody wants it no more.
    ///
    /// # Errors
    ///
    /// [`OperationRefusal::Over`].
    pub fn cancelled(self, by: Actor, at: Timestamp) -> Result<Self, OperationRefusal> {
        self.open()?;
        let work = self.state.work().cloned();
        Ok(Self { state: OperationState::Cancelled { work, at, by }, ..self })
    }

    const fn open(&self) -> Result<(), OperationRefusal> {
        if self.is_over() { Err(OperationRefusal::Over(self.state.name())) } else { Ok(()) }
    }
}

/// Why an operation is not taken on, or not cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OperationRefusal {
    /// It has come to its end.
    #[error("the operation is over (`{0}`): nothing of it can be changed any more")]
    Over(StateName),
    /// Its asker has as many under way as there may be.
    #[error(
        "{OPERATIONS_OPEN_MAX} operations of yours are under way: wait until one is over, or cancel one"
    )]
    Crowded,
}

impl Refusal for OperationRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::Over(_) => "operation_over",
            Self::Crowded => "operations_crowded",
        }
    }

    fn indonesian(&self) -> String {
        match self {
            Self::Over(state) => {
                format!("operasi sudah berakhir (`{state}`): tidak ada lagi yang bisa diubah")
            }
            Self::Crowded => format!(
                "{OPERATIONS_OPEN_MAX} operasi Anda masih berjalan: tunggu sampai ada yang selesai, atau batalkan salah satu"
            ),
        }
    }

    fn retry_after(&self) -> Option<SignedDuration> {
        matches!(self, Self::Crowded).then_some(CROWDED_RETRY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::entropy::OsEntropy;
    use crate::kernel::error::Error;
    use crate::kernel::ids::StaffId;
    use crate::kernel::thing::Thing;

    fn asked_by(caller: &Caller) -> Operation {
        let now = Timestamp::UNIX_EPOCH;
        Operation {
            id: OperationId::new(now, &OsEntropy),
            kind: OperationKind::CreateBatch,
            state: OperationState::Waiting,
            asker: Asker::of(caller),
            key: None,
            input: Fingerprint::of("x", &[]),
            made_at: now,
        }
    }

    fn work() -> Work {
        Work { since: Timestamp::UNIX_EPOCH, progress: Progress::default(), subject: None }
    }

    #[test]
    fn what_is_over_stays_as_it_is() {
        let now = Timestamp::UNIX_EPOCH;
        let actor = Actor::cli("x");
        let open = asked_by(&Caller::engine()).begun(now).unwrap();
        let problem = Failure::of(&Error::not_found(Thing::Plan, "x"));
        for over in [
            open.clone().succeeded(work(), None, now).unwrap(),
            open.clone().failed(problem.clone(), now).unwrap(),
            open.clone().cancelled(actor.clone(), now).unwrap(),
        ] {
            let refused = OperationRefusal::Over(over.state.name());
            assert_eq!(over.clone().begun(now), Err(refused));
            assert_eq!(over.clone().advanced(work()), Err(refused));
            assert_eq!(over.clone().succeeded(work(), None, now), Err(refused));
            assert_eq!(over.clone().failed(problem.clone(), now), Err(refused));
            assert_eq!(over.clone().cancelled(actor.clone(), now), Err(refused));
        }
        assert_eq!(open.clone().begun(now), Ok(open), "a second worker goes on where one was");
    }

    #[test]
    fn an_operation_is_for_its_asker_and_for_those_who_may_see_others() {
        let staff = |id, may: &[Permission]| {
            let caller = Caller::new(Actor::staff("sri")).on_authority(Authority::Staff(id));
            caller.limited_to(Permissions::of(may.iter().copied()))
        };
        let id = || StaffId::new(Timestamp::UNIX_EPOCH, &OsEntropy);
        let sri = staff(id(), &[]);
        let operation = asked_by(&sri);
        assert_eq!(operation.admits(&sri, Permission::OperationsView), Ok(()));
        let namesake = staff(id(), &[]);
        let refused = Err(Forbidden(Permission::OperationsView));
        assert_eq!(operation.admits(&namesake, Permission::OperationsView), refused);
        let chief = staff(id(), &[Permission::OperationsView]);
        assert_eq!(operation.admits(&chief, Permission::OperationsView), Ok(()));
        let refused = Err(Forbidden(Permission::OperationsCancel));
        assert_eq!(operation.admits(&chief, Permission::OperationsCancel), refused);
    }

    #[test]
    fn the_asker_may_do_no_more_than_then_and_no_more_than_now() {
        let then = Permissions::of([Permission::VouchersCreate, Permission::PlansView]);
        let now = Permissions::of([Permission::VouchersCreate, Permission::BooksLock]);
        let caller = Caller::new(Actor::api_key("till")).limited_to(then);
        let again = Asker::of(&caller).caller(now, "k".parse().unwrap());
        assert_eq!(again.permissions, Permissions::of([Permission::VouchersCreate]));
    }
}
