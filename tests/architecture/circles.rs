//! Circles between modules, and the order of layers.
//!
//! Modules in the same folder are compared, each with everything inside it. If anything in `snapshot/` uses anything in
//! `policy` and anything in `policy` uses anything in `snapshot/`, that is a circle. A module and its submodules count
//! as one: `slots/open.rs` may use what `slots/mod.rs` defines, and the other way round. Every other circle between
//! files appears as one between two neighbours, in the folder that contains them all.

use std::collections::{BTreeMap, BTreeSet};

use crate::modules::Edge;

/// For each folder (a path below the crate's root), which of its modules uses which, with one place as proof.
type Neighbours<'e> = BTreeMap<String, BTreeMap<(String, String), &'e Edge>>;

fn neighbours(edges: &[Edge]) -> Neighbours<'_> {
    let mut folders = Neighbours::new();
    for edge in edges {
        let shared = edge
            .from
            .iter()
            .zip(&edge.to)
            .take_while(|(from, to)| from == to)
            .count();
        let folder = edge.from[..shared].join("::");
        let name = |path: &[String]| path[..=shared].join("::");
        folders
            .entry(folder)
            .or_default()
            .entry((name(&edge.from), name(&edge.to)))
            .or_insert(edge);
    }
    folders
}

/// A known circle that is to be removed: `from` uses `to`, and should not.
pub type Known = (&'static str, &'static str);

/// Returns circles that are not known, and known ones that no longer exist.
pub fn circle_violations(edges: &[Edge], known: &[Known]) -> Vec<String> {
    let mut found = Vec::new();
    let mut gone: BTreeSet<Known> = known.iter().copied().collect();
    for pairs in neighbours(edges).values() {
        let all: BTreeSet<(&str, &str)> = pairs.keys().map(|(from, to)| (from.as_str(), to.as_str())).collect();
        for pair in known.iter().filter(|pair| in_circle(&all, **pair)) {
            gone.remove(pair);
        }
        let rest: BTreeSet<(&str, &str)> = all.iter().filter(|pair| !known.contains(pair)).copied().collect();
        let in_circles: Vec<_> = pairs
            .iter()
            .filter(|((from, to), _)| in_circle(&rest, (from, to)))
            .collect();
        for ((from, to), edge) in in_circles {
            found.push(format!(
                "{from} -> {to} is part of a circle: {} uses {}",
                edge.file, edge.by
            ));
        }
    }
    found.extend(
        gone.iter().map(|(from, to)| {
            format!("{from} -> {to} is listed as part of a circle and is none: take it off the list")
        }),
    );
    found
}

/// Whether a use leads back to where it starts.
fn in_circle(pairs: &BTreeSet<(&str, &str)>, (from, to): (&str, &str)) -> bool {
    if !pairs.contains(&(from, to)) {
        return false;
    }
    let (mut reached, mut ahead) = (BTreeSet::new(), vec![to]);
    while let Some(at) = ahead.pop() {
        if reached.insert(at) {
            ahead.extend(pairs.iter().filter(|(start, _)| *start == at).map(|(_, end)| *end));
        }
    }
    reached.contains(from)
}

/// Checks the modules of a crate against its layers, lowest first. A module may use its own layer and those below. A
/// use that closes a known circle may point upwards until the circle is removed.
pub fn layer_violations(edges: &[Edge], modules: &[String], layers: &[Vec<String>], known: &[Known]) -> Vec<String> {
    let layer_of = |name: &str| {
        layers
            .iter()
            .position(|layer| layer.iter().any(|module| module == name))
    };
    let mut found: Vec<String> = modules
        .iter()
        .filter(|module| layer_of(module).is_none())
        .map(|module| format!("{module} is in no layer"))
        .collect();
    let listed: Vec<&String> = layers.iter().flatten().collect();
    found.extend(
        listed
            .iter()
            .filter(|name| !modules.contains(name))
            .map(|name| format!("{name} is in a layer and does not exist")),
    );
    for ((from, to), edge) in neighbours(edges).get("").into_iter().flatten() {
        if let (Some(lower), Some(higher)) = (layer_of(from), layer_of(to))
            && higher > lower
            && !known.contains(&(from.as_str(), to.as_str()))
        {
            let Edge { file, by, .. } = edge;
            found.push(format!("{from} -> {to} points upwards: {file} uses {by}"));
        }
    }
    found
}

/// Reads the layers that a page declares: a table whose first cell is a number and whose second cell names modules in
/// back quotes.
pub fn layers_of(page: &str, heading: &str) -> Vec<Vec<String>> {
    let section = page.split_once(heading).map_or("", |(_, rest)| rest);
    let section = section.split("\n## ").next().unwrap_or_default();
    section
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
            cells.next()?.parse::<usize>().ok()?;
            let names = cells.next()?.split('`').skip(1).step_by(2);
            Some(names.map(str::to_owned).collect())
        })
        .collect()
}

// ---- tests that the rules can fail ----

#[cfg(test)]
fn edges(pairs: &[(&str, &str)]) -> Vec<Edge> {
    let path = |name: &str| name.split("::").map(str::to_owned).collect();
    pairs
        .iter()
        .map(|(from, to)| Edge {
            from: path(from),
            to: path(to),
            file: format!("{from}.rs"),
            by: (*to).to_owned(),
        })
        .collect()
}

#[test]
fn a_circle_of_two_and_of_three_is_found() {
    assert_eq!(
        circle_violations(&edges(&[("a", "b"), ("b", "a"), ("b", "c")]), &[]),
        [
            "a -> b is part of a circle: a.rs uses b",
            "b -> a is part of a circle: b.rs uses a"
        ]
    );
    assert_eq!(
        circle_violations(&edges(&[("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")]), &[]).len(),
        3
    );
    assert!(circle_violations(&edges(&[("a", "b"), ("b", "c"), ("a", "c")]), &[]).is_empty());
}

#[test]
fn a_circle_between_folders_and_within_one_is_found() {
    // No two files form a circle, but their folders do.
    assert_eq!(
        circle_violations(&edges(&[("a::x", "b::y"), ("b::z", "a::w")]), &[]).len(),
        2
    );
    assert_eq!(
        circle_violations(&edges(&[("a::x", "a::y"), ("a::y", "a::x")]), &[]).len(),
        2
    );
}

#[test]
fn a_known_circle_passes_until_it_is_removed() {
    let pairs = edges(&[("a", "b"), ("b", "a")]);
    assert!(circle_violations(&pairs, &[("b", "a")]).is_empty());
    let gone = ["b -> a is listed as part of a circle and is none: take it off the list"];
    assert_eq!(circle_violations(&edges(&[("a", "b")]), &[("b", "a")]), gone);
    assert_eq!(circle_violations(&edges(&[("b", "a")]), &[("b", "a")]), gone);
    assert_eq!(circle_violations(&pairs, &[]).len(), 2);
}

#[test]
fn a_use_of_a_higher_layer_is_found() {
    let page =
        "## Layers\n| layer | modules |\n|---|---|\n| 1 | `low`, `base` |\n| 2 | `high` |\n\n## Next\n| 3 | `other` |";
    let layers = layers_of(page, "## Layers");
    assert_eq!(layers, [vec!["low", "base"], vec!["high"]]);
    let modules = ["low", "base", "high"].map(str::to_owned);
    assert!(layer_violations(&edges(&[("high", "low"), ("low", "base")]), &modules, &layers, &[]).is_empty());
    assert_eq!(
        layer_violations(&edges(&[("low::part", "high::x")]), &modules, &layers, &[]),
        ["low -> high points upwards: low::part.rs uses high::x"]
    );
    let others = ["low", "base", "new"].map(str::to_owned);
    assert_eq!(
        layer_violations(&[], &others, &layers, &[]),
        ["new is in no layer", "high is in a layer and does not exist"]
    );
}
