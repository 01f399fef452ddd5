//! Everything can be shared between threads and awaited on any of them.

use mkbill_routeros::{
    client::{Client, ClientConfig, Link, Pending, Pool, Subscription, Watch, bulk},
    command::Command,
    error::Error,
};

fn shared<T: Send + Sync + 'static>() {}

fn movable<T: Send>(_: T) {}

#[test]
fn clients_links_and_errors_go_between_threads() {
    shared::<Client>();
    shared::<Link>();
    shared::<Pending>();
    shared::<Pool>();
    shared::<Subscription>();
    shared::<Watch>();
    shared::<Error>();
}

#[expect(dead_code, reason = "that it compiles is the test")]
fn every_future_may_move(client: &Client, link: &Link, config: &ClientConfig) {
    movable(client.listen(Command::new("/x/listen")));
    movable(link.listen(Command::new("/x/listen")));
    movable(Client::connect(config));
    movable(client.run(Command::new("/x/print")));
    movable(client.run_all([Command::new("/x/print")]));
    movable(link.run(Command::new("/x/print")));
    movable(bulk::add_all(link, &[], |_| ()));
}

#[expect(dead_code, reason = "that it compiles is the test")]
fn every_stream_may_move(stream: &mut Subscription, watch: &mut Watch) {
    movable(stream.next());
    movable(watch.next());
}
