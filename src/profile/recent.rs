//! Profiles that were opened a moment ago. A page asks for several slots one after the other, each time with the same cookie, and to
//! open that costs as much as all else that the core does for a list out of the cache.
//!
//! This is memory, not storage: a profile is found only by whoever brings its whole sealed text once more, for ten seconds, and goes
//! with the next requests after that.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

use super::Profile;
use super::cookie::{CookieError, Keyring};

/// How many profiles are kept at most: with the longest histories and cookies 3.4 MB, with ten events each 0.6 MB.
const PLACES: usize = 1024;
/// For how long, in milliseconds: the requests of one page view come within seconds.
const KEPT_MS: u64 = 10_000;
/// How many places are looked at with each request for what is kept too long.
const SWEPT: usize = 16;

/// Opened profiles: a table in which a sealed text has one place, and pushes out what is there. It is for one ring, which is not
/// asked again for what it opened before.
#[derive(Default)]
pub struct RecentProfiles {
    places: Vec<Option<Opened>>,
    /// The place that is looked at next.
    next: usize,
    newest_ms: u64,
}

struct Opened {
    sealed: String,
    profile: Rc<Profile>,
    at_ms: u64,
}

impl RecentProfiles {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            places: Vec::new(),
            next: 0,
            newest_ms: 0,
        }
    }

    /// Opens a sealed profile, or finds it opened.
    ///
    /// # Errors
    /// What the ring refuses.
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

    /// Forgets all that was opened for a visitor who does not want to be remembered, under whichever seal.
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

    /// Lets go of what is kept too long; to be called with every request, so that nothing waits for its own visitor to come again.
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
    /// Also false where the clock went back.
    fn is_kept(&self, now_ms: u64) -> bool {
        now_ms.checked_sub(self.at_ms).is_some_and(|age_ms| age_ms < KEPT_MS)
    }
}

/// By the last characters, which are of the seal's tag: as good as random, and whoever makes them up finds nothing there.
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
        // A ring that cannot open it shows that it was not opened again.
        assert!(Rc::ptr_eq(&first, &found(&other, 14_999).unwrap()));
        assert_eq!(found(&other, 15_000), None);
        assert_eq!(found(&other, 4_999), None, "the clock went back");
        assert_eq!(found(&ring, 15_000).unwrap(), first);
        assert!(found(&other, 24_999).is_some());
    }

    #[test]
    fn a_visitor_finds_nobody_elses_profile_whatever_the_places_are() {
        let ring = ring(7);
        let mut recent = RecentProfiles::new();
        for turn in 0..3 {
            for visitor in 0..12_000 {
                let profile = recent.open(&ring, &sealed(&ring, visitor), turn).unwrap();
                assert_eq!(profile.visitor.0[..2], visitor.to_le_bytes());
            }
            assert_eq!(kept(&recent), PLACES, "bounded, and every place is used");
        }
        // What ends alike has the same place, and is refused all the same.
        let cookie = sealed(&ring, 11_999);
        let mut forged = cookie.clone().into_bytes();
        forged[8] ^= 1;
        let forged = String::from_utf8(forged).unwrap();
        assert_eq!(place_of(&forged), place_of(&cookie));
        assert!(recent.open(&ring, &forged, 3).is_err());
        assert!(recent.open(&ring, "", 3).is_err());
    }

    #[test]
    fn who_wants_to_be_forgotten_is_and_nobody_else() {
        let (ring, other) = (ring(7), ring(8));
        let mut recent = RecentProfiles::new();
        recent.forget("before anything was opened");
        let [one, two] = [1, 2].map(|visitor| sealed(&ring, visitor));
        let profile = recent.open(&ring, &one, 0).unwrap();
        recent.open(&ring, &two, 0).unwrap();
        // What an event made of the first one: the same visitor under another seal.
        let later = ring.seal(&profile, [9; 24]).unwrap();
        recent.open(&ring, &later, 0).unwrap();
        recent.forget("never opened");
        recent.forget(&later);
        assert!(recent.open(&other, &one, 1).is_err());
        assert!(recent.open(&other, &later, 1).is_err());
        assert!(recent.open(&other, &two, 1).is_ok());
    }

    #[test]
    fn what_is_kept_too_long_goes_though_nobody_asks_for_it() {
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
