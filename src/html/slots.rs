//! The stream: which bytes pass, which wait for a decision, which an answer takes the place of.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::attributes::Attributes;
use super::esi::{Esi, Marker};
use super::problem::SlotProblem;
use super::scanner::{Event, Scanner, Tag};
use super::template::Template;
use crate::engine::Item;

/// A longer tag passes without being looked at.
pub const MAX_TAG_BYTES: usize = 16 * 1024;
/// A slot whose content is longer keeps it.
pub const MAX_SLOT_BYTES: usize = 64 * 1024;
/// All named templates of a page together; further ones are not known.
pub const MAX_TEMPLATE_BYTES: usize = 64 * 1024;

/// Named templates of a page; further ones are not known.
pub(super) const MAX_TEMPLATES: usize = 64;
/// Problems of a page that are told; a page with more of them has told enough.
const MAX_PROBLEMS: usize = 32;
/// Slots of a page that are filled, those of included parts among them. Whoever pushes bytes in counts them.
pub const MAX_SLOTS: usize = 64;
/// Included parts of a page. Whoever fetches them counts them.
pub const MAX_INCLUDES: usize = 64;
/// How deep parts may include parts, as in Varnish (`max_esi_depth`).
pub const MAX_INCLUDE_DEPTH: usize = 5;

const SLOT: &str = "data-selvedge-slot";
pub(super) const TEMPLATE: &str = "data-selvedge-template";

/// What a page is rewritten by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether `<esi:include>`, `<esi:remove>`, `<esi:comment>` and `<!--esi …-->` are carried out.
    pub esi: bool,
    /// Whether inserted text is written in ASCII: for a page whose encoding is not known to be UTF-8.
    pub ascii: bool,
}

/// What the stream needs to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// More input, or the end.
    Input,
    /// A slot's items: answered by [`Slots::fill`] or [`Slots::leave`].
    Slot(SlotCall),
    /// Another resource's bytes: what has come out belongs in front of them, what comes out later behind.
    Include(Include),
}

/// What a slot asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotCall {
    /// The slot's name, `data-selvedge-slot`.
    pub slot: String,
    /// How many items, `data-n`.
    pub n: Option<usize>,
    /// Of which category, `data-category`.
    pub category: Option<String>,
}

/// What an `<esi:include>` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Include {
    /// The resource's URL, as it was written.
    pub src: String,
    /// Another one to try where that fails.
    pub alt: Option<String>,
}

/// An element that is to be filled, between its start and its end tag.
#[derive(Debug)]
struct Open {
    call: SlotCall,
    template: String,
    element: Vec<u8>,
    /// Open elements of the same name in it.
    depth: u32,
    /// All bytes since its start tag.
    content: Vec<u8>,
    template_depth: u32,
    /// The first `<template>`: of its start tag, of what is in it, behind its end tag.
    own: Own,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Own {
    None,
    Begun {
        tag: usize,
        inner: usize,
    },
    Ended {
        tag: usize,
        inner: usize,
        inner_end: usize,
        end: usize,
    },
}

/// A slot whose items were asked for.
#[derive(Debug)]
struct Asked {
    open: Open,
    template: Template,
    end_tag: Vec<u8>,
}

/// A named template under way.
#[derive(Debug)]
struct Capture {
    name: String,
    html: Vec<u8>,
    depth: u32,
}

/// The stream of one page.
#[derive(Debug)]
pub struct Slots {
    options: Options,
    scanner: Scanner,
    input: Vec<u8>,
    read: usize,
    out: Vec<u8>,
    /// A tag under way, from its `<`.
    held: Vec<u8>,
    /// Whether the tag under way was too long to hold.
    too_long: bool,
    open: Option<Open>,
    asked: Option<Asked>,
    capture: Option<Capture>,
    templates: Vec<(String, Template)>,
    template_bytes: usize,
    esi: Esi,
    problems: Vec<SlotProblem>,
    problems_told: usize,
}

impl Slots {
    /// For one page.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            options,
            scanner: Scanner::new(),
            input: Vec::new(),
            read: 0,
            out: Vec::new(),
            held: Vec::new(),
            too_long: false,
            open: None,
            asked: None,
            capture: None,
            templates: Vec::new(),
            template_bytes: 0,
            esi: Esi::default(),
            problems: Vec::new(),
            problems_told: 0,
        }
    }

    /// Gives it the next bytes of the page. They are worked on by [`Slots::step`].
    pub fn push(&mut self, bytes: &[u8]) {
        self.input.drain(..self.read);
        self.read = 0;
        self.input.extend_from_slice(bytes);
    }

    /// Goes on until something is needed. While an answer to [`Step::Slot`] is owed, the question is not asked again.
    pub fn step(&mut self) -> Step {
        while self.asked.is_none() && self.read < self.input.len() {
            let plain = self.plain();
            if plain > 0 {
                self.read += plain;
                continue;
            }
            let byte = self.input[self.read];
            self.read += 1;
            if let Some(step) = self.byte(byte) {
                return step;
            }
        }
        Step::Input
    }

    /// Puts items in the place of what stands in the slot that was asked for; without any, that stays.
    pub fn fill(&mut self, items: &[Item<'_>]) {
        if items.is_empty() {
            return self.leave();
        }
        let Some(asked) = self.asked.take() else { return };
        if let Own::Ended { tag, end, .. } = asked.open.own {
            self.out
                .extend_from_slice(asked.open.content.get(tag..end).unwrap_or_default());
        }
        for (place, item) in items.iter().enumerate() {
            asked
                .template
                .render(&mut self.out, item, place + 1, self.options.ascii);
        }
        self.out.extend_from_slice(&asked.end_tag);
    }

    /// Leaves what stands in the slot that was asked for.
    pub fn leave(&mut self) {
        if let Some(asked) = self.asked.take() {
            self.out.extend_from_slice(&asked.open.content);
            self.out.extend_from_slice(&asked.end_tag);
        }
    }

    /// Ends the page: whatever is still held back comes out as it was. An open question is answered by leaving the slot.
    pub fn end(&mut self) {
        while self.step() != Step::Input || self.asked.is_some() {
            self.leave();
        }
        let dashes = self.esi.take_dashes();
        self.pass(&dashes);
        self.flush();
        if let Some(open) = self.open.take() {
            self.out.extend_from_slice(&open.content);
            self.tell(SlotProblem::Unclosed {
                slot: open.call.slot,
                element: text(&open.element),
            });
        }
    }

    /// What has come out since the last time.
    pub fn take(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.out)
    }

    /// What went wrong since the last time.
    pub fn problems(&mut self) -> Vec<SlotProblem> {
        core::mem::take(&mut self.problems)
    }

    fn tell(&mut self, problem: SlotProblem) {
        if self.problems_told < MAX_PROBLEMS {
            self.problems_told += 1;
            self.problems.push(problem);
        }
    }

    /// Passes on the text that is ahead.
    fn plain(&mut self) -> usize {
        if self.esi.watches() || !self.held.is_empty() || self.too_long {
            return 0;
        }
        let input = core::mem::take(&mut self.input);
        let ahead = input.get(self.read..).unwrap_or_default();
        let plain = self.scanner.plain_text(ahead);
        self.pass(ahead.get(..plain).unwrap_or_default());
        self.input = input;
        plain
    }

    fn byte(&mut self, byte: u8) -> Option<Step> {
        if self.esi.watches() && self.held.is_empty() && self.scanner.in_markup() {
            let (passed, swallowed) = self.esi.end_of_comment(byte);
            self.pass(&passed);
            if swallowed {
                return None;
            }
        }
        match self.scanner.read(byte) {
            Event::Within if self.held.is_empty() => self.pass(&[byte]),
            Event::Within => self.hold(byte),
            Event::MayBegin => self.held.push(byte),
            Event::NoTag { begins } => {
                self.too_long = false;
                self.flush();
                if begins {
                    self.held.push(byte);
                } else {
                    self.pass(&[byte]);
                }
            }
            Event::Comment if self.options.esi && self.open.is_none() => {
                self.held.push(byte);
                self.esi.begin_comment();
            }
            Event::NoTagWithin | Event::Comment => {
                self.too_long = false;
                self.held.push(byte);
                self.flush();
            }
            Event::Tag(tag) => {
                self.held.push(byte);
                if core::mem::take(&mut self.too_long) {
                    self.flush();
                    self.give_up();
                } else {
                    let raw = core::mem::take(&mut self.held);
                    return self.tag(tag, &raw);
                }
            }
        }
        None
    }

    /// A byte of a tag, or of the word that makes a comment one of ours.
    fn hold(&mut self, byte: u8) {
        self.held.push(byte);
        match self.esi.comment_word(&self.held) {
            None => {}
            Some(Marker::Undecided) => return,
            Some(Marker::Other) => self.flush(),
            Some(Marker::Esi) => {
                self.held.clear();
                self.scanner.leave_comment();
            }
        }
        if self.held.len() > MAX_TAG_BYTES {
            self.too_long = true;
            self.flush();
        }
    }

    fn flush(&mut self) {
        let held = core::mem::take(&mut self.held);
        self.pass(&held);
    }

    /// Bytes that nothing takes the place of, unless the slot does in which they are.
    fn pass(&mut self, bytes: &[u8]) {
        if self.esi.removes() {
            return;
        }
        if let Some(open) = &mut self.open {
            open.content.extend_from_slice(bytes);
            if open.content.len() > MAX_SLOT_BYTES {
                self.give_up();
            }
            return;
        }
        if let Some(capture) = &mut self.capture {
            if self.template_bytes + capture.html.len() + bytes.len() > MAX_TEMPLATE_BYTES {
                let name = core::mem::take(&mut capture.name);
                self.tell(SlotProblem::TemplateLength { name });
                self.capture = None;
            } else {
                capture.html.extend_from_slice(bytes);
            }
        }
        self.out.extend_from_slice(bytes);
    }

    /// Leaves the slot under way, whose end can no longer be told.
    fn give_up(&mut self) {
        if let Some(open) = self.open.take() {
            self.out.extend_from_slice(&open.content);
            self.tell(SlotProblem::Length { slot: open.call.slot });
        }
    }

    fn tag(&mut self, tag: Tag, raw: &[u8]) -> Option<Step> {
        let name = self.scanner.name().to_vec();
        if self.options.esi && self.open.is_none() && name.starts_with(b"esi:") {
            return self.esi.tag(&name, tag, raw).map(Step::Include);
        }
        if self.esi.removes() {
            return None;
        }
        if self.open.is_some() {
            return self.tag_in_slot(tag, &name, raw);
        }
        if self.capture.is_some() {
            self.tag_in_template(tag, &name, raw);
            return None;
        }
        self.pass(raw);
        if !tag.is_end && mentions_us(raw) && self.scanner.in_html() {
            let attributes = Attributes::of(raw);
            if let Some(slot) = attributes.get(SLOT) {
                self.open_slot(slot, &name, &attributes);
            } else if name == b"template"
                && let Some(template) = attributes.get(TEMPLATE)
            {
                self.capture_template(template.to_string());
            }
        }
        None
    }

    fn capture_template(&mut self, name: String) {
        if self.templates.len() >= MAX_TEMPLATES {
            return self.tell(SlotProblem::TemplateLength { name });
        }
        self.template_bytes += name.len();
        self.capture = Some(Capture {
            name,
            html: Vec::new(),
            depth: 0,
        });
    }

    fn open_slot(&mut self, slot: &str, element: &[u8], attributes: &Attributes) {
        let refused = |attribute, expected, found: &str| SlotProblem::Attribute {
            slot: slot.to_string(),
            attribute,
            expected,
            found: found.to_string(),
        };
        if !may_be_slot(element) {
            let (slot, element) = (slot.to_string(), text(element));
            return self.tell(SlotProblem::Element { slot, element });
        }
        if slot.is_empty() {
            return self.tell(refused(SLOT, "the name of a slot", slot));
        }
        let n = match attributes.get("data-n").map(|n| (n, n.trim().parse())) {
            None => None,
            Some((_, Ok(n))) => Some(n),
            Some((found, Err(_))) => {
                return self.tell(refused("data-n", "a whole number", found));
            }
        };
        self.open = Some(Open {
            call: SlotCall {
                slot: slot.to_string(),
                n,
                category: attributes.get("data-category").map(ToString::to_string),
            },
            template: attributes.get("data-template").unwrap_or(slot).to_string(),
            element: element.to_vec(),
            depth: 0,
            content: Vec::new(),
            template_depth: 0,
            own: Own::None,
        });
    }

    fn tag_in_slot(&mut self, tag: Tag, name: &[u8], raw: &[u8]) -> Option<Step> {
        let open = self.open.as_mut()?;
        let before = open.content.len();
        if name == b"template" {
            if !tag.is_end {
                if open.template_depth == 0 && open.own == Own::None {
                    let inner = before + raw.len();
                    open.own = Own::Begun { tag: before, inner };
                }
                open.template_depth += 1;
            } else if open.template_depth > 0 {
                open.template_depth -= 1;
                if let (0, Own::Begun { tag, inner }) = (open.template_depth, open.own) {
                    open.own = Own::Ended {
                        tag,
                        inner,
                        inner_end: before,
                        end: before + raw.len(),
                    };
                }
            }
        } else if open.template_depth == 0 && name == open.element.as_slice() {
            if !tag.is_end {
                open.depth += 1;
            } else if open.depth > 0 {
                open.depth -= 1;
            } else {
                return self.close_slot(raw);
            }
        }
        self.pass(raw);
        None
    }

    fn close_slot(&mut self, end_tag: &[u8]) -> Option<Step> {
        let open = self.open.take()?;
        let template = match open.own {
            Own::Ended { inner, inner_end, .. } => {
                Template::compile(open.content.get(inner..inner_end).unwrap_or_default()).map_err(|error| {
                    SlotProblem::Template {
                        name: open.call.slot.clone(),
                        error,
                    }
                })
            }
            Own::None | Own::Begun { .. } => {
                let known = self.templates.iter().find(|(name, _)| *name == open.template);
                known
                    .map(|(_, template)| template.clone())
                    .ok_or_else(|| SlotProblem::NoTemplate {
                        slot: open.call.slot.clone(),
                        template: open.template.clone(),
                    })
            }
        };
        match template {
            Ok(template) => {
                let call = open.call.clone();
                self.asked = Some(Asked {
                    open,
                    template,
                    end_tag: end_tag.to_vec(),
                });
                Some(Step::Slot(call))
            }
            Err(problem) => {
                self.tell(problem);
                self.out.extend_from_slice(&open.content);
                self.out.extend_from_slice(end_tag);
                None
            }
        }
    }

    fn tag_in_template(&mut self, tag: Tag, name: &[u8], raw: &[u8]) {
        if name == b"template" {
            match &mut self.capture {
                Some(capture) if !tag.is_end => capture.depth += 1,
                Some(capture) if capture.depth > 0 => capture.depth -= 1,
                _ => {
                    if let Some(Capture { name, html, .. }) = self.capture.take() {
                        self.template_bytes += html.len();
                        match Template::compile(&html) {
                            Ok(template) => {
                                self.templates.retain(|(known, _)| *known != name);
                                self.templates.push((name, template));
                            }
                            Err(error) => self.tell(SlotProblem::Template { name, error }),
                        }
                    }
                }
            }
        }
        self.pass(raw);
    }
}

/// Whether a tag may have one of our attributes.
fn mentions_us(tag: &[u8]) -> bool {
    const PREFIX: &[u8] = b"data-selvedge-";
    tag.windows(PREFIX.len())
        .any(|window| window.eq_ignore_ascii_case(PREFIX))
}

/// Whether an element has an end tag that cannot be left out, and markup in it.
fn may_be_slot(element: &[u8]) -> bool {
    const VOID: [&[u8]; 14] = [
        b"area", b"base", b"br", b"col", b"embed", b"hr", b"img", b"input", b"link", b"meta", b"source", b"track",
        b"wbr", b"param",
    ];
    const OPTIONAL_END: [&[u8]; 20] = [
        b"html",
        b"head",
        b"body",
        b"p",
        b"li",
        b"dt",
        b"dd",
        b"option",
        b"optgroup",
        b"thead",
        b"tbody",
        b"tfoot",
        b"tr",
        b"td",
        b"th",
        b"colgroup",
        b"caption",
        b"rt",
        b"rp",
        b"select",
    ];
    const NO_MARKUP: [&[u8]; 12] = [
        b"script",
        b"style",
        b"title",
        b"textarea",
        b"xmp",
        b"iframe",
        b"noembed",
        b"noframes",
        b"noscript",
        b"plaintext",
        b"template",
        b"frameset",
    ];
    !VOID.contains(&element)
        && !OPTIONAL_END.contains(&element)
        && !NO_MARKUP.contains(&element)
        && !matches!(element, b"svg" | b"math")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
