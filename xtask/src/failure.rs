//! Errors of tasks, each with a hint.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

/// Why a task stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// A file operation failed.
    #[error("cannot {action} {}", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    /// A program could not be started.
    #[error("cannot start `{program}`")]
    Start {
        program: String,
        source: io::Error,
        hint: &'static str,
    },
    /// A program ran and failed; it printed its own messages.
    #[error("`{command}` failed: {status}")]
    Command { command: String, status: ExitStatus },
    /// The task needs something that this machine lacks and that must not be installed silently.
    #[error("{what} is missing")]
    Missing { what: String, hint: String },
    /// The machine lacks things that only its owner can install: one line each, with how to get it.
    #[error("this machine lacks what the task needs\n  {}", missing.join("\n  "))]
    Machine { missing: Vec<String> },
    /// Something exists but is not as expected.
    #[error("{what}: expected {expected}, found {found}")]
    Mismatch {
        what: String,
        expected: String,
        found: String,
        hint: String,
    },
    /// A download failed.
    #[error("{what} could not be fetched")]
    Unavailable {
        what: &'static str,
        source: Box<Failure>,
        hint: &'static str,
    },
    /// Tests failed; their names and number were printed.
    #[error("tests failed")]
    Tests,
    /// The handler of Ctrl-C could not be installed.
    #[error("cannot handle Ctrl-C")]
    Signals(#[source] ctrlc::Error),
    /// An artefact exceeds its size limit.
    #[error("{artefact} is {found} bytes after gzip, the limit is {limit}")]
    TooBig {
        artefact: &'static str,
        found: usize,
        limit: usize,
    },
}

impl Failure {
    /// For `map_err` on file operations: `fs::read(p).map_err(Failure::io("read", p))`.
    pub fn io(action: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        move |source| Self::Io { action, path, source }
    }

    /// What to do next, if that is known.
    fn hint(&self) -> Option<&str> {
        match self {
            Self::Start { hint, .. } | Self::Unavailable { hint, .. } => Some(hint),
            Self::Missing { hint, .. } | Self::Mismatch { hint, .. } => Some(hint),
            Self::TooBig { .. } => {
                Some("`cargo tree -p PACKAGE --target wasm32-unknown-unknown -e normal` shows what came in")
            }
            Self::Io { .. } | Self::Command { .. } | Self::Machine { .. } | Self::Signals(_) | Self::Tests => None,
        }
    }

    /// Writes `error:` with the chain of causes, a blank line, and `hint:`.
    pub fn print(&self) {
        eprintln!("error: {self}");
        let mut cause = self.source();
        while let Some(source) = cause {
            eprintln!("  caused by: {source}");
            cause = source.source();
        }
        if let Some(hint) = self.hint() {
            eprintln!("\nhint: {hint}");
        }
    }
}
