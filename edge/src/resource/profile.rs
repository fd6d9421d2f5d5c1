//! `DELETE /v1/profile`: expires the profile cookie, which is the only place where the profile is stored, and remembers when.
//!
//! The time of the deletion is kept in a cookie of its own. It deletes every copy of a profile that was begun before: of an answer that was
//! under way, or restored later. This process remembers the deletion as well, for requests that send an old copy alone.

use crate::call::Call;
use crate::cross_origin;
use crate::host::Host;
use crate::problem::Problem;
use crate::response::Response;
use crate::visitor;

/// Deletes the visitor's profile.
///
/// # Errors
/// A 403 problem if a page of another site sent the request.
pub fn delete<H: Host>(call: &Call<'_, H>) -> Result<Response<H>, Problem> {
    call.incoming
        .refuse_cross_site(cross_origin::is_allowed(&call.app.config, call.incoming))?;
    let mut answer = Response::empty(204).with("cache-control", "no-store");
    visitor::delete(call, &mut answer);
    Ok(answer)
}
