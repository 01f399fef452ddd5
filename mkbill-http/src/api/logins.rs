//! Logins of subscribers, and how their names are counted, over HTTP.

use axum::Json;
use axum::http::StatusCode;
use jiff::Timestamp;
use mkbill_core::billing::{Naming, NumberingChange, Reader, SubscriberLogin};
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::ids::{LoginId, SubscriptionId};
use mkbill_core::kernel::language::said;
use mkbill_core::kernel::permission::needs::{LoginsDelete, LoginsEdit, LoginsView};
use mkbill_core::provisioning::line::LineField;
use mkbill_core::provisioning::numbering::{LoginPrefix, Numbering};
use mkbill_core::provisioning::store::{LoginFilter, LoginSort};
use mkbill_core::provisioning::{Care, Login, LoginKind, SyncState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::values::{Given, PageBody, choices, list_query, search_in};
use super::{Answer, Problems};
use crate::auth::access::{Reads, Writes};
use crate::extract::{Json as Body, Path, Query, WriteHeaders, WriteQuery, named_in};
use crate::problem::Problem;
use crate::tag::{Shown, Tagged};

choices! {
    /// In which menu of the router a login lives.
    LoginKindBody as LoginKind for LoginKind {
        /// A hotspot user.
        Hotspot,
        /// A PPP secret.
        Pppoe,
    }
}

/// Who may use a login, and which addresses it gets. What is absent is up to its profile. A hotspot
/// login has `caller_id` and `remote_address` only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Line)]
pub(crate) struct LineBody {
    /// For which tunnel it is: `any`, `async`, `l2tp`, `ovpn`, `pppoe`, `pptp` or `sstp`; `pppoe` if
    /// absent.
    #[schema(example = "pppoe")]
    pub(crate) service: Option<String>,
    /// The only device that may use it: a MAC address in any spelling.
    #[schema(example = "4C:5E:0C:12:34:56")]
    pub(crate) caller_id: Option<String>,
    /// The router's address in the tunnel.
    pub(crate) local_address: Option<String>,
    /// The customer's fixed IPv4 address; on one router each belongs to one login.
    #[schema(example = "10.20.0.7")]
    pub(crate) remote_address: Option<String>,
    /// The customer's IPv6 prefix.
    pub(crate) remote_ipv6_prefix: Option<String>,
    /// Networks behind the customer.
    pub(crate) routes: Option<String>,
    /// IPv6 networks behind the customer; `RouterOS` 7 only.
    pub(crate) ipv6_routes: Option<String>,
    /// Bytes from the customer that one session may move.
    pub(crate) limit_bytes_in: Option<u64>,
    /// Bytes to the customer that one session may move.
    pub(crate) limit_bytes_out: Option<u64>,
}

impl LineBody {
    /// The fields that say something.
    pub(crate) fn read(self) -> Vec<(LineField, String)> {
        let number = |bytes: Option<u64>| bytes.map(|bytes| bytes.to_string());
        let fields = [
            (LineField::Service, self.service),
            (LineField::CallerId, self.caller_id),
            (LineField::LocalAddress, self.local_address),
            (LineField::RemoteAddress, self.remote_address),
            (LineField::RemoteIpv6Prefix, self.remote_ipv6_prefix),
            (LineField::Routes, self.routes),
            (LineField::Ipv6Routes, self.ipv6_routes),
            (LineField::LimitBytesIn, number(self.limit_bytes_in)),
            (LineField::LimitBytesOut, number(self.limit_bytes_out)),
        ];
        fields.into_iter().filter_map(|(field, value)| Some((field, value?))).collect()
    }

    fn of(login: &Login) -> Self {
        let text = |field| login.spec.line.get(field).map(str::to_owned);
        let number = |field| login.spec.line.get(field).and_then(|text| text.parse().ok());
        Self {
            service: text(LineField::Service),
            caller_id: text(LineField::CallerId),
            local_address: text(LineField::LocalAddress),
            remote_address: text(LineField::RemoteAddress),
            remote_ipv6_prefix: text(LineField::RemoteIpv6Prefix),
            routes: text(LineField::Routes),
            ipv6_routes: text(LineField::Ipv6Routes),
            limit_bytes_in: number(LineField::LimitBytesIn),
            limit_bytes_out: number(LineField::LimitBytesOut),
        }
    }
}

/// A login to be made for a subscription.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSubscriberLogin)]
pub(crate) struct NewLoginBody {
    /// On which router: name or id.
    #[schema(example = "rt-05")]
    pub(crate) router: String,
    /// What the subscriber types: 1 to 64 visible ASCII characters without blanks. Give this or
    /// `prefix`.
    #[serde(default)]
    #[schema(example = "budi", min_length = 1, max_length = 64)]
    pub(crate) name: Option<String>,
    /// Count the name: the next free one of the numbering of this prefix.
    #[serde(default)]
    #[schema(example = "pppoe", min_length = 1, max_length = 32)]
    pub(crate) prefix: Option<String>,
    /// The password, 1 to 64 visible ASCII characters without blanks; by chance if absent.
    #[serde(default)]
    #[schema(format = Password, min_length = 1, max_length = 64)]
    pub(crate) password: Option<String>,
    /// Who may use it, and which addresses it gets.
    #[serde(default)]
    pub(crate) line: Option<LineBody>,
    /// Take over the user that bears the name on the router, with its password and its addresses.
    #[serde(default)]
    #[schema(required = false)]
    pub(crate) adopt: bool,
}

impl NewLoginBody {
    pub(crate) async fn read(self, billing: &Reader) -> Result<SubscriberLogin, Error> {
        let router = billing.router(&self.router).await.map_err(named_in("router"))?;
        let name = match (&self.name, &self.prefix) {
            (Some(name), None) => Naming::Chosen(name.parse()?),
            (None, Some(prefix)) => Naming::Numbered(prefix.parse()?),
            _ => {
                return Err(Error::invalid(
                    "name",
                    said!(
                        "give either a name or a prefix",
                        "isi nama atau awalan, salah satu saja"
                    ),
                ));
            }
        };
        Ok(SubscriberLogin {
            router: router.id,
            name,
            password: self.password.as_deref().map(str::parse).transpose()?,
            line: self.line.unwrap_or_default().read(),
            adopt: self.adopt,
        })
    }
}

/// A login on a router.
#[derive(Serialize, ToSchema)]
#[schema(as = Login)]
pub(crate) struct LoginBody {
    /// Identity.
    pub(crate) id: Uuid,
    /// The id of its router.
    pub(crate) router_id: Uuid,
    /// In which menu it lives.
    pub(crate) kind: LoginKindBody,
    /// What is typed.
    pub(crate) name: String,
    /// The password.
    #[schema(format = Password)]
    pub(crate) password: String,
    /// The subscription it belongs to.
    pub(crate) subscription_id: Option<Uuid>,
    /// The voucher it belongs to.
    pub(crate) voucher_id: Option<Uuid>,
    /// `enabled`, `disabled` or `absent`: how it ought to be.
    pub(crate) presence: &'static str,
    /// Did a person disable it, whatever the subscription is due?
    pub(crate) disabled_by_hand: bool,
    /// Does a person decide what the router says of it?
    pub(crate) overridden: bool,
    /// Its router profile.
    pub(crate) router_profile: String,
    /// Who may use it, and which addresses it gets.
    pub(crate) line: LineBody,
    /// How far the router has followed: `pending`, `applied` or `blocked`.
    pub(crate) sync: &'static str,
    /// When the router acknowledged it.
    pub(crate) applied_at: Option<Timestamp>,
    /// Why the router has not followed.
    pub(crate) last_error: Option<String>,
}

impl From<Login> for LoginBody {
    fn from(login: Login) -> Self {
        let (sync, line) = (login.sync.name().name(), LineBody::of(&login));
        let (applied_at, last_error) = match login.sync {
            SyncState::Pending { last_error, .. } => (None, last_error),
            SyncState::Applied { at } => (Some(at), None),
            SyncState::Blocked { error, .. } => (None, Some(error)),
        };
        Self {
            id: login.id.uuid(),
            router_id: login.router.uuid(),
            kind: login.kind.into(),
            name: login.name,
            password: login.spec.password,
            subscription_id: login.owner.subscription().map(SubscriptionId::uuid),
            voucher_id: login.owner.voucher().map(mkbill_core::kernel::ids::VoucherId::uuid),
            presence: login.presence.name(),
            disabled_by_hand: login.closed,
            overridden: login.care == Care::Manual,
            router_profile: login.spec.profile,
            line,
            sync,
            applied_at,
            last_error,
        }
    }
}

list_query! {
    /// Which logins, and which page of them.
    LoginsQuery by LoginSort {
        /// On this router: name or id.
        router: Option<String>,
        /// In this menu.
        #[param(inline)]
        kind: Option<LoginKindBody>,
        /// Of this subscription: an id.
        subscription: Option<Uuid>,
        /// With this very name.
        name: Option<String>,
        /// Whose router is so far: `pending`, `applied` or `blocked`.
        sync: Option<String>,
        /// Those of vouchers too.
        #[serde(default)]
        #[param(required = false)]
        vouchers: bool,
        /// A part of the name, whatever its case.
        #[param(min_length = 1, max_length = 100, example = "budi")]
        search: Option<String>,
    }
}

impl LoginsQuery {
    pub(crate) async fn filter(&self, billing: &Reader) -> Result<LoginFilter, Error> {
        let router = match &self.router {
            Some(key) => Some(billing.router_or_removed(key).await.map_err(named_in("router"))?.id),
            None => None,
        };
        Ok(LoginFilter {
            router,
            kind: self.kind.map(LoginKind::from),
            subscription: self.subscription.map(SubscriptionId::from_uuid),
            name: self.name.clone(),
            sync: self.sync.as_deref().map(str::parse).transpose()?,
            of_subscribers: !self.vouchers,
            text: search_in("search", self.search.as_deref())?,
        })
    }
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LoginPassword)]
pub(crate) struct PasswordBody {
    /// 1 to 64 visible ASCII characters without blanks; by chance if absent.
    #[serde(default)]
    #[schema(format = Password, min_length = 1, max_length = 64)]
    pub(crate) password: Option<String>,
}

/// Who decides what the router says of a login.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LoginOverride)]
pub(crate) struct OverrideBody {
    /// A person, who changes it on the router; else the books.
    pub(crate) overridden: bool,
}

/// Changes of a login. What is absent stays as it is; null empties a field.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LoginChange)]
pub(crate) struct LoginChangeBody {
    /// For which tunnel it is.
    #[serde(default)]
    #[schema(value_type = Option<String>, required = false)]
    pub(crate) service: Given<String>,
    /// The only device that may use it.
    #[serde(default)]
    #[schema(value_type = Option<String>, required = false)]
    pub(crate) caller_id: Given<String>,
    /// The router's address in the tunnel.
    #[serde(default)]
    #[schema(value_type = Option<String>, required = false)]
    pub(crate) local_address: Given<String>,
    /// The customer's fixed address.
    #[serde(default)]
    #[schema(value_type = Option<String>, required = false)]
    pub(crate) remote_address: Given<String>,
    /// The customer's IPv6 prefix.
    #[serde(default)]
    #[schema(value_type = Option<String>, required = false)]
    pub(crate) remote_ipv6_prefix: Given<String>,
    /// Networks behind the customer.
    #[serde(default)]
    #[schema(value_type = Option<String>, required = false)]
    pub(crate) routes: Given<String>,
    /// IPv6 networks behind the customer.
    #[serde(default)]
    #[schema(value_type = Option<String>, required = false)]
    pub(crate) ipv6_routes: Given<String>,
    /// Bytes from the customer that one session may move.
    #[serde(default)]
    #[schema(value_type = Option<u64>, required = false)]
    pub(crate) limit_bytes_in: Given<u64>,
    /// Bytes to the customer that one session may move.
    #[serde(default)]
    #[schema(value_type = Option<u64>, required = false)]
    pub(crate) limit_bytes_out: Given<u64>,
}

impl LoginChangeBody {
    /// The fields that change, with their new value if they have one.
    pub(crate) fn read(self) -> Vec<(LineField, Option<String>)> {
        let fields = [
            (LineField::Service, self.service),
            (LineField::CallerId, self.caller_id),
            (LineField::LocalAddress, self.local_address),
            (LineField::RemoteAddress, self.remote_address),
            (LineField::RemoteIpv6Prefix, self.remote_ipv6_prefix),
            (LineField::Routes, self.routes),
            (LineField::Ipv6Routes, self.ipv6_routes),
            (LineField::LimitBytesIn, self.limit_bytes_in.map(|bytes| bytes.to_string())),
            (LineField::LimitBytesOut, self.limit_bytes_out.map(|bytes| bytes.to_string())),
        ];
        let changes = fields.into_iter().filter_map(|(field, given)| match given {
            Given::Absent => None,
            Given::Null => Some((field, None)),
            Given::Value(value) => Some((field, Some(value))),
        });
        changes.collect()
    }
}

/// How the names of one prefix are counted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LoginNumbering)]
pub(crate) struct NumberingBody {
    /// What the names begin with.
    #[schema(example = "pppoe")]
    pub(crate) prefix: String,
    /// Up to how many digits numbers are filled with zeros.
    #[schema(example = 4)]
    pub(crate) digits: u32,
    /// The largest number that was given; 0 if none was.
    #[schema(example = 156)]
    pub(crate) last: i64,
    /// When it was written last.
    pub(crate) updated_at: Timestamp,
}

impl From<Numbering> for NumberingBody {
    fn from(numbering: Numbering) -> Self {
        Self {
            prefix: numbering.prefix.to_string(),
            digits: numbering.digits,
            last: numbering.last,
            updated_at: numbering.updated_at,
        }
    }
}

/// All numberings.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LoginNumberings)]
pub(crate) struct NumberingsBody {
    /// By prefix.
    pub(crate) items: Vec<NumberingBody>,
}

/// How the names of a prefix are to be counted. What is absent stays, or is the default of a new one.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LoginNumberingChange)]
pub(crate) struct NumberingChangeBody {
    /// Up to how many digits numbers are filled with zeros; 4 for a new one.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 10)]
    pub(crate) digits: Option<u32>,
    /// The number that counts as given last; 0 for a new one.
    #[serde(default)]
    #[schema(minimum = 0)]
    pub(crate) last: Option<i64>,
}

impl NumberingChangeBody {
    pub(crate) fn read(&self, prefix: &str) -> Result<NumberingChange, Error> {
        Ok(NumberingChange { prefix: prefix.parse()?, digits: self.digits, last: self.last })
    }
}

/// Lists logins, newest first unless asked otherwise; those of subscribers unless asked otherwise.
#[utoipa::path(get, path = "/logins", tag = "logins", params(LoginsQuery),
    responses((status = 200, description = "A page", body = PageBody<LoginBody>), Problems))]
pub(crate) async fn list_logins(
    billing: Reads<LoginsView>,
    Query(query): Query<LoginsQuery>,
) -> Answer<PageBody<LoginBody>> {
    let filter = query.filter(&billing).await?;
    let page = query.page()?;
    Ok(Json(PageBody::of(billing.logins(&filter, page).await?, LoginBody::from)))
}

/// Shows a login.
#[utoipa::path(get, path = "/logins/{login}", tag = "logins",
    params(("login" = Uuid, Path, description = "Id")),
    responses((status = 200, description = "The login", body = LoginBody), Problems))]
pub(crate) async fn show_login(
    billing: Reads<LoginsView>,
    Path(id): Path<Uuid>,
) -> Shown<LoginBody> {
    Ok(Tagged::from(billing.login(LoginId::from_uuid(id)).await?))
}

/// Changes who may use a subscriber's login and which addresses it gets. Whoever is online begins anew.
#[utoipa::path(patch, path = "/logins/{login}", tag = "logins",
    params(("login" = Uuid, Path, description = "Id"), WriteHeaders, WriteQuery),
    request_body = LoginChangeBody,
    responses((status = 200, description = "Changed", body = LoginBody), Problems))]
pub(crate) async fn change_login(
    billing: Writes<LoginsEdit>,
    Path(id): Path<Uuid>,
    Body(body): Body<LoginChangeBody>,
) -> Shown<LoginBody> {
    let login = billing.change_login(&billing.caller, LoginId::from_uuid(id), body.read()).await?;
    Ok(Tagged::from(login))
}

/// Takes a subscriber's login away; the subscription goes on without one.
#[utoipa::path(delete, path = "/logins/{login}", tag = "logins",
    params(("login" = Uuid, Path, description = "Id"), WriteHeaders, WriteQuery),
    responses((status = 200, description = "It ends", body = LoginBody), Problems))]
pub(crate) async fn remove_login(
    billing: Writes<LoginsDelete>,
    Path(id): Path<Uuid>,
) -> Shown<LoginBody> {
    Ok(Tagged::from(billing.remove_login(&billing.caller, LoginId::from_uuid(id)).await?))
}

/// Gives a subscriber's login another password. Whoever is online has to sign in again.
#[utoipa::path(post, path = "/logins/{login}/reset-password", tag = "logins",
    params(("login" = Uuid, Path, description = "Id"), WriteHeaders, WriteQuery),
    request_body = PasswordBody,
    responses((status = 200, description = "The login with its new password", body = LoginBody),
        Problems))]
pub(crate) async fn reset_password(
    billing: Writes<LoginsEdit>,
    Path(id): Path<Uuid>,
    Body(body): Body<PasswordBody>,
) -> Shown<LoginBody> {
    let password = body.password.as_deref().map(str::parse).transpose()?;
    let id = LoginId::from_uuid(id);
    Ok(Tagged::from(billing.reset_login_password(&billing.caller, id, password).await?))
}

/// Disables a subscriber's login whatever the subscription is due. Charges go on.
#[utoipa::path(post, path = "/logins/{login}/disable", tag = "logins",
    params(("login" = Uuid, Path, description = "Id"), WriteHeaders, WriteQuery),
    responses((status = 200, description = "Disabled", body = LoginBody), Problems))]
pub(crate) async fn disable_login(
    billing: Writes<LoginsEdit>,
    Path(id): Path<Uuid>,
) -> Shown<LoginBody> {
    Ok(Tagged::from(billing.disable_login(&billing.caller, LoginId::from_uuid(id)).await?))
}

/// Lets the subscription decide again whether a login is enabled.
#[utoipa::path(post, path = "/logins/{login}/enable", tag = "logins",
    params(("login" = Uuid, Path, description = "Id"), WriteHeaders, WriteQuery),
    responses((status = 200, description = "The subscription decides", body = LoginBody), Problems))]
pub(crate) async fn enable_login(
    billing: Writes<LoginsEdit>,
    Path(id): Path<Uuid>,
) -> Shown<LoginBody> {
    Ok(Tagged::from(billing.enable_login(&billing.caller, LoginId::from_uuid(id)).await?))
}

/// Leaves to a person what the router says of a subscriber's login, even if it is not paid for, or
/// gives it back to the books.
#[utoipa::path(post, path = "/logins/{login}/override", tag = "logins",
    params(("login" = Uuid, Path, description = "Id"), WriteHeaders, WriteQuery),
    request_body = OverrideBody,
    responses((status = 200, description = "The login", body = LoginBody), Problems))]
pub(crate) async fn override_login(
    billing: Writes<LoginsEdit>,
    Path(id): Path<Uuid>,
    Body(body): Body<OverrideBody>,
) -> Shown<LoginBody> {
    let id = LoginId::from_uuid(id);
    Ok(Tagged::from(billing.override_login(&billing.caller, id, body.overridden).await?))
}

/// Lists how names of logins are counted.
#[utoipa::path(get, path = "/login-numberings", tag = "logins",
    responses((status = 200, description = "All, by prefix", body = NumberingsBody), Problems))]
pub(crate) async fn list_numberings(billing: Reads<LoginsView>) -> Answer<NumberingsBody> {
    let items = billing.numberings().await?.into_iter().map(NumberingBody::from).collect();
    Ok(Json(NumberingsBody { items }))
}

/// Adds a numbering or changes the one of its prefix. Names that were given stay as they are.
#[utoipa::path(put, path = "/login-numberings/{prefix}", tag = "logins",
    params(("prefix" = String, Path, description = "What the names begin with"), WriteHeaders,
        WriteQuery),
    request_body = NumberingChangeBody,
    responses((status = 200, description = "The numbering", body = NumberingBody), Problems))]
pub(crate) async fn set_numbering(
    billing: Writes<LoginsEdit>,
    Path(prefix): Path<String>,
    Body(body): Body<NumberingChangeBody>,
) -> Answer<NumberingBody> {
    Ok(Json(billing.set_numbering(&billing.caller, body.read(&prefix)?).await?.into()))
}

/// Takes a numbering away. Names that were given stay as they are.
#[utoipa::path(delete, path = "/login-numberings/{prefix}", tag = "logins",
    params(("prefix" = String, Path, description = "What the names begin with"), WriteHeaders,
        WriteQuery),
    responses((status = 204, description = "It is gone"), Problems))]
pub(crate) async fn remove_numbering(
    billing: Writes<LoginsEdit>,
    Path(prefix): Path<String>,
) -> Result<StatusCode, Problem> {
    let prefix: LoginPrefix = prefix.parse()?;
    billing.remove_numbering(&billing.caller, &prefix).await?;
    Ok(StatusCode::NO_CONTENT)
}
