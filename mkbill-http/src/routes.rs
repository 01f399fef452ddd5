//! Every route on one page, and the layers around them.

use std::any::Any;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ::metrics::counter;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use mkbill_core::billing::Billing;
use mkbill_core::kernel::language::said;
use mkbill_core::kernel::network::Networks;
use tokio::time::timeout;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::answers::first_answer;
use crate::api::events::Rendered;
use crate::api::{
    alerts, apikeys, audit, auth, batches, books, clock, credit, customer_details, customers,
    events, explanations, fair_use, figures, health, invoices, login_files, logins, metrics,
    money_reports, monitoring, network, notices, operations, payments, plans, profiles, reports,
    routers, settings, staff, subscriptions, taxes, vendors, vouchers, webhooks,
};
use crate::attend::{REQUEST_ID, attended};
use crate::auth::access::{Access, Engine, Kept, declared, guarded};
use crate::auth::token::Tokens;
use crate::auth::{Door, Identity};
use crate::openapi::Head;
use crate::problem::{ERRORS, PAGE_PATH, Problem, page};
use crate::watch::traffic::counted;
use crate::watch::{Counted, registry};
use crate::web::{pay, setup};

pub(crate) const BODY_BYTES_MAX: usize = 1 << 20;
const REQUEST_TIME_MAX: Duration = Duration::from_secs(30);
/// The page that explains the interface brings all it needs, and styles itself.
const POLICY_OF_DOCS: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; \
                              img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'";
const PREFLIGHT_KEPT: Duration = Duration::from_mins(10);
/// Headers that a page elsewhere may send.
const ASKED: [&str; 10] = [
    "accept-language",
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "last-event-id",
    "prefer",
    "x-reason",
    REQUEST_ID,
];
/// Headers that a page elsewhere may read.
const TOLD: [&str; 7] = [
    "content-language",
    "etag",
    "idempotency-replayed",
    "location",
    "preference-applied",
    "retry-after",
    REQUEST_ID,
];
const DOCUMENT_PATH: &str = "/openapi.json";

fn table() -> OpenApiRouter<Engine> {
    let api = OpenApiRouter::new()
        .merge(guarded!(routers::add_router, routers::list_routers))
        .merge(guarded!(routers::show_router, routers::change_router, routers::remove_router))
        .merge(guarded!(routers::check_router))
        .merge(guarded!(profiles::list_profiles))
        .merge(guarded!(profiles::list_wishes))
        .merge(guarded!(profiles::wish_profile, profiles::forget_profile))
        .merge(guarded!(routers::list_strangers))
        .merge(of_logins())
        .merge(of_network())
        .merge(guarded!(plans::add_plan, plans::list_plans))
        .merge(guarded!(plans::show_plan, plans::change_plan))
        .merge(guarded!(plans::retire_plan))
        .merge(guarded!(plans::restore_plan))
        .merge(guarded!(plans::renew_terms))
        .merge(guarded!(taxes::add_tax, taxes::list_taxes))
        .merge(guarded!(taxes::withdraw_tax))
        .merge(guarded!(vendors::add_vendor, vendors::list_vendors))
        .merge(guarded!(vendors::show_vendor))
        .merge(guarded!(batches::create_batch, batches::list_batches))
        .merge(guarded!(batches::show_batch))
        .merge(guarded!(batches::retry_batch))
        .merge(guarded!(batches::cancel_batch))
        .merge(guarded!(batches::export_batch))
        .merge(guarded!(vouchers::list_vouchers))
        .merge(guarded!(vouchers::show_voucher))
        .merge(guarded!(vouchers::extend_voucher))
        .merge(guarded!(vouchers::regenerate_voucher))
        .merge(guarded!(vouchers::disable_voucher))
        .merge(guarded!(vouchers::enable_voucher))
        .merge(guarded!(vouchers::cancel_voucher))
        .merge(guarded!(reports::sales))
        .merge(guarded!(reports::statistics))
        .merge(of_books())
        .merge(guarded!(notices::list_notices))
        .merge(guarded!(audit::list_audit))
        .merge(guarded!(audit::export_audit))
        .merge(guarded!(audit::verify_audit))
        .merge(guarded!(alerts::list_alerts))
        .merge(guarded!(alerts::acknowledge_alert))
        .merge(guarded!(alerts::list_alert_rules))
        .merge(guarded!(alerts::set_alert_rule, alerts::remove_alert_rule))
        .merge(guarded!(events::list_events))
        .merge(guarded!(events::follow_events))
        .merge(guarded!(operations::list_operations))
        .merge(guarded!(operations::show_operation))
        .merge(guarded!(operations::cancel_operation))
        .merge(guarded!(operations::follow_operation))
        .merge(of_staff())
        .merge(of_webhooks())
        .merge(of_subscribers());
    OpenApiRouter::with_openapi(Head::openapi())
        .nest("/api/v1", api)
        .merge(guarded!(health::ready))
        .merge(guarded!(health::health))
        .merge(guarded!(metrics::show_metrics))
}

/// What is answered before anything else is looked at.
fn at_once() -> OpenApiRouter<Engine> {
    OpenApiRouter::new().routes(declared(routes!(health::live), Access::Anyone))
}

/// Who operates the system, and programs that do.
fn of_staff() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .merge(guarded!(auth::sign_in))
        .merge(guarded!(auth::set_up))
        .merge(guarded!(auth::me))
        .merge(guarded!(auth::sign_out))
        .merge(guarded!(auth::sign_out_everywhere))
        .merge(guarded!(auth::change_password))
        .merge(guarded!(auth::own_sessions))
        .merge(guarded!(auth::end_session))
        .merge(guarded!(staff::add_staff, staff::list_staff))
        .merge(guarded!(staff::show_staff, staff::change_staff, staff::remove_staff))
        .merge(guarded!(staff::reset_staff_password))
        .merge(guarded!(staff::sign_staff_out))
        .merge(guarded!(staff::list_staff_sessions))
        .merge(guarded!(settings::show_settings, settings::change_settings))
        .merge(guarded!(apikeys::create_api_key, apikeys::list_api_keys))
        .merge(guarded!(apikeys::show_api_key, apikeys::revoke_api_key))
}

/// What the books say.
fn of_books() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .merge(guarded!(money_reports::trial_balance))
        .merge(guarded!(money_reports::cash))
        .merge(guarded!(money_reports::revenue))
        .merge(guarded!(money_reports::months))
        .merge(guarded!(money_reports::ageing))
        .merge(guarded!(clock::show_clock))
        .merge(guarded!(clock::advance_clock))
        .merge(guarded!(figures::subscribers))
        .merge(guarded!(figures::top_customers))
        .merge(guarded!(figures::subscriptions))
        .merge(guarded!(books::statement))
        .merge(guarded!(books::list_entries))
        .merge(guarded!(books::show_books))
        .merge(guarded!(books::lock_books))
        .merge(guarded!(books::unlock_books))
        .merge(guarded!(explanations::customer))
        .merge(guarded!(explanations::invoice))
        .merge(guarded!(explanations::subscription))
        .merge(guarded!(explanations::login))
}

/// What routers do now.
fn of_network() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .merge(guarded!(network::list_sessions))
        .merge(guarded!(network::show_usage))
        .merge(guarded!(network::list_outages))
        .merge(guarded!(network::show_drift))
        .merge(guarded!(network::plan_router))
        .merge(guarded!(network::apply_router))
        .merge(guarded!(monitoring::list_interfaces))
        .merge(guarded!(monitoring::show_interface_usage))
        .merge(guarded!(monitoring::show_vitals))
}

/// Who is told of events.
fn of_webhooks() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .merge(guarded!(webhooks::add_webhook, webhooks::list_webhooks))
        .merge(guarded!(webhooks::show_webhook, webhooks::change_webhook, webhooks::remove_webhook))
        .merge(guarded!(webhooks::rotate_webhook_secret))
        .merge(guarded!(webhooks::test_webhook))
        .merge(guarded!(webhooks::resend_failed_deliveries))
        .merge(guarded!(webhooks::list_deliveries))
        .merge(guarded!(webhooks::show_delivery))
        .merge(guarded!(webhooks::resend_delivery))
}

/// What subscribers sign in with.
fn of_logins() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .merge(guarded!(logins::list_logins))
        .merge(guarded!(login_files::import_logins))
        .merge(guarded!(login_files::export_logins))
        .merge(guarded!(logins::show_login, logins::change_login, logins::remove_login))
        .merge(guarded!(logins::reset_password))
        .merge(guarded!(logins::disable_login))
        .merge(guarded!(logins::enable_login))
        .merge(guarded!(logins::override_login))
        .merge(guarded!(logins::list_numberings))
        .merge(guarded!(logins::set_numbering, logins::remove_numbering))
}

/// Who pays.
fn of_customers() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .merge(guarded!(customers::add_customer, customers::list_customers))
        .merge(guarded!(customer_details::duplicates))
        .merge(guarded!(customer_details::statistics))
        .merge(guarded!(customer_details::popular_tags))
        .merge(guarded!(customer_details::import))
        .merge(guarded!(customer_details::export_csv))
        .merge(guarded!(
            customers::show_customer,
            customers::change_customer,
            customers::delete_customer
        ))
        .merge(guarded!(customer_details::list_contacts, customer_details::set_contacts))
        .merge(guarded!(customer_details::set_tags))
        .merge(guarded!(customer_details::remove_tag))
        .merge(guarded!(customer_details::anonymise))
        .merge(guarded!(customer_details::activity))
        .merge(guarded!(customer_details::export))
}

/// What customers keep, owe and pay, and who they are.
fn of_subscribers() -> OpenApiRouter<Engine> {
    of_customers()
        .merge(guarded!(subscriptions::subscribe, subscriptions::list_subscriptions))
        .merge(guarded!(subscriptions::subscribe_many))
        .merge(guarded!(subscriptions::show_subscription))
        .merge(guarded!(subscriptions::give_login))
        .merge(guarded!(subscriptions::pause_subscription))
        .merge(guarded!(subscriptions::resume_subscription))
        .merge(guarded!(subscriptions::cancel_subscription))
        .merge(guarded!(subscriptions::change_plan))
        .merge(guarded!(subscriptions::discount_subscription))
        .merge(guarded!(subscriptions::bill_subscription))
        .merge(guarded!(subscriptions::prepay_subscription))
        .merge(guarded!(subscriptions::retry_subscription))
        .merge(guarded!(fair_use::show_use))
        .merge(guarded!(fair_use::reset_use))
        .merge(guarded!(invoices::issue_invoice, invoices::list_invoices))
        .merge(guarded!(invoices::show_invoice))
        .merge(guarded!(invoices::void_invoice))
        .merge(guarded!(invoices::credit_invoice))
        .merge(guarded!(invoices::list_credit_notes))
        .merge(guarded!(payments::record_payment, payments::list_payments))
        .merge(guarded!(payments::show_payment))
        .merge(guarded!(payments::reverse_payment))
        .merge(guarded!(payments::match_payment))
        .merge(guarded!(credit::adjust_credit))
        .merge(guarded!(credit::transfer_credit))
        .merge(guarded!(credit::standing))
}

/// How an interface behaves towards the world around it.
#[derive(Debug, Clone, Default)]
pub struct Manners {
    /// Who says who somebody is.
    pub identity: Identity,
    /// Origins of web pages elsewhere that may call, such as `https://shop.example`; a page from
    /// anywhere else cannot read an answer.
    pub allowed_origins: Vec<HeaderValue>,
    /// Proxies that are believed what they say in `X-Forwarded-For` about where a request came from;
    /// that needs the peer's address as `ConnectInfo<SocketAddr>`.
    pub trusted_proxies: Networks,
}

/// The whole interface on one engine, ready to be served or mounted in another axum application.
///
/// Every path needs an API key or the token of somebody who signed in, but a few: `/live`, `/ready`,
/// `/openapi.json`, `/docs`, and those for signing in and setting up.
pub fn router(billing: Billing, manners: &Manners) -> Router {
    registry::begin();
    let (routes, _) = table().split_for_parts();
    let (at_once, _) = at_once().split_for_parts();
    let docs: Router<Engine> = SwaggerUi::new("/docs").config(Config::new([DOCUMENT_PATH])).into();
    let policy = HeaderValue::from_static(POLICY_OF_DOCS);
    let docs =
        docs.layer(SetResponseHeaderLayer::overriding(header::CONTENT_SECURITY_POLICY, policy));
    let tokens = Arc::new(Tokens::new(&billing));
    let identity = manners.identity;
    let door = Door { reader: billing.reader(), identity, tokens: Arc::clone(&tokens) };
    let layers = ServiceBuilder::new()
        .layer(from_fn_with_state(billing.reader(), attended))
        .layer(CatchPanicLayer::custom(after_panic))
        .layer(CompressionLayer::new())
        .layer(allowed(&manners.allowed_origins))
        .layer(from_fn_with_state((door, billing.clone()), handled));
    let kept = Kept {
        tokens,
        trusted_proxies: manners.trusted_proxies.clone(),
        rendered: Rendered::default(),
        counted: Counted::default(),
    };
    routes
        .route(DOCUMENT_PATH, get(document_response))
        .route(PAGE_PATH, get(page))
        .route(setup::PATH, get(setup::show).post(setup::fill))
        .route(pay::PATH, get(pay::show))
        .route(pay::RECEIPT_PATH, get(pay::receipt))
        .merge(docs)
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(layers)
        .merge(at_once)
        .with_state(Engine::new(billing, kept))
}

/// The `OpenAPI` 3.1 document as pretty JSON with a newline at its end.
pub fn openapi_json() -> String {
    let document = table().merge(at_once()).into_openapi();
    let text = document.to_pretty_json();
    text.expect("a document of our own types is always JSON") + "\n"
}

/// What pages from these origins may send and read. Credentials are never sent by a browser itself.
fn allowed(origins: &[HeaderValue]) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins.iter().cloned()))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(ASKED.map(HeaderName::from_static))
        .expose_headers(TOLD.map(HeaderName::from_static))
        .max_age(PREFLIGHT_KEPT)
}

async fn document_response() -> Response {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    let text = DOCUMENT.get_or_init(openapi_json).as_str();
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

async fn unknown_path() -> Problem {
    let detail = said!(
        "there is nothing at this path; see /docs",
        "tidak ada apa-apa di alamat ini; lihat /docs"
    );
    Problem::new("unknown_path", detail)
}

async fn wrong_method() -> Problem {
    let detail = said!(
        "this path does not take this method; see the `Allow` header",
        "alamat ini tidak menerima metode ini; lihat header `Allow`"
    );
    Problem::new("method_not_allowed", detail)
}

/// Counts a request, gives it its time, lets it in, and answers it as it was answered first.
async fn handled(
    State((door, billing)): State<(Door, Billing)>,
    request: Request,
    next: Next,
) -> Response {
    let answer = async |request| -> Result<Response, Problem> {
        let request = door.let_in(request).await?;
        first_answer(&billing, request, next).await
    };
    let in_time = async |request| match timeout(REQUEST_TIME_MAX, answer(request)).await {
        Ok(response) => response.into_response(),
        Err(_) => Problem::timed_out().into_response(),
    };
    counted(request, in_time).await
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands panics over by value")]
fn after_panic(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    counter!(ERRORS, "type" => "panic", "severity" => "critical").increment(1);
    tracing::error!(panic = text.unwrap_or("no text"), "a handler panicked");
    Problem::internal().into_response()
}
