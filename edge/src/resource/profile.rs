//! `DELETE /v1/profile`: the cookie is the only place that keeps a profile, so expiring it is forgetting it. What this
//! process opened for the visitor's last requests is let go of at once; others do not use it after ten seconds.

use crate::call::Call;
use crate::host::Host;
use crate::problem::Problem;
use crate::response::Response;
use crate::visitor;

/// Ends the visitor's profile.
///
/// # Errors
/// A problem for a page of another site.
pub fn delete<H: Host>(call: &Call<'_, H>) -> Result<Response<H>, Problem> {
    call.incoming.refuse_cross_site()?;
    Ok(Response::empty(204)
        .with("cache-control", "no-store")
        .with("set-cookie", visitor::forget(call.app, call.incoming)))
}
