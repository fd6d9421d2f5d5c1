//! `DELETE /v1/profile`: the cookie is the only place that keeps a profile, so expiring it is forgetting it. What this
//! isolate opened for the visitor's last requests is let go of at once; others do not use it after ten seconds.

use crate::adapter::visitor;
use crate::answer::Answer;
use crate::incoming::Incoming;
use crate::problem::Problem;

/// Ends the visitor's profile.
///
/// # Errors
/// A problem for a page of another site.
pub fn delete(incoming: &Incoming) -> Result<Answer, Problem> {
    incoming.refuse_cross_site()?;
    Ok(Answer::empty(204)
        .with("cache-control", "no-store")
        .with("set-cookie", visitor::forget(incoming)))
}
