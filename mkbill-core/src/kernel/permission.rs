//! What somebody may do: permissions, sets of them, and the roles that hold them.

use super::error::{Error, Refusal};
use super::language::said;
use super::names::names;

/// Declares permissions, and for each a type that names it where a signature should say it.
macro_rules! permissions {
    ($($(#[$doc:meta])* $permission:ident = $name:literal),+ $(,)?) => {
        names! {
            /// One thing that not everybody may do, named `resource.action`.
            pub enum Permission "scope" {
                $($(#[$doc])* $permission = $name),+
            }
        }

        /// Permissions as types.
        pub mod needs {
            use super::{Needs, Permission};

            $(
                $(#[$doc])*
                #[derive(Debug, Clone, Copy)]
                pub struct $permission;

                impl Needs for $permission {
                    const PERMISSION: Permission = Permission::$permission;
                }
            )+
        }
    };
}

/// A type that stands for a permission.
pub trait Needs: Send + Sync + 'static {
    /// Which one.
    const PERMISSION: Permission;
}

permissions! {
    /// See customers, their statements and where they stand.
    CustomersView = "customers.view",
    /// Add customers.
    CustomersCreate = "customers.create",
    /// Change customers, their contacts and tags.
    CustomersEdit = "customers.edit",
    /// Delete and anonymise customers.
    CustomersDelete = "customers.delete",
    /// See vouchers with their codes, and batches.
    VouchersView = "vouchers.view",
    /// Make batches of vouchers.
    VouchersCreate = "vouchers.create",
    /// Extend, regenerate, disable and enable vouchers.
    VouchersEdit = "vouchers.edit",
    /// Cancel vouchers and batches.
    VouchersDelete = "vouchers.delete",
    /// See logins and who is online.
    LoginsView = "logins.view",
    /// Make logins.
    LoginsCreate = "logins.create",
    /// Change logins, their passwords and their numbering; read their passwords.
    LoginsEdit = "logins.edit",
    /// Remove logins.
    LoginsDelete = "logins.delete",
    /// See router profiles.
    ProfilesView = "profiles.view",
    /// Say which router profiles there should be.
    ProfilesEdit = "profiles.edit",
    /// See payments.
    PaymentsView = "payments.view",
    /// Record payments.
    PaymentsCreate = "payments.create",
    /// Match payments that came without a customer.
    PaymentsEdit = "payments.edit",
    /// Reverse payments.
    PaymentsDelete = "payments.delete",
    /// See subscriptions.
    SubscriptionsView = "subscriptions.view",
    /// Subscribe customers.
    SubscriptionsCreate = "subscriptions.create",
    /// Pause, resume, bill and change subscriptions.
    SubscriptionsEdit = "subscriptions.edit",
    /// Cancel subscriptions.
    SubscriptionsDelete = "subscriptions.delete",
    /// See invoices and credit notes.
    InvoicesView = "invoices.view",
    /// Issue invoices by hand.
    InvoicesCreate = "invoices.create",
    /// Write credit notes.
    InvoicesEdit = "invoices.edit",
    /// Void invoices.
    InvoicesDelete = "invoices.delete",
    /// Adjust and transfer customers' credit.
    BalancesAdjust = "balances.adjust",
    /// Let a customer's credit go below zero.
    BalancesOverdraw = "balances.overdraw",
    /// See vendors.
    VendorsView = "vendors.view",
    /// Add vendors.
    VendorsCreate = "vendors.create",
    /// See plans.
    PlansView = "plans.view",
    /// Add plans.
    PlansCreate = "plans.create",
    /// Change, retire and restore plans.
    PlansEdit = "plans.edit",
    /// See tax rules.
    TaxesView = "taxes.view",
    /// Add and withdraw tax rules.
    TaxesEdit = "taxes.edit",
    /// See reports and the ledger.
    ReportsView = "reports.view",
    /// Close the books.
    BooksLock = "books.lock",
    /// Open closed books again.
    BooksUnlock = "books.unlock",
    /// See routers and how they fare.
    RoutersView = "routers.view",
    /// Check routers and bring them in step with the books.
    RoutersSync = "routers.sync",
    /// Add, change and remove routers.
    RoutersEdit = "routers.edit",
    /// See alerts and their rules.
    AlertsView = "alerts.view",
    /// Acknowledge alerts.
    AlertsAcknowledge = "alerts.acknowledge",
    /// Change rules of alerts.
    AlertsEdit = "alerts.edit",
    /// See what customers and operators are told.
    NoticesView = "notices.view",
    /// Follow what happens.
    EventsView = "events.view",
    /// Read the audit trail.
    AuditView = "audit.view",
    /// Move a test clock.
    ClockAdvance = "clock.advance",
    /// See staff and their sessions.
    StaffView = "staff.view",
    /// Add staff.
    StaffCreate = "staff.create",
    /// Change staff, reset their passwords and sign them out.
    StaffEdit = "staff.edit",
    /// Remove staff.
    StaffDelete = "staff.delete",
    /// See API keys, without their secrets.
    ApiKeysView = "api_keys.view",
    /// Make API keys.
    ApiKeysCreate = "api_keys.create",
    /// Revoke API keys.
    ApiKeysDelete = "api_keys.delete",
    /// See webhooks, where they lead, and what was delivered.
    WebhooksView = "webhooks.view",
    /// Add webhooks.
    WebhooksCreate = "webhooks.create",
    /// Change and test webhooks, rotate their secrets, and deliver again.
    WebhooksEdit = "webhooks.edit",
    /// Remove webhooks.
    WebhooksDelete = "webhooks.delete",
    /// See the settings of the business.
    SettingsView = "settings.view",
    /// Change the settings of the business.
    SettingsEdit = "settings.edit",
    /// See operations that others asked for.
    OperationsView = "operations.view",
    /// Cancel operations that others asked for.
    OperationsCancel = "operations.cancel",
    /// See how the engine is: health, metrics, the clock.
    SystemView = "system.view",
}

/// The caller may not do that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this needs the permission `{0}`")]
pub struct Forbidden(pub Permission);

impl Refusal for Forbidden {
    fn code(&self) -> &'static str {
        "forbidden"
    }

    fn indonesian(&self) -> String {
        format!("untuk ini diperlukan izin `{}`", self.0)
    }
}

/// A set of permissions.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Permissions(u128);

// A set has one bit for each permission.
const _: () = assert!(Permission::ALL.len() <= u128::BITS as usize);

impl Permissions {
    /// None at all.
    pub const NONE: Self = Self(0);
    /// Every one, those of later versions included.
    pub const ALL: Self = Self(u128::MAX);
    /// What stands for every permission in a list of scopes.
    pub const EVERYTHING: &'static str = "*";

    /// These.
    pub fn of(permissions: impl IntoIterator<Item = Permission>) -> Self {
        Self(permissions.into_iter().fold(0, |bits, permission| bits | Self::bit(permission)))
    }

    /// Reads scopes: names of permissions, `resource.*` for all of a resource, `*` for everything.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a scope that nobody knows.
    pub fn scopes<'a>(scopes: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        scopes.into_iter().try_fold(Self::NONE, |set, scope| Ok(set.and(Self::scope(scope)?)))
    }

    fn scope(scope: &str) -> Result<Self, Error> {
        if scope == Self::EVERYTHING {
            return Ok(Self::ALL);
        }
        let Some(resource) = scope.strip_suffix("*") else {
            return Ok(Self(Self::bit(scope.parse()?)));
        };
        let all = Permission::ALL.iter().copied();
        let set = Self::of(all.filter(|permission| permission.name().starts_with(resource)));
        if set == Self::NONE || !resource.ends_with('.') {
            return Err(Error::invalid(
                "scope",
                said!("`{scope}` names no resource", "`{scope}` tidak menunjuk sumber apa pun"),
            ));
        }
        Ok(set)
    }

    /// These and those.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What both hold.
    #[must_use]
    pub const fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Is this one among them?
    pub const fn hold(self, permission: Permission) -> bool {
        self.0 & Self::bit(permission) != 0
    }

    /// The names: `*` alone if they are everything.
    pub fn names(self) -> Vec<&'static str> {
        if self == Self::ALL {
            return vec![Self::EVERYTHING];
        }
        let held = Permission::ALL.iter().filter(|permission| self.hold(**permission));
        held.map(|permission| permission.name()).collect()
    }

    const fn bit(permission: Permission) -> u128 {
        1 << permission as u32
    }
}

impl std::fmt::Debug for Permissions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

names! {
    /// What somebody is among the staff.
    pub enum Role "role" {
        /// Works with customers: sells vouchers, looks things up.
        Operator = "operator",
        /// Runs the business.
        Admin = "admin",
        /// Owns it: staff, keys, routers and settings too.
        SuperAdmin = "super_admin",
    }
}

/// What operators may do, besides looking.
const OF_OPERATORS: &[Permission] =
    &[Permission::CustomersEdit, Permission::VouchersCreate, Permission::AlertsAcknowledge];

/// What operators may not look at.
const NOT_FOR_OPERATORS: &[Permission] = &[
    Permission::AuditView,
    Permission::StaffView,
    Permission::ApiKeysView,
    Permission::WebhooksView,
    Permission::SettingsView,
    Permission::OperationsView,
];

/// What super admins alone may do.
const OF_SUPER_ADMINS: &[Permission] = &[
    Permission::ProfilesEdit,
    Permission::PaymentsDelete,
    Permission::SubscriptionsDelete,
    Permission::InvoicesDelete,
    Permission::BalancesOverdraw,
    Permission::TaxesEdit,
    Permission::BooksUnlock,
    Permission::RoutersEdit,
    Permission::ClockAdvance,
    Permission::StaffView,
    Permission::StaffCreate,
    Permission::StaffEdit,
    Permission::StaffDelete,
    Permission::ApiKeysView,
    Permission::ApiKeysCreate,
    Permission::ApiKeysDelete,
    Permission::WebhooksCreate,
    Permission::WebhooksEdit,
    Permission::WebhooksDelete,
    Permission::SettingsEdit,
];

impl Role {
    /// What this role may do.
    pub fn permissions(self) -> Permissions {
        let all = Permission::ALL.iter().copied();
        match self {
            Self::Operator => Permissions::of(all.filter(|permission| {
                let looks =
                    permission.name().rsplit_once('.').is_some_and(|(_, act)| act == "view");
                looks && !NOT_FOR_OPERATORS.contains(permission)
                    || OF_OPERATORS.contains(permission)
            })),
            Self::Admin => {
                Permissions::of(all.filter(|permission| !OF_SUPER_ADMINS.contains(permission)))
            }
            Self::SuperAdmin => Permissions::ALL,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_do_what_the_one_below_it_may() {
        let [operator, admin, owner] =
            [Role::Operator, Role::Admin, Role::SuperAdmin].map(Role::permissions);
        assert_eq!(operator.common(admin), operator);
        assert_eq!(admin.common(owner), admin);
        assert_ne!(operator, admin);
        assert_ne!(admin, owner);
    }

    #[test]
    fn an_operator_sells_and_looks_but_touches_no_money() {
        let may = Role::Operator.permissions();
        for permission in [Permission::VouchersCreate, Permission::CustomersEdit] {
            assert!(may.hold(permission), "{permission}");
        }
        for permission in [
            Permission::CustomersCreate,
            Permission::PaymentsCreate,
            Permission::BalancesAdjust,
            Permission::AuditView,
            Permission::VouchersDelete,
        ] {
            assert!(!may.hold(permission), "{permission}");
        }
    }

    #[test]
    fn a_new_permission_belongs_to_admins_only_if_it_is_no_secret_of_owners() {
        let names = Role::Admin.permissions().names();
        assert!(!names.iter().any(|name| name.starts_with("staff.")), "{names:?}");
        assert!(!names.iter().any(|name| name.starts_with("api_keys.")), "{names:?}");
        assert!(!names.contains(&"routers.edit") && names.contains(&"routers.sync"));
    }

    #[test]
    fn scopes_are_names_a_whole_resource_or_everything() {
        let set = Permissions::scopes(["vouchers.*", "payments.view"]).unwrap();
        assert!(set.hold(Permission::VouchersDelete) && set.hold(Permission::PaymentsView));
        assert!(!set.hold(Permission::PaymentsCreate));
        assert_eq!(Permissions::scopes(["*"]).unwrap(), Permissions::ALL);
        assert_eq!(Permissions::ALL.names(), ["*"]);
        assert_eq!(Permissions::scopes(set.names()).unwrap(), set);
        for unknown in ["", "vouchers", "vouchers*", "v*", ".*", "nothing.*", "vouchers.sell"] {
            assert!(Permissions::scopes([unknown]).is_err(), "{unknown:?}");
        }
    }
}
