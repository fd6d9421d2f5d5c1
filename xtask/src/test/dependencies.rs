//! What the lock files bring in: each crate's licence must be one that we accept, and each must come from crates.io.
//!
//! These are the checks `licenses`, `sources` and `bans` of cargo-deny. Like cargo-deny, this step reads `cargo metadata` and has the `spdx`
//! crate read the licences. It needs no program that a new machine would have to build first. It does not look for known vulnerabilities,
//! because their database is on the network.

use std::collections::BTreeMap;

use serde_json::Value;
use spdx::{Expression, ParseMode};

use super::tally::Tally;
use crate::failure::Failure;
use crate::process;
use crate::tools;

/// The workspaces, by their manifests.
const MANIFESTS: [&str; 2] = ["Cargo.toml", "fuzz/Cargo.toml"];

/// Licences that allow what this project allows: use in closed products with no more than a notice.
const LICENCES: [&str; 13] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    // libFuzzer, which is linked into the fuzz targets only.
    "NCSA",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
    // A licence of the BSD kind, of one crate that reads bzip2 files.
    "bzip2-1.0.6",
];

/// Where crates may come from.
const SOURCE: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Crates that must not come in, with the reason.
const BANNED: [(&str, &str); 2] = [
    (
        "openssl-sys",
        "links a library of the system; signatures are ed25519-dalek's",
    ),
    ("native-tls", "links a library of the system"),
];

/// One package of `cargo metadata`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Package {
    name: String,
    version: String,
    /// The expression in `Cargo.toml`.
    licence: Option<String>,
    /// [`None`] for the packages of the tree.
    source: Option<String>,
}

/// Checks every package of every workspace; prints what is wrong.
pub fn check() -> Result<Tally, Failure> {
    let mut tally = Tally::default();
    for manifest in MANIFESTS {
        let packages = packages(manifest)?;
        let faults = faults(&packages);
        for fault in &faults {
            eprintln!("{manifest}: {fault}");
        }
        println!("{manifest}: {} packages", packages.len());
        tally.add(&if faults.is_empty() {
            Tally::passed()
        } else {
            Tally::failed()
        });
    }
    Ok(tally)
}

fn packages(manifest: &str) -> Result<Vec<Package>, Failure> {
    let text = process::output(tools::cargo().args([
        "metadata",
        "--locked",
        "--all-features",
        "--format-version",
        "1",
        "--manifest-path",
        manifest,
    ]))?;
    let metadata: Value = serde_json::from_str(&text).map_err(|error| Failure::Mismatch {
        what: format!("`cargo metadata` of {manifest}"),
        expected: "JSON".to_owned(),
        found: error.to_string(),
        hint: "run it by hand".to_owned(),
    })?;
    let words = |package: &Value, field: &str| package[field].as_str().map(str::to_owned);
    let packages = metadata["packages"].as_array().map_or(&[][..], Vec::as_slice);
    Ok(packages
        .iter()
        .map(|package| Package {
            name: words(package, "name").unwrap_or_default(),
            version: words(package, "version").unwrap_or_default(),
            licence: words(package, "license"),
            source: words(package, "source"),
        })
        .collect())
}

/// One line for each thing that is wrong.
fn faults(packages: &[Package]) -> Vec<String> {
    let banned = BTreeMap::from(BANNED);
    let mut faults = Vec::new();
    for package in packages {
        let Some(source) = &package.source else { continue };
        let named = format!("{} {}", package.name, package.version);
        if source != SOURCE {
            faults.push(format!("{named} comes from {source}; expected {SOURCE}"));
        }
        if let Some(reason) = banned.get(package.name.as_str()) {
            faults.push(format!("{named} must not come in: {reason}"));
        }
        match &package.licence {
            None => faults.push(format!(
                "{named} names no licence; expected an SPDX expression in its Cargo.toml"
            )),
            Some(licence) if !accepted(licence) => faults.push(format!(
                "{named} has the licence `{licence}`; expected one of {}",
                LICENCES.join(", ")
            )),
            Some(_) => {}
        }
    }
    faults
}

/// Whether an SPDX expression can be met by the licences that we accept. Exceptions only add permissions.
fn accepted(expression: &str) -> bool {
    Expression::parse_mode(expression, ParseMode::LAX).is_ok_and(|expression| {
        expression.evaluate(|wanted| {
            wanted
                .license
                .id()
                .is_some_and(|licence| LICENCES.contains(&licence.name))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_accepted_if_our_licences_can_meet_it() {
        for (expression, expected) in [
            ("MIT", true),
            ("MIT/Apache-2.0", true),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("GPL-3.0-only OR MIT", true),
            ("GPL-3.0-only AND MIT", false),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
            ("AGPL-3.0-only", false),
            ("", false),
            ("our own licence", false),
        ] {
            assert_eq!(accepted(expression), expected, "{expression}");
        }
    }

    #[test]
    fn a_crate_from_elsewhere_without_licence_or_banned_is_a_fault_and_our_own_is_not() {
        let package = |name: &str, licence: Option<&str>, source: Option<&str>| Package {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            licence: licence.map(str::to_owned),
            source: source.map(str::to_owned),
        };
        assert_eq!(faults(&[package("selvedge", None, None)]), Vec::<String>::new());
        assert_eq!(faults(&[package("a", Some("MIT"), Some(SOURCE))]), Vec::<String>::new());
        for (package, words) in [
            (package("a", None, Some(SOURCE)), "a 1.0.0 names no licence"),
            (package("b", Some("GPL-2.0-only"), Some(SOURCE)), "`GPL-2.0-only`"),
            (
                package("c", Some("MIT"), Some("git+https://example.com/c")),
                "comes from git+https://example.com/c",
            ),
            (package("native-tls", Some("MIT"), Some(SOURCE)), "must not come in"),
        ] {
            let found = faults(&[package]);
            assert!(found.len() == 1 && found[0].contains(words), "{found:?}");
        }
    }
}
