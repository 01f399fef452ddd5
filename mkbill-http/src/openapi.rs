//! The document that describes the interface, made from the route table.

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::problem::ProblemBody;

/// Everything of the document that is not a route.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "mkbill",
        description = "Billing for MikroTik hotspot and PPPoE providers. Every write takes an \
            `Idempotency-Key`, an `X-Reason` and `dry_run=true`. What went wrong is told as a problem \
            of RFC 9457, in English or Indonesian as `Accept-Language` prefers, else in the language \
            of the business; `/docs/problems` lists the codes.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    components(schemas(ProblemBody)),
    modifiers(&BearerKey),
    security(("bearer" = [])),
    tags(
        (name = "auth", description = "Signing in and out"),
        (name = "staff", description = "People who operate the system"),
        (name = "api-keys", description = "Programs that use this interface"),
        (name = "settings", description = "What the business decides for itself"),
        (name = "routers", description = "Where logins live"),
        (name = "plans", description = "What is sold"),
        (name = "taxes", description = "Which taxes hold from when on"),
        (name = "vendors", description = "Who sells"),
        (name = "voucher-batches", description = "Many vouchers at once"),
        (name = "vouchers", description = "One voucher"),
        (name = "customers", description = "Who pays"),
        (name = "subscriptions", description = "Plans that customers keep"),
        (name = "logins", description = "What subscribers sign in with"),
        (name = "invoices", description = "What customers owe, and what was given back of it"),
        (name = "payments", description = "Money that came in"),
        (name = "credit", description = "What customers have paid and not spent yet"),
        (name = "reports", description = "What was earned, came in and is owed"),
        (name = "books", description = "How far the books are closed"),
        (name = "notices", description = "What is told to customers and operators"),
        (name = "clock", description = "What time it is, and a test clock that is moved"),
        (name = "network", description = "Who is online, what was used, and how routers fare"),
        (name = "alerts", description = "What is wrong, who is told, and by which rules"),
        (name = "events", description = "What happens, in one order"),
        (name = "webhooks", description = "Programs elsewhere that are told of events"),
        (name = "operations", description = "Work whose client did not wait"),
        (name = "audit", description = "Who did what"),
        (name = "health", description = "How the server is")
    )
)]
pub(crate) struct Head;

struct BearerKey;

impl Modify for BearerKey {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("mk_… or JWT")
            .description(Some(
                "An API key made by `mkbill apikey create`, or the token that signing in answers; \
                 `x-permission` of an operation says which scope or permission it needs; `own|…` means \
                 that it needs none for what is your own",
            ))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}
