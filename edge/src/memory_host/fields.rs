//! Header fields as they were sent.

use crate::headers::HeaderChanges;

/// Name and value of each header field, in the order in which they were sent.
pub type Fields = Vec<(String, String)>;

/// Fields whose values need not be text.
pub type RawFields = Vec<(String, Vec<u8>)>;

/// The value of the first field with this name, in upper or lower case.
pub fn field<'f>(fields: &'f Fields, name: &str) -> Option<&'f str> {
    let found = fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

/// Applies changes to header fields.
pub fn change(fields: &mut Fields, changes: &HeaderChanges) {
    fields.retain(|(name, _)| !goes(changes, name));
    let set = changes.set.iter().map(|(name, value)| (*name, &**value));
    let added = changes.added.iter().map(|(name, value)| (*name, value.as_str()));
    fields.extend(
        set.chain(added)
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
}

/// Applies changes to fields that need not be text: those that are removed or set are gone.
pub fn change_raw(fields: &mut RawFields, changes: &HeaderChanges) {
    fields.retain(|(name, _)| !goes(changes, name));
}

fn goes(changes: &HeaderChanges, name: &str) -> bool {
    let removed = changes.removed.iter().map(|name| &**name);
    let mut gone = removed.chain(changes.set.iter().map(|(name, _)| *name));
    gone.any(|gone| gone.eq_ignore_ascii_case(name))
}
