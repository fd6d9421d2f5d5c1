//! Steps that the builds of the Worker and the browser package share: wasm-opt, sizes, folders.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::{Compression, write::GzEncoder};

use crate::failure::Failure;
use crate::process;
use crate::tools;

/// The Wasm features that rustc 1.95 may emit for `wasm32-unknown-unknown` with `simd128`. With these alone, wasm-opt
/// adds no instruction that a browser or workerd does not know.
const WASM_FEATURES: &[&str] = &[
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-call-indirect-overlong",
    "--enable-exception-handling",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
];

/// Compiler flags of every Wasm artefact with SIMD.
pub const SIMD: &str = "-Ctarget-feature=+simd128";

/// Cargo's settings for a release artefact: optimised for size (`s`, or `z` for the smallest), except the packages `hot`, which are
/// optimised for speed because requests spend their time there.
///
/// The Worker at `z` is 5 KB smaller after gzip than at `s`. The browser's Wasm needs no hot packages: the kernel's inner loops
/// are SIMD intrinsics, of the same size and shape either way.
pub fn release_settings(level: char, hot: &[&str]) -> Vec<String> {
    std::iter::once(format!("profile.release.opt-level=\"{level}\""))
        .chain(
            hot.iter()
                .map(|package| format!("profile.release.package.{package}.opt-level=3")),
        )
        .flat_map(|setting| ["--config".to_owned(), setting])
        .collect()
}

/// Where cargo puts the Wasm module of a crate in a profile (`release` or `debug`).
pub fn compiled(profile: &str, name: &str) -> Result<PathBuf, Failure> {
    let built = tools::target_dir()?.join("wasm32-unknown-unknown").join(profile);
    Ok(built.join(name).with_extension("wasm"))
}

/// Optimises a module in place.
pub fn optimise(wasm: &str, level: &str) -> Result<(), Failure> {
    let fresh = format!("{wasm}.opt");
    process::run(
        tools::wasm_opt()?
            .args([
                wasm,
                "-o",
                &fresh,
                level,
                "--converge",
                "--strip-producers",
                "--strip-target-features",
            ])
            .args(WASM_FEATURES),
    )?;
    fs::rename(&fresh, wasm).map_err(Failure::io("replace", wasm))
}

/// Bytes after gzip at its best level.
pub fn gzip_size(path: impl AsRef<Path>) -> Result<usize, Failure> {
    let path = path.as_ref();
    let content = fs::read(path).map_err(Failure::io("read", path))?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder
        .write_all(&content)
        .and_then(|()| encoder.finish())
        .map(|compressed| compressed.len())
        .map_err(Failure::io("compress", path))
}

/// Prints the sizes of an artefact's files and fails if their sum exceeds the limit.
pub fn check_size(artefact: &'static str, files: &[&str], limit: usize) -> Result<(), Failure> {
    let mut found = 0;
    for file in files {
        let compressed = gzip_size(file)?;
        let raw = fs::metadata(file).map_err(Failure::io("read", file))?.len();
        println!("{file}: {raw} bytes, {compressed} after gzip");
        found += compressed;
    }
    println!("{artefact}: {found} bytes after gzip, limit {limit}");
    if found > limit {
        return Err(Failure::TooBig { artefact, found, limit });
    }
    Ok(())
}

/// Makes an empty folder; deletes what was there before.
pub fn empty_dir(path: &str) -> Result<(), Failure> {
    if Path::new(path).exists() {
        fs::remove_dir_all(path).map_err(Failure::io("empty", path))?;
    }
    fs::create_dir_all(path).map_err(Failure::io("create", path))
}

/// Copies a folder and its contents, except hidden files.
pub fn copy_dir(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::create_dir_all(to).map_err(Failure::io("create", to))?;
    for entry in fs::read_dir(from).map_err(Failure::io("list", from))? {
        let path = entry.map_err(Failure::io("list", from))?.path();
        let name = path.file_name().unwrap_or_default();
        if name.to_string_lossy().starts_with('.') {
            continue;
        }
        if path.is_dir() {
            copy_dir(&path, &to.join(name))?;
        } else {
            fs::copy(&path, to.join(name)).map_err(Failure::io("copy", &path))?;
        }
    }
    Ok(())
}
