//! The sealed cookie: a profile encrypted and authenticated with XChaCha20-Poly1305, in URL-safe base64.
//!
//! `base64url( format (1 byte) ‖ key id (1) ‖ nonce (24) ‖ ciphertext ‖ tag (16) )`; the tag also authenticates format
//! and key id. The nonce is random. At 24 bytes it needs no counter, which a fleet of isolates could not share. Cookie
//! keys rotate: the first key of the ring seals, and every key of the ring opens.

use alloc::string::String;
use alloc::vec::Vec;
use core::hash::Hasher;

use base64ct::{Base64UrlUnpadded, Encoding};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};
use siphasher::sip128::{Hasher128, SipHasher24};
use thiserror::Error;

use super::{MAX_PROFILE_BYTES, Profile, ProfileError};

const FORMAT: u8 = 1;
const NONCE: usize = 24;
const HEAD: usize = 2 + NONCE;
const TAG: usize = 16;
/// Longest sealed value in characters. With its name and attributes, the cookie stays below 2 KiB.
pub const MAX_COOKIE_CHARS: usize = (HEAD + MAX_PROFILE_BYTES + TAG).div_ceil(3) * 4;
const _: () = assert!(MAX_COOKIE_CHARS <= 1_800);

/// Why a cookie cannot be opened, or a ring cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CookieError {
    /// The text is too long, or it is not URL-safe base64 without padding.
    #[error(
        "profile cookie: expected URL-safe base64 of at most {MAX_COOKIE_CHARS} characters, found {found} characters that are not"
    )]
    Encoding {
        /// The text's length.
        found: usize,
    },
    /// The text is too short for a sealed profile.
    #[error("profile cookie: expected at least {expected} bytes, found {found}")]
    Short {
        /// Bytes that the shortest sealed profile has.
        expected: usize,
        /// Bytes that were decoded.
        found: usize,
    },
    /// The format byte is another one.
    #[error("profile cookie format: expected {FORMAT}, found {found}")]
    Format {
        /// The byte that was found.
        found: u8,
    },
    /// The cookie was sealed with a key that is not, or no longer, in the ring.
    #[error(
        "profile cookie: expected a key of the ring, found key id {found}; keep a retired key in the ring until its cookies expire"
    )]
    UnknownKey {
        /// Id of the key that sealed the cookie.
        found: u8,
    },
    /// The tag does not match: the cookie was changed, or sealed by somebody else.
    #[error(
        "profile cookie: its authentication tag does not match; the cookie was changed, or sealed with another secret"
    )]
    Seal,
    /// The cookie was sealed by the ring, but its content is not a profile.
    #[error("profile cookie: {0}")]
    Profile(#[from] ProfileError),
    /// The list holds no key.
    #[error("cookie keys: expected at least one, found none")]
    NoKeys,
    /// An entry of the list is not a key.
    #[error("cookie keys, entry {index}: expected `id:base64 of 32 bytes` with an id from 0 to 255, each once")]
    Key {
        /// Position in the list.
        index: usize,
    },
}

/// Bytes of a seal: the key's id and 16 bytes of SipHash.
pub const SEAL_BYTES: usize = 17;

/// The cookie keys, newest first. They seal and open cookies, and they seal decision ids.
///
/// ```
/// use selvedge::profile::cookie::Keyring;
/// use selvedge::profile::{Profile, VisitorId};
///
/// // Two keys of 32 bytes each: key 2 seals, keys 2 and 1 open.
/// let ring = Keyring::parse(
///     "2:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI,1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE",
/// )?;
/// let profile = Profile::new(VisitorId([7; 16]));
/// let nonce = [9; 24]; // Fresh random bytes for each cookie.
/// let cookie = ring.seal(&profile, nonce)?;
/// assert_eq!(ring.open(&cookie)?, profile);
/// # Ok::<(), selvedge::profile::cookie::CookieError>(())
/// ```
pub struct Keyring {
    keys: Vec<SecretKey>,
}

struct SecretKey {
    id: u8,
    cipher: XChaCha20Poly1305,
    /// Derived from the same secret as the cipher. A separate key keeps seals of decision ids useless against cookies,
    /// and the other way round.
    sealing: [u8; 16],
}

/// Domain of the sealing key, which is the first half of SHA-256 over this text and the secret.
const SEALING: &[u8] = b"selvedge decision id 1";

impl SecretKey {
    fn seal_of(&self, bytes: &[u8]) -> [u8; SEAL_BYTES] {
        let mut hasher = SipHasher24::new_with_key(&self.sealing);
        Hasher::write(&mut hasher, bytes);
        let mut seal = [self.id; SEAL_BYTES];
        seal[1..].copy_from_slice(&hasher.finish128().as_bytes());
        seal
    }
}

impl Keyring {
    /// Reads `id:base64` entries separated by commas or white space, newest first. Accepts both base64 alphabets, with
    /// or without padding.
    ///
    /// # Errors
    /// [`CookieError::NoKeys`] or [`CookieError::Key`]. The error never repeats the key.
    pub fn parse(list: &str) -> Result<Self, CookieError> {
        let mut keys: Vec<SecretKey> = Vec::new();
        let entries = list.split([',', ' ', '\n', '\t']).filter(|entry| !entry.is_empty());
        for (index, entry) in entries.enumerate() {
            let bad = CookieError::Key { index };
            let (id, text) = entry.split_once(':').ok_or_else(|| bad.clone())?;
            let id = id.parse::<u8>().map_err(|_| bad.clone())?;
            let url_safe: String = text
                .trim_end_matches('=')
                .chars()
                .map(|letter| match letter {
                    '+' => '-',
                    '/' => '_',
                    other => other,
                })
                .collect();
            let bytes = Base64UrlUnpadded::decode_vec(&url_safe).map_err(|_| bad.clone())?;
            let key = <[u8; 32]>::try_from(bytes).map_err(|_| bad.clone())?;
            if keys.iter().any(|other| other.id == id) {
                return Err(bad);
            }
            let digest = Sha256::new().chain_update(SEALING).chain_update(key).finalize();
            let mut sealing = [0; 16];
            sealing.copy_from_slice(&digest[..16]);
            keys.push(SecretKey {
                id,
                cipher: XChaCha20Poly1305::new(&Key::from(key)),
                sealing,
            });
        }
        if keys.is_empty() {
            return Err(CookieError::NoKeys);
        }
        Ok(Self { keys })
    }

    /// Seals a profile with the newest key. Each call needs a `nonce` of fresh random bytes.
    ///
    /// # Errors
    /// [`CookieError::Seal`] if the cipher refuses, which it never does for a message of this size.
    pub fn seal(&self, profile: &Profile, nonce: [u8; NONCE]) -> Result<String, CookieError> {
        let SecretKey { id, cipher, .. } = self.keys.first().ok_or(CookieError::NoKeys)?;
        let head = [FORMAT, *id];
        let plain = profile.to_bytes();
        let payload = Payload {
            msg: &plain,
            aad: &head,
        };
        let sealed = cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| CookieError::Seal)?;
        Ok(Base64UrlUnpadded::encode_string(&[&head[..], &nonce, &sealed].concat()))
    }

    /// Seals bytes with the newest key: the key's id, then their SipHash-2-4 of 128 bits (Aumasson, Bernstein 2012), a
    /// function made for authenticating short messages.
    #[must_use]
    pub fn seal_of(&self, bytes: &[u8]) -> [u8; SEAL_BYTES] {
        self.keys.first().map_or([0; SEAL_BYTES], |key| key.seal_of(bytes))
    }

    /// Whether a key of the ring made this seal for these bytes. Compares in constant time.
    #[must_use]
    pub fn has_sealed(&self, bytes: &[u8], seal: &[u8; SEAL_BYTES]) -> bool {
        let key = self.keys.iter().find(|key| key.id == seal[0]);
        key.is_some_and(|key| {
            let differs = key
                .seal_of(bytes)
                .iter()
                .zip(seal)
                .fold(0, |bits, (own, other)| bits | (own ^ other));
            differs == 0
        })
    }

    /// Opens a sealed profile with the key of the ring whose id it names.
    ///
    /// # Errors
    /// [`CookieError`] for any text that this ring did not seal.
    pub fn open(&self, cookie: &str) -> Result<Profile, CookieError> {
        let encoding = CookieError::Encoding { found: cookie.len() };
        if cookie.len() > MAX_COOKIE_CHARS {
            return Err(encoding);
        }
        let bytes = Base64UrlUnpadded::decode_vec(cookie).map_err(|_| encoding)?;
        let short = CookieError::Short {
            expected: HEAD + TAG,
            found: bytes.len(),
        };
        let Some((head, sealed)) = bytes.split_first_chunk::<HEAD>() else {
            return Err(short);
        };
        if sealed.len() < TAG {
            return Err(short);
        }
        if head[0] != FORMAT {
            return Err(CookieError::Format { found: head[0] });
        }
        let key = self.keys.iter().find(|key| key.id == head[1]);
        let SecretKey { cipher, .. } = key.ok_or(CookieError::UnknownKey { found: head[1] })?;
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(&head[2..]);
        let payload = Payload {
            msg: sealed,
            aad: &head[..2],
        };
        let plain = cipher
            .decrypt(&XNonce::from(nonce), payload)
            .map_err(|_| CookieError::Seal)?;
        Ok(Profile::from_bytes(&plain)?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::entry;
    use super::super::{MAX_HISTORY, VisitorId};
    use super::*;

    fn ring(list: &str) -> Keyring {
        Keyring::parse(list).unwrap()
    }

    fn key(id: u8, fill: u8) -> String {
        alloc::format!("{id}:{}", Base64UrlUnpadded::encode_string(&[fill; 32]))
    }

    fn full() -> Profile {
        let mut profile = Profile::new(VisitorId([9; 16]));
        for minute in 0..MAX_HISTORY as u32 {
            profile.remember(entry(u64::from(minute) << 40, 29_000_000 + minute));
        }
        profile
    }

    #[test]
    fn a_sealed_profile_opens_again_and_fits_into_two_kibibytes() {
        let ring = ring(&key(1, 7));
        let cookie = ring.seal(&full(), [3; 24]).unwrap();
        assert!(cookie.len() <= MAX_COOKIE_CHARS);
        assert_eq!(ring.open(&cookie), Ok(full()));
    }

    #[test]
    fn an_older_key_still_opens_and_a_removed_one_does_not() {
        let old = ring(&key(1, 7));
        let cookie = old.seal(&full(), [3; 24]).unwrap();
        let rotated = ring(&[key(2, 8), key(1, 7)].join(","));
        assert_eq!(rotated.open(&cookie), Ok(full()));
        let fresh = rotated.seal(&full(), [4; 24]).unwrap();
        assert_eq!(old.open(&fresh), Err(CookieError::UnknownKey { found: 2 }));
        assert_eq!(
            ring(&key(2, 8)).open(&cookie),
            Err(CookieError::UnknownKey { found: 1 })
        );
    }

    #[test]
    fn every_changed_character_is_refused() {
        let ring = ring(&key(1, 7));
        let mut profile = Profile::new(VisitorId([9; 16]));
        profile.remember(entry(1, 29_000_000));
        let cookie = ring.seal(&profile, [3; 24]).unwrap();
        for at in 0..cookie.len() {
            let mut changed = cookie.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert!(ring.open(core::str::from_utf8(&changed).unwrap()).is_err(), "{at}");
        }
        for len in 0..cookie.len() {
            assert!(ring.open(&cookie[..len]).is_err());
        }
    }

    #[test]
    fn a_cookie_of_another_ring_with_the_same_key_id_is_refused() {
        let cookie = ring(&key(1, 7)).seal(&full(), [3; 24]).unwrap();
        assert_eq!(ring(&key(1, 8)).open(&cookie), Err(CookieError::Seal));
    }

    #[test]
    fn bad_key_lists_are_refused_by_position() {
        let error = |list: &str| Keyring::parse(list).err();
        assert_eq!(error(""), Some(CookieError::NoKeys));
        assert_eq!(error("1:short"), Some(CookieError::Key { index: 0 }));
        assert_eq!(
            error(&[key(1, 7), key(1, 8)].join(" ")),
            Some(CookieError::Key { index: 1 })
        );
        assert_eq!(error("300:AAAA"), Some(CookieError::Key { index: 0 }));
    }
}
