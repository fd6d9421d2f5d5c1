//! Configuration from variables and secrets, read once for each process: they do not change while it lives.

use std::fmt;

use selvedge::profile::cookie::Keyring;
use selvedge::snapshot::{VerifyingKey, parse_public_key};

/// Seconds between two looks at the pointer where `SELVEDGE_REFRESH_S` says nothing.
const REFRESH_S: u32 = 60;

/// What the variables and secrets say. Their names are the same for every host.
pub struct Config {
    /// Seconds between two looks at the snapshot pointer.
    pub refresh_s: u32,
    /// Whose snapshots are trusted.
    pub public_keys: Vec<VerifyingKey>,
    /// Where pages come from; nothing where they lie among the static assets.
    pub origin: Option<String>,
    /// Seals and opens profile cookies; nothing where no usable key is configured.
    pub keyring: Option<Keyring>,
    /// Whether every answer tells how it came about, and not only those to requests that ask for it.
    pub diagnostics: bool,
}

impl Config {
    /// Reads the variables. What is wrong with one is told to `log`, and its default holds.
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
            // The list is secret: the log says what is wrong with it and not what it is.
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
    Config {
        diagnostics,
        origin,
        refresh_s,
        public_keys,
        keyring,
    }
}

/// Scheme, host and port without a path; nothing for whatever is something else.
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
