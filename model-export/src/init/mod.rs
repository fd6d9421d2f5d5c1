//! A first `selvedge.toml`, from looking at the files: every guess is a line that can be read and corrected.

mod across;
mod catalogue;
mod draft;
mod error;
mod events;
mod gather;
mod guess;
mod join;
mod look;
mod main_columns;
mod meaning;
mod names;
mod nobody;
mod numbers;
mod report;
mod roles;
mod rows;
mod times;
mod told;
mod words;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use selvedge_lake::ingest::Sample;
use selvedge_lake::storage::atomic;

use crate::config::Config;

pub use error::InitError;
pub use guess::Answers;
pub use report::{InitReport, Looked};
pub use told::Gap;

use guess::{CatalogueGuess, EventsGuess, Role};
use look::{Column, share};
use rows::Condition;

/// A file, what stands in it and what it was taken for.
struct Source {
    file: PathBuf,
    pattern: String,
    sample: Sample,
    columns: Vec<Column>,
    role: Role,
    conditions: Vec<Condition>,
    /// The catalogue that lies in a file of events.
    catalogue: Option<CatalogueGuess>,
    told: Vec<String>,
    gaps: Vec<Gap>,
    /// Rows that were looked at and are equal to an earlier one in every column.
    repeated: usize,
}

impl Source {
    fn name(&self) -> String {
        self.file
            .file_name()
            .unwrap_or(self.file.as_os_str())
            .to_string_lossy()
            .into_owned()
    }

    fn events(&self) -> Option<&EventsGuess> {
        match &self.role {
            Role::Events(guess) => Some(guess),
            _ => None,
        }
    }

    fn items(&self) -> Option<&Column> {
        self.events()?.item.as_ref().map(|item| &self.columns[item.column])
    }
}

/// Drafts a configuration from files and writes it to `output`. A draft with a gap is written, too; the report names the gap.
///
/// # Errors
/// A file cannot be read, an answer names no column, or `output` is there and `force` is not given.
pub fn init(files: &[PathBuf], output: &Path, force: bool, answers: &Answers) -> Result<InitReport, InitError> {
    if !force && output.exists() {
        return Err(InitError::Exists {
            path: output.to_owned(),
        });
    }
    let (text, report) = draft(files, output, answers)?;
    atomic::write_bytes(output, text.as_bytes())?;
    Ok(report)
}

/// The configuration as text.
///
/// # Errors
/// As [`init`].
pub fn draft(files: &[PathBuf], output: &Path, answers: &Answers) -> Result<(String, InitReport), InitError> {
    let base = match output.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut sources = Vec::new();
    for given in gather::gather(files)? {
        let mut columns = Column::all(&given.sample);
        if let Some(day_first) = answers.day_first {
            columns
                .iter_mut()
                .filter_map(|column| column.time.as_mut())
                .for_each(|time| time.settle(day_first));
        }
        let mut pattern = pattern(&given.path, base);
        if !given.below.is_empty() {
            pattern = format!("{pattern}/{}", given.below);
        }
        sources.push(Source {
            pattern,
            file: given.path,
            role: Role::Unused(String::new()),
            sample: given.sample,
            columns,
            conditions: Vec::new(),
            catalogue: None,
            told: given.told,
            gaps: Vec::new(),
            repeated: 0,
        });
    }
    check_answers(&sources, answers)?;
    take_roles(&mut sources, answers);
    for source in &mut sources {
        source.look_at_rows();
    }
    across::take_catalogues(&mut sources);
    across::tell_joins(&mut sources);
    across::leave_out_copies(&mut sources);
    across::tell_split_orders(&mut sources);

    let mut text = draft::HEAD.to_owned();
    for source in &sources {
        draft::source(&mut text, source);
    }
    text.push_str(&draft::tail(&sources));
    let report = InitReport::new(output, &sources);
    if !report.has_gap() {
        Config::parse(&text, output, base, &[]).map_err(InitError::Draft)?;
    }
    Ok((text, report))
}

/// Refuses answers that name no column of any file.
fn check_answers(sources: &[Source], answers: &Answers) -> Result<(), InitError> {
    for (flag, answer) in [
        ("--user", &answers.user),
        ("--item", &answers.item),
        ("--time", &answers.time),
    ] {
        let Some(column) = answer else { continue };
        let found: Vec<String> = sources
            .iter()
            .flat_map(|source| source.columns.iter().map(|column| column.name.clone()))
            .collect();
        if !found.contains(column) {
            return Err(InitError::NoColumn {
                flag,
                column: column.clone(),
                found,
            });
        }
    }
    Ok(())
}

/// Decides what each file is: first alone, then knowing which items the catalogues have.
fn take_roles(sources: &mut [Source], answers: &Answers) {
    for source in &mut *sources {
        let file = source.file.to_string_lossy();
        source.role = roles::of_file(&source.columns, &file, source.sample.shape.header, &|_| 0.0, answers);
    }
    across::meet_events(sources);
    let catalogues: Vec<(usize, BTreeMap<String, usize>)> = sources
        .iter()
        .enumerate()
        .filter_map(|(index, source)| match &source.role {
            Role::Catalogue(guess) => Some((index, source.columns[guess.id].values.clone())),
            _ => None,
        })
        .collect();
    for (index, source) in sources.iter_mut().enumerate() {
        if catalogues.iter().any(|(catalogue, _)| *catalogue == index) {
            continue;
        }
        let columns = &source.columns;
        let meets = |column: usize| {
            let values = &columns[column].values;
            catalogues
                .iter()
                .map(|(_, ids)| join::known_share(values, ids))
                .fold(0.0, f64::max)
        };
        source.role = roles::of_file(
            columns,
            &source.file.to_string_lossy(),
            source.sample.shape.header,
            &meets,
            answers,
        );
    }
}

impl Source {
    /// Finds the rows that do not count, the gaps, and what is to be told.
    fn look_at_rows(&mut self) {
        if let Role::Events(guess) = &mut self.role
            && let (Some(id), Some(item)) = (guess.id, guess.item.as_ref().map(|item| item.column))
        {
            // The rows that one message was taken apart into share its id, and are events of their own.
            let ids = join::row_keys(&self.sample, &[id])
                .into_iter()
                .collect::<HashSet<_>>()
                .len();
            let pairs = join::row_keys(&self.sample, &[id, item])
                .into_iter()
                .collect::<HashSet<_>>()
                .len();
            if pairs > ids {
                guess.id = None;
            }
        }
        match &self.role {
            Role::Events(guess) => {
                self.conditions = rows::conditions(&self.sample, &self.columns, guess);
                self.told.extend(told::of_events(
                    &self.columns,
                    guess,
                    &self.conditions,
                    self.sample.rows.len(),
                ));
                self.gaps = gaps(&self.columns, guess);
                if self.gaps.is_empty() && !self.sample.rows.is_empty() && !told::any_counts(&self.sample, guess) {
                    let rows = self.sample.rows.len();
                    self.told.insert(
                        0,
                        format!("please check: none of the {rows} rows that were looked at would count"),
                    );
                }
                let all: Vec<usize> = (0..self.columns.len()).collect();
                let keys = join::row_keys(&self.sample, &all);
                // Lines of an order that are equal in everything, its number too, were written twice. Two equal views are two views.
                if guess.order.is_some() || guess.id.is_some() {
                    self.repeated = keys.len() - keys.iter().collect::<HashSet<_>>().len();
                }
                if self.repeated > 0 {
                    self.told.push(format!(
                        "{} repeated rows, equal in every column: the first of each counts",
                        self.repeated
                    ));
                }
            }
            Role::Catalogue(guess) => self.told.extend(told::of_catalogue(&self.columns, guess)),
            Role::Unused(_) => {}
        }
    }

    /// How many values of a column an item has, on average: 1 where the column is a property of the item.
    fn values_an_item(&self, item: usize, column: usize) -> f64 {
        let text = |row: &[selvedge_lake::ingest::Cell<'static>], index: usize| {
            row.get(index)
                .and_then(|cell| cell.text())
                .map(std::borrow::Cow::into_owned)
        };
        let mut pairs: HashSet<(String, String)> = HashSet::new();
        let mut items: HashSet<String> = HashSet::new();
        for row in &self.sample.rows {
            if let (Some(item), Some(value)) = (text(row, item), text(row, column)) {
                items.insert(item.clone());
                pairs.insert((item, value));
            }
        }
        share(pairs.len(), items.len())
    }
}

fn gaps(columns: &[Column], guess: &EventsGuess) -> Vec<Gap> {
    let taken: Vec<usize> = [&guess.user, &guess.item, &guess.timestamp]
        .into_iter()
        .flatten()
        .map(|taken| taken.column)
        .collect();
    let candidates = |fits: &dyn Fn(&Column) -> bool| {
        let free = columns
            .iter()
            .enumerate()
            .filter(|(index, column)| !taken.contains(index) && column.filled > 0 && fits(column));
        free.map(|(_, column)| column.name.clone()).take(8).collect()
    };
    let ids: &dyn Fn(&Column) -> bool = &Column::like_ids;
    let times: &dyn Fn(&Column) -> bool = &|column| column.time.is_some() || column.numeric;
    [
        ("user", &guess.user, ids),
        ("item", &guess.item, ids),
        ("timestamp", &guess.timestamp, times),
    ]
    .into_iter()
    .filter(|(_, taken, _)| taken.is_none())
    .map(|(role, _, fits)| Gap {
        role,
        candidates: candidates(fits),
    })
    .collect()
}

/// Of the events that were looked at: how many are of items with fewer people than `least`.
fn events_below(sources: &[Source], least: usize) -> (usize, usize) {
    let mut people: HashMap<String, HashSet<String>> = HashMap::new();
    let mut events: HashMap<String, usize> = HashMap::new();
    for source in sources {
        let Some(guess) = source.events() else { continue };
        let (Some(user), Some(item)) = (&guess.user, &guess.item) else {
            continue;
        };
        for row in &source.sample.rows {
            let text = |column: usize| {
                row.get(column)
                    .and_then(|cell| cell.text())
                    .map(std::borrow::Cow::into_owned)
            };
            if let (Some(user), Some(item)) = (text(user.column), text(item.column)) {
                *events.entry(item.clone()).or_insert(0) += 1;
                people.entry(item).or_default().insert(user);
            }
        }
    }
    let few: usize = people
        .iter()
        .filter(|(_, people)| people.len() < least)
        .filter_map(|(item, _)| events.get(item))
        .sum();
    (few, events.values().sum())
}

/// The file as a path pattern from the configuration's directory where it lies below it, else absolute.
fn pattern(file: &Path, base: &Path) -> String {
    let absolute = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let (file, base) = (absolute(file), absolute(base));
    let path = file.strip_prefix(&base).unwrap_or(&file);
    glob::Pattern::escape(&path.to_string_lossy())
}

#[cfg(test)]
mod tests;
