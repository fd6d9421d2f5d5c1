//! The visitor: consent, and the profile in its sealed cookie.

use std::rc::Rc;

use selvedge::profile::{Consent, Profile, VisitorId};

use crate::app::App;
use crate::call::Call;
use crate::fallback::{Fallback, Lent};
use crate::host::{Host, HostError};
use crate::incoming::Incoming;

const PROFILE_COOKIE: &str = "selvedge";
const CONSENT_COOKIE: &str = "selvedge-consent";
/// One year. Browsers cut longer ones to 400 days.
const MAX_AGE_S: u32 = 365 * 24 * 60 * 60;

/// Who asks, as far as we may know.
pub struct Visitor {
    /// Whether anything may be remembered.
    pub consent: Consent,
    /// What is remembered; nothing for a new visitor, without consent, and for a cookie that does not open.
    pub profile: Option<Rc<Profile>>,
}

impl Visitor {
    /// Reads the visitor's consent and profile from a request.
    pub fn of<H: Host>(call: &mut Call<'_, H>) -> Self {
        let app = call.app;
        app.recent.borrow_mut().tidy(call.now_ms);
        let cookies = call.incoming.header("cookie").unwrap_or_default();
        let objects = call.incoming.header("sec-gpc").is_some_and(|value| value.trim() == "1");
        if objects || cookie(&cookies, CONSENT_COOKIE) == Some("off") {
            forget_opened(app, &cookies);
            return Self {
                consent: Consent::Denied,
                profile: None,
            };
        }
        let profile = match (&app.config.keyring, cookie(&cookies, PROFILE_COOKIE)) {
            (None, _) => {
                call.fell_back(Fallback::NoCookieKey);
                None
            }
            (Some(_), None) => None,
            (Some(keyring), Some(sealed)) => {
                let opened = app.recent.borrow_mut().open(keyring, sealed, call.now_ms);
                // Why it does not open is nothing to tell a client, and nothing to fill a log with: anybody can send one.
                opened.map_err(|_| call.fell_back(Fallback::BadCookie)).ok()
            }
        };
        Self {
            consent: Consent::Granted,
            profile,
        }
    }

    /// The visitor's profile, or a new one under a new random id; nothing without consent, without a key to seal it, and where
    /// the host has no random bytes.
    pub fn profile_to_write<H: Host>(self, call: &mut Call<'_, H>) -> Option<Profile> {
        if self.consent == Consent::Denied || call.app.config.keyring.is_none() {
            return None;
        }
        if let Some(profile) = self.profile {
            return Some(Rc::unwrap_or_clone(profile));
        }
        match random(call.host) {
            Ok(id) => Some(Profile::new(VisitorId(id))),
            Err(error) => {
                call.failed(Lent::Random, &error, "; no profile is kept");
                None
            }
        }
    }
}

/// Bytes of the host's random source.
///
/// # Errors
/// The host has none.
pub fn random<H: Host, const N: usize>(host: &H) -> Result<[u8; N], HostError> {
    let mut bytes = [0; N];
    host.random(&mut bytes)?;
    Ok(bytes)
}

/// The `Set-Cookie` that keeps a profile; nothing where it cannot be sealed.
pub fn keep<H: Host>(profile: &Profile, call: &Call<'_, H>) -> Option<String> {
    let keyring = call.app.config.keyring.as_ref()?;
    let sealed = random(call.host).and_then(|nonce| {
        keyring
            .seal(profile, nonce)
            .map_err(|error| HostError::new(error.to_string()))
    });
    match sealed {
        Ok(sealed) => Some(set_cookie(&sealed, MAX_AGE_S, call.incoming.is_https())),
        Err(reason) => {
            call.host
                .log(format_args!("profile cookie: could not be sealed: {reason}"));
            None
        }
    }
}

/// The `Set-Cookie` that ends a profile.
pub fn forget<H: Host>(app: &App<H>, incoming: &Incoming<H>) -> String {
    forget_opened(app, &incoming.header("cookie").unwrap_or_default());
    set_cookie("", 0, incoming.is_https())
}

fn forget_opened<H: Host>(app: &App<H>, cookies: &str) {
    if let Some(sealed) = cookie(cookies, PROFILE_COOKIE) {
        app.recent.borrow_mut().forget(sealed);
    }
}

fn set_cookie(value: &str, max_age_s: u32, https: bool) -> String {
    let secure = if https { "; Secure" } else { "" };
    format!("{PROFILE_COOKIE}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Lax{secure}")
}

/// A `Cookie` header without the cookies that are ours: they are nothing to the server behind.
pub fn without_ours(header: &str) -> String {
    let is_ours = |pair: &str| {
        let name = pair.trim().split_once('=').map_or("", |(name, _)| name);
        name == PROFILE_COOKIE || name == CONSENT_COOKIE
    };
    let others: Vec<&str> = header.split(';').filter(|pair| !is_ours(pair)).map(str::trim).collect();
    others.join("; ")
}

/// The first cookie with this name (RFC 6265 section 5.4 sends the one with the longest path first).
fn cookie<'h>(header: &'h str, name: &str) -> Option<&'h str> {
    header
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}
