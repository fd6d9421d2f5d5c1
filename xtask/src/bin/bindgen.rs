//! wasm-bindgen's two command line tools in one binary, at the version that `Cargo.lock` pins.
//!
//! `selvedge-bindgen bindgen ARGS…` is `wasm-bindgen ARGS…`; `selvedge-bindgen test-runner ARGS…` is
//! `wasm-bindgen-test-runner ARGS…`, the runner of `.cargo/config.toml` for `wasm32-unknown-unknown`.
//! Because the tools are linked as a library, nothing is downloaded as a binary, and tool and crate always have the same
//! version.

use std::error::Error;
use std::ffi::OsString;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args_os().skip(1);
    let tool = args.next().unwrap_or_default();
    // Both parsers expect a program name first.
    let args: Vec<OsString> = std::iter::once(tool.clone()).chain(args).collect();
    match tool.to_str() {
        Some("bindgen") => wasm_bindgen_cli::wasm_bindgen::run_cli_with_args(args)?,
        Some("test-runner") => {
            wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(args)?;
        }
        _ => return Err("expected `bindgen` or `test-runner` as the first argument".into()),
    }
    Ok(())
}
