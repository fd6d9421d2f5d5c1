//! A page of benchmark results, printed and written to `docs/benchmarks`.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::failure::Failure;
use crate::process;
use crate::tools;

const FOLDER: &str = "docs/benchmarks";

pub struct Report {
    name: &'static str,
    text: String,
}

impl Report {
    /// Begins the page `docs/benchmarks/NAME.md`.
    pub fn new(name: &'static str, title: &str) -> Self {
        let mut text = format!("# {title}\n\n");
        let _ = writeln!(
            text,
            "`cargo xtask bench {name}`, {}, {}.\n",
            first_line(Command::new("date").args(["-u", "+%Y-%m-%d"])),
            machine()
        );
        Self { name, text }
    }

    pub fn paragraph(&mut self, text: &str) {
        let _ = writeln!(self.text, "{text}\n");
    }

    /// Adds a table; every row has as many cells as `columns`.
    pub fn table(&mut self, columns: &[&str], rows: &[Vec<String>]) {
        let mut line = |cells: &[String]| {
            let _ = writeln!(self.text, "| {} |", cells.join(" | "));
        };
        line(&columns.iter().map(ToString::to_string).collect::<Vec<_>>());
        line(&columns.iter().map(|_| "---".to_owned()).collect::<Vec<_>>());
        rows.iter().for_each(|row| line(row));
        self.text.push('\n');
    }

    /// Prints the page and writes it.
    pub fn finish(self) -> Result<(), Failure> {
        let text = self.text.trim_end();
        println!("\n{text}\n");
        fs::create_dir_all(FOLDER).map_err(Failure::io("create", FOLDER))?;
        let path = Path::new(FOLDER).join(format!("{}.md", self.name));
        fs::write(&path, format!("{text}\n")).map_err(Failure::io("write", &path))
    }
}

/// Runs a benchmark program and parses the last line of its output as JSON.
pub fn json_of(command: &mut Command) -> Result<Value, Failure> {
    let output = process::output(command)?;
    let line = output.lines().last().unwrap_or_default();
    serde_json::from_str(line).map_err(|_| Failure::Mismatch {
        what: process::shown(command),
        expected: "one line of JSON".into(),
        found: line.chars().take(200).collect(),
        hint: "run the command by itself to see more".into(),
    })
}

/// The entries of the list at `path`; empty if there is no list.
pub fn entries<'v>(value: &'v Value, path: &str) -> impl Iterator<Item = &'v Value> {
    value.pointer(path).and_then(Value::as_array).into_iter().flatten()
}

/// The number at `path` (`/a/b`) as text with `digits` digits after the point; `–` if there is none.
pub fn number(value: &Value, path: &str, digits: usize) -> String {
    value
        .pointer(path)
        .and_then(Value::as_f64)
        .map_or_else(|| "–".to_owned(), |number| format!("{number:.digits$}"))
}

/// The text at `path`.
pub fn text(value: &Value, path: &str) -> String {
    value.pointer(path).and_then(Value::as_str).unwrap_or("–").to_owned()
}

fn machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown processor", |rest| rest.trim_start_matches([' ', '\t', ':']));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let node = tools::node().map_or_else(
        |_| "no Node.js".to_owned(),
        |node| format!("Node.js {}", first_line(Command::new(node).arg("--version"))),
    );
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown").to_owned();
    format!(
        "{model}, {cores} cores (load average {load} at the start), {}, {node}",
        first_line(Command::new("rustc").arg("--version"))
    )
}

fn first_line(command: &mut Command) -> String {
    process::output(command)
        .ok()
        .and_then(|output| output.lines().next().map(str::to_owned))
        .unwrap_or_else(|| "unknown".to_owned())
}
