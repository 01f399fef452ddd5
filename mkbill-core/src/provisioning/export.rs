//! Subscribers' logins as CSV, which an import reads again.

use std::borrow::Cow;
use std::fmt;

use crate::customer::phone::PhoneNumber;
use crate::kernel::error::Error;
use crate::kernel::ids::LoginId;
use crate::kernel::spreadsheet::guarded;
use crate::kernel::table;
use crate::subscription::StateName;

use super::line::{Line, LineField};
use super::{Care, LoginKind};

const COLUMNS: [&str; 19] = [
    "customer",
    "whatsapp",
    "plan",
    "router",
    "login",
    "password",
    "service",
    "caller_id",
    "local_address",
    "remote_address",
    "remote_ipv6_prefix",
    "routes",
    "ipv6_routes",
    "limit_bytes_in",
    "limit_bytes_out",
    "adopt",
    "kind",
    "state",
    "profile",
];

/// A login of a subscription. Holds a credential: its `Debug` form does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct ExportRow {
    /// Identity.
    pub id: LoginId,
    /// The name of who keeps it.
    pub customer: String,
    /// Their number.
    pub phone: PhoneNumber,
    /// The name of the plan.
    pub plan: String,
    /// The name of the router.
    pub router: String,
    /// In which menu it lives.
    pub kind: LoginKind,
    /// What the subscriber types.
    pub name: String,
    /// The password.
    pub password: String,
    /// Who may use it, and which addresses it gets.
    pub line: Line,
    /// Who decides what the router says of it.
    pub care: Care,
    /// How the subscription stands.
    pub state: StateName,
    /// Its router profile.
    pub profile: String,
}

impl fmt::Debug for ExportRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExportRow")
            .field("id", &self.id)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// Whether an export shows passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passwords {
    /// Their column is empty.
    Hide,
    /// They stand there.
    Show,
}

/// Writes a heading and one line per login, UTF-8, with CRLF line ends as RFC 4180 asks. A text that a
/// spreadsheet would take for a formula gets an apostrophe before it, which an import takes away.
///
/// What a login that is still to be taken over says is not known yet: it is written as one to be taken
/// over.
///
/// # Errors
///
/// [`Error::Broken`] if writing to memory fails.
pub fn csv(rows: &[ExportRow], passwords: Passwords) -> Result<Vec<u8>, Error> {
    table::write("logins", COLUMNS, rows.iter().map(|row| cells(row, passwords)))
}

fn cells(row: &ExportRow, passwords: Passwords) -> [Cow<'_, str>; COLUMNS.len()] {
    let adopts = row.care == Care::Adopting;
    let shows_password = passwords == Passwords::Show && !adopts;
    let said = |field| guarded(row.line.get(field).filter(|_| !adopts).unwrap_or_default());
    [
        guarded(&row.customer),
        guarded(row.phone.as_str()),
        guarded(&row.plan),
        guarded(&row.router),
        guarded(&row.name),
        guarded(if shows_password { &row.password } else { "" }),
        said(LineField::Service),
        said(LineField::CallerId),
        said(LineField::LocalAddress),
        said(LineField::RemoteAddress),
        said(LineField::RemoteIpv6Prefix),
        said(LineField::Routes),
        said(LineField::Ipv6Routes),
        said(LineField::LimitBytesIn),
        said(LineField::LimitBytesOut),
        if adopts { "yes" } else { "no" }.into(),
        row.kind.name().into(),
        row.state.name().into(),
        guarded(&row.profile),
    ]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Strategy, prop_assert_eq, proptest};

    use super::*;
    use crate::customer::phone::Region;
    use crate::provisioning::import::{GivenName, read};

    fn row() -> ExportRow {
        ExportRow {
            id: LoginId::from_uuid(uuid::Uuid::nil()),
            customer: "=Budi, \"si\"".to_owned(),
            phone: PhoneNumber::stored("+6281234567890".to_owned()),
            plan: "home 10M".to_owned(),
            router: "rt-05".to_owned(),
            kind: LoginKind::Pppoe,
            name: "@budi".to_owned(),
            password: "+s3cret".to_owned(),
            line: Line::of(LoginKind::Pppoe, [(LineField::Routes, "10.1.0.0/24".to_owned())])
                .unwrap(),
            care: Care::Books,
            state: StateName::Active,
            profile: "home-10m".to_owned(),
        }
    }

    fn text(row: ExportRow, passwords: Passwords) -> String {
        String::from_utf8(csv(&[row], passwords).unwrap()).unwrap()
    }

    #[test]
    fn a_login_is_one_line_without_formulas_and_its_password_only_if_asked_for() {
        let line = |password| {
            format!(
                "\"'=Budi, \"\"si\"\"\",'+6281234567890,home 10M,rt-05,'@budi,{password},pppoe,,,,,\
                 10.1.0.0/24,,,,no,pppoe,active,home-10m\r\n"
            )
        };
        assert!(text(row(), Passwords::Show).ends_with(&line("'+s3cret")));
        assert!(text(row(), Passwords::Hide).ends_with(&line("")));
        assert!(!format!("{:?}", row()).contains("s3cret"));
    }

    #[test]
    fn a_login_that_is_still_to_be_taken_over_is_written_as_such() {
        let adopting = ExportRow { care: Care::Adopting, ..row() };
        let file = read(text(adopting, Passwords::Show).as_bytes(), Region::ID).unwrap();
        let row = &file.rows[0].value;
        assert_eq!((row.adopt, row.password.is_none(), row.line.len()), (true, true, 0));
    }

    /// Whatever may be a name or a password.
    fn typeable() -> impl Strategy<Value = String> {
        "[!-)+-~][!-~]{0,63}"
    }

    proptest! {
        #[test]
        fn what_is_exported_is_read_again(
            name in typeable(),
            password in typeable(),
            routes in "[!-~]([ -~]{0,50}[!-~])?",
        ) {
            let line = [(LineField::Routes, routes)];
            let line = Line::of(LoginKind::Pppoe, line).unwrap();
            let row = ExportRow { name: name.clone(), password: password.clone(), line: line.clone(), ..row() };
            let file = read(text(row, Passwords::Show).as_bytes(), Region::ID).unwrap();
            prop_assert_eq!(&file.errors, &[]);
            let read = &file.rows[0].value;
            prop_assert_eq!(&read.name, &GivenName::Chosen(name.parse().unwrap()));
            prop_assert_eq!(read.password.as_ref().unwrap().as_str(), password);
            prop_assert_eq!(Line::of(LoginKind::Pppoe, read.line.iter().cloned()).unwrap(), line);
        }
    }
}
