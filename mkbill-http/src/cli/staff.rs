//! `mkbill staff …` and `mkbill admin …`

use clap::{Args, Subcommand};
use mkbill_core::billing::Billing;
use mkbill_core::kernel::permission::Role;
use mkbill_core::staff::store::{StaffSessionSort, StaffSort};
use mkbill_core::staff::{NewStaff, StaffChange};
use serde_json::json;

use crate::api::auth::StaffSessionBody;
use crate::api::staff::{AdmittedBody, StaffBody};
use crate::api::values::PageBody;
use crate::failure::Failure;

use super::args::{PageArgs, WriteArgs};
use super::output::{Output, listing, or_dash};

#[derive(Debug, Subcommand)]
pub(super) enum AdminCommand {
    /// Make a super admin; the password is shown once and has to be changed at the first sign-in
    Create(CreateArgs),
}

#[derive(Debug, Args)]
pub(super) struct CreateArgs {
    /// What they sign in with: 3 to 30 of a-z, 0-9, dot, dash and underscore
    username: String,
    /// Name for people; the username if absent
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    write: WriteArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum StaffCommand {
    /// Add somebody; the password is shown once and has to be changed at the first sign-in
    Add(AddArgs),
    /// List staff
    List(PageArgs<StaffSort>),
    /// Show somebody
    Show {
        /// Username or id
        staff: String,
    },
    /// Change somebody's name, role, or whether they may sign in
    Change(ChangeArgs),
    /// Remove somebody for good
    Remove(OneArgs),
    /// Make a new password for somebody; it is shown once
    ResetPassword(OneArgs),
    /// List somebody's sessions
    Sessions {
        /// Username or id
        staff: String,
        #[command(flatten)]
        page: PageArgs<StaffSessionSort>,
    },
    /// Sign somebody out everywhere
    SignOut(OneArgs),
}

#[derive(Debug, Args)]
pub(super) struct AddArgs {
    /// What they sign in with: 3 to 30 of a-z, 0-9, dot, dash and underscore
    username: String,
    /// Name for people
    name: String,
    /// operator, admin or `super_admin`
    #[arg(long)]
    role: Role,
    #[command(flatten)]
    write: WriteArgs,
}

#[derive(Debug, Args)]
pub(super) struct ChangeArgs {
    /// Username or id
    staff: String,
    /// Name for people
    #[arg(long)]
    name: Option<String>,
    /// operator, admin or `super_admin`
    #[arg(long)]
    role: Option<Role>,
    /// Let them sign in again
    #[arg(long, conflicts_with = "disable")]
    enable: bool,
    /// Do not let them sign in any more, and sign them out
    #[arg(long)]
    disable: bool,
    #[command(flatten)]
    write: WriteArgs,
}

#[derive(Debug, Args)]
pub(super) struct OneArgs {
    /// Username or id
    staff: String,
    #[command(flatten)]
    write: WriteArgs,
}

pub(super) async fn admin(billing: &Billing, command: AdminCommand) -> Result<Output, Failure> {
    let AdminCommand::Create(CreateArgs { username, name, write }) = command;
    let name = name.unwrap_or_else(|| username.clone());
    add(billing, AddArgs { username, name, role: Role::SuperAdmin, write }).await
}

pub(super) async fn run(billing: &Billing, command: StaffCommand) -> Result<Output, Failure> {
    match command {
        StaffCommand::Add(arguments) => add(billing, arguments).await,
        StaffCommand::List(page) => {
            let page = billing.staff_page(page.read()?).await?;
            Ok(list(&PageBody::of(page, StaffBody::from)))
        }
        StaffCommand::Show { staff } => {
            let staff = StaffBody::from(billing.staff(&staff).await?);
            let text = line(&staff);
            Ok(Output::new(staff, text))
        }
        StaffCommand::Change(arguments) => change(billing, arguments).await,
        StaffCommand::Remove(OneArgs { staff, write }) => {
            let gone = StaffBody::from(billing.remove_staff(&write.caller()?, &staff).await?);
            let text = write.verdict(&format!("removed {}", gone.username));
            Ok(Output::new(gone, text))
        }
        StaffCommand::ResetPassword(OneArgs { staff, write }) => {
            let reset = billing.reset_staff_password(&write.caller()?, &staff).await?;
            Ok(admitted(reset.into(), &write, "new password"))
        }
        StaffCommand::Sessions { staff, page } => sessions(billing, &staff, &page).await,
        StaffCommand::SignOut(OneArgs { staff, write }) => {
            let ended = billing.sign_staff_out(&write.caller()?, &staff).await?;
            let text = write.verdict(&format!("ended {ended} sessions of {staff}"));
            Ok(Output::new(json!({ "sessions": ended }), text))
        }
    }
}

async fn add(billing: &Billing, arguments: AddArgs) -> Result<Output, Failure> {
    let AddArgs { username, name, role, write } = arguments;
    let request = NewStaff { username: username.parse()?, name, role };
    let added = billing.add_staff(&write.caller()?, &request, None).await?;
    Ok(admitted(added.into(), &write, "added"))
}

fn admitted(body: AdmittedBody, write: &WriteArgs, done: &str) -> Output {
    let text = write.verdict(&format!("{done}: {}", line(&body.staff)));
    let text = match &body.password {
        Some(password) => format!("{text}\npassword, shown this once:\n{password}"),
        None => text,
    };
    Output::new(body, text)
}

async fn change(billing: &Billing, arguments: ChangeArgs) -> Result<Output, Failure> {
    let ChangeArgs { staff, name, role, enable, disable, write } = arguments;
    let enabled = match (enable, disable) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    };
    let change = StaffChange { name, role, enabled };
    let staff = StaffBody::from(billing.change_staff(&write.caller()?, &staff, &change).await?);
    let text = write.verdict(&line(&staff));
    Ok(Output::new(staff, text))
}

async fn sessions(
    billing: &Billing,
    staff: &str,
    page: &PageArgs<StaffSessionSort>,
) -> Result<Output, Failure> {
    let staff = billing.staff(staff).await?;
    let page = billing.staff_sessions(staff.id, page.read()?).await?;
    let page = PageBody::of(page, |session| StaffSessionBody::of(session, None));
    Ok(listing(&page, ["since", "last used", "until", "from", "program"], |session| {
        [
            session.created_at.to_string(),
            session.seen_at.to_string(),
            session.expires_at.to_string(),
            or_dash(session.address.as_deref()),
            or_dash(session.agent.as_deref()),
        ]
    }))
}

fn line(staff: &StaffBody) -> String {
    let state = if staff.enabled { "" } else { ", disabled" };
    format!("{} ({}), {}{state}", staff.username, staff.name, Role::from(staff.role))
}

fn list(page: &PageBody<StaffBody>) -> Output {
    listing(page, ["username", "name", "role", "may sign in"], |staff| {
        let enabled = if staff.enabled { "yes" } else { "no" };
        [
            staff.username.clone(),
            staff.name.clone(),
            Role::from(staff.role).to_string(),
            enabled.to_owned(),
        ]
    })
}
