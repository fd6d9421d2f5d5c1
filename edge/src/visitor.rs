//! The visitor: consent, and the profile in its sealed cookie.

use std::rc::Rc;

use selvedge::profile::{Consent, Profile, VisitorId};

use crate::app::App;
use crate::call::Call;
use crate::cookies;
use crate::fallback::{Fallback, Lent};
use crate::host::{Host, HostError};
use crate::incoming::Incoming;
use crate::random;

/// Lifetime of the profile cookie: one year. Browsers cut longer ones to 400 days.
const MAX_AGE_S: u32 = 365 * 24 * 60 * 60;

/// The visitor who sent a request, as far as consent allows to know.
pub struct Visitor {
    /// Whether the visitor agreed to be remembered.
    pub consent: Consent,
    /// The profile; [`None`] for a new visitor, without consent, and if the cookie cannot be opened.
    pub profile: Option<Rc<Profile>>,
}

impl Visitor {
    /// Reads the visitor's consent and profile from a request.
    pub fn of<H: Host>(call: &mut Call<'_, H>) -> Self {
        let app = call.app;
        app.recent.borrow_mut().tidy(call.now_ms);
        let header = call.incoming.header("cookie").unwrap_or_default();
        let objects = call.incoming.header("sec-gpc").is_some_and(|value| value.trim() == "1");
        if objects || cookies::says_off(&header) {
            forget_opened(app, &header);
            return Self {
                consent: Consent::Denied,
                profile: None,
            };
        }
        let profile = match (&app.config.keyring, cookies::value_of(&header, cookies::PROFILE)) {
            (None, _) => {
                call.fell_back(Fallback::NoCookieKey);
                None
            }
            (Some(_), None) => None,
            (Some(keyring), Some(sealed)) => {
                let opened = app.recent.borrow_mut().open(keyring, sealed, call.now_ms);
                // The reason is neither answered nor logged: anybody can send such cookies, and could fill the log with them.
                opened.map_err(|_| call.fell_back(Fallback::BadCookie)).ok()
            }
        };
        Self {
            consent: Consent::Granted,
            profile,
        }
    }

    /// The visitor's profile, or a new one with a random visitor id. [`None`] without consent, without a cookie key to seal it, and if the
    /// host has no random bytes.
    pub fn profile_to_write<H: Host>(self, call: &mut Call<'_, H>) -> Option<Profile> {
        if self.consent == Consent::Denied || call.app.config.keyring.is_none() {
            return None;
        }
        if let Some(profile) = self.profile {
            return Some(Rc::unwrap_or_clone(profile));
        }
        match random::bytes(call.host) {
            Ok(id) => Some(Profile::new(VisitorId(id))),
            Err(error) => {
                call.failed(Lent::Random, &error, "; no profile is kept");
                None
            }
        }
    }
}

/// The `Set-Cookie` that stores a profile; [`None`] if it cannot be sealed.
pub fn keep<H: Host>(profile: &Profile, call: &Call<'_, H>) -> Option<String> {
    let keyring = call.app.config.keyring.as_ref()?;
    let sealed = random::bytes(call.host).and_then(|nonce| {
        keyring
            .seal(profile, nonce)
            .map_err(|error| HostError::new(error.to_string()))
    });
    match sealed {
        Ok(sealed) => Some(cookies::set_profile(&sealed, MAX_AGE_S, call.incoming.is_https())),
        Err(reason) => {
            call.host
                .log(format_args!("profile cookie: could not be sealed: {reason}"));
            None
        }
    }
}

/// The `Set-Cookie` that deletes the profile. Also drops the copy of it that this process keeps for a few seconds.
pub fn forget<H: Host>(app: &App<H>, incoming: &Incoming<H>) -> String {
    forget_opened(app, &incoming.header("cookie").unwrap_or_default());
    cookies::set_profile("", 0, incoming.is_https())
}

fn forget_opened<H: Host>(app: &App<H>, header: &str) {
    if let Some(sealed) = cookies::value_of(header, cookies::PROFILE) {
        app.recent.borrow_mut().forget(sealed);
    }
}
