//! The routing table: path and method to resource.

/// A resource of the API. Its text is a segment of the path, percent-encoded as it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource<'a> {
    /// A slot's items.
    Recommend(&'a str),
    /// The cache key of a slot's items.
    Key(&'a str),
    /// Items near an item.
    Similar(&'a str),
    /// Ranks the caller's candidates.
    Rank,
    /// Takes events.
    Events,
    /// The visitor's profile.
    Profile,
    /// A probe: the process answers.
    Health,
    /// A probe: the process has a model.
    Ready,
}

/// Why no resource was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRoute {
    /// The API has no such path.
    Path,
    /// The API has the path, but only with these methods.
    Method(&'static str),
}

const READ: &str = "GET, HEAD";
const WRITE: &str = "POST";
const REMOVE: &str = "DELETE";

/// The path within the API, without its prefix; [`None`] for a path outside of the API, which the origin answers.
pub fn within_api<'p>(prefix: &str, path: &'p str) -> Option<&'p str> {
    let path = path.strip_prefix(prefix)?;
    let is_ours = path == "/v1" || path.starts_with("/v1/") || matches!(path, "/healthz" | "/readyz");
    is_ours.then_some(path)
}

/// The methods of a path of the API; [`None`] if it has no such path.
pub fn methods(path: &str) -> Option<&'static str> {
    // No resource has a method without a name.
    match find("", path) {
        Err(NoRoute::Method(methods)) => Some(methods),
        _ => None,
    }
}

/// Finds the resource of a request.
///
/// # Errors
/// [`NoRoute`], which says whether the path or only the method is unknown.
pub fn find<'a>(method: &str, path: &'a str) -> Result<Resource<'a>, NoRoute> {
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/');
    let parts = [segments.next(), segments.next(), segments.next(), segments.next()];
    let (allow, resource) = match parts {
        [Some("v1"), Some("recommend"), Some(slot), None] if !slot.is_empty() => (READ, Resource::Recommend(slot)),
        [Some("v1"), Some("key"), Some(slot), None] if !slot.is_empty() => (READ, Resource::Key(slot)),
        [Some("v1"), Some("similar"), Some(item), None] if !item.is_empty() => (READ, Resource::Similar(item)),
        [Some("v1"), Some("rank"), None, _] => (WRITE, Resource::Rank),
        [Some("v1"), Some("events"), None, _] => (WRITE, Resource::Events),
        [Some("v1"), Some("profile"), None, _] => (REMOVE, Resource::Profile),
        [Some("healthz"), None, ..] => (READ, Resource::Health),
        [Some("readyz"), None, ..] => (READ, Resource::Ready),
        _ => return Err(NoRoute::Path),
    };
    let allowing = match method {
        "GET" | "HEAD" => READ,
        "POST" => WRITE,
        "DELETE" => REMOVE,
        _ => "",
    };
    if allow == allowing {
        Ok(resource)
    } else {
        Err(NoRoute::Method(allow))
    }
}
