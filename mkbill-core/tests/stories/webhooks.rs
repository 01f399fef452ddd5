//! Programs elsewhere that are told of what happens.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use mkbill_core::event::Position;
use mkbill_core::kernel::ids::WebhookId;
use mkbill_core::kernel::patch::Patch;
use mkbill_core::testkit::Engine;
use mkbill_core::vendor::NewVendor;
use mkbill_core::webhook::delivery::{AttemptResult, Delivery, DeliveryState};
use mkbill_core::webhook::filter::KindFilter;
use mkbill_core::webhook::{DisabledBecause, NewWebhook, WEBHOOKS_MAX, Webhook, WebhookChange};
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};

use crate::receiver::{Heard, Reaction, Receiver};
use crate::support::stories;
use crate::world::{World, clerk, page_of};

pub(crate) const STORIES: &[(&str, crate::support::Story)] = stories![
    an_event_is_told_with_a_signature_that_its_receiver_can_check,
    while_a_secret_is_replaced_both_sign,
    a_receiver_hears_only_what_it_asked_for,
    failed_deliveries_are_sent_again_one_or_all,
    a_disabled_webhook_misses_what_happens_meanwhile,
    a_removed_webhook_leaves_nothing_to_be_done,
    old_deliveries_are_forgotten,
    what_was_tried_or_asked_for_twice_is_done_once,
];

pub(crate) const MINUTE: SignedDuration = SignedDuration::from_mins(1);
pub(crate) const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Something happens: `vendor.add`.
pub(crate) async fn happens(world: &World, number: u32) {
    let vendor = NewVendor {
        code: format!("V-{number}").parse().unwrap(),
        name: format!("Warung {number}"),
    };
    world.billing.add_vendor(&clerk(), vendor).await.unwrap();
}

pub(crate) fn wanting(receiver: &Receiver, kinds: &[&str]) -> NewWebhook {
    NewWebhook {
        url: receiver.url().parse().unwrap(),
        description: "the shop".to_owned(),
        events: KindFilter::of(kinds).unwrap(),
        enabled: true,
    }
}

/// A webhook that is told of vendors; its id and its secret.
pub(crate) async fn told(world: &World, receiver: &Receiver) -> (WebhookId, String) {
    let request = wanting(receiver, &["vendor.*"]);
    let made = world.billing.add_webhook(&clerk(), request).await.unwrap().value;
    let secret = made.secret.unwrap().text().expose_secret().to_owned();
    (made.webhook.id, secret)
}

pub(crate) async fn deliveries(world: &World, id: WebhookId) -> Vec<Delivery> {
    let page = world.billing.webhook_deliveries(id, None, page_of(200)).await.unwrap();
    let mut items = page.items;
    items.reverse();
    items
}

pub(crate) async fn states(world: &World, id: WebhookId) -> Vec<DeliveryState> {
    deliveries(world, id).await.iter().map(|delivery| delivery.state).collect()
}

pub(crate) async fn results(world: &World, id: WebhookId, index: usize) -> Vec<AttemptResult> {
    let delivery = deliveries(world, id).await[index].id;
    let view = world.billing.webhook_delivery(id, delivery).await.unwrap();
    view.attempts.into_iter().map(|attempt| attempt.result).collect()
}

pub(crate) async fn webhook(world: &World, id: WebhookId) -> Webhook {
    world.billing.webhook(id).await.unwrap()
}

pub(crate) async fn set(world: &World, id: WebhookId, change: WebhookChange) -> Webhook {
    world.billing.change_webhook(&clerk(), id, change).await.unwrap()
}

pub(crate) fn enabled(enabled: bool) -> WebhookChange {
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
pub(crate) fn is_signed(secret: &str, heard: &Heard) -> bool {
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
