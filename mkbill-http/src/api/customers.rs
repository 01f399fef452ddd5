//! Customers over HTTP.

use axum::Json;
use jiff::Timestamp;
use mkbill_core::billing::{CustomerView, Reader};
use mkbill_core::customer::contact::{Contact, ContactKind};
use mkbill_core::customer::phone::GivenPhone;
use mkbill_core::customer::store::{CustomerFilter, CustomerSort};
use mkbill_core::customer::tag::Tag;
use mkbill_core::customer::text;
use mkbill_core::customer::{Balance, CustomerChange, CustomerStatus, Locale, NewCustomer};
use mkbill_core::kernel::error::{Error, Wrongs};
use mkbill_core::kernel::money::Money;
use mkbill_core::kernel::permission::needs::{
    CustomersCreate, CustomersDelete, CustomersEdit, CustomersView,
};
use mkbill_core::kernel::time::BusinessZone;
use mkbill_core::kernel::wrong::Wrong;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::values::{Given, MoneyBody, PageBody, choices, list_query};
use super::{Answer, Made, Problems, created, mark_replayed};
use crate::auth::access::{Reads, Writes};
use crate::extract::{Json as Body, Path, Query, WriteHeaders, WriteQuery};
use crate::tag::{Shown, Tagged};

choices! {
    /// Whether a customer is served.
    CustomerStatusBody as CustomerStatus for CustomerStatus {
        /// As usual.
        Active,
        /// Not a customer at present.
        Inactive,
        /// Gets no new service.
        Blacklisted,
    }
}

choices! {
    /// The language a customer is written to in.
    LocaleBody as Locale for Locale {
        /// Indonesian.
        Id,
        /// English.
        En,
    }
}

choices! {
    /// The way a contact is reached.
    ContactKindBody as ContactKind for ContactKind {
        /// By message.
        Whatsapp,
        /// By voice.
        Phone,
        /// By electronic mail.
        Email,
    }
}

/// A word on a customer, and the colour it is shown in.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Tag)]
pub(crate) struct TagBody {
    /// 1 to 50 visible characters without a comma.
    #[schema(example = "vip", min_length = 1, max_length = 50)]
    pub(crate) name: String,
    /// Six hexadecimal digits; `#007bff` if absent.
    #[serde(default)]
    #[schema(example = "#007bff", pattern = "^#[0-9a-fA-F]{6}$")]
    pub(crate) colour: Option<String>,
}

impl TagBody {
    pub(crate) fn read(&self) -> Result<Tag, Error> {
        Tag::new(&self.name, self.colour.as_deref())
    }
}

impl From<Tag> for TagBody {
    fn from(tag: Tag) -> Self {
        Self { name: tag.name().to_owned(), colour: Some(tag.colour().to_owned()) }
    }
}

/// One more way to reach a customer.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Contact)]
pub(crate) struct ContactBody {
    /// The way.
    pub(crate) kind: ContactKindBody,
    /// A number in any spelling, or an address of electronic mail.
    #[schema(example = "0812-3456-7890")]
    pub(crate) value: String,
    /// The first choice of its kind; there is at most one.
    #[serde(default)]
    pub(crate) is_primary: bool,
    /// Whose it is, and the like.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub(crate) notes: Option<String>,
}

impl ContactBody {
    pub(crate) fn read(&self, billing: &Reader) -> Result<Contact, Error> {
        let notes = self.notes.as_deref();
        Contact::new(self.kind.into(), &self.value, self.is_primary, notes, billing.region())
    }
}

impl From<Contact> for ContactBody {
    fn from(contact: Contact) -> Self {
        let Contact { kind, value, is_primary, notes } = contact;
        Self { kind: kind.into(), value, is_primary, notes }
    }
}

/// A customer to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewCustomer)]
pub(crate) struct NewCustomerBody {
    /// What people call them.
    #[schema(example = "Budi Santoso", min_length = 1, max_length = 200)]
    pub(crate) name: String,
    /// Where they get messages, in any spelling; no other customer may have it.
    #[schema(example = "0812-3456-7890")]
    pub(crate) phone: String,
    /// Address of electronic mail.
    #[serde(default)]
    #[schema(max_length = 254)]
    pub(crate) email: Option<String>,
    /// Where they live.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub(crate) address: Option<String>,
    /// What people at the counter ought to know.
    #[serde(default)]
    #[schema(max_length = 2_000)]
    pub(crate) notes: Option<String>,
    /// IANA name of the zone of their days; that of the business if absent.
    #[serde(default)]
    #[schema(example = "Asia/Makassar")]
    pub(crate) zone: Option<String>,
    /// The language they are written to in; that of the business if absent.
    #[serde(default)]
    pub(crate) locale: Option<LocaleBody>,
    /// From which debt on an operator is told.
    #[serde(default)]
    pub(crate) credit_limit: Option<MoneyBody>,
    /// What they bring along: above zero in their favour, below zero their debt.
    #[serde(default)]
    pub(crate) initial_balance: Option<MoneyBody>,
    /// Words on them, at most 20.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub(crate) tags: Vec<TagBody>,
    /// More ways to reach them, at most ten.
    #[serde(default)]
    #[schema(max_items = 10)]
    pub(crate) contacts: Vec<ContactBody>,
}

impl NewCustomerBody {
    pub(crate) fn read(self, billing: &Reader) -> Result<NewCustomer, Error> {
        let mut wrongs = Wrongs::default();
        self.check_texts(&mut wrongs)?;
        let money =
            |field, money: Option<MoneyBody>| money.map(|money| money.read(field)).transpose();
        let phone = wrongs.good(GivenPhone::parse(&self.phone, billing.region()))?;
        let zone = wrongs.good(self.zone.as_deref().map(zone).transpose())?;
        let credit_limit = wrongs.good(money("credit_limit", self.credit_limit))?;
        let initial_balance = wrongs.good(money("initial_balance", self.initial_balance))?;
        let tags = wrongs.good(self.tags.iter().map(TagBody::read).collect())?;
        let contacts = self.contacts.iter().map(|contact| contact.read(billing));
        let contacts = wrongs.good(contacts.collect())?;
        let (Some(phone), Some(tags), Some(contacts)) = (phone, tags, contacts) else {
            return Err(wrongs.told());
        };
        wrongs.none()?;
        Ok(NewCustomer {
            email: self.email,
            address: self.address,
            notes: self.notes,
            zone: zone.flatten(),
            locale: self.locale.map(Locale::from),
            credit_limit: credit_limit.flatten(),
            initial_balance: initial_balance.flatten(),
            tags,
            contacts,
            ..NewCustomer::new(&self.name, phone)
        })
    }

    fn check_texts(&self, wrongs: &mut Wrongs) -> Result<(), Error> {
        wrongs.good(text::name(&self.name))?;
        let email = self.email.as_deref().filter(|email| !email.trim().is_empty());
        wrongs.good(email.map(text::email).transpose())?;
        Ok(())
    }
}

fn zone(name: &str) -> Result<BusinessZone, Error> {
    let wrong = |_| Error::invalid("zone", Wrong::Zone("Asia/Makassar"));
    BusinessZone::named(name).map_err(wrong)
}

/// What changes of a customer; what is absent stays as it is, and null takes a value away.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CustomerChange)]
pub(crate) struct CustomerChangeBody {
    /// What people call them.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) name: Option<String>,
    /// Where they get messages, in any spelling.
    #[serde(default)]
    pub(crate) phone: Option<String>,
    /// Address of electronic mail.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 254)]
    pub(crate) email: Given<String>,
    /// Where they live.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 500)]
    pub(crate) address: Given<String>,
    /// What people at the counter ought to know.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 2_000)]
    pub(crate) notes: Given<String>,
    /// IANA name of the zone of their days.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) zone: Given<String>,
    /// The language they are written to in.
    #[serde(default)]
    pub(crate) locale: Option<LocaleBody>,
    /// Whether they are served.
    #[serde(default)]
    pub(crate) status: Option<CustomerStatusBody>,
    /// From which debt on an operator is told.
    #[serde(default)]
    #[schema(value_type = Option<MoneyBody>)]
    pub(crate) credit_limit: Given<MoneyBody>,
}

impl CustomerChangeBody {
    pub(crate) fn read(self, billing: &Reader) -> Result<CustomerChange, Error> {
        let phone = |text: String| GivenPhone::parse(&text, billing.region());
        Ok(CustomerChange {
            name: self.name,
            phone: self.phone.map(phone).transpose()?,
            email: self.email.read(Ok)?,
            address: self.address.read(Ok)?,
            notes: self.notes.read(Ok)?,
            zone: self.zone.read(|name| zone(&name))?,
            locale: self.locale.map(Locale::from),
            status: self.status.map(CustomerStatus::from),
            credit_limit: self.credit_limit.read(|money| money.read("credit_limit"))?,
        })
    }
}

/// What a customer holds and owes in one currency.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CustomerBalance)]
pub(crate) struct CustomerBalanceBody {
    /// Paid and not spent.
    pub(crate) credit: MoneyBody,
    /// The rest of all open invoices.
    pub(crate) owed: MoneyBody,
    /// Credit less what is owed: above zero in the customer's favour.
    pub(crate) balance: MoneyBody,
}

impl CustomerBalanceBody {
    fn of(balance: Balance) -> Result<Self, Error> {
        let net = balance.net()?;
        Ok(Self { credit: balance.credit.into(), owed: balance.owed.into(), balance: net.into() })
    }
}

/// Who pays.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Customer)]
pub(crate) struct CustomerBody {
    /// Identity.
    pub(crate) id: Uuid,
    /// What people call them.
    pub(crate) name: String,
    /// The number in E.164 form.
    #[schema(example = "+6281234567890")]
    pub(crate) phone: String,
    /// The number as it was written.
    #[schema(example = "0812-3456-7890")]
    pub(crate) phone_as_given: String,
    /// Address of electronic mail.
    pub(crate) email: Option<String>,
    /// Where they live.
    pub(crate) address: Option<String>,
    /// What people at the counter ought to know.
    pub(crate) notes: Option<String>,
    /// The zone of their days; that of the business if absent.
    pub(crate) zone: Option<String>,
    /// The language they are written to in.
    pub(crate) locale: LocaleBody,
    /// Whether they are served.
    pub(crate) status: CustomerStatusBody,
    /// From which debt on an operator is told.
    pub(crate) credit_limit: Option<MoneyBody>,
    /// What they hold and owe, in each currency that they ever had something in.
    pub(crate) balances: Vec<CustomerBalanceBody>,
    /// The words on them.
    pub(crate) tags: Vec<TagBody>,
    /// Since when their debt is above its limit.
    pub(crate) high_debt_since: Option<Timestamp>,
    /// When they were deleted; their books stay.
    pub(crate) deleted_at: Option<Timestamp>,
    /// When everything personal was taken away.
    pub(crate) anonymised_at: Option<Timestamp>,
    /// When they were added.
    pub(crate) created_at: Timestamp,
    /// When they were last changed.
    pub(crate) updated_at: Timestamp,
}

impl CustomerBody {
    pub(crate) fn of(view: CustomerView) -> Result<Self, Error> {
        let CustomerView { customer, balances, tags } = view;
        Ok(Self {
            id: customer.id.uuid(),
            name: customer.name,
            phone: customer.phone.to_string(),
            phone_as_given: customer.phone_as_given,
            email: customer.email,
            address: customer.address,
            notes: customer.notes,
            zone: customer.zone.map(|zone| zone.name().to_owned()),
            locale: customer.locale.into(),
            status: customer.status.into(),
            credit_limit: customer.credit_limit.map(MoneyBody::from),
            balances: balances
                .into_iter()
                .map(CustomerBalanceBody::of)
                .collect::<Result<_, _>>()?,
            tags: tags.into_iter().map(TagBody::from).collect(),
            high_debt_since: customer.high_debt_since,
            deleted_at: customer.deleted_at,
            anonymised_at: customer.anonymised_at,
            created_at: customer.created_at,
            updated_at: customer.updated_at,
        })
    }
}

list_query! {
    /// Which customers are wanted.
    CustomerQuery by CustomerSort {
        /// A part of the name, the number or the e-mail; every character stands for itself.
        #[param(example = "budi")]
        search: Option<String>,
        /// With this status only.
        #[param(inline)]
        status: Option<CustomerStatusBody>,
        /// With at least one of these tags, separated by commas.
        #[param(example = "vip,rt 05")]
        tags: Option<String>,
        /// With at least this balance, in minor units of the currency of the business.
        balance_min: Option<i64>,
        /// With at most this balance: -1 for all who owe something.
        balance_max: Option<i64>,
        /// Added after this instant.
        created_after: Option<Timestamp>,
        /// Added before this instant.
        created_before: Option<Timestamp>,
    }
}

impl CustomerQuery {
    pub(crate) fn filter(&self, billing: &Reader) -> CustomerFilter {
        let tags = self.tags.as_deref().unwrap_or_default().split(',').map(str::trim);
        let amount = |minor| Money::new(minor, billing.currency());
        CustomerFilter {
            text: self.search.clone(),
            status: self.status.map(CustomerStatus::from),
            tags: tags.filter(|tag| !tag.is_empty()).map(str::to_owned).collect(),
            balance_min: self.balance_min.map(amount),
            balance_max: self.balance_max.map(amount),
            created_after: self.created_after,
            created_before: self.created_before,
            currency: Some(billing.currency()),
        }
    }
}

/// Adds a customer.
#[utoipa::path(post, path = "/customers", tag = "customers", params(WriteHeaders, WriteQuery),
    request_body = NewCustomerBody,
    responses((status = 201, description = "Added; `Location` says where", body = CustomerBody),
        (status = 200, description = "Only tried", body = CustomerBody), Problems))]
pub(crate) async fn add_customer(
    billing: Writes<CustomersCreate>,
    Body(body): Body<NewCustomerBody>,
) -> Made {
    let receipt = billing.add_customer(&billing.caller, body.read(&billing)?).await?;
    let customer = CustomerBody::of(receipt.value)?;
    let place = format!("/api/v1/customers/{}", customer.id);
    let response = created(&billing.caller, &place, customer);
    Ok(if receipt.replayed { mark_replayed(response) } else { response })
}

/// Lists customers.
#[utoipa::path(get, path = "/customers", tag = "customers", params(CustomerQuery),
    responses((status = 200, description = "A page", body = PageBody<CustomerBody>), Problems))]
pub(crate) async fn list_customers(
    billing: Reads<CustomersView>,
    Query(query): Query<CustomerQuery>,
) -> Answer<PageBody<CustomerBody>> {
    let filter = query.filter(&billing);
    let page = query.page()?;
    let page = billing.customers(&filter, page).await?;
    Ok(Json(PageBody::try_of(page, CustomerBody::of)?))
}

/// Shows a customer.
#[utoipa::path(get, path = "/customers/{customer}", tag = "customers",
    params(("customer" = String, Path, description = "Number in any spelling, or id")),
    responses((status = 200, description = "The customer", body = CustomerBody), Problems))]
pub(crate) async fn show_customer(
    billing: Reads<CustomersView>,
    Path(customer): Path<String>,
) -> Shown<CustomerBody> {
    Tagged::of(billing.customer(&customer).await?, CustomerBody::of)
}

/// Changes what is known of a customer; null takes a value away.
#[utoipa::path(patch, path = "/customers/{customer}", tag = "customers",
    params(("customer" = String, Path, description = "Number in any spelling, or id"),
        WriteHeaders, WriteQuery),
    request_body = CustomerChangeBody,
    responses((status = 200, description = "Changed", body = CustomerBody), Problems))]
pub(crate) async fn change_customer(
    billing: Writes<CustomersEdit>,
    Path(customer): Path<String>,
    Body(body): Body<CustomerChangeBody>,
) -> Shown<CustomerBody> {
    let change = body.read(&billing)?;
    Tagged::of(billing.change_customer(&billing.caller, &customer, change).await?, CustomerBody::of)
}

/// Deletes a customer; books, invoices and payments stay.
#[utoipa::path(delete, path = "/customers/{customer}", tag = "customers",
    params(WriteHeaders, WriteQuery,
        ("customer" = String, Path, description = "Number in any spelling, or id")),
    responses((status = 200, description = "Deleted", body = CustomerBody), Problems))]
pub(crate) async fn delete_customer(
    billing: Writes<CustomersDelete>,
    Path(customer): Path<String>,
) -> Shown<CustomerBody> {
    Tagged::of(billing.delete_customer(&billing.caller, &customer).await?, CustomerBody::of)
}
