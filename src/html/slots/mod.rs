//! The stream: which bytes pass, which wait for a decision, which an answer takes the place of.

mod named;
mod open;

use alloc::string::ToString;
use alloc::vec::Vec;

use self::named::NamedTemplates;
use self::open::OpenSlot;
use super::attributes::Attributes;
use super::esi::{Esi, Marker};
use super::limits::{MAX_PROBLEMS, MAX_SLOT_BYTES, MAX_TAG_BYTES};
use super::markup::{SLOT, TEMPLATE, mentions_us};
use super::problem::SlotProblem;
use super::scanner::{Event, Scanner, Tag};
use super::step::Step;
use super::template::Template;
use crate::engine::Item;

/// What a page is rewritten by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether `<esi:include>`, `<esi:remove>`, `<esi:comment>` and `<!--esi …-->` are carried out.
    pub esi: bool,
    /// Whether inserted text is written in ASCII: for a page whose encoding is not known to be UTF-8.
    pub ascii: bool,
}

/// A slot whose items were asked for.
#[derive(Debug)]
struct Asked {
    open: OpenSlot,
    template: Template,
    end_tag: Vec<u8>,
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
    open: Option<OpenSlot>,
    asked: Option<Asked>,
    named: NamedTemplates,
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
            named: NamedTemplates::default(),
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
        self.out
            .extend_from_slice(asked.open.own_template_element().unwrap_or_default());
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
            self.tell(open.unclosed());
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
        if self.named.is_open()
            && let Err(problem) = self.named.push(bytes)
        {
            self.tell(problem);
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
        if self.named.is_open() {
            if name == b"template"
                && let Err(problem) = self.named.template_tag(tag)
            {
                self.tell(problem);
            }
            self.pass(raw);
            return None;
        }
        self.pass(raw);
        if !tag.is_end && mentions_us(raw) && self.scanner.in_html() {
            let attributes = Attributes::of(raw);
            if let Some(slot) = attributes.get(SLOT) {
                match OpenSlot::begin(slot, &name, &attributes) {
                    Ok(open) => self.open = Some(open),
                    Err(problem) => self.tell(problem),
                }
            } else if name == b"template"
                && let Some(template) = attributes.get(TEMPLATE)
                && let Err(problem) = self.named.begin(template.to_string())
            {
                self.tell(problem);
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

    /// A slot's own template, or the named one that serves it.
    fn template_of(&self, open: &OpenSlot) -> Result<Template, SlotProblem> {
        let slot = || open.call.slot.clone();
        if let Some(html) = open.own_template() {
            return Template::compile(html).map_err(|error| SlotProblem::Template { name: slot(), error });
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
