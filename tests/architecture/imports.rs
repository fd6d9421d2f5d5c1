//! Names and imports that a crate must not use.
//!
//! `proc-macro2` splits a source into tokens, so words in comments and string literals do not count, but tokens of
//! macros do.

use proc_macro2::TokenStream;

use crate::source::flatten;

/// Modules of `std` that reach outside of the process, or that behave differently in each run.
const OUTSIDE_WORLD: &[&str] = &["fs", "net", "time", "env", "thread", "process", "io"];
/// Crates of JavaScript bindings.
const JAVASCRIPT: &[&str] = &["wasm_bindgen", "js_sys", "web_sys"];
/// Further names that the core must not use.
const NOT_IN_THE_CORE: &[&str] = &["rand", "getrandom", "SystemTime", "Instant"];

/// Returns what a source file of the core uses and must not. `others`: the crates that depend on the core.
pub fn core_violations(source: &str, others: &[&str]) -> Vec<String> {
    let tokens = tokens(source);
    let mut found = names(&tokens, JAVASCRIPT);
    found.extend(names(&tokens, NOT_IN_THE_CORE));
    found.extend(names(&tokens, others));
    found.extend(crate_paths(&tokens, "worker"));
    found.extend(paths_into_std(&tokens));
    found
}

/// Returns the forbidden crates that a source file names.
pub fn foreign_violations(source: &str, others: &[&str]) -> Vec<String> {
    names(&tokens(source), others)
}

/// Returns the JavaScript names in a source file of the native half or of the HTTP application, which must run on any
/// host.
pub fn host_violations(source: &str) -> Vec<String> {
    let tokens = tokens(source);
    let mut found = names(&tokens, JAVASCRIPT);
    found.extend(crate_paths(&tokens, "worker"));
    found
}

pub fn unsafe_violations(source: &str) -> Vec<String> {
    names(&tokens(source), &["unsafe"])
}

fn tokens(source: &str) -> Vec<String> {
    let stream: TokenStream = source
        .parse()
        .unwrap_or_else(|error| panic!("expected Rust, found {source:.80}: {error}"));
    let mut words = Vec::new();
    flatten(stream, &mut words);
    words
}

fn names(tokens: &[String], forbidden: &[&str]) -> Vec<String> {
    tokens
        .iter()
        .filter(|token| forbidden.contains(&token.as_str()))
        .cloned()
        .collect()
}

/// Finds uses of a crate whose name is an everyday word: `name::…` from the root, or `use name`.
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

/// Finds paths from `std` into one of [`OUTSIDE_WORLD`], including grouped and renamed imports.
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

// ---- tests that the rules can fail ----

#[cfg(test)]
const OTHERS: &[&str] = &["selvedge_worker", "selvedge_export"];

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
        "use selvedge_export::lake::Lake;",
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
        assert!(!core_violations(planted, OTHERS).is_empty(), "not found: {planted}");
    }
}

#[test]
fn text_that_only_looks_like_an_import_passes() {
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
        assert_eq!(core_violations(harmless, OTHERS), Vec::<String>::new(), "{harmless}");
    }
}

#[test]
fn a_planted_dependency_between_the_shells_is_found() {
    assert_eq!(
        foreign_violations("use selvedge_export::lake::Lake;", OTHERS),
        ["selvedge_export"]
    );
    assert_eq!(
        foreign_violations("use selvedge_worker::route;", OTHERS),
        ["selvedge_worker"]
    );
    assert!(!host_violations("let x = worker::console_log!();").is_empty());
    assert!(!host_violations("use js_sys::Date;").is_empty());
    assert!(host_violations("for worker in &workers { worker.join(); }").is_empty());
}

#[test]
fn a_planted_unsafe_block_is_found() {
    assert_eq!(unsafe_violations("fn f() { unsafe { g() } }"), ["unsafe"]);
    assert_eq!(unsafe_violations("#[unsafe(no_mangle)] fn f() {}"), ["unsafe"]);
    assert!(unsafe_violations("#![forbid(unsafe_code)] // unsafe\nlet word = \"unsafe\";").is_empty());
}
