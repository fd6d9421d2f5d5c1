//! Modules that the architecture page names, and packages that manifests depend on.

/// Finds forbidden packages among a manifest's dependencies, and forbidden features.
pub fn manifest_violations(manifest: &str, forbidden: &[&str]) -> Vec<String> {
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

/// Returns a manifest without its dev-dependencies.
pub fn without_dev_dependencies(manifest: &str) -> String {
    let mut is_dev = false;
    let mut kept = String::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            is_dev = line.contains("dev-dependencies");
        }
        if !is_dev {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// Finds modules that the page does not name, and modules that it names but that no longer exist. `roots`: the crates'
/// source folders.
pub fn naming_violations(page: &str, modules: &[String], roots: &[String]) -> Vec<String> {
    let named: Vec<&str> = page
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|code| {
            roots
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
        .filter(|name| name.trim_end_matches('/').split('/').count() == depth_of(name, roots) + 1)
        .filter(|name| !modules.iter().any(|module| module == *name))
        .map(|name| format!("`{name}` is named and does not exist"));
    missing.chain(gone).collect()
}

/// Number of path segments up to the crate's source folder.
fn depth_of(name: &str, roots: &[String]) -> usize {
    let root = roots
        .iter()
        .filter(|root| name.starts_with(&format!("{root}/")))
        .max_by_key(|root| root.len());
    root.map_or(0, |root| root.split('/').count())
}

// ---- tests that the rules can fail ----

#[test]
fn missing_and_outdated_lines_of_the_page_are_found() {
    let modules = ["src/lib.rs", "src/engine/", "worker/src/route.rs"].map(str::to_owned);
    let roots = ["src", "worker/src"].map(str::to_owned);
    let page = "`src/lib.rs` and `src/engine/`, `src/engine/plan.rs`; `worker/src/route.rs`";
    assert_eq!(naming_violations(page, &modules, &roots), Vec::<String>::new());
    assert_eq!(
        naming_violations("`src/lib.rs`, src/engine/ and `worker/src/route.rs`", &modules, &roots),
        ["`src/engine/` is not named"]
    );
    let stale = format!("{page} `src/old.rs` `worker/src/old/`");
    assert_eq!(
        naming_violations(&stale, &modules, &roots),
        [
            "`src/old.rs` is named and does not exist",
            "`worker/src/old/` is named and does not exist"
        ]
    );
}

#[test]
fn a_planted_dependency_in_a_manifest_is_found() {
    let manifest =
        "[dependencies]\nselvedge = { workspace = true, features = [\"writer\"] }\nselvedge-export.workspace = true\n";
    assert_eq!(manifest_violations(manifest, &["selvedge-export", "writer"]).len(), 2);
    let in_tests = "[dev-dependencies]\nselvedge = { features = [\"writer\"] }\n[target.x.dev-dependencies.y]\nwriter = 1\n[features]\nall = []";
    assert!(manifest_violations(&without_dev_dependencies(in_tests), &["writer"]).is_empty());
    assert_eq!(
        manifest_violations(&without_dev_dependencies(manifest), &["writer"]).len(),
        1
    );
    assert!(manifest_violations("# writer = 1\nserde = \"1\"", &["selvedge-export", "writer"]).is_empty());
}
