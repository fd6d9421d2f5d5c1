//! Types of slot fields: how a value is stored in a file and displayed.

use alloc::string::String;
use alloc::vec::Vec;

use super::{Audience, PerVisitor};
use crate::event::{EVENT_KINDS, EventKind};
use crate::place::Locale;

/// A field's value for display.
#[cfg(any(test, feature = "writer"))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A number.
    Number(u32),
    /// Yes or no.
    Flag(bool),
    /// A word.
    Text(String),
    /// Several words.
    List(Vec<String>),
}

/// A field type. All numbers are little-endian.
pub trait FieldType: Sized {
    /// Its name in the format document.
    #[cfg(any(test, feature = "writer"))]
    const NAME: &'static str;

    /// Reads a value; `None` if the bytes are not a value of this type.
    fn read(bytes: &[u8]) -> Option<Self>;

    #[cfg(any(test, feature = "writer"))]
    fn write(&self) -> Vec<u8>;

    #[cfg(any(test, feature = "writer"))]
    fn show(&self) -> Shown;
}

macro_rules! numbers {
    ($($number:ty)*) => { $(
        impl FieldType for $number {
            #[cfg(any(test, feature = "writer"))]
            const NAME: &'static str = stringify!($number);

            fn read(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self::from_le_bytes)
            }

            #[cfg(any(test, feature = "writer"))]
            fn write(&self) -> Vec<u8> {
                self.to_le_bytes().to_vec()
            }

            #[cfg(any(test, feature = "writer"))]
            fn show(&self) -> Shown {
                Shown::Number(u32::from(*self))
            }
        }
    )* };
}

numbers!(u8 u16 u32);

macro_rules! numbered_choices {
    ($($choice:ty)*) => { $(
        impl FieldType for $choice {
            #[cfg(any(test, feature = "writer"))]
            const NAME: &'static str = "u8";

            fn read(bytes: &[u8]) -> Option<Self> {
                u8::read(bytes).and_then(Self::from_code)
            }

            #[cfg(any(test, feature = "writer"))]
            fn write(&self) -> Vec<u8> {
                self.code().write()
            }

            #[cfg(any(test, feature = "writer"))]
            fn show(&self) -> Shown {
                Shown::Text(self.name().into())
            }
        }
    )* };
}

numbered_choices!(Audience PerVisitor);

impl FieldType for bool {
    #[cfg(any(test, feature = "writer"))]
    const NAME: &'static str = "u8";

    fn read(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0] => Some(false),
            [1] => Some(true),
            _ => None,
        }
    }

    #[cfg(any(test, feature = "writer"))]
    fn write(&self) -> Vec<u8> {
        u8::from(*self).write()
    }

    #[cfg(any(test, feature = "writer"))]
    fn show(&self) -> Shown {
        Shown::Flag(*self)
    }
}

impl FieldType for String {
    #[cfg(any(test, feature = "writer"))]
    const NAME: &'static str = "UTF-8";

    fn read(bytes: &[u8]) -> Option<Self> {
        core::str::from_utf8(bytes).ok().map(Self::from)
    }

    #[cfg(any(test, feature = "writer"))]
    fn write(&self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }

    #[cfg(any(test, feature = "writer"))]
    fn show(&self) -> Shown {
        Shown::Text(self.clone())
    }
}

/// A set of event kinds: bit `i` stands for the kind with code `i`.
impl FieldType for Vec<EventKind> {
    #[cfg(any(test, feature = "writer"))]
    const NAME: &'static str = "u8";

    fn read(bytes: &[u8]) -> Option<Self> {
        let bits = u8::read(bytes).filter(|bits| bits >> EVENT_KINDS == 0)?;
        let kinds = EventKind::ALL.into_iter();
        Some(kinds.filter(|kind| bits & (1 << kind.code()) != 0).collect())
    }

    #[cfg(any(test, feature = "writer"))]
    fn write(&self) -> Vec<u8> {
        let bits = self.iter().fold(0u8, |bits, kind| bits | (1 << kind.code()));
        bits.write()
    }

    #[cfg(any(test, feature = "writer"))]
    fn show(&self) -> Shown {
        Shown::List(self.iter().map(|kind| kind.as_str().into()).collect())
    }
}

/// Primary languages, separated by commas.
impl FieldType for Vec<Locale> {
    #[cfg(any(test, feature = "writer"))]
    const NAME: &'static str = "UTF-8";

    fn read(bytes: &[u8]) -> Option<Self> {
        let text = core::str::from_utf8(bytes).ok().filter(|text| !text.is_empty());
        text.map_or_else(
            || bytes.is_empty().then(Self::new),
            |text| text.split(',').map(language).collect(),
        )
    }

    #[cfg(any(test, feature = "writer"))]
    fn write(&self) -> Vec<u8> {
        let codes: Vec<&str> = self.iter().map(Locale::code).collect();
        codes.join(",").into_bytes()
    }

    #[cfg(any(test, feature = "writer"))]
    fn show(&self) -> Shown {
        Shown::List(self.iter().map(|locale| locale.code().into()).collect())
    }
}

/// Returns the language with this code. `None` for regions, capitals and anything else that a request's locale can
/// never be.
fn language(text: &str) -> Option<Locale> {
    let locale = Locale::first_of(text);
    (locale.code() == text && locale != Locale::default()).then_some(locale)
}
