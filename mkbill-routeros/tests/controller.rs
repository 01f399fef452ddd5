//! The engine's port to routers: which connection is used for what.

#![cfg(all(feature = "provisioning", feature = "sim"))]
#![expect(clippy::unwrap_used, reason = "a test may stop where something is missing")]

use std::sync::Arc;

use mkbill_core::kernel::entropy::OsEntropy;
use mkbill_core::provisioning::controller::{RouterController as _, RouterFault, Target};
use mkbill_core::router::{LinkSecurity, RouterAddress};
use mkbill_routeros::provisioning::RouterOsController;
use mkbill_routeros::sim::Simulator;

async fn router() -> Simulator {
    Simulator::builder().password("correct horse").start().await.unwrap()
}

fn target(router: &Simulator, password: &str) -> Target {
    let address = router.addr();
    Target {
        router: "00000000-0000-0000-0000-000000000005".parse().unwrap(),
        address: RouterAddress::new(&address.ip().to_string(), address.port()).unwrap(),
        security: LinkSecurity::Plain,
        username: "admin".to_owned(),
        password: password.to_owned().into(),
    }
}

#[tokio::test]
async fn an_open_connection_is_used_again_for_the_same_target_only() {
    let (controller, router) = (RouterOsController::new(Arc::new(OsEntropy)), router().await);
    let here = target(&router, "correct horse");
    let first = controller.observe(&here).await.unwrap().connection;
    assert_eq!(controller.observe(&here).await.unwrap().connection, first);
    let wrong = controller.observe(&target(&router, "battery staple")).await.unwrap_err();
    assert!(matches!(wrong, RouterFault::Auth { .. }), "{wrong:?}");
    let again = controller.observe(&here).await.unwrap().connection;
    assert_ne!(again, first, "the one before was given up with its target");
}

#[tokio::test]
async fn what_was_seen_on_one_router_is_not_done_on_another_at_its_new_address() {
    let controller = RouterOsController::new(Arc::new(OsEntropy));
    let (old, new) = (router().await, router().await);
    let (before, after) = (target(&old, "correct horse"), target(&new, "correct horse"));
    let seen = controller.observe(&before).await.unwrap().connection;
    let other = controller.observe(&after).await.unwrap().connection;
    assert_ne!(seen, other);
    for target in [&after, &before] {
        let refused = controller.apply(target, seen, &[]).await.unwrap_err();
        assert!(matches!(refused, RouterFault::Broken { .. }), "{refused:?}");
    }
}
