//! What a file is: its compression and its format, from its first bytes.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::IngestError;
use crate::source::{FileFormat, TextFormat};

/// A source file, decompressed.
pub enum Opened {
    /// Text, from its beginning.
    Text(FileFormat, Box<dyn BufRead>),
    /// Parquet, which is read from its end.
    Parquet(File),
}

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const PARQUET: &[u8] = b"PAR1";
const BUFFER: usize = 1 << 16;

/// Opens a file; `format` other than `auto` is believed, compression is always found out. `progress` is told the
/// bytes that were read from the disk.
pub fn open(path: &Path, text_format: &TextFormat, progress: impl Fn(u64) + 'static) -> Result<Opened, IngestError> {
    let TextFormat { format, collected, .. } = *text_format;
    let failed = |source| IngestError::Read {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(failed)?;
    let mut head = [0; 4];
    let length = read_head(&file, &mut head).map_err(failed)?;
    let head = &head[..length];
    if (head == PARQUET && !collected) || format == FileFormat::Parquet {
        if head.starts_with(GZIP) || head.starts_with(ZSTD) {
            return Err(IngestError::CompressedParquet { path: path.to_owned() });
        }
        return Ok(Opened::Parquet(File::open(path).map_err(failed)?));
    }
    let counted = Counted {
        inner: File::open(path).map_err(failed)?,
        progress,
    };
    let raw = BufReader::with_capacity(BUFFER, counted);
    let mut text: Box<dyn BufRead> = if head.starts_with(GZIP) {
        // Several members one after another are one file: that is how logs are appended.
        Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(raw)))
    } else if head.starts_with(ZSTD) {
        let decoder = zstd::Decoder::with_buffer(raw).map_err(failed)?;
        Box::new(BufReader::with_capacity(BUFFER, decoder))
    } else {
        Box::new(raw)
    };
    if collected {
        // Not even a look at its beginning: a file that is damaged there is one whose rows cannot be read.
        return Ok(Opened::Text(format, text));
    }
    let start = text.fill_buf().map_err(failed)?;
    if start.starts_with(PARQUET) {
        return Err(IngestError::CompressedParquet { path: path.to_owned() });
    }
    if start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]) {
        return Err(IngestError::Utf16 { path: path.to_owned() });
    }
    let format = match format {
        FileFormat::Auto => {
            let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
            match start.iter().find(|byte| !byte.is_ascii_whitespace()) {
                Some(b'{') => FileFormat::Jsonl,
                _ => FileFormat::Csv,
            }
        }
        told => told,
    };
    Ok(Opened::Text(format, text))
}

fn read_head(mut file: &File, head: &mut [u8]) -> std::io::Result<usize> {
    let mut length = 0;
    while length < head.len() {
        match file.read(&mut head[length..])? {
            0 => break,
            read => length += read,
        }
    }
    Ok(length)
}

struct Counted<P> {
    inner: File,
    progress: P,
}

impl<P: Fn(u64)> Read for Counted<P> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        (self.progress)(read as u64);
        Ok(read)
    }
}
