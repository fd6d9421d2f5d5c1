//! Keeps recently opened and recently sealed profiles. A page requests several slots in a row with the same cookie, and
//! opening the cookie costs as much as everything else the core does for a list from the cache. Of two tabs that send
//! events with the same cookie, the second one's profile gets the first one's events from here.
//!
//! This is a cache, not storage: only a request that sends a sealed text of the same visitor finds the profile, for ten
//! seconds. The requests that follow evict it. What is remembered longer is which profiles were deleted: ids and times of
//! the last 256 deletions, so that an answer under way or an old copy of the cookie does not bring a profile back.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

use super::cookie::{CookieError, Keyring, Scheme, Terms};
use super::{KeptProfile, VisitorId};

/// Largest number of profiles: 3.4 MB with the longest histories and cookies, 0.6 MB with ten events each.
const PLACES: usize = 1024;
/// How long a profile is kept, in milliseconds: the requests of one page view arrive within seconds.
const KEPT_MS: u64 = 10_000;
/// Entries that each request checks for expiry.
const SWEPT: usize = 16;
/// Largest number of deletions that are remembered: 6 KB.
const DELETIONS: usize = 256;

/// Table of opened profiles. The sealed text determines the entry, and a new profile replaces the one in its entry. Use
/// one table per ring and greatest age: a hit does not ask the ring again.
#[derive(Default)]
pub struct RecentProfiles {
    places: Vec<Option<Opened>>,
    /// Deleted visitors, and when they deleted their profile; the last deletion last.
    deleted: Vec<(VisitorId, u64)>,
    /// Entry that the last sweep checked last.
    next: usize,
    newest_ms: u64,
}

struct Opened {
    sealed: String,
    scheme: Scheme,
    kept: Rc<KeptProfile>,
    at_ms: u64,
}

impl RecentProfiles {
    /// Creates an empty table.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            places: Vec::new(),
            deleted: Vec::new(),
            next: 0,
            newest_ms: 0,
        }
    }

    /// Returns the opened profile of a sealed text, from the table or by opening it.
    ///
    /// # Errors
    /// [`CookieError`] of [`Keyring::open`]; [`CookieError::Deleted`] if the visitor deleted it here.
    pub fn open(&mut self, ring: &Keyring, sealed: &str, terms: &Terms) -> Result<Rc<KeptProfile>, CookieError> {
        let known = self.places.get(place_of(sealed)).and_then(Option::as_ref);
        if let Some(known) = known
            .filter(|known| known.sealed == sealed && known.scheme == terms.scheme && known.is_recent(terms.now_ms))
        {
            return Ok(Rc::clone(&known.kept));
        }
        let kept = ring.open(sealed, terms)?;
        if self.is_deleted(&kept) {
            return Err(CookieError::Deleted);
        }
        let kept = Rc::new(kept);
        self.put(sealed, Rc::clone(&kept), terms.scheme, terms.now_ms);
        Ok(kept)
    }

    /// Keeps a profile that was just sealed: its visitor's next request sends this sealed text.
    pub fn put(&mut self, sealed: &str, kept: Rc<KeptProfile>, scheme: Scheme, now_ms: u64) {
        self.places.resize_with(PLACES, || None);
        self.places[place_of(sealed)] = Some(Opened {
            sealed: sealed.into(),
            scheme,
            kept,
            at_ms: now_ms,
        });
        self.newest_ms = now_ms;
    }

    /// Joins a profile with all recent ones of the same visitor.
    #[must_use]
    pub fn merged(&self, kept: KeptProfile, now_ms: u64) -> KeptProfile {
        let visitor = kept.profile.visitor;
        self.places
            .iter()
            .flatten()
            .filter(|known| known.kept.profile.visitor == visitor && known.is_recent(now_ms))
            .fold(kept, |kept, known| kept.merge(KeptProfile::clone(&known.kept)))
    }

    /// Removes all profiles of the visitor of this sealed text, under any seal. For a visitor who withdrew consent.
    pub fn forget(&mut self, sealed: &str) {
        let known = self.places.get(place_of(sealed)).and_then(Option::as_ref);
        if let Some(known) = known.filter(|known| known.sealed == sealed) {
            self.drop_profiles(known.kept.profile.visitor);
        }
    }

    /// Removes all profiles of a visitor, and remembers that they are deleted.
    pub fn delete(&mut self, visitor: VisitorId, now_ms: u64) {
        self.drop_profiles(visitor);
        self.deleted.retain(|(known, _)| *known != visitor);
        if self.deleted.len() == DELETIONS {
            self.deleted.remove(0);
        }
        self.deleted.push((visitor, now_ms));
    }

    /// Whether this table saw the deletion of a profile.
    #[must_use]
    pub fn is_deleted(&self, kept: &KeptProfile) -> bool {
        let of_the_visitor = |(visitor, _): &&(VisitorId, u64)| *visitor == kept.profile.visitor;
        let deletion = self.deleted.iter().find(of_the_visitor);
        deletion.is_some_and(|(_, deleted_ms)| kept.is_deleted_at(*deleted_ms))
    }

    fn drop_profiles(&mut self, visitor: VisitorId) {
        for place in &mut self.places {
            if place
                .as_ref()
                .is_some_and(|known| known.kept.profile.visitor == visitor)
            {
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
                && place.as_ref().is_some_and(|known| !known.is_recent(now_ms))
            {
                *place = None;
            }
        }
    }
}

impl Opened {
    /// A clock that went back makes this false, too.
    fn is_recent(&self, now_ms: u64) -> bool {
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
    use super::*;

    fn ring(fill: u8) -> Keyring {
        use base64ct::{Base64UrlUnpadded, Encoding};
        Keyring::parse(&alloc::format!("1:{}", Base64UrlUnpadded::encode_string(&[fill; 32]))).unwrap()
    }

    fn at(now_ms: u64) -> Terms {
        Terms {
            scheme: Scheme::Https,
            now_ms,
            max_age_ms: 86_400_000,
        }
    }

    fn kept_of(visitor: u16) -> KeptProfile {
        let mut id = [0; 16];
        id[..2].copy_from_slice(&visitor.to_le_bytes());
        KeptProfile::new(VisitorId(id), 1, None)
    }

    fn sealed(ring: &Keyring, visitor: u16) -> String {
        let mut nonce = [1; 24];
        nonce[..2].copy_from_slice(&visitor.to_le_bytes());
        ring.seal(&kept_of(visitor), Scheme::Https, nonce).unwrap()
    }

    fn kept(recent: &RecentProfiles) -> usize {
        recent.places.iter().flatten().count()
    }

    #[test]
    fn a_profile_is_opened_once_and_found_for_ten_seconds() {
        let (ring, other) = (ring(7), ring(8));
        let (mut recent, cookie) = (RecentProfiles::new(), sealed(&ring, 1));
        let first = recent.open(&ring, &cookie, &at(5_000)).unwrap();
        let mut found = |ring, now_ms| recent.open(ring, &cookie, &at(now_ms)).ok();
        // A ring that cannot open the cookie proves that it was not opened again.
        assert!(Rc::ptr_eq(&first, &found(&other, 14_999).unwrap()));
        assert_eq!(found(&other, 15_000), None);
        assert_eq!(found(&other, 4_999), None, "the clock went back");
        assert_eq!(found(&ring, 15_000).unwrap(), first);
        assert!(found(&other, 24_999).is_some());
        let http = Terms {
            scheme: Scheme::Http,
            ..at(24_999)
        };
        assert!(recent.open(&ring, &cookie, &http).is_err(), "made for https");
    }

    #[test]
    fn a_visitor_never_finds_another_visitors_profile() {
        let ring = ring(7);
        let mut recent = RecentProfiles::new();
        for turn in 0..3 {
            for visitor in 0..12_000 {
                let found = recent.open(&ring, &sealed(&ring, visitor), &at(turn)).unwrap();
                assert_eq!(*found, kept_of(visitor));
            }
            assert_eq!(kept(&recent), PLACES, "bounded, and every place is used");
        }
        // Texts with the same ending share an entry; the wrong one is still refused.
        let cookie = sealed(&ring, 11_999);
        let mut forged = cookie.clone().into_bytes();
        forged[8] ^= 1;
        let forged = String::from_utf8(forged).unwrap();
        assert_eq!(place_of(&forged), place_of(&cookie));
        assert!(recent.open(&ring, &forged, &at(3)).is_err());
        assert!(recent.open(&ring, "", &at(3)).is_err());
    }

    #[test]
    fn forget_removes_the_profiles_of_one_visitor_only() {
        let (ring, other) = (ring(7), ring(8));
        let mut recent = RecentProfiles::new();
        recent.forget("before anything was opened");
        let [one, two] = [1, 2].map(|visitor| sealed(&ring, visitor));
        recent.open(&ring, &one, &at(0)).unwrap();
        recent.open(&ring, &two, &at(0)).unwrap();
        // The same visitor's profile after an event, under another seal.
        let later = ring.seal(&kept_of(1), Scheme::Https, [9; 24]).unwrap();
        recent.open(&ring, &later, &at(0)).unwrap();
        recent.forget("never opened");
        recent.forget(&later);
        assert!(recent.open(&other, &one, &at(1)).is_err());
        assert!(recent.open(&other, &later, &at(1)).is_err());
        assert!(recent.open(&other, &two, &at(1)).is_ok());
        assert!(recent.open(&ring, &one, &at(1)).is_ok(), "forgotten is not deleted");
    }

    #[test]
    fn what_was_just_sealed_is_found_and_joined_for_ten_seconds() {
        use super::super::tests::entry;
        let (ring, mut recent) = (ring(7), RecentProfiles::new());
        let mut first = kept_of(1);
        first.profile.remember(entry(5, 1));
        recent.put("the first tab's", Rc::new(first.clone()), Scheme::Https, 0);
        recent.put("somebody else's", Rc::new(kept_of(2)), Scheme::Https, 0);
        assert_eq!(*recent.open(&ring, "the first tab's", &at(1)).unwrap(), first);
        let mut second = kept_of(1);
        second.profile.remember(entry(6, 1));
        let both = recent.merged(second.clone(), KEPT_MS - 1);
        assert_eq!(both.profile.history().len(), 2);
        assert_eq!(recent.merged(second.clone(), KEPT_MS), second);
    }

    #[test]
    fn a_deleted_profile_stays_deleted_whatever_copy_comes_and_a_new_one_does_not_suffer() {
        let (ring, mut recent) = (ring(7), RecentProfiles::new());
        let [cookie, other] = [1, 2].map(|visitor| sealed(&ring, visitor));
        recent.open(&ring, &cookie, &at(5)).unwrap();
        recent.delete(kept_of(1).profile.visitor, 10);
        let under_way = ring.seal(&kept_of(1), Scheme::Https, [9; 24]).unwrap();
        for now_ms in [11, 20_000] {
            for copy in [&cookie, &under_way] {
                assert_eq!(recent.open(&ring, copy, &at(now_ms)), Err(CookieError::Deleted));
            }
            assert!(recent.open(&ring, &other, &at(now_ms)).is_ok());
        }
        let new = KeptProfile {
            created_ms: 11,
            ..kept_of(1)
        };
        assert!(!recent.is_deleted(&new));
        for visitor in 100..400 {
            recent.delete(kept_of(visitor).profile.visitor, 20);
        }
        assert_eq!(recent.deleted.len(), DELETIONS, "bounded");
    }

    #[test]
    fn tidy_removes_expired_profiles_without_a_request_for_them() {
        let ring = ring(7);
        let mut recent = RecentProfiles::new();
        recent.tidy(0);
        for visitor in 0..200 {
            recent.open(&ring, &sealed(&ring, visitor), &at(0)).unwrap();
        }
        recent.open(&ring, &sealed(&ring, 999), &at(KEPT_MS)).unwrap();
        for _ in 0..PLACES / SWEPT {
            assert!(kept(&recent) > 1);
            recent.tidy(KEPT_MS);
        }
        assert_eq!(kept(&recent), 1, "the others are too old");
        recent.tidy(2 * KEPT_MS);
        assert_eq!(kept(&recent), 0, "after a pause, all at once");
        recent.open(&ring, &sealed(&ring, 1), &at(2 * KEPT_MS)).unwrap();
        recent.tidy(0);
        assert_eq!(kept(&recent), 0, "the clock went back");
    }
}
