//! What every verb gets: the configuration, the two outputs, and the time.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};
use serde::Serialize;

use crate::config::{Config, ConfigError};
use crate::report::Report;
use selvedge_lake::explain::{Error, Exit, Explain};

/// Options that every verb takes.
#[derive(Debug, clap::Args)]
pub struct Globals {
    /// Configuration file
    #[arg(short, long, global = true, default_value = "selvedge.toml", value_name = "FILE")]
    pub config: PathBuf,
    /// Override one setting, e.g. train.factors=32 or vars.data=DIR; may be repeated
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Print one JSON object per stage on standard output instead of tables
    #[arg(long, global = true)]
    pub json: bool,
    /// No progress and no notes on standard error
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

/// Standard output is gone, a closed pipe for instance.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output")]
pub struct OutputError(#[source] std::io::Error);

impl Explain for OutputError {
    fn exit(&self) -> Exit {
        Exit::Environment
    }
}

/// Options that do not fit together, found out after the command line was read.
#[derive(Debug, thiserror::Error)]
#[error("the options do not fit together")]
pub struct ArgumentError(#[source] pub clap::Error);

impl Explain for ArgumentError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

/// What every verb gets beside its own arguments.
#[derive(Debug)]
pub struct Invocation {
    globals: Globals,
    now_ms: i64,
}

impl Invocation {
    /// Reads the clock once, so that all stages of one run agree on the time.
    #[must_use]
    pub fn new(globals: Globals) -> Self {
        let now_ms = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .ok()
            .and_then(|elapsed| i64::try_from(elapsed.as_millis()).ok())
            .unwrap_or(0);
        Self { globals, now_ms }
    }

    /// The time of this run, in milliseconds since 1970.
    #[must_use]
    pub const fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// Whether standard output is for programs.
    #[must_use]
    pub const fn json(&self) -> bool {
        self.globals.json
    }

    /// Where the configuration is.
    #[must_use]
    pub fn config_path(&self) -> &Path {
        &self.globals.config
    }

    /// Reads and checks the configuration, with the overrides of `--set`.
    ///
    /// # Errors
    /// The file cannot be read, or does not say what it should.
    pub fn config(&self) -> Result<Config, ConfigError> {
        Config::load(&self.globals.config, &self.globals.set)
    }

    /// Prints a report on standard output: a table for people, or one line of JSON.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn print<R: Report>(&self, report: &R) -> Result<(), Error> {
        #[derive(Serialize)]
        struct Staged<'a, R> {
            stage: &'static str,
            #[serde(flatten)]
            report: &'a R,
        }
        let mut out = std::io::stdout().lock();
        let written = if self.globals.json {
            let staged = Staged {
                stage: R::STAGE,
                report,
            };
            serde_json::to_writer(&mut out, &staged)
                .map_err(std::io::Error::from)
                .and_then(|()| out.write_all(b"\n"))
        } else {
            out.write_all(report.render().as_bytes())
        };
        written
            .and_then(|()| out.flush())
            .map_err(|error| OutputError(error).into())
    }

    /// One line of news on standard error.
    pub fn note(&self, text: &str) {
        if !self.globals.quiet {
            // News are not worth failing for.
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }

    /// A progress bar on standard error, invisible unless that is a terminal. `total` 0 makes a spinner.
    #[must_use]
    pub fn progress(&self, label: &'static str, total: u64) -> ProgressBar {
        if self.globals.quiet || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let (bar, template) = if total == 0 {
            (ProgressBar::no_length(), "{prefix:>10} {spinner} {msg}")
        } else {
            (
                ProgressBar::new(total),
                "{prefix:>10} [{bar:32}] {percent:>3} % {eta:>4} {msg}",
            )
        };
        bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(label);
        // A bar that its stage drops, in success or in failure, must not stay between the tables.
        bar.with_finish(ProgressFinish::AndClear)
    }
}
