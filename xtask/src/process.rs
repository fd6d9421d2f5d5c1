//! Runs other programs.

use std::io::{BufRead, BufReader};
use std::process::{Command, ExitStatus, Stdio};

use crate::failure::Failure;

/// Runs a program to its end with our stdout and stderr.
pub fn run(command: &mut Command) -> Result<(), Failure> {
    let status = command.stdin(Stdio::null()).status().map_err(cannot_start(command))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::Command {
        command: shown(command),
        status,
    })
}

/// Runs a program to its end and returns its stdout; stderr passes through.
pub fn output(command: &mut Command) -> Result<String, Failure> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(cannot_start(command))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Failure::Command {
        command: shown(command),
        status: output.status,
    })
}

/// The first line that a program prints for `--version`; `None` if the program is missing or fails.
pub fn version(program: &str) -> Option<String> {
    let output = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().next().map(str::to_owned)
}

/// The command line as a person would type it.
pub fn shown(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

fn cannot_start(command: &Command) -> impl FnOnce(std::io::Error) -> Failure {
    let program = command.get_program().to_string_lossy().into_owned();
    move |source| Failure::Start {
        program,
        source,
        hint: "`cargo xtask setup` installs what the tasks need and says what it cannot install",
    }
}

/// Runs a program to its end, prints its stdout line by line and returns it as well. A failing program is not an error here: the caller
/// reads from the lines what happened.
pub fn tee(command: &mut Command) -> Result<(String, ExitStatus), Failure> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(cannot_start(command))?;
    let mut kept = String::new();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line.map_err(Failure::io("read from", shown(command)))?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            kept.push_str(&line);
            kept.push('\n');
        }
    }
    let status = child.wait().map_err(Failure::io("wait for", shown(command)))?;
    Ok((kept, status))
}
