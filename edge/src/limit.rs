//! The limit on requests of one client, where the host has one: a client that sends more is answered 429.

use std::borrow::Cow;
use std::net::Ipv6Addr;

use crate::call::Call;
use crate::fallback::Lent;
use crate::host::{Host, Request};
use crate::problem::Problem;

/// Refuses a request of a client that is beyond the host's limit. A host without a limit, a client without an address, and a limit that
/// fails let every request pass: a limit keeps a flood away, and must not keep the site's visitors away when it is out of order.
///
/// # Errors
/// A 429 problem.
pub async fn check<H: Host>(call: &mut Call<'_, H>) -> Result<(), Problem> {
    let Some(address) = call.incoming.request().client_address() else {
        return Ok(());
    };
    match call.host.within_limit(&client_of(&address)).await {
        Some(Ok(false)) => Err(Problem::too_many()),
        Some(Err(error)) => {
            call.failed(Lent::Limit, &error, "; the request passes without a limit");
            Ok(())
        }
        Some(Ok(true)) | None => Ok(()),
    }
}

/// What is counted as one client: an IPv4 address, or the /64 network of an IPv6 address, because one connection has all of its 2⁶⁴ addresses.
fn client_of(address: &str) -> Cow<'_, str> {
    match address.parse::<Ipv6Addr>() {
        Ok(address) if address.to_ipv4_mapped().is_none() => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64").into()
        }
        _ => address.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::client_of;

    #[test]
    fn all_addresses_of_one_ipv6_network_are_one_client() {
        for address in ["2001:db8::1", "2001:db8:0:0:ffff::2"] {
            assert_eq!(client_of(address), "2001:db8:0:0::/64");
        }
        assert_ne!(client_of("2001:db8:0:1::1"), client_of("2001:db8::1"));
        for address in ["192.0.2.7", "::ffff:192.0.2.7", "no address"] {
            assert_eq!(client_of(address), address);
        }
    }
}
