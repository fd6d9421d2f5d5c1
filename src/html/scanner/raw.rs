//! After a `<` in text that ends with its own end tag: titles, styles, scripts, and comments in scripts.

use super::event::Event;
use super::state::{Escape, State};
use super::{Scanner, keep};
use crate::html::bytes::ends_name;
use crate::html::namespace::Content;

impl Scanner {
    /// Reads a byte after a `<` in text that ends with its own end tag.
    pub(super) fn raw(&mut self, byte: u8) -> Event {
        match (self.state, byte) {
            (State::RawOpen, b'/') if self.escape == Escape::Double => {
                self.name.clear();
                self.no_tag_within(State::DoubleEnd)
            }
            (State::RawOpen, b'/') => self.to(State::RawEndOpen),
            (State::RawOpen, b'!') if self.content == Content::Script && self.escape == Escape::No => {
                self.no_tag_within(State::ScriptBang { dashes: 0 })
            }
            (State::RawOpen, byte) if self.escape == Escape::Escaped && byte.is_ascii_alphabetic() => {
                self.name.clear();
                keep(&mut self.name, byte);
                self.no_tag_within(State::DoubleStart)
            }
            (State::RawEndOpen, byte) if byte.is_ascii_alphabetic() => {
                self.name.clear();
                keep(&mut self.name, byte);
                self.to(State::RawEndName)
            }
            (State::RawEndName, byte) if byte.is_ascii_alphabetic() => {
                keep(&mut self.name, byte);
                Event::Within
            }
            (State::RawEndName, byte) if ends_name(byte) && self.name == self.awaited => {
                self.is_end = true;
                self.tag_name(byte)
            }
            (State::ScriptBang { dashes: 0 }, b'-') => self.to(State::ScriptBang { dashes: 1 }),
            (State::ScriptBang { .. }, b'-') => {
                self.escape = Escape::Escaped;
                self.to(State::Text { dashes: 2 })
            }
            (State::DoubleStart | State::DoubleEnd, byte) if byte.is_ascii_alphabetic() => {
                keep(&mut self.name, byte);
                Event::Within
            }
            (State::DoubleStart | State::DoubleEnd, byte) if ends_name(byte) => {
                if self.name == b"script" {
                    let starts = self.state == State::DoubleStart;
                    self.escape = if starts { Escape::Double } else { Escape::Escaped };
                }
                self.to(State::Text { dashes: 0 })
            }
            // Their `<` has been reported before.
            (State::ScriptBang { .. } | State::DoubleStart | State::DoubleEnd, _) => self.text(byte, 0),
            _ => self.no_tag(byte),
        }
    }
}
