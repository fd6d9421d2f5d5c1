//! HTML slots: fills elements of a page with a decision's items while the page streams through.
//!
//! ```html
//! <section data-selvedge-slot="home" data-n="4">
//!   <template><a href="/item/{{id}}">{{title}}</a></template>
//!   <p>Shown if there are no items, or if they come too late.</p>
//! </section>
//! ```
//!
//! [`Slots`] does no IO and reads no clock. The caller pushes the page's bytes in, answers each [`Step::Slot`] with that slot's items, and takes
//! the rewritten bytes out. Bytes outside of slots come out unchanged, and the result does not depend on how the input was cut into
//! pieces. Memory is bounded by [`MAX_TAG_BYTES`], [`MAX_SLOT_BYTES`] and [`MAX_TEMPLATE_BYTES`]; anything longer passes through unchanged.
//!
//! ```
//! use selvedge::engine::{Item, Reason};
//! use selvedge::html::{Options, Slots, Step};
//!
//! let kettle = Item {
//!     id: "7",
//!     title: "Kettle & cups",
//!     categories: vec![],
//!     image: None,
//!     attributes: vec![],
//!     score: 1.0,
//!     reason: Reason::Popular,
//! };
//! let mut slots = Slots::new(Options::default());
//! slots.push(b"<ul data-selvedge-slot=\"home\"><template><li>{{title}}</li></template>No items</ul>");
//! while let Step::Slot(call) = slots.step() {
//!     assert_eq!(call.slot, "home");
//!     slots.fill("", std::slice::from_ref(&kettle));
//! }
//! slots.end();
//! let page = String::from_utf8(slots.take())?;
//! assert!(page.ends_with("</template><li>Kettle &amp; cups</li></ul>"));
//! # Ok::<(), std::string::FromUtf8Error>(())
//! ```

mod attributes;
mod bytes;
mod encoding;
mod escape;
mod esi;
mod expression;
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
pub use encoding::Encoding;
pub use limits::{MAX_INCLUDE_DEPTH, MAX_INCLUDES, MAX_SLOT_BYTES, MAX_SLOTS, MAX_TAG_BYTES, MAX_TEMPLATE_BYTES};
pub use namespace::Content;
pub use problem::SlotProblem;
pub use response::{CONDITIONAL_HEADERS, DROPPED_HEADERS, cache_control_of, is_decoded, is_html};
pub use scanner::{Event, Scanner, SyntaxContext, Tag};
pub use slots::{Options, Slots};
pub use step::{Include, SlotCall, Step};
pub use template::{Entry, Template, TemplateError};
