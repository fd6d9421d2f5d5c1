//! Which files are to be read, and which were read before.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::events::EventMapping;
use super::folders::{Keyed, files_below};
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
    pub bytes: u64,
    /// Index into the mappings.
    pub mapping: usize,
    /// The source of events in the configuration, by its name; [`None`] for a catalogue.
    pub declared: Option<String>,
}

pub struct Plan {
    pub mappings: Vec<Mapping>,
    pub files: Vec<Planned>,
}

/// Finds the files of all sources and their ids. Every file is read once, for its digest.
pub fn plan(config: &Sources<'_>, notes: &mut Vec<Note>) -> Result<Plan, IngestError> {
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
    let mut plan = Plan {
        mappings: Vec::new(),
        files: Vec::new(),
    };
    let mut seen = HashSet::new();
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
        for path in paths {
            let text = mapping.digest_text(&path)?;
            let (source, bytes) = SourceId::of_file(&path, &text)?;
            // Two copies of the same file are the same events.
            if !seen.insert(source.clone()) {
                notes.push(Note::SameContent {
                    file: path.display().to_string(),
                });
                continue;
            }
            let absolute = path.canonicalize().map_err(LakeError::io("find", &path))?;
            plan.files.push(Planned {
                file: absolute.to_string_lossy().into_owned(),
                path,
                source,
                bytes,
                mapping: plan.mappings.len(),
                declared: declared.clone(),
            });
        }
        plan.mappings.push(mapping);
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
    /// The records that a new content of `file` replaces: what the same path held before, unless that content is
    /// still there under another name (a log that was rotated).
    pub fn replaced_by(&self, new: &Planned, records: &[IngestRecord]) -> Vec<SourceId> {
        let present: HashSet<&SourceId> = self.files.iter().map(|file| &file.source).collect();
        let kind = self.mappings[new.mapping].kind();
        let old = records
            .iter()
            .filter(|record| record.file == new.file && record.kind == kind && !present.contains(&record.source));
        old.map(|record| record.source.clone()).collect()
    }

    /// Records whose content has moved to another path, or belongs to another source of the configuration now. They must follow it, or the next
    /// content of the old path would replace them.
    pub fn moved(&self, records: &[IngestRecord]) -> Vec<IngestRecord> {
        let present: HashMap<&SourceId, &Planned> = self.files.iter().map(|file| (&file.source, file)).collect();
        let moved = records.iter().filter_map(|record| {
            let now = present.get(&record.source)?;
            let same = record.file == now.file && record.declared == now.declared;
            (!same).then(|| IngestRecord {
                file: now.file.clone(),
                declared: now.declared.clone(),
                ..record.clone()
            })
        });
        moved.collect()
    }
}
