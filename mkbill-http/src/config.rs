//! Settings: defaults, then `mkbill.toml`, then `MKBILL_…` variables; the later wins.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use axum::http::{HeaderValue, Uri};
use config::{Environment, File, FileFormat, Source as _, Value};
use jiff::SignedDuration;
use mkbill_core::customer::phone::Region;
use mkbill_core::kernel::money::Currency;
use mkbill_core::kernel::network::Networks;
use mkbill_core::kernel::time::BusinessZone;
use secrecy::SecretString;

use crate::auth::Identity;
use crate::routes::Manners;
use crate::wiring::DatabaseUrl;

/// The file that is read from the working directory if it is there.
pub(crate) const FILE: &str = "mkbill.toml";
const PREFIX: &str = "MKBILL";
const POLL_EVERY_MIN: SignedDuration = SignedDuration::from_secs(1);
const POLL_EVERY_MAX: SignedDuration = SignedDuration::from_hours(1);

/// Variables with our prefix that are no settings.
const OTHER_VARIABLES: [&str; 2] = ["config", "router_password"];
/// Variables for the tests of this project.
const TEST_VARIABLES: &str = "test_";

/// Every key, with what it takes.
const KEYS: [(&str, &str); 15] = [
    ("database", "sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME"),
    ("master_key", "32 bytes as base64"),
    ("master_key_file", "the path of a file that holds 32 bytes as base64"),
    ("listen", "ADDRESS:PORT, such as 127.0.0.1:8080"),
    ("zone", "the name of a time zone, such as Asia/Jakarta"),
    ("currency", "three capital letters, such as IDR"),
    ("region", "a country code of two letters, such as ID"),
    ("signal", "local, database, or redis://HOST:PORT"),
    ("poll_every", "one second to one hour, such as 30s"),
    ("sign_in_slow_down", "on or off"),
    (
        "allowed_origins",
        "origins of web pages that may call, such as https://shop.example, with commas",
    ),
    ("webhook_private_networks", "networks between commas, such as 192.168.0.0/16, 10.0.0.7"),
    ("log_format", "text or json"),
    ("trusted_proxies", "addresses and networks between commas, such as 10.0.0.0/8"),
    ("log_filter", "a level such as info, or directives such as warn,mkbill_http=debug"),
];

/// Keys whose values may hold a password.
const SECRET_KEYS: [&str; 2] = ["database", "signal"];

/// What the program is told from outside.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Where the books are; `sqlite:mkbill.db` unless told otherwise.
    pub(crate) database: DatabaseUrl,
    /// The key that seals secrets.
    pub(crate) master_key: KeySource,
    /// Where the server listens; `127.0.0.1:8080` unless told otherwise.
    pub(crate) listen: SocketAddr,
    /// The zone of business dates; `Asia/Jakarta` unless told otherwise.
    pub(crate) zone: BusinessZone,
    /// The currency of prices that name none; `IDR` unless told otherwise.
    pub(crate) currency: Currency,
    /// The country whose telephone numbers need no code; `ID` unless told otherwise.
    pub(crate) region: Region,
    /// How processes wake each other.
    pub(crate) signal: SignalSource,
    /// How often each router is looked at; 30 s unless told otherwise.
    pub(crate) poll_every: SignedDuration,
    /// Whether tries to sign in are slowed down after some failed; they are unless told otherwise.
    pub(crate) sign_in_slow_down: bool,
    /// Origins of web pages elsewhere that may call; none unless told otherwise.
    pub(crate) allowed_origins: Vec<HeaderValue>,
    /// Private networks in which webhooks may be; none unless told otherwise.
    pub(crate) webhook_private_networks: Networks,
    /// How log lines look.
    pub(crate) log_format: LogFormat,
    /// Which log lines are written; `info,sqlx=warn` unless told otherwise.
    pub(crate) log_filter: String,
    /// Who is believed in what address a request came from; nobody unless told otherwise.
    pub(crate) trusted_proxies: Networks,
}

/// Where the master key comes from.
#[derive(Debug, Clone)]
pub(crate) enum KeySource {
    /// Nowhere: beside an SQLite file one is kept, and made when it is missing.
    Beside,
    /// Given as text.
    Text(SecretString),
    /// In this file.
    File(PathBuf),
}

/// How processes on one database wake each other. One that is not woken looks each second.
#[derive(Debug, Clone)]
pub(crate) enum SignalSource {
    /// By the database if it is a server, else not at all.
    Suitable,
    /// Not at all.
    Local,
    /// By the database.
    Database,
    /// By this Redis server.
    Redis(SecretString),
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file cannot be read or is no TOML.
    #[error("reading the configuration file {path}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<config::ConfigError>,
    },
    /// The environment cannot be read.
    #[error("reading the environment")]
    Environment(#[source] Box<config::ConfigError>),
    /// A key that nobody knows.
    #[error("`{key}` from {origin} is no setting; there are: {known}")]
    UnknownKey {
        /// The key.
        key: String,
        /// Where it stands.
        origin: String,
        /// All keys.
        known: String,
    },
    /// A value that its key does not take.
    #[error("{key} = `{value}` from {origin} is not allowed: give {allowed}")]
    BadValue {
        /// The key.
        key: &'static str,
        /// The value, unless it may hold a secret.
        value: String,
        /// Where it stands.
        origin: String,
        /// What the key takes.
        allowed: &'static str,
    },
    /// Two keys that exclude each other.
    #[error("master_key and master_key_file are both given: keep one")]
    TwoKeys,
}

impl Settings {
    /// How the interface behaves towards the world around it.
    pub(crate) fn manners(&self) -> Manners {
        Manners {
            identity: Identity::Own,
            allowed_origins: self.allowed_origins.clone(),
            trusted_proxies: self.trusted_proxies.clone(),
        }
    }

    /// Reads `file`, or [`FILE`] if it is there, and then `variables`, of which those that begin
    /// with `MKBILL_` count. A `file` that is named must exist.
    pub(crate) fn load(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut texts = Texts::default();
        texts.take(from_file(file)?)?;
        texts.take(from_variables(variables)?)?;
        texts.settings()
    }
}

fn from_file(named: Option<&Path>) -> Result<BTreeMap<String, Value>, ConfigError> {
    let path = named.unwrap_or(Path::new(FILE));
    let file = File::from(path).format(FileFormat::Toml).required(named.is_some());
    let found = file.collect();
    let found = found.map_err(|source| ConfigError::Unreadable {
        path: path.into(),
        source: Box::new(source),
    })?;
    Ok(found.into_iter().collect())
}

fn from_variables(
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<BTreeMap<String, Value>, ConfigError> {
    let source = Environment::with_prefix(PREFIX).source(Some(variables.into_iter().collect()));
    let found = source.collect().map_err(|source| ConfigError::Environment(Box::new(source)))?;
    let ours = |key: &str| !OTHER_VARIABLES.contains(&key) && !key.starts_with(TEST_VARIABLES);
    Ok(found.into_iter().filter(|(key, _)| ours(key)).collect())
}

/// The last text given for each key, and where it stands.
#[derive(Default)]
struct Texts(BTreeMap<&'static str, (String, String)>);

impl Texts {
    fn take(&mut self, values: BTreeMap<String, Value>) -> Result<(), ConfigError> {
        for (key, value) in values {
            let origin = value.origin().unwrap_or("the command line").to_owned();
            let Some((known, allowed)) = KEYS.into_iter().find(|(known, _)| *known == key) else {
                let known = KEYS.map(|(known, _)| known).join(", ");
                return Err(ConfigError::UnknownKey { key, origin, known });
            };
            let text = value.into_string().map_err(|_| ConfigError::BadValue {
                key: known,
                value: "…".to_owned(),
                origin: origin.clone(),
                allowed,
            })?;
            self.0.insert(known, (text, origin));
        }
        Ok(())
    }

    fn settings(mut self) -> Result<Settings, ConfigError> {
        Ok(Settings {
            master_key: self.key_source()?,
            database: self.read("database", "sqlite:mkbill.db", |text| text.parse().ok())?,
            listen: self.read("listen", "127.0.0.1:8080", |text| text.parse().ok())?,
            zone: self.read("zone", "Asia/Jakarta", |text| BusinessZone::named(text).ok())?,
            currency: self.read("currency", "IDR", |text| text.parse().ok())?,
            region: self.read("region", "ID", |text| text.parse().ok())?,
            signal: self.read("signal", "", signal)?,
            poll_every: self.read("poll_every", "30s", poll_every)?,
            sign_in_slow_down: self.read("sign_in_slow_down", "on", on_or_off)?,
            allowed_origins: self.read("allowed_origins", "", origins)?,
            webhook_private_networks: self
                .read("webhook_private_networks", "", |text| text.parse().ok())?,
            log_format: self.read("log_format", "text", |text| text.parse().ok())?,
            log_filter: self.read("log_filter", "info,sqlx=warn", |text| Some(text.to_owned()))?,
            trusted_proxies: self.read("trusted_proxies", "", |text| text.parse().ok())?,
        })
    }

    fn key_source(&mut self) -> Result<KeySource, ConfigError> {
        match (self.0.remove("master_key"), self.0.remove("master_key_file")) {
            (None, None) => Ok(KeySource::Beside),
            (Some((text, _)), None) => Ok(KeySource::Text(SecretString::from(text))),
            (None, Some((path, _))) => Ok(KeySource::File(PathBuf::from(path))),
            (Some(_), Some(_)) => Err(ConfigError::TwoKeys),
        }
    }

    fn read<T>(
        &self,
        key: &'static str,
        default: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, ConfigError> {
        let (text, origin) = match self.0.get(key) {
            Some((text, origin)) => (text.as_str(), origin.as_str()),
            None => (default, "the defaults"),
        };
        read(text).ok_or_else(|| ConfigError::BadValue {
            key,
            value: if SECRET_KEYS.contains(&key) { "…".to_owned() } else { text.to_owned() },
            origin: origin.to_owned(),
            allowed: KEYS.iter().find(|(known, _)| *known == key).map_or("", |(_, takes)| takes),
        })
    }
}

fn signal(text: &str) -> Option<SignalSource> {
    match text {
        "" => Some(SignalSource::Suitable),
        "local" => Some(SignalSource::Local),
        "database" => Some(SignalSource::Database),
        url => {
            let known = ["redis://", "rediss://", "redis+unix://"];
            let is_redis = known.iter().any(|scheme| url.starts_with(scheme));
            is_redis.then(|| SignalSource::Redis(SecretString::from(url)))
        }
    }
}

fn on_or_off(text: &str) -> Option<bool> {
    match text {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}

/// Origins, each a scheme, a host and perhaps a port: nothing behind them, and never `*`.
fn origins(text: &str) -> Option<Vec<HeaderValue>> {
    let given = text.split(',').map(str::trim).filter(|origin| !origin.is_empty());
    given.map(origin).collect()
}

fn origin(text: &str) -> Option<HeaderValue> {
    let uri: Uri = text.parse().ok()?;
    let schemed = matches!(uri.scheme_str(), Some("http" | "https"));
    let bare = uri.path_and_query().is_none_or(|rest| rest == "/") && !text.ends_with('/');
    (schemed && uri.authority().is_some() && bare).then(|| text.parse().ok()).flatten()
}

fn poll_every(text: &str) -> Option<SignedDuration> {
    let span = text.parse::<SignedDuration>().ok()?;
    (POLL_EVERY_MIN..=POLL_EVERY_MAX).contains(&span).then_some(span)
}

impl FromStr for LogFormat {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(toml: &str, variables: &[(&str, &str)]) -> Result<Settings, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.toml");
        std::fs::write(&path, toml).unwrap();
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Settings::load(Some(&path), variables.iter().map(own))
    }

    fn complaint(toml: &str, variables: &[(&str, &str)]) -> String {
        load(toml, variables).unwrap_err().to_string()
    }

    #[test]
    fn without_a_word_the_defaults_hold() {
        let settings = load("", &[("PATH", "/bin")]).unwrap();
        assert_eq!(settings.database.to_string(), "sqlite:mkbill.db");
        assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(settings.currency, Currency::IDR);
        assert_eq!(settings.poll_every, SignedDuration::from_secs(30));
        assert!(settings.webhook_private_networks.is_empty());
        assert!(matches!(settings.master_key, KeySource::Beside));
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let toml = "listen = '127.0.0.1:1'\npoll_every = '1m'";
        let settings = load(toml, &[("MKBILL_LISTEN", "127.0.0.1:2")]).unwrap();
        assert_eq!(settings.listen.port(), 2);
        assert_eq!(settings.poll_every, SignedDuration::from_mins(1));
    }

    #[test]
    fn an_unknown_key_is_named_with_its_source_and_all_known_keys() {
        let said = complaint("lisen = '127.0.0.1:1'", &[]);
        assert!(said.contains("`lisen`") && said.contains("shop.toml"), "{said}");
        assert!(said.contains("listen, zone"), "{said}");
        let said = complaint("", &[("MKBILL_LISEN", "x")]);
        assert!(said.contains("`lisen` from the environment"), "{said}");
    }

    #[test]
    fn a_bad_value_is_named_with_its_source_and_what_is_allowed() {
        let said = complaint("zone = 'Mars/Base'", &[]);
        assert!(
            said.starts_with("zone = `Mars/Base` from ") && said.contains("Asia/Jakarta"),
            "{said}"
        );
        let cases = [
            ("MKBILL_CURRENCY", "rupiah", "three capital letters"),
            ("MKBILL_LISTEN", "everywhere", "ADDRESS:PORT"),
            ("MKBILL_POLL_EVERY", "2h", "one second to one hour"),
            ("MKBILL_WEBHOOK_PRIVATE_NETWORKS", "the LAN", "networks between commas"),
            ("MKBILL_TRUSTED_PROXIES", "10.0.0.0/33", "networks between commas"),
            ("MKBILL_LOG_FORMAT", "xml", "text or json"),
            ("MKBILL_SIGN_IN_SLOW_DOWN", "maybe", "on or off"),
            ("MKBILL_ALLOWED_ORIGINS", "*", "https://shop.example"),
            ("MKBILL_ALLOWED_ORIGINS", "https://shop.example/", "https://shop.example"),
        ];
        for (name, value, allowed) in cases {
            let said = complaint("", &[(name, value)]);
            assert!(said.contains(value) && said.contains(allowed), "{said}");
        }
    }

    #[test]
    fn origins_are_a_list_with_commas() {
        let both = ("MKBILL_ALLOWED_ORIGINS", "https://shop.example, http://localhost:3000");
        let settings = load("", &[both]).unwrap();
        assert_eq!(settings.allowed_origins, ["https://shop.example", "http://localhost:3000"]);
        assert!(load("", &[]).unwrap().allowed_origins.is_empty());
    }

    #[test]
    fn a_table_where_a_text_belongs_is_refused() {
        assert!(complaint("[listen]\nport = 1", &[]).contains("ADDRESS:PORT"));
    }

    #[test]
    fn secrets_stay_out_of_complaints_and_debug() {
        let said = complaint("", &[("MKBILL_DATABASE", "mysql://u:hunter2@h/d")]);
        assert!(!said.contains("hunter2"), "{said}");
        let said = complaint("", &[("MKBILL_SIGNAL", "reddis://:hunter2@h")]);
        assert!(!said.contains("hunter2") && said.contains("redis://HOST:PORT"), "{said}");
        let key = ("MKBILL_MASTER_KEY", "hunter2");
        let settings = load("", &[key, ("MKBILL_SIGNAL", "redis://:hunter2@h")]).unwrap();
        assert!(!format!("{settings:?}").contains("hunter2"));
    }

    #[test]
    fn a_named_file_must_exist_and_be_toml() {
        let missing = Settings::load(Some(Path::new("no/such.toml")), []).unwrap_err();
        assert!(missing.to_string().contains("no/such.toml"));
        assert!(complaint("= nothing", &[]).contains("shop.toml"));
    }

    #[test]
    fn two_master_keys_are_one_too_many() {
        let both = [("MKBILL_MASTER_KEY", "a"), ("MKBILL_MASTER_KEY_FILE", "b")];
        assert!(matches!(load("", &both), Err(ConfigError::TwoKeys)));
    }
}
