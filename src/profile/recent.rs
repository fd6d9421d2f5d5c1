//! Keeps recently opened profiles. A page requests several slots in a row with the same cookie, and opening the cookie
//! costs as much as everything else the core does for a list from the cache.
//!
//! This is a cache, not storage: only a request that sends the same sealed text finds the profile, for ten seconds. The
//! requests that follow evict it.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

use super::Profile;
use super::cookie::{CookieError, Keyring};

/// Largest number of profiles: 3.4 MB with the longest histories and cookies, 0.6 MB with ten events each.
const PLACES: usize = 1024;
/// How long a profile is kept, in milliseconds: the requests of one page view arrive within seconds.
const KEPT_MS: u64 = 10_000;
/// Entries that each request checks for expiry.
const SWEPT: usize = 16;

/// Table of opened profiles. The sealed text determines the entry, and a new profile replaces the one in its entry. Use
/// one table per ring: a hit does not ask the ring again.
#[derive(Default)]
pub struct RecentProfiles {
    places: Vec<Option<Opened>>,
    /// Entry that the last sweep checked last.
    next: usize,
    newest_ms: u64,
}

struct Opened {
    sealed: String,
    profile: Rc<Profile>,
    at_ms: u64,
}

impl RecentProfiles {
    /// Creates an empty table.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            places: Vec::new(),
            next: 0,
            newest_ms: 0,
        }
    }

    /// Returns the opened profile of a sealed text, from the table or by opening it.
    ///
    /// # Errors
    /// [`CookieError`] of [`Keyring::open`].
    pub fn open(&mut self, ring: &Keyring, sealed: &str, now_ms: u64) -> Result<Rc<Profile>, CookieError> {
        let place = place_of(sealed);
        let known = self.places.get(place).and_then(Option::as_ref);
        if let Some(known) = known.filter(|known| known.sealed == sealed && known.is_kept(now_ms)) {
            return Ok(Rc::clone(&known.profile));
        }
        let profile = Rc::new(ring.open(sealed)?);
        self.places.resize_with(PLACES, || None);
        self.places[place] = Some(Opened {
            sealed: sealed.into(),
            profile: Rc::clone(&profile),
            at_ms: now_ms,
        });
        self.newest_ms = now_ms;
        Ok(profile)
    }

    /// Removes all profiles of the visitor of this sealed text, under any seal. For a visitor who withdrew consent.
    pub fn forget(&mut self, sealed: &str) {
        let known = self.places.get(place_of(sealed)).and_then(Option::as_ref);
        let Some(known) = known.filter(|known| known.sealed == sealed) else {
            return;
        };
        let visitor = known.profile.visitor;
        for place in &mut self.places {
            if place.as_ref().is_some_and(|known| known.profile.visitor == visitor) {
                *place = None;
            }
        }
    }

    /// Removes expired profiles, 16 entries per call. Call it with every request, so that a profile expires even
    /// if its visitor never returns.
    pub fn tidy(&mut self, now_ms: u64) {
        if now_ms.abs_diff(self.newest_ms) >= KEPT_MS {
            self.places.clear();
        }
        for _ in 0..SWEPT.min(self.places.len()) {
            self.next = (self.next + 1) % PLACES;
            if let Some(place) = self.places.get_mut(self.next)
                && place.as_ref().is_some_and(|known| !known.is_kept(now_ms))
            {
                *place = None;
            }
        }
    }
}

impl Opened {
    /// A clock that went back makes this false, too.
    fn is_kept(&self, now_ms: u64) -> bool {
        now_ms.checked_sub(self.at_ms).is_some_and(|age_ms| age_ms < KEPT_MS)
    }
}

/// Hashes the last characters. They belong to the authentication tag, so they are as good as random, and a text with a
/// forged tag finds no profile.
fn place_of(sealed: &str) -> usize {
    let tail = sealed.as_bytes().last_chunk::<8>().copied().unwrap_or_default();
    let mixed = u64::from_le_bytes(tail).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::try_from(mixed >> 32).unwrap_or(0) % PLACES
}

#[cfg(test)]
mod tests {
    use super::super::VisitorId;
    use super::*;

    fn ring(fill: u8) -> Keyring {
        use base64ct::{Base64UrlUnpadded, Encoding};
        Keyring::parse(&alloc::format!("1:{}", Base64UrlUnpadded::encode_string(&[fill; 32]))).unwrap()
    }

    fn sealed(ring: &Keyring, visitor: u16) -> String {
        let mut id = [0; 16];
        id[..2].copy_from_slice(&visitor.to_le_bytes());
        let mut nonce = [1; 24];
        nonce[..2].copy_from_slice(&visitor.to_le_bytes());
        ring.seal(&Profile::new(VisitorId(id)), nonce).unwrap()
    }

    fn kept(recent: &RecentProfiles) -> usize {
        recent.places.iter().flatten().count()
    }

    #[test]
    fn a_profile_is_opened_once_and_found_for_ten_seconds() {
        let (ring, other) = (ring(7), ring(8));
        let (mut recent, cookie) = (RecentProfiles::new(), sealed(&ring, 1));
        let first = recent.open(&ring, &cookie, 5_000).unwrap();
        let mut found = |ring, now_ms| recent.open(ring, &cookie, now_ms).ok();
        // A ring that cannot open the cookie proves that it was not opened again.
        assert!(Rc::ptr_eq(&first, &found(&other, 14_999).unwrap()));
        assert_eq!(found(&other, 15_000), None);
        assert_eq!(found(&other, 4_999), None, "the clock went back");
        assert_eq!(found(&ring, 15_000).unwrap(), first);
        assert!(found(&other, 24_999).is_some());
    }

    #[test]
    fn a_visitor_never_finds_another_visitors_profile() {
        let ring = ring(7);
        let mut recent = RecentProfiles::new();
        for turn in 0..3 {
            for visitor in 0..12_000 {
                let profile = recent.open(&ring, &sealed(&ring, visitor), turn).unwrap();
                assert_eq!(profile.visitor.0[..2], visitor.to_le_bytes());
            }
            assert_eq!(kept(&recent), PLACES, "bounded, and every place is used");
        }
        // Texts with the same ending share an entry; the wrong one is still refused.
        let cookie = sealed(&ring, 11_999);
        let mut forged = cookie.clone().into_bytes();
        forged[8] ^= 1;
        let forged = String::from_utf8(forged).unwrap();
        assert_eq!(place_of(&forged), place_of(&cookie));
        assert!(recent.open(&ring, &forged, 3).is_err());
        assert!(recent.open(&ring, "", 3).is_err());
    }

    #[test]
    fn forget_removes_the_profiles_of_one_visitor_only() {
        let (ring, other) = (ring(7), ring(8));
        let mut recent = RecentProfiles::new();
        recent.forget("before anything was opened");
        let [one, two] = [1, 2].map(|visitor| sealed(&ring, visitor));
        let profile = recent.open(&ring, &one, 0).unwrap();
        recent.open(&ring, &two, 0).unwrap();
        // The same visitor's profile after an event, under another seal.
        let later = ring.seal(&profile, [9; 24]).unwrap();
        recent.open(&ring, &later, 0).unwrap();
        recent.forget("never opened");
        recent.forget(&later);
        assert!(recent.open(&other, &one, 1).is_err());
        assert!(recent.open(&other, &later, 1).is_err());
        assert!(recent.open(&other, &two, 1).is_ok());
    }

    #[test]
    fn tidy_removes_expired_profiles_without_a_request_for_them() {
        let ring = ring(7);
        let mut recent = RecentProfiles::new();
        recent.tidy(0);
        for visitor in 0..200 {
            recent.open(&ring, &sealed(&ring, visitor), 0).unwrap();
        }
        recent.open(&ring, &sealed(&ring, 999), KEPT_MS).unwrap();
        for _ in 0..PLACES / SWEPT {
            assert!(kept(&recent) > 1);
            recent.tidy(KEPT_MS);
        }
        assert_eq!(kept(&recent), 1, "the others are too old");
        recent.tidy(2 * KEPT_MS);
        assert_eq!(kept(&recent), 0, "after a pause, all at once");
        recent.open(&ring, &sealed(&ring, 1), 2 * KEPT_MS).unwrap();
        recent.tidy(0);
        assert_eq!(kept(&recent), 0, "the clock went back");
    }
}
