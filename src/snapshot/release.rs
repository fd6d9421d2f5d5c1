//! What a snapshot was made for, and the order of releases: a good signature does not say that a file belongs here and now.
//!
//! The section `release` names shop and channel. The time of packing, in the header, orders the releases of one shop and
//! channel. A reader that steps back to an older release needs a [`Rollback`], which the signing key declares for exactly
//! that step. All three are signed.

use alloc::vec::Vec;

use ed25519_dalek::{Signature, VerifyingKey};

use super::open::Snapshot;
use super::section::SectionKind;

/// Start of the signed message of a rollback, so that a signature made for another protocol does not fit.
const ROLLBACK_DOMAIN: &[u8] = b"selvedge rollback v1\0";
/// Longest name of a shop or channel, in bytes.
pub const MAX_RELEASE_NAME: usize = 64;

/// What a snapshot was made for. An empty name means that the file does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Release<'a> {
    /// The shop.
    pub shop: &'a str,
    /// The channel, such as `production` or `staging`.
    pub channel: &'a str,
}

impl<'a> Release<'a> {
    /// Reads the section: a line `name=value` for each field. Lines of other names are for later versions.
    fn of(text: &'a str) -> Self {
        let value = |wanted| {
            let pairs = text.lines().filter_map(|line| line.split_once('='));
            let mut named = pairs.filter(|(name, _)| *name == wanted);
            named.next().map_or("", |(_, value)| value)
        };
        Self {
            shop: value("shop"),
            channel: value("channel"),
        }
    }

    /// Whether a text may name a shop or channel: 1 to 64 of `a-z`, `0-9`, `-`, `_` and `.`.
    #[must_use]
    pub fn is_name(text: &str) -> bool {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
        (1..=MAX_RELEASE_NAME).contains(&text.len()) && text.bytes().all(allowed)
    }
}

impl<B: AsRef<[u8]>> Snapshot<B> {
    /// Returns what the snapshot was made for.
    #[must_use]
    pub fn release(&self) -> Release<'_> {
        Release::of(core::str::from_utf8(self.section(SectionKind::Release)).unwrap_or(""))
    }
}

/// The declaration of a step back: from the release that was packed at a time to one earlier snapshot.
///
/// It is for this step only: from a release that is newer than `from_ms` it does not lead back, so a copy of it that is
/// published again after the next release is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rollback {
    /// When the release was packed that is taken back, Unix milliseconds.
    pub from_ms: u64,
    /// Ed25519, over a domain, `from_ms` and the fingerprint of the snapshot to go back to.
    pub signature: [u8; 64],
}

impl Rollback {
    /// Reads a declaration whose signature is written as 128 hexadecimal digits; [`None`] for any other text.
    #[must_use]
    pub fn parse(from_ms: u64, signature: &str) -> Option<Self> {
        let mut bytes = [0; 64];
        let read = base16ct::mixed::decode(signature, &mut bytes).ok()?.len();
        (read == bytes.len()).then_some(Self {
            from_ms,
            signature: bytes,
        })
    }

    /// Whether one of these keys declared the step from a release packed at `newest_ms` or before back to the snapshot
    /// with this fingerprint.
    #[must_use]
    pub fn allows(&self, newest_ms: u64, to: &[u8; 32], keys: &[VerifyingKey]) -> bool {
        let message = message(self.from_ms, to);
        let signature = Signature::from_bytes(&self.signature);
        newest_ms <= self.from_ms && keys.iter().any(|key| key.verify_strict(&message, &signature).is_ok())
    }

    /// Declares a step back.
    #[cfg(any(test, feature = "writer"))]
    #[must_use]
    pub fn declare(from_ms: u64, to: &[u8; 32], key: &ed25519_dalek::SigningKey) -> Self {
        use ed25519_dalek::Signer;
        Self {
            from_ms,
            signature: key.sign(&message(from_ms, to)).to_bytes(),
        }
    }
}

fn message(from_ms: u64, to: &[u8; 32]) -> Vec<u8> {
    [ROLLBACK_DOMAIN, &from_ms.to_le_bytes(), to].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::SigningKey;

    #[test]
    fn a_release_is_read_whatever_stands_beside_it() {
        let named = |shop, channel| Release { shop, channel };
        for (text, expected) in [
            ("", named("", "")),
            ("shop=coffee\nchannel=production", named("coffee", "production")),
            (
                "later=1\nchannel=staging\nshop=coffee\nshop=tea",
                named("coffee", "staging"),
            ),
            ("shop\n=x\nshops=tea\nshop=", named("", "")),
        ] {
            assert_eq!(Release::of(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_name_is_short_and_plain() {
        for good in [
            "a",
            "coffee.example",
            "de-DE_2".to_lowercase().as_str(),
            &"x".repeat(64),
        ] {
            assert!(Release::is_name(good), "{good}");
        }
        for bad in ["", "Coffee", "a b", "a=b", "a\nb", "ä", &"x".repeat(65)] {
            assert!(!Release::is_name(bad), "{bad}");
        }
    }

    #[test]
    fn a_rollback_is_for_one_step_one_file_and_one_key() {
        let [key, other] = [7, 8].map(|fill| SigningKey::from_bytes(&[fill; 32]));
        let trusted = [other.verifying_key(), key.verifying_key()];
        let to = [3; 32];
        let rollback = Rollback::declare(1_000, &to, &key);
        assert!(rollback.allows(1_000, &to, &trusted));
        assert!(
            rollback.allows(900, &to, &trusted),
            "a process that never saw the newest release"
        );
        assert!(
            !rollback.allows(1_001, &to, &trusted),
            "a later release was published since"
        );
        assert!(!rollback.allows(1_000, &[4; 32], &trusted), "another file");
        assert!(!rollback.allows(1_000, &to, &trusted[..1]), "another key");
        assert!(!rollback.allows(1_000, &to, &[]));
        let text = base16ct::lower::encode_string(&rollback.signature);
        assert_eq!(Rollback::parse(1_000, &text), Some(rollback));
        for bad in ["", "00", &text[1..], &text[2..], &format!("{text}00"), &"g".repeat(128)] {
            assert_eq!(Rollback::parse(1_000, bad), None, "{bad}");
        }
        let later = Rollback {
            from_ms: 2_000,
            ..rollback
        };
        assert!(!later.allows(1_500, &to, &trusted), "the time is signed");
        for bit in 0..512 {
            let mut changed = rollback;
            changed.signature[bit / 8] ^= 1 << (bit % 8);
            assert!(!changed.allows(1_000, &to, &trusted), "{bit}");
        }
    }
}
