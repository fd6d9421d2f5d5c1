//! `selvedge forget`.

use selvedge_lake::explain::Error;
use selvedge_lake::ingest::{Forgotten, forget};
use selvedge_lake::storage::SourceKind;
use selvedge_lake::storage::schema::date_of;

use crate::context::Invocation;
use crate::report::{Report, Table, count};

/// Arguments of `selvedge forget`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file: a path, the end of one, a pattern with * and ?, or a source id
    #[arg(value_name = "FILE")]
    pub file: String,
    /// Only show what would be removed
    #[arg(long)]
    pub dry_run: bool,
}

/// Takes files out of the lake.
///
/// # Errors
/// No file of the lake matches, or the lake cannot be written.
pub fn run(args: Args, context: &Invocation) -> Result<(), Error> {
    let config = context.config()?;
    let forgotten = forget(&config.lake, &args.file, args.dry_run)?;
    context.print(&forgotten)
}

impl Report for Forgotten {
    const STAGE: &'static str = "forget";

    fn render(&self) -> String {
        let mut table = Table::new(&["file", "what", "rows", "from", "to", "source"]);
        let date = |ms: Option<i64>| ms.map(date_of).unwrap_or_default();
        for source in &self.sources {
            let what = match source.kind {
                SourceKind::Events => "events",
                SourceKind::Catalogue => "catalogue",
            };
            table.row([
                source.file.clone(),
                what.to_owned(),
                count(source.accepted),
                date(source.first_ms),
                date(source.last_ms),
                source.source.clone(),
            ]);
        }
        let mut text = table.render();
        text.push_str(&if self.dry_run {
            "nothing was removed (--dry-run)\n".to_owned()
        } else {
            format!("removed from the lake; the receipts are in {}/_forgotten\n", self.lake)
        });
        for source in self.sources.iter().filter(|source| source.still_there) {
            text.push_str(&format!(
                "still there, so that the next `selvedge ingest` reads it again if [[events]] or [[catalogue]] names it: {}\n",
                source.file
            ));
        }
        text
    }
}
