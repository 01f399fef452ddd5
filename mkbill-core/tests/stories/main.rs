//! Stories of a hotspot business, on every engine, over a simulated router.
#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

#[path = "../support/mod.rs"]
mod support;
#[path = "../support/world.rs"]
mod world;

mod batches;
mod convergence;
mod crash;
mod expiry;
mod first_login;
mod login_files;
mod online;
mod outages;
mod pppoe;
mod requests;
mod router_state;
mod routers;
mod subscribers;
mod troubles;

fn main() {
    let stories = [
        crash::STORIES,
        batches::STORIES,
        convergence::STORIES,
        expiry::STORIES,
        first_login::STORIES,
        login_files::STORIES,
        online::STORIES,
        outages::STORIES,
        pppoe::STORIES,
        requests::STORIES,
        router_state::STORIES,
        routers::STORIES,
        subscribers::STORIES,
        troubles::STORIES,
    ];
    support::run(&stories.concat(), troubles::POSTGRES_STORIES)
}
