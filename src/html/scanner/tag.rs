//! Inside a tag: its name and attributes (section 13.2.5.8 and following).

use super::event::{Event, Tag};
use super::state::{Escape, State};
use super::{Scanner, keep};
use crate::html::bytes::is_space;
use crate::html::namespace::Content;

impl Scanner {
    pub(super) fn begin_name(&mut self, byte: u8, is_end: bool) -> Event {
        self.is_end = is_end;
        self.name.clear();
        self.name.push(byte.to_ascii_lowercase());
        self.attribute.clear();
        self.is_styled_font = false;
        self.to(State::TagName)
    }

    pub(super) fn tag_name(&mut self, byte: u8) -> Event {
        match byte {
            byte if is_space(byte) => self.to(State::BeforeAttributeName),
            b'/' => self.to(State::SelfClosing),
            b'>' => self.finish(false),
            _ => {
                keep(&mut self.name, byte);
                Event::Within
            }
        }
    }

    pub(super) fn attributes(&mut self, byte: u8) -> Event {
        match (self.state, byte) {
            (State::Quoted(quote), _) => {
                let ended = byte == quote;
                self.to(if ended { State::AfterQuoted } else { self.state })
            }
            (State::BeforeAttributeValue, b'"' | b'\'') => self.to(State::Quoted(byte)),
            (State::BeforeAttributeName | State::AfterAttributeName | State::BeforeAttributeValue, byte)
                if is_space(byte) =>
            {
                Event::Within
            }
            (State::AttributeName, byte) if is_space(byte) => self.to(State::AfterAttributeName),
            (_, byte) if is_space(byte) => self.to(State::BeforeAttributeName),
            (State::SelfClosing, b'>') => self.finish(true),
            (_, b'>') => self.finish(false),
            (State::BeforeAttributeValue | State::Unquoted, _) => self.to(State::Unquoted),
            (_, b'/') => self.to(State::SelfClosing),
            (State::AttributeName | State::AfterAttributeName, b'=') => self.to(State::BeforeAttributeValue),
            (State::AttributeName, _) => {
                keep(&mut self.attribute, byte);
                Event::Within
            }
            _ => {
                self.end_attribute_name();
                keep(&mut self.attribute, byte);
                self.to(State::AttributeName)
            }
        }
    }

    pub(super) fn end_attribute_name(&mut self) {
        self.is_styled_font |=
            self.name == b"font" && matches!(self.attribute.as_slice(), b"color" | b"face" | b"size");
        self.attribute.clear();
    }

    /// Ends a tag and changes to the content that its name announces.
    pub(super) fn finish(&mut self, self_closing: bool) -> Event {
        self.end_attribute_name();
        let tag = Tag {
            is_end: self.is_end,
            self_closing,
        };
        self.state = State::Text { dashes: 0 };
        self.escape = Escape::No;
        self.content = if tag.is_end {
            self.namespaces.end(&self.name);
            Content::Markup
        } else {
            self.namespaces.start(&self.name, self.is_styled_font, self_closing)
        };
        if self.content != Content::Markup {
            self.awaited.clone_from(&self.name);
        }
        Event::Tag(tag)
    }
}
