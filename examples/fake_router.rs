//! The RouterOS client alone, against a router that is simulated: no billing, no database.
//!
//! `cargo run -p mkbill-examples --bin fake_router`

use std::error::Error;

use jiff::SignedDuration;
use mkbill_routeros::client::{Client, ClientConfig, Credentials, Endpoint, Security};
use mkbill_routeros::command::hotspot::{Active, NewUser, User};
use mkbill_routeros::command::system::Resource;
use mkbill_routeros::command::{print, remove};
use mkbill_routeros::sim::{Mac, RouterOs, Simulator, Traffic};
use mkbill_routeros::value::duration;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // A router on a free loopback port. Its time passes only when told to.
    let router = Simulator::builder().routeros(RouterOs::V7_18).password("secret").start().await?;

    // Nothing from here on knows that the router is simulated.
    let address = router.addr();
    let host = address.ip().to_string();
    let endpoint = Endpoint { host, port: address.port(), security: Security::Plain };
    let config = ClientConfig::new(endpoint, Credentials::new("admin", "secret"));
    let client = Client::connect(&config).await?;
    for resource in client.run(print::<Resource>()).await?.records::<Resource>()? {
        println!("RouterOS {}", resource.version);
    }

    add_users(&client).await?;
    watch_a_customer(&router, &client).await?;
    remove_users(&client).await?;

    // Somebody pulls the plug.
    router.unplug().await?;
    let failed = client.run(print::<User>()).await.is_err();
    println!("unplugged: command failed: {failed}");

    client.close().await;
    router.shutdown().await;
    Ok(())
}

/// Commands share the connection, many at once; each gets its own answer.
async fn add_users(client: &Client) -> Result<(), Box<dyn Error>> {
    let users = [("alice", "default"), ("bob", "default"), ("carol", "gold")];
    let commands = users.map(|(name, profile)| new_user(name, profile).add());
    for ((name, _), added) in users.into_iter().zip(client.run_all(commands).await) {
        match added {
            Ok(_) => println!("{name}: added"),
            Err(refused) => {
                let cause = refused.source().map(ToString::to_string).unwrap_or_default();
                println!("{name}: {refused}: {cause}");
            }
        }
    }
    Ok(())
}

/// She is online for twenty minutes and loads a megabyte a second.
async fn watch_a_customer(router: &Simulator, client: &Client) -> Result<(), Box<dyn Error>> {
    let phone = Mac::numbered(1);
    let address = "10.5.50.2".parse()?;
    let traffic = Traffic { upload_per_second: 0, download_per_second: 1_000_000 };
    router.router(|router| router.login("alice", "open sesame", phone, address))?;
    router.router(|router| router.set_traffic(phone, traffic));
    router.advance(SignedDuration::from_mins(20));
    for session in client.run(print::<Active>()).await?.records::<Active>()? {
        let online = duration::format(session.uptime);
        println!("{}: online for {online}, {} bytes down", session.user, session.bytes_out);
    }
    router.router(|router| router.logout(phone));
    Ok(())
}

/// Removes all users but the one that is built in.
async fn remove_users(client: &Client) -> Result<(), Box<dyn Error>> {
    let users = client.run(print::<User>()).await?.records::<User>()?;
    let mut ids = Vec::new();
    for user in users.into_iter().filter(|user| !user.is_builtin) {
        println!("{}: used {}", user.name, duration::format(user.uptime));
        ids.push(user.id);
    }
    client.run(remove::<User>(&ids)).await?;
    println!("users left: {}", client.run(print::<User>()).await?.rows.len());
    Ok(())
}

fn new_user(name: &str, profile: &str) -> NewUser {
    NewUser {
        name: name.to_owned(),
        password: "open sesame".into(),
        profile: profile.to_owned(),
        server: None,
        limit_uptime: Some(SignedDuration::from_hours(24)),
        limit_bytes_total: None,
        comment: "from an example".to_owned(),
    }
}
