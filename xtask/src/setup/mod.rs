//! Installs what is missing and reports it; takes no time if nothing is missing. First it fails if something is missing that only the
//! machine's owner can install.

mod machine;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::Failure;
use crate::process;
use crate::progress::step;
use crate::stamp::{self, Inputs};
use crate::tools;

use machine::{Machine, WASM_TARGET};

/// One thing that a task needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Rust's Wasm target and wasm-bindgen.
    Wasm,
    /// Node.js and the npm tools of the lock file.
    Npm,
    /// Chromium and its driver.
    Browser,
    /// Varnish, if it can be installed; without it, its tests are skipped.
    Varnish,
    /// Python 3 with pip.
    Python,
}

/// Everything that any task needs.
const ALL: [Need; 5] = [Need::Wasm, Need::Npm, Need::Browser, Need::Varnish, Need::Python];

/// `cargo xtask setup`: installs what all tasks need, and reports which optional things are missing.
pub fn everything() -> Result<(), Failure> {
    let machine = Machine::look_at_all(&ALL);
    for line in machine::optional(&machine) {
        step(&format!("optional: {line}"));
    }
    machine::check(&machine, &ALL)?;
    install(&machine, &ALL)
}

/// Makes sure that everything in `needs` is installed.
///
/// # Errors
/// [`Failure::Machine`], before anything is installed, if the machine lacks something that cannot be installed from here.
pub fn ensure(needs: &[Need]) -> Result<(), Failure> {
    let machine = Machine::look(needs);
    machine::check(&machine, needs)?;
    install(&machine, needs)
}

fn install(machine: &Machine, needs: &[Need]) -> Result<(), Failure> {
    for need in needs {
        match need {
            Need::Wasm => {
                wasm_target(machine)?;
                bindgen()?;
            }
            Need::Npm => {
                node(machine)?;
                npm_packages()?;
            }
            Need::Browser if !machine.has_browser => apt_install(&["chromium", "chromium-driver"])?,
            Need::Varnish if !machine.has_varnish => varnish(machine),
            Need::Browser | Need::Varnish | Need::Python => {}
        }
    }
    Ok(())
}

/// The path of Chromium on this machine; Playwright needs an absolute path.
pub fn chromium() -> Option<PathBuf> {
    machine::chromium()
}

fn wasm_target(machine: &Machine) -> Result<(), Failure> {
    if machine.has_wasm_target {
        return Ok(());
    }
    step(&format!("adding the Rust target {WASM_TARGET} with rustup"));
    process::run(Command::new("rustup").args(["target", "add", WASM_TARGET]))
}

fn bindgen() -> Result<(), Failure> {
    let inputs = Inputs::of(&locked_version("wasm-bindgen-cli-support")?).and("xtask/src/bin/bindgen.rs")?;
    stamp::unless_fresh("bindgen", inputs, &[tools::BINDGEN], || {
        step("building wasm-bindgen (once, one to two minutes)");
        process::run(tools::cargo().args([
            "build",
            "--quiet",
            "--profile",
            "tools",
            "--package",
            "xtask",
            "--features",
            "bindgen",
            "--bin",
            "selvedge-bindgen",
        ]))?;
        let built = tools::target_dir()?.join("tools/selvedge-bindgen");
        replace_program(&built, Path::new(tools::BINDGEN))
    })?;
    Ok(())
}

/// The version of a package in `Cargo.lock`.
fn locked_version(package: &str) -> Result<String, Failure> {
    let lock = fs::read_to_string("Cargo.lock").map_err(Failure::io("read", "Cargo.lock"))?;
    let name = format!("name = \"{package}\"");
    let version = lock.lines().skip_while(|line| *line != name).nth(1).unwrap_or_default();
    Ok(version.to_owned())
}

/// Copies to a temporary name, then renames, because a running program must not be overwritten.
fn replace_program(from: &Path, to: &Path) -> Result<(), Failure> {
    if let Some(dir) = to.parent() {
        fs::create_dir_all(dir).map_err(Failure::io("create", dir))?;
    }
    let fresh = to.with_extension("new");
    fs::copy(from, &fresh).map_err(Failure::io("copy", from))?;
    fs::rename(&fresh, to).map_err(Failure::io("replace", to))
}

fn node(machine: &Machine) -> Result<(), Failure> {
    if tools::node().is_ok() {
        return Ok(());
    }
    step(&format!(
        "Node.js {} is too old for wrangler, installing a newer one into {}",
        machine.node.as_deref().unwrap_or("(none)"),
        tools::NODE_HOME
    ));
    fs::create_dir_all(tools::NODE_HOME).map_err(Failure::io("create", tools::NODE_HOME))?;
    for file in ["package.json", "package-lock.json"] {
        let from = Path::new("xtask/node").join(file);
        fs::copy(&from, Path::new(tools::NODE_HOME).join(file)).map_err(Failure::io("copy", &from))?;
    }
    npm_ci(tools::NODE_HOME)?;
    match tools::own_node() {
        Some(_) => Ok(()),
        None => Err(Failure::Missing {
            what: "Node.js 22.12 or newer".into(),
            hint: "npm carries one for Linux on x64 and arm64 only; install it by hand on this system".into(),
        }),
    }
}

fn npm_packages() -> Result<(), Failure> {
    let inputs = Inputs::of("npm ci").and("package-lock.json")?;
    stamp::unless_fresh("npm", inputs, &["node_modules/.package-lock.json"], || {
        step("installing the npm tools of package-lock.json");
        npm_ci(".")
    })?;
    Ok(())
}

/// Install scripts are off: no tool needs one, and a compromised package cannot run code.
fn npm_ci(dir: &str) -> Result<(), Failure> {
    process::run(
        tools::npm()
            .args(["ci", "--ignore-scripts", "--loglevel=error", "--prefix", dir])
            .stdout(Stdio::null()),
    )
}

fn varnish(machine: &Machine) {
    if !machine.may_use_apt {
        return step("varnishd is not there: its tests will be skipped (Debian: `sudo apt-get install varnish`)");
    }
    if let Err(failure) = apt_install(&["varnish"]) {
        failure.print();
        step("without varnishd its tests will be skipped");
    }
}

fn apt_install(packages: &[&str]) -> Result<(), Failure> {
    step(&format!("installing {} with apt-get", packages.join(" and ")));
    let apt = || {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command.stdout(Stdio::null());
        command
    };
    process::run(apt().args(["update", "-qq"]))?;
    process::run(
        apt()
            .args(["install", "-y", "-qq", "--no-install-recommends"])
            .args(packages),
    )
}
