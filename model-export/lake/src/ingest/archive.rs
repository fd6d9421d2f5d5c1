//! Tables in zip archives. The list of files is read by `zip`; their content is decompressed here while it is read, so that an archive takes no
//! more memory than a plain file.

use std::fs::File;
use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result as IoResult, Seek as _, SeekFrom};
use std::path::Path;

use flate2::bufread::DeflateDecoder;
use zip::{CompressionMethod, ZipArchive};

use super::IngestError;
use super::counted::Counted;
use super::kind::{self, Foreign, Kind};

/// Files in one archive; more are none that people pack by hand.
const MAX_MEMBERS: usize = 1_000;
const BUFFER: usize = 1 << 16;

/// One file of an archive.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its path in the archive.
    pub name: String,
    start: u64,
    packed: u64,
    crc: u32,
    method: CompressionMethod,
    encrypted: bool,
}

/// What a zip archive is.
pub enum Contents {
    /// Files.
    Members(Vec<Member>),
    /// One document in many files.
    Workbook(Workbook),
    /// One document that is not read.
    Foreign(Foreign),
}

/// A spreadsheet in a zip archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workbook {
    /// Excel's, in XML.
    Xlsx,
    /// OpenDocument's.
    Ods,
}

/// The files of an archive that can hold rows, in the order of their names.
pub fn contents(path: &Path) -> Result<Contents, IngestError> {
    let members = members(path)?;
    let has = |name: &str| members.iter().any(|member| member.name == name);
    if has("xl/workbook.xml") {
        return Ok(Contents::Workbook(Workbook::Xlsx));
    }
    if has("content.xml") && has("META-INF/manifest.xml") {
        return Ok(Contents::Workbook(Workbook::Ods));
    }
    let foreign = [
        ("xl/workbook.bin", Foreign::Workbook("Excel's binary format, .xlsb")),
        ("word/document.xml", Foreign::Document("Word")),
        ("ppt/presentation.xml", Foreign::Document("PowerPoint")),
        ("Index/Document.iwa", Foreign::Workbook("Apple Numbers or Pages")),
        ("META-INF/MANIFEST.MF", Foreign::Program),
    ];
    if let Some((_, foreign)) = foreign.iter().find(|(name, _)| has(name)) {
        return Ok(Contents::Foreign(*foreign));
    }
    if !members.is_empty() && members.iter().all(|member| member.name.ends_with(".npy")) {
        return Ok(Contents::Foreign(Foreign::Arrays("NumPy")));
    }
    let mut members: Vec<Member> = members
        .into_iter()
        .filter(|member| is_table_name(&member.name))
        .collect();
    members.sort_by(|a, b| a.name.cmp(&b.name));
    if members.iter().any(|member| member.encrypted) {
        return Ok(Contents::Foreign(Foreign::EncryptedZip));
    }
    Ok(Contents::Members(members))
}

/// Whether a file may hold rows, by its place: what systems and people put beside tables does not.
#[must_use]
pub fn is_table_name(name: &str) -> bool {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let lower = base.to_ascii_lowercase();
    let stem = lower.split('.').next().unwrap_or_default();
    let ending = lower.rsplit('.').next().unwrap_or_default();
    !name.starts_with("__MACOSX/")
        && !base.is_empty()
        && !base.starts_with(['.', '_', '~'])
        && !matches!(
            stem,
            "readme" | "license" | "licence" | "copying" | "changelog" | "thumbs" | "desktop"
        )
        && !matches!(
            ending,
            "md5"
                | "sha1"
                | "sha256"
                | "sha512"
                | "crc"
                | "asc"
                | "sig"
                | "md"
                | "tmp"
                | "part"
                | "crdownload"
                | "toml"
                | "html"
                | "pdf"
        )
}

fn members(path: &Path) -> Result<Vec<Member>, IngestError> {
    let read = |source| IngestError::Read {
        path: path.to_owned(),
        source,
    };
    let broken = |source: zip::result::ZipError| IngestError::Archive {
        path: path.to_owned(),
        found: source.to_string(),
    };
    let file = BufReader::with_capacity(BUFFER, File::open(path).map_err(read)?);
    let mut archive = ZipArchive::new(file).map_err(broken)?;
    if archive.len() > MAX_MEMBERS {
        return Err(IngestError::TooLarge {
            path: path.to_owned(),
            what: "files in one archive",
            limit: MAX_MEMBERS as u64,
            found: archive.len() as u64,
        });
    }
    let mut members = Vec::new();
    for index in 0..archive.len() {
        let file = archive.by_index_raw(index).map_err(broken)?;
        if !file.is_file() {
            continue;
        }
        members.push(Member {
            name: file.name().map_err(broken)?.into_owned(),
            start: file.data_start().unwrap_or_default(),
            packed: file.compressed_size(),
            crc: file.crc32(),
            method: file.compression(),
            encrypted: file.encrypted(),
        });
    }
    Ok(members)
}

/// A file of an archive by its name.
pub fn member_named(path: &Path, name: &str) -> Result<Option<Member>, IngestError> {
    Ok(members(path)?.into_iter().find(|member| member.name == name))
}

/// The content of every file of an archive whose name passes, counted; for limits, as the sizes in an archive can lie.
pub fn unpacked(path: &Path, limit: u64, counts: impl Fn(&str) -> bool) -> Result<u64, IngestError> {
    let mut all = 0;
    for member in members(path)?.iter().filter(|member| counts(&member.name)) {
        let read = |source| IngestError::Read {
            path: path.to_owned(),
            source,
        };
        let reader = member.open(path, |_| ()).map_err(read)?;
        all += std::io::copy(&mut reader.take(limit + 1 - all.min(limit)), &mut std::io::sink()).map_err(read)?;
        if all > limit {
            break;
        }
    }
    Ok(all)
}

impl Member {
    /// Its content, from the beginning.
    pub fn open(&self, path: &Path, progress: impl Fn(u64) + 'static) -> IoResult<Box<dyn BufRead>> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(self.start))?;
        let packed = Counted::new(file, progress).take(self.packed);
        let packed = BufReader::with_capacity(BUFFER, packed);
        let content: Box<dyn Read> = match self.method {
            CompressionMethod::STORE => Box::new(packed),
            CompressionMethod::DEFLATE => Box::new(DeflateDecoder::new(packed)),
            CompressionMethod::BZIP2 => Box::new(bzip2::bufread::MultiBzDecoder::new(packed)),
            CompressionMethod::ZSTD => Box::new(zstd::Decoder::with_buffer(packed)?),
            CompressionMethod::XZ => Box::new(lzma_rust2::XzReader::new(packed, true)),
            _ => {
                let text = format!(
                    "{} is packed by a method that is not read; deflate, bzip2, xz and zstd are",
                    self.name
                );
                return Err(Error::new(ErrorKind::Unsupported, text));
            }
        };
        let checked = Checked {
            inner: content,
            crc: flate2::Crc::new(),
            expected: self.crc,
        };
        Ok(Box::new(BufReader::with_capacity(BUFFER, checked)))
    }

    /// What its first bytes say.
    pub fn kind(&self, path: &Path) -> IoResult<Kind> {
        let mut head = Vec::new();
        self.open(path, |_| ())?
            .take(kind::HEAD as u64)
            .read_to_end(&mut head)?;
        Ok(kind::of(&head))
    }
}

/// Compares the checksum at the end: damage must not become rows.
struct Checked {
    inner: Box<dyn Read>,
    crc: flate2::Crc,
    expected: u32,
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> IoResult<usize> {
        let length = self.inner.read(buffer)?;
        self.crc.update(&buffer[..length]);
        if length == 0 && !buffer.is_empty() && self.crc.sum() != self.expected {
            return Err(Error::new(
                ErrorKind::InvalidData,
                "the checksum in the archive does not fit the content",
            ));
        }
        Ok(length)
    }
}
