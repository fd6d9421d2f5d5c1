//! Who may see counters and diagnostics: the operator, by a token.

use crate::config::Config;
use crate::host::Host;
use crate::incoming::Incoming;

/// Whether a request comes from the operator: it has the token, or no token is configured and its host is named `localhost`. A client can send that
/// name where no network routes by it, so such a deployment needs a token.
pub fn is_operator<H: Host>(config: &Config, incoming: &Incoming<H>) -> bool {
    let Some(token) = &config.operator_token else {
        return is_local(incoming.origin());
    };
    let given = incoming.header("authorization");
    let given = given.as_deref().and_then(|value| value.split_once(' '));
    given.is_some_and(|(scheme, given)| scheme.eq_ignore_ascii_case("bearer") && is_same(given.trim(), token))
}

/// Compares in a time that depends on the lengths only, so that no answer tells how many characters of a guess are right.
fn is_same(given: &str, token: &str) -> bool {
    let pairs = given.bytes().zip(token.bytes());
    let differs = pairs.fold(0, |bits, (given, own)| bits | (given ^ own));
    given.len() == token.len() && std::hint::black_box(differs) == 0
}

/// Whether the host of an origin has a name of the loopback interface.
pub fn is_local(origin: &str) -> bool {
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    let name = match host.strip_prefix('[') {
        Some(address) => address.split(']').next(),
        None => host.split(':').next(),
    };
    matches!(name, Some("localhost" | "127.0.0.1" | "::1"))
}
