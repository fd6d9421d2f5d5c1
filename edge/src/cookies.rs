//! Selvedge's cookies: their names, reading them from a `Cookie` header, and the `Set-Cookie` lines that write them.
//!
//! Over https the names begin with `__Host-`: browsers then take the cookie from this host over https only, and no page of a sibling
//! domain can plant one. Over http (localhost) browsers refuse such names, and the plain ones stand in.
//!
//! The profile has 64 names, `__Host-selvedge` and `__Host-selvedge-1` to `-63`, of which one holds it. Each write goes to another name
//! and expires the names that its request sent. So two answers that are under way at once do not replace each other in the browser:
//! both stay, the next request sends both, and the application joins them (`KeptProfile::merge`).

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use selvedge::profile::cookie::Scheme;

use crate::host::Host;
use crate::incoming::Incoming;

/// Holds `off` if the visitor does not agree to be remembered.
pub const CONSENT: &str = "selvedge-consent";
/// Holds the sealed profile; over https behind the prefix.
const PROFILE: &str = "selvedge";
/// Holds when the visitor last deleted the profile, Unix milliseconds; over https behind the prefix.
const DELETED: &str = "selvedge-deleted";
/// Over https, in front of the names (draft-ietf-httpbis-rfc6265bis, section 4.1.3.2).
const HOST_PREFIX: &str = "__Host-";
/// Numbers of profile cookies; the first one has no number in its name.
const NUMBERS: u8 = 64;
/// A write goes to one of so many numbers behind the last one. Two writes at once take the same one with a probability of 1/16, and a name
/// that an answer under way still expires is not used again before the fourth write after it.
const STEPS: u8 = 16;
/// A deletion that is told to lie further ahead than this is none: any script of the page can write a plain cookie.
const MAX_AHEAD_MS: u64 = 24 * 60 * 60 * 1000;
/// Suspicious names whose every domain and path is expired by one answer: 20 lines of 90 bytes for each.
const MAX_SUSPECTS: usize = 2;

/// Name and value of each cookie, in the order of the header: browsers send the one with the longest path first (RFC 6265, section 5.4).
fn pairs(header: &str) -> impl Iterator<Item = (&str, &str)> {
    header.split(';').filter_map(|pair| pair.trim().split_once('='))
}

/// Whether a cookie is one of Selvedge's own, which the origin has no use for. The names of both schemes are.
pub fn is_ours(name: &str) -> bool {
    let plain = name.strip_prefix(HOST_PREFIX).unwrap_or(name);
    name == CONSENT || plain == DELETED || is_profile(name)
}

/// Whether a cookie has a name of the profile, of either scheme.
pub fn is_profile(name: &str) -> bool {
    number_of(name.strip_prefix(HOST_PREFIX).unwrap_or(name)).is_some()
}

/// Whether a consent cookie says that the visitor does not agree to be remembered: `off` in any case, also in quotes, spaces or
/// percent-encoded. One of several is enough.
pub fn says_off(header: &str) -> bool {
    let named = header.split(';').filter_map(|pair| pair.split_once('='));
    let mut values = named.filter(|(name, _)| name.trim() == CONSENT).map(|(_, value)| value);
    values.any(|value| {
        let value = percent_decode_str(value).decode_utf8_lossy();
        let is_quoting = |character: char| character.is_whitespace() || matches!(character, '"' | '\'');
        value.trim_matches(is_quoting).eq_ignore_ascii_case("off")
    })
}

/// A `Cookie` header without Selvedge's own cookies, which the origin has no use for. All others stay byte for byte, and so does the whole header
/// if it has none of ours.
///
/// A header that the host cannot read as text, because a foreign cookie in it is not UTF-8, stays whole: written back as text, that cookie would
/// be another one. The origin then sees our cookies too. The profile in them is sealed.
pub fn without_ours(header: &str) -> Cow<'_, str> {
    let is_ours = |pair: &&str| is_ours(pair.split_once('=').map_or("", |(name, _)| name.trim()));
    if header.contains(char::REPLACEMENT_CHARACTER) || !header.split(';').any(|pair| is_ours(&pair)) {
        return Cow::Borrowed(header);
    }
    let others: Vec<&str> = header.split(';').filter(|pair| !is_ours(pair)).collect();
    Cow::Owned(others.join(";").trim_start().to_owned())
}

/// The number of a profile cookie by its name without the prefix; [`None`] for other cookies.
fn number_of(plain: &str) -> Option<u8> {
    let rest = plain.strip_prefix(PROFILE)?;
    if rest.is_empty() {
        return Some(0);
    }
    let digits = rest
        .strip_prefix('-')
        .filter(|digits| !digits.starts_with(['0', '+']))?;
    digits.parse().ok().filter(|number| *number < NUMBERS)
}

fn prefix(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Http => "",
        Scheme::Https => HOST_PREFIX,
    }
}

/// A cookie that may hold the profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate<'h> {
    /// Its number; [`None`] for the plain name over https, which older versions used and a sibling domain can plant.
    pub number: Option<u8>,
    /// Its value: a seal, if it is a good one.
    pub value: &'h str,
}

/// Every cookie of a header that may hold the profile, under the names of this scheme and, over https, under the old name.
pub fn candidates(header: &str, scheme: Scheme) -> impl Iterator<Item = Candidate<'_>> {
    pairs(header).filter_map(move |(name, value)| {
        let number = match (scheme, name.strip_prefix(HOST_PREFIX)) {
            (Scheme::Https, Some(plain)) => Some(number_of(plain)?),
            (Scheme::Http, None) => Some(number_of(name)?),
            (Scheme::Https, None) if name == PROFILE => None,
            _ => return None,
        };
        Some(Candidate { number, value })
    })
}

/// When the visitor last deleted the profile, as far as its browser still knows, Unix milliseconds.
pub fn deleted_ms(header: &str, scheme: Scheme, now_ms: u64) -> Option<u64> {
    let name = [prefix(scheme), DELETED].concat();
    let named = pairs(header).filter(|(found, _)| *found == name);
    let times = named.filter_map(|(_, value)| value.parse::<u64>().ok());
    times.filter(|ms| *ms <= now_ms.saturating_add(MAX_AHEAD_MS)).max()
}

/// The profile cookies that a request sent, for the answer that writes the next one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// A bit for each number.
    numbers: u64,
    /// A bit for each number whose cookie did not open or came twice: it may have been set for another domain or path than ours.
    suspects: u64,
    /// The last number that opened.
    last: u8,
    /// Whether a cookie came under the old name, over https.
    old: bool,
}

impl Sent {
    /// Notes a candidate, and whether it opened.
    pub fn note(&mut self, candidate: &Candidate<'_>, opened: bool) {
        let Some(number) = candidate.number else {
            self.old = true;
            return;
        };
        let bit = 1 << number;
        if !opened || self.numbers & bit != 0 {
            self.suspects |= bit;
        }
        if opened {
            self.last = number;
        }
        self.numbers |= bit;
    }

    /// The number that the next profile cookie gets: one that the request did not send. `random` chooses among the next 16.
    fn next(&self, random: u8) -> u8 {
        if self.numbers == 0 {
            return 0;
        }
        let first = self.last + 1 + random % STEPS;
        let free = |number: &u8| self.numbers & (1 << number) == 0;
        let mut all = (first..first + NUMBERS).map(|number| number % NUMBERS);
        all.find(free).unwrap_or(first % NUMBERS)
    }
}

/// Who may send the cookies back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// Pages of the same site, and links to it (`Lax`).
    Lax,
    /// Pages of any site that embeds this one, each with a jar of its own (`None; Partitioned`). Over https only.
    Partitioned,
}

/// Writes the `Set-Cookie` lines of one answer.
pub struct Writer<'r> {
    scheme: Scheme,
    same_site: SameSite,
    max_age_s: u32,
    host: &'r str,
    path: &'r str,
}

impl<'r> Writer<'r> {
    /// For the answer to this request.
    pub fn new<H: Host>(incoming: &'r Incoming<H>, same_site: SameSite, max_age_s: u32) -> Self {
        let origin = incoming.origin();
        let host = origin.split_once("://").map_or(origin, |(_, host)| host);
        Self {
            scheme: incoming.scheme(),
            same_site,
            max_age_s,
            // Without the port; an IPv6 address becomes nonsense, which `domains` leaves out.
            host: host.split(':').next().unwrap_or_default(),
            path: incoming.path(),
        }
    }

    /// The lines that store a profile, and expire what the request sent of it. `random` chooses the cookie's number.
    pub fn store(&self, sealed: &str, sent: &Sent, random: u8) -> Vec<String> {
        let number = sent.next(random);
        let mut lines = vec![self.line(&self.profile(number), sealed, self.max_age_s)];
        self.expire(sent, Some(number), &mut lines);
        lines
    }

    /// The lines that delete the profile and remember the deletion.
    pub fn delete(&self, sent: &Sent, deleted_ms: u64) -> Vec<String> {
        let mut lines = vec![self.line(&self.profile(0), "", 0)];
        self.expire(sent, Some(0), &mut lines);
        let deleted = [prefix(self.scheme), DELETED].concat();
        lines.push(self.line(&deleted, &deleted_ms.to_string(), self.max_age_s));
        lines
    }

    fn profile(&self, number: u8) -> String {
        match number {
            0 => [prefix(self.scheme), PROFILE].concat(),
            number => [prefix(self.scheme), PROFILE, "-", &number.to_string()].concat(),
        }
    }

    fn line(&self, name: &str, value: &str, max_age_s: u32) -> String {
        self.line_of(name, value, max_age_s, "/", None)
    }

    fn line_of(&self, name: &str, value: &str, max_age_s: u32, path: &str, domain: Option<&str>) -> String {
        let attributes = match (self.scheme, self.same_site) {
            (Scheme::Http, _) => "; HttpOnly; SameSite=Lax",
            (Scheme::Https, SameSite::Lax) => "; HttpOnly; SameSite=Lax; Secure",
            (Scheme::Https, SameSite::Partitioned) => "; HttpOnly; SameSite=None; Secure; Partitioned",
        };
        let max_age_s = max_age_s.to_string();
        let mut line = [name, "=", value, "; Path=", path, "; Max-Age=", &max_age_s, attributes].concat();
        if let Some(domain) = domain {
            line.extend(["; Domain=", domain]);
        }
        line
    }

    /// Expires the cookies that a request sent, but the one of the number `written`. A suspicious one is expired for every domain and path
    /// that it can have been set for; the header does not say which.
    fn expire(&self, sent: &Sent, written: Option<u8>, lines: &mut Vec<String>) {
        let mut suspects = 0;
        for number in (0..NUMBERS).filter(|number| sent.numbers & (1 << number) != 0) {
            let name = self.profile(number);
            if written != Some(number) {
                lines.push(self.line(&name, "", 0));
            }
            // Of a name with `__Host-` there is only one cookie.
            if sent.suspects & (1 << number) != 0 && self.scheme == Scheme::Http && suspects < MAX_SUSPECTS {
                suspects += 1;
                self.expire_everywhere(&name, lines);
            }
        }
        if sent.old {
            lines.push(self.line(PROFILE, "", 0));
            self.expire_everywhere(PROFILE, lines);
        }
    }

    /// Expires a cookie for all domains and paths from which this request can have got it, but this very host and `/`.
    fn expire_everywhere(&self, name: &str, lines: &mut Vec<String>) {
        for domain in std::iter::once(None).chain(domains(self.host).map(Some)) {
            for path in paths(self.path) {
                if domain.is_some() || path != "/" {
                    lines.push(self.line_of(name, "", 0, path, domain));
                }
            }
        }
    }
}

/// The host and up to three domains above it, down to two labels. None for an address or a single label such as `localhost`.
fn domains(host: &str) -> impl Iterator<Item = &str> {
    let is_name = host.rsplit('.').next().is_some_and(|last| {
        last.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !last.bytes().all(|byte| byte.is_ascii_digit())
    });
    std::iter::successors(Some(host).filter(|_| is_name), |domain| {
        domain.split_once('.').map(|(_, above)| above)
    })
    .filter(|domain| domain.contains('.'))
    .take(4)
}

/// The paths whose cookies are sent to this path: itself and those above it, with and without a slash at their end, at most six.
fn paths(path: &str) -> impl Iterator<Item = &str> {
    let slashes = path.bytes().enumerate().filter(|(_, byte)| *byte == b'/');
    let above = slashes.flat_map(move |(at, _)| [path.get(..at), path.get(..=at)]);
    let all = above.chain([Some(path)]).flatten();
    all.filter(|path| !path.is_empty() && !path.contains(';')).take(6)
}
