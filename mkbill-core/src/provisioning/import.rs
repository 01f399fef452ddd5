//! Subscribers' logins from CSV, as spreadsheets write it.

use crate::customer::phone::{PhoneNumber, Region};
use crate::kernel::error::Error;
use crate::kernel::language::said;
use crate::kernel::table::{self, LineError, Table};
use crate::plan::PlanName;
use crate::router::RouterName;

use super::line::LineField;
use super::numbering::LoginPrefix;
use super::subscriber::{LoginName, LoginPassword};

/// What a column means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Whatsapp,
    Plan,
    Router,
    Login,
    Prefix,
    Password,
    Line(LineField),
    Adopt,
    Ignored,
}

impl table::Column for Column {
    const LINES: &'static str = "logins";
    const KNOWN: &'static str = "whatsapp, plan, router, login, prefix, password, service, \
        caller_id, local_address, remote_address, remote_ipv6_prefix, routes, ipv6_routes, \
        limit_bytes_in, limit_bytes_out and adopt";
    const NEEDED: &'static [Self] = &[Self::Whatsapp, Self::Plan, Self::Router];

    fn named(heading: &str) -> Option<Self> {
        Some(match heading {
            "whatsapp" | "nomor_hp" => Self::Whatsapp,
            "plan" | "paket" => Self::Plan,
            "router" => Self::Router,
            "login" => Self::Login,
            "prefix" => Self::Prefix,
            "password" => Self::Password,
            "adopt" => Self::Adopt,
            "customer" | "kind" | "state" | "profile" => Self::Ignored,
            field => Self::Line(LineField::named(field)?),
        })
    }

    fn field(self) -> &'static str {
        match self {
            Self::Whatsapp => "whatsapp",
            Self::Plan => "plan",
            Self::Router => "router",
            Self::Login => "login",
            Self::Prefix => "prefix",
            Self::Password => "password",
            Self::Line(field) => field.name(),
            Self::Adopt => "adopt",
            Self::Ignored => "row",
        }
    }

    fn is_ignored(self) -> bool {
        self == Self::Ignored
    }
}

/// The column that an error is about, by the name of the field, the thing or the rule that it names.
pub fn column_of(error: &Error) -> &'static str {
    let about = match error {
        Error::Invalid { field, .. } => field,
        Error::SeveralInvalid(fields) => fields.first().map_or("row", |wrong| wrong.field),
        Error::NotFound { what, .. } | Error::Conflict { what, .. } => what.name(),
        other => other.code(),
    };
    let column = match about {
        "customer" | "customer_blacklisted" | "customer_deleted" | "customer_anonymised" => {
            Column::Whatsapp
        }
        "login" | "login_name" | "login_exists" => Column::Login,
        "login_password" => Column::Password,
        "prefix" | "numbering_unknown" | "numbering_crowded" => Column::Prefix,
        "router" => Column::Router,
        "plan" | "plan_retired" | "plan_sells_vouchers" | "router_profile_missing" => Column::Plan,
        "adopt" => Column::Adopt,
        field => LineField::named(field).map_or(Column::Ignored, Column::Line),
    };
    table::Column::field(column)
}

type Line<'r> = table::Line<'r, Column>;

/// How a login of a file comes to its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GivenName {
    /// It is written there.
    Chosen(LoginName),
    /// It is counted.
    Numbered(LoginPrefix),
}

/// A subscription with its login, as a line says.
#[derive(Debug, Clone)]
pub struct LoginRow {
    /// The number of who keeps it.
    pub customer: PhoneNumber,
    /// The name of its plan.
    pub plan: PlanName,
    /// The name of its router.
    pub router: RouterName,
    /// What the subscriber types.
    pub name: GivenName,
    /// The password; by chance if absent.
    pub password: Option<LoginPassword>,
    /// Who may use it, and which addresses it gets.
    pub line: Vec<(LineField, String)>,
    /// Take over the user that bears the name on the router.
    pub adopt: bool,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportReport {
    /// How many lines spoke of a login.
    pub total: u64,
    /// How many subscriptions with their logins were made, or had been made by the same request.
    pub imported: u64,
    /// The lines whose customer has the login already; it was left as it is.
    pub existing: Vec<LineError>,
    /// How many lines were bad.
    pub failed: u64,
    /// What was wrong with them, in their order; a line may have several errors.
    pub errors: Vec<LineError>,
}

/// Reads a file of logins, see [`table::read`]. A line has a login or the prefix by which one is counted;
/// the prefix does not matter beside a login.
///
/// # Errors
///
/// [`Error::Invalid`] if it cannot be read as a whole.
pub fn read(bytes: &[u8], region: Region) -> Result<Table<LoginRow>, Error> {
    table::read(bytes, |line| row(line, region))
}

fn row(line: &mut Line<'_>, region: Region) -> Option<LoginRow> {
    let customer = PhoneNumber::parse(line.text(Column::Whatsapp), region);
    let customer = line.good(Column::Whatsapp, customer);
    let plan = line.good(Column::Plan, line.text(Column::Plan).parse());
    let router = line.good(Column::Router, line.text(Column::Router).parse());
    let name = name(line);
    let password = line.cell(Column::Password).map(str::parse).transpose();
    let password = line.good(Column::Password, password);
    let fields = LineField::ALL.iter().copied();
    let fields =
        fields.filter_map(|field| Some((field, line.cell(Column::Line(field))?.to_owned())));
    let fields = fields.collect();
    let adopt = line.good(Column::Adopt, adopt(line.text(Column::Adopt)));
    Some(LoginRow {
        customer: customer?,
        plan: plan?,
        router: router?,
        name: name?,
        password: password?,
        line: fields,
        adopt: adopt?,
    })
}

fn name(line: &mut Line<'_>) -> Option<GivenName> {
    match (line.cell(Column::Login), line.cell(Column::Prefix)) {
        (Some(name), _) => line.good(Column::Login, name.parse().map(GivenName::Chosen)),
        (None, Some(prefix)) => line.good(Column::Prefix, prefix.parse().map(GivenName::Numbered)),
        (None, None) => line.bad(Column::Login, "write the login, or a prefix to count it by"),
    }
}

fn adopt(text: &str) -> Result<bool, Error> {
    match text.to_lowercase().as_str() {
        "" | "no" | "tidak" | "false" | "0" => Ok(false),
        "yes" | "ya" | "true" | "1" => Ok(true),
        _ => Err(Error::invalid("adopt", said!("write yes or no", "tulis yes atau no"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::thing::Thing;

    fn file(text: &str) -> Table<LoginRow> {
        read(text.as_bytes(), Region::ID).unwrap()
    }

    #[test]
    fn a_line_says_who_has_what_where() {
        let text = "Customer;Nomor HP;Paket;Router;Login;Prefix;Password;caller-id;Remote Address;adopt\n\
            Budi;0812 3456 7890;home 10M;rt-05;budi;;'=s3cret;4C-5E-0C-12-34-56;10.30.0.9;\n\
            Siti;0812 3456 7891;home 10M;rt-05;;rt05;;;;no\n\
            Ani;0812 3456 7892;home 10M;rt-05;lama;rt05;;;;YA\n";
        let read = file(text);
        assert_eq!((read.total, read.errors.len()), (3, 0), "{:?}", read.errors);
        let [budi, siti, ani] = read.rows.try_into().unwrap();
        assert_eq!(budi.value.customer.as_str(), "+6281234567890");
        assert_eq!(budi.value.name, GivenName::Chosen("budi".parse().unwrap()));
        assert_eq!(budi.value.password.unwrap().as_str(), "=s3cret");
        let fields: Vec<_> = budi.value.line.iter().map(|(field, _)| field.name()).collect();
        assert_eq!(fields, ["caller_id", "remote_address"]);
        assert_eq!(siti.value.name, GivenName::Numbered("rt05".parse().unwrap()));
        assert_eq!((siti.value.password.is_none(), siti.value.adopt), (true, false));
        assert_eq!(ani.value.name, GivenName::Chosen("lama".parse().unwrap()));
        assert!(ani.value.adopt);
    }

    #[test]
    fn every_bad_cell_is_named_with_its_line_and_column() {
        let text = "whatsapp,plan,router,login,prefix,password,adopt\n\
            12,,,two words,,a b,maybe\n\
            081234567890,home,rt-05,,,,\n\
            081234567890,home,rt-05,,-x,,\n";
        let read = file(text);
        let errors: Vec<_> = read.errors.iter().map(|e| (e.line, e.field.as_str())).collect();
        let first = ["whatsapp", "plan", "router", "login", "password", "adopt"];
        let expected: Vec<_> = first
            .map(|field| (2, field))
            .into_iter()
            .chain([(3, "login"), (4, "prefix")])
            .collect();
        assert_eq!(errors, expected);
    }

    #[test]
    fn a_heading_is_whole_and_known() {
        for (heading, hint) in [
            ("whatsapp,plan,login", "router"),
            ("whatsapp,plan,router,speed", "speed"),
            ("whatsapp,plan,router,routes,routes", "routes"),
        ] {
            let error = read(heading.as_bytes(), Region::ID).unwrap_err().to_string();
            assert!(error.contains(hint), "{error}");
        }
    }

    #[test]
    fn an_error_is_said_of_the_column_that_it_is_about() {
        for (error, column) in [
            (Error::invalid("login_name", said!("x", "x-id")), "login"),
            (Error::invalid("remote_address", said!("x", "x-id")), "remote_address"),
            (Error::conflict(Thing::RemoteAddress, said!("x", "x-id")), "remote_address"),
            (Error::not_found(Thing::Customer, "x"), "whatsapp"),
            (Error::invalid("zone", said!("x", "x-id")), "row"),
        ] {
            assert_eq!(column_of(&error), column);
        }
    }
}
