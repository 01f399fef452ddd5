//! Programs elsewhere that are told of what happens.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use mkbill_core::adapter::outbound::GuardedHttp;
use mkbill_core::event::Position;
use mkbill_core::kernel::ids::WebhookId;
use mkbill_core::kernel::patch::Patch;
use mkbill_core::notice::NoticeKind;
use mkbill_core::notice::store::NoticeFilter;
use mkbill_core::testkit::Engine;
use mkbill_core::vendor::NewVendor;
use mkbill_core::webhook::delivery::{AttemptResult, Delivery, DeliveryState};
use mkbill_core::webhook::filter::KindFilter;
use mkbill_core::webhook::{DisabledBecause, NewWebhook, WEBHOOKS_MAX, Webhook, WebhookChange};
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};

use crate::receiver::{Heard, Reaction, Receiver};
use crate::support::stories;
use crate::world::{LEASE, World, clerk, page_of};

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    an_event_is_told_with_a_signature_that_its_receiver_can_check,
    while_a_secret_is_replaced_both_sign,
    a_receiver_that_was_away_gets_the_same_message_later,
    a_receiver_that_hangs_holds_up_no_other_and_gets_few_at_a_time,
    a_receiver_that_says_nothing_in_time_is_asked_again,
    nobody_goes_where_a_receiver_points_to,
    a_receiver_that_is_gone_is_told_nothing_more,
    five_days_of_nothing_but_failures_end_it,
    a_receiver_hears_only_what_it_asked_for,
    failed_deliveries_are_sent_again_one_or_all,
    a_disabled_webhook_misses_what_happens_meanwhile,
    a_removed_webhook_leaves_nothing_to_be_done,
    private_addresses_are_refused_unless_they_are_allowed,
    without_a_way_out_deliveries_wait,
    old_deliveries_are_forgotten,
    what_was_tried_or_asked_for_twice_is_done_once,
    a_worker_that_dies_at_any_moment_loses_and_doubles_nothing,
    two_workers_tell_each_event_once,
];

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// More events than following and telling have, and fewer.
const EVENTS_MAX: u64 = 400;
const EVENTS_MIN: u64 = 20;

/// Something happens: `vendor.add`.
async fn happens(world: &World, number: u32) {
    let vendor = NewVendor {
        code: format!("V-{number}").parse().unwrap(),
        name: format!("Warung {number}"),
    };
    world.billing.add_vendor(&clerk(), vendor).await.unwrap();
}

fn wanting(receiver: &Receiver, kinds: &[&str]) -> NewWebhook {
    NewWebhook {
        url: receiver.url().parse().unwrap(),
        description: "the shop".to_owned(),
        events: KindFilter::of(kinds).unwrap(),
        enabled: true,
    }
}

/// A webhook that is told of vendors; its id and its secret.
async fn told(world: &World, receiver: &Receiver) -> (WebhookId, String) {
    let request = wanting(receiver, &["vendor.*"]);
    let made = world.billing.add_webhook(&clerk(), request).await.unwrap().value;
    let secret = made.secret.unwrap().text().expose_secret().to_owned();
    (made.webhook.id, secret)
}

async fn deliveries(world: &World, id: WebhookId) -> Vec<Delivery> {
    let page = world.billing.webhook_deliveries(id, None, page_of(200)).await.unwrap();
    let mut items = page.items;
    items.reverse();
    items
}

async fn states(world: &World, id: WebhookId) -> Vec<DeliveryState> {
    deliveries(world, id).await.iter().map(|delivery| delivery.state).collect()
}

async fn results(world: &World, id: WebhookId, index: usize) -> Vec<AttemptResult> {
    let delivery = deliveries(world, id).await[index].id;
    let view = world.billing.webhook_delivery(id, delivery).await.unwrap();
    view.attempts.into_iter().map(|attempt| attempt.result).collect()
}

async fn webhook(world: &World, id: WebhookId) -> Webhook {
    world.billing.webhook(id).await.unwrap()
}

async fn set(world: &World, id: WebhookId, change: WebhookChange) -> Webhook {
    world.billing.change_webhook(&clerk(), id, change).await.unwrap()
}

fn enabled(enabled: bool) -> WebhookChange {
    WebhookChange { enabled: Some(enabled), ..WebhookChange::default() }
}

/// HMAC-SHA256 by its definition, as a receiver in another language would have it.
fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 64];
    block[..key.len()].copy_from_slice(key);
    let pad = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().to_vec()
}

/// Whether a message is signed with a secret, as the specification says.
fn is_signed(secret: &str, heard: &Heard) -> bool {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let (id, second) = (heard.header("webhook-id"), heard.header("webhook-timestamp"));
    let message = format!("{id}.{second}.{}", heard.body);
    let expected = format!("v1,{}", STANDARD.encode(mac(&key, message.as_bytes())));
    heard.header("webhook-signature").split(' ').any(|signature| signature == expected)
}

async fn an_event_is_told_with_a_signature_that_its_receiver_can_check(engine: Engine) {
    let published = Heard {
        line: String::new(),
        headers: [
            ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
            ("webhook-timestamp", "1614265330"),
            ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into(),
        body: r#"{"test": 2432232314}"#.to_owned(),
    };
    assert!(is_signed("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &published));
    let world = World::new(engine).await;
    let receiver = Receiver::start().await;
    let (id, secret) = told(&world, &receiver).await;
    happens(&world, 1).await;
    world.tick().await;
    let heard = receiver.heard();
    assert_eq!(heard.len(), 1);
    assert!(is_signed(&secret, &heard[0]) && !is_signed(&secret, &published));
    assert_eq!(heard[0].header("content-type"), "application/json");
    assert!(heard[0].header("user-agent").starts_with("mkbill/"));
    assert_eq!(heard[0].header("webhook-timestamp"), world.now().as_second().to_string());
    let delivery = &deliveries(&world, id).await[0];
    assert_eq!(heard[0].header("webhook-id"), format!("msg_{}", delivery.id.uuid().simple()));
    let events = world.billing.events(Position::START, 200).await.unwrap();
    let event = events.iter().find(|event| event.kind == "vendor.add").unwrap();
    let body = heard[0].json();
    assert_eq!(
        (&body["type"], &body["timestamp"]),
        (&"vendor.add".into(), &event.at.to_string().into())
    );
    assert_eq!(body["data"]["position"], event.position.number());
    assert_eq!(body["data"]["subject"], event.subject.to_string());
    assert_eq!(delivery.position, Some(event.position.number()));
    assert_eq!(delivery.state, DeliveryState::Succeeded);
    let made = world.billing.test_webhook(&clerk(), id).await.unwrap().value;
    world.tick().await;
    let ping = receiver.heard().pop().unwrap();
    assert!(is_signed(&secret, &ping));
    assert_eq!(ping.json()["type"], "webhook.ping", "whatever it is told of otherwise");
    assert_eq!(deliveries(&world, id).await.last().unwrap().id, made.id);
}

async fn while_a_secret_is_replaced_both_sign(engine: Engine) {
    let world = World::new(engine).await;
    let receiver = Receiver::start().await;
    let (id, old) = told(&world, &receiver).await;
    let made = world.billing.rotate_webhook_secret(&clerk(), id, None).await.unwrap().value;
    let new = made.secret.unwrap().text().expose_secret().to_owned();
    assert_eq!(made.webhook.old_secret_until, Some(world.now() + DAY));
    happens(&world, 1).await;
    world.after(DAY - MINUTE).await;
    let both = receiver.heard().pop().unwrap();
    assert_eq!(both.header("webhook-signature").split(' ').count(), 2);
    assert!(is_signed(&old, &both) && is_signed(&new, &both));
    happens(&world, 2).await;
    world.after(MINUTE).await;
    let one = receiver.heard().pop().unwrap();
    assert_eq!(one.header("webhook-signature").split(' ').count(), 1);
    assert!(is_signed(&new, &one) && !is_signed(&old, &one));
    let at_once = Some(SignedDuration::ZERO);
    let made = world.billing.rotate_webhook_secret(&clerk(), id, at_once).await.unwrap().value;
    happens(&world, 3).await;
    world.tick().await;
    let newest = made.secret.unwrap().text().expose_secret().to_owned();
    let last = receiver.heard().pop().unwrap();
    assert!(is_signed(&newest, &last) && !is_signed(&new, &last));
    let too_long = Some(DAY * 8);
    let refused = world.billing.rotate_webhook_secret(&clerk(), id, too_long).await.unwrap_err();
    assert_eq!(refused.code(), "invalid");
    let trail = world.billing.audit(Some(id.uuid()), page_of(200)).await.unwrap();
    let texts = format!("{:?} {:?}", trail.items, webhook(&world, id).await);
    assert!(!texts.contains("whsec_") && !texts.contains("s3cret"), "{texts}");
}

async fn a_receiver_that_was_away_gets_the_same_message_later(engine: Engine) {
    let world = World::new(engine).await;
    let receiver = Receiver::start().await;
    let (id, secret) = told(&world, &receiver).await;
    receiver.next([Reaction::with(500, "", "no \u{0} room"), Reaction::HangUp]);
    happens(&world, 1).await;
    world.tick().await;
    assert!(webhook(&world, id).await.failing_since.is_some());
    world.tick().await;
    assert_eq!(receiver.heard().len(), 1, "not before five seconds are over");
    world.after(SignedDuration::from_secs(6)).await;
    assert_eq!(receiver.heard().len(), 2);
    world.after(MINUTE * 6).await;
    let heard = receiver.heard();
    assert_eq!(heard.len(), 3);
    let ids: BTreeSet<&str> = heard.iter().map(|heard| heard.header("webhook-id")).collect();
    let seconds: BTreeSet<&str> =
        heard.iter().map(|heard| heard.header("webhook-timestamp")).collect();
    let bodies: BTreeSet<&str> = heard.iter().map(|heard| heard.body.as_str()).collect();
    assert_eq!((ids.len(), seconds.len(), bodies.len()), (1, 3, 1));
    assert!(heard.iter().all(|heard| is_signed(&secret, heard)));
    let results = results(&world, id, 0).await;
    let answered = |status, answer: &str| AttemptResult::Answered { status, answer: answer.into() };
    assert_eq!((&results[0], &results[2]), (&answered(500, "no  room"), &answered(200, "")));
    assert!(matches!(&results[1], AttemptResult::Unanswered { .. }), "{results:?}");
    assert_eq!(states(&world, id).await, [DeliveryState::Succeeded]);
    assert_eq!(webhook(&world, id).await.failing_since, None);
    receiver.next([Reaction::with(503, "retry-after: 3600\r\n", "")]);
    happens(&world, 2).await;
    world.tick().await;
    world.after(MINUTE * 59).await;
    assert_eq!(receiver.heard().len(), 4, "it asked for an hour");
    world.after(MINUTE * 2).await;
    assert_eq!(receiver.heard().len(), 5);
}

async fn a_receiver_that_hangs_holds_up_no_other_and_gets_few_at_a_time(engine: Engine) {
    let mut world = World::new(engine).await;
    // Nothing is given up: only the gate ends the waiting.
    let patient = Duration::from_secs(600);
    let out = GuardedHttp::default().allowing("127.0.0.0/8".parse().unwrap());
    world.reach_out_by(Some(Arc::new(out.within(patient, patient)))).await;
    let (slow, quick) = (Receiver::start().await, Receiver::start().await);
    slow.usually(Reaction::Wait);
    let (slow_id, quick_id) = (told(&world, &slow).await.0, told(&world, &quick).await.0);
    for number in 0..20 {
        happens(&world, number).await;
    }
    let worker = world.worker.clone();
    let working = tokio::spawn(async move { worker.tick().await.map(drop) });
    quick.requests(20).await;
    slow.requests(4).await;
    let pending = states(&world, slow_id).await;
    assert_eq!(pending, [DeliveryState::Pending; 20]);
    assert_eq!(slow.connections(), 4, "no more than four are on their way");
    slow.open_gate();
    working.await.unwrap().unwrap();
    for id in [slow_id, quick_id] {
        assert_eq!(states(&world, id).await, [DeliveryState::Succeeded; 20]);
    }
}

async fn a_receiver_that_says_nothing_in_time_is_asked_again(engine: Engine) {
    let mut world = World::new(engine).await;
    let out = GuardedHttp::default().allowing("127.0.0.0/8".parse().unwrap());
    let (second, short) = (Duration::from_secs(5), Duration::from_millis(100));
    world.reach_out_by(Some(Arc::new(out.within(second, short)))).await;
    let receiver = Receiver::start().await;
    let (id, _) = told(&world, &receiver).await;
    receiver.next([Reaction::Hang]);
    happens(&world, 1).await;
    world.tick().await;
    let results = results(&world, id, 0).await;
    let AttemptResult::Unanswered { error } = &results[0] else { panic!("{results:?}") };
    assert!(error.contains("in time"), "{error}");
    assert_eq!(states(&world, id).await, [DeliveryState::Pending]);
}

async fn nobody_goes_where_a_receiver_points_to(engine: Engine) {
    let world = World::new(engine).await;
    let (receiver, inside) = (Receiver::start().await, Receiver::start().await);
    let (id, _) = told(&world, &receiver).await;
    receiver.next([Reaction::with(307, &format!("location: {}\r\n", inside.url()), "")]);
    happens(&world, 1).await;
    world.tick().await;
    assert_eq!(inside.connections(), 0);
    assert_eq!(states(&world, id).await, [DeliveryState::Pending], "a detour is a failure");
    let results = results(&world, id, 0).await;
    assert!(matches!(results[0], AttemptResult::Answered { status: 307, .. }), "{results:?}");
}

async fn disabled_notices(world: &World) -> Vec<serde_json::Value> {
    let kind = Some(NoticeKind::WebhookDisabled);
    let filter = NoticeFilter { kind, ..NoticeFilter::default() };
    let rows = world.billing.notices(filter, page_of(200)).await.unwrap().items;
    rows.into_iter().map(|row| row.facts).collect()
}

async fn kinds(world: &World, kind: &str) -> usize {
    let events = world.billing.events(Position::START, 200).await.unwrap();
    events.iter().filter(|event| event.kind == kind).count()
}

async fn a_receiver_that_is_gone_is_told_nothing_more(engine: Engine) {
    let world = World::new(engine).await;
    let (receiver, other) = (Receiver::start().await, Receiver::start().await);
    let (id, _) = told(&world, &receiver).await;
    let watching = wanting(&other, &["webhook.disable"]);
    world.billing.add_webhook(&clerk(), watching).await.unwrap();
    receiver.usually(Reaction::status(500));
    happens(&world, 1).await;
    world.tick().await;
    receiver.usually(Reaction::status(410));
    happens(&world, 2).await;
    world.tick().await;
    let gone = webhook(&world, id).await;
    assert_eq!(gone.disabled.unwrap().because, DisabledBecause::Gone);
    assert_eq!(states(&world, id).await, [DeliveryState::Failed; 2], "what waited has failed too");
    let notices = disabled_notices(&world).await;
    assert_eq!((notices.len(), &notices[0]["tell"]), (1, &"super_admin".into()));
    assert!(!notices[0].to_string().contains("s3cret"), "{notices:?}");
    assert_eq!(kinds(&world, "webhook.disable").await, 1);
    assert_eq!(other.kinds(), ["webhook.disable"]);
    let heard = receiver.heard().len();
    happens(&world, 3).await;
    world.after(DAY).await;
    assert_eq!(receiver.heard().len(), heard);
}

async fn five_days_of_nothing_but_failures_end_it(engine: Engine) {
    let world = World::new(engine).await;
    let receiver = Receiver::start().await;
    let (id, _) = told(&world, &receiver).await;
    receiver.usually(Reaction::status(500));
    happens(&world, 1).await;
    world.tick().await;
    for _ in 0..100 {
        world.after(SignedDuration::from_hours(1)).await;
    }
    let first = &deliveries(&world, id).await[0];
    assert_eq!((first.state, first.attempts), (DeliveryState::Failed, 10));
    assert!(webhook(&world, id).await.is_told());
    happens(&world, 2).await;
    for _ in 0..19 {
        world.after(SignedDuration::from_hours(1)).await;
    }
    assert!(webhook(&world, id).await.is_told(), "not five days yet");
    assert!(disabled_notices(&world).await.is_empty());
    for _ in 0..10 {
        world.after(SignedDuration::from_hours(1)).await;
    }
    let lost = webhook(&world, id).await;
    assert_eq!(lost.disabled.unwrap().because, DisabledBecause::Failing);
    assert_eq!(disabled_notices(&world).await.len(), 1);
    receiver.usually(Reaction::status(200));
    let back = set(&world, id, enabled(true)).await;
    assert_eq!((back.is_told(), back.failing_since), (true, None));
    happens(&world, 3).await;
    world.tick().await;
    assert_eq!(states(&world, id).await.last(), Some(&DeliveryState::Succeeded));
}

async fn a_receiver_hears_only_what_it_asked_for(engine: Engine) {
    let world = World::new(engine).await.with_known_router().await;
    let (one, many, all) =
        (Receiver::start().await, Receiver::start().await, Receiver::start().await);
    let made = world.billing.add_webhook(&clerk(), wanting(&one, &["plan.add"])).await.unwrap();
    for (receiver, kinds) in [(&many, &["vendor.*"][..]), (&all, &[])] {
        world.billing.add_webhook(&clerk(), wanting(receiver, kinds)).await.unwrap();
    }
    world.tick().await;
    let before = all.kinds();
    assert!(before.iter().all(|kind| kind == "webhook.add"), "{before:?}");
    world.daily_plan().await;
    happens(&world, 1).await;
    world.tick().await;
    assert_eq!(
        (one.kinds(), many.kinds()),
        (vec!["plan.add".to_owned()], vec!["vendor.add".into()])
    );
    let mut after = all.kinds().split_off(before.len());
    after.sort_unstable();
    assert_eq!(after, ["plan.add", "vendor.add"], "in no certain order");
    let id = made.value.webhook.id;
    let events = Patch::Set(KindFilter::of(&["vendor.*"]).unwrap());
    set(&world, id, WebhookChange { events, ..WebhookChange::default() }).await;
    happens(&world, 2).await;
    world.tick().await;
    assert_eq!(one.kinds(), ["plan.add", "vendor.add"]);
    for _ in 3..WEBHOOKS_MAX {
        world.billing.add_webhook(&clerk(), wanting(&one, &["a.b"])).await.unwrap();
    }
    let full = world.billing.add_webhook(&clerk(), wanting(&one, &[])).await.unwrap_err();
    assert_eq!(full.code(), "too_many_webhooks");
}

async fn failed_deliveries_are_sent_again_one_or_all(engine: Engine) {
    let world = World::new(engine).await;
    let receiver = Receiver::start().await;
    let (id, _) = told(&world, &receiver).await;
    receiver.usually(Reaction::status(500));
    let mut since = world.now();
    for number in 1..=3 {
        if number == 2 {
            since = world.now();
        }
        happens(&world, number).await;
        world.tick().await;
        world.clock.advance(MINUTE);
    }
    for _ in 0..100 {
        world.after(SignedDuration::from_hours(1)).await;
    }
    assert_eq!(states(&world, id).await, [DeliveryState::Failed; 3]);
    receiver.usually(Reaction::status(200));
    let tried = clerk().dry_run();
    let count = world.billing.resend_failed_deliveries(&tried, id, since).await.unwrap();
    assert_eq!((count.value, states(&world, id).await), (2, vec![DeliveryState::Failed; 3]));
    let count = world.billing.resend_failed_deliveries(&clerk(), id, since).await.unwrap();
    world.tick().await;
    let (failed, succeeded) = (DeliveryState::Failed, DeliveryState::Succeeded);
    assert_eq!((count.value, states(&world, id).await), (2, vec![failed, succeeded, succeeded]));
    let first = deliveries(&world, id).await[0].id;
    let again = world.billing.resend_delivery(&clerk(), id, first).await.unwrap();
    assert_eq!((again.state, again.tries, again.attempts), (DeliveryState::Pending, 0, 10));
    world.tick().await;
    assert_eq!(states(&world, id).await, [succeeded; 3]);
    let message = format!("msg_{}", first.uuid().simple());
    let same =
        receiver.heard().iter().filter(|heard| heard.header("webhook-id") == message).count();
    assert_eq!(same, 11, "the same message each time");
    let heard = receiver.heard().len();
    world.billing.resend_delivery(&clerk(), id, first).await.unwrap();
    world.tick().await;
    assert_eq!(receiver.heard().len(), heard + 1, "one that went well may be sent again as well");
    set(&world, id, enabled(false)).await;
    let off = world.billing.resend_delivery(&clerk(), id, first).await.unwrap_err();
    assert_eq!(off.code(), "webhook_disabled");
    let (other, _) = told(&world, &receiver).await;
    let foreign = world.billing.resend_delivery(&clerk(), other, first).await.unwrap_err();
    assert_eq!(foreign.code(), "not_found");
}

async fn a_disabled_webhook_misses_what_happens_meanwhile(engine: Engine) {
    let world = World::new(engine).await;
    let receiver = Receiver::start().await;
    let (id, _) = told(&world, &receiver).await;
    let off = set(&world, id, enabled(false)).await;
    assert_eq!(off.disabled.unwrap().because, DisabledBecause::Person);
    happens(&world, 1).await;
    world.tick().await;
    let refused = world.billing.test_webhook(&clerk(), id).await.unwrap_err();
    assert_eq!(refused.code(), "webhook_disabled");
    set(&world, id, enabled(true)).await;
    happens(&world, 2).await;
    world.tick().await;
    assert_eq!(receiver.heard().len(), 1);
    assert_eq!(states(&world, id).await, [DeliveryState::Succeeded]);
}

async fn a_removed_webhook_leaves_nothing_to_be_done(engine: Engine) {
    let world = World::new(engine).await;
    let receiver = Receiver::start().await;
    let (id, _) = told(&world, &receiver).await;
    receiver.usually(Reaction::status(500));
    happens(&world, 1).await;
    world.tick().await;
    world.billing.remove_webhook(&clerk(), id).await.unwrap();
    happens(&world, 2).await;
    world.after(DAY).await;
    assert_eq!(receiver.heard().len(), 1);
    assert_eq!(world.billing.webhook(id).await.unwrap_err().code(), "not_found");
    assert!(world.billing.webhooks().await.unwrap().is_empty());
    let tally = world.billing.outbox_tally().await.unwrap();
    assert_eq!((tally.due, tally.failing, tally.dead), (0, 0, 0));
}

async fn private_addresses_are_refused_unless_they_are_allowed(engine: Engine) {
    let mut world = World::new(engine).await;
    let receiver = Receiver::start().await;
    let at = |url: String| NewWebhook { url: url.parse().unwrap(), ..wanting(&receiver, &[]) };
    world.reach_out_by(Some(Arc::new(GuardedHttp::default()))).await;
    let port = receiver.port();
    for host in ["127.0.0.1", "2130706433", "[::1]", "10.0.0.7", "[::ffff:192.168.0.1]"] {
        let request = at(format!("https://{host}:{port}/"));
        let refused = world.billing.add_webhook(&clerk(), request).await.unwrap_err();
        assert_eq!(refused.code(), "webhook_address", "{host}");
    }
    let plain = at(format!("http://localhost:{port}/"));
    let refused = world.billing.add_webhook(&clerk(), plain).await.unwrap_err();
    assert_eq!(refused.code(), "webhook_address", "only https leads out");
    let by_name = at(format!("https://localhost:{port}/"));
    let id = world.billing.add_webhook(&clerk(), by_name).await.unwrap().value.webhook.id;
    world.tick().await;
    assert_eq!(receiver.connections(), 0);
    let results = results(&world, id, 0).await;
    let AttemptResult::Unanswered { error } = &results[0] else { panic!("{results:?}") };
    assert!(error.contains("no public address"), "{error}");
    let inside = WebhookChange {
        url: Some(format!("https://127.0.0.1:{port}/").parse().unwrap()),
        ..WebhookChange::default()
    };
    let refused = world.billing.change_webhook(&clerk(), id, inside).await.unwrap_err();
    assert_eq!(refused.code(), "webhook_address");
    let out = GuardedHttp::default().allowing("127.0.0.0/8, ::1".parse().unwrap());
    world.reach_out_by(Some(Arc::new(out))).await;
    let here = WebhookChange {
        url: Some(format!("http://localhost:{port}/").parse().unwrap()),
        ..WebhookChange::default()
    };
    set(&world, id, here).await;
    world.after(MINUTE).await;
    assert!(states(&world, id).await.contains(&DeliveryState::Succeeded));
}

async fn without_a_way_out_deliveries_wait(engine: Engine) {
    let mut world = World::new(engine).await;
    let receiver = Receiver::start().await;
    let (id, _) = told(&world, &receiver).await;
    world.reach_out_by(None).await;
    happens(&world, 1).await;
    world.after(DAY).await;
    assert_eq!(states(&world, id).await, [DeliveryState::Pending]);
    let tally = world.billing.outbox_tally().await.unwrap();
    assert_eq!((tally.waiting, tally.dead), (1, 0));
    world.restart().await;
    world.reach_out_by(Some(crate::world::way_out())).await;
    world.tick().await;
    assert_eq!(states(&world, id).await, [DeliveryState::Succeeded]);
}

async fn old_deliveries_are_forgotten(engine: Engine) {
    let world = World::new(engine).await;
    let receiver = Receiver::start().await;
    let (id, _) = told(&world, &receiver).await;
    let (gone, _) = told(&world, &receiver).await;
    happens(&world, 1).await;
    world.tick().await;
    world.billing.remove_webhook(&clerk(), gone).await.unwrap();
    world.after(DAY * 29).await;
    assert_eq!(deliveries(&world, id).await.len(), 1);
    world.after(DAY * 2).await;
    assert!(deliveries(&world, id).await.is_empty());
    assert_eq!(world.billing.webhook(gone).await.unwrap_err().code(), "not_found");
}

async fn what_was_tried_or_asked_for_twice_is_done_once(engine: Engine) {
    let world = World::new(engine).await;
    let receiver = Receiver::start().await;
    let request = wanting(&receiver, &["vendor.*"]);
    let tried = world.billing.add_webhook(&clerk().dry_run(), request.clone()).await.unwrap();
    assert!(tried.dry_run && tried.value.secret.is_none());
    assert!(world.billing.webhooks().await.unwrap().is_empty());
    let keyed = clerk().with_key("shop".parse().unwrap());
    let first = world.billing.add_webhook(&keyed, request.clone()).await.unwrap();
    let again = world.billing.add_webhook(&keyed, request).await.unwrap();
    assert!(first.value.secret.is_some() && again.replayed && again.value.secret.is_none());
    let id = first.value.webhook.id;
    assert_eq!(again.value.webhook.id, id);
    for _ in 0..2 {
        world.billing.test_webhook(&keyed_as("ping"), id).await.unwrap();
        world.billing.rotate_webhook_secret(&keyed_as("rotate"), id, None).await.unwrap();
    }
    world.tick().await;
    assert_eq!(
        (receiver.kinds(), deliveries(&world, id).await.len()),
        (vec!["webhook.ping".into()], 1)
    );
    let trail = world.billing.audit(Some(id.uuid()), page_of(200)).await.unwrap().items;
    let actions: Vec<&str> = trail.iter().rev().map(|row| row.action.as_str()).collect();
    let expected: BTreeSet<&str> = ["webhook.add", "webhook.rotate", "webhook.test"].into();
    assert_eq!((actions.len(), BTreeSet::from_iter(actions)), (3, expected));
}

fn keyed_as(key: &str) -> mkbill_core::Caller {
    clerk().with_key(key.parse().unwrap())
}

/// Positions of the events that a receiver was told of.
fn positions(receiver: &Receiver) -> Vec<i64> {
    let position = |heard: &Heard| heard.json()["data"]["position"].as_i64().unwrap();
    receiver.heard().iter().map(position).collect()
}

async fn a_worker_that_dies_at_any_moment_loses_and_doubles_nothing(engine: Engine) {
    let world = World::new(engine).await;
    let receiver = Receiver::start().await;
    let (id, _) = told(&world, &receiver).await;
    for event in 1..EVENTS_MAX {
        let number = u32::try_from(event).unwrap() * 3;
        for number in number..number + 3 {
            happens(&world, number).await;
        }
        receiver.next([Reaction::status(500)]);
        let died = world.tick_after_a_death(event).await;
        world.after(LEASE).await;
        let made = deliveries_of_all_pages(&world, id).await;
        let told: BTreeSet<i64> = positions(&receiver).into_iter().collect();
        let happened = usize::try_from(event).unwrap() * 3;
        assert_eq!((made.len(), told.len()), (happened, happened), "event {event}");
        let once: BTreeSet<_> = made.iter().map(|delivery| delivery.position).collect();
        assert_eq!(once.len(), happened, "event {event}");
        let open = made.iter().filter(|one| one.state != DeliveryState::Succeeded).count();
        assert_eq!(open, 0, "event {event}");
        if !died {
            assert!(event > EVENTS_MIN, "only {event} events");
            return;
        }
    }
    panic!("a tick has more than {EVENTS_MAX} events");
}

async fn deliveries_of_all_pages(world: &World, id: WebhookId) -> Vec<Delivery> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = mkbill_core::kernel::page::PageRequest::new(after, 200).unwrap();
        let found = world.billing.webhook_deliveries(id, None, page).await.unwrap();
        all.extend(found.items);
        after = found.next;
        if after.is_none() {
            return all;
        }
    }
}

async fn two_workers_tell_each_event_once(engine: Engine) {
    let world = World::new(engine).await;
    let other = world.another_worker(77).await;
    let (one, two) = (Receiver::start().await, Receiver::start().await);
    let ids = [told(&world, &one).await.0, told(&world, &two).await.0];
    for round in 0..10 {
        for number in 0..5 {
            happens(&world, round * 5 + number).await;
        }
        let (first, second) = tokio::join!(world.worker.tick(), other.tick());
        first.and(second).unwrap();
    }
    world.tick().await;
    for (receiver, id) in [(&one, ids[0]), (&two, ids[1])] {
        let mut told = positions(receiver);
        told.sort_unstable();
        assert_eq!(told.len(), 50);
        told.dedup();
        assert_eq!(told.len(), 50, "nothing was told twice");
        assert_eq!(states(&world, id).await, [DeliveryState::Succeeded; 50]);
    }
}
