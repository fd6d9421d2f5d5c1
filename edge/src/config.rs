//! Configuration from variables and secrets. It is read once per process, as they do not change while a process lives.

use std::fmt;
use std::ops::RangeInclusive;

use selvedge::profile::cookie::Keyring;
use selvedge::snapshot::{Release, VerifyingKey, parse_public_key};

use crate::cookies::SameSite;

/// Seconds between two reads of the model pointer if `SELVEDGE_REFRESH_S` is not set.
const REFRESH_S: u32 = 60;
/// Days after which a profile that was not written again is refused, if `SELVEDGE_PROFILE_DAYS` is not set.
const PROFILE_DAYS: u16 = 365;
/// Browsers keep no cookie longer.
const MAX_PROFILE_DAYS: u16 = 400;
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
    /// Whether every answer says how it was made, and `/readyz` shows its counters to everybody. If false, only the operator gets both, the former
    /// by `?diagnostics=1`.
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
        memory_bytes,
        budget_bytes,
        body_ms,
        load_ms,
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
