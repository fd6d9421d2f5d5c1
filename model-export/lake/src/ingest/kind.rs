//! What a file is, from its first bytes and never from its name.

use std::fmt;

/// Bytes of the beginning that tell it.
pub const HEAD: usize = 4_096;

/// What the first bytes of a file say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text, or nothing that is known.
    Text,
    /// Apache Parquet.
    Parquet,
    /// Text or another file, compressed.
    Compressed(Compression),
    /// A zip archive, or a workbook, which is one.
    Zip,
    /// A file of old Microsoft programs: an `.xls`, or a workbook that is encrypted.
    Compound,
    /// Something that has no rows, or none that are read.
    Foreign(Foreign),
}

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// gzip, of any number of members.
    Gzip,
    /// Zstandard.
    Zstd,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
}

impl Compression {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
        }
    }
}

/// What is not read, by its name, so that a person knows what lies there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Foreign {
    /// A pointer of Git LFS in place of the file.
    GitLfs,
    /// A picture.
    Image(&'static str),
    /// A PDF document.
    Pdf,
    /// A web page, such as the form that asks to sign in.
    Html,
    /// XML.
    Xml,
    /// A database in a file.
    Database(&'static str),
    /// An archive that is not opened.
    Archive(&'static str),
    /// An archive inside an archive.
    Nested,
    /// An archive that asks for a password.
    EncryptedZip,
    /// A workbook that asks for a password.
    EncryptedWorkbook,
    /// A workbook in a format that is not read.
    Workbook(&'static str),
    /// A document of an office program.
    Document(&'static str),
    /// Python's pickle, which runs code when it is read.
    Pickle,
    /// Arrays of numbers without column names.
    Arrays(&'static str),
    /// A table in a format that is not read.
    Columnar(&'static str),
    /// A compression that is not read.
    Compression(&'static str),
    /// A program.
    Program,
    /// Bytes that are no text.
    Binary,
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GitLfs => f.write_str("a Git LFS pointer, which stands in place of the file"),
            Self::Image(name) => write!(f, "a picture ({name})"),
            Self::Pdf => f.write_str("a PDF document"),
            Self::Html => f.write_str("a web page (HTML)"),
            Self::Xml => f.write_str("XML"),
            Self::Database(name) => write!(f, "a database ({name})"),
            Self::Archive(name) => write!(f, "an archive ({name})"),
            Self::Nested => f.write_str("an archive inside an archive"),
            Self::EncryptedZip => f.write_str("an encrypted zip archive"),
            Self::EncryptedWorkbook => f.write_str("an encrypted workbook"),
            Self::Workbook(name) | Self::Document(name) => write!(f, "a document ({name})"),
            Self::Pickle => f.write_str("a Python pickle"),
            Self::Arrays(name) => write!(f, "arrays of numbers ({name})"),
            Self::Columnar(name) => write!(f, "a table in the format {name}"),
            Self::Compression(name) => write!(f, "a file compressed by {name}"),
            Self::Program => f.write_str("a program"),
            Self::Binary => f.write_str("bytes that are no text"),
        }
    }
}

impl Foreign {
    /// What to do about it.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::GitLfs => "run `git lfs pull` where the file comes from; it puts the file in the pointer's place",
            Self::Html => {
                "a download that asked to sign in saves the form instead of the file: sign in, and get the file again"
            }
            Self::Xml => "export it as CSV, JSON or Parquet",
            Self::Database(_) => {
                "export the table as CSV or Parquet, for example: sqlite3 -header -csv FILE 'select * from orders' > orders.csv"
            }
            Self::Archive(_) | Self::Nested => {
                "unpack it, and name the files in it; zip archives of tables are read as they are"
            }
            Self::EncryptedZip | Self::EncryptedWorkbook => "save it without a password; Selvedge asks for none",
            Self::Workbook(_) | Self::Document(_) => "save the table as .xlsx or .csv",
            Self::Pickle => {
                "a pickle can run any program when it is read; in Python: pandas.read_pickle(FILE).to_parquet(OUT)"
            }
            Self::Arrays(_) => "write the table with its column names: pandas.DataFrame(…).to_parquet(OUT)",
            Self::Columnar(_) => {
                "convert it to Parquet, for example in Python: pyarrow.parquet.write_table(TABLE, OUT)"
            }
            Self::Compression(_) => "decompress it, or compress it with gzip or zstd",
            Self::Image(_) | Self::Pdf | Self::Program | Self::Binary => {
                "name a file with rows: CSV, JSON, Parquet or a spreadsheet; gzip, zstd, bzip2, xz and zip are opened"
            }
        }
    }
}

const SIGNATURES: &[(&[u8], Kind)] = &[
    (&[0x1f, 0x8b], Kind::Compressed(Compression::Gzip)),
    (&[0x28, 0xb5, 0x2f, 0xfd], Kind::Compressed(Compression::Zstd)),
    (b"BZh", Kind::Compressed(Compression::Bzip2)),
    (b"\xfd7zXZ\0", Kind::Compressed(Compression::Xz)),
    (b"PK\x03\x04", Kind::Zip),
    (b"PK\x05\x06", Kind::Zip),
    (b"PK\x07\x08", Kind::Foreign(Foreign::Archive("a part of a split zip"))),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind::Compound),
    (b"PAR1", Kind::Parquet),
    (b"PARE", Kind::Foreign(Foreign::Columnar("encrypted Parquet"))),
    (b"version https://git-lfs", Kind::Foreign(Foreign::GitLfs)),
    (b"\x89PNG\r\n", Kind::Foreign(Foreign::Image("PNG"))),
    (&[0xff, 0xd8, 0xff], Kind::Foreign(Foreign::Image("JPEG"))),
    (b"GIF87a", Kind::Foreign(Foreign::Image("GIF"))),
    (b"GIF89a", Kind::Foreign(Foreign::Image("GIF"))),
    (b"II*\0", Kind::Foreign(Foreign::Image("TIFF"))),
    (b"MM\0*", Kind::Foreign(Foreign::Image("TIFF"))),
    (b"%PDF-", Kind::Foreign(Foreign::Pdf)),
    (b"SQLite format 3\0", Kind::Foreign(Foreign::Database("SQLite"))),
    (b"7z\xbc\xaf\x27\x1c", Kind::Foreign(Foreign::Archive("7z"))),
    (b"Rar!\x1a\x07", Kind::Foreign(Foreign::Archive("rar"))),
    (b"\x93NUMPY", Kind::Foreign(Foreign::Arrays("NumPy"))),
    (b"\x89HDF\r\n", Kind::Foreign(Foreign::Arrays("HDF5"))),
    (
        b"ARROW1",
        Kind::Foreign(Foreign::Columnar("Arrow IPC, also called Feather")),
    ),
    (b"FEA1", Kind::Foreign(Foreign::Columnar("Feather"))),
    (b"Obj\x01", Kind::Foreign(Foreign::Columnar("Avro"))),
    (b"ORC", Kind::Foreign(Foreign::Columnar("ORC"))),
    (b"RDX2\n", Kind::Foreign(Foreign::Columnar("R data"))),
    (b"RDX3\n", Kind::Foreign(Foreign::Columnar("R data"))),
    (&[0x04, 0x22, 0x4d, 0x18], Kind::Foreign(Foreign::Compression("lz4"))),
    (b"\xff\x06\0\0sNaPpY", Kind::Foreign(Foreign::Compression("snappy"))),
    (&[0x1f, 0x9d], Kind::Foreign(Foreign::Compression("compress"))),
    (b"\x7fELF", Kind::Foreign(Foreign::Program)),
    (b"{\\rtf", Kind::Foreign(Foreign::Document("RTF"))),
];

/// What the first bytes of a file say. `head` is its beginning, [`HEAD`] bytes where there are so many.
#[must_use]
pub fn of(head: &[u8]) -> Kind {
    let printable = head
        .iter()
        .take(16)
        .all(|byte| (0x20..0x7f).contains(byte) || byte.is_ascii_whitespace());
    let known = SIGNATURES.iter().find(|(signature, _)| match *signature {
        // Three letters begin many a text.
        b"ORC" => head.starts_with(b"ORC") && !printable,
        b"BZh" => head.starts_with(b"BZh") && head.get(3).is_some_and(u8::is_ascii_digit),
        signature => head.starts_with(signature),
    });
    if let Some((_, kind)) = known {
        return *kind;
    }
    let at = |offset: usize, magic: &[u8]| head.get(offset..offset + magic.len()) == Some(magic);
    let foreign = if at(257, b"ustar") {
        Foreign::Archive("tar")
    } else if at(8, b"DUCK") {
        Foreign::Database("DuckDB")
    } else if at(0, b"RIFF") && at(8, b"WEBP") {
        Foreign::Image("WebP")
    } else if at(0, b"BM") && at(6, &[0; 4]) {
        Foreign::Image("BMP")
    } else if at(0, b"\0\x01\0\0Standard") {
        Foreign::Database("Access")
    } else if at(0, &[0x80]) && matches!(head.get(1), Some(2..=5)) {
        Foreign::Pickle
    } else if let Some(markup) = markup(head) {
        markup
    } else if is_binary(head) {
        Foreign::Binary
    } else {
        return Kind::Text;
    };
    Kind::Foreign(foreign)
}

fn markup(head: &[u8]) -> Option<Foreign> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let start = head.get(..head.len().min(1_024))?.to_ascii_lowercase();
    let has = |text: &[u8]| start.windows(text.len()).any(|window| window == text);
    if start.starts_with(b"<!doctype html") || start.starts_with(b"<html") || start.starts_with(b"<head") {
        return Some(Foreign::Html);
    }
    if start.starts_with(b"<?xml") || start.starts_with(b"<!--") {
        return Some(if has(b"<html") { Foreign::Html } else { Foreign::Xml });
    }
    (start.starts_with(b"<!doctype") || start.starts_with(b"<rss") || start.starts_with(b"<feed"))
        .then_some(Foreign::Xml)
}

/// Whether a tenth of the bytes can stand in no text. In UTF-16 half of them are zero.
fn is_binary(head: &[u8]) -> bool {
    if head.len() < 16 || super::encoding::is_wide(head) {
        return false;
    }
    // Hive separates values by the characters 1 to 3, JSON text sequences begin with 30.
    let control = |byte: &&u8| matches!(**byte, 0 | 4..=8 | 14..=26 | 28 | 29 | 31 | 127);
    head.iter().filter(control).count() * 10 > head.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_their_first_bytes() {
        let tar = [vec![b'a'; 257], b"ustar\0".to_vec()].concat();
        for (head, expected) in [
            (b"user,item\n" as &[u8], Kind::Text),
            (b"ORC,name\n1,b\n", Kind::Text),
            (b"ORCA;1\n", Kind::Text),
            (b"BZhang,1\n", Kind::Text),
            (b"BM,1\n", Kind::Text),
            (b"PAR1", Kind::Parquet),
            (b"\x1f\x8b\x08", Kind::Compressed(Compression::Gzip)),
            (b"BZh91AY", Kind::Compressed(Compression::Bzip2)),
            (b"PK\x03\x04", Kind::Zip),
            (
                b"version https://git-lfs.github.com/spec/v1\noid sha256:1",
                Kind::Foreign(Foreign::GitLfs),
            ),
            (b"\x89PNG\r\n\x1a\n", Kind::Foreign(Foreign::Image("PNG"))),
            (b"%PDF-1.7", Kind::Foreign(Foreign::Pdf)),
            (b"\n<!DOCTYPE html><title>Sign in", Kind::Foreign(Foreign::Html)),
            (b"<?xml version=\"1.0\"?><rss>", Kind::Foreign(Foreign::Xml)),
            (b"SQLite format 3\0", Kind::Foreign(Foreign::Database("SQLite"))),
            (b"7z\xbc\xaf\x27\x1c\0\x04", Kind::Foreign(Foreign::Archive("7z"))),
            (b"Rar!\x1a\x07\x01\0", Kind::Foreign(Foreign::Archive("rar"))),
            (&tar, Kind::Foreign(Foreign::Archive("tar"))),
            (b"\x80\x04\x95", Kind::Foreign(Foreign::Pickle)),
            (b"\x93NUMPY\x01\0", Kind::Foreign(Foreign::Arrays("NumPy"))),
            (
                b"ARROW1\0\0",
                Kind::Foreign(Foreign::Columnar("Arrow IPC, also called Feather")),
            ),
            (b"Obj\x01", Kind::Foreign(Foreign::Columnar("Avro"))),
            (b"ORC\n\x0b\x02\0\x10\x03", Kind::Foreign(Foreign::Columnar("ORC"))),
            (
                b"\0\0\x02\x03\0\0\x06\x07\0\x05\x06\x07\0\x05\x06\x07\x08",
                Kind::Foreign(Foreign::Binary),
            ),
            (b"1\x01a\x012023-11-14\n2\x01b\x012023-11-15\n", Kind::Text),
            (b"u\0s\0e\0r\0,\0i\0t\0e\0m\0\n\0\x31\0,\0\x32\0\n\0", Kind::Text),
        ] {
            assert_eq!(of(head), expected, "{:?}", String::from_utf8_lossy(head));
        }
    }
}
