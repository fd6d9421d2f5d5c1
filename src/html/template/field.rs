//! Fields of an item that a template may name.

use alloc::borrow::Cow;
use alloc::string::ToString;

use crate::engine::{Item, Reason};

/// What a template is rendered for: one item of a list.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'v> {
    /// The item.
    pub item: &'v Item<'v>,
    /// Its position in the list, from 1.
    pub position: usize,
    /// The decision id of the list; empty if it has none.
    pub decision: &'v str,
}

/// Returns a field's value; [`None`] if the item has none.
pub fn field<'v>(entry: &Entry<'v>, name: &str) -> Option<Cow<'v, str>> {
    let Entry {
        item,
        position,
        decision,
    } = *entry;
    let text = match (name, item.reason) {
        ("decision", _) => decision,
        ("first", _) => return (position == 1).then_some(Cow::Borrowed("1")),
        ("id", _) => item.id,
        ("title", _) => item.title,
        ("image", _) => item.image?,
        ("category", _) => item.categories.last()?,
        ("position", _) => return Some(Cow::Owned(position.to_string())),
        ("reason", Reason::Because { .. }) => "because",
        ("reason", Reason::Segment) => "segment",
        ("reason", Reason::Context) => "context",
        ("reason", Reason::Popular) => "popular",
        ("reason", Reason::Similar { .. }) => "similar",
        ("reason.item", Reason::Because { item, .. } | Reason::Similar { item, .. }) => item,
        ("reason.title", Reason::Because { title, .. } | Reason::Similar { title, .. }) => title,
        ("reason.share", Reason::Because { share, .. }) => {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a share is between 0 and 1, and the cast saturates"
            )]
            let percent = (share * 100.0 + 0.5) as u32;
            return Some(Cow::Owned(percent.to_string()));
        }
        _ => {
            let key = name.strip_prefix("attributes.")?;
            item.attributes
                .iter()
                .find(|(found, _)| *found == key)
                .map(|(_, value)| *value)?
        }
    };
    Some(Cow::Borrowed(text))
}

/// Whether a template may use this field name.
pub fn is_field(name: &str) -> bool {
    const FIELDS: [&str; 11] = [
        "decision",
        "first",
        "id",
        "title",
        "image",
        "category",
        "position",
        "reason",
        "reason.item",
        "reason.title",
        "reason.share",
    ];
    FIELDS.contains(&name) || name.strip_prefix("attributes.").is_some_and(|key| !key.is_empty())
}
