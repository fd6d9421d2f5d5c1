//! The visitor: consent, and the profile in its sealed cookie.

use std::cell::RefCell;
use std::rc::Rc;

use selvedge::profile::{Consent, Profile, RecentProfiles, VisitorId};
use wasm_bindgen::JsValue;

use crate::config::Config;
use crate::counters::Fallback;
use crate::incoming::Incoming;
use crate::request::Call;
use crate::runtime::{self, console_error};

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

thread_local! {
    static RECENT: RefCell<RecentProfiles> = const { RefCell::new(RecentProfiles::new()) };
}

impl Visitor {
    /// Reads the visitor's consent and profile from a request.
    pub fn of(call: &mut Call<'_>) -> Self {
        RECENT.with_borrow_mut(|recent| recent.tidy(call.now_ms));
        let cookies = call.incoming.header("cookie").unwrap_or_default();
        let objects = call.incoming.header("sec-gpc").is_some_and(|value| value.trim() == "1");
        if objects || cookie(&cookies, CONSENT_COOKIE) == Some("off") {
            forget_opened(&cookies);
            return Self {
                consent: Consent::Denied,
                profile: None,
            };
        }
        let profile = match (&call.config.keyring, cookie(&cookies, PROFILE_COOKIE)) {
            (None, _) => {
                call.fallbacks.add(Fallback::NoCookieKey);
                None
            }
            (Some(_), None) => None,
            // Why it does not open is nothing to tell a client, and nothing to fill a log with: anybody can send one.
            (Some(keyring), Some(sealed)) => RECENT
                .with_borrow_mut(|recent| recent.open(keyring, sealed, call.now_ms))
                .map_err(|_| call.fallbacks.add(Fallback::BadCookie))
                .ok(),
        };
        Self {
            consent: Consent::Granted,
            profile,
        }
    }

    /// The visitor's profile, or a new one under a new random id; nothing without consent or without a key to seal it.
    ///
    /// # Errors
    /// What the runtime throws when it has no random bytes.
    pub fn profile_to_write(self, config: &Config) -> Result<Option<Profile>, JsValue> {
        if self.consent == Consent::Denied || config.keyring.is_none() {
            return Ok(None);
        }
        match self.profile {
            Some(profile) => Ok(Some(Rc::unwrap_or_clone(profile))),
            None => Ok(Some(Profile::new(VisitorId(runtime::random_bytes()?)))),
        }
    }
}

/// The `Set-Cookie` that keeps a profile; nothing where it cannot be sealed.
pub fn keep(profile: &Profile, config: &Config, https: bool) -> Option<String> {
    let keyring = config.keyring.as_ref()?;
    let sealed = runtime::random_bytes()
        .map_err(|error| runtime::thrown(&error))
        .and_then(|nonce| keyring.seal(profile, nonce).map_err(|error| error.to_string()));
    match sealed {
        Ok(sealed) => Some(set_cookie(&sealed, MAX_AGE_S, https)),
        Err(reason) => {
            console_error!("profile cookie: could not be sealed: {reason}");
            None
        }
    }
}

/// The `Set-Cookie` that ends a profile.
pub fn forget(incoming: &Incoming) -> String {
    forget_opened(&incoming.header("cookie").unwrap_or_default());
    set_cookie("", 0, incoming.is_https())
}

fn forget_opened(cookies: &str) {
    if let Some(sealed) = cookie(cookies, PROFILE_COOKIE) {
        RECENT.with_borrow_mut(|recent| recent.forget(sealed));
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
