//! The stream of a page. Each byte passes at once, is held until a slot's items are known, or is replaced by the items.

mod named;
mod open;

use alloc::string::ToString;
use alloc::vec::Vec;

use self::named::NamedTemplates;
use self::open::OpenSlot;
use super::attributes::Attributes;
use super::encoding::Encoding;
use super::esi::{Esi, Marker};
use super::limits::{MAX_PROBLEMS, MAX_SLOT_BYTES, MAX_TAG_BYTES};
use super::markup::{SLOT, TEMPLATE, mentions_us};
use super::problem::SlotProblem;
use super::scanner::{Event, Scanner, Tag};
use super::step::Step;
use super::template::{Entry, Template};
use crate::engine::Item;

/// Begins a character of ISO-2022-JP. In a page whose encoding nobody names, browsers may guess that it is this one, in which bytes of ASCII
/// are parts of other characters.
const ESCAPE: u8 = 0x1b;

/// How a page is rewritten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether to process `<esi:include>`, `<esi:remove>`, `<esi:comment>` and `<!--esi …-->`.
    pub esi: bool,
    /// The encoding that the response names. Text is inserted in ASCII unless it is UTF-8, also if the page itself names UTF-8 later: only the
    /// response's word is known before its first byte.
    pub encoding: Encoding,
}

/// A slot element whose items the caller was asked for and has not given yet.
#[derive(Debug)]
struct PendingSlot {
    open: OpenSlot,
    template: Template,
    end_tag: Vec<u8>,
}

/// The stream of one page; the [module](super) has an example.
#[derive(Debug)]
pub struct Slots {
    options: Options,
    /// The page's encoding as far as it is known: named by the response, by its first bytes, or by a `<meta>`.
    encoding: Encoding,
    /// Whether the page's first bytes were looked at, which may be a byte order mark.
    has_begun: bool,
    scanner: Scanner,
    input: Vec<u8>,
    read: usize,
    out: Vec<u8>,
    /// Bytes of the current tag since its `<`.
    held: Vec<u8>,
    /// Whether the current tag is longer than [`MAX_TAG_BYTES`], so that its bytes pass unread.
    too_long: bool,
    open: Option<OpenSlot>,
    pending: Option<PendingSlot>,
    named: NamedTemplates,
    esi: Esi,
    problems: Vec<SlotProblem>,
    problems_reported: usize,
}

impl Slots {
    /// Creates the stream of one page.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            options,
            encoding: options.encoding,
            has_begun: false,
            scanner: Scanner::new(),
            input: Vec::new(),
            read: 0,
            out: Vec::new(),
            held: Vec::new(),
            too_long: false,
            open: None,
            pending: None,
            named: NamedTemplates::default(),
            esi: Esi::default(),
            problems: Vec::new(),
            problems_reported: 0,
        }
    }

    /// Appends the next bytes of the page. [`Slots::step`] processes them.
    pub fn push(&mut self, bytes: &[u8]) {
        self.input.drain(..self.read);
        self.read = 0;
        self.input.extend_from_slice(bytes);
    }

    /// Processes input until it needs something from the caller. Returns [`Step::Input`] while the last [`Step::Slot`] is still unanswered.
    pub fn step(&mut self) -> Step {
        if !self.has_begun && !self.begin() {
            return Step::Input;
        }
        while self.pending.is_none() && self.read < self.input.len() {
            if self.encoding == Encoding::Opaque {
                self.out.extend(self.input.drain(..).skip(self.read));
                self.read = 0;
                break;
            }
            let plain = self.plain();
            if plain > 0 {
                self.read += plain;
                continue;
            }
            let byte = self.input[self.read];
            self.read += 1;
            if byte == ESCAPE && self.encoding == Encoding::Unknown {
                self.read -= 1;
                self.pass_on();
                continue;
            }
            if let Some(step) = self.byte(byte) {
                return step;
            }
        }
        Step::Input
    }

    /// Reads a byte order mark, which decides the encoding before anything else does. Returns false if more bytes are needed to know.
    fn begin(&mut self) -> bool {
        let (encoding, may_come) = Encoding::of_mark(&self.input);
        if may_come {
            return false;
        }
        self.has_begun = true;
        self.encoding = encoding.unwrap_or(self.encoding);
        true
    }

    /// Answers the last [`Step::Slot`]: the items replace the slot's content. Without items the content stays. `decision` is the decision id
    /// of the list.
    pub fn fill(&mut self, decision: &str, items: &[Item<'_>]) {
        if items.is_empty() {
            return self.leave();
        }
        let Some(pending) = self.pending.take() else { return };
        self.out
            .extend_from_slice(pending.open.own_template_element().unwrap_or_default());
        let ascii = self.options.encoding != Encoding::Utf8;
        for (place, item) in items.iter().enumerate() {
            let entry = Entry {
                item,
                position: place + 1,
                decision,
            };
            pending.template.render(&mut self.out, &entry, ascii);
        }
        self.out.extend_from_slice(&pending.end_tag);
    }

    /// Answers the last [`Step::Slot`] without items: the slot keeps its content.
    pub fn leave(&mut self) {
        if let Some(pending) = self.pending.take() {
            self.out.extend_from_slice(&pending.open.content);
            self.out.extend_from_slice(&pending.end_tag);
        }
    }

    /// Ends the page: bytes that are still held come out unchanged, and an unanswered slot keeps its content.
    pub fn end(&mut self) {
        self.has_begun = true;
        while self.step() != Step::Input || self.pending.is_some() {
            self.leave();
        }
        let dashes = self.esi.take_dashes();
        self.pass(&dashes);
        self.flush();
        if let Some(open) = self.open.take() {
            self.out.extend_from_slice(&open.content);
            self.report(open.unclosed());
        }
    }

    /// Returns the rewritten bytes since the last call.
    pub fn take(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.out)
    }

    /// Bytes of memory that the page's text holds now: input, output, and what is kept until a tag, a slot or a template ends.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        let open = |slot: &OpenSlot| slot.content.capacity();
        self.input.capacity()
            + self.out.capacity()
            + self.held.capacity()
            + self.open.as_ref().map_or(0, open)
            + self.pending.as_ref().map_or(0, |pending| open(&pending.open))
            + self.named.held_bytes()
    }

    /// Returns the problems since the last call, at most 32 per page.
    pub fn problems(&mut self) -> Vec<SlotProblem> {
        core::mem::take(&mut self.problems)
    }

    fn report(&mut self, problem: SlotProblem) {
        if self.problems_reported < MAX_PROBLEMS {
            self.problems_reported += 1;
            self.problems.push(problem);
        }
    }

    /// Passes text up to the next `<` without reading each byte. Returns its length.
    fn plain(&mut self) -> usize {
        if self.esi.watches() || !self.held.is_empty() || self.too_long {
            return 0;
        }
        let input = core::mem::take(&mut self.input);
        let ahead = input.get(self.read..).unwrap_or_default();
        let mut plain = self.scanner.plain_text(ahead);
        if self.encoding == Encoding::Unknown {
            let text = ahead.get(..plain).unwrap_or_default();
            plain = text.iter().position(|byte| *byte == ESCAPE).unwrap_or(plain);
        }
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

    /// Holds a byte of a tag, or of the first word of a comment, which shows whether it is an `<!--esi` comment.
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

    /// Passes bytes on, to the open slot's content if there is one, else to the output. Inside `<esi:remove>` it drops
    /// them.
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
        if self.named.is_open()
            && let Err(problem) = self.named.push(bytes)
        {
            self.report(problem);
        }
        self.out.extend_from_slice(bytes);
    }

    /// Gives up the open slot because its content or a tag in it is too long to hold. Its bytes pass unchanged.
    fn give_up(&mut self) {
        if let Some(open) = self.open.take() {
            self.out.extend_from_slice(&open.content);
            self.report(SlotProblem::Length { slot: open.call.slot });
        }
    }

    /// Gives up the page: from here on, every byte passes as it is.
    fn pass_on(&mut self) {
        let dashes = self.esi.take_dashes();
        self.pass(&dashes);
        self.flush();
        if let Some(open) = self.open.take() {
            self.out.extend_from_slice(&open.content);
            self.report(SlotProblem::Encoding { slot: open.call.slot });
        }
        self.encoding = Encoding::Opaque;
    }

    /// Reads the encoding that a `<meta>` names, in a page whose response names none.
    fn meta(&mut self, raw: &[u8]) {
        let attributes = Attributes::of(raw);
        let is_type = |name: &str| name.trim().eq_ignore_ascii_case("content-type");
        let named = match attributes.get("charset") {
            Some(label) => Some(Encoding::of_label(label)),
            None if attributes.get("http-equiv").is_some_and(is_type) => {
                attributes.get("content").and_then(Encoding::of_content_type)
            }
            None => None,
        };
        match named {
            Some(Encoding::Opaque) => self.pass_on(),
            Some(encoding) => self.encoding = encoding,
            None => {}
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
        if self.named.is_open() {
            if name == b"template"
                && let Err(problem) = self.named.template_tag(tag, self.encoding)
            {
                self.report(problem);
            }
            self.pass(raw);
            return None;
        }
        self.pass(raw);
        if !tag.is_end && name == b"meta" && self.encoding == Encoding::Unknown {
            self.meta(raw);
        }
        if !tag.is_end && mentions_us(raw) && self.scanner.in_html() {
            let attributes = Attributes::of(raw);
            if let Some(slot) = attributes.get(SLOT) {
                match OpenSlot::begin(slot, &name, &attributes) {
                    Ok(open) => self.open = Some(open),
                    Err(problem) => self.report(problem),
                }
            } else if name == b"template"
                && let Some(template) = attributes.get(TEMPLATE)
                && let Err(problem) = self.named.begin(template.to_string())
            {
                self.report(problem);
            }
        }
        None
    }

    fn tag_in_slot(&mut self, tag: Tag, name: &[u8], raw: &[u8]) -> Option<Step> {
        if self.open.as_mut()?.is_ended_by(tag, name, raw.len()) {
            return self.close_slot(raw);
        }
        self.pass(raw);
        None
    }

    fn close_slot(&mut self, end_tag: &[u8]) -> Option<Step> {
        let open = self.open.take()?;
        match self.template_of(&open) {
            Ok(template) => {
                let call = open.call.clone();
                self.pending = Some(PendingSlot {
                    open,
                    template,
                    end_tag: end_tag.to_vec(),
                });
                Some(Step::Slot(call))
            }
            Err(problem) => {
                self.report(problem);
                self.out.extend_from_slice(&open.content);
                self.out.extend_from_slice(end_tag);
                None
            }
        }
    }

    /// Returns a slot's own template, or the named template that it refers to.
    fn template_of(&self, open: &OpenSlot) -> Result<Template, SlotProblem> {
        let slot = || open.call.slot.clone();
        if let Some(html) = open.own_template() {
            return Template::compile(html, self.encoding)
                .map_err(|error| SlotProblem::Template { name: slot(), error });
        }
        self.named
            .get(&open.template)
            .cloned()
            .ok_or_else(|| SlotProblem::NoTemplate {
                slot: slot(),
                template: open.template.clone(),
            })
    }
}
