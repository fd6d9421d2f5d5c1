//! What can be wrong with a configuration.

use std::path::{Path, PathBuf};

use selvedge_lake::explain::{Exit, Explain, nearest};
use selvedge_lake::source::InvalidValue;

/// What can be wrong with a configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no TOML, or has keys or types that do not belong.
    #[error("the configuration {} is not as expected", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The known key that the unknown one was probably meant to be.
        near: Option<String>,
        /// What the TOML reader says, with line and column.
        source: Box<toml::de::Error>,
    },
    /// A value is out of range.
    #[error("{}: {key}: expected {expected}, found {found}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The key, dotted.
        key: String,
        /// What is allowed.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// An override has no `=`.
    #[error("--set: expected KEY=VALUE, found {found:?}")]
    Override {
        /// The argument.
        found: String,
    },
    /// An override names a key below something that is no table.
    #[error("--set {key}: expected a table at {at:?}, found another value")]
    OverridePath {
        /// The whole key.
        key: String,
        /// The part of it that is no table.
        at: String,
    },
    /// A path uses a name that is not under `[vars]`.
    #[error("{}: the path {text:?} uses {{{name}}}, which is not under [vars]", path.display())]
    UnknownVariable {
        /// The file.
        path: PathBuf,
        /// The path.
        text: String,
        /// The name.
        name: String,
        /// A similar name that is there.
        near: Option<String>,
    },
}

impl ConfigError {
    pub(super) fn syntax(path: &Path, source: toml::de::Error) -> Self {
        let near = nearest_key(source.message());
        Self::Syntax {
            path: path.to_owned(),
            near,
            source: Box::new(source),
        }
    }

    pub(super) fn invalid(path: &Path) -> impl FnOnce(InvalidValue) -> Self {
        move |InvalidValue { key, expected, found }| Self::value(path, &key, &expected, found)
    }

    pub(super) fn value(path: &Path, key: &str, expected: &str, found: impl ToString) -> Self {
        Self::Value {
            path: path.to_owned(),
            key: key.to_owned(),
            expected: expected.to_owned(),
            found: found.to_string(),
        }
    }
}

/// Refuses `found` unless it is in the range; NaN is in none.
pub(super) fn range(
    path: &Path,
    key: &str,
    found: f64,
    allowed: std::ops::RangeInclusive<f64>,
) -> Result<(), ConfigError> {
    if allowed.contains(&found) {
        return Ok(());
    }
    let expected = if allowed.end().is_finite() {
        format!("{} to {}", allowed.start(), allowed.end())
    } else {
        format!("at least {}", allowed.start())
    };
    Err(ConfigError::value(path, key, &expected, found))
}

impl Explain for ConfigError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Read { source, .. } if source.kind() == std::io::ErrorKind::NotFound => Some(
                "`selvedge init FILES…` writes one from looking at your files; --config names another place".to_owned(),
            ),
            Self::Read { .. } => None,
            Self::Syntax { near: Some(near), .. } => Some(format!("did you mean `{near}`?")),
            Self::Syntax { near: None, .. } => Some("docs/cli.md lists every section and key".to_owned()),
            Self::Value { .. } => None,
            Self::Override { .. } => Some("for example --set train.factors=32".to_owned()),
            Self::OverridePath { .. } => {
                Some("lists such as [[events]] cannot be overridden; use [vars] in their paths".to_owned())
            }
            Self::UnknownVariable { near: Some(near), .. } => Some(format!("did you mean {{{near}}}?")),
            Self::UnknownVariable { name, .. } => Some(format!(
                "add `{name} = \"…\"` under [vars], or give it by --set vars.{name}=…"
            )),
        }
    }
}

/// The key that was meant, from serde's "unknown field `a`, expected one of `b`, `c`": the message is the only
/// place where serde tells the known names. When its wording changes the hint is lost and nothing else.
fn nearest_key(message: &str) -> Option<String> {
    let rest = message
        .strip_prefix("unknown field ")
        .or_else(|| message.strip_prefix("unknown variant "))?;
    let mut quoted = rest.split('`').skip(1).step_by(2);
    let found = quoted.next()?;
    let known: Vec<&str> = quoted.collect();
    nearest(found, known).map(str::to_owned)
}
