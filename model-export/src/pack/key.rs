//! Signing keys: made, stored and read. A key file holds the 32-byte Ed25519 seed as 64 hexadecimal digits.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use base16ct::lower::encode_string as hex;
use selvedge::snapshot::writer::SigningKey;

use super::error::PackError;

/// Where a new pair was written.
#[derive(Clone, Debug, serde::Serialize)]
pub struct KeyPair {
    /// The private key's file, readable by its owner only.
    pub signing_key: PathBuf,
    /// The public key's file.
    pub public_key_file: PathBuf,
    /// The public key.
    pub public_key: String,
}

/// Makes a pair: the private key at `path`, the public one beside it with `.pub` after the name.
///
/// # Errors
/// There is a file already, or it cannot be written.
pub fn generate(path: &Path) -> Result<KeyPair, PackError> {
    let mut seed = [0u8; 32];
    getrandom::fill(&mut seed).map_err(PackError::Random)?;
    let key = SigningKey::from_bytes(&seed);
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        std::fs::create_dir_all(directory).map_err(PackError::io("make the directory", directory))?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::AlreadyExists => PackError::KeyExists { path: path.to_owned() },
        _ => PackError::Io {
            action: "write the signing key",
            path: path.to_owned(),
            source,
        },
    })?;
    writeln!(file, "{}", hex(&seed)).map_err(PackError::io("write the signing key", path))?;
    let public_key = hex(key.verifying_key().as_bytes());
    let mut public_name = path.as_os_str().to_owned();
    public_name.push(".pub");
    let public_key_file = PathBuf::from(public_name);
    std::fs::write(&public_key_file, format!("{public_key}\n"))
        .map_err(PackError::io("write the public key", &public_key_file))?;
    Ok(KeyPair {
        signing_key: path.to_owned(),
        public_key_file,
        public_key,
    })
}

/// Reads a private key.
///
/// # Errors
/// It is not there, or not 64 hexadecimal digits. The error never repeats the content.
pub fn read_key(path: &Path) -> Result<SigningKey, PackError> {
    let text = std::fs::read_to_string(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => PackError::NoKey { path: path.to_owned() },
        _ => PackError::Io {
            action: "read the signing key",
            path: path.to_owned(),
            source,
        },
    })?;
    let text = text.trim();
    // Decoding takes the same time whatever the digits are.
    let seed = base16ct::mixed::decode_vec(text)
        .ok()
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    seed.map(|seed| SigningKey::from_bytes(&seed))
        .ok_or_else(|| PackError::BadKey {
            path: path.to_owned(),
            found: text.chars().count(),
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_generated_key_is_read_back_and_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys/signing.key");
        let pair = generate(&path).unwrap();
        let read = read_key(&path).unwrap();
        assert_eq!(hex(read.verifying_key().as_bytes()), pair.public_key);
        assert_eq!(
            std::fs::read_to_string(pair.public_key_file).unwrap().trim(),
            pair.public_key
        );
        assert!(matches!(generate(&path), Err(PackError::KeyExists { .. })));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_damaged_key_is_refused_without_being_repeated() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("signing.key");
        for text in ["", "abc", &"g".repeat(64), &"a".repeat(65)] {
            std::fs::write(&path, text).unwrap();
            let error = read_key(&path).unwrap_err();
            assert!(matches!(error, PackError::BadKey { .. }));
            assert!(text.len() < 64 || !error.to_string().contains(text));
        }
        assert!(matches!(
            read_key(&dir.path().join("none")),
            Err(PackError::NoKey { .. })
        ));
    }
}
