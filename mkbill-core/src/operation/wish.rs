//! What is wished of an operation, and the form in which it is kept until a worker does it.

use serde_json::{Value, json};

use crate::kernel::caller::Fingerprint;
use crate::kernel::ids::{PlanId, RouterId, VendorId};
use crate::kernel::money::Money;
use crate::plan::Prices;
use crate::voucher::batch::NewBatch;
use crate::voucher::code::{CodeShape, LoginMode};

use super::OperationKind;

/// Something that may take longer than a client waits. `Debug` does not show files, which may hold
/// passwords.
#[derive(Clone)]
pub enum Wish {
    /// Make a batch of vouchers and push it to its router.
    CreateBatch(NewBatch),
    /// Make the subscriptions of a CSV file with their logins.
    ImportLogins(Vec<u8>),
    /// Add the customers of a CSV file.
    ImportCustomers(Vec<u8>),
    /// Look at a router and bring it in step.
    ApplyRouter(RouterId),
}

impl std::fmt::Debug for Wish {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Wish({})", self.kind())
    }
}

impl Wish {
    /// What is done to fulfil it.
    pub const fn kind(&self) -> OperationKind {
        match self {
            Self::CreateBatch(_) => OperationKind::CreateBatch,
            Self::ImportLogins(_) => OperationKind::ImportLogins,
            Self::ImportCustomers(_) => OperationKind::ImportCustomers,
            Self::ApplyRouter(_) => OperationKind::ApplyRouter,
        }
    }

    /// A digest, to tell a repeated request from a reused key.
    pub fn fingerprint(&self) -> Fingerprint {
        let text = Fingerprint::of_bytes(&self.to_bytes());
        Fingerprint::of("operation.request", &[&self.kind().name(), &text])
    }

    /// As it is kept.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::CreateBatch(request) => batch_to_json(request).to_string().into_bytes(),
            Self::ImportLogins(csv) | Self::ImportCustomers(csv) => csv.clone(),
            Self::ApplyRouter(router) => router.to_string().into_bytes(),
        }
    }

    /// Reads what was kept; `None` if this version cannot.
    pub fn from_bytes(kind: OperationKind, bytes: Vec<u8>) -> Option<Self> {
        Some(match kind {
            OperationKind::CreateBatch => {
                Self::CreateBatch(batch_from_json(&serde_json::from_slice(&bytes).ok()?)?)
            }
            OperationKind::ImportLogins => Self::ImportLogins(bytes),
            OperationKind::ImportCustomers => Self::ImportCustomers(bytes),
            OperationKind::ApplyRouter => {
                Self::ApplyRouter(String::from_utf8(bytes).ok()?.parse().ok()?)
            }
        })
    }
}

fn batch_to_json(request: &NewBatch) -> Value {
    let price = |money: Money| json!([money.minor(), money.currency().code()]);
    json!({
        "router": request.router.to_string(),
        "plan": request.plan.to_string(),
        "vendor": request.vendor.map(|vendor| vendor.to_string()),
        "count": request.count,
        "prefix": request.shape.prefix.as_str(),
        "random_chars": request.shape.random_chars,
        "login_mode": request.login_mode.name(),
        "prices": request.prices.map(|prices| json!([price(prices.cost()), price(prices.sell())])),
        "sell_by": request.sell_by.map(|day| day.to_string()),
    })
}

fn batch_from_json(value: &Value) -> Option<NewBatch> {
    let text = |name: &str| value[name].as_str();
    let id = |name: &str| text(name)?.parse().ok();
    let shape = CodeShape {
        prefix: text("prefix")?.parse().ok()?,
        random_chars: u8::try_from(value["random_chars"].as_u64()?).ok()?,
    };
    Some(NewBatch {
        router: RouterId::from_uuid(id("router")?),
        plan: PlanId::from_uuid(id("plan")?),
        vendor: match &value["vendor"] {
            Value::Null => None,
            _ => Some(VendorId::from_uuid(id("vendor")?)),
        },
        count: u32::try_from(value["count"].as_u64()?).ok()?,
        shape,
        login_mode: LoginMode::named(text("login_mode")?)?,
        prices: match &value["prices"] {
            Value::Null => None,
            kept => Some(prices(kept)?),
        },
        sell_by: match &value["sell_by"] {
            Value::Null => None,
            day => Some(day.as_str()?.parse().ok()?),
        },
    })
}

fn prices(value: &Value) -> Option<Prices> {
    let price =
        |value: &Value| Some(Money::new(value[0].as_i64()?, value[1].as_str()?.parse().ok()?));
    Prices::new(price(&value[0])?, price(&value[1])?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::entropy::OsEntropy;
    use jiff::Timestamp;

    fn batch() -> NewBatch {
        let now = Timestamp::UNIX_EPOCH;
        let prices = Prices::new(Money::rupiah(3_000), Money::rupiah(5_000)).unwrap();
        NewBatch {
            router: RouterId::new(now, &OsEntropy),
            plan: PlanId::new(now, &OsEntropy),
            vendor: Some(VendorId::new(now, &OsEntropy)),
            count: 500,
            shape: CodeShape { prefix: "HS-".parse().unwrap(), random_chars: 8 },
            login_mode: LoginMode::Separate,
            prices: Some(prices),
            sell_by: Some("2026-12-31".parse().unwrap()),
        }
    }

    #[test]
    fn a_wish_comes_back_as_it_was_kept() {
        let bare = NewBatch { vendor: None, prices: None, sell_by: None, ..batch() };
        for wish in [
            Wish::CreateBatch(batch()),
            Wish::CreateBatch(bare),
            Wish::ImportLogins(b"whatsapp,plan\n".to_vec()),
            Wish::ImportCustomers(vec![0, 159]),
            Wish::ApplyRouter(RouterId::new(Timestamp::UNIX_EPOCH, &OsEntropy)),
        ] {
            let back = Wish::from_bytes(wish.kind(), wish.to_bytes()).unwrap();
            assert_eq!(back.to_bytes(), wish.to_bytes());
            assert_eq!(back.fingerprint(), wish.fingerprint());
        }
        let Some(Wish::CreateBatch(back)) =
            Wish::from_bytes(OperationKind::CreateBatch, Wish::CreateBatch(batch()).to_bytes())
        else {
            panic!("it is a batch");
        };
        assert_eq!((back.count, back.prices, back.sell_by), (500, batch().prices, batch().sell_by));
    }

    #[test]
    fn what_cannot_be_read_is_no_other_wish() {
        let kind = OperationKind::CreateBatch;
        let mut odd = batch_to_json(&batch());
        odd["prices"] = json!([[9, "IDR"], [1, "IDR"]]);
        assert!(Wish::from_bytes(kind, odd.to_string().into_bytes()).is_none());
        assert!(Wish::from_bytes(kind, b"{}".to_vec()).is_none());
        assert!(Wish::from_bytes(OperationKind::ApplyRouter, b"rt-05".to_vec()).is_none());
    }

    #[test]
    fn the_same_file_is_another_wish_where_it_means_something_else() {
        let (logins, customers) =
            (Wish::ImportLogins(b"x".to_vec()), Wish::ImportCustomers(b"x".to_vec()));
        assert_ne!(logins.fingerprint(), customers.fingerprint());
    }
}
