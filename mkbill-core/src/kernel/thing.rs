//! The kinds of things that can be missing or in the way, in the words of people.

use std::fmt;

use super::language::Language;

macro_rules! things {
    ($($(#[$doc:meta])* $thing:ident = $english:literal, $indonesian:literal;)+) => {
        /// A kind of thing that a request can name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Thing {
            $($(#[$doc])* $thing),+
        }

        impl Thing {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$thing),+];

            /// Its English name, which is also the name of a field that names one.
            pub const fn name(self) -> &'static str {
                self.text(Language::English)
            }

            /// Its name in a language.
            pub const fn text(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$thing, Language::English) => $english,
                    (Self::$thing, Language::Indonesian) => $indonesian,)+
                }
            }
        }
    };
}

things! {
    /// A report of something that is wrong.
    Alert = "alert", "peringatan";
    /// What raises alerts.
    AlertRule = "alert rule", "aturan peringatan";
    /// What a program signs in with.
    ApiKey = "api_key", "kunci API";
    /// Vouchers made together.
    Batch = "batch", "batch voucher";
    /// Who pays.
    Customer = "customer", "pelanggan";
    /// A message to a webhook.
    Delivery = "delivery", "pengiriman webhook";
    /// A port of a router.
    Interface = "interface", "antarmuka";
    /// What is owed.
    Invoice = "invoice", "tagihan";
    /// An account on a router.
    Login = "login", "login";
    /// Money that came in.
    Payment = "payment", "pembayaran";
    /// Work that a client does not wait for.
    Operation = "operation", "operasi";
    /// What is sold.
    Plan = "plan", "paket";
    /// An address of a subscriber.
    RemoteAddress = "remote_address", "alamat IP pelanggan";
    /// Where logins live.
    Router = "router", "router";
    /// A sign-in of staff.
    Session = "session", "sesi masuk";
    /// Who operates the system.
    Staff = "staff", "staf";
    /// A plan that a customer keeps.
    Subscription = "subscription", "langganan";
    /// One that billing has given up on.
    TroubledSubscription = "subscription in trouble", "langganan bermasalah";
    /// A tax by its rules.
    Tax = "tax", "pajak";
    /// Anything that has to be unique.
    Value = "value", "nilai";
    /// Who sells vouchers.
    Vendor = "vendor", "vendor";
    /// What is sold for once.
    Voucher = "voucher", "voucher";
    /// Who is told of events.
    Webhook = "webhook", "webhook";
    /// A profile that ought to be on routers.
    WishedProfile = "wished profile", "profil yang diinginkan";
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
