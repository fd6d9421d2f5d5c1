//! The workspace on disk: its members by `Cargo.toml`, and their Rust files.

use std::fs;
use std::path::Path;

pub const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// One member of the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The package's name.
    pub name: String,
    /// Its folder relative to the root; empty for the core, which is the root package.
    pub folder: String,
}

impl Member {
    /// Returns the folder of its sources.
    pub fn source_folder(&self) -> String {
        self.path("src")
    }

    /// Returns the path of its manifest.
    pub fn manifest(&self) -> String {
        self.path("Cargo.toml")
    }

    /// Whether it only measures the product. The page need not name the modules of such a member.
    pub fn is_measuring(&self) -> bool {
        self.folder.starts_with("benches/")
    }

    fn path(&self, name: &str) -> String {
        if self.folder.is_empty() {
            name.to_owned()
        } else {
            format!("{}/{name}", self.folder)
        }
    }
}

/// Returns all members of the workspace, in the manifest's order.
pub fn members() -> Vec<Member> {
    let listed = member_folders(&read("Cargo.toml"));
    let mut members = Vec::new();
    for entry in listed {
        let folders = match entry.strip_suffix("/*") {
            Some(parent) => folders_below(parent),
            None if entry == "." => vec![String::new()],
            None => vec![entry],
        };
        for folder in folders {
            let mut member = Member {
                name: String::new(),
                folder,
            };
            let manifest = read(&member.manifest());
            member.name = package_name(&manifest).unwrap_or_else(|| panic!("{}: no name", member.manifest()));
            members.push(member);
        }
    }
    members
}

/// Returns the folders that a workspace's manifest lists as members.
fn member_folders(manifest: &str) -> Vec<String> {
    let list = manifest
        .split_once("members = [")
        .and_then(|(_, rest)| rest.split_once(']'));
    let (list, _) = list.unwrap_or_else(|| panic!("Cargo.toml: expected `members = [`, found none"));
    let without_comments: Vec<&str> = list.lines().map(|line| line.split('#').next().unwrap_or("")).collect();
    let quoted = without_comments.join("\n");
    quoted.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Returns the direct subfolders of `parent` that have a manifest, sorted.
fn folders_below(parent: &str) -> Vec<String> {
    let entries = fs::read_dir(Path::new(ROOT).join(parent)).unwrap_or_else(|error| panic!("{parent}: {error}"));
    let mut folders: Vec<String> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("Cargo.toml").is_file())
        .map(|path| format!("{parent}/{}", path.file_name().unwrap_or_default().to_string_lossy()))
        .collect();
    folders.sort();
    folders
}

fn package_name(manifest: &str) -> Option<String> {
    let (_, package) = manifest.split_once("[package]")?;
    let line = package.lines().find(|line| line.starts_with("name"))?;
    line.split('"').nth(1).map(str::to_owned)
}

/// Reads a file; a missing one fails the test.
pub fn read(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the paths of all Rust files below a folder, relative to the root and sorted; the empty folder is the root.
///
/// Skips hidden folders, build output and installed packages.
pub fn rust_files(folder: &str) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![Path::new(ROOT).join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let entry = entry.unwrap();
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            // A symbolic link may lead out of the tree, so it is not followed.
            if entry.file_type().unwrap().is_dir() {
                if !name.starts_with('.') && !["target", "node_modules", "build"].contains(&name.as_str()) {
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

/// Returns the files and folders directly below a source folder; a folder ends in `/`.
pub fn modules_of(root: &str) -> Vec<String> {
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

#[test]
fn members_are_read_from_the_manifest() {
    let manifest =
        "[workspace]\nmembers = [\n  \".\", # the core\n  \"edge\",\n  \"native/*\",\n]\nexclude = [\"fuzz\"]";
    assert_eq!(member_folders(manifest), [".", "edge", "native/*"]);
    let package = "[package]\nversion = \"1\"\nname = \"selvedge-edge\"\n[lib]\nname = \"other\"";
    assert_eq!(package_name(package).as_deref(), Some("selvedge-edge"));
    let found = members();
    assert_eq!(found[0].name, "selvedge");
    assert_eq!(found[0].source_folder(), "src");
    assert!(found.iter().any(|member| member.folder == "xtask"), "{found:?}");
}
