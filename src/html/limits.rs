//! Limits on what is held, filled and included per page.

/// Longest tag in bytes; a longer one passes unread.
pub const MAX_TAG_BYTES: usize = 16 * 1024;
/// Longest content of a slot element in bytes; a slot with more keeps its own content.
pub const MAX_SLOT_BYTES: usize = 64 * 1024;
/// Bytes of all named templates of a page together; further ones are ignored.
pub const MAX_TEMPLATE_BYTES: usize = 64 * 1024;

/// Named templates of a page; further ones are ignored.
pub const MAX_TEMPLATES: usize = 64;
/// Reported problems of a page; further ones are dropped.
pub const MAX_PROBLEMS: usize = 32;
/// Filled slots of a page, including those of included parts. The caller that pushes bytes in counts them.
pub const MAX_SLOTS: usize = 64;
/// Included parts of a page. The caller that fetches them counts them.
pub const MAX_INCLUDES: usize = 64;
/// Nesting depth of included parts, as in Varnish (`max_esi_depth`).
pub const MAX_INCLUDE_DEPTH: usize = 5;
