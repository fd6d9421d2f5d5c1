//! After `<!`: comments, declarations and CDATA sections (section 13.2.5.42 and following).

use super::Scanner;
use super::event::Event;
use super::state::{State, Word};

impl Scanner {
    pub(super) fn declaration(&mut self, byte: u8, word: Word, matched: u8) -> Event {
        let word = match (word, byte) {
            (Word::Undecided, b'-') => Word::Dashes,
            (Word::Undecided, b'[') if self.namespaces.may_have_cdata() => Word::Cdata,
            (word, _) => word,
        };
        if word.bytes().get(usize::from(matched)) != Some(&byte) {
            // Also for `<!DOCTYPE`: whatever it contains, it ends at the first `>`.
            let ended = byte == b'>';
            return self.no_tag_within(if ended {
                State::Text { dashes: 0 }
            } else {
                State::BogusComment
            });
        }
        if usize::from(matched) + 1 < word.bytes().len() {
            return self.to(State::Declaration {
                word,
                matched: matched + 1,
            });
        }
        if word == Word::Cdata {
            return self.no_tag_within(State::Cdata { brackets: 0 });
        }
        self.state = State::CommentStart;
        Event::Comment
    }

    pub(super) fn comment(&mut self, byte: u8) -> Event {
        let text = State::Text { dashes: 0 };
        self.to(match (self.state, byte) {
            (State::BogusComment | State::CommentStart | State::CommentStartDash, b'>')
            | (State::CommentEnd | State::CommentEndBang, b'>')
            | (State::Cdata { brackets: 2 }, b'>') => text,
            (State::BogusComment, _) => State::BogusComment,
            (State::Cdata { brackets }, b']') => State::Cdata {
                brackets: brackets.saturating_add(1).min(2),
            },
            (State::Cdata { .. }, _) => State::Cdata { brackets: 0 },
            (State::CommentStart, b'-') => State::CommentStartDash,
            (State::InComment | State::CommentEndBang, b'-') => State::CommentEndDash,
            (State::CommentStartDash | State::CommentEndDash | State::CommentEnd, b'-') => State::CommentEnd,
            (State::CommentEnd, b'!') => State::CommentEndBang,
            _ => State::InComment,
        })
    }
}
