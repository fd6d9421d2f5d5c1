//! Digests of what stages read: files, sections of the configuration, the lake.

use std::io::Read as _;
use std::path::Path;

use selvedge_lake::explain::{Exit, Explain};
use selvedge_lake::storage::{Lake, LakeError};
use sha2::{Digest as _, Sha256};

use crate::config::Config;
use crate::model::Origin;

/// Why there is no digest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DigestError {
    /// The lake or a file of the model cannot be read.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// A section of the configuration is no JSON: a number that is infinite, for instance.
    #[error("cannot digest the section {section} of the configuration")]
    Digest {
        /// The section.
        section: String,
        /// Why.
        source: serde_json::Error,
    },
}

impl Explain for DigestError {
    fn exit(&self) -> Exit {
        match self {
            Self::Lake(error) => error.exit(),
            Self::Digest { .. } => Exit::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Lake(error) => error.hint(),
            Self::Digest { .. } => None,
        }
    }
}

/// A digest of sections of the configuration.
///
/// # Errors
/// [`DigestError::Digest`].
pub fn digest_sections(config: &Config, sections: &[&str]) -> Result<String, DigestError> {
    let mut hash = Hash::default();
    for section in sections {
        let text = config.section(section).map_err(|source| DigestError::Digest {
            section: (*section).to_owned(),
            source,
        })?;
        hash.part(section);
        hash.part(&text);
    }
    Ok(hash.finish())
}

/// What a model that is trained now, or judged now, is made from.
///
/// # Errors
/// The lake cannot be read.
pub fn origin(config: &Config, sections: &[&str]) -> Result<Origin, DigestError> {
    let mut training = Hash::default();
    training.part(&digest_sections(config, sections)?);
    if let Some(import) = &config.train.import {
        training.part(&digest_files(&[import])?);
    }
    Ok(Origin {
        lake: Lake::open(&config.lake.dir)?.fingerprint()?,
        training: training.finish(),
    })
}

/// SHA-256 over texts, each with its length before it.
#[derive(Debug, Default)]
pub struct Hash(Sha256);

impl Hash {
    /// Adds a text.
    pub fn part(&mut self, text: &str) {
        self.0.update(text.len().to_le_bytes());
        self.0.update(text);
    }

    /// The digest, 64 hexadecimal digits.
    #[must_use]
    pub fn finish(self) -> String {
        base16ct::lower::encode_string(&self.0.finalize())
    }
}

/// A digest of files and their names, in the order given.
///
/// # Errors
/// A file cannot be read.
pub fn digest_files(paths: &[impl AsRef<Path>]) -> Result<String, DigestError> {
    let mut hash = Hash::default();
    for path in paths {
        let path = path.as_ref();
        hash.part(&path.file_name().unwrap_or_default().to_string_lossy());
        hash.part(&digest_file(path)?);
    }
    Ok(hash.finish())
}

/// SHA-256 of a file's content.
fn digest_file(path: &Path) -> Result<String, LakeError> {
    let mut file = std::fs::File::open(path).map_err(LakeError::io("open", path))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer).map_err(LakeError::io("read", path))?;
        if read == 0 {
            return Ok(base16ct::lower::encode_string(&hash.finalize()));
        }
        hash.update(&buffer[..read]);
    }
}
