use jiff::{SignedDuration, Timestamp};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, proptest};
use proptest::prop_oneof;

use crate::kernel::ids::{RouterId, SubscriptionId, VoucherId};
use crate::provisioning::comment::OwnMark;
use crate::provisioning::controller::{LoginAdd, ObservedCookie, ObservedSession, RouterFacts};
use crate::provisioning::line::Line;
use crate::provisioning::{LoginKind, LoginSpec, Usage};
use crate::router::health::Vitals;

use super::*;

const OURS: &str = "VOUCHER_SYSTEM|BATCH-20260301-001|3000|2000|24||2026-03-01|admin||";
const ACTIVATED: &str =
    "VOUCHER_SYSTEM|BATCH-20260301-001|3000|2000|24||2026-03-01|admin|2026-03-01T08:00:00.000Z|";
const OTHER_BATCH: &str = "VOUCHER_SYSTEM|BATCH-20260301-002|3000|2000|24||2026-03-01|admin||";
const STAMP: &str = " fl=2026-03-01_08:00:00_1w2d";

/// A router's memory: takes steps one by one, as the real one does.
#[derive(Debug, Clone)]
struct ModelRouter {
    state: Observed,
    added: usize,
}

impl ModelRouter {
    fn empty() -> Self {
        let facts = RouterFacts {
            identity: "gate".to_owned(),
            version: "7.18".to_owned(),
            uptime: SignedDuration::ZERO,
            clock: None,
            zone: None,
            vitals: Vitals::default(),
            profiles: Vec::new(),
        };
        let state = Observed {
            connection: 1,
            facts,
            users: Vec::new(),
            sessions: Vec::new(),
            cookies: Vec::new(),
            logins: Vec::new(),
            failed_logins: Vec::new(),
            interfaces: None,
            took: SignedDuration::ZERO,
        };
        Self { state, added: 0 }
    }

    fn with_user(mut self, user: ObservedUser) -> Self {
        self.state.users.push(user);
        self
    }

    fn with_online(mut self, name: &str) -> Self {
        let id = ObjectId(format!("*C{}", self.state.sessions.len()));
        self.state.cookies.push(ObservedCookie { id, user: name.to_owned() });
        self.with_session(LoginKind::Hotspot, name)
    }

    fn with_session(mut self, kind: LoginKind, name: &str) -> Self {
        let id = |kind: &str| ObjectId(format!("*{kind}{}", self.state.sessions.len()));
        self.state.sessions.push(ObservedSession {
            kind,
            id: id("A"),
            user: name.to_owned(),
            address: None,
            device: None,
            via: None,
            uptime: SignedDuration::ZERO,
            bytes_in: 0,
            bytes_out: 0,
        });
        self
    }

    fn apply(&mut self, diff: &Diff) {
        diff.changes().flat_map(|change| &change.steps).for_each(|step| self.step(step));
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::SetUser(id, patch) => self.set(id, patch),
            Step::ClearField(id, field) => {
                let user = self.user(id);
                user.line = edited(user, &[], Some(*field));
            }
            Step::RemoveCookie(id) => self.state.cookies.retain(|cookie| cookie.id != *id),
            Step::EndSession(id) => self.state.sessions.retain(|session| session.id != *id),
            Step::RemoveUser(id) => self.state.users.retain(|user| user.id != *id),
            Step::AddUser(add) => self.add(add),
        }
    }

    fn add(&mut self, add: &LoginAdd) {
        let mut users = self.state.users.iter();
        assert!(!users.any(|user| (user.kind, &user.name) == (add.kind, &add.name)), "taken");
        self.added += 1;
        self.state.users.push(ObservedUser {
            kind: add.kind,
            id: ObjectId(format!("*N{}", self.added)),
            name: add.name.clone(),
            password: Some(add.password.clone()),
            profile: add.profile.clone(),
            comment: add.comment.clone(),
            disabled: false,
            limit_uptime: add.limit_uptime,
            limit_bytes: add.limit_bytes,
            line: add.line.clone(),
            uptime: SignedDuration::ZERO,
            bytes: 0,
        });
    }

    fn user(&mut self, id: &ObjectId) -> &mut ObservedUser {
        self.state.users.iter_mut().find(|user| user.id == *id).expect("no such item")
    }

    fn set(&mut self, id: &ObjectId, patch: &UserPatch) {
        let user = self.user(id);
        user.line = edited(user, &patch.line, None);
        user.disabled = patch.disabled.unwrap_or(user.disabled);
        user.limit_uptime = patch.limit_uptime.unwrap_or(user.limit_uptime);
        user.limit_bytes = patch.limit_bytes.unwrap_or(user.limit_bytes);
        user.profile = patch.profile.clone().unwrap_or_else(|| user.profile.clone());
        user.comment = patch.comment.clone().unwrap_or_else(|| user.comment.clone());
        if let Some(password) = &patch.password {
            user.password = user.password.is_some().then(|| password.clone());
        }
    }
}

/// A user's line after some fields were set and one was emptied.
fn edited(user: &ObservedUser, set: &[(LineField, String)], clear: Option<LineField>) -> Line {
    Line::shown(user.kind, |name| {
        let is_it = |field: &&LineField| field.on_router(user.kind) == Some(name);
        let field = *LineField::ALL.iter().find(is_it)?;
        let new = set.iter().find(|(other, _)| *other == field).map(|(_, value)| value.clone());
        let kept = user.line.get(field).filter(|_| clear != Some(field)).map(str::to_owned);
        new.or(kept)
    })
}

fn login_id(number: u128) -> LoginId {
    LoginId::from_uuid(uuid::Uuid::from_u128(number))
}

fn login(number: u128, presence: Presence) -> Login {
    Login {
        id: login_id(number),
        router: RouterId::from_uuid(uuid::Uuid::nil()),
        kind: LoginKind::Hotspot,
        name: format!("V{number}"),
        owner: Owner::Voucher(VoucherId::from_uuid(uuid::Uuid::nil())),
        presence,
        closed: false,
        spec: LoginSpec {
            password: "secret".to_owned(),
            profile: "1d".to_owned(),
            limit_uptime: Some(SignedDuration::from_hours(24)),
            limit_bytes: None,
            line: Line::default(),
            comment: OURS.to_owned(),
        },
        care: Care::Books,
        revision: 1,
        sync: SyncState::Applied { at: Timestamp::UNIX_EPOCH },
        ever_applied: true,
        usage: Usage::default(),
    }
}

fn pending(login: Login) -> Login {
    Login { sync: SyncState::Pending { attempts: 0, last_error: None }, ..login }
}

fn fresh(login: Login) -> Login {
    Login { ever_applied: false, ..pending(login) }
}

/// The user that `login` asks for.
fn user(login: &Login) -> ObservedUser {
    let mut router = ModelRouter::empty();
    router.add(&login.to_add());
    let mut user = router.state.users.remove(0);
    user.id = ObjectId(format!("*U{}", login.name));
    user
}

fn compare(wanted: &[Login], router: &ModelRouter) -> Diff {
    diff(wanted, &router.state, &OwnMark)
}

fn changes(diff: &Diff) -> Vec<Change> {
    diff.changes().cloned().collect()
}

fn kinds(diff: &Diff) -> Vec<DriftKind> {
    diff.drift.iter().map(|drift| drift.kind.clone()).collect()
}

#[test]
fn a_router_that_says_what_is_wanted_is_left_alone() {
    let wanted = login(1, Presence::Enabled);
    let router = ModelRouter::empty().with_user(user(&wanted)).with_online("V1");
    let expected = Diff { in_step: vec![wanted.id], ..Diff::default() };
    assert_eq!(compare(&[wanted], &router), expected);
}

#[test]
fn a_stamp_or_an_unreadable_password_is_no_difference() {
    let wanted = login(1, Presence::Enabled);
    let found = ObservedUser { password: None, comment: format!("{OURS}{STAMP}"), ..user(&wanted) };
    let diff = compare(std::slice::from_ref(&wanted), &ModelRouter::empty().with_user(found));
    assert_eq!(diff, Diff { in_step: vec![wanted.id], ..Diff::default() });
}

#[test]
fn only_fields_that_differ_are_set_and_reported() {
    let wanted = login(1, Presence::Enabled);
    let found = ObservedUser {
        limit_uptime: None,
        limit_bytes: Some(5),
        disabled: true,
        password: Some("changed".to_owned()),
        ..user(&wanted)
    };
    let id = found.id.clone();
    let diff = compare(std::slice::from_ref(&wanted), &ModelRouter::empty().with_user(found));
    let patch = UserPatch {
        password: Some("secret".to_owned()),
        disabled: Some(false),
        limit_uptime: Some(Some(SignedDuration::from_hours(24))),
        limit_bytes: Some(None),
        ..UserPatch::default()
    };
    assert_eq!(diff.restores, [change(&wanted, vec![Step::SetUser(id, patch)])]);
    let fields = vec!["password", "disabled", "limit-uptime", "limit-bytes-total"];
    assert_eq!(kinds(&diff), [DriftKind::Changed(fields)]);
}

#[test]
fn a_comment_is_renewed_without_losing_the_stamp() {
    let mut wanted = login(1, Presence::Enabled);
    let found = ObservedUser { comment: format!("{OURS}{STAMP}"), ..user(&wanted) };
    wanted.spec.comment = ACTIVATED.to_owned();
    let mut router = ModelRouter::empty().with_user(found);
    router.apply(&compare(&[wanted], &router));
    assert_eq!(router.state.users[0].comment, format!("{ACTIVATED}{STAMP}"));
}

#[test]
fn limits_are_compared_after_taking_off_what_earlier_counters_showed() {
    let mut wanted = login(1, Presence::Enabled);
    wanted.usage.uptime_before = SignedDuration::from_hours(4);
    let router = ModelRouter::empty().with_user(user(&wanted));
    assert_eq!(router.state.users[0].limit_uptime, Some(SignedDuration::from_hours(20)));
    assert_eq!(changes(&compare(&[wanted], &router)), []);
}

#[test]
fn a_missing_user_is_added_and_reported_only_if_it_had_been_there() {
    let known = login(1, Presence::Enabled);
    let new = fresh(login(2, Presence::Enabled));
    let diff = compare(&[known.clone(), new.clone()], &ModelRouter::empty());
    let adds = [&known, &new].map(|login| change(login, vec![Step::AddUser(login.to_add())]));
    assert_eq!(changes(&diff), adds);
    let (menu, name) = (LoginKind::Hotspot, "V1".to_owned());
    let missing = Drift { login: Some(known.id), menu, name, kind: DriftKind::Missing };
    assert_eq!(diff.drift, [missing]);
}

#[test]
fn a_closed_login_is_disabled_before_cookies_and_sessions_go() {
    let wanted = pending(login(1, Presence::Disabled));
    let router = ModelRouter::empty().with_user(user(&wanted)).with_online("V1");
    let steps = vec![
        close(&router.state.users[0]),
        Step::RemoveCookie(ObjectId("*C0".to_owned())),
        Step::EndSession(ObjectId("*A0".to_owned())),
    ];
    let diff = compare(std::slice::from_ref(&wanted), &router);
    assert_eq!(changes(&diff), [change(&wanted, steps)]);
    assert!(diff.drift.is_empty(), "what was not applied yet is no drift");
}

#[test]
fn a_subscribers_session_ends_when_its_profile_is_moved_and_a_vouchers_goes_on() {
    let voucher = pending(login(1, Presence::Enabled));
    let subscription = Owner::Subscription(SubscriptionId::from_uuid(uuid::Uuid::nil()));
    let subscriber = Login { owner: subscription, ..voucher.clone() };
    let end = Step::EndSession(ObjectId("*A0".to_owned()));
    let on = |profile: &str| {
        let found = ObservedUser { profile: profile.to_owned(), ..user(&voucher) };
        ModelRouter::empty().with_user(found).with_online("V1")
    };
    let steps = |login: &Login, router: &ModelRouter| {
        let changes = changes(&compare(std::slice::from_ref(login), router));
        changes.into_iter().flat_map(|change| change.steps).collect::<Vec<_>>()
    };
    assert_eq!(steps(&voucher, &on("old")).len(), 1);
    let moved = steps(&subscriber, &on("old"));
    assert_eq!((moved.len(), moved.last()), (2, Some(&end)), "only after the profile is set");
    let reached = steps(&subscriber, &on("1d"));
    assert_eq!(reached, [end], "an earlier try may have set the profile and no more");
    let applied = SyncState::Applied { at: Timestamp::UNIX_EPOCH };
    assert!(steps(&Login { sync: applied, ..subscriber.clone() }, &on("1d")).is_empty());
    assert!(steps(&fresh(subscriber), &on("1d")).is_empty(), "it was just added");
}

#[test]
fn a_closed_login_is_cut_off_even_if_its_profile_is_wrong() {
    let wanted = login(1, Presence::Disabled);
    let found = ObservedUser { profile: "gone".to_owned(), ..user(&wanted) };
    let diff = compare(&[wanted], &ModelRouter::empty().with_user(found.clone()));
    assert_eq!(changes(&diff)[0].steps, [close(&found)]);
}

#[test]
fn a_removed_login_is_disabled_taken_offline_and_removed_in_this_order() {
    let wanted = pending(login(1, Presence::Absent));
    let router = ModelRouter::empty().with_user(user(&wanted)).with_online("V1");
    let changes = changes(&compare(&[wanted], &router));
    let steps = changes.iter().flat_map(|change| &change.steps);
    let order: Vec<_> = steps.map(std::mem::discriminant).collect();
    let id = || ObjectId(String::new());
    let expected = [
        Step::SetUser(id(), UserPatch::default()),
        Step::RemoveCookie(id()),
        Step::EndSession(id()),
        Step::RemoveUser(id()),
    ];
    assert_eq!(order, expected.iter().map(std::mem::discriminant).collect::<Vec<_>>());
}

#[test]
fn a_session_that_outlived_its_user_is_ended() {
    let gone = pending(login(1, Presence::Absent));
    let router = ModelRouter::empty().with_online("V1");
    let diff = compare(&[gone], &router);
    assert_eq!(changes(&diff)[0].steps.len(), 2);

    let never_there = fresh(login(1, Presence::Absent));
    let diff = compare(std::slice::from_ref(&never_there), &router);
    assert_eq!(diff, Diff { in_step: vec![never_there.id], ..Diff::default() });
}

#[test]
fn what_was_cut_off_and_came_back_is_reported_and_cut_off_again() {
    let closed = login(1, Presence::Disabled);
    let removed = login(2, Presence::Absent);
    let router =
        ModelRouter::empty().with_user(user(&closed)).with_user(user(&removed)).with_online("V1");
    let diff = compare(&[closed, removed], &router);
    let expected =
        [DriftKind::Changed(vec!["disabled"]), DriftKind::StillOnline, DriftKind::Orphan];
    assert_eq!(kinds(&diff), expected);
    assert_eq!(diff.cuts.len(), 2);
    assert_eq!(diff.tidy.len(), 1);
}

#[test]
fn a_name_taken_by_somebody_else_is_never_touched() {
    for comment in ["", "neighbour", OTHER_BATCH] {
        for presence in [Presence::Enabled, Presence::Disabled, Presence::Absent] {
            let wanted = login(1, presence);
            let found = ObservedUser { comment: comment.to_owned(), ..user(&wanted) };
            let router = ModelRouter::empty().with_user(found).with_online("V1");
            let diff = compare(std::slice::from_ref(&wanted), &router);
            assert_eq!(
                (changes(&diff).as_slice(), diff.taken.as_slice()),
                (&[][..], &[wanted.id][..])
            );
            assert_eq!(kinds(&diff), [DriftKind::Unmarked]);
        }
    }
}

#[test]
fn sessions_of_a_name_that_two_servers_know_are_left_alone() {
    let wanted = login(1, Presence::Disabled);
    let theirs = ObservedUser {
        id: ObjectId("*T".to_owned()),
        comment: "neighbour".to_owned(),
        ..user(&wanted)
    };
    let ours = user(&wanted);
    let router = ModelRouter::empty().with_user(theirs).with_user(ours.clone()).with_online("V1");
    let diff = compare(std::slice::from_ref(&wanted), &router);
    assert_eq!(changes(&diff), [change(&wanted, vec![close(&ours)])]);
    assert_eq!(kinds(&diff), [DriftKind::Changed(vec!["disabled"]), DriftKind::StillOnline]);
}

#[test]
fn a_taken_name_is_no_drift_before_the_login_was_ever_there() {
    let wanted = fresh(login(1, Presence::Enabled));
    let found = ObservedUser { comment: String::new(), ..user(&wanted) };
    let router = ModelRouter::empty().with_user(found);
    let expected = Diff { taken: vec![wanted.id], ..Diff::default() };
    assert_eq!(compare(&[wanted], &router), expected);
    let cancelled = fresh(login(1, Presence::Absent));
    let expected = Diff { in_step: vec![cancelled.id], ..Diff::default() };
    assert_eq!(compare(&[cancelled], &router), expected);
}

#[test]
fn a_marked_user_that_no_login_accounts_for_is_reported_and_left() {
    let lost = user(&login(9, Presence::Enabled));
    let theirs = ObservedUser { name: "admin".to_owned(), comment: String::new(), ..lost.clone() };
    let router = ModelRouter::empty().with_user(lost).with_user(theirs);
    let (menu, name) = (LoginKind::Hotspot, "V9".to_owned());
    let expected = Drift { login: None, menu, name, kind: DriftKind::Orphan };
    assert_eq!(compare(&[], &router), Diff { drift: vec![expected], ..Diff::default() });
}

#[test]
fn names_are_compared_letter_by_letter() {
    let wanted = fresh(login(1, Presence::Enabled));
    let found = ObservedUser { name: "v1".to_owned(), ..user(&wanted) };
    let diff = compare(&[wanted], &ModelRouter::empty().with_user(found));
    assert!(matches!(changes(&diff)[0].steps[..], [Step::AddUser(_)]));
}

#[test]
fn cut_offs_come_first_then_mends_then_adds_and_removals_last() {
    let wanted = [
        login(1, Presence::Enabled),
        login(2, Presence::Enabled),
        login(3, Presence::Disabled),
        login(4, Presence::Absent),
    ];
    let changed = ObservedUser { profile: "x".to_owned(), ..user(&wanted[1]) };
    let router = ModelRouter::empty()
        .with_user(changed)
        .with_user(user(&wanted[2]))
        .with_user(user(&wanted[3]));
    let order: Vec<_> = compare(&wanted, &router).changes().map(|c| c.login).collect();
    assert_eq!(order, [3, 4, 2, 1, 4].map(login_id));
}

fn any_login(number: u128) -> impl Strategy<Value = Login> {
    let presence =
        prop_oneof![Just(Presence::Enabled), Just(Presence::Disabled), Just(Presence::Absent)];
    let life = prop_oneof![
        Just(fresh as fn(Login) -> Login),
        Just(pending as fn(Login) -> Login),
        Just(std::convert::identity as fn(Login) -> Login)
    ];
    let kind = (any_kind(), any_line());
    (presence, life, prop_oneof![Just(OURS), Just(ACTIVATED)], 0..30_i64, kind).prop_map(
        move |(presence, life, comment, hours_before, (kind, line))| {
            let mut login = life(login(number, presence));
            login.spec.comment = comment.to_owned();
            login.usage.uptime_before = SignedDuration::from_hours(hours_before);
            of_kind(login, kind, &line)
        },
    )
}

fn any_kind() -> impl Strategy<Value = LoginKind> {
    prop_oneof![Just(LoginKind::Hotspot), Just(LoginKind::Pppoe)]
}

fn any_line() -> impl Strategy<Value = Vec<(LineField, String)>> {
    let caller =
        prop_oneof![Just(None), Just(Some("4C:5E:0C:12:34:56")), Just(Some("02:00:00:00:00:01"))];
    let address = prop_oneof![Just(None), Just(Some("10.20.0.7")), Just(Some("10.20.0.8"))];
    (caller, address).prop_map(|(caller, address)| {
        let fields = [(LineField::CallerId, caller), (LineField::RemoteAddress, address)];
        let said = fields.into_iter().filter_map(|(field, value)| Some((field, value?.to_owned())));
        said.collect()
    })
}

/// The same login in another menu. Secrets know no limits over all sessions.
fn of_kind(mut login: Login, kind: LoginKind, line: &[(LineField, String)]) -> Login {
    login.kind = kind;
    login.spec.line = Line::of(kind, line.iter().cloned()).unwrap();
    if kind == LoginKind::Pppoe {
        (login.spec.limit_uptime, login.spec.limit_bytes) = (None, None);
    }
    login
}

fn any_user() -> impl Strategy<Value = ObservedUser> {
    let comment = prop_oneof![
        Just(String::new()),
        Just(OURS.to_owned()),
        Just(format!("{OURS}{STAMP}")),
        Just(ACTIVATED.to_owned()),
        Just(OTHER_BATCH.to_owned()),
        Just("neighbour".to_owned()),
    ];
    let password = prop_oneof![Just(None), Just(Some("secret")), Just(Some("other"))];
    let limits = (proptest::option::of(0..30_i64), proptest::option::of(any::<u64>()));
    (0..8_u128, comment, password, any::<bool>(), limits, any_kind(), any_line()).prop_map(
        |(number, comment, password, disabled, (hours, limit_bytes), kind, line)| {
            let is_user = kind == LoginKind::Hotspot;
            let bare = of_kind(login(number, Presence::Enabled), kind, &line);
            ObservedUser {
                comment,
                password: password.map(str::to_owned),
                disabled,
                limit_uptime: hours.map(SignedDuration::from_hours).filter(|_| is_user),
                limit_bytes: limit_bytes.filter(|_| is_user),
                ..user(&bare)
            }
        },
    )
}

fn any_router() -> impl Strategy<Value = ModelRouter> {
    (vec(any_user(), 0..10), vec((0..8_u128, any_kind()), 0..8)).prop_map(|(users, online)| {
        let numbered = users
            .into_iter()
            .zip(0..)
            .map(|(user, number)| ObservedUser { id: ObjectId(format!("*{number}")), ..user });
        let router = numbered.fold(ModelRouter::empty(), ModelRouter::with_user);
        online.iter().fold(router, |router, (number, kind)| match kind {
            LoginKind::Hotspot => router.with_online(&format!("V{number}")),
            LoginKind::Pppoe => router.with_session(*kind, &format!("V{number}")),
        })
    })
}

/// Users that no login of `wanted` may claim.
fn foreign(router: &ModelRouter, wanted: &[Login]) -> Vec<ObservedUser> {
    let is_claimed = |user: &ObservedUser| {
        wanted.iter().any(|login| {
            (login.kind, &login.name) == (user.kind, &user.name)
                && OwnMark.is_same(&user.comment, &login.spec.comment)
        })
    };
    router.state.users.iter().filter(|user| !is_claimed(user)).cloned().collect()
}

/// Does the router say what `login` asks for, as far as that is ours to say?
fn is_satisfied(login: &Login, router: &ModelRouter) -> bool {
    let users = || router.state.users.iter();
    let named = || users().filter(|user| (user.kind, &user.name) == (login.kind, &login.name));
    let ours: Vec<_> =
        named().filter(|user| OwnMark.is_same(&user.comment, &login.spec.comment)).collect();
    let is_shared = named().count() > ours.len();
    let mut sessions = router.state.sessions.iter();
    let has_cookie = login.kind == LoginKind::Hotspot
        && router.state.cookies.iter().any(|cookie| cookie.user == login.name);
    let has_session = sessions.any(|row| (row.kind, &row.user) == (login.kind, &login.name));
    let is_offline = !has_session && !has_cookie;
    match login.presence {
        Presence::Enabled => {
            (is_shared || !ours.is_empty())
                && ours.iter().all(|user| Mend::of(login, user).is_empty())
        }
        Presence::Disabled => {
            ours.iter().all(|user| user.disabled)
                && (is_offline || is_shared || !login.ever_applied && ours.is_empty())
        }
        Presence::Absent => ours.is_empty() && (is_offline || is_shared || !login.ever_applied),
    }
}

proptest! {
    #[test]
    fn one_pass_converges_from_any_state_and_foreign_users_stay_as_they_are(
        wanted in (0..6_u128).map(any_login).collect::<Vec<_>>(), before in any_router(),
    ) {
        let mut after = before.clone();
        after.apply(&compare(&wanted, &before));
        let second = compare(&wanted, &after);
        prop_assert_eq!(changes(&second), []);
        prop_assert_eq!(second.in_step.len() + second.taken.len(), wanted.len());
        for login in &wanted {
            prop_assert!(is_satisfied(login, &after), "{:?}", login);
        }
        prop_assert_eq!(foreign(&before, &wanted), foreign(&after, &wanted));
    }
}

#[test]
fn the_same_name_in_two_menus_is_two_logins() {
    let hotspot = login(1, Presence::Enabled);
    let secret = of_kind(hotspot.clone(), LoginKind::Pppoe, &[]);
    let router = ModelRouter::empty().with_user(user(&hotspot)).with_online("V1");
    let diff =
        compare(&[hotspot.clone(), Login { presence: Presence::Disabled, ..secret }], &router);
    assert_eq!(changes(&diff), []);
    assert_eq!(diff.in_step.len(), 2, "the session is the hotspot's");
}

#[test]
fn a_secret_gets_its_addresses_and_loses_what_somebody_else_wrote() {
    let address = [(LineField::RemoteAddress, "10.20.0.7".to_owned())];
    let device = [(LineField::CallerId, "4C:5E:0C:12:34:56".to_owned())];
    let wanted = of_kind(login(1, Presence::Enabled), LoginKind::Pppoe, &address);
    let found = user(&of_kind(login(1, Presence::Enabled), LoginKind::Pppoe, &device));
    let id = found.id.clone();
    let diff = compare(std::slice::from_ref(&wanted), &ModelRouter::empty().with_user(found));
    let set = UserPatch { line: address.to_vec(), ..UserPatch::default() };
    let clear = Step::ClearField(id.clone(), LineField::CallerId);
    assert_eq!(diff.restores, [change(&wanted, vec![Step::SetUser(id, set), clear])]);
    assert_eq!(kinds(&diff), [DriftKind::Changed(vec!["remote-address", "caller-id"])]);
}

#[test]
fn what_a_person_takes_care_of_is_reported_and_left_alone_until_it_ends() {
    let manual = |presence| Login { care: Care::Manual, ..login(1, presence) };
    let found = ObservedUser { profile: "other".to_owned(), ..user(&login(1, Presence::Enabled)) };
    let router = ModelRouter::empty().with_user(found).with_online("V1");
    for (presence, drift) in [
        (Presence::Enabled, DriftKind::Changed(vec!["profile"])),
        (Presence::Disabled, DriftKind::Changed(vec!["disabled"])),
    ] {
        let diff = compare(&[manual(presence)], &router);
        assert_eq!((changes(&diff), kinds(&diff)[0].clone()), (vec![], drift));
    }
    let gone = compare(&[manual(Presence::Enabled)], &ModelRouter::empty());
    assert_eq!((changes(&gone), kinds(&gone)), (vec![], vec![DriftKind::Missing]));
    assert_eq!(changes(&compare(&[manual(Presence::Absent)], &router)).len(), 2);
}

#[test]
fn adopting_takes_over_the_only_user_of_a_name_and_no_marked_one() {
    let wanted = Login { care: Care::Adopting, ..fresh(login(1, Presence::Enabled)) };
    let theirs = ObservedUser { comment: "Budi, RT 05".to_owned(), ..user(&wanted) };
    let router = ModelRouter::empty().with_user(theirs.clone()).with_online("V1");
    let diff = compare(std::slice::from_ref(&wanted), &router);
    let marked = UserPatch { comment: Some(OURS.to_owned()), ..UserPatch::default() };
    let step = Step::SetUser(theirs.id.clone(), marked);
    assert_eq!(changes(&diff), [change(&wanted, vec![step])], "the session goes on");
    let other = ObservedUser { comment: OTHER_BATCH.to_owned(), ..theirs.clone() };
    let twice = ModelRouter::empty()
        .with_user(theirs.clone())
        .with_user(ObservedUser { id: ObjectId("*2".to_owned()), ..theirs });
    for router in [ModelRouter::empty().with_user(other), twice] {
        let diff = compare(std::slice::from_ref(&wanted), &router);
        assert_eq!((changes(&diff), diff.taken.as_slice()), (vec![], &[wanted.id][..]));
    }
}
