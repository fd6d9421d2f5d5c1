//! Conditional and range requests to pages that may be filled (RFC 9110, sections 13 and 14).
//!
//! A filled page has no validators, so a browser that sends one has a copy from before the page was filled, and a 304 would keep it forever.
//! Whether an answer is such a page is known only once it is there. So the conditions of a request that may be for a page do not reach the
//! origin; if its answer turns out to be no page, they are evaluated here.

use selvedge::html::CONDITIONAL_HEADERS;

use crate::entity_tag;
use crate::headers::HeaderChanges;
use crate::host::{Host, OriginAnswer};
use crate::incoming::Incoming;

/// What a request is for, as far as it says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A document that a browser shows.
    Page,
    /// Nobody knows before the answer is there.
    Unknown,
    /// An image, a script, data: nothing that is filled. Also every request that changes something.
    Other,
}

impl Target {
    /// The target of a request.
    pub fn of<H: Host>(incoming: &Incoming<H>) -> Self {
        if !matches!(incoming.method(), "GET" | "HEAD") {
            return Self::Other;
        }
        match incoming.header("sec-fetch-dest").as_deref() {
            Some("document" | "iframe" | "frame" | "fencedframe" | "embed" | "object") => return Self::Page,
            Some(
                "audio" | "audioworklet" | "font" | "image" | "json" | "manifest" | "paintworklet" | "report"
                | "script" | "serviceworker" | "sharedworker" | "style" | "text" | "track" | "video" | "webidentity"
                | "worker" | "xslt",
            ) => return Self::Other,
            _ => {}
        }
        let Some(accept) = incoming.header("accept") else {
            return Self::Unknown;
        };
        let accept = accept.to_ascii_lowercase();
        if accept.contains("text/html") || accept.contains("application/xhtml+xml") {
            Self::Page
        } else if accept.contains("*/*") || accept.contains("text/*") {
            Self::Unknown
        } else {
            Self::Other
        }
    }

    /// The fields that do not reach the origin. A range of something unknown does: downloads are continued so, and an answer with a range
    /// names its type.
    pub fn withheld(self) -> impl Iterator<Item = &'static str> {
        let is_withheld = move |name: &&str| match self {
            Self::Page => true,
            Self::Unknown => !matches!(*name, "range" | "if-range"),
            Self::Other => false,
        };
        CONDITIONAL_HEADERS.into_iter().filter(is_withheld)
    }

    /// Whether conditions of the request may still be unanswered.
    pub fn withholds(self) -> bool {
        self != Self::Other
    }
}

/// The status by which the conditions of a request are answered, whose origin did not see them and sent this answer; [`None`] if the answer
/// stays as it is.
pub fn status<H: Host>(incoming: &Incoming<H>, answer: &impl OriginAnswer) -> Option<u16> {
    if answer.status() != 200 {
        return None;
    }
    let etag = || answer.header("etag");
    if let Some(tags) = incoming.header("if-match") {
        let is_strong = |etag: &String| !etag.starts_with("W/") && entity_tag::matches(&tags, etag);
        if tags.trim() != "*" && !etag().as_ref().is_some_and(is_strong) {
            return Some(412);
        }
    }
    let is_unmodified = match incoming.header("if-none-match") {
        Some(tags) if tags.trim() == "*" => true,
        Some(tags) => etag().is_some_and(|etag| entity_tag::matches(&tags, etag.strip_prefix("W/").unwrap_or(&etag))),
        None => {
            let since = incoming.header("if-modified-since");
            // The date is compared as text: it is the one that the origin itself sent before, or it does not count.
            since.is_some_and(|since| answer.header("last-modified").is_some_and(|date| date == since))
        }
    };
    is_unmodified.then_some(304)
}

/// The changes to an answer's fields when its body is left out.
pub fn without_body() -> HeaderChanges {
    let of_the_body = [
        "content-length",
        "content-encoding",
        "content-range",
        "content-type",
        "transfer-encoding",
    ];
    HeaderChanges {
        removed: of_the_body.into_iter().map(Into::into).collect(),
        ..HeaderChanges::default()
    }
}
