//! Which content a file has, whatever its name and its compression.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use super::kind::Kind;
use super::open;
use crate::storage::{IngestRecord, LakeError, SourceId};

/// The ids of a file's content under one mapping.
pub struct Identity {
    /// The id of the content, decompressed. If a record has the content already, what the record says.
    pub source: SourceId,
    /// All ids of the content that are known, [`Self::source`] among them.
    pub ids: Vec<SourceId>,
    /// The file's length.
    pub bytes: u64,
}

/// The contents that are in the lake, by all their ids.
pub struct Known<'r>(HashMap<&'r SourceId, &'r IngestRecord>);

impl<'r> Known<'r> {
    pub fn new(records: &'r [IngestRecord]) -> Self {
        let ids = |record: &'r IngestRecord| std::iter::once(&record.source).chain(&record.aliases);
        let pairs = records
            .iter()
            .flat_map(|record| ids(record).map(move |id| (id, record)));
        Self(pairs.collect())
    }
}

/// The identity of a file. It is read once for its digest; a compressed file that no record knows is decompressed as well, once.
///
/// Collected files are known by their bytes alone: each is there once, its events have ids, and its rest may be damaged.
pub fn of_file(path: &Path, mapping: &str, collected: bool, known: &Known<'_>) -> Result<Identity, LakeError> {
    let (raw, bytes) = SourceId::of_file(path, mapping)?;
    let mut identity = Identity {
        source: raw.clone(),
        ids: vec![raw.clone()],
        bytes,
    };
    if collected {
        return Ok(identity);
    }
    // A record without aliases may be from before compression was looked through.
    if let Some(record) = known.0.get(&raw).filter(|record| !record.aliases.is_empty()) {
        identity.source = record.source.clone();
        identity.ids.push(record.source.clone());
        identity.ids.extend(record.aliases.iter().cloned());
        return Ok(identity);
    }
    let Some(mut content) = decompressed(path)? else {
        return Ok(identity);
    };
    // What cannot be decompressed has no other id; reading it will say why.
    if let Ok((source, _)) = SourceId::of_content(content.as_mut(), mapping) {
        identity.source = source.clone();
        identity.ids.push(source);
    }
    Ok(identity)
}

/// The content of a compressed file; [`None`] for a plain one. An archive is none: copies of its rows are found by comparing rows.
fn decompressed(path: &Path) -> Result<Option<Box<dyn Read>>, LakeError> {
    let Ok(Kind::Compressed(compression)) = open::head_kind(path) else {
        return Ok(None);
    };
    let file = File::open(path).map_err(LakeError::io("open", path))?;
    let raw = BufReader::with_capacity(1 << 16, file);
    let content = open::decompressed(raw, compression).map_err(LakeError::io("read", path))?;
    Ok(Some(Box::new(content)))
}
