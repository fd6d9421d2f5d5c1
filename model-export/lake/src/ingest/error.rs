//! Why a run stops.

use std::path::PathBuf;

use selvedge::item::ItemFieldError;

use super::kind::Foreign;
use crate::explain::{Exit, Explain};
use crate::row_filter::FilterError;
use crate::storage::{LakeError, SourceKind};

/// Why a run stops.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// The lake cannot be read or written.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The configuration has no sources at all.
    #[error("the configuration names no [[events]] and no [[catalogue]]")]
    NoSources,
    /// A path is no glob pattern.
    #[error("the path {pattern:?} is no pattern")]
    Pattern {
        /// The path.
        pattern: String,
        /// Why.
        source: glob::PatternError,
    },
    /// A directory that a pattern goes through cannot be listed.
    #[error("cannot list the files of {pattern:?}")]
    Glob {
        /// The path.
        pattern: String,
        /// Why.
        source: glob::GlobError,
    },
    /// No file matches.
    #[error("no file matches {pattern:?}")]
    NoFiles {
        /// The path.
        pattern: String,
    },
    /// No source of the lake is to be forgotten.
    #[error("no file in the lake matches {pattern:?}")]
    NoSource {
        /// The pattern.
        pattern: String,
        /// Some files of the lake.
        known: Vec<String>,
    },
    /// A file cannot be read to its end.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is something else than rows.
    #[error("{}: expected a file with rows, found {found}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What it is.
        found: Foreign,
    },
    /// A file has no bytes, or no text in it.
    #[error("{}: expected rows, found an empty file", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A file has a line of column names and nothing below.
    #[error("{}: expected rows, found only the header: {}", path.display(), names.join(", "))]
    OnlyHeader {
        /// The file.
        path: PathBuf,
        /// The columns.
        names: Vec<String>,
    },
    /// Text in an encoding that cannot be told.
    #[error("{}: expected text in UTF-8, UTF-16, Windows-1252, Windows-1250, Windows-1251 or ISO-8859-2, found other bytes", path.display())]
    UnknownEncoding {
        /// The file.
        path: PathBuf,
    },
    /// The name of an encoding is none.
    #[error("encoding: expected a name like windows-1252, found {found:?}")]
    Encoding {
        /// What is configured.
        found: String,
    },
    /// A zip archive is damaged.
    #[error("{}: cannot read it as a zip archive: {found}", path.display())]
    Archive {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        found: String,
    },
    /// An archive holds tables with different columns.
    #[error("{}: expected one table, or several with the same columns, found {}", path.display(), found.join("; "))]
    DifferentMembers {
        /// The file.
        path: PathBuf,
        /// The files in it that hold rows.
        found: Vec<String>,
    },
    /// The file of an archive, or the sheet, that is asked for is not there.
    #[error("{}: expected {member:?} in it, found {}", path.display(), found.join(", "))]
    NoMember {
        /// The file.
        path: PathBuf,
        /// What is configured.
        member: String,
        /// What is in it.
        found: Vec<String>,
    },
    /// A spreadsheet is damaged, or not one.
    #[error("{}: cannot read it as a spreadsheet: {found}", path.display())]
    Sheet {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        found: String,
    },
    /// A file that must be held in memory is too large, perhaps made to be.
    #[error("{}: expected at most {limit} {what}, found {found}", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// What is counted.
        what: &'static str,
        /// The limit.
        limit: u64,
        /// How many there are, or more than the limit.
        found: u64,
    },
    /// A Parquet file is damaged, or not one.
    #[error("{}: cannot read it as Parquet", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// Why.
        source: parquet::errors::ParquetError,
    },
    /// A batch of a Parquet file cannot be read.
    #[error("{}: cannot read the rows after {rows}", path.display())]
    Batch {
        /// The file.
        path: PathBuf,
        /// Rows that were read before.
        rows: u64,
        /// Why.
        source: arrow_schema::ArrowError,
    },
    /// A compressed Parquet file: it must be read from its end.
    #[error("{}: expected a plain Parquet file, found a compressed one", path.display())]
    CompressedParquet {
        /// The file.
        path: PathBuf,
    },
    /// A mapped column is not in the file.
    #[error("{}: expected a column {column:?}, found {}", path.display(), found.join(", "))]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// The column of the mapping.
        column: String,
        /// The columns of the file.
        found: Vec<String>,
    },
    /// A mapped column has a type that cannot be used.
    #[error("{}: column {column}: expected text, numbers or times, found {found}", path.display())]
    ColumnType {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// Its type.
        found: String,
    },
    /// A time zone that is not in the IANA list.
    #[error("time_zone: expected a name like Europe/Berlin, found {found:?}")]
    TimeZone {
        /// What is configured.
        found: String,
        /// Why.
        source: jiff::Error,
    },
    /// A timestamp format that is none.
    #[error(
        "timestamp_format: expected auto, day_first, month_first, year_first, rfc3339, unix_s, unix_ms, unix_us, unix_ns, \
         spreadsheet_days or a strftime pattern, found {found:?}"
    )]
    TimestampFormat {
        /// What is configured.
        found: String,
    },
    /// The template of date and time in two columns is not closed.
    #[error("columns.timestamp: expected every {{ to be closed, found {found:?}")]
    TimeTemplate {
        /// What is configured.
        found: String,
    },
    /// Day and month are the other way round; nothing of the file was published.
    #[error(
        "{}: expected dates as {format} reads them, found {rows} that only {other} reads, like {example}",
        path.display()
    )]
    DayAndMonth {
        /// The file.
        path: PathBuf,
        /// The configured format.
        format: String,
        /// The format that fits.
        other: String,
        /// How many times only the other format reads.
        rows: u64,
        /// The first of them.
        example: String,
    },
    /// A filter that cannot be read.
    #[error("where: {source} in: {text}")]
    Filter {
        /// The filter.
        text: String,
        /// Where the mistake is.
        source: FilterError,
    },
    /// Numbers with a decimal comma stand beside numbers with a decimal point that may be a thousand; nothing of the file was published.
    #[error(
        "{}: {column}: expected numbers with one decimal mark, found {comma} and {point}",
        path.display()
    )]
    DecimalMarks {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// A number with a decimal comma.
        comma: String,
        /// A number with a point before three digits.
        point: String,
    },
    /// The title's template is not closed.
    #[error("columns.title: expected every {{ to be closed, found {found:?}")]
    Template {
        /// What is configured.
        found: String,
    },
    /// The name of an attribute is one that no snapshot can hold.
    #[error("columns.attributes: {source}")]
    AttributeName {
        /// Why.
        source: ItemFieldError,
    },
    /// More attributes than an item of a snapshot can have.
    #[error("columns.attributes: expected at most {limit}, found {found}")]
    Attributes {
        /// The limit.
        limit: usize,
        /// How many there are.
        found: usize,
    },
    /// Too many rows of a file were refused; nothing of it was published.
    #[error(
        "{}: expected at most {:.2} % bad rows, found {bad} of {rows} ({:.2} %)\n{}",
        path.display(), allowed * 100.0, share(*bad, *rows) * 100.0, reasons.join("\n")
    )]
    TooManyBad {
        /// The file.
        path: PathBuf,
        /// Rows refused.
        bad: u64,
        /// Rows in the file.
        rows: u64,
        /// The largest share allowed.
        allowed: f64,
        /// The reasons with their counts and first lines, the most frequent first.
        reasons: Vec<String>,
        /// Where the refused rows are.
        quarantine: PathBuf,
    },
}

/// The share of bad rows that a catalogue may have, whatever `lake.max_bad_share` says: one supplier's rows must not keep those of the others
/// from being sold. If more than half are bad, the mapping is wrong.
const CATALOGUE_SHARE: f64 = 0.5;

/// The share of bad rows that a file may have. 0 means none, for catalogues as well.
#[must_use]
pub fn allowed_share(kind: SourceKind, max_bad_share: f64) -> f64 {
    match kind {
        SourceKind::Catalogue if max_bad_share > 0.0 => max_bad_share.max(CATALOGUE_SHARE),
        _ => max_bad_share,
    }
}

/// Bad rows that a file of so many may have.
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of rows are far below 2^53, and the share is from 0 to 1"
)]
pub fn allowed(kind: SourceKind, max_bad_share: f64, rows: u64) -> u64 {
    if max_bad_share <= 0.0 {
        return 0;
    }
    // The share is often written so that it is met exactly.
    let share = (allowed_share(kind, max_bad_share) * rows as f64 + 1e-9).floor() as u64;
    // One bad row of a small file is allowed, whatever its share.
    share.max(1.min(rows / 2))
}

/// Bad rows as a share of all.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a share needs no more than 53 bits")]
pub fn share(bad: u64, rows: u64) -> f64 {
    if rows == 0 { 0.0 } else { bad as f64 / rows as f64 }
}

impl Explain for IngestError {
    fn exit(&self) -> Exit {
        match self {
            Self::Lake(error) => error.exit(),
            Self::Read { .. } | Self::Batch { .. } | Self::Glob { .. } => Exit::Environment,
            Self::DayAndMonth { .. }
            | Self::DecimalMarks { .. }
            | Self::TooManyBad { .. }
            | Self::Parquet { .. }
            | Self::CompressedParquet { .. }
            | Self::Unreadable { .. }
            | Self::Empty { .. }
            | Self::OnlyHeader { .. }
            | Self::UnknownEncoding { .. }
            | Self::Archive { .. }
            | Self::Sheet { .. }
            | Self::TooLarge { .. } => Exit::Data,
            _ => Exit::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Lake(error) => return error.hint(),
            Self::NoSources => "`selvedge init FILES…` writes a configuration from looking at your files".to_owned(),
            Self::NoFiles { .. } => "relative paths start at the configuration file; `optional = true` allows \
                                     a source without files"
                .to_owned(),
            Self::NoSource { known, .. } if known.is_empty() => "nothing is in the lake".to_owned(),
            Self::NoSource { known, .. } => format!("in the lake are, for example: {}", known.join(", ")),
            Self::Read { source, .. } if source.kind() == std::io::ErrorKind::UnexpectedEof => {
                "the file ends early: was it copied whole?".to_owned()
            }
            Self::Read { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                "is the path right? Paths on the command line start at the current folder".to_owned()
            }
            Self::Read { .. } | Self::Batch { .. } | Self::Parquet { .. } => {
                "nothing of this file was published; get it again and repeat".to_owned()
            }
            Self::Unreadable { found, .. } => found.hint().to_owned(),
            Self::Empty { .. } | Self::OnlyHeader { .. } => "was the export finished?".to_owned(),
            Self::UnknownEncoding { .. } => {
                "set `encoding` to the name of its encoding, such as \"gbk\", \"shift_jis\" or \"macintosh\", or \
                                             convert it: iconv -f NAME -t UTF-8 IN > OUT"
                    .to_owned()
            }
            Self::Encoding { .. } => {
                "names are those of the WHATWG standard: utf-8, utf-16le, windows-1252, iso-8859-2, gbk, …".to_owned()
            }
            Self::DifferentMembers { .. } => {
                "choose one by `member`, in one [[events]] or [[catalogue]] for each table, or unpack the archive"
                    .to_owned()
            }
            Self::NoMember { .. } => "`member` is the name of a file in the archive, or of a sheet".to_owned(),
            Self::Archive { .. } | Self::Sheet { .. } => "was it copied whole?".to_owned(),
            Self::TooLarge { .. } => "save it as CSV or Parquet, or in several files".to_owned(),
            Self::CompressedParquet { .. } => "decompress it; Parquet compresses inside".to_owned(),
            Self::NoColumn { column, found, .. } => {
                match crate::explain::nearest(column, found.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean {near:?}?"),
                    None => "columns of [[events]] and [[catalogue]] name the columns of your files".to_owned(),
                }
            }
            Self::DayAndMonth { other, .. } => format!(
                "nothing of this file was published. Its dates have day and month the other way round: set timestamp_format = {other:?}"
            ),
            Self::DecimalMarks { .. } => {
                "nothing of this file was published; set decimal = \",\" if the point separates thousands, \
                 or decimal = \".\" if the comma does"
                    .to_owned()
            }
            Self::TooManyBad { quarantine, .. } => format!(
                "nothing of this file was published; the refused rows with their reasons are in {}. \
                 Correct the mapping or the file, or raise lake.max_bad_share (a catalogue may have up to half bad rows, unless it is 0)",
                quarantine.display()
            ),
            _ => return None,
        })
    }
}
