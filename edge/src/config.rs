//! Configuration from variables and secrets. It is read once per process, as they do not change while a process lives.

use std::fmt;

use selvedge::profile::cookie::Keyring;
use selvedge::snapshot::{Release, VerifyingKey, parse_public_key};

use crate::cookies::SameSite;

/// Seconds between two reads of the model pointer if `SELVEDGE_REFRESH_S` is not set.
const REFRESH_S: u32 = 60;
/// Days after which a profile that was not written again is refused, if `SELVEDGE_PROFILE_DAYS` is not set.
const PROFILE_DAYS: u16 = 365;
/// Browsers keep no cookie longer.
const MAX_PROFILE_DAYS: u16 = 400;

/// The application's configuration. `docs/operations.md` describes the variables; their names are the same for every host.
///
/// ```
/// use selvedge_edge::Config;
///
/// let config = Config::read(
///     |name| (name == "SELVEDGE_REFRESH_S").then(|| "5".to_owned()),
///     |problem| println!("{problem}"),
/// );
/// assert_eq!(config.refresh_s, 5);
/// // Without a cookie key, no profile is kept; `problem` says so.
/// assert!(config.keyring.is_none());
/// ```
pub struct Config {
    /// Seconds between two reads of the model pointer.
    pub refresh_s: u32,
    /// Public keys whose snapshots are trusted.
    pub public_keys: Vec<VerifyingKey>,
    /// The shop that snapshots must be for; [`None`] for any.
    pub shop: Option<String>,
    /// The channel that snapshots must be for; [`None`] for any.
    pub channel: Option<String>,
    /// The origins whose pages may use the API of this one, as browsers write them.
    pub allowed_origins: Vec<String>,
    /// Opens counters and diagnostics; [`None`] for none, and then only on localhost and with [`diagnostics`](Self::diagnostics).
    pub operator_token: Option<String>,
    /// Scheme, host and port of the server that pages come from; [`None`] if they are static assets of the host.
    pub origin: Option<String>,
    /// What the API's paths begin with, such as `/_selvedge` for `/_selvedge/v1/…`; empty by default.
    pub api_prefix: String,
    /// Seals and opens profile cookies; [`None`] if no usable cookie key is configured, and then no profile is kept.
    pub keyring: Option<Keyring>,
    /// The greatest age of a sealed profile, and of its cookie, in days.
    pub profile_days: u16,
    /// Which pages send the cookies back.
    pub same_site: SameSite,
    /// Whether every answer says how it was made. If false, only answers to requests that ask for it do (`?diagnostics=1`).
    pub diagnostics: bool,
}

impl Config {
    /// Reads the configuration. `variable` returns the value of a variable or secret by its name. A value that is wrong is reported to
    /// `log`, and the default is used instead.
    pub fn read(variable: impl Fn(&str) -> Option<String>, log: impl Fn(fmt::Arguments<'_>)) -> Self {
        read(&variable, &log)
    }
}

fn read(text: &dyn Fn(&str) -> Option<String>, log: &dyn Fn(fmt::Arguments<'_>)) -> Config {
    let refresh_s = match text("SELVEDGE_REFRESH_S") {
        None => REFRESH_S,
        Some(value) => value.trim().parse().unwrap_or_else(|_| {
            log(format_args!(
                "SELVEDGE_REFRESH_S: expected a whole number of seconds, found {value:?}; using {REFRESH_S}"
            ));
            REFRESH_S
        }),
    };
    let public_keys = text("SELVEDGE_PUBLIC_KEYS")
        .unwrap_or_default()
        .split([',', ' ', '\n'])
        .filter(|key| !key.is_empty())
        .filter_map(|key| {
            let parsed = parse_public_key(key);
            if parsed.is_none() {
                log(format_args!(
                    "SELVEDGE_PUBLIC_KEYS: expected Ed25519 public keys of 64 hexadecimal digits, found {key:?}; ignored"
                    ));
            }
            parsed
        })
        .collect();
    let keyring = match text("SELVEDGE_COOKIE_KEYS") {
        None => {
            log(format_args!(
                "SELVEDGE_COOKIE_KEYS: not set; no profile is kept. Set this secret: id:base64 of 32 random bytes, newest first"
            ));
            None
        }
        Some(list) => Keyring::parse(&list)
            // The log says what is wrong with the list, but never shows it, as it is secret.
            .map_err(|error| log(format_args!("SELVEDGE_COOKIE_KEYS: {error}; no profile is kept")))
            .ok(),
    };
    let origin = text("SELVEDGE_ORIGIN")
        .filter(|origin| !origin.trim().is_empty())
        .and_then(|origin| {
            let parsed = origin_of(&origin);
            if parsed.is_none() {
                log(format_args!(
                    "SELVEDGE_ORIGIN: expected scheme, host and port, such as https://shop.example, found {origin:?}; ignored"
                    ));
            }
            parsed
        });
    let api_prefix = text("SELVEDGE_API_PREFIX").unwrap_or_default();
    let api_prefix = prefix_of(&api_prefix).unwrap_or_else(|| {
        log(format_args!(
            "SELVEDGE_API_PREFIX: expected a path of letters, digits, - . _ ~ and / that begins with /, such as /_selvedge, found {api_prefix:?}; the API has no prefix"
        ));
        String::new()
    });
    let diagnostics = match text("SELVEDGE_DIAGNOSTICS").unwrap_or_default().trim() {
        "on" => true,
        "" | "off" => false,
        other => {
            log(format_args!(
                "SELVEDGE_DIAGNOSTICS: expected on or off, found {other:?}; using off"
            ));
            false
        }
    };
    let profile_days = match text("SELVEDGE_PROFILE_DAYS") {
        None => PROFILE_DAYS,
        Some(value) => {
            let days = value.trim().parse().ok();
            days.filter(|days| (1..=MAX_PROFILE_DAYS).contains(days)).unwrap_or_else(|| {
                log(format_args!(
                    "SELVEDGE_PROFILE_DAYS: expected a whole number from 1 to {MAX_PROFILE_DAYS}, found {value:?}; using {PROFILE_DAYS}"
                ));
                PROFILE_DAYS
            })
        }
    };
    let same_site = match text("SELVEDGE_COOKIE_SAME_SITE").unwrap_or_default().trim() {
        "" | "lax" => SameSite::Lax,
        "none" => SameSite::Partitioned,
        other => {
            log(format_args!(
                "SELVEDGE_COOKIE_SAME_SITE: expected lax or none, found {other:?}; using lax"
            ));
            SameSite::Lax
        }
    };
    let name = |setting: &str| {
        let value = text(setting).filter(|value| !value.trim().is_empty())?;
        // A name that no snapshot can have still counts, because any other reading would load what it was to keep out.
        if !Release::is_name(value.trim()) {
            log(format_args!(
                "{setting}: expected 1 to 64 of a-z, 0-9, -, _ and ., found {value:?}; no snapshot can be of it, so none is loaded"
            ));
        }
        Some(value.trim().to_owned())
    };
    let allowed_origins = text("SELVEDGE_ALLOWED_ORIGINS")
        .unwrap_or_default()
        .split([',', ' ', '\n'])
        .filter(|origin| !origin.is_empty())
        .filter_map(|origin| {
            let listed = exact_origin(origin);
            if listed.is_none() {
                log(format_args!(
                    "SELVEDGE_ALLOWED_ORIGINS: expected origins as browsers send them, such as https://www.shop.example, without a default port, a path or *, found {origin:?}; ignored"
                ));
            }
            listed
        })
        .collect();
    Config {
        api_prefix,
        shop: name("SELVEDGE_SHOP"),
        channel: name("SELVEDGE_CHANNEL"),
        allowed_origins,
        operator_token: text("SELVEDGE_OPERATOR_TOKEN").filter(|token| !token.is_empty()),
        profile_days,
        same_site,
        diagnostics,
        origin,
        refresh_s,
        public_keys,
        keyring,
    }
}

/// The text if it is an origin as a browser writes it into `Origin`: in small letters and without the default port. `null`, which every
/// sandboxed page and every file sends, is none.
fn exact_origin(text: &str) -> Option<String> {
    let origin = origin_of(text).filter(|origin| origin == text)?;
    let default_port = if origin.starts_with("https:") { ":443" } else { ":80" };
    let is_exact = !origin.ends_with(default_port) && !origin.bytes().any(|byte| byte.is_ascii_uppercase());
    is_exact.then_some(origin)
}

/// The text without a slash at its end if it is a scheme, host and port; [`None`] for anything else, such as a URL with a path.
fn origin_of(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_suffix('/').unwrap_or(text);
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let is_host = !host.is_empty()
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte));
    is_host.then(|| text.to_owned())
}

/// A prefix without a slash at its end; [`None`] if the text is no path, or one that a URL would not keep as it is.
fn prefix_of(text: &str) -> Option<String> {
    let text = text.trim();
    let prefix = text.strip_suffix('/').unwrap_or(text);
    let is_segment = |segment: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        !matches!(segment, "" | "." | "..") && segment.bytes().all(is_plain)
    };
    let is_path = prefix
        .strip_prefix('/')
        .is_some_and(|path| path.split('/').all(is_segment));
    (prefix.is_empty() || is_path).then(|| prefix.to_owned())
}
