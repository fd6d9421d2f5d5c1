//! Makes the build's id: `SELVEDGE_BUILD_ID` of the environment, or else a digest of the sources that answers are made by.
//!
//! Caches that outlive a deployment (the network's, Varnish, browsers) keep answers under keys that hold this id, so that no answer of other
//! code is taken for one of this code. The digest is of names and contents only: the same sources give the same id on every machine.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Sources of the core and of this crate, and the versions of everything else.
const SOURCES: [&str; 3] = ["../src", "src", "../Cargo.lock"];

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-env-changed=SELVEDGE_BUILD_ID");
    let given = env::var("SELVEDGE_BUILD_ID").unwrap_or_default();
    let id = if given.is_empty() { digest_of_sources()? } else { given };
    println!("cargo::rustc-env=SELVEDGE_BUILD_ID={id}");
    Ok(())
}

fn digest_of_sources() -> io::Result<String> {
    let mut files = Vec::new();
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
        collect(Path::new(source), &mut files)?;
    }
    files.sort();
    // FNV-1a: it has to notice changes, not to withstand anybody.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for file in files {
        let name = file.to_string_lossy().replace('\\', "/");
        for byte in name.bytes().chain(fs::read(&file)?) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    Ok(format!("{hash:016x}"))
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            collect(&entry?.path(), files)?;
        }
    } else if path.exists() {
        files.push(path.to_owned());
    }
    Ok(())
}
