//! Assembles the file: header, directory, signature, sections.

use alloc::vec;
use alloc::vec::Vec;

use ed25519_dalek::{Signer, SigningKey};
use sha2::{Digest, Sha256};

use super::model::Model;
use crate::snapshot::error::SnapshotError;
use crate::snapshot::layout::{
    ALGORITHM_ED25519, ALGORITHM_NONE, ENTRY_BYTES, Entry, FLAG_REQUIRED, HEADER_BYTES, Header, MAGIC, MAJOR, MINOR,
    SIGNATURE_BYTES, SignatureBlock, align, first_section, key_id, signed_message,
};
use crate::snapshot::section::SectionKind;

/// Returns the file's bytes, with the sections in the given order.
pub fn assemble(
    model: &Model,
    sections: &[(SectionKind, Vec<u8>)],
    key: Option<&SigningKey>,
) -> Result<Vec<u8>, SnapshotError> {
    let start = first_section(sections.len());
    let end = sections.iter().fold(start, |at, (_, bytes)| align(at) + bytes.len());
    let mut file = vec![0u8; end];
    let count = |what, value: usize| {
        u32::try_from(value).map_err(|_| SnapshotError::Build {
            what,
            expected: u64::from(u32::MAX),
            found: value as u64,
        })
    };
    let header = Header {
        magic: MAGIC,
        major: MAJOR,
        minor: MINOR,
        sections: count("sections", sections.len())?,
        file_bytes: end as u64,
        created_ms: model.created_ms,
        trained_until_ms: model.trained_until_ms,
        rows: count("items", model.items.len())?,
        dims: count("factors", model.dims)?,
        stride: count("stride", model.width.stride_of(model.dims).unwrap_or(0))?,
        segments: count("segments", model.segments.len())?,
        contexts: count("contexts", model.contexts.len())?,
        reserved: 0,
    };
    file[..HEADER_BYTES].copy_from_slice(bytemuck::bytes_of(&header));
    let mut at = start;
    for (index, (kind, bytes)) in sections.iter().enumerate() {
        at = align(at);
        let entry = Entry {
            kind: *kind as u32,
            flags: if kind.presence().must_be_known() {
                FLAG_REQUIRED
            } else {
                0
            },
            offset: at as u64,
            bytes: bytes.len() as u64,
            reserved: 0,
            sha256: Sha256::digest(bytes).into(),
        };
        let place = HEADER_BYTES + index * ENTRY_BYTES;
        file[place..place + ENTRY_BYTES].copy_from_slice(bytemuck::bytes_of(&entry));
        file[at..at + bytes.len()].copy_from_slice(bytes);
        at += bytes.len();
    }
    let head_end = HEADER_BYTES + sections.len() * ENTRY_BYTES;
    let block = match key {
        None => SignatureBlock {
            algorithm: ALGORITHM_NONE,
            ..bytemuck::Zeroable::zeroed()
        },
        Some(key) => {
            let signature = key.sign(&signed_message(&file[..head_end]));
            SignatureBlock {
                algorithm: ALGORITHM_ED25519,
                reserved: 0,
                key_id: key_id(key.verifying_key().as_bytes()),
                signature: [*signature.r_bytes(), *signature.s_bytes()],
                zero: [0; 48],
            }
        }
    };
    file[head_end..head_end + SIGNATURE_BYTES].copy_from_slice(bytemuck::bytes_of(&block));
    Ok(file)
}
