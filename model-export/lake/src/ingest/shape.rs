//! What a file was found to be, so that it can be shown and written into a configuration.

use serde::Serialize;

use crate::source::{FileFormat, TextFormat};

/// What a file was found to be. Each part can be pinned by the setting of the same name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Shape {
    /// What the rows are written in; never `Auto`.
    pub format: FileFormat,
    /// How the file is compressed or packed: `gzip`, `zstd`, `bzip2`, `xz`, `zip`. Nothing needs to be set for it.
    pub compression: Option<&'static str>,
    /// Files of a zip archive, or the sheet of a spreadsheet.
    pub members: Vec<String>,
    /// The encoding of text, where it is not UTF-8.
    pub encoding: Option<&'static str>,
    /// The separator of text columns.
    pub delimiter: Option<String>,
    /// Lines above the header, or above the first row where there is none.
    pub skip_lines: u64,
    /// Whether a line names the columns. In JSON and Parquet the columns always have names.
    pub header: bool,
    /// The path of the list inside the one object of a JSON file, whose elements are the rows; its keys joined by dots.
    pub within: Option<String>,
    /// The list whose elements were taken as rows.
    pub explode: Option<String>,
    /// Names and values in the folders of the path (`dt=2024-01-01/`), which are columns too.
    pub path_keys: Vec<String>,
}

impl Shape {
    /// The settings that read the file just so.
    #[must_use]
    pub fn pinned(&self) -> TextFormat {
        let text = self.format == FileFormat::Csv;
        let table = text || self.format == FileFormat::Spreadsheet;
        TextFormat {
            format: self.format,
            delimiter: self.delimiter.clone(),
            header: table.then_some(self.header),
            collected: false,
            encoding: self.encoding.map(str::to_owned),
            skip_lines: (table && self.skip_lines > 0).then_some(self.skip_lines),
            explode: self.explode.clone(),
            member: match self.members.as_slice() {
                [one] => Some(one.clone()),
                _ => None,
            },
        }
    }
}
