//! `selvedge ingest`.

use std::rc::Rc;

use super::Context;
use crate::error::Error;
use crate::ingest::{IngestReport, Progress, ingest};

/// Arguments of `selvedge ingest`.
#[derive(Debug, Default, clap::Args)]
pub struct Args {}

/// Reads what is new into the lake and prints what it was.
pub fn run(_: Args, context: &Context) -> Result<(), Error> {
    let report = stage(context)?;
    context.print(&report)
}

/// The stage without its report.
pub fn stage(context: &Context) -> Result<IngestReport, Error> {
    let config = context.config()?;
    let report = ingest(&config, context.now_ms(), |bytes| {
        let bar = context.progress("ingest", bytes);
        let progress: Progress = Rc::new(move |bytes| bar.inc(bytes));
        progress
    })?;
    Ok(report)
}
