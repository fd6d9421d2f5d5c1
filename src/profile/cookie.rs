//! The sealed cookie: a profile encrypted and authenticated with XChaCha20-Poly1305, in URL-safe base64.
//!
//! `base64url( format (1 byte) ‖ key id (1) ‖ nonce (24) ‖ ciphertext ‖ tag (16) )`. The nonce is random. At 24 bytes it
//! needs no counter, which a fleet of isolates could not share. Cookie keys rotate: the first key of the ring seals, and
//! every key of the ring opens.
//!
//! What is encrypted in format 2: time of creation (8 bytes), time of this seal (8), both Unix milliseconds, little-endian,
//! then the profile. The tag also authenticates format, key id and the [`Scheme`] of the connection that the cookie was
//! made for. Format 1, which is still read, had neither times nor scheme.

use alloc::string::String;
use alloc::vec::Vec;
use core::hash::Hasher;

use base64ct::{Base64UrlUnpadded, Encoding};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};
use siphasher::sip128::{Hasher128, SipHasher24};
use thiserror::Error;

use super::{KeptProfile, MAX_PROFILE_BYTES, Profile, ProfileError};

const FORMAT: u8 = 2;
/// The format before, without times and scheme.
const UNDATED_FORMAT: u8 = 1;
const NONCE: usize = 24;
const HEAD: usize = 2 + NONCE;
const TIMES: usize = 16;
const TAG: usize = 16;
/// Longest sealed value in characters. With its name and attributes, the cookie stays below 2 KiB.
pub const MAX_COOKIE_CHARS: usize = (HEAD + TIMES + MAX_PROFILE_BYTES + TAG).div_ceil(3) * 4;
const _: () = assert!(MAX_COOKIE_CHARS <= 1_800);

/// The scheme of the connections that a cookie is for. A browser takes a cookie `__Host-…` over https from this very host
/// only, but a cookie of any other name also from a page over http or of a sibling domain. So a seal made for one scheme
/// does not open for the other one: who has a profile of its own, sealed over http, cannot plant it over https.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Not encrypted: localhost, or a site without TLS.
    Http,
    /// Encrypted.
    Https,
}

/// What a seal is checked against when it is opened.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// The scheme of the connection.
    pub scheme: Scheme,
    /// The present time, Unix milliseconds.
    pub now_ms: u64,
    /// The greatest age of a seal, in milliseconds.
    pub max_age_ms: u64,
}

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
    #[error("profile cookie format: expected {FORMAT} or {UNDATED_FORMAT}, found {found}")]
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
    /// The tag does not match: the cookie was changed, or sealed by somebody else, or for the other scheme.
    #[error(
        "profile cookie: its authentication tag does not match; the cookie was changed, sealed with another secret, or sealed for the other one of http and https"
    )]
    Seal,
    /// The seal is older than allowed.
    #[error("profile cookie: expected a seal of at most {max_age_ms} ms, found one of {age_ms} ms")]
    Age {
        /// The greatest age.
        max_age_ms: u64,
        /// The seal's age.
        age_ms: u64,
    },
    /// The visitor deleted the profile.
    #[error("profile cookie: the profile was deleted")]
    Deleted,
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
/// use selvedge::profile::cookie::{Keyring, Scheme, Terms};
/// use selvedge::profile::{KeptProfile, VisitorId};
///
/// // Two keys of 32 bytes each: key 2 seals, keys 2 and 1 open.
/// let ring = Keyring::parse(
///     "2:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI,1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE",
/// )?;
/// let now_ms = 1_512_379_800_000;
/// let kept = KeptProfile::new(VisitorId([7; 16]), now_ms, None);
/// let nonce = [9; 24]; // Fresh random bytes for each cookie.
/// let cookie = ring.seal(&kept, Scheme::Https, nonce)?;
/// let terms = Terms { scheme: Scheme::Https, now_ms, max_age_ms: 86_400_000 };
/// assert_eq!(ring.open(&cookie, &terms)?, kept);
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
    pub fn seal(&self, kept: &KeptProfile, scheme: Scheme, nonce: [u8; NONCE]) -> Result<String, CookieError> {
        let SecretKey { id, cipher, .. } = self.keys.first().ok_or(CookieError::NoKeys)?;
        let head = [FORMAT, *id];
        let plain = [
            &kept.created_ms.to_le_bytes()[..],
            &kept.sealed_ms.to_le_bytes(),
            &kept.profile.to_bytes(),
        ]
        .concat();
        let payload = Payload {
            msg: &plain,
            aad: &authenticated(head, scheme),
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
    /// [`CookieError`] for any text that this ring did not seal for this scheme, or that is too old.
    pub fn open(&self, cookie: &str, terms: &Terms) -> Result<KeptProfile, CookieError> {
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
        let [format, id, nonce @ ..] = *head;
        if !matches!(format, FORMAT | UNDATED_FORMAT) {
            return Err(CookieError::Format { found: format });
        }
        let key = self.keys.iter().find(|key| key.id == id);
        let SecretKey { cipher, .. } = key.ok_or(CookieError::UnknownKey { found: id })?;
        let authenticated = authenticated([format, id], terms.scheme);
        let payload = Payload {
            msg: sealed,
            aad: if format == FORMAT { &authenticated } else { &head[..2] },
        };
        let plain = cipher
            .decrypt(&XNonce::from(nonce), payload)
            .map_err(|_| CookieError::Seal)?;
        let kept = if format == FORMAT {
            dated(&plain)?
        } else {
            KeptProfile::undated(Profile::from_bytes(&plain)?)
        };
        let age_ms = terms.now_ms.saturating_sub(kept.sealed_ms);
        if age_ms > terms.max_age_ms {
            let max_age_ms = terms.max_age_ms;
            return Err(CookieError::Age { max_age_ms, age_ms });
        }
        Ok(kept)
    }
}

/// Whether a cookie says that it is a seal of format 1, which older versions made under a name without a prefix.
#[must_use]
pub fn is_undated(cookie: &str) -> bool {
    let head = cookie
        .get(..4)
        .and_then(|head| Base64UrlUnpadded::decode_vec(head).ok());
    head.is_some_and(|head| head.first() == Some(&UNDATED_FORMAT))
}

/// What the tag authenticates beside the message.
fn authenticated([format, id]: [u8; 2], scheme: Scheme) -> [u8; 3] {
    [format, id, scheme as u8]
}

/// Reads what format 2 encrypts.
fn dated(plain: &[u8]) -> Result<KeptProfile, ProfileError> {
    let Some((times, profile)) = plain.split_first_chunk::<TIMES>() else {
        return Err(ProfileError::Length {
            expected: TIMES,
            found: plain.len(),
        });
    };
    let [created, sealed] = [0, 8].map(|from| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&times[from..from + 8]);
        u64::from_le_bytes(bytes)
    });
    Ok(KeptProfile {
        profile: Profile::from_bytes(profile)?,
        created_ms: created,
        sealed_ms: sealed,
    })
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

    const NOW_MS: u64 = 1_740_000_000_000;
    const DAY_MS: u64 = 86_400_000;

    fn at(now_ms: u64) -> Terms {
        Terms {
            scheme: Scheme::Https,
            now_ms,
            max_age_ms: 100 * DAY_MS,
        }
    }

    fn full() -> KeptProfile {
        let mut kept = KeptProfile::new(VisitorId([9; 16]), NOW_MS, None);
        for minute in 0..MAX_HISTORY as u32 {
            kept.profile
                .remember(entry(u64::from(minute) << 40, 29_000_000 - minute));
        }
        kept
    }

    fn seal(ring: &Keyring, nonce: u8) -> String {
        ring.seal(&full(), Scheme::Https, [nonce; 24]).unwrap()
    }

    #[test]
    fn a_sealed_profile_opens_again_and_fits_into_two_kibibytes() {
        let ring = ring(&key(1, 7));
        let cookie = seal(&ring, 3);
        assert!(cookie.len() <= MAX_COOKIE_CHARS);
        assert_eq!(ring.open(&cookie, &at(NOW_MS)), Ok(full()));
    }

    #[test]
    fn an_older_key_still_opens_and_a_removed_one_does_not() {
        let old = ring(&key(1, 7));
        let cookie = seal(&old, 3);
        let rotated = ring(&[key(2, 8), key(1, 7)].join(","));
        let terms = at(NOW_MS);
        assert_eq!(rotated.open(&cookie, &terms), Ok(full()));
        let fresh = seal(&rotated, 4);
        assert_eq!(old.open(&fresh, &terms), Err(CookieError::UnknownKey { found: 2 }));
        assert_eq!(
            ring(&key(2, 8)).open(&cookie, &terms),
            Err(CookieError::UnknownKey { found: 1 })
        );
    }

    #[test]
    fn a_seal_ages_and_one_of_a_clock_that_is_ahead_does_not() {
        let ring = ring(&key(1, 7));
        let cookie = seal(&ring, 3);
        let greatest = NOW_MS + 100 * DAY_MS;
        for now_ms in [0, NOW_MS - DAY_MS, greatest] {
            assert_eq!(ring.open(&cookie, &at(now_ms)), Ok(full()), "{now_ms}");
        }
        let error = CookieError::Age {
            max_age_ms: 100 * DAY_MS,
            age_ms: 100 * DAY_MS + 1,
        };
        assert_eq!(ring.open(&cookie, &at(greatest + 1)), Err(error));
    }

    #[test]
    fn a_seal_for_one_scheme_does_not_open_for_the_other() {
        let ring = ring(&key(1, 7));
        for (made_for, opened_for) in [(Scheme::Http, Scheme::Https), (Scheme::Https, Scheme::Http)] {
            let cookie = ring.seal(&full(), made_for, [3; 24]).unwrap();
            let terms = |scheme| Terms { scheme, ..at(NOW_MS) };
            assert_eq!(ring.open(&cookie, &terms(made_for)), Ok(full()));
            assert_eq!(ring.open(&cookie, &terms(opened_for)), Err(CookieError::Seal));
        }
    }

    /// Made by the last version that wrote format 1, with key 1 of 32 bytes of 7: visitor 9, 9, …, a click on item 1 at
    /// minute 29,000,000.
    const UNDATED: &str = "AQEDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwOFD0ISfCjP-X4ZSvJO2MdAI2WPZwMVNlUr5T0MISQhuswMgcUYXGWPIllg0zY3hs9J8hwdfFqA5w";

    #[test]
    fn a_cookie_of_format_1_is_still_read_for_either_scheme_and_ages_by_its_newest_event() {
        let ring = ring(&key(1, 7));
        let mut profile = Profile::new(VisitorId([9; 16]));
        profile.remember(entry(1, 29_000_000));
        let expected = KeptProfile {
            profile,
            created_ms: 0,
            sealed_ms: 29_000_000 * 60_000,
        };
        for scheme in [Scheme::Http, Scheme::Https] {
            let terms = Terms { scheme, ..at(NOW_MS) };
            assert_eq!(ring.open(UNDATED, &terms), Ok(expected.clone()));
        }
        let later = at(expected.sealed_ms + 100 * DAY_MS + 1);
        assert!(matches!(ring.open(UNDATED, &later), Err(CookieError::Age { .. })));
        assert!(expected.is_deleted_at(1), "any deletion came after it");
    }

    #[test]
    fn every_changed_character_is_refused() {
        let ring = ring(&key(1, 7));
        let mut kept = KeptProfile::new(VisitorId([9; 16]), NOW_MS, None);
        kept.profile.remember(entry(1, 29_000_000));
        let fresh = ring.seal(&kept, Scheme::Https, [3; 24]).unwrap();
        for cookie in [&fresh, UNDATED] {
            for at_char in 0..cookie.len() {
                let mut changed = cookie.as_bytes().to_vec();
                changed[at_char] = if changed[at_char] == b'A' { b'B' } else { b'A' };
                let changed = core::str::from_utf8(&changed).unwrap();
                assert!(ring.open(changed, &at(NOW_MS)).is_err(), "{at_char}");
            }
            for len in 0..cookie.len() {
                assert!(ring.open(&cookie[..len], &at(NOW_MS)).is_err());
            }
        }
    }

    #[test]
    fn a_cookie_of_another_ring_with_the_same_key_id_is_refused() {
        let cookie = seal(&ring(&key(1, 7)), 3);
        assert_eq!(ring(&key(1, 8)).open(&cookie, &at(NOW_MS)), Err(CookieError::Seal));
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
