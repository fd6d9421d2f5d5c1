//! The architecture, read from the sources: dependencies point one way, between crates and between the modules of a crate; no modules use
//! each other in a circle; the core has no world of its own; nothing is `unsafe`; and `docs/architecture.md` names every module and no other.
//!
//! Each rule is a function of texts, and its own file tests that it can fail. Here they are held against the tree.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod circles;
mod imports;
mod modules;
mod page;
mod source;
mod workspace;

use std::fs;
use std::path::Path;

use circles::{Known, circle_violations, layer_violations, layers_of};
use imports::{core_violations, foreign_violations, host_violations, unsafe_violations};
use modules::Crate;
use page::{manifest_violations, naming_violations, without_dev_dependencies};
use workspace::{Member, ROOT, members, modules_of, read, rust_files};

const PAGE: &str = "docs/architecture.md";

/// Uses that close a circle today and are being removed, by crate: the first uses the second, and should not. Whoever removes one takes its
/// line out; the test fails while a line is left of a circle that is gone.
const KNOWN_CIRCLES: &[(&str, &[Known])] = &[];

#[test]
fn the_core_has_no_world_of_its_own() {
    // Only the bindings for JavaScript may know JavaScript.
    let is_js = |file: &str| file == "src/js.rs" || file.starts_with("src/js/");
    let others = crates_of(|member| !member.folder.is_empty());
    let others: Vec<&str> = others.iter().map(String::as_str).collect();
    hold("src", 20, is_js, |source| core_violations(source, &others));
}

#[test]
fn the_two_shells_do_not_know_each_other() {
    let native = crates_of(is_native);
    let native: Vec<&str> = native.iter().map(String::as_str).collect();
    let edge = crates_of(is_edge);
    let edge: Vec<&str> = edge.iter().map(String::as_str).collect();
    let all = members();
    for member in all.iter().filter(|member| is_edge(member)) {
        hold(
            &member.folder,
            5,
            |_| false,
            |source| foreign_violations(source, &native),
        );
        let packages: Vec<String> = native.iter().map(|name| name.replace('_', "-")).collect();
        let forbidden: Vec<&str> = packages.iter().map(String::as_str).collect();
        let manifest = read(&member.manifest());
        let mut found = manifest_violations(&manifest, &forbidden);
        // Tests may write snapshots.
        found.extend(manifest_violations(&without_dev_dependencies(&manifest), &["writer"]));
        assert!(found.is_empty(), "{}: {found:?}", member.manifest());
    }
    for member in all.iter().filter(|member| is_native(member)) {
        let rule = |source: &str| {
            let mut found = foreign_violations(source, &edge);
            found.extend(host_violations(source));
            found
        };
        hold(&member.folder, 3, |_| false, rule);
        let packages: Vec<String> = edge.iter().map(|name| name.replace('_', "-")).collect();
        let mut forbidden: Vec<&str> = packages.iter().map(String::as_str).collect();
        forbidden.push("worker");
        let found = manifest_violations(&read(&member.manifest()), &forbidden);
        assert!(found.is_empty(), "{}: {found:?}", member.manifest());
    }
    let others = crates_of(|member| !member.folder.is_empty());
    let others: Vec<String> = others.iter().map(|name| name.replace('_', "-")).collect();
    let mut forbidden: Vec<&str> = others.iter().map(String::as_str).collect();
    forbidden.extend(["rand", "getrandom"]);
    let manifest = read("Cargo.toml");
    // In front of them stands the list of the workspace's members.
    let (_, dependencies) = manifest.split_once("[features]").unwrap();
    let core = manifest_violations(dependencies, &forbidden);
    assert!(core.is_empty(), "Cargo.toml: {core:?}");
}

/// The application for every host names none; only where it lies in a crate of its own.
#[test]
fn the_http_application_names_no_host() {
    for member in members().iter().filter(|member| member.folder == "edge") {
        hold(&member.folder, 5, |_| false, host_violations);
        hold(
            &member.folder,
            5,
            |_| false,
            |source| foreign_violations(source, &["selvedge_worker"]),
        );
        let forbidden = ["wasm-bindgen", "js-sys", "web-sys", "worker", "selvedge-worker"];
        let found = manifest_violations(&read(&member.manifest()), &forbidden);
        assert!(found.is_empty(), "{}: {found:?}", member.manifest());
    }
}

/// Values of known headers cross as lines without their names.
#[test]
fn the_worker_and_its_shim_name_the_known_headers_in_the_same_order() {
    const LIST: &str = "const KNOWN: [&str; 4] = [";
    let quoted = |path: &str, from: &str| -> Vec<String> {
        let source = read(path);
        let list = source.split_once(from).and_then(|(_, rest)| rest.split_once(']'));
        let (list, _) = list.unwrap_or_else(|| panic!("{path}: expected `{from}` and a list, found none"));
        list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let mut files = rust_files("worker/src");
    files.retain(|file| read(file).contains(LIST));
    let [file] = &files[..] else {
        panic!("worker/src: expected `{LIST}` in one file, found it in {files:?}");
    };
    let known = quoted(file, LIST);
    assert_eq!(known.len(), 4, "{known:?}");
    assert_eq!(known, quoted("worker/shim/http.js", "const HEADERS = ["));
}

#[test]
fn nothing_is_unsafe() {
    hold("", 100, |_| false, unsafe_violations);
    assert!(
        read("Cargo.toml").contains("unsafe_code = \"forbid\""),
        "the compiler has to hold it as well"
    );
}

#[test]
fn the_architecture_page_names_every_module_and_no_other() {
    let members = members();
    let named = members.iter().filter(|member| !member.is_measuring());
    let roots: Vec<String> = named.map(Member::source_folder).collect();
    let modules: Vec<String> = roots.iter().flat_map(|root| modules_of(root)).collect();
    assert!(modules.contains(&"src/lib.rs".to_owned()) && modules.contains(&"src/snapshot/".to_owned()));
    let violations = naming_violations(&read(PAGE), &modules, &roots);
    assert!(violations.is_empty(), "{PAGE}:\n{}", violations.join("\n"));
}

#[test]
fn no_modules_use_each_other_in_a_circle() {
    let mut found = Vec::new();
    for member in members() {
        for (at, tree) in crates_in(&member).iter().enumerate() {
            // A library beside a program is the first of the two.
            let known = if at == 0 { known_circles(&member.name) } else { &[] };
            let circles = circle_violations(&tree.edges(), known);
            found.extend(circles.into_iter().map(|circle| format!("{}: {circle}", member.name)));
        }
    }
    assert!(
        found.is_empty(),
        "see {PAGE}, \"Direction between modules\":\n{}",
        found.join("\n")
    );
}

#[test]
fn the_modules_of_the_core_use_their_own_layer_and_those_below() {
    let layers = layers_of(&read(PAGE), "### Layers of the core");
    assert!(layers.len() > 5, "{PAGE}: expected a table of layers, found {layers:?}");
    let core = tree("src/lib.rs");
    let tops = core.files();
    let modules: Vec<String> = tops
        .iter()
        .filter(|(path, _)| path.len() == 1)
        .map(|(path, _)| path.join("::"))
        .collect();
    let found = layer_violations(&core.edges(), &modules, &layers, known_circles("selvedge"));
    assert!(
        found.is_empty(),
        "see {PAGE}, \"Layers of the core\":\n{}",
        found.join("\n")
    );
}

/// A module that the tree does not reach would be held to nothing.
#[test]
fn the_module_trees_reach_the_source_files() {
    for member in members() {
        let reached: Vec<String> = crates_in(&member)
            .iter()
            .flat_map(|tree| {
                tree.files()
                    .iter()
                    .map(|(_, file)| (*file).to_owned())
                    .collect::<Vec<_>>()
            })
            .collect();
        let is_test = |file: &str| file.ends_with("tests.rs") || file.contains("/tests/");
        let missed: Vec<String> = rust_files(&member.source_folder())
            .into_iter()
            .filter(|file| !is_test(file) && !reached.contains(file))
            .collect();
        assert!(missed.is_empty(), "{}: no module tree reaches {missed:?}", member.name);
    }
}

// ---- reading the tree ----

fn known_circles(package: &str) -> &'static [Known] {
    let of_package = KNOWN_CIRCLES.iter().find(|(name, _)| *name == package);
    of_package.map_or(&[], |(_, known)| known)
}

/// What stands on the edge: the HTTP application and its hosts.
fn is_edge(member: &Member) -> bool {
    ["worker", "edge"].contains(&member.folder.as_str())
}

/// The native half.
fn is_native(member: &Member) -> bool {
    member.folder.split('/').next() == Some("model-export")
}

/// Crate names of the members that are asked for.
fn crates_of(which: impl Fn(&Member) -> bool) -> Vec<String> {
    let members = members();
    let names = members
        .iter()
        .filter(|member| which(member))
        .map(|member| member.name.replace('-', "_"));
    names.collect()
}

/// A member's library, its program, and further programs.
fn crates_in(member: &Member) -> Vec<Crate> {
    let folder = member.source_folder();
    let mut roots = vec![format!("{folder}/lib.rs"), format!("{folder}/main.rs")];
    roots.extend(rust_files(&format!("{folder}/bin")));
    roots
        .iter()
        .filter(|root| Path::new(ROOT).join(root).is_file())
        .map(|root| tree(root))
        .collect()
}

fn tree(root: &str) -> Crate {
    Crate::read(root, &|path| fs::read_to_string(Path::new(ROOT).join(path)).ok())
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
