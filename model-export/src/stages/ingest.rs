//! The stage `ingest`: from people's files to the lake.

use std::path::Path;
use std::rc::Rc;

use selvedge_lake::explain::Error;
use selvedge_lake::ingest::{FileReport, FileStatus, IngestReport, Note, Progress, ingest};
use selvedge_lake::storage::SourceKind;
use selvedge_lake::storage::schema::date_of;

use crate::report::{Report, Table, count};
use crate::stage::{Input, Stage, Work};

/// The stage.
pub struct Ingest;

impl Stage for Ingest {
    fn name(&self) -> &'static str {
        "ingest"
    }

    fn about(&self) -> &'static str {
        "Read events and catalogues into the lake"
    }

    fn inputs(&self) -> &'static [Input] {
        &[Input::Outside]
    }

    fn outputs(&self) -> &'static [&'static str] {
        &[]
    }

    fn sections(&self) -> &'static [&'static str] {
        &[]
    }

    fn run(&self, work: &Work<'_>) -> Result<(), Error> {
        let report = ingest(&work.config.sources(), work.context.now_ms(), |bytes| {
            let bar = work.context.progress(work.stage, bytes);
            let progress: Progress = Rc::new(move |bytes| bar.inc(bytes));
            progress
        })?;
        work.context.print(&report)
    }
}

/// More files than this are shown as one line.
const MAX_LINES: usize = 20;

impl Report for IngestReport {
    const STAGE: &'static str = "ingest";

    fn render(&self) -> String {
        let mut table = Table::new(&[
            "file", "what", "status", "rows", "accepted", "ignored", "filtered", "bad", "from", "to",
        ]);
        let date = |ms: Option<i64>| ms.map(date_of).unwrap_or_default();
        for file in self.files.iter().take(MAX_LINES) {
            let counts = &file.counts;
            let what = match counts.kind {
                SourceKind::Events => "events",
                SourceKind::Catalogue => "catalogue",
            };
            let status = match file.status {
                FileStatus::New => "new",
                FileStatus::Replaced => "replaced",
                FileStatus::Unchanged => "unchanged",
            };
            let name = Path::new(&file.file)
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            table.row([
                name,
                what.to_owned(),
                status.to_owned(),
                count(counts.rows),
                count(counts.accepted),
                count(counts.ignored),
                count(counts.filtered),
                count(counts.quarantined),
                date(counts.first_ms),
                date(counts.last_ms),
            ]);
        }
        let mut text = table.render();
        if self.files.len() > MAX_LINES {
            text.push_str(&format!("… and {} more files\n", self.files.len() - MAX_LINES));
        }
        for file in &self.files {
            for (reason, refused) in &file.reasons {
                let rows = if *refused == 1 { "row" } else { "rows" };
                text.push_str(&format!("{}: {} {rows}: {reason}\n", file.file, count(*refused)));
            }
        }
        let in_quarantine = |file: &FileReport| file.counts.quarantined + file.counts.changed;
        if self.files.iter().map(in_quarantine).sum::<u64>() > 0 {
            text.push_str(&format!("these rows are kept in {}/quarantine\n", self.lake));
        }
        if let Some(visitors) = &self.visitors {
            text.push_str(&format!(
                "visitors of the edge: {}, of whom {} ({:.0} %) sent one batch and never came back; [train.visitors] says who counts\n",
                count(visitors.seen),
                count(visitors.one_batch),
                visitors.one_batch_share() * 100.0
            ));
        }
        for note in &self.notes {
            text.push_str(&told(note));
            text.push('\n');
        }
        text
    }
}

/// A note for people.
fn told(note: &Note) -> String {
    match note {
        Note::NoFilesYet { pattern } => format!("no files yet: {pattern}"),
        Note::SameContent { file } => format!("same content as another file, read once: {file}"),
        Note::OtherOrder {
            file,
            format,
            other,
            configured_percent,
            other_percent,
        } => format!(
            "{file}: its dates can be read with day and month either way; {other_percent} % of the pairs of rows are in order with \
             timestamp_format = {other:?}, and {configured_percent} % with {format:?}"
        ),
        Note::OneUser { file, user, percent } => format!(
            "{file}: {percent} % of the rows are of the user {user:?}; if that is nobody, add it to placeholders, or leave it out with where"
        ),
        Note::OneItem { file, item, percent } => {
            format!("{file}: {percent} % of the rows are of the item {item:?}")
        }
        Note::ManyTitles { file, item, titles } => {
            format!(
                "{file}: the item {item:?} has dozens of titles, such as {}; is that the column of the id?",
                titles.join(", ")
            )
        }
    }
}
