//! A first `selvedge.toml`, from looking at the files: every guess is a line that can be read and corrected.

mod draft;
mod guess;
mod look;

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::config::{Config, ConfigError};
use crate::report::Report;
use selvedge_lake::explain::{Exit, Explain};
use selvedge_lake::ingest::{IngestError, sample};
use selvedge_lake::storage::{LakeError, atomic};

use guess::{Role, guess};
use look::Column;

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InitError {
    /// A file cannot be read.
    #[error(transparent)]
    Look(#[from] IngestError),
    /// The configuration cannot be written.
    #[error(transparent)]
    Write(#[from] LakeError),
    /// The configuration is there already.
    #[error("{} is there already", path.display())]
    Exists {
        /// The configuration.
        path: PathBuf,
    },
    /// No file has events in it.
    #[error("expected a file with columns of items and of times, found none\n{}", found.join("\n"))]
    NoEvents {
        /// The files with their columns.
        found: Vec<String>,
    },
    /// What was guessed is no configuration: a file's name cannot be written as a path pattern, for instance.
    #[error("the drafted configuration does not read back")]
    Draft(#[source] ConfigError),
}

impl Explain for InitError {
    fn exit(&self) -> Exit {
        match self {
            Self::Look(error) => error.exit(),
            Self::Write(error) => error.exit(),
            Self::Exists { .. } | Self::Draft(_) => Exit::Usage,
            Self::NoEvents { .. } => Exit::Data,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Look(error) => error.hint(),
            Self::Write(error) => error.hint(),
            Self::Exists { .. } => Some("--force overwrites it; --output writes another".to_owned()),
            Self::NoEvents { .. } => Some(
                "the first line of a text file must name its columns. docs/cli.md shows how to write \
                 [events.columns] by hand"
                    .to_owned(),
            ),
            Self::Draft(_) => Some("rename the file to letters, digits, - and _".to_owned()),
        }
    }
}

/// A file and what it was taken for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Looked {
    /// The file.
    pub file: String,
    /// `events`, `catalogue` or `unused`.
    pub role: &'static str,
    /// Its columns.
    pub columns: Vec<String>,
}

/// What was drafted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InitReport {
    /// The configuration.
    pub output: PathBuf,
    /// The files.
    pub files: Vec<Looked>,
}

impl Report for InitReport {
    const STAGE: &'static str = "init";

    fn render(&self) -> String {
        let mut text = String::new();
        for looked in &self.files {
            text.push_str(&format!("{}: {}\n", looked.file, looked.role));
        }
        text.push_str(&format!(
            "wrote {}: read it through, every guess is commented; then `selvedge ingest`\n",
            self.output.display()
        ));
        text
    }
}

/// Drafts a configuration from files and writes it to `output`.
///
/// # Errors
/// No file has events in it, a file cannot be read, or `output` is there and `force` is not given.
pub fn init(files: &[PathBuf], output: &Path, force: bool) -> Result<InitReport, InitError> {
    if !force && output.exists() {
        return Err(InitError::Exists {
            path: output.to_owned(),
        });
    }
    let (text, report) = draft(files, output)?;
    atomic::write_bytes(output, text.as_bytes())?;
    Ok(report)
}

/// The configuration as text.
///
/// # Errors
/// As [`init`].
pub fn draft(files: &[PathBuf], output: &Path) -> Result<(String, InitReport), InitError> {
    let base = match output.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut sources = Vec::new();
    for file in files {
        let sample = sample(file)?;
        let columns = Column::all(&sample);
        let role = guess(&columns);
        sources.push((pattern(file, base), file, columns, role));
    }
    if !sources.iter().any(|(.., role)| matches!(role, Role::Events(_))) {
        let found = sources.iter().map(|(_, file, columns, _)| {
            let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
            format!("  {}: {}", file.display(), names.join(", "))
        });
        return Err(InitError::NoEvents { found: found.collect() });
    }
    let mut text = draft::HEAD.to_owned();
    let mut looked = Vec::new();
    for (pattern, file, columns, role) in &sources {
        draft::source(&mut text, pattern, columns, role);
        looked.push(Looked {
            file: file.display().to_string(),
            role: match role {
                Role::Events(_) => "events",
                Role::Catalogue(_) => "catalogue",
                Role::Unused => "unused",
            },
            columns: columns.iter().map(|column| column.name.clone()).collect(),
        });
    }
    text.push_str(draft::TAIL);
    Config::parse(&text, output, base, &[]).map_err(InitError::Draft)?;
    let report = InitReport {
        output: output.to_owned(),
        files: looked,
    };
    Ok((text, report))
}

/// The file as a path pattern from the configuration's directory where it lies below it, else absolute.
fn pattern(file: &Path, base: &Path) -> String {
    let absolute = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let (file, base) = (absolute(file), absolute(base));
    let path = file.strip_prefix(&base).unwrap_or(&file);
    glob::Pattern::escape(&path.to_string_lossy())
}

#[cfg(test)]
mod tests;
