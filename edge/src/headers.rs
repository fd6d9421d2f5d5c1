//! Header fields of the application's own answers, and changes to header fields of a request or of the origin's answer.

use std::borrow::Cow;

/// Header fields in the order in which they were set. An answer has about ten, and a list of ten is faster to search than to hash;
/// `http::HeaderMap` would also copy each name and value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(&'static str, Cow<'static, str>)>);

impl Headers {
    /// No fields, with memory for as many as an answer has.
    #[must_use]
    pub fn with_room() -> Self {
        Self(Vec::with_capacity(12))
    }

    /// No fields, and no memory taken yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Sets a header by its name in lower case, in the place of an earlier value.
    pub fn set(&mut self, name: &'static str, value: impl Into<Cow<'static, str>>) {
        self.0.retain(|(known, _)| *known != name);
        self.0.push((name, value.into()));
    }

    /// Adds one more header of this name: a list of cookies has a line for each.
    pub fn append(&mut self, name: &'static str, value: impl Into<Cow<'static, str>>) {
        self.0.push((name, value.into()));
    }

    /// A header's value, by its name in lower case; the first one's.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| &**value)
    }

    /// Name and value of each header whose value is printable ASCII.
    ///
    /// Every value is so by construction. If one were not, the host would refuse the whole answer, so that header is left out.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let can_be_sent = |value: &str| value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        let all = self.0.iter().map(|(name, value)| (*name, &**value));
        all.filter(move |(_, value)| can_be_sent(value))
    }

    /// Whether there are no fields.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Changes to the header fields of a visitor's request, before the origin gets it, or of the origin's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderChanges {
    /// Names of fields to remove, in lower case.
    pub removed: Vec<Cow<'static, str>>,
    /// Fields to set, each in the place of all fields with its name.
    pub set: Vec<(&'static str, Cow<'static, str>)>,
    /// Fields to add behind the others, after all that is removed and set.
    pub added: Vec<(&'static str, String)>,
}

impl HeaderChanges {
    /// Sets a field.
    pub fn set(&mut self, name: &'static str, value: impl Into<Cow<'static, str>>) {
        self.set.push((name, value.into()));
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.set.is_empty() && self.added.is_empty()
    }
}
