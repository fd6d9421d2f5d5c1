//! How much of a page is held, filled and included.

/// A longer tag passes without being looked at.
pub const MAX_TAG_BYTES: usize = 16 * 1024;
/// A slot whose content is longer keeps it.
pub const MAX_SLOT_BYTES: usize = 64 * 1024;
/// All named templates of a page together; further ones are not known.
pub const MAX_TEMPLATE_BYTES: usize = 64 * 1024;

/// Named templates of a page; further ones are not known.
pub const MAX_TEMPLATES: usize = 64;
/// Problems of a page that are reported; further ones are not.
pub const MAX_PROBLEMS: usize = 32;
/// Slots of a page that are filled, those of included parts among them. Whoever pushes bytes in counts them.
pub const MAX_SLOTS: usize = 64;
/// Included parts of a page. Whoever fetches them counts them.
pub const MAX_INCLUDES: usize = 64;
/// How deep parts may include parts, as in Varnish (`max_esi_depth`).
pub const MAX_INCLUDE_DEPTH: usize = 5;
