//! The visitor: consent, and the profile in its sealed cookie.

use std::rc::Rc;

use selvedge::profile::cookie::{CookieError, Keyring, Terms, is_undated};
use selvedge::profile::{Consent, KeptProfile, VisitorId};

use crate::app::App;
use crate::call::Call;
use crate::cookies::{self, Sent, Writer};
use crate::fallback::{Fallback, Lent};
use crate::host::{Host, HostError};
use crate::random;
use crate::response::Response;

const DAY_S: u32 = 24 * 60 * 60;
/// Profile cookies of one request that are tried. More than a browser sends, so that no junk in front hides a good one; it bounds the work that a
/// client of its own making can cause.
const MAX_TRIED: usize = 1024;

/// The visitor who sent a request, as far as consent allows to know.
pub struct Visitor {
    /// Whether the visitor agreed to be remembered.
    pub consent: Consent,
    /// The profile; [`None`] for a new visitor, without consent, and if no cookie can be opened.
    pub profile: Option<Rc<KeptProfile>>,
    /// The profile cookies that the request sent.
    sent: Sent,
    /// When the visitor last deleted the profile.
    deleted_ms: Option<u64>,
}

impl Visitor {
    /// Reads the visitor's consent and profile from a request.
    pub fn of<H: Host>(call: &mut Call<'_, H>) -> Self {
        let app = call.app;
        app.recent.borrow_mut().tidy(call.now_ms);
        let header = call.incoming.header("cookie").unwrap_or_default();
        let objects = call.incoming.header("sec-gpc").is_some_and(|value| value.trim() == "1");
        let consent = if objects || cookies::says_off(&header) {
            Consent::Denied
        } else {
            Consent::Granted
        };
        let mut visitor = Self {
            consent,
            profile: None,
            sent: Sent::default(),
            deleted_ms: None,
        };
        match &app.config.keyring {
            _ if consent == Consent::Denied => forget_opened(call, &header),
            None => call.fell_back(Fallback::NoCookieKey),
            Some(_) if header.is_empty() => {}
            Some(keyring) => {
                if visitor.open(&header, keyring, call) && visitor.profile.is_none() {
                    // The reason is neither answered nor logged: anybody can send such cookies, and could fill the log with them.
                    call.fell_back(Fallback::BadCookie);
                }
            }
        }
        visitor
    }

    /// Tries every cookie that may hold the profile, and joins those that open. A cookie under the old name counts only where no other one
    /// opens. Returns whether one of them is bad; a deleted one is not.
    fn open<H: Host>(&mut self, header: &str, keyring: &Keyring, call: &Call<'_, H>) -> bool {
        let terms = terms(call);
        self.deleted_ms = cookies::deleted_ms(header, terms.scheme, terms.now_ms);
        let mut is_bad = false;
        for is_old in [false, true] {
            let all = cookies::candidates(header, terms.scheme).filter(|found| found.number.is_none() == is_old);
            for candidate in all.take(MAX_TRIED) {
                // A page of a sibling domain can set cookies under the old name, and has a seal of today's format in its own visitor's cookie.
                // Only older versions wrote the old name, and theirs is format 1.
                let opened = if is_old && !is_undated(candidate.value) {
                    Err(CookieError::Seal)
                } else {
                    call.app.recent.borrow_mut().open(keyring, candidate.value, &terms)
                };
                let opened = opened.and_then(|kept| match self.deleted_ms {
                    Some(deleted_ms) if kept.is_deleted_at(deleted_ms) => Err(CookieError::Deleted),
                    _ => Ok(kept),
                });
                self.sent.note(&candidate, opened.is_ok());
                match opened {
                    Ok(kept) if !is_old => self.join(kept),
                    Ok(kept) if self.profile.is_none() => self.profile = Some(kept),
                    Ok(_) | Err(CookieError::Deleted) => {}
                    Err(_) => is_bad = true,
                }
            }
        }
        is_bad
    }

    fn join(&mut self, kept: Rc<KeptProfile>) {
        self.profile = Some(match self.profile.take() {
            None => kept,
            Some(known) if *known == *kept => known,
            Some(known) => Rc::new(Rc::unwrap_or_clone(known).merge(Rc::unwrap_or_clone(kept))),
        });
    }

    /// The visitor's profile for an answer that stores it again, joined with what this process stored of it within seconds; a new one with a
    /// random visitor id if there is none. [`None`] without consent, without a cookie key to seal it, and if the host has no random bytes.
    pub fn into_update<H: Host>(self, call: &mut Call<'_, H>) -> Option<ProfileUpdate> {
        if self.consent == Consent::Denied || call.app.config.keyring.is_none() {
            return None;
        }
        let kept = match self.profile {
            Some(kept) => call.app.recent.borrow().merged(Rc::unwrap_or_clone(kept), call.now_ms),
            None => match random::bytes(call.host) {
                Ok(id) => KeptProfile::new(VisitorId(id), call.now_ms, self.deleted_ms),
                Err(error) => {
                    call.failed(Lent::Random, &error, "; no profile is kept");
                    return None;
                }
            },
        };
        Some(ProfileUpdate { kept, sent: self.sent })
    }
}

/// A profile that an answer stores again.
pub struct ProfileUpdate {
    /// The profile.
    pub kept: KeptProfile,
    sent: Sent,
}

impl ProfileUpdate {
    /// Adds the `Set-Cookie` lines that store the profile; none if it cannot be sealed, or was deleted while this answer was under way.
    pub fn store<H: Host>(mut self, call: &Call<'_, H>, answer: &mut Response<H>) {
        let Some(keyring) = &call.app.config.keyring else {
            return;
        };
        let recent = &call.app.recent;
        if recent.borrow().is_deleted(&self.kept) {
            return;
        }
        self.kept.sealed_ms = call.now_ms;
        // What other requests of the visitor stored meanwhile.
        self.kept = recent.borrow().merged(self.kept, call.now_ms);
        let scheme = call.incoming.scheme();
        let sealed = random::bytes(call.host).and_then(|nonce| {
            let sealed = keyring.seal(&self.kept, scheme, nonce);
            let sealed = sealed.map_err(|error| HostError::new(error.to_string()))?;
            Ok((sealed, nonce[0]))
        });
        match sealed {
            Ok((sealed, random)) => {
                for line in writer(call).store(&sealed, &self.sent, random) {
                    answer.headers.append("set-cookie", line);
                }
                recent
                    .borrow_mut()
                    .put(&sealed, Rc::new(self.kept), scheme, call.now_ms);
            }
            Err(reason) => call
                .host
                .log(format_args!("profile cookie: could not be sealed: {reason}")),
        }
    }
}

/// Adds the `Set-Cookie` lines that delete the profile. This process remembers the deletion, too, and drops its opened copies.
pub fn delete<H: Host>(call: &Call<'_, H>, answer: &mut Response<H>) {
    let header = call.incoming.header("cookie").unwrap_or_default();
    let terms = terms(call);
    let mut sent = Sent::default();
    let earlier_ms = cookies::deleted_ms(&header, terms.scheme, terms.now_ms);
    let mut deleted_ms = call.now_ms.max(earlier_ms.unwrap_or_default());
    for candidate in cookies::candidates(&header, terms.scheme).take(MAX_TRIED) {
        let keyring = call.app.config.keyring.as_ref();
        let opened = keyring.and_then(|ring| call.app.recent.borrow_mut().open(ring, candidate.value, &terms).ok());
        sent.note(&candidate, opened.is_some());
        if let Some(kept) = opened {
            // Begun by a process whose clock is ahead of this one's.
            deleted_ms = deleted_ms.max(kept.created_ms);
            call.app.recent.borrow_mut().delete(kept.profile.visitor, deleted_ms);
        }
    }
    for line in writer(call).delete(&sent, deleted_ms) {
        answer.headers.append("set-cookie", line);
    }
}

fn terms<H: Host>(call: &Call<'_, H>) -> Terms {
    Terms {
        scheme: call.incoming.scheme(),
        now_ms: call.now_ms,
        max_age_ms: u64::from(max_age_s(call.app)) * 1000,
    }
}

fn max_age_s<H: Host>(app: &App<H>) -> u32 {
    u32::from(app.config.profile_days) * DAY_S
}

fn writer<'c, H: Host>(call: &Call<'c, H>) -> Writer<'c> {
    Writer::new(call.incoming, call.app.config.same_site, max_age_s(call.app))
}

/// Drops the opened profiles of a visitor who does not agree to be remembered.
fn forget_opened<H: Host>(call: &Call<'_, H>, header: &str) {
    let mut recent = call.app.recent.borrow_mut();
    for candidate in cookies::candidates(header, call.incoming.scheme()).take(MAX_TRIED) {
        recent.forget(candidate.value);
    }
}
