//! Values that several resources share.

use jiff::SignedDuration;
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::money::{Money, MoneyError};
use mkbill_core::kernel::order::{Order, SortKey};
use mkbill_core::kernel::page::{Page, PageRequest};
use mkbill_core::kernel::patch::Patch;
use mkbill_core::kernel::search::SearchText;
use mkbill_core::kernel::wrong::Wrong;
use mkbill_core::plan::Limits;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::Type;
use utoipa::openapi::{Object, ObjectBuilder};

/// An amount of money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Money)]
pub(crate) struct MoneyBody {
    /// Whole minor units: rupiah for IDR, cents for USD.
    #[schema(example = 10_000)]
    pub(crate) minor: i64,
    /// ISO 4217 code.
    #[schema(example = "IDR", min_length = 3, max_length = 3)]
    pub(crate) currency: String,
}

impl MoneyBody {
    pub(crate) fn read(&self, field: &'static str) -> Result<Money, Error> {
        let currency = self.currency.parse();
        let currency = currency
            .map_err(|error: MoneyError| Error::invalid(field, Error::from(error).said()))?;
        Ok(Money::new(self.minor, currency))
    }
}

impl From<Money> for MoneyBody {
    fn from(money: Money) -> Self {
        Self { minor: money.minor(), currency: money.currency().code().to_owned() }
    }
}

/// A field of a change: absent leaves it as it is, null takes it away.
#[derive(Debug, Clone, Default)]
pub(crate) enum Given<T> {
    /// Not named.
    #[default]
    Absent,
    /// Named, with null.
    Null,
    /// Named, with a value.
    Value(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Given<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Option::<T>::deserialize(deserializer)?;
        Ok(value.map_or(Self::Null, Self::Value))
    }
}

impl<T> Given<T> {
    /// The same of another value.
    pub(crate) fn map<U>(self, map: impl FnOnce(T) -> U) -> Given<U> {
        match self {
            Self::Absent => Given::Absent,
            Self::Null => Given::Null,
            Self::Value(value) => Given::Value(map(value)),
        }
    }

    /// The change of a value that may be absent.
    pub(crate) fn read<U>(
        self,
        read: impl FnOnce(T) -> Result<U, Error>,
    ) -> Result<Patch<U>, Error> {
        Ok(match self {
            Self::Absent => Patch::Keep,
            Self::Null => Patch::Clear,
            Self::Value(value) => Patch::Set(read(value)?),
        })
    }
}

/// Independent limits of a voucher; each may be absent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Limits)]
pub(crate) struct LimitsBody {
    /// Time online in seconds, added over all sessions.
    pub(crate) uptime_quota_seconds: Option<u64>,
    /// Bytes in both directions together.
    pub(crate) data_quota_bytes: Option<u64>,
    /// Calendar time in seconds, counted from the first login.
    #[schema(example = 86_400)]
    pub(crate) validity_seconds: Option<u64>,
}

impl From<Limits> for LimitsBody {
    fn from(limits: Limits) -> Self {
        let seconds = |span: SignedDuration| span.as_secs().unsigned_abs();
        Self {
            uptime_quota_seconds: limits.uptime_quota.map(seconds),
            data_quota_bytes: limits.data_quota,
            validity_seconds: limits.validity.map(seconds),
        }
    }
}

/// Whole seconds as a span of time.
pub(crate) fn span(
    field: &'static str,
    seconds: Option<u64>,
) -> Result<Option<SignedDuration>, Error> {
    seconds.map(|seconds| whole_span(field, seconds)).transpose()
}

/// As [`span`], of seconds that are there.
pub(crate) fn whole_span(field: &'static str, seconds: u64) -> Result<SignedDuration, Error> {
    let seconds = i64::try_from(seconds);
    let seconds = seconds.map_err(|_| Error::invalid(field, Wrong::Span))?;
    Ok(SignedDuration::from_secs(seconds))
}

/// Declares an enum of the interface whose every choice is one of an enum of the engine, with the same
/// words over HTTP and on the command line.
macro_rules! choices {
    (
        $(#[$doc:meta])*
        $body:ident as $schema:ident for $core:ident {
            $($(#[$choice_doc:meta])* $choice:ident),+ $(,)?
        }
    ) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq,
            serde::Serialize, serde::Deserialize, utoipa::ToSchema, clap::ValueEnum,
        )]
        #[serde(rename_all = "snake_case")]
        #[value(rename_all = "snake_case")]
        #[schema(as = $schema)]
        pub(crate) enum $body {
            $($(#[$choice_doc])* $choice),+
        }

        impl From<$body> for $core {
            fn from(body: $body) -> Self {
                match body {
                    $($body::$choice => Self::$choice),+
                }
            }
        }

        impl From<$core> for $body {
            fn from(choice: $core) -> Self {
                match choice {
                    $($core::$choice => Self::$choice),+
                }
            }
        }
    };
}
pub(super) use choices;

/// Some items of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PageBody<T> {
    /// The items.
    pub(crate) items: Vec<T>,
    /// Send it as `cursor` for the next page; null on the last page.
    pub(crate) next_cursor: Option<String>,
}

impl<T> PageBody<T> {
    /// A list that is never long, as its only page.
    pub(crate) fn whole<U>(items: Vec<U>, view: impl Fn(U) -> T) -> Self {
        Self { items: items.into_iter().map(view).collect(), next_cursor: None }
    }

    pub(crate) fn of<U>(page: Page<U>, view: impl Fn(U) -> T) -> Self {
        Self {
            next_cursor: page.next.map(|cursor| cursor.to_string()),
            items: page.items.into_iter().map(view).collect(),
        }
    }

    /// The same, where a view may meet data that contradict themselves.
    pub(crate) fn try_of<U>(
        page: Page<U>,
        view: impl Fn(U) -> Result<T, Error>,
    ) -> Result<Self, Error> {
        let next_cursor = page.next.map(|cursor| cursor.to_string());
        let items = page.items.into_iter().map(view).collect::<Result<_, _>>()?;
        Ok(Self { items, next_cursor })
    }
}

/// The names of the orders of a list, for the document of the interface.
pub(crate) fn orders<K: SortKey>() -> Object {
    let names = Order::<K>::all().map(Order::name);
    let names = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names));
    names.default(Some(K::DEFAULT.name().into())).build()
}

/// Reads which page of a list is wanted, and in which order.
pub(crate) fn page_request<K: SortKey>(
    sort: Option<&str>,
    cursor: Option<&str>,
    limit: Option<u32>,
) -> Result<PageRequest<K>, Error> {
    let order = sort.map(str::parse).transpose()?.unwrap_or(K::DEFAULT);
    let after = cursor.map(str::parse).transpose()?;
    let limit = limit.unwrap_or_else(|| PageRequest::<K>::default().limit());
    PageRequest::sorted(order, after, limit)
}

/// Reads a text to look for.
pub(crate) fn search_in(
    field: &'static str,
    text: Option<&str>,
) -> Result<Option<SearchText>, Error> {
    text.map(|text| SearchText::parse(field, text)).transpose()
}

/// Declares the query of a list that is sorted and paged: its filters, and what all such lists
/// understand.
macro_rules! list_query {
    (
        $(#[$doc:meta])*
        $name:ident by $key:ident {
            $($(#[$field_doc:meta])* $field:ident: $type:ty,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Default, serde::Deserialize, utoipa::IntoParams)]
        #[into_params(parameter_in = Query)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $name {
            $($(#[$field_doc])* pub(crate) $field: $type,)*
            /// In which order: by a name, or by `-` and a name the other way around. What has no value
            /// comes last.
            #[param(schema_with = $crate::api::values::orders::<$key>)]
            pub(crate) sort: Option<String>,
            /// The `next_cursor` of the page before, in the same order; absent for the first page.
            pub(crate) cursor: Option<String>,
            /// How many items, 1 to 200; 50 if absent.
            #[param(minimum = 1, maximum = 200)]
            pub(crate) limit: Option<u32>,
        }

        impl $name {
            /// Which page is wanted, and in which order.
            pub(crate) fn page(
                &self,
            ) -> Result<
                mkbill_core::kernel::page::PageRequest<$key>,
                mkbill_core::kernel::error::Error,
            > {
                let (sort, cursor) = (self.sort.as_deref(), self.cursor.as_deref());
                $crate::api::values::page_request(sort, cursor, self.limit)
            }
        }
    };
}
pub(super) use list_query;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_currency_is_a_problem_of_its_field() {
        let body = MoneyBody { minor: 1, currency: "rupiah".to_owned() };
        let error = body.read("sell").unwrap_err();
        assert!(error.to_string().starts_with("sell: "), "{error}");
    }

    #[test]
    fn a_span_beyond_all_calendars_is_a_problem_of_its_field() {
        assert_eq!(span("x", Some(60)).unwrap(), Some(SignedDuration::from_mins(1)));
        assert!(span("x", Some(u64::MAX)).is_err());
    }
}
