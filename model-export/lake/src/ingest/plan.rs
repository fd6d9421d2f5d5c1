//! Which files are to be read, and which were read before.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::events::EventMapping;
use super::folders::{Keyed, files_below};
use super::identity::{self, Identity, Known};
use super::items::ItemMapping;
use super::{IngestError, Note};
use crate::source::{Sources, source_names};
use crate::storage::{IngestRecord, LakeError, SourceId, SourceKind};

/// How a file is read.
pub enum Mapping {
    Events(Box<EventMapping>),
    Catalogue(Box<ItemMapping>),
}

impl Mapping {
    pub const fn kind(&self) -> SourceKind {
        match self {
            Self::Events(_) => SourceKind::Events,
            Self::Catalogue(_) => SourceKind::Catalogue,
        }
    }

    /// Whether the edge collected the events.
    pub const fn is_collected(&self) -> bool {
        match self {
            Self::Events(mapping) => mapping.text.collected,
            Self::Catalogue(_) => false,
        }
    }

    /// The mapping as text, for the source's id.
    fn digest_text(&self, path: &Path) -> Result<String, IngestError> {
        let text = match self {
            Self::Events(mapping) => serde_json::to_string(mapping),
            Self::Catalogue(mapping) => serde_json::to_string(mapping),
        };
        let text = text.map_err(|source| LakeError::Record {
            path: path.to_owned(),
            source,
        })?;
        let wanted = match self {
            Self::Events(mapping) => mapping.wanted(),
            Self::Catalogue(mapping) => mapping.wanted(),
        };
        let folders = Keyed::of(path, wanted).map(|keyed| keyed.text()).unwrap_or_default();
        Ok(format!("{:?} {text}{folders}", self.kind()))
    }
}

/// One file of a source.
pub struct Planned {
    pub path: PathBuf,
    /// The path that the record keeps: absolute, so that it is the same from every directory.
    pub file: String,
    pub source: SourceId,
    /// All ids of the content.
    pub ids: Vec<SourceId>,
    pub bytes: u64,
    /// Index into the mappings.
    pub mapping: usize,
    /// The source of events in the configuration, by its name; [`None`] for a catalogue.
    pub declared: Option<String>,
}

/// The files that the configuration names, by source.
pub struct Found {
    mappings: Vec<Mapping>,
    /// Index of the mapping, declared name, path.
    files: Vec<(usize, Option<String>, PathBuf)>,
}

pub struct Plan {
    pub mappings: Vec<Mapping>,
    pub files: Vec<Planned>,
    /// The declared sources of the configuration.
    declared: HashSet<Option<String>>,
    /// The file of every content, by all its ids.
    of_id: HashMap<SourceId, usize>,
}

/// Finds the files of all sources.
pub fn find(config: &Sources<'_>, notes: &mut Vec<Note>) -> Result<Found, IngestError> {
    if config.events.is_empty() && config.catalogue.is_empty() {
        return Err(IngestError::NoSources);
    }
    let mut sources: Vec<(&str, bool, Option<String>, Mapping)> = Vec::new();
    // The catalogue is small, and a mistake in it should not wait for the events.
    for source in config.catalogue {
        let mapping = Mapping::Catalogue(Box::new(ItemMapping::new(source)?));
        sources.push((&source.path, source.optional, None, mapping));
    }
    for (source, name) in config.events.iter().zip(source_names(config.events)) {
        let mapping = Mapping::Events(Box::new(EventMapping::new(source)?));
        sources.push((&source.path, source.optional(), Some(name), mapping));
    }
    let mut found = Found {
        mappings: Vec::new(),
        files: Vec::new(),
    };
    for (pattern, optional, declared, mapping) in sources {
        let paths = matching(pattern)?;
        if paths.is_empty() {
            if !optional {
                return Err(IngestError::NoFiles {
                    pattern: pattern.to_owned(),
                });
            }
            notes.push(Note::NoFilesYet {
                pattern: pattern.to_owned(),
            });
        }
        let number = found.mappings.len();
        let files = paths.into_iter().map(|path| (number, declared.clone(), path));
        found.files.extend(files);
        found.mappings.push(mapping);
    }
    Ok(found)
}

/// Finds out the content of every file. Each is read once, for its digest. Files with one content are one: the first of them.
pub fn plan(found: Found, records: &[IngestRecord], notes: &mut Vec<Note>) -> Result<Plan, IngestError> {
    let mut plan = Plan {
        declared: found.files.iter().map(|(_, declared, _)| declared.clone()).collect(),
        mappings: found.mappings,
        files: Vec::new(),
        of_id: HashMap::new(),
    };
    let known = Known::new(records);
    for (number, declared, path) in found.files {
        let Some(mapping) = plan.mappings.get(number) else {
            continue;
        };
        let text = mapping.digest_text(&path)?;
        let Identity { source, ids, bytes } = identity::of_file(&path, &text, mapping.is_collected(), &known)?;
        // Two copies of the same file are the same events.
        let copy_of = ids.iter().find_map(|id| plan.of_id.get(id).copied());
        let place = copy_of.unwrap_or(plan.files.len());
        plan.of_id.extend(ids.iter().map(|id| (id.clone(), place)));
        if let Some(first) = copy_of.and_then(|place| plan.files.get_mut(place)) {
            notes.push(Note::SameContent {
                file: path.display().to_string(),
                other: first.path.display().to_string(),
            });
            first.ids.extend(ids);
            continue;
        }
        let absolute = path.canonicalize().map_err(LakeError::io("find", &path))?;
        plan.files.push(Planned {
            file: absolute.to_string_lossy().into_owned(),
            path,
            source,
            ids,
            bytes,
            mapping: number,
            declared,
        });
    }
    // A content that is in the lake keeps its id there. Of several records of it, from before compression was looked through, the last counts.
    for record in records {
        if let Some(place) = plan.place_of(record) {
            plan.of_id.insert(record.source.clone(), place);
            if let Some(file) = plan.files.get_mut(place) {
                file.source = record.source.clone();
            }
        }
    }
    for file in &mut plan.files {
        file.ids.retain(|id| *id != file.source);
        file.ids.sort();
        file.ids.dedup();
    }
    Ok(plan)
}

/// The files that a pattern names, sorted. A pattern that names only folders means the files below them.
fn matching(pattern: &str) -> Result<Vec<PathBuf>, IngestError> {
    // `*` means visible files: a hidden one is being written.
    let options = glob::MatchOptions {
        require_literal_leading_dot: true,
        ..glob::MatchOptions::new()
    };
    let found = glob::glob_with(pattern, options).map_err(|source| IngestError::Pattern {
        pattern: pattern.to_owned(),
        source,
    })?;
    let (mut paths, mut folders) = (Vec::new(), Vec::new());
    for path in found {
        let path = path.map_err(|source| IngestError::Glob {
            pattern: pattern.to_owned(),
            source,
        })?;
        if path.is_file() {
            paths.push(path);
        } else if path.is_dir() {
            folders.push(path);
        }
    }
    if paths.is_empty() {
        for folder in folders {
            paths.extend(files_below(&folder)?);
        }
    }
    paths.sort();
    Ok(paths)
}

impl Plan {
    /// The file that has the content of a record.
    fn place_of(&self, record: &IngestRecord) -> Option<usize> {
        let mut ids = std::iter::once(&record.source).chain(&record.aliases);
        ids.find_map(|id| self.of_id.get(id).copied())
    }

    /// The records that a new content of `file` replaces: what the same path held before for the same source of the configuration, unless that
    /// content is still there under another name (a log that was rotated).
    pub fn replaced_by(&self, new: &Planned, records: &[IngestRecord]) -> Vec<SourceId> {
        let kind = self.mappings.get(new.mapping).map(Mapping::kind);
        // A path that two sources read is replaced for each by its own new content; what a source left that is not configured any more, by any.
        let same_source =
            |record: &IngestRecord| record.declared == new.declared || !self.declared.contains(&record.declared);
        let old = records.iter().filter(|record| {
            record.file == new.file
                && Some(record.kind) == kind
                && same_source(record)
                && self.place_of(record).is_none()
        });
        old.map(|record| record.source.clone()).collect()
    }

    /// Records that are to be written anew, because their content has moved to another path, belongs to another source of the configuration now,
    /// has a compressed copy, or is in the lake a second time. They must follow their content, or the next content of the old path would replace
    /// them.
    pub fn moved(&self, records: &[IngestRecord], notes: &mut Vec<Note>) -> Vec<IngestRecord> {
        let file_of = |record: &IngestRecord| self.place_of(record).and_then(|place| self.files.get(place));
        let mut twice: HashMap<&SourceId, Vec<SourceId>> = HashMap::new();
        for record in records {
            if let Some(file) = file_of(record).filter(|file| file.source != record.source) {
                twice.entry(&file.source).or_default().push(record.source.clone());
            }
        }
        let mut moved = Vec::new();
        for record in records {
            let Some(now) = file_of(record).filter(|file| file.source == record.source) else {
                continue;
            };
            let mut new = IngestRecord {
                file: now.file.clone(),
                declared: now.declared.clone(),
                ..record.clone()
            };
            new.aliases.extend(now.ids.iter().cloned());
            new.aliases.sort();
            new.aliases.dedup();
            if let Some(twice) = twice.remove(&record.source) {
                notes.push(Note::CountedTwice {
                    file: now.path.display().to_string(),
                });
                new.replaces.extend(twice);
            }
            if new != *record {
                moved.push(new);
            }
        }
        moved
    }
}
