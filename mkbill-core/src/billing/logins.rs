//! Use cases around logins.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::account::book::CustomerAccount;
use crate::account::desk::Desk;
use crate::audit::{Act, Record};
use crate::kernel::caller::{Caller, Fingerprint};
use crate::kernel::context::Context;
use crate::kernel::error::{Error, Refusal};
use crate::kernel::ids::{CustomerId, LoginId, RouterId, SubscriptionId};
use crate::kernel::language::said;
use crate::kernel::page::{Page, PageRequest};
use crate::kernel::permission::Permission;
use crate::kernel::thing::Thing;
use crate::plan::terms::{Service, Terms};
use crate::provisioning::line::{Line, LineField};
use crate::provisioning::numbering::{self, LoginPrefix, Naming, NumberingRefusal};
use crate::provisioning::store::{LoginFilter, LoginSort};
use crate::provisioning::subscriber::{LoginName, LoginPassword, NewSubscriberLogin, login_for};
use crate::provisioning::{Care, Login, LoginKind, Presence, profile};
use crate::request::{Once, once};
use crate::router::Router;
use crate::store::Tx;
use crate::transact::{reading, transact};
use crate::voucher::issue::wake_router;

use super::desk::{finish, open};
use super::{Billing, Reader};

/// How many names in a row may be taken before the search for a free one ends.
const NAME_TRIES_MAX: u32 = 1_000;

/// A login to be made for a subscription.
#[derive(Debug, Clone)]
pub struct SubscriberLogin {
    /// On which router.
    pub router: RouterId,
    /// What the subscriber types.
    pub name: Naming,
    /// The password; by chance if absent.
    pub password: Option<LoginPassword>,
    /// Who may use it, and which addresses it gets.
    pub line: Vec<(LineField, String)>,
    /// Take over the user that bears the name on the router, with its password and its addresses.
    pub adopt: bool,
}

/// For which subscription a login is.
pub(super) struct ForSubscription<'a> {
    pub(super) customer: CustomerId,
    pub(super) subscription: SubscriptionId,
    pub(super) terms: &'a Terms,
    pub(super) profile: &'a str,
}

/// Why a login does not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginRefusal {
    /// It is not a subscriber's.
    #[error("login `{0}` belongs to a voucher: change the voucher")]
    OfVoucher(String),
    /// It has ended.
    #[error("login `{0}` is over: give the subscription a new one")]
    Over(String),
    /// The customer who wants it has it already.
    #[error("this customer has the login `{0}` already: choose another name for a second one")]
    Exists(String),
}

/// The code of [`LoginRefusal::Exists`].
pub(super) const LOGIN_EXISTS: &str = "login_exists";

impl Refusal for LoginRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::OfVoucher(_) => "login_of_voucher",
            Self::Over(_) => "login_over",
            Self::Exists(_) => LOGIN_EXISTS,
        }
    }

    fn indonesian(&self) -> String {
        match self {
            Self::OfVoucher(name) => {
                format!("login `{name}` milik sebuah voucher: ubah vouchernya")
            }
            Self::Over(name) => {
                format!("login `{name}` sudah berakhir: beri langganan login yang baru")
            }
            Self::Exists(name) => format!(
                "pelanggan ini sudah punya login `{name}`: pilih nama lain untuk login kedua"
            ),
        }
    }
}

/// What is done to a login.
#[derive(Debug, Clone)]
enum LoginWish {
    Password(Option<LoginPassword>),
    Line(Vec<(LineField, Option<String>)>),
    Close(bool),
    Care(Care),
}

impl LoginWish {
    const fn action(&self) -> &'static str {
        match self {
            Self::Password(_) => "login.reset_password",
            Self::Line(_) => "login.change",
            Self::Close(true) => "login.disable",
            Self::Close(false) => "login.enable",
            Self::Care(_) => "login.care",
        }
    }

    /// What tells a repeated request from another one; of a password, whether one was given.
    fn fingerprint(&self, id: LoginId) -> Fingerprint {
        match self {
            Self::Password(given) => {
                let given =
                    given.as_ref().map(|given| crate::apikey::digest(&given.as_str().into()));
                Fingerprint::of(self.action(), &[&id, &given])
            }
            other => Fingerprint::of(self.action(), &[&id, other]),
        }
    }
}

impl Billing {
    /// Gives a subscriber's login another password, by chance if none is given. Whoever is online
    /// with the old one has to sign in again.
    ///
    /// # Errors
    ///
    /// A [`LoginRefusal`].
    pub async fn reset_login_password(
        &self,
        caller: &Caller,
        id: LoginId,
        password: Option<LoginPassword>,
    ) -> Result<Login, Error> {
        caller.must(Permission::LoginsEdit)?;
        self.change(caller, id, LoginWish::Password(password)).await
    }

    /// Changes who may use a subscriber's login and which addresses it gets; a field without a value
    /// is emptied. Whoever is online begins anew.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a value that a router would refuse, [`Error::Conflict`] for an address
    /// that another login has, or a [`LoginRefusal`].
    pub async fn change_login(
        &self,
        caller: &Caller,
        id: LoginId,
        fields: Vec<(LineField, Option<String>)>,
    ) -> Result<Login, Error> {
        caller.must(Permission::LoginsEdit)?;
        self.change(caller, id, LoginWish::Line(fields)).await
    }

    /// Closes a subscriber's login whatever the subscription is due, until it is opened again.
    /// Charges go on; to stop them, pause the subscription.
    ///
    /// # Errors
    ///
    /// A [`LoginRefusal`].
    pub async fn disable_login(&self, caller: &Caller, id: LoginId) -> Result<Login, Error> {
        caller.must(Permission::LoginsEdit)?;
        self.change(caller, id, LoginWish::Close(true)).await
    }

    /// Takes back [`Self::disable_login`]: the subscription decides again.
    ///
    /// # Errors
    ///
    /// A [`LoginRefusal`].
    pub async fn enable_login(&self, caller: &Caller, id: LoginId) -> Result<Login, Error> {
        caller.must(Permission::LoginsEdit)?;
        self.change(caller, id, LoginWish::Close(false)).await
    }

    /// Leaves to a person what the router says of a subscriber's login: what differs is reported and
    /// not changed, even if it is not paid for. With `manual` false the books decide again.
    ///
    /// # Errors
    ///
    /// A [`LoginRefusal`].
    pub async fn override_login(
        &self,
        caller: &Caller,
        id: LoginId,
        manual: bool,
    ) -> Result<Login, Error> {
        caller.must(Permission::LoginsEdit)?;
        let care = if manual { Care::Manual } else { Care::Books };
        self.change(caller, id, LoginWish::Care(care)).await
    }

    /// Gives a subscription a login, in place of the one it has: another name, another router.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] for a name or an address that is taken; a refusal if the subscription is
    /// over or the router lacks its profile.
    pub async fn give_login(
        &self,
        caller: &Caller,
        subscription: SubscriptionId,
        wanted: SubscriberLogin,
    ) -> Result<Login, Error> {
        let context = self.permitted(caller, Permission::LoginsCreate)?;
        let login = transact!(self.store(), caller.mode, |tx| {
            give(tx, self.desk(context).await?, subscription, &wanted).await
        })?;
        Ok(login)
    }

    /// Takes a subscriber's login away; the subscription goes on without one.
    ///
    /// # Errors
    ///
    /// A [`LoginRefusal`].
    pub async fn remove_login(&self, caller: &Caller, id: LoginId) -> Result<Login, Error> {
        let context = self.permitted(caller, Permission::LoginsDelete)?;
        let login = transact!(self.store(), caller.mode, |tx| {
            remove(tx, self.desk(context).await?, id).await
        })?;
        Ok(login)
    }

    async fn change(&self, caller: &Caller, id: LoginId, wish: LoginWish) -> Result<Login, Error> {
        let context = self.context(caller);
        let login =
            transact!(self.store(), caller.mode, |tx| { change(tx, context, id, &wish).await })?;
        Ok(login)
    }
}

impl Reader {
    /// Logins; newest first if asked for in no order.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn logins(
        &self,
        filter: &LoginFilter,
        page: PageRequest<LoginSort>,
    ) -> Result<Page<Login>, Error> {
        reading!(self.store(), |tx| tx.login_page(filter, page).await)
    }

    /// One login.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is none.
    pub async fn login(&self, id: LoginId) -> Result<Login, Error> {
        reading!(self.store(), |tx| by_id(tx, id).await)
    }
}

async fn by_id(tx: &mut dyn Tx, id: LoginId) -> Result<Login, Error> {
    tx.login_by_id(id).await?.ok_or_else(|| Error::not_found(Thing::Login, id))
}

/// One login, locked until the transaction ends.
async fn locked(tx: &mut dyn Tx, id: LoginId) -> Result<Login, Error> {
    tx.login_lock(id).await?.ok_or_else(|| Error::not_found(Thing::Login, id))
}

/// A login that a person may change.
fn subscription_of(login: &Login) -> Result<SubscriptionId, LoginRefusal> {
    match login.owner.subscription() {
        None => Err(LoginRefusal::OfVoucher(login.name.clone())),
        Some(_) if login.presence == Presence::Absent => {
            Err(LoginRefusal::Over(login.name.clone()))
        }
        Some(subscription) => Ok(subscription),
    }
}

async fn change(
    tx: &mut dyn Tx,
    context: Context<'_>,
    id: LoginId,
    wish: &LoginWish,
) -> Result<Login, Error> {
    let login = locked(tx, id).await?;
    if let Once::Again(_) = once(tx, context, wish.fingerprint(id), id.uuid()).await? {
        return Ok(login);
    }
    context.caller.has_seen(login.revision)?;
    subscription_of(&login)?;
    match wish {
        LoginWish::Password(given) => {
            let password = given.clone().unwrap_or_else(|| LoginPassword::random(context.entropy));
            tx.login_respec(id, password.as_str(), &login.spec.line).await?;
        }
        LoginWish::Line(fields) => {
            let line = changed_line(&login, fields)?;
            refuse_taken_address(tx, login.router, Some(id), &line).await?;
            tx.login_respec(id, &login.spec.password, &line).await?;
        }
        LoginWish::Close(closed) => tx.login_close(id, *closed).await?,
        LoginWish::Care(care) => tx.login_care(id, *care).await?,
    }
    let after = by_id(tx, id).await?;
    let act = Act { action: wish.action(), subject_kind: "login", subject: id.uuid() };
    tx.audit_append(&[Record::new(context, act, picture(&login), picture(&after))]).await?;
    wake_router(tx, context, login.router).await?;
    Ok(after)
}

fn changed_line(login: &Login, changes: &[(LineField, Option<String>)]) -> Result<Line, Error> {
    let kept = login.spec.line.fields().map(|(field, value)| (field, value.to_owned()));
    let mut fields: BTreeMap<LineField, String> = kept.collect();
    for (field, value) in changes {
        match value {
            Some(value) => drop(fields.insert(*field, value.clone())),
            None => drop(fields.remove(field)),
        }
    }
    Line::of(login.kind, fields)
}

/// A login as the trail shows it; its password never enters there.
fn picture(login: &Login) -> Value {
    let line = login.spec.line.fields().map(|(field, value)| (field.name(), value));
    json!({
        "name": login.name,
        "router": login.router.to_string(),
        "presence": login.presence.name(),
        "disabled_by_hand": login.closed,
        "care": login.care.name(),
        "line": line.collect::<BTreeMap<_, _>>(),
    })
}

async fn give(
    tx: &mut dyn Tx,
    mut desk: Desk<'_>,
    id: SubscriptionId,
    wanted: &SubscriberLogin,
) -> Result<Login, Error> {
    let subscription = tx.subscription_by_id(id).await?;
    let subscription = subscription.ok_or_else(|| Error::not_found(Thing::Subscription, id))?;
    let new_id = desk.id(LoginId::in_run);
    let input = Fingerprint::of("subscription.login", &[&id, wanted]);
    if let Once::Again(made) = once(tx, desk.context, input, new_id.uuid()).await? {
        return by_id(tx, LoginId::from_uuid(made)).await;
    }
    let mut account = open(tx, &mut desk, subscription.customer).await?;
    let index = account.find(id)?;
    desk.context.caller.has_seen(account.kept[index].subscription.revision)?;
    let new = ForSubscription {
        customer: subscription.customer,
        subscription: id,
        terms: &subscription.terms,
        profile: &subscription.profile,
    };
    let login = Login { id: new_id, ..make(tx, desk.context, new, wanted).await? };
    end(tx, desk.context, subscription.login).await?;
    account.give_login(&desk, index, Some(login.id));
    let account = finish(tx, &desk, account).await?;
    insert(tx, &desk, &account, login).await?;
    by_id(tx, new_id).await
}

async fn remove(tx: &mut dyn Tx, mut desk: Desk<'_>, id: LoginId) -> Result<Login, Error> {
    let login = by_id(tx, id).await?;
    let input = Fingerprint::of("login.remove", &[&id]);
    if let Once::Again(_) = once(tx, desk.context, input, id.uuid()).await? {
        return Ok(login);
    }
    desk.context.caller.has_seen(login.revision)?;
    let subscription = subscription_of(&login)?;
    let customer = tx.subscription_by_id(subscription).await?.map(|kept| kept.customer);
    let customer = customer.ok_or_else(|| Error::not_found(Thing::Subscription, subscription))?;
    let mut account = open(tx, &mut desk, customer).await?;
    // Read again under the locks: another removal may have been first.
    let login = locked(tx, id).await?;
    desk.context.caller.has_seen(login.revision)?;
    subscription_of(&login)?;
    if let Ok(index) = account.find(subscription) {
        account.give_login(&desk, index, None);
    }
    finish(tx, &desk, account).await?;
    end(tx, desk.context, Some(id)).await?;
    by_id(tx, id).await
}

/// Wants a login gone and has its router told.
async fn end(tx: &mut dyn Tx, context: Context<'_>, login: Option<LoginId>) -> Result<(), Error> {
    let Some(id) = login else { return Ok(()) };
    let login = by_id(tx, id).await?;
    tx.logins_want_absent(&[id]).await?;
    wake_router(tx, context, login.router).await
}

/// In which menu logins of a service live.
pub(super) const fn menu_of(service: Service) -> LoginKind {
    match service {
        Service::Hotspot => LoginKind::Hotspot,
        Service::Pppoe => LoginKind::Pppoe,
    }
}

/// Refuses a login that the customer has already: who asks for it again wants no second subscription.
pub(super) async fn refuse_existing(
    tx: &mut dyn Tx,
    account: &CustomerAccount,
    service: Service,
    wanted: &SubscriberLogin,
) -> Result<(), Error> {
    let (kind, mut held) = (menu_of(service), Vec::new());
    for id in account.kept.iter().filter_map(|kept| kept.subscription.login) {
        let login = tx.login_by_id(id).await?;
        let is_there = |login: &Login| {
            (login.router, login.kind) == (wanted.router, kind)
                && login.presence != Presence::Absent
        };
        held.extend(login.filter(is_there).map(|login| login.name));
    }
    let existing = match &wanted.name {
        Naming::Chosen(name) => held.into_iter().find(|held| held == name.as_str()),
        Naming::Numbered(_) => None,
        Naming::Listed { prefix, nth, besides } => {
            let is_counted = |held: &String| {
                let name = held.parse().ok().filter(|name| !besides.contains(name));
                name.and_then(|name| numbering::counted(&name)).is_some_and(|(of, _)| of == *prefix)
            };
            held.into_iter().filter(is_counted).nth(*nth)
        }
    };
    existing.map_or(Ok(()), |name| Err(LoginRefusal::Exists(name).into()))
}

/// A login that is closed until the account says otherwise.
pub(super) async fn make(
    tx: &mut dyn Tx,
    context: Context<'_>,
    new: ForSubscription<'_>,
    wanted: &SubscriberLogin,
) -> Result<Login, Error> {
    let kind = menu_of(new.terms.service);
    let router = tx.router_hold(wanted.router).await?;
    let router = router.ok_or_else(|| Error::not_found(Thing::Router, wanted.router))?;
    for name in [new.profile].into_iter().chain(new.terms.profiles()) {
        profile::expect(tx, &router, kind, name).await?;
    }
    if wanted.adopt && (wanted.password.is_some() || !wanted.line.is_empty()) {
        let text = said!(
            "what is taken over keeps its password and addresses: change them afterwards",
            "login yang diambil alih tetap memakai kata sandi dan alamatnya: ubah setelah itu"
        );
        return Err(Error::invalid("adopt", text));
    }
    let line = Line::of(kind, wanted.line.iter().cloned())?;
    refuse_taken_address(tx, router.id, None, &line).await?;
    let name = match &wanted.name {
        Naming::Chosen(name) => chosen(tx, &router, kind, name, wanted.adopt).await?,
        Naming::Numbered(prefix) | Naming::Listed { prefix, .. } => {
            next_name(tx, context, &router, kind, prefix).await?
        }
    };
    let chance = || LoginPassword::random(context.entropy);
    let new = NewSubscriberLogin {
        customer: new.customer,
        subscription: new.subscription,
        router: router.id,
        kind,
        name,
        password: wanted.password.clone().unwrap_or_else(chance),
        profile: new.profile.to_owned(),
        line,
        adopt: wanted.adopt,
        presence: Presence::Disabled,
    };
    login_for(context, new)
}

/// Writes a login that was made, as the account wants it, and has its router told.
pub(super) async fn insert(
    tx: &mut dyn Tx,
    desk: &Desk<'_>,
    account: &CustomerAccount,
    mut login: Login,
) -> Result<(), Error> {
    if let Some(serve) = account.serve.iter().find(|serve| serve.login == login.id) {
        login.presence = serve.presence;
        login.spec.profile.clone_from(&serve.profile);
    }
    let router = login.router;
    tx.login_insert_all(&[login]).await?;
    wake_router(tx, desk.context, router).await
}

/// A name that nobody has, unless the one who has it is to be taken over.
async fn chosen(
    tx: &mut dyn Tx,
    router: &Router,
    kind: LoginKind,
    name: &LoginName,
    adopt: bool,
) -> Result<LoginName, Error> {
    if tx.login_by_name(router.id, kind, name.as_str()).await?.is_some() {
        let text = said!(
            "`{name}` is taken on router {router}",
            "`{name}` sudah dipakai di router {router}",
            router = router.name,
        );
        return Err(Error::conflict(Thing::Login, text));
    }
    let stranger = tx.stranger_named(router.id, kind, name.as_str()).await?;
    match (stranger, adopt) {
        (Some(_), false) => {
            let text = said!(
                "router {router} has a {kind} login `{name}` that is not ours: choose another name, or adopt it",
                "router {router} punya login {kind} `{name}` yang bukan milik kami: pilih nama lain, atau ambil alih",
                router = router.name,
            );
            return Err(Error::conflict(Thing::Login, text));
        }
        (None, true) => {
            let text = said!(
                "router {router} has no {kind} login `{name}` to be taken over, or was not looked at since",
                "router {router} tidak punya login {kind} `{name}` untuk diambil alih, atau belum diperiksa lagi",
                router = router.name,
            );
            return Err(Error::conflict(Thing::Login, text));
        }
        _ => {}
    }
    if let Some((prefix, number)) = numbering::counted(name) {
        tx.numbering_push(&prefix, number).await?;
    }
    Ok(name.clone())
}

/// Counts on to the next name that neither the books nor the router have.
async fn next_name(
    tx: &mut dyn Tx,
    context: Context<'_>,
    router: &Router,
    kind: LoginKind,
    prefix: &LoginPrefix,
) -> Result<LoginName, Error> {
    let numbering = tx.numbering_lock(prefix).await?;
    let mut numbering = numbering.ok_or_else(|| NumberingRefusal::Unknown(prefix.clone()))?;
    let began = numbering.last;
    for _ in 0..NAME_TRIES_MAX {
        numbering.last += 1;
        numbering = numbering.checked()?;
        let name = numbering.name(numbering.last)?;
        let in_books = tx.login_by_name(router.id, kind, name.as_str()).await?.is_some();
        if !in_books && tx.stranger_named(router.id, kind, name.as_str()).await?.is_none() {
            numbering.updated_at = context.now;
            tx.numbering_put(&numbering).await?;
            return Ok(name);
        }
    }
    let prefix = prefix.clone();
    Err(NumberingRefusal::Crowded { prefix, last: began, tries: NAME_TRIES_MAX }.into())
}

/// Refuses a fixed address that another login of the router has.
async fn refuse_taken_address(
    tx: &mut dyn Tx,
    router: RouterId,
    own: Option<LoginId>,
    line: &Line,
) -> Result<(), Error> {
    let Some(address) = line.get(LineField::RemoteAddress) else { return Ok(()) };
    match tx.login_by_address(router, address).await? {
        Some(other) if Some(other.id) != own => {
            let text = said!(
                "{address} is the address of `{other}` on the same router",
                "{address} adalah alamat `{other}` di router yang sama",
                other = other.name,
            );
            Err(Error::conflict(Thing::RemoteAddress, text))
        }
        _ => Ok(()),
    }
}
