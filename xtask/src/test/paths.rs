//! No artefact names a path of the machine that built it (`.cargo/remap-paths`).

use std::io::Read;
use std::path::{Path, PathBuf};
use std::{env, fs};

use flate2::read::GzDecoder;

use super::tally::Tally;
use crate::browser;
use crate::demo;
use crate::failure::Failure;
use crate::worker;

/// Builds every artefact and looks for the paths of this machine in it.
pub fn check() -> Result<Tally, Failure> {
    worker::build(false)?;
    browser::build(false)?;
    let mut files: Vec<PathBuf> = worker::FILES.iter().chain(browser::FILES).map(PathBuf::from).collect();
    files.push(browser::TARBALL.into());
    files.push(demo::build_cli()?);
    let needles = machine_paths()?;
    let mut tally = Tally::default();
    for file in files {
        let content = contents(&file)?;
        let found = needles.iter().find(|needle| contains(&content, needle.as_bytes()));
        if let Some(found) = found {
            println!("{}: expected no path of this machine, found {found}", file.display());
            println!(
                "hint: what was compiled before `.cargo/remap-paths` was there keeps its paths; `cargo clean` makes it anew"
            );
        }
        tally.add(&if found.is_none() {
            Tally::passed()
        } else {
            Tally::failed()
        });
    }
    Ok(tally)
}

/// The folders of the person, of cargo and of the sources.
fn machine_paths() -> Result<Vec<String>, Failure> {
    let tree = env::current_dir().map_err(Failure::io("find", "."))?;
    let home = env::var_os("HOME").map(PathBuf::from);
    let cargo = env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo = cargo.or_else(|| home.as_ref().map(|home| home.join(".cargo")));
    Ok([Some(tree), cargo, home]
        .into_iter()
        .flatten()
        // A home folder of `/` is in every path.
        .filter(|path| path.components().count() > 1)
        .map(|path| format!("{}/", path.display()))
        .collect())
}

/// A file's bytes, unpacked if it is a tarball.
fn contents(file: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = fs::read(file).map_err(Failure::io("read", file))?;
    if file.extension().is_none_or(|extension| extension != "tgz") {
        return Ok(bytes);
    }
    let mut unpacked = Vec::new();
    GzDecoder::new(bytes.as_slice())
        .read_to_end(&mut unpacked)
        .map_err(Failure::io("unpack", file))?;
    Ok(unpacked)
}

fn contains(content: &[u8], needle: &[u8]) -> bool {
    content.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::{contains, machine_paths};

    #[test]
    fn a_planted_path_is_found_and_the_path_it_was_made_into_is_not() {
        let paths = machine_paths().unwrap_or_default();
        assert!(!paths.is_empty());
        for path in paths {
            assert!(contains(format!("…at {path}src/lib.rs:3").as_bytes(), path.as_bytes()));
            assert!(!contains(
                b"/cargo/index.crates.io-0/serde-1.0.0/src/lib.rs /selvedge/src",
                path.as_bytes()
            ));
        }
    }
}
