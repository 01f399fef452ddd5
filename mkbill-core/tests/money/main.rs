//! Stories of customers, invoices and money, on every engine.
#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

#[path = "../support/shop.rs"]
mod shop;
#[path = "../support/run.rs"]
mod support;

mod books;
mod calendar;
mod carry_over;
mod clock;
mod crash;
mod crowd;
mod customers;
mod dry_runs;
mod failures;
mod golden;
mod plans;
mod replays;
mod settings;
mod year;

fn main() {
    if let Ok(zone) = std::env::var(calendar::PRINT) {
        return calendar::print_invoices(&zone);
    }
    let stories = [
        books::STORIES,
        calendar::STORIES,
        carry_over::STORIES,
        clock::STORIES,
        crash::STORIES,
        crowd::STORIES,
        customers::STORIES,
        dry_runs::STORIES,
        failures::STORIES,
        golden::STORIES,
        plans::STORIES,
        replays::STORIES,
        settings::STORIES,
        year::STORIES,
    ];
    support::run(&stories.concat(), crowd::POSTGRES_STORIES)
}
