//! What `init` tells the person at the terminal.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Source;
use super::guess::Role;
use super::told::{self, Gap};
use crate::report::Report;

/// A file and what it was taken for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Looked {
    /// The file.
    pub file: String,
    /// `events`, `catalogue` or `unused`.
    pub role: &'static str,
    /// Why it is not used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Rows that were looked at.
    pub rows: usize,
    /// Its columns.
    pub columns: Vec<String>,
    /// Role → column.
    pub taken: BTreeMap<&'static str, String>,
    /// The first rows, as who did what to which thing when.
    pub reading: Vec<String>,
    /// What should be checked, and what is left out.
    pub told: Vec<String>,
    /// Roles without a column.
    pub gaps: Vec<Gap>,
}

/// What was drafted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InitReport {
    /// The configuration.
    pub output: PathBuf,
    /// The files.
    pub files: Vec<Looked>,
}

impl InitReport {
    pub(super) fn new(output: &Path, sources: &[Source]) -> Self {
        Self {
            output: output.to_owned(),
            files: sources.iter().map(looked).collect(),
        }
    }

    /// Whether something must be written by hand before the configuration is one.
    #[must_use]
    pub fn has_gap(&self) -> bool {
        !self.gaps().is_empty()
    }

    /// What is missing, a line each; empty where the configuration is whole.
    #[must_use]
    pub fn gaps(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for file in &self.files {
            for gap in &file.gaps {
                let found: Vec<String> = file
                    .taken
                    .iter()
                    .map(|(role, column)| format!("{role} = {column:?}"))
                    .collect();
                let candidates = if gap.candidates.is_empty() {
                    "no other column could be it".to_owned()
                } else {
                    format!("it could be one of {}", gap.candidates.join(", "))
                };
                let found = if found.is_empty() {
                    String::new()
                } else {
                    format!("found {}; ", found.join(", "))
                };
                lines.push(format!(
                    "  {}: no column for the {}; {found}{candidates}",
                    file.file, gap.role
                ));
            }
        }
        if !self.files.iter().any(|file| file.role == "events") {
            lines.push("  none of the files holds events: rows with a user, an item and a time".to_owned());
        }
        lines
    }
}

fn looked(source: &Source) -> Looked {
    let mut taken = BTreeMap::new();
    let mut add = |role: &'static str, column: Option<usize>| {
        if let Some(column) = column {
            taken.insert(role, source.columns[column].name.clone());
        }
    };
    let mut reading = Vec::new();
    let (role, why) = match &source.role {
        Role::Events(guess) => {
            let column = |taken: &Option<super::guess::Taken>| taken.as_ref().map(|taken| taken.column);
            add("user", column(&guess.user));
            add("item", column(&guess.item));
            add("timestamp", column(&guess.timestamp));
            add("event_type", guess.event_type);
            add("value", guess.value);
            add("id", guess.id);
            reading = told::reading(&source.sample, &source.columns, guess);
            ("events", None)
        }
        Role::Catalogue(guess) => {
            add("id", Some(guess.id));
            add("title", guess.title);
            ("catalogue", None)
        }
        Role::Unused(why) => ("unused", Some(why.clone())),
    };
    Looked {
        file: source.file.display().to_string(),
        role,
        why,
        rows: source.sample.rows.len(),
        columns: source.columns.iter().map(|column| column.name.clone()).collect(),
        taken,
        reading,
        told: source.told.clone(),
        gaps: source.gaps.clone(),
    }
}

impl Report for InitReport {
    const STAGE: &'static str = "init";

    fn render(&self) -> String {
        let mut text = String::new();
        for looked in &self.files {
            let why = looked.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            text.push_str(&format!("{}: {}{why}\n", looked.file, looked.role));
            if looked.role == "unused" {
                continue;
            }
            let taken: Vec<String> = looked
                .taken
                .iter()
                .map(|(role, column)| format!("{role} = {column:?}"))
                .collect();
            text.push_str(&format!("  {} rows looked at; {}\n", looked.rows, taken.join(", ")));
            for line in &looked.reading {
                text.push_str(&format!("  > {line}\n"));
            }
            for line in &looked.told {
                text.push_str(&format!("  - {line}\n"));
            }
        }
        text.push_str(&format!(
            "wrote {}: read it through, every guess is commented; then `selvedge ingest`\n",
            self.output.display()
        ));
        text
    }
}
