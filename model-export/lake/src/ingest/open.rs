//! What a file is: its compression, its format and its encoding, from its bytes.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Result as IoResult, Seek as _, SeekFrom};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::archive::{self, Contents, Member, Workbook};
use super::counted::Counted;
use super::csv::{Beginning, beginning};
use super::dialect::HEAD_BYTES;
use super::encoding::{self, CarriageReturns, Decoded, Guess};
use super::json_stream::{Layout, layout};
use super::kind::{self, Compression, Foreign, Kind};
use super::{IngestError, sheet};
use crate::source::{FileFormat, TextFormat};

const BUFFER: usize = 1 << 16;
/// Pieces of a plain file that are looked at for its encoding, and their length.
const BLOCKS: u64 = 16;
const BLOCK_BYTES: u64 = 1 << 16;

/// A source file, or one file of an archive, decompressed.
pub enum Opened {
    /// Text, from its beginning.
    Text(Text),
    /// Parquet, which is read from its end.
    Parquet(File),
    /// A spreadsheet.
    Sheet(sheet::Kind),
}

/// Text of rows, in UTF-8.
pub struct Text {
    /// What the rows are written in: CSV, JSON lines, or JSON in another layout.
    pub format: FileFormat,
    /// Of JSON, the keys of the array that holds the rows.
    pub within: Option<Vec<String>>,
    /// How the file is compressed.
    pub compression: Option<&'static str>,
    /// The encoding, where it is not UTF-8.
    pub encoding: Option<&'static encoding_rs::Encoding>,
    /// Whether rows can be looked for at any place of the file: it is not compressed, and its lines are as they stand there.
    pub seekable: bool,
    /// The text.
    pub reader: Box<dyn BufRead>,
}

/// The parts of a file that are read one after another: the file itself, or the tables of an archive.
pub fn parts(path: &Path, text: &TextFormat) -> Result<Vec<Option<Member>>, IngestError> {
    if text.collected || head_kind(path)? != Kind::Zip {
        return Ok(vec![None]);
    }
    let members = match archive::contents(path)? {
        Contents::Workbook(_) => return Ok(vec![None]),
        Contents::Foreign(found) => return Err(unreadable(path, found)),
        Contents::Members(members) => members,
    };
    let names: Vec<String> = members.iter().map(|member| member.name.clone()).collect();
    if let Some(wanted) = &text.member {
        let pattern = glob::Pattern::new(wanted).ok();
        let chosen = members.into_iter().filter(|member| {
            &member.name == wanted || pattern.as_ref().is_some_and(|pattern| pattern.matches(&member.name))
        });
        let chosen: Vec<Option<Member>> = chosen.map(Some).collect();
        if chosen.is_empty() {
            return Err(IngestError::NoMember {
                path: path.to_owned(),
                member: wanted.clone(),
                found: names,
            });
        }
        return Ok(chosen);
    }
    let mut found = Vec::new();
    let mut foreign = None;
    for member in members {
        match member.kind(path).map_err(failed(path))? {
            Kind::Text => found.push(member),
            Kind::Foreign(kind) => foreign = foreign.or(Some(kind)),
            _ => foreign = foreign.or(Some(Foreign::Nested)),
        }
    }
    if found.is_empty() {
        return Err(match foreign {
            Some(foreign) => unreadable(path, foreign),
            None => IngestError::Empty { path: path.to_owned() },
        });
    }
    Ok(found.into_iter().map(Some).collect())
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> IngestError + '_ {
    |source| IngestError::Read {
        path: path.to_owned(),
        source,
    }
}

fn unreadable(path: &Path, found: Foreign) -> IngestError {
    IngestError::Unreadable {
        path: path.to_owned(),
        found,
    }
}

/// What a file's first bytes say.
pub fn head_kind(path: &Path) -> Result<Kind, IngestError> {
    let mut head = Vec::new();
    let file = File::open(path).map_err(failed(path))?;
    file.take(kind::HEAD as u64)
        .read_to_end(&mut head)
        .map_err(failed(path))?;
    Ok(kind::of(&head))
}

/// Opens a part of a file; `format` other than `auto` is believed, compression is always found out. `wanted` are the columns of a mapping.
/// `progress` is told the bytes that were read from the disk.
pub fn open(
    path: &Path,
    member: Option<&Member>,
    text: &TextFormat,
    wanted: &[String],
    progress: impl Fn(u64) + 'static,
) -> Result<Opened, IngestError> {
    let mut compression = None;
    let mut plain = false;
    let raw: Box<dyn BufRead> = if let Some(member) = member {
        compression = Some("zip");
        member.open(path, progress).map_err(failed(path))?
    } else {
        let found = head_kind(path)?;
        let is_parquet = found == Kind::Parquet || text.format == FileFormat::Parquet;
        if is_parquet && !text.collected && !matches!(found, Kind::Compressed(_)) {
            return Ok(Opened::Parquet(File::open(path).map_err(failed(path))?));
        }
        if text.format == FileFormat::Parquet && !text.collected {
            return Err(IngestError::CompressedParquet { path: path.to_owned() });
        }
        match found {
            Kind::Zip if !text.collected => {
                return match archive::contents(path)? {
                    Contents::Workbook(Workbook::Xlsx) => Ok(Opened::Sheet(sheet::Kind::Xlsx)),
                    Contents::Workbook(Workbook::Ods) => Ok(Opened::Sheet(sheet::Kind::Ods)),
                    Contents::Foreign(found) => Err(unreadable(path, found)),
                    Contents::Members(_) => Err(unreadable(path, Foreign::Nested)),
                };
            }
            Kind::Compound if !text.collected => {
                return Ok(Opened::Sheet(sheet::Kind::Xls));
            }
            Kind::Foreign(found) if !text.collected => return Err(unreadable(path, found)),
            Kind::Compressed(found) => compression = Some(found.name()),
            _ => plain = true,
        }
        let file = Counted::new(File::open(path).map_err(failed(path))?, progress);
        let raw = BufReader::with_capacity(BUFFER, file);
        match found {
            Kind::Compressed(found) => decompressed(raw, found).map_err(failed(path))?,
            _ => Box::new(raw),
        }
    };
    if text.collected {
        // Not even a look at its beginning: a file that is damaged there is one whose rows cannot be read.
        return Ok(Opened::Text(Text {
            format: text.format,
            within: None,
            compression,
            encoding: None,
            seekable: false,
            reader: raw,
        }));
    }
    let Beginning { bytes, whole, reader } = beginning(raw, HEAD_BYTES).map_err(failed(path))?;
    if !plain {
        match kind::of(&bytes[..bytes.len().min(kind::HEAD)]) {
            Kind::Text => {}
            Kind::Parquet => return Err(IngestError::CompressedParquet { path: path.to_owned() }),
            Kind::Foreign(found) => return Err(unreadable(path, found)),
            _ => return Err(unreadable(path, Foreign::Nested)),
        }
    }
    let found = match &text.encoding {
        Some(name) => encoding::named(name).ok_or_else(|| IngestError::Encoding { found: name.clone() })?,
        None if plain => {
            let blocks = blocks(path).map_err(failed(path))?;
            let mut pieces: Vec<&[u8]> = vec![&bytes];
            pieces.extend(blocks.iter().map(Vec::as_slice));
            encoding::guess(&pieces)
        }
        None => encoding::guess(&[&bytes]),
    };
    let (mut reader, encoding): (Box<dyn BufRead>, _) = match found {
        Guess::Utf8 => (reader, None),
        Guess::Other(encoding) => (Box::new(Decoded::new(reader, encoding)), Some(encoding)),
        Guess::Unknown => return Err(IngestError::UnknownEncoding { path: path.to_owned() }),
    };
    let (mut head, mut whole) = (bytes, whole);
    if encoding.is_some() {
        Beginning {
            bytes: head,
            whole,
            reader,
        } = beginning(reader, HEAD_BYTES).map_err(failed(path))?;
    }
    let carriage_returns = encoding::has_carriage_returns(&head);
    if carriage_returns {
        reader = Box::new(CarriageReturns::new(reader));
    }
    let (format, within) = match text.format {
        FileFormat::Auto | FileFormat::Json => match layout(&head, whole, wanted) {
            Layout::None if text.format == FileFormat::Auto => (FileFormat::Csv, None),
            Layout::None | Layout::Objects => (FileFormat::Json, None),
            Layout::Lines => (FileFormat::Jsonl, None),
            Layout::Within(keys) => (FileFormat::Json, Some(keys)),
        },
        told => (told, None),
    };
    Ok(Opened::Text(Text {
        format,
        within,
        compression,
        encoding,
        seekable: plain && !carriage_returns,
        reader,
    }))
}

/// The content of compressed bytes.
pub fn decompressed<R: BufRead + 'static>(raw: R, compression: Compression) -> IoResult<Box<dyn BufRead>> {
    // Several members one after another are one file: that is how logs are appended.
    let content: Box<dyn Read> = match compression {
        Compression::Gzip => return Ok(Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(raw)))),
        Compression::Zstd => Box::new(zstd::Decoder::with_buffer(raw)?),
        Compression::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(raw)),
        // A dictionary of 1.5 GiB is allowed by the format; none that people use is above 64 MiB.
        Compression::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(raw, true, 256 << 10)),
    };
    Ok(Box::new(BufReader::with_capacity(BUFFER, content)))
}

/// Pieces of a plain file at even distances.
fn blocks(path: &Path) -> IoResult<Vec<Vec<u8>>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut blocks = Vec::new();
    if length <= HEAD_BYTES as u64 {
        return Ok(blocks);
    }
    for number in 1..=BLOCKS {
        let at = length / (BLOCKS + 1) * number;
        file.seek(SeekFrom::Start(at & !1))?;
        let mut block = Vec::new();
        Read::by_ref(&mut file).take(BLOCK_BYTES).read_to_end(&mut block)?;
        blocks.push(block);
    }
    Ok(blocks)
}
