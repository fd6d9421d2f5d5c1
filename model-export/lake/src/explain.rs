//! How a failure reaches the person at the terminal: the chain of causes, a hint, and an exit code.

use std::error::Error as StdError;
use std::fmt;

/// The exit codes of `selvedge`, documented in `docs/cli.md`. Their numbers never change meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The environment: a file, the disk, memory.
    Environment = 1,
    /// The command line or the configuration.
    Usage = 2,
    /// The data: too many bad rows, or too little to work with.
    Data = 3,
    /// A snapshot that is damaged, unsigned or of another format.
    Snapshot = 4,
    /// A model that did not pass its evaluation gate.
    Gate = 5,
}

impl Exit {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Environment, Self::Usage, Self::Data, Self::Snapshot, Self::Gate];

    /// What it means, in a few words.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Environment => "environment (files, disk)",
            Self::Usage => "command line or configuration",
            Self::Data => "data quality",
            Self::Snapshot => "snapshot invalid",
            Self::Gate => "evaluation gate not passed",
        }
    }

    /// The number that the process ends with.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// What every error enum of this crate says about itself beside its message.
///
/// The message tells what was read, what was expected and what was found; the hint tells what to do next.
pub trait Explain: StdError + Send + Sync {
    /// Whose fault it is.
    fn exit(&self) -> Exit;

    /// What to do next, in one or two sentences.
    fn hint(&self) -> Option<String> {
        None
    }
}

/// Any error of any stage. The enums stay with their modules, where they can be matched; this carries one to the
/// terminal, so that adding a stage touches no central list.
pub struct Error(Box<dyn Explain>);

impl Error {
    /// Whose fault it is.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.0.exit()
    }

    /// The text for the terminal: `error:` with the chain of causes, a blank line, `hint:`.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = format!("error: {}\n", self.0);
        let mut last = self.0.to_string();
        let mut source = self.0.source();
        while let Some(cause) = source {
            let message = cause.to_string();
            // `#[error(transparent)]` repeats its source's message.
            if message != last {
                text.push_str("  caused by: ");
                text.push_str(message.trim_end());
                text.push('\n');
            }
            last = message;
            source = cause.source();
        }
        if let Some(hint) = self.0.hint() {
            text.push_str("\nhint: ");
            text.push_str(&hint);
            text.push('\n');
        }
        text
    }
}

impl<E: Explain + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The one of `known` that `found` was probably meant to be, for "did you mean".
#[must_use]
pub fn nearest<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = found.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_lowercase()), name))
        // More than a third of the letters wrong is another word, not a typing error.
        .filter(|(distance, name)| distance * 3 <= name.chars().count().max(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    enum Sample {
        #[error("cannot read the list")]
        Read(#[source] std::io::Error),
    }

    impl Explain for Sample {
        fn exit(&self) -> Exit {
            Exit::Environment
        }

        fn hint(&self) -> Option<String> {
            Some("write one first".to_owned())
        }
    }

    #[test]
    fn an_error_is_a_chain_then_a_blank_line_then_a_hint() {
        let error = Error::from(Sample::Read(std::io::Error::other("disk on fire")));
        assert_eq!(
            error.render(),
            "error: cannot read the list\n  caused by: disk on fire\n\nhint: write one first\n"
        );
        assert_eq!(error.exit().code(), 1);
    }

    #[test]
    fn a_typing_error_finds_its_word_and_another_word_does_not() {
        let known = ["household_id", "product_id", "timestamp"];
        assert_eq!(nearest("houshold_id", known), Some("household_id"));
        assert_eq!(nearest("Timestamp", known), Some("timestamp"));
        assert_eq!(nearest("price", known), None);
    }
}
