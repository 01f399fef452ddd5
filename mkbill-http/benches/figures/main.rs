//! Measures the figures of `docs/PERFORMANCE.md` and prints them between marks that
//! `cargo xtask bench` looks for. Asserts that the work was done, never how long it took.

mod adds;
mod batch;
mod machine;
mod money;
mod network;
mod people;
mod poll;
mod push;
mod router;
mod runs;
mod serve;
mod shop;
mod streams;
mod table;

use mkbill_core::testkit::{Engine, engines};
use tokio::runtime::{Builder, Runtime};

use table::Figure;

const BEGIN: &str = "<!-- figures:begin -->";
const END: &str = "<!-- figures:end -->";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((first, rest)) if first == router::ROLE => router::play(&runtime(), rest),
        _ if arguments.iter().any(|argument| argument == "--bench") => print(),
        _ => println!("nothing is measured here without --bench: use `cargo xtask bench`"),
    }
}

fn runtime() -> Runtime {
    let built = Builder::new_multi_thread().worker_threads(2).enable_all().build();
    built.expect("threads can be started")
}

fn print() {
    let runtime = runtime();
    let measure = |engine| (engine, runtime.block_on(figures(engine)));
    let columns: Vec<(Engine, Vec<Figure>)> = engines().into_iter().map(measure).collect();
    println!("{BEGIN}\n{}{END}", table::markdown(&columns));
}

async fn figures(engine: Engine) -> Vec<Figure> {
    let name = engine.name();
    eprintln!("{name}: batches");
    let mut figures = batch::figures(engine).await;
    eprintln!("{name}: pushes");
    figures.extend(push::figures(engine).await);
    eprintln!("{name}: polls");
    figures.extend(poll::figures(engine).await);
    eprintln!("{name}: the network");
    figures.extend(network::figures(engine).await);
    figures.extend(streams::figures(engine).await);
    eprintln!("{name}: money");
    figures.extend(money::figures(engine).await);
    eprintln!("{name}: the server");
    figures.extend(serve::figures(engine).await);
    figures
}
