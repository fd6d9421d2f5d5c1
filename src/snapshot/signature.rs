//! Which keys are trusted, and whether a file is signed by one of them.

use ed25519_dalek::{Signature, VerifyingKey};

use super::bytes;
use super::error::SnapshotError;
use super::head::zeros;
use super::layout::{ALGORITHM_ED25519, ALGORITHM_NONE, SIGNATURE_BYTES, SignatureBlock, key_id, signed_message};

/// Whose signature a snapshot must have.
#[derive(Clone, Copy, Debug)]
pub enum Trust<'k> {
    /// One of these keys must have signed it.
    Keys(&'k [VerifyingKey]),
    /// Checks neither signature nor digests. For tools that inspect a file, and for tests.
    Unverified,
}

/// Reads a public key from 64 hexadecimal digits. Returns `None` for any other text, and for digits that are not a
/// point on the curve.
#[must_use]
pub fn parse_public_key(hex: &str) -> Option<VerifyingKey> {
    let digits = hex.trim().as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0u8; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    VerifyingKey::from_bytes(&bytes).ok()
}

/// Checks the signature block behind header and directory, and the signature if `trust` requires one.
pub fn verify_signature(file: &[u8], head_end: usize, trust: Trust<'_>) -> Result<(), SnapshotError> {
    let block: SignatureBlock = bytes::read(file, head_end).ok_or(SnapshotError::Truncated {
        what: "signature",
        expected: (head_end + SIGNATURE_BYTES) as u64,
        found: file.len() as u64,
    })?;
    let zero_start = head_end + SIGNATURE_BYTES - block.zero.len();
    zeros(file, zero_start..head_end + SIGNATURE_BYTES)?;
    if block.reserved != 0 {
        return Err(SnapshotError::Field {
            what: "signature reserved",
            offset: head_end as u64 + 4,
            expected: "0",
            found: u64::from(block.reserved),
        });
    }
    if block.algorithm != ALGORITHM_ED25519 && block.algorithm != ALGORITHM_NONE {
        return Err(SnapshotError::Field {
            what: "signature algorithm",
            offset: head_end as u64,
            expected: "0 (none) or 1 (Ed25519)",
            found: u64::from(block.algorithm),
        });
    }
    let Trust::Keys(keys) = trust else { return Ok(()) };
    if block.algorithm == ALGORITHM_NONE {
        return Err(SnapshotError::Unsigned);
    }
    let key = keys
        .iter()
        .find(|key| key_id(key.as_bytes()) == block.key_id)
        .ok_or(SnapshotError::UnknownKey { found: block.key_id })?;
    let signature = Signature::from_components(block.signature[0], block.signature[1]);
    key.verify_strict(&signed_message(&file[..head_end]), &signature)
        .map_err(|_| SnapshotError::BadSignature)
}
