//! Stories of a hotspot business, on every engine, over a simulated router.
#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

#[expect(dead_code, reason = "the guard's own tests use the rest")]
#[path = "../support/receiver.rs"]
mod receiver;
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/world.rs"]
mod world;

mod alerts;
mod batches;
mod convergence;
mod crash;
mod expiry;
mod fair_use;
mod first_login;
mod login_files;
mod monitoring;
mod online;
mod operation_crashes;
mod operations;
mod outages;
mod pppoe;
mod requests;
mod router_state;
mod routers;
mod settings;
mod staff;
mod subscribers;
mod troubles;
mod webhook_troubles;
mod webhooks;

fn main() {
    let stories = [
        crash::STORIES,
        alerts::STORIES,
        batches::STORIES,
        convergence::STORIES,
        expiry::STORIES,
        fair_use::STORIES,
        first_login::STORIES,
        login_files::STORIES,
        monitoring::STORIES,
        online::STORIES,
        operation_crashes::STORIES,
        operations::STORIES,
        outages::STORIES,
        pppoe::STORIES,
        requests::STORIES,
        router_state::STORIES,
        routers::STORIES,
        settings::STORIES,
        staff::STORIES,
        subscribers::STORIES,
        troubles::STORIES,
        webhook_troubles::STORIES,
        webhooks::STORIES,
    ];
    let postgres =
        [settings::POSTGRES_STORIES, staff::POSTGRES_STORIES, troubles::POSTGRES_STORIES];
    support::run(&stories.concat(), &postgres.concat())
}
