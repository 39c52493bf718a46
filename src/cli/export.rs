//! `tare export`: a month's costs in the forms that finance takes.

use std::fs;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, bail};

use super::arguments::{ExportForm, ExportOptions, addresses};
use super::context::Context;
use super::outcome::{Outcome, UsageError, begun, unanswered};
use crate::analysis::RegistryMonth;
use crate::clock::{Clock, SystemClock};
use crate::config::RegistryAddress;
use crate::export::{BilledMonth, ExportError, Scenario, focus, plain, workbook};
use crate::oci::RegistryName;

/// Does what `tare export` was asked.
pub(super) async fn export(options: &ExportOptions, context: &Context) -> anyhow::Result<Outcome> {
    let addresses = addresses(&options.registries)?;
    let asked: Vec<&RegistryName> = addresses.iter().map(RegistryAddress::registry).collect();
    if options.form == ExportForm::Xlsx && options.alpine {
        return Err(UsageError(
            "a workbook contains both the costs now and on Alpine; leave out --alpine".to_owned(),
        )
        .into());
    }
    begun(options.month, SystemClock.now())?;
    let store = context.open_store().await?;
    let months = match context.analysis(&store) {
        Ok(analysis) => analysis
            .months(options.month, SystemClock.now())
            .await
            .map_err(unanswered),
        Err(error) => Err(error),
    };
    store.close().await;
    let months: Vec<RegistryMonth> = months?
        .into_iter()
        .filter(|month| asked.is_empty() || asked.contains(&&month.registry))
        .collect();
    if months.is_empty() {
        bail!(
            "there is nothing to export for {}: a registry needs a price book (prices.book) and a crawl in that month \
             or before",
            options.month.start().format("%Y-%m")
        );
    }
    warn(&months, context);
    let accounts = context.settings.billing_accounts();
    let months: Vec<BilledMonth> = months
        .into_iter()
        .map(|month| BilledMonth::new(month.statements, accounts.account_of(&month.registry)))
        .collect();
    let scenario = if options.alpine {
        Scenario::Alpine
    } else {
        Scenario::Now
    };
    let rows = |out: &mut dyn Write| match options.form {
        ExportForm::Focus => focus(&months, scenario, options.focus_version.into(), out),
        ExportForm::Csv => plain(&months, scenario, out),
        ExportForm::Xlsx => Ok(out.write_all(&workbook(&months)?)?),
    };
    write(&rows, options)?;
    Ok(Outcome::Complete)
}

/// Says what must be said wherever an amount is shown: the forms themselves have no place for all of it.
fn warn(months: &[RegistryMonth], context: &Context) {
    for month in months {
        if let Some(statement) = month.statements.last() {
            for warning in &statement.warnings {
                context
                    .console
                    .complain(&format!("warning: {}: {warning}", month.registry));
            }
        }
    }
}

/// What writes an export.
type WriteRows<'a> = &'a dyn Fn(&mut dyn Write) -> Result<(), ExportError>;

fn write(rows: WriteRows<'_>, options: &ExportOptions) -> anyhow::Result<()> {
    match &options.output {
        Some(file) => write_whole(file, rows).with_context(|| format!("cannot write {}", file.display())),
        None if options.form == ExportForm::Xlsx && io::stdout().is_terminal() => Err(UsageError(
            "a workbook cannot be written to a terminal: name a file with --output".to_owned(),
        )
        .into()),
        None => match rows(&mut io::stdout().lock()) {
            Err(ExportError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => Ok(written?),
        },
    }
}

/// Writes a temporary file and renames it, so that the file is never seen half written.
fn write_whole(file: &Path, rows: WriteRows<'_>) -> Result<(), ExportError> {
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // A temporary file is readable by its owner only; the result gets the permissions of the umask.
    let permissions =
        fs::metadata(file).map_or_else(|_| fs::Permissions::from_mode(0o666), |old| old.permissions());
    let mut partial = tempfile::Builder::new()
        .permissions(permissions)
        .tempfile_in(folder)?;
    let mut out = BufWriter::new(partial.as_file_mut());
    rows(&mut out)?;
    out.flush()?;
    drop(out);
    partial.as_file().sync_all()?;
    partial.persist(file).map_err(|error| error.error)?;
    Ok(())
}
