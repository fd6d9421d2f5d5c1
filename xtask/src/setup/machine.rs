//! The table of what a machine must have before a task begins. Everything missing is reported at once, one line each, with how to get it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Need;
use crate::failure::Failure;
use crate::process;
use crate::tools;

/// Rust's target for Wasm without an operating system.
pub(super) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// What was found on the machine. Requirements read this value and not the machine, so that tests can try every case on any machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Machine {
    /// The compiler in use has [`WASM_TARGET`].
    pub has_wasm_target: bool,
    pub has_rustup: bool,
    /// The output of `node --version`.
    pub node: Option<String>,
    /// `setup` has installed a newer Node.js.
    pub has_own_node: bool,
    /// npm offers a Node.js for this system.
    pub npm_carries_node: bool,
    pub has_npm: bool,
    pub has_pip: bool,
    /// Chromium and its driver.
    pub has_browser: bool,
    pub has_varnish: bool,
    /// The output of `java -version`.
    pub java: Option<String>,
    pub has_maven: bool,
    /// `setup` may install system packages without asking.
    pub may_use_apt: bool,
}

/// Whether a requirement is met.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// It is installed, or `setup` can install it.
    Fine,
    Missing,
    /// Another version is installed.
    Found(String),
}

/// One thing that a machine must have.
struct Requirement {
    /// The need of tasks that it serves; [`None`] if no task needs it yet.
    need: Option<Need>,
    /// Whether tasks can run without it.
    is_optional: bool,
    what: &'static str,
    /// How to get it, as the end of a sentence.
    get: &'static str,
    state: fn(&Machine) -> State,
}

/// Rust's version is not in the table: cargo checks it (`rust-version` in `Cargo.toml`) before it builds this program.
const REQUIREMENTS: [Requirement; 7] = [
    Requirement {
        need: Some(Need::Wasm),
        is_optional: false,
        what: "Rust's target wasm32-unknown-unknown",
        get: "`rustup target add wasm32-unknown-unknown`, or by the package of the system that Rust came from",
        state: |machine| fine_if(machine.has_wasm_target || machine.has_rustup),
    },
    Requirement {
        need: Some(Need::Npm),
        is_optional: false,
        what: "Node.js 22.12 or newer",
        get: "install it from nodejs.org or the system's packages; on Linux (x64, arm64) any Node.js with npm will do, a newer one is then taken from npm",
        state: node_state,
    },
    Requirement {
        need: Some(Need::Npm),
        is_optional: false,
        what: "npm",
        get: "it comes with Node.js; Debian and Ubuntu: `sudo apt-get install npm`",
        state: |machine| fine_if(machine.has_npm),
    },
    Requirement {
        need: Some(Need::Python),
        is_optional: false,
        what: "Python 3 with pip",
        get: "Debian and Ubuntu: `sudo apt-get install python3-pip`; it only fetches the demo data, and `cargo xtask demo --synthetic` does without",
        state: |machine| fine_if(machine.has_pip),
    },
    Requirement {
        need: Some(Need::Browser),
        is_optional: false,
        what: "Chromium with chromedriver",
        get: "Debian and Ubuntu: `sudo apt-get install chromium chromium-driver`",
        state: |machine| fine_if(machine.has_browser || machine.may_use_apt),
    },
    Requirement {
        need: Some(Need::Varnish),
        is_optional: true,
        what: "Varnish",
        get: "its tests are skipped without it; Debian and Ubuntu: `sudo apt-get install varnish`",
        state: |machine| fine_if(machine.has_varnish || machine.may_use_apt),
    },
    Requirement {
        need: None,
        is_optional: true,
        what: "Java 17 or newer with Maven",
        get: "no task needs it yet; Debian and Ubuntu: `sudo apt-get install openjdk-17-jdk-headless maven`",
        state: java_state,
    },
];

/// Fails if the machine cannot meet the needs of a task; one error names everything that is missing.
pub(super) fn check(machine: &Machine, needs: &[Need]) -> Result<(), Failure> {
    let missing = lines(machine, |requirement| {
        !requirement.is_optional && requirement.need.is_some_and(|need| needs.contains(&need))
    });
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Failure::Machine { missing })
    }
}

/// The missing things that tasks can run without, one line each.
pub(super) fn optional(machine: &Machine) -> Vec<String> {
    lines(machine, |requirement| requirement.is_optional)
}

fn lines(machine: &Machine, which: impl Fn(&Requirement) -> bool) -> Vec<String> {
    let chosen = REQUIREMENTS.iter().filter(|requirement| which(requirement));
    chosen
        .filter_map(|Requirement { what, get, state, .. }| match state(machine) {
            State::Fine => None,
            State::Missing => Some(format!("{what}: not found; {get}")),
            State::Found(version) => Some(format!("{what}: found {version}; {get}")),
        })
        .collect()
}

fn fine_if(is_there: bool) -> State {
    if is_there { State::Fine } else { State::Missing }
}

fn node_state(machine: &Machine) -> State {
    let is_new = machine.node.as_deref().is_some_and(tools::is_new_enough);
    // If npm is missing, that has a line of its own.
    if is_new || machine.has_own_node || (machine.npm_carries_node && machine.has_npm) {
        return State::Fine;
    }
    machine.node.clone().map_or(State::Missing, State::Found)
}

fn java_state(machine: &Machine) -> State {
    let Some(version) = &machine.java else {
        return State::Missing;
    };
    // `17.0.9`; up to Java 8 `1.8.0_392`.
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    match (major, machine.has_maven) {
        (Some(17..), true) => State::Fine,
        (Some(17..), false) => State::Found(format!("Java {version} without Maven")),
        _ => State::Found(format!("Java {version}")),
    }
}

impl Machine {
    /// Looks at this machine, only for what `needs` asks for.
    pub(super) fn look(needs: &[Need]) -> Self {
        let wants = |need| needs.contains(&need);
        let is_there = |program| process::version(program).is_some();
        let mut machine = Self {
            may_use_apt: (wants(Need::Browser) || wants(Need::Varnish)) && may_use_apt(),
            ..Self::default()
        };
        if wants(Need::Wasm) {
            machine.has_wasm_target = has_wasm_target();
            machine.has_rustup = is_there("rustup");
        }
        if wants(Need::Npm) {
            machine.node = process::version("node");
            machine.has_own_node = tools::own_node().is_some();
            machine.npm_carries_node =
                cfg!(target_os = "linux") && cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));
            machine.has_npm = is_there("npm");
        }
        if wants(Need::Python) {
            machine.has_pip = has_pip();
        }
        if wants(Need::Browser) {
            machine.has_browser = chromium().is_some() && is_there("chromedriver");
        }
        if wants(Need::Varnish) {
            machine.has_varnish = installed(&["varnishd"]).is_some();
        }
        machine
    }

    /// The same, and also what no task needs yet.
    pub(super) fn look_at_all(needs: &[Need]) -> Self {
        let version = |line: String| line.split_whitespace().nth(1).map(str::to_owned);
        Self {
            // Prints `openjdk 17.0.9 2023-10-17`. Java 8 knows only `-version` and counts as missing.
            java: process::version("java").and_then(version),
            has_maven: process::version("mvn").is_some(),
            ..Self::look(needs)
        }
    }
}

/// Whether the compiler in use has the standard library of the Wasm target.
fn has_wasm_target() -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    process::output(Command::new(&rustc).args(["--print", "sysroot"])).is_ok_and(|sysroot| {
        let targets = Path::new(sysroot.trim()).join("lib/rustlib");
        targets.join(WASM_TARGET).is_dir()
    })
}

fn has_pip() -> bool {
    Command::new("python3")
        .args(["-m", "pip", "--version"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn may_use_apt() -> bool {
    let root = process::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    root && process::version("apt-get").is_some()
}

/// The path of Chromium on this machine; Playwright needs an absolute path.
pub(super) fn chromium() -> Option<PathBuf> {
    installed(&["chromium", "chromium-browser", "google-chrome"])
}

/// The first of these programs that is on PATH.
fn installed(programs: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    programs
        .iter()
        .flat_map(|program| std::env::split_paths(&path).map(move |dir| dir.join(program)))
        .find(|program| program.is_file())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::{Machine, check, optional};
    use crate::failure::Failure;
    use crate::setup::Need;

    const ALL: [Need; 5] = [Need::Wasm, Need::Npm, Need::Browser, Need::Varnish, Need::Python];

    fn complete() -> Machine {
        Machine {
            has_wasm_target: true,
            has_rustup: true,
            node: Some("v24.2.1".into()),
            has_own_node: false,
            npm_carries_node: true,
            has_npm: true,
            has_pip: true,
            has_browser: true,
            has_varnish: true,
            java: Some("17.0.9".into()),
            has_maven: true,
            may_use_apt: false,
        }
    }

    fn missing(machine: &Machine, needs: &[Need]) -> Vec<String> {
        match check(machine, needs) {
            Ok(()) => Vec::new(),
            Err(Failure::Machine { missing }) => missing,
            Err(other) => panic!("expected what the machine lacks, found {other}"),
        }
    }

    #[test]
    fn a_complete_machine_lacks_nothing() {
        assert_eq!(missing(&complete(), &ALL), Vec::<String>::new());
        assert_eq!(optional(&complete()), Vec::<String>::new());
    }

    #[test]
    fn everything_that_is_missing_is_said_at_once_in_a_line_each() {
        let found = missing(&Machine::default(), &ALL);
        let names: Vec<&str> = found.iter().filter_map(|line| line.split(':').next()).collect();
        assert_eq!(
            names,
            [
                "Rust's target wasm32-unknown-unknown",
                "Node.js 22.12 or newer",
                "npm",
                "Python 3 with pip",
                "Chromium with chromedriver"
            ]
        );
        assert!(
            found
                .iter()
                .all(|line| !line.contains('\n') && line.contains(": not found; ")),
            "{found:?}"
        );
        let said = check(&Machine::default(), &ALL).unwrap_err().to_string();
        assert_eq!(said.lines().count(), 1 + found.len(), "{said}");
        let optional = optional(&Machine::default());
        assert_eq!(optional.len(), 2, "{optional:?}");
    }

    #[test]
    fn only_what_a_task_needs_is_asked_for() {
        let bare = Machine::default();
        assert!(missing(&bare, &[]).is_empty());
        assert!(missing(&bare, &[Need::Varnish]).is_empty());
        assert_eq!(missing(&bare, &[Need::Wasm]).len(), 1);
        assert_eq!(missing(&bare, &[Need::Npm]).len(), 2);
    }

    #[test]
    fn what_the_set_up_can_install_is_not_missing() {
        type Change = fn(&mut Machine);
        let cases: [(Need, Change, usize); 8] = [
            (Need::Wasm, |m| m.has_wasm_target = false, 0),
            (Need::Wasm, |m| (m.has_wasm_target, m.has_rustup) = (false, false), 1),
            // npm can install a newer one.
            (Need::Npm, |m| m.node = Some("v20.20.2".into()), 0),
            (Need::Npm, |m| m.node = None, 0),
            (
                Need::Npm,
                |m| (m.node, m.npm_carries_node) = (Some("v20.20.2".into()), false),
                1,
            ),
            (
                Need::Npm,
                |m| (m.node, m.npm_carries_node, m.has_own_node) = (None, false, true),
                0,
            ),
            (Need::Browser, |m| m.has_browser = false, 1),
            (Need::Browser, |m| (m.has_browser, m.may_use_apt) = (false, true), 0),
        ];
        for (place, (need, change, expected)) in cases.into_iter().enumerate() {
            let mut machine = complete();
            change(&mut machine);
            assert_eq!(missing(&machine, &[need]).len(), expected, "case {place}: {machine:?}");
        }
    }

    #[test]
    fn a_version_that_is_too_old_is_named() {
        let machine = Machine {
            node: Some("v20.20.2".into()),
            npm_carries_node: false,
            ..complete()
        };
        let found = missing(&machine, &[Need::Npm]);
        assert!(
            found[0].starts_with("Node.js 22.12 or newer: found v20.20.2; "),
            "{found:?}"
        );
        for (java, has_maven, expected) in [
            ("11.0.2", true, Some("found Java 11.0.2;")),
            ("21", false, Some("found Java 21 without Maven;")),
            ("21", true, None),
        ] {
            let machine = Machine {
                java: Some(java.into()),
                has_maven,
                ..complete()
            };
            let said = optional(&machine);
            assert_eq!(said.len(), usize::from(expected.is_some()), "{said:?}");
            assert!(
                said.iter().all(|line| line.contains(expected.unwrap_or_default())),
                "{said:?}"
            );
        }
    }
}
