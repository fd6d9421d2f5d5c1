//! Header fields of an answer, and changes to those of somebody else.

use std::borrow::Cow;

/// Header fields in the order in which they were set. A list of about ten is searched sooner than hashed, and `http::HeaderMap`
/// would copy each name and value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(&'static str, Cow<'static, str>)>);

impl Headers {
    /// None, with room for as many as an answer has.
    #[must_use]
    pub fn with_room() -> Self {
        Self(Vec::with_capacity(12))
    }

    /// None, and no memory taken.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Sets a header by its name in lower case, replacing an earlier value.
    pub fn set(&mut self, name: &'static str, value: impl Into<Cow<'static, str>>) {
        self.0.retain(|(known, _)| *known != name);
        self.0.push((name, value.into()));
    }

    /// A header's value, by its name in lower case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| &**value)
    }

    /// Name and value of each header that can be sent.
    ///
    /// Every value is printable ASCII by construction. Were one not, the answer without that header is better than none.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let can_be_sent = |value: &str| value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        let all = self.0.iter().map(|(name, value)| (*name, &**value));
        all.filter(move |(_, value)| can_be_sent(value))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Changes to the header fields of a request or an answer that somebody else made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderChanges {
    /// Names of fields that go, in lower case.
    pub removed: Vec<&'static str>,
    /// Fields that take the place of those with their names.
    pub set: Vec<(&'static str, Cow<'static, str>)>,
}
