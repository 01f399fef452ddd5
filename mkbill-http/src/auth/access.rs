//! The doors to the engine. A handler has no other way to it than its first argument, and that says in
//! its type what it needs: [`Reads`] hands out an engine that only looks, [`Writes`] the whole one with
//! a caller who may do no more than was proven. A handler that says nothing cannot be routed.

use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::handler::Handler;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use mkbill_core::billing::{Billing, Reader};
use mkbill_core::kernel::caller::{Caller, Origin};
use mkbill_core::kernel::ids::{StaffId, StaffSessionId};
use mkbill_core::kernel::language::said;
use mkbill_core::kernel::network::Networks;
use mkbill_core::kernel::permission::{Forbidden, Needs, Permission};
use mkbill_core::staff::StaffRefusal;
use mkbill_core::staff::principal::Principal;
use serde_json::Value;
use utoipa::openapi::PathItem;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::security::SecurityRequirement;
use utoipa_axum::router::UtoipaMethodRouter;

use super::token::Tokens;
use crate::api::events::Rendered;
use crate::extract::{Query, WriteQuery};
use crate::origin::origin;
use crate::problem::Problem;
use crate::tag::precondition;
use crate::watch::Counted;

/// The engine, out of the reach of handlers, and what a server keeps beside it.
#[derive(Debug, Clone)]
pub(crate) struct Engine {
    billing: Billing,
    kept: Arc<Kept>,
}

/// What one server keeps for all its requests.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) trusted_proxies: Networks,
    pub(crate) rendered: Rendered,
    pub(crate) counted: Counted,
}

impl Engine {
    pub(crate) fn new(billing: Billing, kept: Kept) -> Self {
        Self { billing, kept: Arc::new(kept) }
    }

    fn origin(&self, parts: &Parts) -> Origin {
        origin(&self.kept.trusted_proxies, parts)
    }

    /// The caller of a write: who it is and from where, reason, idempotency key and dry run. What only reads
    /// has a query of its own.
    async fn caller(&self, parts: &mut Parts) -> Result<Caller, Problem> {
        let dry_run = if parts.method.is_safe() {
            false
        } else {
            Query::<WriteQuery>::from_request_parts(parts, &()).await?.0.dry_run
        };
        let mut caller = principal(parts)?.caller(self.origin(parts));
        if let Some(reason) = text(&parts.headers, "x-reason")? {
            caller = caller.because(reason)?;
        }
        if let Some(key) = text(&parts.headers, "idempotency-key")? {
            caller = caller.with_key(key.parse().map_err(Problem::from)?);
        }
        if let Some(condition) = precondition(&parts.headers)? {
            caller = caller.only_if(condition);
        }
        Ok(if dry_run { caller.dry_run() } else { caller })
    }
}

impl FromRef<Engine> for Arc<Kept> {
    fn from_ref(engine: &Engine) -> Self {
        Self::clone(&engine.kept)
    }
}

/// What somebody has to be to call a handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody.
    Anyone,
    /// Staff who are signed in, whatever they may do.
    SignedIn,
    /// Whoever is known, for what is their own; for what is others', who holds this permission.
    Owner(Permission),
    /// Who holds this permission.
    Holder(Permission),
}

/// An argument that says what a handler needs.
pub(crate) trait Declares {
    const ACCESS: Access;
}

/// For handlers that answer whoever asks.
#[derive(Debug)]
pub(crate) struct Anyone {
    pub(crate) billing: Billing,
    pub(crate) origin: Origin,
}

/// For staff who look after themselves.
#[derive(Debug)]
pub(crate) struct SignedIn {
    billing: Billing,
    pub(crate) caller: Caller,
    /// Themselves.
    pub(crate) who: StaffId,
    pub(crate) session: StaffSessionId,
}

/// For whoever is known, about what is their own. Those with the permission `P` may do the same about
/// what is others': the use case decides, since it knows whose a thing is.
#[derive(Debug)]
pub(crate) struct Known<P> {
    billing: Billing,
    pub(crate) caller: Caller,
    needs: PhantomData<P>,
}

/// The engine for looking, to somebody with the permission `P`.
#[derive(Debug)]
pub(crate) struct Reads<P>(Reader, PhantomData<P>);

/// The engine for somebody with the permission `P`, and who it is.
#[derive(Debug)]
pub(crate) struct Writes<P> {
    billing: Billing,
    pub(crate) caller: Caller,
    needs: PhantomData<P>,
}

impl Declares for Anyone {
    const ACCESS: Access = Access::Anyone;
}

impl Declares for SignedIn {
    const ACCESS: Access = Access::SignedIn;
}

impl<P: Needs> Declares for Known<P> {
    const ACCESS: Access = Access::Owner(P::PERMISSION);
}

impl<P: Needs> Declares for Reads<P> {
    const ACCESS: Access = Access::Holder(P::PERMISSION);
}

impl<P: Needs> Declares for Writes<P> {
    const ACCESS: Access = Access::Holder(P::PERMISSION);
}

impl<P> Deref for Reads<P> {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.0
    }
}

impl<P> Deref for Writes<P> {
    type Target = Billing;

    fn deref(&self) -> &Billing {
        &self.billing
    }
}

impl<P> Deref for Known<P> {
    type Target = Billing;

    fn deref(&self) -> &Billing {
        &self.billing
    }
}

impl Deref for SignedIn {
    type Target = Billing;

    fn deref(&self) -> &Billing {
        &self.billing
    }
}

impl FromRequestParts<Engine> for Anyone {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, engine: &Engine) -> Result<Self, Problem> {
        Ok(Self { billing: engine.billing.clone(), origin: engine.origin(parts) })
    }
}

impl FromRequestParts<Engine> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, engine: &Engine) -> Result<Self, Problem> {
        let Principal::Staff { staff: who, session, .. } = *principal(parts)? else {
            let detail = said!(
                "this is for staff who signed in, not for API keys",
                "ini untuk staf yang sudah masuk, bukan untuk kunci API"
            );
            return Err(Problem::new("staff_only", detail));
        };
        let caller = engine.caller(parts).await?;
        Ok(Self { billing: engine.billing.clone(), caller, who, session })
    }
}

impl<P: Needs> FromRequestParts<Engine> for Known<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, engine: &Engine) -> Result<Self, Problem> {
        let principal = principal(parts)?;
        if let Principal::Staff { must_change_password: true, .. } = principal {
            return Err(Problem::from_refusal(StaffRefusal::MustChangePassword));
        }
        let caller = if parts.method.is_safe() {
            principal.caller(engine.origin(parts))
        } else {
            engine.caller(parts).await?
        };
        Ok(Self { billing: engine.billing.clone(), caller, needs: PhantomData })
    }
}

impl<P: Needs> FromRequestParts<Engine> for Reads<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, engine: &Engine) -> Result<Self, Problem> {
        admit(parts, P::PERMISSION)?;
        Ok(Self(engine.billing.reader(), PhantomData))
    }
}

impl<P: Needs> FromRequestParts<Engine> for Writes<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, engine: &Engine) -> Result<Self, Problem> {
        admit(parts, P::PERMISSION)?;
        let caller = engine.caller(parts).await?;
        Ok(Self { billing: engine.billing.clone(), caller, needs: PhantomData })
    }
}

fn principal(parts: &Parts) -> Result<&Principal, Problem> {
    parts.extensions.get::<Principal>().ok_or_else(Problem::unauthenticated)
}

fn admit(parts: &Parts, needed: Permission) -> Result<(), Problem> {
    let principal = principal(parts)?;
    if principal.permissions().hold(needed) {
        return Ok(());
    }
    Err(match principal {
        Principal::Staff { must_change_password: true, .. } => {
            Problem::from_refusal(StaffRefusal::MustChangePassword)
        }
        _ => Problem::from_refusal(Forbidden(needed)),
    })
}

fn text<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<Option<&'h str>, Problem> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let text = std::str::from_utf8(value.as_bytes());
    text.map(Some)
        .map_err(|_| Problem::malformed_header(said!("{name} is not UTF-8", "{name} bukan UTF-8")))
}

/// The arguments of a handler whose first one says what it needs.
pub(crate) trait Opens {
    const ACCESS: Access;
}

macro_rules! opens {
    ($($rest:ident)*) => {
        impl<M, First: Declares, $($rest),*> Opens for (M, First, $($rest),*) {
            const ACCESS: Access = First::ACCESS;
        }
    };
}

opens!();
opens!(A);
opens!(A B);
opens!(A B C);
opens!(A B C D);
opens!(A B C D E);

/// What a handler needs, read from its type.
pub(crate) const fn access_of<H, T>(_: &H) -> Access
where
    H: Handler<T, Engine>,
    T: Opens,
{
    T::ACCESS
}

/// One route, documented with what it needs.
pub(crate) fn declared(
    (schemas, mut paths, router): UtoipaMethodRouter<Engine>,
    access: Access,
) -> UtoipaMethodRouter<Engine> {
    for item in paths.paths.values_mut() {
        document(item, access);
    }
    (schemas, paths, router)
}

fn document(item: &mut PathItem, access: Access) {
    let PathItem { get, put, post, delete, patch, .. } = item;
    for operation in [get, put, post, delete, patch].into_iter().flatten() {
        let named = match access {
            Access::Anyone => "none".to_owned(),
            Access::SignedIn => "signed_in".to_owned(),
            Access::Owner(others) => format!("own|{others}"),
            Access::Holder(permission) => permission.name().to_owned(),
        };
        let extension = ExtensionsBuilder::new().add("x-permission", Value::from(named)).build();
        operation.extensions.get_or_insert_default().merge(extension);
        if access == Access::Anyone {
            operation.security = Some(vec![SecurityRequirement::default()]);
        }
    }
}

/// Handlers on one path, each with what it needs.
macro_rules! guarded {
    ($($handler:path),+ $(,)?) => {
        utoipa_axum::router::OpenApiRouter::new()$(.routes($crate::auth::access::declared(
            utoipa_axum::routes!($handler),
            $crate::auth::access::access_of(&$handler),
        )))+
    };
}

pub(crate) use guarded;
