//! The architecture, read from the sources: dependencies point one way, the core has no world of its own, nothing is
//! `unsafe`, and `docs/architecture.md` names every module and no other.
//!
//! Words in comments and texts are not looked at. That a rule can fail is tested below, rule by rule.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const PAGE: &str = "docs/architecture.md";

/// Modules of `std` that reach outside of the process, or are not the same at the next run.
const OUTSIDE_WORLD: &[&str] = &["fs", "net", "time", "env", "thread", "process", "io"];
/// Names that the core must not use anywhere.
const NOT_IN_THE_CORE: &[&str] = &[
    "wasm_bindgen",
    "js_sys",
    "web_sys",
    "rand",
    "getrandom",
    "SystemTime",
    "Instant",
    "selvedge_worker",
    "selvedge_export",
    "selvedge_lake",
    "selvedge_models",
];
/// Where Rust sources lie.
const RUST_FOLDERS: &[&str] = &[
    "src",
    "worker",
    "model-export",
    "xtask",
    "tests",
    "benches",
    "examples",
    "fuzz",
];
/// Folders whose modules the page has to name.
const CRATES: &[&str] = &[
    "src",
    "worker/src",
    "model-export/src",
    "model-export/lake/src",
    "model-export/models/src",
    "xtask/src",
];

// ---- rules ----

/// What a source file of the core does that it must not.
fn core_violations(source: &str) -> Vec<String> {
    let tokens = tokens(source);
    let mut found = names(&tokens, NOT_IN_THE_CORE);
    found.extend(crate_paths(&tokens, "worker"));
    found.extend(paths_into_std(&tokens));
    found
}

fn worker_violations(source: &str) -> Vec<String> {
    names(&tokens(source), &["selvedge_export", "selvedge_lake", "selvedge_models"])
}

fn export_violations(source: &str) -> Vec<String> {
    let tokens = tokens(source);
    let mut found = names(&tokens, &["selvedge_worker", "wasm_bindgen", "js_sys", "web_sys"]);
    found.extend(crate_paths(&tokens, "worker"));
    found
}

fn unsafe_violations(source: &str) -> Vec<String> {
    names(&tokens(source), &["unsafe"])
}

/// Forbidden packages among a manifest's dependencies (and features that must not be asked for).
fn manifest_violations(manifest: &str, forbidden: &[&str]) -> Vec<String> {
    manifest
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default())
        .filter_map(|line| {
            let name = line.split(['=', '.']).next().unwrap_or_default().trim();
            let word = forbidden
                .iter()
                .find(|word| **word == name || line.contains(&format!("\"{word}\"")))?;
            Some(format!("{word} in `{}`", line.trim()))
        })
        .collect()
}

/// Modules that the page does not name, and modules that it names although they are gone.
fn naming_violations(page: &str, modules: &[String]) -> Vec<String> {
    let named: Vec<&str> = page
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|code| {
            CRATES
                .iter()
                .any(|root| code.strip_prefix(root).is_some_and(|rest| rest.starts_with('/')))
        })
        .collect();
    let missing = modules
        .iter()
        .filter(|module| !named.contains(&module.as_str()))
        .map(|module| format!("`{module}` is not named"));
    let gone = named
        .iter()
        .filter(|name| name.trim_end_matches('/').split('/').count() == depth_of(name) + 1)
        .filter(|name| !modules.iter().any(|module| module == *name))
        .map(|name| format!("`{name}` is named and does not exist"));
    missing.chain(gone).collect()
}

/// Parts of the path up to the crate's source folder.
fn depth_of(name: &str) -> usize {
    let root = CRATES
        .iter()
        .filter(|root| name.starts_with(&format!("{root}/")))
        .max_by_key(|root| root.len());
    root.map_or(0, |root| root.split('/').count())
}

// ---- reading Rust ----

/// Words and single signs of a source, without comments, texts and character literals.
fn tokens(source: &str) -> Vec<String> {
    let letters: Vec<char> = source.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        let next = letters.get(at + 1).copied().unwrap_or('\0');
        if letter == '/' && next == '/' {
            while letters.get(at).is_some_and(|letter| *letter != '\n') {
                at += 1;
            }
        } else if letter == '/' && next == '*' {
            at = after_comment(&letters, at);
        } else if letter == '"' {
            at = after_text(&letters, at);
        } else if letter == '\'' {
            // A lifetime has no closing quote two places on, and no backslash.
            let literal = next == '\\' || letters.get(at + 2) == Some(&'\'');
            at += if literal { 2 } else { 1 };
            if literal {
                // After a backslash, the escaped letter may be a quote itself.
                at += usize::from(next == '\\');
                while letters.get(at).is_some_and(|letter| *letter != '\'') {
                    at += 1;
                }
                at += 1;
            }
        } else if letter.is_alphanumeric() || letter == '_' {
            let start = at;
            while letters
                .get(at)
                .is_some_and(|letter| letter.is_alphanumeric() || *letter == '_')
            {
                at += 1;
            }
            let word: String = letters[start..at].iter().collect();
            match raw_text(&letters, at).filter(|_| ["r", "br", "cr"].contains(&word.as_str())) {
                Some(end) => at = end,
                None => tokens.push(word),
            }
        } else {
            if !letter.is_whitespace() {
                tokens.push(letter.to_string());
            }
            at += 1;
        }
    }
    tokens
}

/// Comments nest.
fn after_comment(letters: &[char], mut at: usize) -> usize {
    let mut depth = 0;
    while at < letters.len() {
        match (letters[at], letters.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn after_text(letters: &[char], start: usize) -> usize {
    let mut at = start + 1;
    while letters.get(at).is_some_and(|letter| *letter != '"') {
        at += if letters[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// The end of a raw text whose `r` stands before `at`; `None` where there is none.
fn raw_text(letters: &[char], at: usize) -> Option<usize> {
    let hashes = letters[at..].iter().take_while(|letter| **letter == '#').count();
    if letters.get(at + hashes) != Some(&'"') {
        return None;
    }
    let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let body = at + hashes + 1;
    let end = letters[body..]
        .windows(close.len())
        .position(|window| window == close)?;
    Some(body + end + close.len())
}

fn names(tokens: &[String], forbidden: &[&str]) -> Vec<String> {
    tokens
        .iter()
        .filter(|token| forbidden.contains(&token.as_str()))
        .cloned()
        .collect()
}

/// Uses of a crate whose name is an everyday word: `name::…` from the root, or `use name`.
fn crate_paths(tokens: &[String], name: &str) -> Vec<String> {
    let token = |at: usize| tokens.get(at).map_or("", String::as_str);
    (0..tokens.len())
        .filter(|at| token(*at) == name)
        .filter(|at| {
            let before = at.checked_sub(1).map_or("", token);
            let is_path = token(at + 1) == ":" && token(at + 2) == ":" && before != ":";
            is_path || ["use", "crate"].contains(&before)
        })
        .map(|at| format!("{} {name}", at.checked_sub(1).map_or("", token)))
        .collect()
}

/// Paths from `std` into one of [`OUTSIDE_WORLD`], grouped imports and new names for `std` included.
fn paths_into_std(tokens: &[String]) -> Vec<String> {
    let token = |at: usize| tokens.get(at).map_or("", String::as_str);
    let mut found = Vec::new();
    for at in (0..tokens.len()).filter(|at| token(*at) == "std") {
        if token(at + 1) == "as" || (token(at + 1) == ":" && token(at + 3) == "*") {
            found.push("std under another name".to_owned());
        }
        if token(at + 1) != ":" || token(at + 2) != ":" {
            continue;
        }
        let mut first_words = vec![token(at + 3)];
        if token(at + 3) == "{" {
            let mut depth = 1;
            let mut place = at + 4;
            let mut starts = true;
            while depth > 0 && place < tokens.len() {
                match token(place) {
                    "{" => depth += 1,
                    "}" => depth -= 1,
                    "," if depth == 1 => starts = true,
                    word if starts => {
                        first_words.push(word);
                        starts = false;
                    }
                    _ => {}
                }
                place += 1;
            }
        }
        let outside = first_words
            .into_iter()
            .filter(|word| OUTSIDE_WORLD.contains(word) || *word == "self");
        found.extend(outside.map(|word| format!("std::{word}")));
    }
    found
}

// ---- reading the tree ----

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Paths of all Rust files below a folder, from the root, in order. None where there is no such folder.
fn rust_files(folder: &str) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = vec![Path::new(ROOT).join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if !["target", "node_modules"].contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if name.ends_with(".rs") {
                files.push(path.strip_prefix(ROOT).unwrap().to_string_lossy().replace('\\', "/"));
            }
        }
    }
    files.sort();
    files
}

/// Files and folders right below a crate's source folder; a folder ends in `/`.
fn modules_of(root: &str) -> Vec<String> {
    let mut modules: Vec<String> = rust_files(root)
        .iter()
        .map(|file| {
            let rest = &file[root.len() + 1..];
            match rest.split_once('/') {
                Some((folder, _)) => format!("{root}/{folder}/"),
                None => file.clone(),
            }
        })
        .collect();
    modules.dedup();
    modules
}

fn hold(folder: &str, at_least: usize, skip: impl Fn(&str) -> bool, rule: impl Fn(&str) -> Vec<String>) {
    let files = rust_files(folder);
    // A rule over nothing holds always.
    assert!(
        files.len() >= at_least,
        "{folder}: expected at least {at_least} Rust files, found {}",
        files.len()
    );
    let violations: Vec<String> = files
        .iter()
        .filter(|file| !skip(file))
        .flat_map(|file| {
            rule(&read(file))
                .into_iter()
                .map(move |violation| format!("{file}: {violation}"))
        })
        .collect();
    assert!(
        violations.is_empty(),
        "forbidden here, see {PAGE}:\n{}",
        violations.join("\n")
    );
}

// ---- the tree holds the rules ----

#[test]
fn the_core_has_no_world_of_its_own() {
    // Only the bindings for JavaScript may know JavaScript.
    let is_js = |file: &str| file == "src/js.rs" || file.starts_with("src/js/");
    hold("src", 20, is_js, core_violations);
}

#[test]
fn the_two_shells_do_not_know_each_other() {
    hold("worker", 10, |_| false, worker_violations);
    hold("model-export", 20, |_| false, export_violations);
    let worker = manifest_violations(&read("worker/Cargo.toml"), &["selvedge-export", "writer"]);
    assert!(worker.is_empty(), "worker/Cargo.toml: {worker:?}");
    let export = manifest_violations(&read("model-export/Cargo.toml"), &["selvedge-worker", "worker"]);
    assert!(export.is_empty(), "model-export/Cargo.toml: {export:?}");
    let core = manifest_violations(
        &read("Cargo.toml"),
        &["selvedge-export", "selvedge-worker", "rand", "getrandom"],
    );
    assert!(core.is_empty(), "Cargo.toml: {core:?}");
}

/// Values of known headers cross as lines without their names.
#[test]
fn the_worker_and_its_shim_name_the_known_headers_in_the_same_order() {
    let quoted = |path: &str, from: &str| -> Vec<String> {
        let source = read(path);
        let list = source.split_once(from).and_then(|(_, rest)| rest.split_once(']'));
        let (list, _) = list.unwrap_or_else(|| panic!("{path}: expected `{from}` and a list, found none"));
        list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let known = quoted("worker/src/incoming.rs", "const KNOWN: [&str; 4] = [");
    assert_eq!(known.len(), 4, "{known:?}");
    assert_eq!(known, quoted("worker/shim/http.js", "const HEADERS = ["));
}

#[test]
fn nothing_is_unsafe() {
    for folder in RUST_FOLDERS {
        hold(folder, 0, |_| false, unsafe_violations);
    }
    assert!(
        read("Cargo.toml").contains("unsafe_code = \"forbid\""),
        "the compiler has to hold it as well"
    );
}

#[test]
fn the_architecture_page_names_every_module_and_no_other() {
    let modules: Vec<String> = CRATES.iter().flat_map(|root| modules_of(root)).collect();
    assert!(modules.contains(&"src/lib.rs".to_owned()) && modules.contains(&"src/snapshot/".to_owned()));
    let violations = naming_violations(&read(PAGE), &modules);
    assert!(violations.is_empty(), "{PAGE}:\n{}", violations.join("\n"));
}

// ---- and each rule can fail ----

#[test]
fn a_planted_import_in_the_core_is_found() {
    for planted in [
        "use std::fs;",
        "use std::{collections::BTreeMap, fs::File};",
        "use std::{sync::{Arc, Mutex}, time};",
        "fn f() { let t = std::time::Instant::now(); }",
        "use core::fmt; use std :: io :: Read;",
        "use std as s;",
        "use std::*;",
        "use worker::Env;",
        "extern crate worker;",
        "fn f() -> worker::Result<()> { ::worker::x() }",
        "use wasm_bindgen::prelude::*;",
        "let x = js_sys::Date::now();",
        "let r = rand::random::<u8>();",
        "getrandom::fill(&mut bytes)",
        "let quote = '\"'; use std::env; // \"",
        "let quote = '\\''; use std::env;",
        "let raw = r#\"a \" b\"#; use std::net::TcpStream;",
        "/* /* nested */ still a comment */ use std::thread;",
        "fn f<'a>(x: &'a str) { std::process::exit(1) }",
    ] {
        assert!(!core_violations(planted).is_empty(), "not found: {planted}");
    }
}

#[test]
fn what_only_looks_like_an_import_is_let_through() {
    for harmless in [
        "// use std::fs;",
        "/// Reads by `std::fs::read`, in the worker:: of JS.",
        "/* use worker::Env; */",
        "let text = \"use std::fs; \\\" wasm_bindgen\";",
        "let raw = r#\"rand \" getrandom\"#;",
        "use std::collections::BTreeMap;",
        "use std::{sync::Arc, borrow::Cow};",
        "let worker = 1; let brand = worker;",
        "let filesystem = crate::fs::read(instant);",
        "fn f<'a>(x: &'a str, y: char) -> bool { y == 'a' || y == '\\n' }",
    ] {
        assert_eq!(core_violations(harmless), Vec::<String>::new(), "{harmless}");
    }
}

#[test]
fn a_planted_dependency_between_the_shells_is_found() {
    assert_eq!(
        worker_violations("use selvedge_export::lake::Lake;"),
        ["selvedge_export"]
    );
    assert_eq!(export_violations("use selvedge_worker::route;"), ["selvedge_worker"]);
    assert!(!export_violations("let x = worker::console_log!();").is_empty());
    assert!(!export_violations("use js_sys::Date;").is_empty());
    assert!(export_violations("for worker in &workers { worker.join(); }").is_empty());
    let manifest =
        "[dependencies]\nselvedge = { workspace = true, features = [\"writer\"] }\nselvedge-export.workspace = true\n";
    assert_eq!(manifest_violations(manifest, &["selvedge-export", "writer"]).len(), 2);
    assert!(manifest_violations("# writer = 1\nserde = \"1\"", &["selvedge-export", "writer"]).is_empty());
}

#[test]
fn a_planted_unsafe_block_is_found() {
    assert_eq!(unsafe_violations("fn f() { unsafe { g() } }"), ["unsafe"]);
    assert_eq!(unsafe_violations("#[unsafe(no_mangle)] fn f() {}"), ["unsafe"]);
    assert!(unsafe_violations("#![forbid(unsafe_code)] // unsafe\nlet word = \"unsafe\";").is_empty());
}

#[test]
fn a_module_without_a_line_and_a_line_without_a_module_are_found() {
    let modules = ["src/lib.rs", "src/engine/", "worker/src/route.rs"].map(str::to_owned);
    let page = "`src/lib.rs` and `src/engine/`, `src/engine/plan.rs`; `worker/src/route.rs`";
    assert_eq!(naming_violations(page, &modules), Vec::<String>::new());
    assert_eq!(
        naming_violations("`src/lib.rs`, src/engine/ and `worker/src/route.rs`", &modules),
        ["`src/engine/` is not named"]
    );
    let stale = format!("{page} `src/old.rs` `worker/src/old/`");
    assert_eq!(
        naming_violations(&stale, &modules),
        [
            "`src/old.rs` is named and does not exist",
            "`worker/src/old/` is named and does not exist"
        ]
    );
}
