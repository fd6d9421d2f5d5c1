//! Refused rows, kept with their place and their reason.
//!
//! They are kept up to a number and a size, and counted beyond it: a few bytes of gzip can hold a million bad rows. The first rows of every
//! reason are always kept.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{BadRow, cell};
use crate::source::LakeConfig;
use crate::storage::LakeError;

/// Characters of a row that are kept.
const MAX_RAW_CHARS: usize = 4096;

/// Rows of each reason that are kept, however many others were kept before.
const FIRST: u64 = 10;

/// A line of `quarantine/<source>.ndjson`.
#[derive(Serialize)]
struct Refused<'a> {
    file: &'a str,
    line: u64,
    reason: &'a str,
    raw: &'a str,
}

/// Collects the refused rows of one source.
pub struct Quarantine {
    file: String,
    staging: PathBuf,
    writer: Option<BufWriter<File>>,
    /// By kind of reason: how many, and the first one with its line.
    counts: BTreeMap<&'static str, (u64, u64, String)>,
    max_rows: u64,
    max_bytes: u64,
    bytes: u64,
    /// Those that are in the file.
    pub kept: u64,
    /// All of them.
    pub refused: u64,
    /// Texts that were left out or shortened in rows that were accepted.
    pub changed: u64,
}

impl Quarantine {
    pub fn new(file: &str, staging: &Path, config: &LakeConfig) -> Self {
        Self {
            max_rows: config.quarantine_rows,
            max_bytes: config.quarantine_bytes,
            bytes: 0,
            kept: 0,
            file: file.to_owned(),
            staging: staging.to_owned(),
            writer: None,
            counts: BTreeMap::new(),
            refused: 0,
            changed: 0,
        }
    }

    /// Keeps a row that is refused.
    pub fn refuse(&mut self, line: u64, reason: &BadRow, raw: &str) -> Result<(), LakeError> {
        self.refused += 1;
        self.keep(line, reason, raw)
    }

    /// Keeps a row that is accepted without one of its texts.
    pub fn change(&mut self, line: u64, reason: &BadRow, raw: &str) -> Result<(), LakeError> {
        self.changed += 1;
        self.keep(line, reason, raw)
    }

    fn keep(&mut self, line: u64, reason: &BadRow, raw: &str) -> Result<(), LakeError> {
        let text = reason.to_string();
        let count = self
            .counts
            .entry(reason.kind())
            .or_insert_with(|| (0, line, text.clone()));
        count.0 += 1;
        let is_full = self.kept >= self.max_rows || self.bytes >= self.max_bytes;
        if is_full && count.0 > FIRST {
            return Ok(());
        }
        let refused = Refused {
            file: &self.file,
            line,
            reason: &text,
            raw: &cell::shorten(raw, MAX_RAW_CHARS),
        };
        let failed = || LakeError::io("write", &self.staging);
        let mut row = serde_json::to_vec(&refused)
            .map_err(std::io::Error::from)
            .map_err(failed())?;
        row.push(b'\n');
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => {
                let file = File::create(&self.staging).map_err(LakeError::io("create", &self.staging))?;
                self.writer.insert(BufWriter::new(file))
            }
        };
        writer.write_all(&row).map_err(LakeError::io("write", &self.staging))?;
        self.kept += 1;
        self.bytes += row.len() as u64;
        Ok(())
    }

    /// Ends the staged file; true if there is one.
    pub fn finish(&mut self) -> Result<bool, LakeError> {
        match self.writer.take() {
            None => Ok(false),
            Some(mut writer) => {
                writer.flush().map_err(LakeError::io("write", &self.staging))?;
                Ok(true)
            }
        }
    }

    /// The reasons for people, the most frequent first.
    pub fn reasons(&self) -> Vec<String> {
        let mut counts: Vec<_> = self.counts.values().collect();
        counts.sort_by_key(|(count, line, _)| (std::cmp::Reverse(*count), *line));
        let text = |(count, line, text): &&(u64, u64, String)| format!("  {count} like line {line}: {text}");
        counts.iter().take(5).map(text).collect()
    }

    /// The reasons for programs.
    pub fn by_kind(&self) -> BTreeMap<&'static str, u64> {
        self.counts.iter().map(|(kind, (count, ..))| (*kind, *count)).collect()
    }
}
