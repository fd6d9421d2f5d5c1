//! Header fields as they were sent.

use crate::headers::HeaderChanges;

/// Name and value of each header field, in the order in which they were sent.
pub type Fields = Vec<(String, String)>;

/// The value of the first field with this name, in upper or lower case.
pub fn field<'f>(fields: &'f Fields, name: &str) -> Option<&'f str> {
    let found = fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

/// Applies changes to header fields.
pub fn change(fields: &mut Fields, changes: &HeaderChanges) {
    let set = || changes.set.iter().map(|(name, _)| name);
    let goes = |name: &str| {
        changes
            .removed
            .iter()
            .chain(set())
            .any(|gone| gone.eq_ignore_ascii_case(name))
    };
    fields.retain(|(name, _)| !goes(name));
    let added = changes
        .set
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.to_string()));
    fields.extend(added);
}
