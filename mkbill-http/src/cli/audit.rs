//! `mkbill audit …`

use std::fs::File;
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use mkbill_core::audit::chain::Flaw;
use mkbill_core::audit::export::AuditFormat;
use mkbill_core::audit::filter::AuditSort;
use mkbill_core::billing::Billing;
use serde_json::json;
use uuid::Uuid;

use crate::api::audit::{AuditBody, AuditFormatBody, AuditQuery, VerificationQuery};
use crate::failure::Failure;

use super::args::PageArgs;
use super::output::{Output, or_dash, table};

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// List who did what
    List(ListArgs),
    /// Write who did what into a file, oldest first
    Export(ExportArgs),
    /// Prove that no record was changed, taken out or moved
    Verify {
        /// The head that an earlier verification told: the chain has to pass through it
        #[arg(long, value_name = "POSITION:HASH")]
        expect: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(super) struct FilterArgs {
    /// By this actor, such as cli:root
    #[arg(long)]
    actor: Option<String>,
    /// This action, such as voucher.extend, or all that begin alike, such as voucher.*
    #[arg(long)]
    action: Option<String>,
    /// About this kind of thing, such as voucher
    #[arg(long, value_name = "KIND")]
    subject_kind: Option<String>,
    /// About the thing with this id
    #[arg(long, value_name = "ID")]
    subject: Option<Uuid>,
    /// Not before this instant
    #[arg(long, value_name = "INSTANT")]
    from: Option<Timestamp>,
    /// Before this instant
    #[arg(long, value_name = "INSTANT")]
    to: Option<Timestamp>,
    /// From this address
    #[arg(long)]
    address: Option<IpAddr>,
    /// With this text in the reason
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    page: PageArgs<AuditSort>,
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// How the file is written
    #[arg(long, value_enum, default_value = "csv")]
    format: AuditFormatBody,
    /// Into this file instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl FilterArgs {
    fn query(self) -> AuditQuery {
        AuditQuery {
            actor: self.actor,
            action: self.action,
            subject_kind: self.subject_kind,
            subject: self.subject,
            from: self.from,
            to: self.to,
            address: self.address,
            q: self.search,
            ..AuditQuery::default()
        }
    }
}

pub(super) async fn run(billing: &Billing, command: AuditCommand) -> Result<Output, Failure> {
    match command {
        AuditCommand::List(arguments) => list(billing, arguments).await,
        AuditCommand::Export(arguments) => export(billing, arguments).await,
        AuditCommand::Verify { expect } => verify(billing, expect).await,
    }
}

async fn list(billing: &Billing, arguments: ListArgs) -> Result<Output, Failure> {
    let page = arguments.filter.query().read(billing, arguments.page.read()?).await?;
    let rows = page.items.iter().map(cells);
    let mut text = table(["position", "at", "who", "from", "what", "to what", "why"], rows);
    if let Some(cursor) = &page.next_cursor {
        text = format!("{text}\nmore: --cursor {cursor}");
    }
    Ok(Output::new(page, text))
}

fn cells(row: &AuditBody) -> [String; 7] {
    [
        or_dash(row.position),
        row.at.to_string(),
        row.actor.clone(),
        or_dash(row.address.as_ref()),
        row.action.clone(),
        format!("{} {}", row.subject_kind, row.subject_id),
        or_dash(row.reason.as_ref()),
    ]
}

async fn export(billing: &Billing, arguments: ExportArgs) -> Result<Output, Failure> {
    let ExportArgs { filter, format, output } = arguments;
    let format = AuditFormat::from(format);
    let mut export = billing.export_audit(filter.query().filter()?, format, usize::MAX)?;
    let Some(path) = output else {
        while let Some(part) = export.next().await? {
            let written = io::stdout().write_all(&part);
            match written {
                // A reader who left early is no failure of ours.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break,
                written => written.map_err(|error| Failure::Io("writing", error))?,
            }
        }
        return Ok(Output::nothing());
    };
    let mut file = File::create(&path).map_err(Failure::file("making", &path))?;
    let mut size = 0;
    while let Some(part) = export.next().await? {
        file.write_all(&part).map_err(Failure::file("writing", &path))?;
        size += part.len();
    }
    file.sync_all().map_err(Failure::file("writing", &path))?;
    let text = format!("wrote {size} bytes to {}", path.display());
    Ok(Output::new(json!({ "file": path.display().to_string(), "bytes": size }), text))
}

async fn verify(billing: &Billing, expect: Option<String>) -> Result<Output, Failure> {
    let found = VerificationQuery { expect }.read(billing).await?;
    let mut lines = vec![format!("{} records hold", found.records)];
    if found.unchained > 0 {
        lines.push(format!("{} records are from before the chain", found.unchained));
    }
    if let Some(head) = &found.head {
        lines.push(format!("head {head}"));
    }
    if let (Some(position), Some(flaw)) = (found.broken_at, found.flaw) {
        let flaw = Flaw::from(flaw);
        lines.push(format!("BROKEN at position {position}: {}", in_words(flaw)));
    }
    let holds = found.holds;
    Ok(Output::new(found, lines.join("\n")).if_well(holds))
}

const fn in_words(flaw: Flaw) -> &'static str {
    match flaw {
        Flaw::Altered => "the record is not what was chained here",
        Flaw::Missing => "the record is missing",
        Flaw::OutOfOrder => "another record stands here",
        Flaw::Head => "the chain does not end as its head says",
        Flaw::Unexpected => "the chain does not pass through the expected hash",
    }
}
