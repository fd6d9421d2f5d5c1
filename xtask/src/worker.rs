//! Builds the Worker into `build/worker`: cargo, wasm-bindgen, wasm-opt and the entry shim.
//!
//! worker-build does the same but downloads its tools when it runs; this uses the tools of our own lock files.

use std::fs;

use crate::artefact;
use crate::failure::Failure;
use crate::process;
use crate::progress::step;
use crate::stamp::{self, Inputs};
use crate::tools;

/// The file that `wrangler.toml` names as `main`.
const ENTRY: &str = "build/worker/index.js";
const WASM: &str = "build/worker/index_bg.wasm";
/// The files that are deployed.
pub const FILES: &[&str] = &[ENTRY, WASM];
const STAGING: &str = "build/worker.partial";
const SHIM: &str = "worker/shim";

/// Packages optimised for speed: ranking and the filling of pages. Optimising the signature check as well would add 6 KB, and it runs only
/// once for each snapshot.
const HOT: &[&str] = &["selvedge"];

/// The gzipped Worker must stay far below the 3 MB of the free plan, so that a cold isolate starts fast.
pub const SIZE_LIMIT: usize = 300_000;

/// Builds the Worker; `dev` skips wasm-opt and the size limit.
pub fn build(dev: bool) -> Result<(), Failure> {
    build_into("build/worker", &[], dev)?;
    if dev {
        return Ok(());
    }
    artefact::check_size("Worker", FILES, SIZE_LIMIT)
}

/// Builds the Worker with a route that panics and a clock that tests set, into `build/worker-panic`. With it, tests check that the request
/// after a panic succeeds, and compare answers that were made at one time.
pub fn build_panicking() -> Result<(), Failure> {
    build_into("build/worker-panic", &["--features", "panic-route,test-clock"], false)
}

fn build_into(out: &str, features: &[&str], dev: bool) -> Result<(), Failure> {
    step(&format!("compiling the Worker for {out}"));
    process::run(
        tools::cargo()
            .args(["build", "--package", "selvedge-worker", "--lib"])
            .args(["--target", "wasm32-unknown-unknown"])
            .args((!dev).then_some("--release"))
            .args(features)
            .args(artefact::release_settings('z', HOT))
            .env("RUSTFLAGS", artefact::SIMD),
    )?;
    let profile = if dev { "debug" } else { "release" };
    let compiled = artefact::compiled(profile, "selvedge_worker")?;

    let inputs = Inputs::of(&format!("worker 6, {profile}, {out}"))
        .and(&compiled)?
        .and(SHIM)?
        .and("package-lock.json")?
        .and(tools::BINDGEN)?;
    let name = out.trim_start_matches("build/");
    let outputs = [&format!("{out}/index.js")[..], &format!("{out}/index_bg.wasm")];
    stamp::unless_fresh(name, inputs, &outputs, || {
        step("binding and optimising the Worker");
        assemble(&compiled.to_string_lossy(), out, dev)
    })?;
    Ok(())
}

fn assemble(compiled: &str, out: &str, dev: bool) -> Result<(), Failure> {
    artefact::empty_dir(STAGING)?;
    process::run(
        tools::wasm_bindgen()
            .args([compiled, "--target", "module", "--no-typescript"])
            .args(["--out-dir", STAGING, "--out-name", "index"])
            // A panic leaves the instance unusable. The second option tells the shim of it, and has an effect only beside the first; the
            // shim makes a new instance by other means (`as_function`).
            .args(["--experimental-reset-state-function", "--force-enable-abort-handler"]),
    )?;
    if !dev {
        artefact::optimise(&format!("{STAGING}/index_bg.wasm"), "-O3")?;
    }
    artefact::copy_dir(SHIM.as_ref(), STAGING.as_ref())?;

    let glue = format!("{STAGING}/index.js");
    let text = fs::read_to_string(&glue).map_err(Failure::io("read", &glue))?;
    // esbuild does not support source phase imports yet; workerd provides a compiled module either way.
    let text = text.replace("import source ", "import ");
    fs::write(&glue, text).map_err(Failure::io("write", &glue))?;

    as_function(&glue)?;

    let bundle = "build/worker.bundle";
    artefact::empty_dir(bundle)?;
    process::run(
        tools::esbuild()?
            .arg(format!("{STAGING}/entry.js"))
            .args(["--bundle", "--format=esm", "--target=es2024", "--log-level=warning"])
            .args(["--external:cloudflare:*", "--external:./index_bg.wasm"])
            .arg("--log-override:duplicate-object-key=silent")
            .args((!dev).then_some("--minify"))
            .arg(format!("--outfile={bundle}/index.js")),
    )?;
    let wasm = format!("{STAGING}/index_bg.wasm");
    fs::rename(&wasm, format!("{bundle}/index_bg.wasm")).map_err(Failure::io("move", &wasm))?;
    artefact::empty_dir(out)?;
    fs::remove_dir(out).map_err(Failure::io("replace", out))?;
    fs::rename(bundle, out).map_err(Failure::io("move", bundle))?;
    fs::remove_dir_all(STAGING).map_err(Failure::io("remove", STAGING))
}

/// Makes a function of wasm-bindgen's glue, by text. The glue keeps the state of one instance in variables of its module; each call of the
/// function makes an instance with variables of its own, so that an instance can go on while another one takes over.
///
/// esbuild could write a function, too (`--format=cjs`), but it exports by getters on an object. V8 keeps getters in the hidden class, which
/// objects of the runtime itself share with ours: a replaced instance was then never collected.
fn as_function(glue: &str) -> Result<(), Failure> {
    let single = format!("{STAGING}/glue.mjs");
    process::run(
        tools::esbuild()?
            .arg(glue)
            .args(["--bundle", "--format=esm", "--target=es2024", "--log-level=warning"])
            // The glue names a module of imports once for each function that it takes out of it.
            .arg("--log-override:duplicate-object-key=silent")
            .args(["--external:*.wasm", "--external:./http.js", "--external:./own.js"])
            .arg(format!("--outfile={single}")),
    )?;
    let text = fs::read_to_string(&single).map_err(Failure::io("read", &single))?;
    let core = format!("{STAGING}/core.js");
    fs::write(&core, function_of(&text)).map_err(Failure::io("write", &core))
}

/// A module's text as that of a function: what it imports comes from its argument, and what it exports is its result.
fn function_of(module: &str) -> String {
    let mut text = "export function instantiate(modules) {\n".to_owned();
    let mut statement = String::new();
    for line in module.lines() {
        let begins = line.starts_with("import ") || line.starts_with("export {");
        if !begins && statement.is_empty() {
            text.push_str(line);
        } else {
            statement.push_str(line);
            if line.ends_with(';') {
                text.push_str(&converted(&std::mem::take(&mut statement)));
            }
        }
        text.push('\n');
    }
    text.push_str("}\n");
    text
}

/// An import as a constant, an export as what is returned.
fn converted(statement: &str) -> String {
    let statement = statement.trim_end_matches(';');
    let names = |list: &str, swap: bool| {
        let pairs = list.trim_matches(['{', '}', ' ']).split(',').map(|name| {
            let (inner, outer) = name.trim().split_once(" as ").unwrap_or((name.trim(), name.trim()));
            if swap {
                format!("{outer}: {inner}")
            } else {
                format!("{inner}: {outer}")
            }
        });
        format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
    };
    if let Some((what, from)) = statement
        .strip_prefix("import ")
        .and_then(|rest| rest.rsplit_once(" from "))
    {
        let target = match what.strip_prefix("* as ") {
            Some(namespace) => namespace.to_owned(),
            None if what.starts_with('{') => names(what, false),
            None => what.to_owned(),
        };
        format!("const {target} = modules[{from}];")
    } else {
        format!("return {};", names(statement.trim_start_matches("export "), true))
    }
}

#[cfg(test)]
mod tests {
    use super::function_of;

    #[test]
    fn imports_become_constants_and_exports_the_result() {
        let module = "import * as one from \"./one.js\";\nimport two from \"./two.wasm\";\nimport {\n  a,\n  b as c\n} from \"./three.js\";\n\
             one.f(two, a, c);\nexport {\n  d,\n  e as f\n};\n";
        let function = "export function instantiate(modules) {\nconst one = modules[\"./one.js\"];\nconst two = modules[\"./two.wasm\"];\n\n\n\n\
             const { a: a, b: c } = modules[\"./three.js\"];\none.f(two, a, c);\n\n\n\nreturn { d: d, f: e };\n}\n";
        assert_eq!(function_of(module), function);
    }
}
