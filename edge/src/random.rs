//! Random values made out of the host's random bytes.

use crate::host::{Host, HostError};

/// `N` bytes of the host's cryptographic random source.
///
/// # Errors
/// The host has no random bytes.
pub fn bytes<H: Host, const N: usize>(host: &H) -> Result<[u8; N], HostError> {
    let mut bytes = [0; N];
    host.random(&mut bytes)?;
    Ok(bytes)
}

/// A random (version 4) UUID, RFC 9562.
///
/// # Errors
/// The host has no random bytes.
pub fn uuid<H: Host>(host: &H) -> Result<String, HostError> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut bytes: [u8; 16] = bytes(host)?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (place, byte) in bytes.iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from(DIGITS[usize::from(digit)]));
        }
    }
    Ok(text)
}
