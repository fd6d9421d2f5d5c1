//! Configuration from variables and secrets. It is read once per process, as they do not change while a process lives.

use std::fmt;
use std::ops::RangeInclusive;

use selvedge::profile::cookie::Keyring;
use selvedge::snapshot::{VerifyingKey, parse_public_key};

/// Seconds between two reads of the model pointer if `SELVEDGE_REFRESH_S` is not set.
const REFRESH_S: u32 = 60;
/// MiB of memory that all instances of an isolate may take together: of its 128 MB, 14 MiB are left for what lies outside of the Wasm,
/// above all 12 MiB of kept answers.
const MEMORY_MIB: u32 = 108;
/// MiB that the requests under way may hold together, in bodies and in pages that stream through.
const BUDGET_MIB: u32 = 8;
/// Seconds within which a body must have come.
const BODY_S: u32 = 10;
/// Seconds that a load of a model may take. Cloudflare stops work 30 seconds after the answer behind which it goes on.
const LOAD_S: u32 = 20;
/// The longest time of a setting, in seconds: a day. In milliseconds it is far within a `u32`.
const MAX_S: u32 = 86_400;

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
    /// Bytes of memory that all instances of a process may take together.
    pub memory_bytes: usize,
    /// Bytes that the requests under way may hold together.
    pub budget_bytes: usize,
    /// Milliseconds within which a body must have come.
    pub body_ms: u32,
    /// Milliseconds that a load of a model may take.
    pub load_ms: u32,
    /// Public keys whose snapshots are trusted.
    pub public_keys: Vec<VerifyingKey>,
    /// Scheme, host and port of the server that pages come from; [`None`] if they are static assets of the host.
    pub origin: Option<String>,
    /// Seals and opens profile cookies; [`None`] if no usable cookie key is configured, and then no profile is kept.
    pub keyring: Option<Keyring>,
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
    let number = |name: &str, unit: &str, range: RangeInclusive<u32>, default: u32| {
        let Some(value) = text(name) else { return default };
        let parsed = value.trim().parse().ok().filter(|number| range.contains(number));
        parsed.unwrap_or_else(|| {
            let (least, most) = (range.start(), range.end());
            log(format_args!(
                "{name}: expected a whole number of {unit} from {least} to {most}, found {value:?}; using {default}"
            ));
            default
        })
    };
    let mib = |name, range, default| (number(name, "MiB", range, default) as usize) << 20;
    let ms = |name, default| 1000 * number(name, "seconds", 1..=MAX_S, default);
    let refresh_s = number("SELVEDGE_REFRESH_S", "seconds", 0..=MAX_S, REFRESH_S);
    // Wasm addresses no more than 4 GiB.
    let memory_bytes = mib("SELVEDGE_MEMORY_MIB", 1..=4095, MEMORY_MIB);
    let budget_bytes = mib("SELVEDGE_BUDGET_MIB", 1..=4095, BUDGET_MIB);
    let body_ms = ms("SELVEDGE_BODY_S", BODY_S);
    let load_ms = ms("SELVEDGE_LOAD_S", LOAD_S);
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
        memory_bytes,
        budget_bytes,
        body_ms,
        load_ms,
        public_keys,
        keyring,
    }
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
