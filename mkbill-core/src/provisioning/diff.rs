//! The difference between what ought to be on a router and what is there. Pure.

use std::collections::{HashMap, HashSet};

use crate::kernel::ids::LoginId;

use super::comment::{is_ours, without_stamp};
use super::controller::{
    Change, DISABLED, Mark, ObjectId, Observed, ObservedUser, Step, UserPatch,
};
use super::line::LineField;
use super::{Care, Login, LoginKind, Owner, Presence, SyncState};

/// What has to be done on a router, in the order of its parts, and what was found out on the way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diff {
    /// Logins to be closed, with whoever is online with them.
    pub cuts: Vec<Change>,
    /// Logins to be opened or mended.
    pub restores: Vec<Change>,
    /// Logins that are missing.
    pub adds: Vec<Change>,
    /// Ended logins to be removed, once they are closed.
    pub tidy: Vec<Change>,
    /// The router already says what is wanted.
    pub in_step: Vec<LoginId>,
    /// A user of that name exists that does not carry the login's mark. Nothing is done about it.
    pub taken: Vec<LoginId>,
    /// What somebody else changed.
    pub drift: Vec<Drift>,
}

impl Diff {
    /// All changes, in the order in which they are made.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        [&self.cuts, &self.restores, &self.adds, &self.tidy].into_iter().flatten()
    }

    /// Leaves out the changes of other logins than these.
    pub(crate) fn retain(&mut self, keep: impl Fn(LoginId) -> bool) {
        for part in [&mut self.cuts, &mut self.restores, &mut self.adds, &mut self.tidy] {
            part.retain(|change| keep(change.login));
        }
    }
}

/// Something on the router that the engine did not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// Which login of the books; `None` for an orphan.
    pub login: Option<LoginId>,
    /// In which menu.
    pub menu: LoginKind,
    /// The name on the router.
    pub name: String,
    /// What was found.
    pub kind: DriftKind,
}

/// What differs although it had been applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DriftKind {
    /// The user is gone.
    Missing,
    /// These fields of the user were changed, by their names on the router.
    Changed(Vec<&'static str>),
    /// A user of this name stands there without the mark: it was taken away, or the name was reused.
    Unmarked,
    /// A user with our mark that no login accounts for, or that stands there again after its removal.
    Orphan,
    /// Somebody is online with a login that was closed or removed.
    StillOnline,
}

/// Compares `wanted` with `observed`. Linear in both.
///
/// Only users whose comment is, by `mark`, that of the same login are touched, and cookies and
/// sessions of a name only as long as no other user bears it. A login that is
/// - *enabled* gets the fields that differ (the password only if it can be read, a comment without
///   losing the stamp behind it), or is added; a subscriber's sessions end when the profile is
///   moved, because a session keeps the profile it began with;
/// - *disabled* is closed, then loses cookies and sessions; its other fields wait until it is
///   enabled, so that nothing wrong with them keeps it open; if it is missing nothing is added;
/// - *absent* is closed, loses cookies and sessions, and is removed.
///
/// A login that is in the care of a person is reported and left alone. One that is being adopted
/// takes over the only user of its name, unless that one bears the mark of another login.
///
/// Cookies and sessions that outlived their user are removed if the login was ever on the router.
/// Drift is reported for logins that were applied.
pub fn diff(wanted: &[Login], observed: &Observed, mark: &dyn Mark) -> Diff {
    let index = Index::of(observed);
    let mut parts = Parts::default();
    for login in wanted {
        let found = Found::of(login, &index, mark);
        match login.presence {
            Presence::Enabled => parts.keep(login, &found),
            Presence::Disabled | Presence::Absent => parts.cut_off(login, &found),
        }
    }
    let names: HashSet<Name<'_>> = wanted.iter().map(Name::of).collect();
    let orphans = observed.users.iter().filter(|user| !names.contains(&Name::shown(user)));
    parts.drift.extend(orphans.filter(|user| is_ours(&user.comment)).map(orphan));
    parts.into_diff()
}

fn orphan(user: &ObservedUser) -> Drift {
    Drift { login: None, menu: user.kind, name: user.name.clone(), kind: DriftKind::Orphan }
}

/// Names are unique within a menu only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Name<'a>(LoginKind, &'a str);

impl<'a> Name<'a> {
    fn of(login: &'a Login) -> Self {
        Self(login.kind, &login.name)
    }

    fn shown(user: &'a ObservedUser) -> Self {
        Self(user.kind, &user.name)
    }
}

/// An observation by name. A router with several hotspot servers may have a name twice.
struct Index<'a> {
    users: HashMap<Name<'a>, Vec<&'a ObservedUser>>,
    sessions: HashMap<Name<'a>, Vec<&'a ObjectId>>,
    cookies: HashMap<Name<'a>, Vec<&'a ObjectId>>,
}

impl<'a> Index<'a> {
    fn of(observed: &'a Observed) -> Self {
        let sessions = observed.sessions.iter();
        let cookies = observed.cookies.iter();
        Self {
            users: grouped(observed.users.iter().map(|user| (Name::shown(user), user))),
            sessions: grouped(sessions.map(|row| (Name(row.kind, &row.user), &row.id))),
            cookies: grouped(cookies.map(|row| (Name(LoginKind::Hotspot, &row.user), &row.id))),
        }
    }
}

fn grouped<'a, T>(items: impl Iterator<Item = (Name<'a>, T)>) -> HashMap<Name<'a>, Vec<T>> {
    let mut groups: HashMap<Name<'_>, Vec<T>> = HashMap::with_capacity(items.size_hint().0);
    for (name, item) in items {
        groups.entry(name).or_default().push(item);
    }
    groups
}

/// What the router has under the name of one login.
struct Found<'a> {
    ours: Vec<&'a ObservedUser>,
    is_taken: bool,
    cookies: &'a [&'a ObjectId],
    sessions: &'a [&'a ObjectId],
}

impl<'a> Found<'a> {
    fn of(login: &'a Login, index: &'a Index<'a>, mark: &dyn Mark) -> Self {
        let name = Name::of(login);
        let users = named(&index.users, name);
        let may_adopt = login.care == Care::Adopting && users.len() == 1;
        let (ours, others): (Vec<&ObservedUser>, Vec<&ObservedUser>) =
            users.iter().partition(|user| {
                mark.is_same(&user.comment, &login.spec.comment)
                    || (may_adopt && !is_ours(&user.comment))
            });
        Self {
            ours,
            is_taken: !others.is_empty(),
            cookies: named(&index.cookies, name),
            sessions: named(&index.sessions, name),
        }
    }

    /// Are cookies and sessions of this name surely of this login?
    fn is_online_part_ours(&self, login: &Login) -> bool {
        !self.is_taken && (login.ever_applied || !self.ours.is_empty())
    }

    /// Ends all ways of being online, cookies first lest a device comes back at once.
    fn offline_steps(&self) -> impl Iterator<Item = Step> {
        let cookies = self.cookies.iter().map(|id| Step::RemoveCookie((*id).clone()));
        cookies.chain(self.end_sessions())
    }

    /// Ends sessions; a device whose cookie is good comes back by itself.
    fn end_sessions(&self) -> impl Iterator<Item = Step> {
        self.sessions.iter().map(|id| Step::EndSession((*id).clone()))
    }
}

fn named<'a, T>(groups: &'a HashMap<Name<'a>, Vec<T>>, name: Name<'a>) -> &'a [T] {
    groups.get(&name).map_or(&[], Vec::as_slice)
}

#[derive(Default)]
struct Parts {
    cuts: Vec<Change>,
    restores: Vec<Change>,
    adds: Vec<Change>,
    tidy: Vec<Change>,
    in_step: Vec<LoginId>,
    taken: Vec<LoginId>,
    drift: Vec<Drift>,
}

impl Parts {
    fn into_diff(self) -> Diff {
        let Self { cuts, restores, adds, tidy, in_step, taken, drift } = self;
        Diff { cuts, restores, adds, tidy, in_step, taken, drift }
    }

    /// For a login that should be there, and open.
    fn keep(&mut self, login: &Login, found: &Found<'_>) {
        if found.ours.is_empty() && found.is_taken {
            return self.note_taken(login);
        }
        if found.ours.is_empty() {
            self.note_if_applied(login, DriftKind::Missing);
            if !login.is_left_alone() {
                self.adds.push(change(login, vec![Step::AddUser(login.to_add())]));
            }
            return;
        }
        let mends: Vec<Mend<'_>> = found.ours.iter().map(|user| Mend::of(login, user)).collect();
        if let Some(first) = mends.iter().find(|mend| !mend.is_empty()) {
            self.note_if_applied(login, DriftKind::Changed(first.fields(login.kind)));
        }
        if login.is_left_alone() {
            return;
        }
        let moves_profile = mends.iter().any(|mend| mend.patch.profile.is_some());
        let mut steps: Vec<Step> = mends.into_iter().flat_map(Mend::steps).collect();
        if must_begin_anew(login, moves_profile) && found.is_online_part_ours(login) {
            steps.extend(found.end_sessions());
        }
        if steps.is_empty() {
            self.in_step.push(login.id);
        } else {
            self.restores.push(change(login, steps));
        }
    }

    /// For a login that should be closed or gone.
    fn cut_off(&mut self, login: &Login, found: &Found<'_>) {
        if found.ours.is_empty() && found.is_taken && login.ever_applied {
            return self.note_taken(login);
        }
        self.note_undone(login, found);
        if login.is_left_alone() {
            return;
        }
        let open = found.ours.iter().filter(|user| !user.disabled);
        let mut steps: Vec<Step> = open.map(|user| close(user)).collect();
        if found.is_online_part_ours(login) {
            steps.extend(found.offline_steps());
        }
        let is_over = login.presence == Presence::Absent;
        let gone = found.ours.iter().filter(|_| is_over);
        let removes: Vec<Step> = gone.map(|user| Step::RemoveUser(user.id.clone())).collect();
        if steps.is_empty() && removes.is_empty() {
            self.in_step.push(login.id);
        }
        if !steps.is_empty() {
            self.cuts.push(change(login, steps));
        }
        if !removes.is_empty() {
            self.tidy.push(change(login, removes));
        }
    }

    /// Reports what was closed or removed and is not any more.
    fn note_undone(&mut self, login: &Login, found: &Found<'_>) {
        if login.presence == Presence::Absent && !found.ours.is_empty() {
            self.note_if_applied(login, DriftKind::Orphan);
        } else if found.ours.iter().any(|user| !user.disabled) {
            self.note_if_applied(login, DriftKind::Changed(vec![DISABLED]));
        }
        if !found.sessions.is_empty() {
            self.note_if_applied(login, DriftKind::StillOnline);
        }
    }

    fn note_taken(&mut self, login: &Login) {
        self.taken.push(login.id);
        if login.ever_applied {
            self.note(login, DriftKind::Unmarked);
        }
    }

    fn note_if_applied(&mut self, login: &Login, kind: DriftKind) {
        if login.is_applied() {
            self.note(login, kind);
        }
    }

    fn note(&mut self, login: &Login, kind: DriftKind) {
        let (menu, name) = (login.kind, login.name.clone());
        self.drift.push(Drift { login: Some(login.id), menu, name, kind });
    }
}

fn change(login: &Login, steps: Vec<Step>) -> Change {
    Change { login: login.id, kind: login.kind, steps }
}

fn close(user: &ObservedUser) -> Step {
    Step::SetUser(user.id.clone(), UserPatch { disabled: Some(true), ..UserPatch::default() })
}

/// Do sessions of an open login have to begin anew? A subscriber's do when its profile is moved; as
/// the move may have reached the router in an earlier try that ended before the sessions did, a
/// change that is not acknowledged yet counts too.
fn must_begin_anew(login: &Login, moves_profile: bool) -> bool {
    let is_waiting = matches!(login.sync, SyncState::Pending { .. }) && login.ever_applied;
    matches!(login.owner, Owner::Subscription(_)) && (moves_profile || is_waiting)
}

/// What has to be done for a user to be what its login should be when enabled.
struct Mend<'a> {
    user: &'a ObservedUser,
    patch: UserPatch,
    clears: Vec<LineField>,
}

impl<'a> Mend<'a> {
    fn of(login: &Login, user: &'a ObservedUser) -> Self {
        let spec = &login.spec;
        let (limit_uptime, limit_bytes) = login.router_limits();
        let is_password_other = user.password.as_ref().is_some_and(|found| *found != spec.password);
        let (mut line, mut clears) = (Vec::new(), Vec::new());
        for (field, value) in spec.line.changes_of(&user.line) {
            match value {
                Some(value) => line.push((field, value)),
                None => clears.push(field),
            }
        }
        let patch = UserPatch {
            password: is_password_other.then(|| spec.password.clone()),
            profile: (user.profile != spec.profile).then(|| spec.profile.clone()),
            comment: comment(&spec.comment, &user.comment),
            disabled: user.disabled.then_some(false),
            limit_uptime: (user.limit_uptime != limit_uptime).then_some(limit_uptime),
            limit_bytes: (user.limit_bytes != limit_bytes).then_some(limit_bytes),
            line,
        };
        Self { user, patch, clears }
    }

    fn is_empty(&self) -> bool {
        self.patch.is_empty() && self.clears.is_empty()
    }

    fn steps(self) -> impl Iterator<Item = Step> {
        let id = &self.user.id;
        let set = (!self.patch.is_empty()).then(|| Step::SetUser(id.clone(), self.patch));
        set.into_iter()
            .chain(self.clears.into_iter().map(|field| Step::ClearField(id.clone(), field)))
    }

    /// The fields that differ, by their names on the router.
    fn fields(&self, kind: LoginKind) -> Vec<&'static str> {
        let cleared = self.clears.iter().filter_map(|field| field.on_router(kind));
        self.patch.fields(kind).into_iter().chain(cleared).collect()
    }
}

/// The comment to set, if what stands before the stamp differs. The stamp is evidence and stays.
fn comment(wanted: &str, found: &str) -> Option<String> {
    if found == wanted {
        return None;
    }
    let text = without_stamp(found);
    (text != wanted).then(|| format!("{wanted}{}", &found[text.len()..]))
}

#[cfg(test)]
mod tests;
