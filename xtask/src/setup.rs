//! Installing what is missing, saying so, and being instant when nothing is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::Failure;
use crate::process;
use crate::progress::step;
use crate::stamp::{self, Inputs};
use crate::tools;

/// One thing that a task needs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Rust's Wasm target and wasm-bindgen.
    Wasm,
    /// Node.js and the npm tools of the lock file.
    Npm,
    /// Chromium and its driver.
    Browser,
    /// Varnish, where it can be installed; its tests are skipped without.
    Varnish,
    /// Python 3 with pip.
    Python,
}

/// Makes sure that all of `needs` are there.
pub fn ensure(needs: &[Need]) -> Result<(), Failure> {
    for need in needs {
        match need {
            Need::Wasm => {
                wasm_target()?;
                bindgen()?;
            }
            Need::Npm => {
                node()?;
                npm_packages()?;
            }
            Need::Browser => browser()?,
            Need::Varnish => varnish(),
            Need::Python => python()?,
        }
    }
    Ok(())
}

fn wasm_target() -> Result<(), Failure> {
    const TARGET: &str = "wasm32-unknown-unknown";
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let sysroot = process::output(Command::new(&rustc).args(["--print", "sysroot"]))?;
    let target = Path::new(sysroot.trim()).join("lib/rustlib").join(TARGET);
    if target.is_dir() {
        return Ok(());
    }
    if process::version("rustup").is_none() {
        return Err(Failure::Missing {
            what: format!("the Rust target {TARGET}"),
            hint: format!("install it the way Rust was installed here, or use rustup: `rustup target add {TARGET}`"),
        });
    }
    step(&format!("adding the Rust target {TARGET} with rustup"));
    process::run(Command::new("rustup").args(["target", "add", TARGET]))
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

/// A package's version in `Cargo.lock`.
fn locked_version(package: &str) -> Result<String, Failure> {
    let lock = fs::read_to_string("Cargo.lock").map_err(Failure::io("read", "Cargo.lock"))?;
    let name = format!("name = \"{package}\"");
    let version = lock.lines().skip_while(|line| *line != name).nth(1).unwrap_or_default();
    Ok(version.to_owned())
}

/// Copies beside, then renames: a program that runs just now must not be written over.
fn replace_program(from: &Path, to: &Path) -> Result<(), Failure> {
    if let Some(dir) = to.parent() {
        fs::create_dir_all(dir).map_err(Failure::io("create", dir))?;
    }
    let fresh = to.with_extension("new");
    fs::copy(from, &fresh).map_err(Failure::io("copy", from))?;
    fs::rename(&fresh, to).map_err(Failure::io("replace", to))
}

fn node() -> Result<(), Failure> {
    if tools::node().is_ok() {
        return Ok(());
    }
    let found = process::version("node");
    if process::version("npm").is_none() {
        return Err(Failure::Missing {
            what: "npm".into(),
            hint: "install Node.js 22.12 or newer with npm; any older Node.js with npm will do too, \
                   because a newer one is then taken from npm"
                .into(),
        });
    }
    step(&format!(
        "Node.js {} is too old for wrangler, installing a newer one into {}",
        found.as_deref().unwrap_or("(none)"),
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

/// Install scripts stay off: none of the tools needs one, and it is one way in less.
fn npm_ci(dir: &str) -> Result<(), Failure> {
    process::run(
        tools::npm()
            .args(["ci", "--ignore-scripts", "--loglevel=error", "--prefix", dir])
            .stdout(Stdio::null()),
    )
}

fn browser() -> Result<(), Failure> {
    if chromium().is_some() && process::version("chromedriver").is_some() {
        return Ok(());
    }
    if !may_use_apt() {
        return Err(Failure::Missing {
            what: "Chromium with chromedriver".into(),
            hint: "install both, for example `sudo apt-get install chromium chromium-driver`".into(),
        });
    }
    apt_install(&["chromium", "chromium-driver"])
}

fn varnish() {
    if installed(&["varnishd"]).is_some() {
        return;
    }
    if !may_use_apt() {
        return step("varnishd is not there: its tests will be skipped (Debian: `sudo apt-get install varnish`)");
    }
    if let Err(failure) = apt_install(&["varnish"]) {
        failure.print();
        step("without varnishd its tests will be skipped");
    }
}

fn may_use_apt() -> bool {
    let root = process::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    root && process::version("apt-get").is_some()
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

/// Chromium on this machine; Playwright wants a whole path.
pub fn chromium() -> Option<PathBuf> {
    installed(&["chromium", "chromium-browser", "google-chrome"])
}

/// The first of these programs that is on the path.
fn installed(programs: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    programs
        .iter()
        .flat_map(|program| std::env::split_paths(&path).map(move |dir| dir.join(program)))
        .find(|program| program.is_file())
}

fn python() -> Result<(), Failure> {
    let has_pip = Command::new("python3")
        .args(["-m", "pip", "--version"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if has_pip {
        return Ok(());
    }
    Err(Failure::Missing {
        what: "Python 3 with pip".into(),
        hint: "install it, for example `sudo apt-get install python3-pip`; it only fetches the demo \
               data, and `cargo xtask demo --synthetic` does without"
            .into(),
    })
}
