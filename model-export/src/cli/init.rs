//! `selvedge init`.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use crate::context::Invocation;
use crate::init::{Answers, InitError, InitReport, draft, init};
use selvedge_lake::explain::Error;

/// Arguments of `selvedge init`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files or folders of events and items: CSV, JSON or Parquet, compressed or not
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Where to write the configuration, instead of --config
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Overwrite a configuration that is there
    #[arg(long)]
    pub force: bool,
    /// The column that says who
    #[arg(long, value_name = "COLUMN")]
    pub user: Option<String>,
    /// The column that says which item
    #[arg(long, value_name = "COLUMN")]
    pub item: Option<String>,
    /// The column that says when
    #[arg(long, value_name = "COLUMN")]
    pub time: Option<String>,
    /// In dates like 03/04/2024, the day comes first
    #[arg(long, conflicts_with = "month_first")]
    pub day_first: bool,
    /// In dates like 03/04/2024, the month comes first
    #[arg(long)]
    pub month_first: bool,
    /// Ask nothing, even on a terminal
    #[arg(short, long)]
    pub yes: bool,
}

/// Looks at the files and writes a configuration.
///
/// # Errors
/// A file cannot be read, the configuration is there already, or the draft that was written has a gap.
pub fn run(args: Args, context: &Invocation) -> Result<(), Error> {
    let output = args.output.as_deref().unwrap_or_else(|| context.config_path());
    let mut answers = Answers {
        user: args.user,
        item: args.item,
        time: args.time,
        day_first: match (args.day_first, args.month_first) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        },
    };
    let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if terminal && !args.yes && (args.force || !output.exists()) {
        ask(&args.files, output, &mut answers)?;
    }
    let report = init(&args.files, output, args.force, &answers)?;
    context.print(&report)?;
    if report.has_gap() {
        return Err(InitError::Gap {
            output: report.output.clone(),
            gaps: report.gaps(),
        }
        .into());
    }
    Ok(())
}

/// Asks for what the files do not tell, one question at a time; an empty answer leaves it as it is.
fn ask(files: &[PathBuf], output: &Path, answers: &mut Answers) -> Result<(), Error> {
    let mut asked: Vec<&str> = Vec::new();
    loop {
        let (_, report) = draft(files, output, answers)?;
        let Some((role, file, candidates)) = next_question(&report, &asked) else {
            return Ok(());
        };
        asked.push(role);
        let mut screen = std::io::stderr().lock();
        let _ = writeln!(screen, "{file}: which column is the {role}?");
        for (number, candidate) in candidates.iter().enumerate() {
            let _ = writeln!(screen, "  {}  {candidate}", number + 1);
        }
        let _ = write!(screen, "number, name, or Enter to leave it: ");
        let _ = screen.flush();
        let mut line = String::new();
        if std::io::stdin().lock().read_line(&mut line).unwrap_or(0) == 0 {
            return Ok(());
        }
        let line = line.trim();
        let chosen = line
            .parse::<usize>()
            .ok()
            .and_then(|number| candidates.get(number.wrapping_sub(1)))
            .or_else(|| candidates.iter().find(|candidate| *candidate == line));
        let slot = match role {
            "user" => &mut answers.user,
            "item" => &mut answers.item,
            _ => &mut answers.time,
        };
        if let Some(chosen) = chosen {
            *slot = Some(chosen.clone());
        }
    }
}

/// The first role that has no column, with the columns that could be it.
fn next_question(report: &InitReport, asked: &[&str]) -> Option<(&'static str, String, Vec<String>)> {
    report.files.iter().find_map(|file| {
        let gap = file
            .gaps
            .iter()
            .find(|gap| !asked.contains(&gap.role) && !gap.candidates.is_empty())?;
        Some((gap.role, file.file.clone(), gap.candidates.clone()))
    })
}
