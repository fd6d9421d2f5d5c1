//! The recommendation in `selvedge.toml`: numbers are replaced, comments and order stay.

use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, TableLike, value};

use super::found::Recommended;
use selvedge_lake::explain::{Exit, Explain};
use selvedge_lake::storage::atomic;

/// Why the configuration was not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// It cannot be read.
    #[error("{}: cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no TOML.
    #[error("{}: expected TOML", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and what.
        source: toml_edit::TomlError,
    },
    /// No slot is shared by segments.
    #[error("{}: expected a slot with audience = \"segment\", found none", path.display())]
    NoSlot {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be written.
    #[error(transparent)]
    Store(#[from] selvedge_lake::storage::LakeError),
}

impl Explain for WriteError {
    fn exit(&self) -> Exit {
        match self {
            Self::Read { .. } | Self::Store(_) => Exit::Environment,
            Self::Syntax { .. } | Self::NoSlot { .. } => Exit::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoSlot { .. } => "a recommendation is for slots that segments share: add one to [[slots]]",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

/// Sets `segment.count`, and `ttl_s` of every slot that segments share. Nothing is written where nothing changes.
///
/// # Errors
/// [`WriteError`]; the file is as it was then.
pub fn write(path: &Path, found: &Recommended) -> Result<(), WriteError> {
    let text = std::fs::read_to_string(path).map_err(|source| WriteError::Read {
        path: path.to_owned(),
        source,
    })?;
    let changed = changed(&text, found).map_err(|refused| match refused {
        Refused::Syntax(source) => WriteError::Syntax {
            path: path.to_owned(),
            source,
        },
        Refused::NoSlot => WriteError::NoSlot { path: path.to_owned() },
    })?;
    if changed != text {
        atomic::write_bytes(path, changed.as_bytes())?;
    }
    Ok(())
}

#[derive(Debug)]
enum Refused {
    Syntax(toml_edit::TomlError),
    NoSlot,
}

fn changed(text: &str, found: &Recommended) -> Result<String, Refused> {
    let mut document: DocumentMut = text.parse().map_err(Refused::Syntax)?;
    let mut slots = 0;
    if let Some(all) = document.get_mut("slots").and_then(Item::as_array_of_tables_mut) {
        for slot in all.iter_mut() {
            if slot.get("audience").and_then(Item::as_str) == Some("segment") {
                set(slot, "ttl_s", found.ttl_s);
                slots += 1;
            }
        }
    }
    if slots == 0 {
        return Err(Refused::NoSlot);
    }
    let segment = document.entry("segment").or_insert_with(toml_edit::table);
    if let Some(segment) = segment.as_table_like_mut() {
        set(segment, "count", found.segments);
    }
    Ok(document.to_string())
}

/// Replaces a number and keeps the comment behind it.
fn set(table: &mut dyn TableLike, key: &str, number: u32) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(known) => {
            let decor = known.decor().clone();
            *known = i64::from(number).into();
            *known.decor_mut() = decor;
        }
        None => {
            table.insert(key, value(i64::from(number)));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const FOUND: Recommended = Recommended {
        segments: 32,
        ttl_s: 60,
        hit_ratio: 0.95,
        kept: 0.8,
        kept_exclude: 0.8,
        still_shared: 0.5,
        kept_rerank: 0.9,
    };

    #[test]
    fn numbers_are_replaced_and_everything_else_stays() {
        let text = "# ours\n[segment]\ncount = 8 # as tried\nmin_members = 20\n\n[[slots]] # first\nname = \"a\"\naudience = \"segment\"\nttl_s=300\n\n[[slots]]\nname = \"b\"\naudience = \"visitor\"\n\n[[slots]]\nname = \"c\"\naudience = \"segment\"\n";
        let expected = "# ours\n[segment]\ncount = 32 # as tried\nmin_members = 20\n\n[[slots]] # first\nname = \"a\"\naudience = \"segment\"\nttl_s=60\n\n[[slots]]\nname = \"b\"\naudience = \"visitor\"\n\n[[slots]]\nname = \"c\"\naudience = \"segment\"\nttl_s = 60\n";
        let written = changed(text, &FOUND).unwrap();
        assert_eq!(written, expected);
        assert_eq!(
            changed(&written, &FOUND).unwrap(),
            expected,
            "a second time changes nothing"
        );
    }

    #[test]
    fn a_section_that_is_not_there_is_made() {
        let written = changed("[[slots]]\naudience = \"segment\"\n", &FOUND).unwrap();
        assert_eq!(
            written,
            "[[slots]]\naudience = \"segment\"\nttl_s = 60\n\n[segment]\ncount = 32\n"
        );
    }

    #[test]
    fn without_a_shared_slot_nothing_is_written() {
        assert!(matches!(
            changed("[[slots]]\naudience = \"visitor\"\n", &FOUND),
            Err(Refused::NoSlot)
        ));
        assert!(matches!(
            changed("[segment]\ncount = 1\n", &FOUND),
            Err(Refused::NoSlot)
        ));
        assert!(matches!(changed("[[slots", &FOUND), Err(Refused::Syntax(_))));
    }
}
