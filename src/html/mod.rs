//! HTML slots: fills elements of a page with a decision's items while its bytes flow.
//!
//! ```html
//! <section data-selvedge-slot="home" data-n="4">
//!   <template><a href="/item/{{id}}">{{title}}</a></template>
//!   <p>What is shown where nothing is known, or where an answer would come too late.</p>
//! </section>
//! ```
//!
//! No IO and no clock: the shell pushes bytes in, is asked for a slot's items where one ends, and takes bytes out. What is in no slot
//! leaves as it came, byte for byte, and the result does not depend on how the input was cut. Memory is bounded by [`MAX_TAG_BYTES`],
//! [`MAX_SLOT_BYTES`] and [`MAX_TEMPLATE_BYTES`]; what is longer passes through as it is.

mod attributes;
mod bytes;
mod escape;
mod esi;
mod limits;
mod markup;
mod namespace;
mod problem;
mod response;
mod scanner;
mod slots;
mod step;
mod template;

#[cfg(test)]
mod slots_tests;
#[cfg(test)]
mod template_tests;

pub use attributes::Attributes;
pub use limits::{MAX_INCLUDE_DEPTH, MAX_INCLUDES, MAX_SLOT_BYTES, MAX_SLOTS, MAX_TAG_BYTES, MAX_TEMPLATE_BYTES};
pub use namespace::Content;
pub use problem::SlotProblem;
pub use response::{DROPPED_HEADERS, cache_control_of};
pub use scanner::{Event, Place, Scanner, Tag};
pub use slots::{Options, Slots};
pub use step::{Include, SlotCall, Step};
pub use template::{Template, TemplateError};
