//! The files that were given, folders taken apart: files of one kind in a folder are one source.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use selvedge_lake::ingest::{Cell, IngestError, Sample, files_below, sample, sample_as};
use selvedge_lake::source::TextFormat;

use super::names::Name;

/// Files of a folder that are looked at. Of more, as many evenly over the list.
const MOST: usize = 24;
/// Rows that are kept of all files of a source together.
const MAX_ROWS: usize = 20_000;

/// One source: a file, or the files of a folder that have the same columns.
pub struct Given {
    /// The file, or the folder.
    pub path: PathBuf,
    /// Its path pattern from the folder on; empty where `path` itself is the source.
    pub below: String,
    /// What stands in it.
    pub sample: Sample,
    /// What the person should know about how it was found.
    pub told: Vec<String>,
}

/// Looks at all files. A file that is given twice is looked at once.
///
/// # Errors
/// A file that was given by its name cannot be read.
pub fn gather(paths: &[PathBuf]) -> Result<Vec<Given>, IngestError> {
    let mut seen: HashSet<PathBuf> = HashSet::new();
    let mut found: Vec<Given> = Vec::new();
    for path in paths {
        let real = path.canonicalize().unwrap_or_else(|_| path.clone());
        if !seen.insert(real) {
            if let Some(last) = found.last_mut() {
                last.told
                    .push(format!("{} was given twice and is read once", path.display()));
            }
            continue;
        }
        if path.is_dir() {
            found.extend(folder(path)?);
        } else {
            found.push(Given {
                path: path.clone(),
                below: String::new(),
                sample: lists_apart(path)?,
                told: Vec::new(),
            });
        }
    }
    Ok(found)
}

/// Looks at a file. A list of bare items in a row (`"items": ["a", "b"]`) is taken apart, as a list of objects is by itself.
fn lists_apart(path: &Path) -> Result<Sample, IngestError> {
    let found = sample(path)?;
    let list = (0..found.columns.len()).find(|&index| {
        let mut cells = found
            .rows
            .iter()
            .filter_map(|row| row.get(index))
            .filter(|cell| !cell.is_empty())
            .peekable();
        let lists = cells.peek().is_some() && cells.all(|cell| matches!(cell, Cell::List(_)));
        lists && found.shape.explode.is_none() && Name::of(&found.columns[index]).fit(LISTS) >= 0.8
    });
    match list {
        Some(list) => {
            let text = TextFormat {
                explode: Some(found.columns[list].clone()),
                ..found.shape.pinned()
            };
            sample_as(path, &text)
        }
        None => Ok(found),
    }
}

/// What lists of items are called.
const LISTS: &[&str] = &[
    "items",
    "products",
    "skus",
    "articles",
    "itemids",
    "productids",
    "basket",
    "cart",
    "lineitems",
    "contents",
    "tracks",
    "movies",
    "artikel",
    "produkte",
    "produits",
    "productos",
    "prodotti",
    "produtos",
    "producten",
    "produkty",
];

/// The sources of a folder.
fn folder(path: &Path) -> Result<Vec<Given>, IngestError> {
    let files = files_below(path)?;
    let step = files.len().div_ceil(MOST).max(1);
    let mut groups: Vec<(Vec<PathBuf>, Sample)> = Vec::new();
    let mut unread = Vec::new();
    for file in files.iter().step_by(step) {
        // A readme beside the tables is no reason to stop.
        let sample = match lists_apart(file) {
            Ok(sample) => sample,
            Err(error) => {
                unread.push(format!("not used: {error}"));
                continue;
            }
        };
        match groups.iter_mut().find(|(_, known)| known.columns == sample.columns) {
            Some((members, known)) => {
                members.push(file.clone());
                known.whole &= sample.whole;
                known.rows.extend(sample.rows);
            }
            None => groups.push((vec![file.clone()], sample)),
        }
    }
    let alone = groups.len() == 1;
    let mut given = Vec::new();
    for (members, mut sample) in groups {
        // Evenly over all files, in their order.
        let step = sample.rows.len().div_ceil(MAX_ROWS).max(1);
        sample.whole &= step == 1 && files.len() <= MOST;
        sample.rows = sample.rows.into_iter().step_by(step).collect();
        let told = std::mem::take(&mut unread);
        if alone && told.is_empty() {
            given.push(Given {
                path: path.to_owned(),
                below: String::new(),
                sample,
                told: vec![format!("{} files with the same columns", files.len())],
            });
            continue;
        }
        match members.as_slice() {
            [one] => given.push(Given {
                path: one.clone(),
                below: String::new(),
                sample,
                told,
            }),
            members => {
                let below = pattern_of(path, members, &files);
                let many = Given {
                    path: path.to_owned(),
                    below: below.clone().unwrap_or_default(),
                    sample: sample.clone(),
                    told: told.clone(),
                };
                if below.is_some() {
                    given.push(many);
                } else {
                    let each = members.iter().map(|file| Given {
                        path: file.clone(),
                        below: String::new(),
                        sample: sample.clone(),
                        told: Vec::new(),
                    });
                    given.extend(each);
                }
            }
        }
    }
    Ok(given)
}

/// A pattern that names just these files of a folder: by their ending or by the folder that they share.
fn pattern_of(folder: &Path, members: &[PathBuf], all: &[PathBuf]) -> Option<String> {
    let below = |file: &Path| file.strip_prefix(folder).ok().map(Path::to_owned);
    let first = below(members.first()?)?;
    let mut patterns = Vec::new();
    if let Some(top) = first.parent().and_then(|parent| parent.components().next()) {
        patterns.push(format!(
            "{}/**/*",
            glob::Pattern::escape(&top.as_os_str().to_string_lossy())
        ));
    }
    if let Some(ending) = first.extension() {
        patterns.push(format!("**/*.{}", glob::Pattern::escape(&ending.to_string_lossy())));
    }
    patterns.into_iter().find(|pattern| {
        let Ok(parsed) = glob::Pattern::new(pattern) else {
            return false;
        };
        let fits = |file: &PathBuf| below(file).is_some_and(|file| parsed.matches_path(&file));
        all.iter().filter(|file| fits(file)).count() >= members.len()
            && members.iter().all(fits)
            && all
                .iter()
                .all(|file| fits(file) == members.contains(file) || all.len() > MOST)
    })
}
