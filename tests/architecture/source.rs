//! One Rust source, read with `syn`: its items and their names, its imports, and the paths it uses.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree};

/// Reads a file by its path; [`None`] if there is none.
pub type Reader<'r> = &'r dyn Fn(&str) -> Option<String>;

/// One name that a `use` imports.
#[derive(Debug)]
pub struct Import {
    pub path: Vec<String>,
    /// Its name here; [`None`] for all names (`*`).
    pub name: Option<String>,
}

pub fn parse(file: &str, source: &str) -> syn::File {
    syn::parse_file(source).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Returns a child module's file, its text, and the folder of its own children.
pub fn module_file(folder: &str, name: &str, attributes: &[Attribute], reader: Reader<'_>) -> (String, String, String) {
    let inner = format!("{folder}/{name}");
    let named = attributes.iter().find_map(|attribute| {
        let syn::Meta::NameValue(pair) = &attribute.meta else {
            return None;
        };
        let syn::Expr::Lit(literal) = &pair.value else {
            return None;
        };
        let syn::Lit::Str(text) = &literal.lit else { return None };
        pair.path.is_ident("path").then(|| format!("{folder}/{}", text.value()))
    });
    let files = match named {
        Some(file) => vec![file],
        None => vec![format!("{inner}.rs"), format!("{inner}/mod.rs")],
    };
    for file in &files {
        if let Some(source) = reader(file) {
            return (file.clone(), source, inner);
        }
    }
    panic!("mod {name}: expected {}, found neither", files.join(" or "))
}

/// Whether something exists only in tests.
pub fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else {
            return false;
        };
        let mut words = Vec::new();
        flatten(list.tokens.clone(), &mut words);
        let has = |wanted: &str| words.iter().any(|word| word == wanted);
        list.path.is_ident("cfg") && has("test") && !has("not") && !has("any")
    })
}

pub fn attributes_of(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Returns an item's name in its module.
pub fn name_of(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

/// Collects the names that a `use` imports, including grouped and renamed ones.
pub fn expand(tree: &UseTree, path: &mut Vec<String>, found: &mut Vec<Import>) {
    match tree {
        UseTree::Path(inner) => {
            path.push(inner.ident.to_string());
            expand(&inner.tree, path, found);
            path.pop();
        }
        UseTree::Name(last) => {
            let mut path = path.clone();
            if last.ident != "self" {
                path.push(last.ident.to_string());
            }
            let name = path.last().cloned();
            found.push(Import { path, name });
        }
        UseTree::Rename(last) => {
            let mut path = path.clone();
            if last.ident != "self" {
                path.push(last.ident.to_string());
            }
            let name = Some(last.rename.to_string());
            found.push(Import { path, name });
        }
        UseTree::Glob(_) => found.push(Import {
            path: path.clone(),
            name: None,
        }),
        UseTree::Group(group) => {
            for tree in &group.items {
                expand(tree, path, found);
            }
        }
    }
}

/// Collects the paths in an item.
#[derive(Default)]
pub struct Paths {
    /// Paths in expressions and types.
    pub inline: BTreeSet<Vec<String>>,
    /// Imports of a `use` inside a function.
    pub imports: Vec<Import>,
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            let names = path.segments.iter().map(|segment| segment.ident.to_string());
            self.inline.insert(names.collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_item_use(&mut self, used: &'ast syn::ItemUse) {
        expand(&used.tree, &mut Vec::new(), &mut self.imports);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        let mut words = Vec::new();
        flatten(called.tokens.clone(), &mut words);
        self.inline.extend(paths_in(&words));
        visit::visit_macro(self, called);
    }
}

/// Finds paths of two or more names among tokens that only a macro can parse.
fn paths_in(words: &[String]) -> Vec<Vec<String>> {
    let is_name = |word: &str| word.starts_with(|first: char| first.is_alphabetic() || first == '_');
    let mut found = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let joined = at >= 2 && words[at - 1] == ":" && words[at - 2] == ":";
        if is_name(word) && joined && !path.is_empty() {
            path.push(word.clone());
        } else if is_name(word) {
            found.push(std::mem::take(&mut path));
            // A leading `::name` names another crate.
            path = if joined { Vec::new() } else { vec![word.clone()] };
        } else if word != ":" {
            found.push(std::mem::take(&mut path));
        }
        at += 1;
    }
    found.push(path);
    found.retain(|path| path.len() > 1);
    found
}

/// Collects the words and punctuation of Rust tokens, without string and other literals. Comments are not tokens.
pub fn flatten(tokens: TokenStream, words: &mut Vec<String>) {
    use proc_macro2::Delimiter;
    for token in tokens {
        match token {
            TokenTree::Ident(name) => words.push(name.to_string()),
            TokenTree::Punct(sign) => words.push(sign.as_char().to_string()),
            TokenTree::Literal(_) => {}
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                words.push(open.to_owned());
                flatten(group.stream(), words);
                words.push(close.to_owned());
            }
        }
    }
}
