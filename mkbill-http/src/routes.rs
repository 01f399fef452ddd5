//! Every route on one page, and the layers around them.

use std::any::Any;
use std::sync::OnceLock;
use std::time::Duration;

use ::metrics::counter;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use mkbill_core::billing::Billing;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::trace::TraceLayer;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::api::events::Rendered;
use crate::api::{
    alerts, audit, batches, books, clock, credit, customer_details, customers, events,
    explanations, fair_use, figures, health, invoices, login_files, logins, metrics, money_reports,
    monitoring, network, notices, payments, plans, profiles, reports, routers, subscriptions,
    taxes, vendors, vouchers,
};
use crate::auth::require_key;
use crate::openapi::Head;
use crate::problem::{ERRORS, Problem};
use crate::watch::traffic::counted;
use crate::watch::{Counted, registry};

const BODY_BYTES_MAX: usize = 1 << 20;
const REQUEST_TIME_MAX: Duration = Duration::from_secs(30);
const DOCUMENT_PATH: &str = "/openapi.json";

fn table() -> OpenApiRouter<Billing> {
    let api = OpenApiRouter::new()
        .routes(routes!(routers::add_router, routers::list_routers))
        .routes(routes!(routers::show_router, routers::change_router, routers::remove_router))
        .routes(routes!(routers::check_router))
        .routes(routes!(profiles::list_profiles))
        .routes(routes!(profiles::list_wishes))
        .routes(routes!(profiles::wish_profile, profiles::forget_profile))
        .routes(routes!(routers::list_strangers))
        .merge(of_logins())
        .merge(of_network())
        .routes(routes!(plans::add_plan, plans::list_plans))
        .routes(routes!(plans::show_plan, plans::change_plan))
        .routes(routes!(plans::retire_plan))
        .routes(routes!(plans::restore_plan))
        .routes(routes!(plans::renew_terms))
        .routes(routes!(taxes::add_tax, taxes::list_taxes))
        .routes(routes!(taxes::withdraw_tax))
        .routes(routes!(vendors::add_vendor, vendors::list_vendors))
        .routes(routes!(vendors::show_vendor))
        .routes(routes!(batches::create_batch, batches::list_batches))
        .routes(routes!(batches::show_batch))
        .routes(routes!(batches::retry_batch))
        .routes(routes!(batches::cancel_batch))
        .routes(routes!(batches::export_batch))
        .routes(routes!(vouchers::list_vouchers))
        .routes(routes!(vouchers::show_voucher))
        .routes(routes!(vouchers::extend_voucher))
        .routes(routes!(vouchers::regenerate_voucher))
        .routes(routes!(vouchers::disable_voucher))
        .routes(routes!(vouchers::enable_voucher))
        .routes(routes!(vouchers::cancel_voucher))
        .routes(routes!(reports::sales))
        .routes(routes!(reports::statistics))
        .merge(of_books())
        .routes(routes!(notices::list_notices))
        .routes(routes!(audit::list_audit))
        .routes(routes!(alerts::list_alerts))
        .routes(routes!(alerts::acknowledge_alert))
        .routes(routes!(alerts::list_alert_rules))
        .routes(routes!(alerts::set_alert_rule, alerts::remove_alert_rule))
        .routes(routes!(events::list_events))
        .routes(routes!(events::follow_events))
        .merge(of_subscribers());
    OpenApiRouter::with_openapi(Head::openapi())
        .nest("/api/v1", api)
        .routes(routes!(health::ready))
        .routes(routes!(health::health))
        .routes(routes!(metrics::show_metrics))
}

/// What is answered before anything else is looked at.
fn at_once<S: Clone + Send + Sync + 'static>() -> OpenApiRouter<S> {
    OpenApiRouter::new().routes(routes!(health::live))
}

/// What the books say.
fn of_books() -> OpenApiRouter<Billing> {
    OpenApiRouter::new()
        .routes(routes!(money_reports::trial_balance))
        .routes(routes!(money_reports::cash))
        .routes(routes!(money_reports::revenue))
        .routes(routes!(money_reports::months))
        .routes(routes!(money_reports::ageing))
        .routes(routes!(clock::show_clock))
        .routes(routes!(clock::advance_clock))
        .routes(routes!(figures::subscribers))
        .routes(routes!(figures::top_customers))
        .routes(routes!(figures::subscriptions))
        .routes(routes!(books::statement))
        .routes(routes!(books::list_entries))
        .routes(routes!(books::show_books))
        .routes(routes!(books::lock_books))
        .routes(routes!(books::unlock_books))
        .routes(routes!(explanations::customer))
        .routes(routes!(explanations::invoice))
        .routes(routes!(explanations::subscription))
        .routes(routes!(explanations::login))
}

/// What routers do now.
fn of_network() -> OpenApiRouter<Billing> {
    OpenApiRouter::new()
        .routes(routes!(network::list_sessions))
        .routes(routes!(network::show_usage))
        .routes(routes!(network::list_outages))
        .routes(routes!(network::show_drift))
        .routes(routes!(network::plan_router))
        .routes(routes!(network::apply_router))
        .routes(routes!(monitoring::list_interfaces))
        .routes(routes!(monitoring::show_interface_usage))
        .routes(routes!(monitoring::show_vitals))
}

/// What subscribers sign in with.
fn of_logins() -> OpenApiRouter<Billing> {
    OpenApiRouter::new()
        .routes(routes!(logins::list_logins))
        .routes(routes!(login_files::import_logins))
        .routes(routes!(login_files::export_logins))
        .routes(routes!(logins::show_login, logins::change_login, logins::remove_login))
        .routes(routes!(logins::reset_password))
        .routes(routes!(logins::disable_login))
        .routes(routes!(logins::enable_login))
        .routes(routes!(logins::override_login))
        .routes(routes!(logins::list_numberings))
        .routes(routes!(logins::set_numbering, logins::remove_numbering))
}

/// Who pays.
fn of_customers() -> OpenApiRouter<Billing> {
    OpenApiRouter::new()
        .routes(routes!(customers::add_customer, customers::list_customers))
        .routes(routes!(customer_details::duplicates))
        .routes(routes!(customer_details::statistics))
        .routes(routes!(customer_details::popular_tags))
        .routes(routes!(customer_details::import))
        .routes(routes!(customer_details::export_csv))
        .routes(routes!(
            customers::show_customer,
            customers::change_customer,
            customers::delete_customer
        ))
        .routes(routes!(customer_details::list_contacts, customer_details::set_contacts))
        .routes(routes!(customer_details::set_tags))
        .routes(routes!(customer_details::remove_tag))
        .routes(routes!(customer_details::anonymise))
        .routes(routes!(customer_details::activity))
        .routes(routes!(customer_details::export))
}

/// What customers keep, owe and pay, and who they are.
fn of_subscribers() -> OpenApiRouter<Billing> {
    of_customers()
        .routes(routes!(subscriptions::subscribe, subscriptions::list_subscriptions))
        .routes(routes!(subscriptions::subscribe_many))
        .routes(routes!(subscriptions::show_subscription))
        .routes(routes!(subscriptions::give_login))
        .routes(routes!(subscriptions::pause_subscription))
        .routes(routes!(subscriptions::resume_subscription))
        .routes(routes!(subscriptions::cancel_subscription))
        .routes(routes!(subscriptions::change_plan))
        .routes(routes!(subscriptions::discount_subscription))
        .routes(routes!(subscriptions::bill_subscription))
        .routes(routes!(subscriptions::prepay_subscription))
        .routes(routes!(subscriptions::retry_subscription))
        .routes(routes!(fair_use::show_use))
        .routes(routes!(fair_use::reset_use))
        .routes(routes!(invoices::issue_invoice, invoices::list_invoices))
        .routes(routes!(invoices::show_invoice))
        .routes(routes!(invoices::void_invoice))
        .routes(routes!(invoices::credit_invoice))
        .routes(routes!(invoices::list_credit_notes))
        .routes(routes!(payments::record_payment, payments::list_payments))
        .routes(routes!(payments::show_payment))
        .routes(routes!(payments::reverse_payment))
        .routes(routes!(payments::match_payment))
        .routes(routes!(credit::adjust_credit))
        .routes(routes!(credit::transfer_credit))
        .routes(routes!(credit::standing))
}

/// The whole interface on one engine, ready to be served or mounted in another axum application.
///
/// Every path needs an API key but `/live`, `/ready`, `/openapi.json` and `/docs`.
pub fn app(billing: Billing) -> Router {
    registry::begin();
    let (routes, _) = table().split_for_parts();
    let (at_once, _) = at_once().split_for_parts();
    let docs = SwaggerUi::new("/docs").config(Config::new([DOCUMENT_PATH]));
    let guard = from_fn_with_state(billing.clone(), require_key);
    let layers = ServiceBuilder::new()
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .layer(TraceLayer::new_for_http().make_span_with(span).on_failure(()))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(CatchPanicLayer::custom(after_panic))
        .layer(CompressionLayer::new())
        .layer(always("x-content-type-options", "nosniff"))
        .layer(always("x-frame-options", "DENY"))
        .layer(always("referrer-policy", "no-referrer"))
        .layer(unless_set("cache-control", "no-store"))
        .layer(from_fn(counted))
        .layer(from_fn(within_time))
        .layer(guard)
        .layer(Extension(Rendered::default()))
        .layer(Extension(Counted::default()));
    routes
        .route(DOCUMENT_PATH, get(document_response))
        .merge(docs)
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(layers)
        .with_state(billing)
        .merge(at_once)
}

/// The `OpenAPI` 3.1 document as pretty JSON with a newline at its end.
pub fn openapi_json() -> String {
    let document = table().merge(at_once()).into_openapi();
    let text = document.to_pretty_json();
    text.expect("a document of our own types is always JSON") + "\n"
}

async fn document_response() -> Response {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    let text = DOCUMENT.get_or_init(openapi_json).as_str();
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

async fn unknown_path() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "unknown_path", "there is nothing at this path; see /docs")
}

async fn wrong_method() -> Problem {
    let detail = "this path does not take this method; see the `Allow` header";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
}

async fn within_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(REQUEST_TIME_MAX, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::timed_out().into_response(),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands panics over by value")]
fn after_panic(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    counter!(ERRORS, "type" => "panic", "severity" => "critical").increment(1);
    tracing::error!(panic = text.unwrap_or("no text"), "a handler panicked");
    Problem::internal().into_response()
}

fn span(request: &Request) -> tracing::Span {
    let id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok());
    let (method, path) = (request.method(), request.uri().path());
    tracing::info_span!("request", request.id = id, %method, path)
}

fn always(name: &'static str, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    let (name, value) = (HeaderName::from_static(name), HeaderValue::from_static(value));
    SetResponseHeaderLayer::overriding(name, value)
}

fn unless_set(name: &'static str, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    let (name, value) = (HeaderName::from_static(name), HeaderValue::from_static(value));
    SetResponseHeaderLayer::if_not_present(name, value)
}
