//! `DELETE /v1/profile`: expires the profile cookie, which is the only place where the profile is stored.
//!
//! A process keeps profiles that it opened for ten seconds. This one drops the visitor's at once; other processes may use theirs until the ten
//! seconds are over, but only for a request that still sends the old cookie.

use crate::call::Call;
use crate::host::Host;
use crate::problem::Problem;
use crate::response::Response;
use crate::visitor;

/// Deletes the visitor's profile.
///
/// # Errors
/// A 403 problem if a page of another site sent the request.
pub fn delete<H: Host>(call: &Call<'_, H>) -> Result<Response<H>, Problem> {
    call.incoming.refuse_cross_site()?;
    Ok(Response::empty(204)
        .with("cache-control", "no-store")
        .with("set-cookie", visitor::forget(call.app, call.incoming)))
}
