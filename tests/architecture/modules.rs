//! The module tree of a crate, read with `syn`, and which module uses which.
//!
//! A path (`use crate::a::B`, `super::B`, `a::B` in an expression, a type or a macro's tokens) counts as a use of the
//! module in whose file the item is defined. Re-exports are followed, so a facade neither hides a use nor adds one.
//! Modules and imports behind `#[cfg(test)]` do not count, and neither do method calls: `x.f()` names no module.

use std::collections::{BTreeMap, BTreeSet};

use syn::Item;
use syn::visit::Visit;

use crate::source::{Import, Paths, Reader, attributes_of, expand, is_test, module_file, name_of, parse};

/// A module with a file of its own, or one inside a file.
#[derive(Debug, Default)]
struct Module {
    /// Module names from the crate's root, whose path is empty.
    path: Vec<String>,
    file: String,
    /// The module whose file contains it; itself, unless it is inside another module's file.
    home: usize,
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
    items: BTreeSet<String>,
    imports: Vec<Import>,
    /// Paths other than those of `use`.
    inline: BTreeSet<Vec<String>>,
}

/// The modules of one crate.
#[derive(Debug)]
pub struct Crate {
    modules: Vec<Module>,
}

/// One module uses an item that another one defines. Both are paths below the crate's root.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    pub from: Vec<String>,
    pub to: Vec<String>,
    /// File of the using module.
    pub file: String,
    /// The path as written there.
    pub by: String,
}

impl Crate {
    /// Reads a crate, starting from its root file.
    pub fn read(root_file: &str, reader: Reader<'_>) -> Self {
        let mut read = Self { modules: Vec::new() };
        let source = reader(root_file).unwrap_or_else(|| panic!("{root_file}: not there"));
        read.modules.push(Module {
            file: root_file.to_owned(),
            ..Module::default()
        });
        let folder = root_file.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        read.fill(0, parse(root_file, &source).items, &folder, reader);
        read
    }

    /// Returns the paths of all modules with a file of their own; the root's is empty.
    pub fn files(&self) -> Vec<(&[String], &str)> {
        let own = self
            .modules
            .iter()
            .enumerate()
            .filter(|(at, module)| module.home == *at);
        own.map(|(_, module)| (module.path.as_slice(), module.file.as_str()))
            .collect()
    }

    /// `folder`: where the files of child modules are.
    fn fill(&mut self, at: usize, items: Vec<Item>, folder: &str, reader: Reader<'_>) {
        let mut paths = Paths::default();
        for item in items {
            if is_test(attributes_of(&item)) {
                continue;
            }
            if let Some(name) = name_of(&item) {
                self.modules[at].items.insert(name);
            }
            match item {
                Item::Mod(child) => {
                    let name = child.ident.to_string();
                    let inner = format!("{folder}/{name}");
                    let (file, items, inner) = match child.content {
                        Some((_, items)) => (None, items, inner),
                        None => {
                            let (file, source, inner) = module_file(folder, &name, &child.attrs, reader);
                            let items = parse(&file, &source).items;
                            (Some(file), items, inner)
                        }
                    };
                    let child = self.add(at, name, file);
                    self.fill(child, items, &inner, reader);
                }
                Item::Use(used) => {
                    let mut names = Vec::new();
                    expand(&used.tree, &mut Vec::new(), &mut names);
                    if used.leading_colon.is_none() {
                        self.modules[at].imports.extend(names);
                    }
                }
                item => paths.visit_item(&item),
            }
        }
        let Paths { inline, imports } = paths;
        // A `use` inside a function adds no name to the module, but what it names is used.
        self.modules[at].inline.extend(inline);
        self.modules[at]
            .inline
            .extend(imports.into_iter().map(|import| import.path));
    }

    fn add(&mut self, parent: usize, name: String, file: Option<String>) -> usize {
        let at = self.modules.len();
        let mut path = self.modules[parent].path.clone();
        path.push(name.clone());
        let home = if file.is_some() { at } else { self.modules[parent].home };
        self.modules.push(Module {
            path,
            file: file.unwrap_or_else(|| self.modules[parent].file.clone()),
            home,
            parent: Some(parent),
            ..Module::default()
        });
        self.modules[parent].children.insert(name, at);
        at
    }

    /// Returns which module uses which, each pair once. Leaves out uses of the module itself, of those that contain it
    /// and of those inside it.
    pub fn edges(&self) -> Vec<Edge> {
        let mut edges: BTreeMap<(usize, usize), String> = BTreeMap::new();
        for (at, module) in self.modules.iter().enumerate() {
            let used = module
                .imports
                .iter()
                .map(|import| (&import.path, import.name.is_none()));
            for (path, all) in used.chain(module.inline.iter().map(|path| (path, false))) {
                let target = self.resolve(at, path, &mut BTreeSet::new());
                let Some(target) = target.map(Target::module) else {
                    continue;
                };
                let (from, to) = (self.modules[at].home, self.modules[target].home);
                let (below, above) = (&self.modules[from].path, &self.modules[to].path);
                if !below.starts_with(above) && !above.starts_with(below) {
                    let by = path.join("::") + if all { "::*" } else { "" };
                    edges.entry((from, to)).or_insert(by);
                }
            }
        }
        let mut edges: Vec<Edge> = edges
            .into_iter()
            .map(|((from, to), by)| Edge {
                from: self.modules[from].path.clone(),
                to: self.modules[to].path.clone(),
                file: self.modules[from].file.clone(),
                by,
            })
            .collect();
        edges.sort();
        edges
    }

    /// Resolves a path that is written in a module; [`None`] for another crate's item, a local variable and the like.
    fn resolve(&self, at: usize, path: &[String], seen: &mut Seen) -> Option<Target> {
        let (first, rest) = path.split_first()?;
        let start = match first.as_str() {
            "crate" => Target::Module(0),
            "self" => Target::Module(at),
            "super" => Target::Module(self.modules[at].parent?),
            name => self.look_up(at, name, seen)?,
        };
        self.follow(start, rest, seen)
    }

    fn follow(&self, start: Target, path: &[String], seen: &mut Seen) -> Option<Target> {
        let mut found = start;
        for name in path {
            let Target::Module(at) = found else { break };
            found = match name.as_str() {
                "self" => found,
                "super" => Target::Module(self.modules[at].parent?),
                name => self.look_up(at, name, seen)?,
            };
        }
        Some(found)
    }

    /// Resolves a name in a module: a child module, an item, or an import.
    fn look_up(&self, at: usize, name: &str, seen: &mut Seen) -> Option<Target> {
        let module = &self.modules[at];
        if let Some(child) = module.children.get(name) {
            return Some(Target::Module(*child));
        }
        if module.items.contains(name) {
            return Some(Target::Item(at));
        }
        // Two modules may glob-import each other.
        if !seen.insert((at, name.to_owned())) {
            return None;
        }
        let named = module
            .imports
            .iter()
            .filter(|import| import.name.as_deref() == Some(name));
        for import in named {
            // Without this, `use name::…` of another crate with the name `name` would resolve to itself.
            if let Some(target) = self.resolve(at, &import.path, seen) {
                return Some(target);
            }
        }
        for import in module.imports.iter().filter(|import| import.name.is_none()) {
            if let Some(Target::Module(all)) = self.resolve(at, &import.path, &mut seen.clone())
                && let Some(target) = self.look_up(all, name, seen)
            {
                return Some(target);
            }
        }
        None
    }
}

type Seen = BTreeSet<(usize, String)>;

/// Target of a path.
#[derive(Clone, Copy, Debug)]
enum Target {
    Module(usize),
    /// An item that is defined in a module.
    Item(usize),
}

impl Target {
    fn module(self) -> usize {
        match self {
            Self::Module(at) | Self::Item(at) => at,
        }
    }
}

// ---- tests with small invented crates ----

/// Returns the uses in a crate with these files, as `from -> to`.
#[cfg(test)]
pub fn edges_of(files: &[(&str, &str)]) -> Vec<String> {
    let reader = |path: &str| {
        let found = files.iter().find(|(name, _)| *name == path);
        found.map(|(_, source)| (*source).to_owned())
    };
    let edges = Crate::read("src/lib.rs", &reader).edges();
    edges
        .iter()
        .map(|edge| format!("{} -> {}", edge.from.join("::"), edge.to.join("::")))
        .collect()
}

#[test]
fn every_way_to_name_a_module_is_found() {
    for user in [
        "use crate::b::B;",
        "use crate::{c::C, b::{self, B}};",
        "use super::b::B as Other;",
        "use super::b;",
        "use crate::b::*;",
        "fn f() { crate::b::g(); }",
        "fn f(x: &super::b::B) {}",
        "fn f() { use crate::b::B; }",
        "impl From<crate::b::B> for u8 { fn from(b: crate::b::B) -> u8 { 0 } }",
        "fn f() { println!(\"{}\", crate::b::N); }",
        "fn f() { assert_eq!(1, vec![super::b::g(1), 2].len()); }",
        "use crate::B;",
        "use crate as root; fn f() { root::b::g(); }",
        "mod inner { use super::super::b::B; }",
        "const X: [u8; crate::b::N] = [];",
        "#[cfg(not(test))] use crate::b::B;",
        "#[cfg(any(test, feature = \"writer\"))] use crate::b::B;",
    ] {
        let root = "mod a; mod b; mod c; use b::B;";
        let files = [
            ("src/lib.rs", root),
            ("src/a.rs", user),
            ("src/b/mod.rs", "pub struct B; pub const N: usize = 0; pub fn g() {}"),
            ("src/c.rs", "pub struct C;"),
        ];
        assert!(edges_of(&files).contains(&"a -> b".to_owned()), "not found: {user}");
    }
}

#[test]
fn text_that_names_no_other_module_is_not_a_use() {
    for user in [
        "// use crate::b::B;",
        "/// Like [`crate::b::B`].\nfn f() {}",
        "const T: &str = \"crate::b::B\";",
        "fn f(b: u8) -> u8 { b }",
        "#[cfg(test)] mod tests { use crate::b::B; }",
        "#[cfg(test)] use crate::b::B;",
        "use other::b::B;",
        "use ::b::B;",
        "struct B; fn f() -> B { B }",
    ] {
        let files = [
            ("src/lib.rs", "mod a; mod b;"),
            ("src/a.rs", user),
            ("src/b.rs", "pub struct B;"),
        ];
        assert_eq!(edges_of(&files), Vec::<String>::new(), "{user}");
    }
}

#[test]
fn a_re_export_leads_to_where_the_item_is_defined() {
    let files = [
        ("src/lib.rs", "mod a; mod b;"),
        ("src/a.rs", "use crate::b::Deep; use crate::b::Own;"),
        ("src/b/mod.rs", "mod c; mod d; pub use c::*; pub struct Own;"),
        ("src/b/c.rs", "pub use super::d::Deep;"),
        ("src/b/d.rs", "pub struct Deep; fn f() -> super::Own { super::Own }"),
    ];
    assert_eq!(edges_of(&files), ["a -> b", "a -> b::d", "b::c -> b::d"]);
}
