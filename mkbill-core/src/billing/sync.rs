//! One pass over one router: look, learn, compare; then cut off, restore, add and tidy, in this order.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use crate::kernel::caller::{Caller, Mode};
use crate::kernel::error::Error;
use crate::kernel::ids::{LoginId, RouterId};
use crate::provisioning::comment::{OwnMark, is_ours};
use crate::provisioning::controller::{
    Change, ChangeOutcome, LoginAdd, Observed, Progress, RouterFault, Target,
};
use crate::provisioning::diff::{Diff, Drift, diff};
use crate::provisioning::{Login, LoginKind, Presence};
use crate::router::Router;
use crate::transact::{reading, transact};
use crate::voucher::change::{self, Recode};

use super::learn::Seen;
use super::profiles::ProfileTrouble;
use super::{Billing, Reader};

/// New logins sent before their acknowledgements are committed.
const PUSH_CHUNK: u32 = 500;
/// Changes sent before their acknowledgements are committed.
const APPLY_CHUNK: usize = 200;
/// How long one pass pushes new logins before it looks at the rest of its work.
const PUSH_FOR: SignedDuration = SignedDuration::from_secs(60);

const TAKEN: &str = "a user of this name stands on the router without our mark; it was left alone: \
    remove or rename it there, or restore its comment, then retry";

/// What a pass did.
#[derive(Debug, Clone, Default)]
pub struct PassReport {
    /// The router.
    pub router: Option<RouterId>,
    /// New logins the router acknowledged.
    pub pushed: usize,
    /// First logins found.
    pub first_logins: usize,
    /// Changes other than new logins the router acknowledged.
    pub changed: usize,
    /// Of those, logins cut off: disabled or removed with their sessions and cookies.
    pub cut_off: usize,
    /// Where router and books disagreed although they had agreed before.
    pub drift: Vec<Drift>,
    /// Unused vouchers for which a session may have been lost in a reboot.
    pub doubtful: usize,
    /// Work is left that need not wait for the next look.
    pub more: bool,
    /// When the router is to be looked at again.
    pub look_at: Option<Timestamp>,
    /// Why the pass ended early.
    pub error: Option<String>,
    /// The router was removed: there is nothing to do for it any more.
    pub over: bool,
}

/// Why a pass ended early.
#[derive(Debug, thiserror::Error)]
pub enum PassTrouble {
    /// The router.
    #[error(transparent)]
    Router(#[from] RouterFault),
    /// The engine or its store.
    #[error(transparent)]
    Engine(#[from] Error),
    /// Some of what the look showed could not be written.
    #[error("what the router showed could not all be written: {0}")]
    Unlearnt(String),
    /// Some changes were not acknowledged.
    #[error("some changes are not acknowledged yet: {0}")]
    Unfinished(String),
}

impl From<ProfileTrouble> for PassTrouble {
    fn from(trouble: ProfileTrouble) -> Self {
        match trouble {
            ProfileTrouble::Router(fault) => Self::Router(fault),
            ProfileTrouble::Engine(error) => Self::Engine(error),
        }
    }
}

impl Billing {
    /// Brings a router in step with the books and the books in step with the router.
    ///
    /// Whatever it managed is committed, even if it ends early; the report says so.
    pub(crate) async fn sync_router(&self, id: RouterId, progress: &dyn Progress) -> PassReport {
        let mut report = PassReport { router: Some(id), ..PassReport::default() };
        if let Err(trouble) = self.pass(id, progress, &mut report).await {
            let text = trouble.to_string();
            if let Err(error) = self.note_failure(id, &text).await {
                tracing::error!(router.id = %id, %error, "noting a failed pass over router {id}");
            }
            tracing::warn!(router.id = %id, error = %text, "pass over router {id} ended early");
            report.error = Some(text);
        }
        report
    }

    async fn pass(
        &self,
        id: RouterId,
        progress: &dyn Progress,
        report: &mut PassReport,
    ) -> Result<(), PassTrouble> {
        let router = reading!(self.store(), |tx| tx.router_by_id(id).await)?;
        let Some(router) = router.filter(|router| router.removed_at.is_none()) else {
            report.over = true;
            return Ok(());
        };
        let target = self.target(&router)?;
        let work = Work { router: &router, target: &target, progress };
        if self.must_look(&router).await? {
            report.look_at = Some(self.now() + self.poll_every());
            if self.look_and_mend(work, report).await? == Push::Settled {
                return Ok(());
            }
        } else {
            report.look_at = router.health.observed_at.map(|at| at + self.poll_every());
            if self.push_fresh(work, report).await? == Push::Settled {
                if router.health.failures > 0 {
                    self.note_recovery(&router).await?;
                }
                return Ok(());
            }
        }
        // Of some that were sent it is not known whether they are there: a look tells.
        report.look_at = Some(self.now() + self.poll_every());
        self.look_and_mend(work, report).await.map(drop)
    }

    async fn must_look(&self, router: &Router) -> Result<bool, Error> {
        let due = router
            .health
            .observed_at
            .is_none_or(|at| self.now().duration_since(at) >= self.poll_every());
        // Of a wish at the very instant of a look it is not known which came first.
        let is_asked = router.health.look_asked_at >= router.health.observed_at;
        if due || (is_asked && router.health.look_asked_at.is_some()) {
            return Ok(true);
        }
        reading!(self.store(), |tx| tx.logins_need_look(router.id).await)
    }

    async fn push_fresh(
        &self,
        work: Work<'_>,
        report: &mut PassReport,
    ) -> Result<Push, PassTrouble> {
        let Work { router, target, progress } = work;
        let began = self.now();
        loop {
            let fresh = reading!(self.store(), |tx| tx.logins_fresh(router.id, PUSH_CHUNK).await)?;
            if fresh.is_empty() {
                return Ok(Push::Settled);
            }
            let adds: Vec<LoginAdd> = fresh.iter().map(Login::to_add).collect();
            let outcomes = self.parts().controller.add(target, &adds, &OwnMark, progress).await?;
            let settled = self.settle(&fresh, &outcomes).await?;
            report.pushed += settled.applied;
            if settled.unfinished.is_some() {
                return Ok(Push::Doubtful);
            }
            if self.now().duration_since(began) >= PUSH_FOR {
                report.more = true;
                return Ok(Push::Settled);
            }
        }
    }

    /// What is due to be cut off comes first, new logins come late, and what is over is removed last.
    async fn look_and_mend(
        &self,
        work: Work<'_>,
        report: &mut PassReport,
    ) -> Result<Push, PassTrouble> {
        let Work { router, target, .. } = work;
        let observed = self.parts().controller.observe(target).await?;
        let mut learnt = self.ingest(router, &observed).await?;
        report.first_logins = learnt.first_logins;
        report.doubtful = learnt.doubtful;
        let expired = self.expire_due().await?;
        let unchanged = learnt.unchanged.take().filter(|_| expired == 0);
        let mut wanted = self.wanted(router, &observed, unchanged).await?;
        self.learn_adopted(&observed, &mut wanted).await?;
        let mut diff = diff(&wanted, &observed, &OwnMark);
        report.drift = std::mem::take(&mut diff.drift);
        let mut mending = Mending::new(target, &observed, &wanted);
        self.cut_off(&mut mending, &diff, report).await?;
        self.put_profiles(router, target, &observed).await?;
        self.apply(&mut mending, &diff.restores, report).await?;
        self.apply(&mut mending, &diff.adds, report).await?;
        let pushed = self.push_fresh(work, report).await?;
        self.tidy(&mut mending, &diff, report).await?;
        if let Some(trouble) = learnt.trouble {
            return Err(PassTrouble::Unlearnt(trouble));
        }
        let seen = Seen { router, observed: &observed, logins: &wanted, drift: &report.drift };
        self.note_success(seen, learnt.at).await?;
        self.watch_use().await?;
        mending.unfinished.map_or(Ok(pushed), |why| Err(PassTrouble::Unfinished(why)))
    }

    /// Closes what is due, after noting what needs nothing.
    async fn cut_off(
        &self,
        mending: &mut Mending<'_>,
        diff: &Diff,
        report: &mut PassReport,
    ) -> Result<(), PassTrouble> {
        let unsettled = |ids: &[LoginId], settled: fn(&Login) -> bool| -> Vec<Login> {
            let logins = ids.iter().map(|id| mending.logins[id]);
            logins.filter(|login| !settled(login)).cloned().collect()
        };
        let in_step = unsettled(&diff.in_step, Login::is_applied);
        let taken = unsettled(&diff.taken, Login::is_held);
        self.settle(&in_step, &vec![ChangeOutcome::Applied; in_step.len()]).await?;
        self.settle(&taken, &vec![ChangeOutcome::NameTaken; taken.len()]).await?;
        mending.to_be_removed = diff.tidy.iter().map(|change| change.login).collect();
        self.apply(mending, &diff.cuts, report).await
    }

    /// Removes what is over, but for what could not be cut off.
    async fn tidy(
        &self,
        mending: &mut Mending<'_>,
        diff: &Diff,
        report: &mut PassReport,
    ) -> Result<(), PassTrouble> {
        let removable = std::mem::take(&mut mending.to_be_removed);
        let changes = diff.tidy.iter().filter(|change| removable.contains(&change.login));
        let changes: Vec<Change> = changes.cloned().collect();
        self.apply(mending, &changes, report).await
    }

    async fn apply(
        &self,
        mending: &mut Mending<'_>,
        changes: &[Change],
        report: &mut PassReport,
    ) -> Result<(), PassTrouble> {
        let changes: Vec<Change> =
            changes.iter().filter(|change| mending.is_to_be_sent(change)).cloned().collect();
        for chunk in changes.chunks(APPLY_CHUNK) {
            let outcomes =
                self.parts().controller.apply(mending.target, mending.connection, chunk).await?;
            let (logins, outcomes) = mending.concluded(chunk, outcomes);
            let settled = self.settle(&logins, &outcomes).await?;
            report.changed += settled.applied;
            report.cut_off += settled.cut_off;
            mending.unfinished = mending.unfinished.take().or(settled.unfinished);
        }
        Ok(())
    }

    /// Writes what became of logins that were sent, in one commit.
    async fn settle(&self, sent: &[Login], outcomes: &[ChangeOutcome]) -> Result<Settled, Error> {
        let sorted = Sorted::of(sent, outcomes);
        let now = self.now();
        if !sorted.is_empty() {
            transact!(self.store(), Mode::Commit, |tx| sorted.write(tx, now).await)?;
        }
        for login in &sorted.taken {
            self.resolve_taken(login).await?;
        }
        let Sorted { applied, cut_off, unfinished, .. } = sorted;
        Ok(Settled { applied: applied.len(), cut_off, unfinished })
    }

    /// A code that somebody else's user has on the router is replaced while nobody has seen it;
    /// later only a person can decide.
    async fn resolve_taken(&self, login: &Login) -> Result<(), Error> {
        let caller = Caller::engine();
        let context = self.context(&caller);
        transact!(self.store(), Mode::Commit, |tx| replace_or_block(tx, context, login).await)
    }
}

impl Reader {
    /// Everything that ought to be on the router, and ended logins that came back by themselves.
    /// The live logins are read unless `live` has them already: there may be tens of thousands.
    pub(super) async fn wanted(
        &self,
        router: &Router,
        observed: &Observed,
        live: Option<Vec<Login>>,
    ) -> Result<Vec<Login>, Error> {
        let mut wanted = match live {
            Some(live) => live,
            None => reading!(self.store(), |tx| tx.logins_live(router.id).await)?,
        };
        let known: HashSet<(LoginKind, &str)> =
            wanted.iter().map(|login| (login.kind, login.name.as_str())).collect();
        let strays: Vec<String> = observed
            .users
            .iter()
            .filter(|user| !known.contains(&(user.kind, user.name.as_str())))
            .filter(|user| is_ours(&user.comment))
            .map(|user| user.name.clone())
            .collect();
        if !strays.is_empty() {
            let ended =
                reading!(self.store(), |tx| tx.logins_absent_named(router.id, &strays).await)?;
            let is_new = |login: &Login| !known.contains(&(login.kind, login.name.as_str()));
            let new: Vec<Login> = ended.into_iter().filter(is_new).collect();
            wanted.extend(new);
        }
        Ok(wanted)
    }
}

async fn replace_or_block(
    tx: &mut dyn crate::store::Tx,
    context: crate::kernel::context::Context<'_>,
    login: &Login,
) -> Result<(), Error> {
    if login.owner.voucher().is_none() {
        // A subscriber's name is known to people; only they can choose another.
        return Ok(tx.logins_blocked(&[login.id], TAKEN).await?);
    }
    let vouchers = tx.vouchers_of_logins(&[login.id]).await?;
    let unseen = vouchers
        .first()
        .filter(|voucher| !login.ever_applied && voucher.state.name() == "pending_push");
    match unseen {
        Some(voucher) => {
            change::recode(tx, context, "voucher.recode", voucher, Recode::Taken).await.map(drop)
        }
        None => Ok(tx.logins_blocked(&[login.id], TAKEN).await?),
    }
}

/// What a pass works on.
#[derive(Clone, Copy)]
struct Work<'a> {
    router: &'a Router,
    target: &'a Target,
    progress: &'a dyn Progress,
}

/// Changes under way that follow from one look.
struct Mending<'a> {
    target: &'a Target,
    connection: u64,
    logins: HashMap<LoginId, &'a Login>,
    /// Logins that will be removed once they are cut off.
    to_be_removed: HashSet<LoginId>,
    unfinished: Option<String>,
}

impl<'a> Mending<'a> {
    fn new(target: &'a Target, observed: &Observed, wanted: &'a [Login]) -> Self {
        let logins = wanted.iter().map(|login| (login.id, login)).collect();
        let connection = observed.connection;
        Self { target, connection, logins, to_be_removed: HashSet::new(), unfinished: None }
    }

    /// A login that waits for a person is not sent, and one that the router has never heard of goes
    /// out with the others of its kind.
    fn is_to_be_sent(&self, change: &Change) -> bool {
        let login = self.logins[&change.login];
        !login.is_held() && !login.is_fresh()
    }

    /// What is known of logins after their changes were sent. One that was cut off and will be
    /// removed is not through yet; one that could not be cut off is not removed.
    fn concluded(
        &mut self,
        sent: &[Change],
        outcomes: Vec<ChangeOutcome>,
    ) -> (Vec<Login>, Vec<ChangeOutcome>) {
        let mut concluded = (Vec::new(), Vec::new());
        for (change, outcome) in sent.iter().zip(outcomes) {
            let goes_on = self.to_be_removed.contains(&change.login);
            if goes_on && outcome == ChangeOutcome::Applied {
                continue;
            }
            self.to_be_removed.remove(&change.login);
            concluded.0.push(self.logins[&change.login].clone());
            concluded.1.push(outcome);
        }
        concluded
    }
}

/// How a push ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Push {
    /// Every login that was sent has an outcome.
    Settled,
    /// Of some it is not known whether they are there: a look tells.
    Doubtful,
}

struct Settled {
    applied: usize,
    cut_off: usize,
    unfinished: Option<String>,
}

/// Sent logins by what became of them.
#[derive(Default)]
struct Sorted {
    applied: Vec<(LoginId, i64)>,
    cut_off: usize,
    taken: Vec<Login>,
    refused: Vec<(LoginId, String)>,
    unfinished: Option<String>,
}

impl Sorted {
    fn of(sent: &[Login], outcomes: &[ChangeOutcome]) -> Self {
        let mut sorted = Self::default();
        for (login, outcome) in sent.iter().zip(outcomes) {
            match outcome {
                ChangeOutcome::Applied => sorted.applied(login),
                // Nothing of ours stands there, which is all that an ended login wants.
                ChangeOutcome::NameTaken if login.presence == Presence::Absent => {
                    sorted.applied(login);
                }
                ChangeOutcome::NameTaken => sorted.taken.push(login.clone()),
                ChangeOutcome::Refused(why) => sorted.refused.push((login.id, why.clone())),
                ChangeOutcome::Unfinished(why) => sorted.unfinished = Some(why.clone()),
            }
        }
        sorted
    }

    fn applied(&mut self, login: &Login) {
        self.applied.push((login.id, login.revision));
        self.cut_off += usize::from(login.presence != Presence::Enabled);
    }

    fn is_empty(&self) -> bool {
        self.applied.is_empty() && self.refused.is_empty()
    }

    async fn write(&self, tx: &mut dyn crate::store::Tx, now: Timestamp) -> Result<(), Error> {
        if !self.applied.is_empty() {
            tx.logins_applied(&self.applied, now).await?;
            let ids: Vec<LoginId> = self.applied.iter().map(|(id, _)| *id).collect();
            tx.vouchers_acknowledged(&ids).await?;
        }
        for (ids, why) in by_reason(&self.refused) {
            tx.logins_blocked(&ids, &why).await?;
        }
        Ok(())
    }
}

fn by_reason(logins: &[(LoginId, String)]) -> Vec<(Vec<LoginId>, String)> {
    let mut groups: HashMap<&str, Vec<LoginId>> = HashMap::new();
    for (id, why) in logins {
        groups.entry(why).or_default().push(*id);
    }
    groups.into_iter().map(|(why, ids)| (ids, why.to_owned())).collect()
}
