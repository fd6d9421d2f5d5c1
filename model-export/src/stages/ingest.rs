//! The stage `ingest`: from people's files to the lake.

use std::path::Path;
use std::rc::Rc;

use selvedge_lake::explain::Error;
use selvedge_lake::ingest::{CopyOf, FileReport, FileStatus, IngestReport, Note, Progress, ingest};
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
        for file in &self.files {
            text.push_str(&copies(file));
        }
        let in_quarantine: u64 = self
            .files
            .iter()
            .map(|file| file.counts.quarantined + file.counts.changed)
            .sum();
        let kept: u64 = self.files.iter().map(|file| file.counts.quarantine_kept).sum();
        if in_quarantine > kept {
            text.push_str(&format!(
                "{} of these {} rows are kept in {}/quarantine (lake.quarantine_rows, lake.quarantine_bytes)\n",
                count(kept),
                count(in_quarantine),
                self.lake
            ));
        } else if in_quarantine > 0 {
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

/// Rows of a file that repeat others of it.
fn copies(file: &FileReport) -> String {
    let counts = &file.counts;
    let about = if counts.copies_estimated { "about " } else { "" };
    let mut text = String::new();
    if counts.repeated > 0 {
        let then = if counts.repeated_once {
            "the first of each counts"
        } else {
            "all count; repeated_rows = \"once\" counts the first of each"
        };
        text.push_str(&format!(
            "{}: {about}{} repeated rows, equal in every column that is read: {then}\n",
            file.file,
            count(counts.repeated)
        ));
    }
    if counts.merged > 0 {
        text.push_str(&format!(
            "{}: {about}{} rows have the id of an earlier row of the same user, and count once with it (columns.id)\n",
            file.file,
            count(counts.merged)
        ));
    }
    text
}

/// A note for people.
fn told(note: &Note) -> String {
    match note {
        Note::NoFilesYet { pattern } => format!("no files yet: {pattern}"),
        Note::SameContent { file, other } => format!("same content as {other}, read once: {file}"),
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
        Note::CountedTwice { file } => {
            format!("was in the lake twice, plain and compressed, and counts once from now on: {file}")
        }
        Note::PartsMissing { file } => format!(
            "rows were removed from the lake by hand, and the file is not there to be read again: {file}; `selvedge forget` removes the rest"
        ),
        Note::InOtherFile {
            file,
            other,
            what,
            share,
            exact,
            merged,
        } => {
            let what = match what {
                CopyOf::Rows => "row",
                CopyOf::Orders => "order",
            };
            let which = match (*share >= 1.0, exact) {
                (true, true) => format!("every {what} of {file} lies"),
                (true, false) => format!("every {what} of {file} that was compared lies"),
                (false, true) => format!("{:.0} % of the {what}s of {file} lie", (100.0 * share).max(1.0)),
                (false, false) => format!("about {:.0} % of the {what}s of {file} lie", (100.0 * share).max(1.0)),
            };
            let then = if *merged {
                "they have ids and count once".to_owned()
            } else {
                "they count twice; leave one file out of the path of [[events]], and `selvedge forget` it".to_owned()
            };
            format!("{which} in {other}, too: {then}")
        }
    }
}
