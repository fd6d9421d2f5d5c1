//! The encoding of text: found out from a large part of the file, and turned into UTF-8 while it is read.
//!
//! The rule, in this order: a byte-order mark; NUL bytes at every second place (UTF-16 without a mark); UTF-8 if most sequences of
//! high bytes are valid UTF-8; then Windows-1251 or KOI8-R if nearly all letters of words are high bytes; then the one of Windows-1252,
//! Windows-1250 and ISO-8859-2 in which most high bytes inside words are letters. High bytes that fit none of them are refused.

use std::io::{BufRead, Read, Result};

use encoding_rs::{
    Decoder, Encoding, ISO_8859_2, KOI8_R, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252,
};

/// What bytes say about their encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guess {
    /// UTF-8, or ASCII.
    Utf8,
    /// Another one that is known.
    Other(&'static Encoding),
    /// None that is known.
    Unknown,
}

/// The encoding by its name.
#[must_use]
pub fn named(name: &str) -> Option<Guess> {
    let label = match name.to_ascii_lowercase().as_str() {
        "utf-16" => "utf-16le".to_owned(),
        "latin-1" => "latin1".to_owned(),
        "latin-2" => "latin2".to_owned(),
        other => other.to_owned(),
    };
    let found = Encoding::for_label(label.as_bytes())?;
    Some(if found == UTF_8 {
        Guess::Utf8
    } else {
        Guess::Other(found)
    })
}

/// The encoding of bytes out of a file; `blocks` are pieces of it, the first is its beginning.
#[must_use]
pub fn guess(blocks: &[&[u8]]) -> Guess {
    let head = blocks.first().copied().unwrap_or_default();
    if head.starts_with(&[0xff, 0xfe]) {
        return Guess::Other(UTF_16LE);
    }
    if head.starts_with(&[0xfe, 0xff]) {
        return Guess::Other(UTF_16BE);
    }
    if head.starts_with(b"\xef\xbb\xbf") {
        return Guess::Utf8;
    }
    if let Some(wide) = wide(head) {
        return Guess::Other(wide);
    }
    let (mut valid, mut invalid) = (0u64, 0u64);
    for block in blocks {
        let (v, i) = sequences(block);
        (valid, invalid) = (valid + v, invalid + i);
    }
    // One damaged character in a file of UTF-8 does not make it another encoding.
    if invalid == 0 || valid >= invalid {
        return Guess::Utf8;
    }
    legacy(blocks)
}

/// Whether the bytes are UTF-16, with or without a mark.
#[must_use]
pub fn is_wide(head: &[u8]) -> bool {
    head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) || wide(head).is_some()
}

/// UTF-16 without a mark: of text in it, every second byte of most characters is zero.
fn wide(head: &[u8]) -> Option<&'static Encoding> {
    let head = &head[..head.len().min(1 << 16)];
    let zeros = |first: usize| head.iter().skip(first).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let half = head.len() / 2;
    if half < 2 {
        return None;
    }
    if odd * 10 >= half * 4 && even * 20 <= half {
        return Some(UTF_16LE);
    }
    (even * 10 >= half * 4 && odd * 20 <= half).then_some(UTF_16BE)
}

/// Characters beyond ASCII that are valid UTF-8, and bytes that are not.
fn sequences(mut bytes: &[u8]) -> (u64, u64) {
    let high = |bytes: &[u8]| bytes.iter().filter(|byte| **byte >= 0xc0).count() as u64;
    let (mut valid, mut invalid) = (0, 0);
    // A block may begin inside a character.
    let inside = bytes
        .iter()
        .take(3)
        .take_while(|byte| (0x80..0xc0).contains(*byte))
        .count();
    bytes = &bytes[inside..];
    loop {
        match std::str::from_utf8(bytes) {
            Ok(text) => return (valid + high(text.as_bytes()), invalid),
            Err(error) => {
                valid += high(&bytes[..error.valid_up_to()]);
                // At the end of a block a character may be cut.
                let Some(length) = error.error_len() else {
                    return (valid, invalid);
                };
                invalid += length as u64;
                bytes = &bytes[error.valid_up_to() + length..];
            }
        }
    }
}

/// Which of the encodings with one byte for each character.
fn legacy(blocks: &[&[u8]]) -> Guess {
    let mut counts = [0u64; 256];
    // With a letter on one side at least, and with letters on both.
    let (mut beside, mut amid) = ([0u64; 256], [0u64; 256]);
    let (mut high, mut after_high) = (0u64, 0u64);
    for block in blocks {
        for (index, &byte) in block.iter().enumerate() {
            if byte < 0x80 {
                continue;
            }
            let before = index.checked_sub(1).and_then(|index| block.get(index)).copied();
            let after = block.get(index + 1).copied();
            high += 1;
            counts[usize::from(byte)] += 1;
            after_high += u64::from(before.is_some_and(|byte| byte >= 0x80));
            let letter = |byte: Option<u8>| {
                byte.is_some_and(|byte| {
                    let central = matches!(
                        byte,
                        0xb1 | 0xb3 | 0xb6 | 0xb9 | 0xbc | 0xbe | 0xbf | 0x9a | 0x9c | 0x9e | 0x9f
                    );
                    byte.is_ascii_alphabetic() || byte >= 0xc0 || central
                })
            };
            beside[usize::from(byte)] += u64::from(letter(before) || letter(after));
            amid[usize::from(byte)] += u64::from(letter(before) && letter(after));
        }
    }
    let sum = |range: std::ops::RangeInclusive<u8>| range.map(|byte| counts[usize::from(byte)]).sum::<u64>();
    // Letters of Cyrillic words stand together; accents of Latin ones stand alone.
    if after_high * 10 > high * 6 {
        let cyrillic = sum(0xc0..=0xff) + counts[0xa8] + counts[0xb8];
        if cyrillic * 10 < high * 9 {
            return Guess::Unknown;
        }
        // Most letters are small ones.
        return Guess::Other(if sum(0xe0..=0xff) >= sum(0xc0..=0xdf) {
            WINDOWS_1251
        } else {
            KOI8_R
        });
    }
    let of = |bytes: &[u8]| bytes.iter().map(|byte| beside[usize::from(*byte)]).sum::<u64>();
    let inside = |bytes: &[u8]| bytes.iter().map(|byte| amid[usize::from(*byte)]).sum::<u64>();
    let words: u64 = beside.iter().sum();
    // Between 0x80 and 0x9f there are hardly letters in these; in the encodings of DOS and of old Macs they all are there.
    let rare = |byte: &u8| !matches!(byte, 0x8a | 0x8c..=0x8f | 0x91..=0x94 | 0x96 | 0x97 | 0x9a | 0x9c..=0x9f);
    let foreign: u64 = (0x80..=0x9fu8).filter(rare).map(|byte| beside[usize::from(byte)]).sum();
    if words > 0 && foreign * 2 > words {
        return Guess::Unknown;
    }
    // Inside words: ą ś ź ť of ISO-8859-2, where Windows-1250 has signs; and š, which is ą there, beside letters that only Czech has.
    let latin2 = inside(&[0xb1, 0xb6, 0xac, 0xa6, 0xa1, 0xbb]);
    let czech = of(&[0xe8, 0xef, 0xec, 0xf2, 0xf8, 0xf9, 0xc8, 0xd8]);
    let carons = of(&[0x9a, 0x9e, 0x8a, 0x8e]);
    let is_latin2 = latin2 > inside(&[0xb9, 0x9c, 0x9f, 0x9a, 0x9e, 0x9d])
        || (carons == 0 && inside(&[0xb9]) > 0 && czech > of(&[0xb3, 0xbf, 0x9c]));
    if is_latin2 && (latin2 + inside(&[0xb9])) * 50 > words {
        return Guess::Other(ISO_8859_2);
    }
    // ą ł ż ľ ş inside words, and ź Ł Ź Ż Ą ť Ť, in Windows-1250, where Windows-1252 has signs: m³, nº and ¿Qué? are none of them.
    let central = inside(&[0xb9, 0xb3, 0xbf, 0xbc, 0xbe, 0xba]) + of(&[0x9f, 0xa3, 0x8f, 0xaf, 0xa5, 0x9d, 0x8d]);
    // š and ž are in both; with č ď ě ň ř ů beside them, which are è ï ì ò ø ù in Windows-1252, they are Czech, Slovak or Slovene.
    // ő and ű are õ and û in Windows-1252, of which Portuguese has õ, but never without ã, and Estonian, but without á and é.
    let hungarian = of(&[0xf5, 0xfb, 0xd5, 0xdb]);
    let accents = of(&[0xe1, 0xe9, 0xed, 0xf3, 0xfa]);
    let is_central = central * 50 > words
        || (carons * 20 > words && czech * 10 > words)
        || (hungarian * 20 > words && accents * 5 > words && of(&[0xe3, 0xe0, 0xe8, 0xea, 0xe7]) == 0);
    Guess::Other(if is_central { WINDOWS_1250 } else { WINDOWS_1252 })
}

/// Turns text into UTF-8 while it is read. What is no character becomes `U+FFFD`.
pub struct Decoded<R> {
    inner: R,
    decoder: Decoder,
    out: Vec<u8>,
    at: usize,
    length: usize,
    ended: bool,
}

impl<R: BufRead> Decoded<R> {
    /// Reads `inner` as text in an encoding.
    pub fn new(inner: R, encoding: &'static Encoding) -> Self {
        Self {
            inner,
            decoder: encoding.new_decoder_with_bom_removal(),
            out: vec![0; 1 << 16],
            at: 0,
            length: 0,
            ended: false,
        }
    }
}

impl<R: BufRead> BufRead for Decoded<R> {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        while self.at == self.length && !self.ended {
            let input = self.inner.fill_buf()?;
            let last = input.is_empty();
            let (result, read, written, _) = self.decoder.decode_to_utf8(input, &mut self.out, last);
            self.inner.consume(read);
            (self.at, self.length) = (0, written);
            self.ended = last && matches!(result, encoding_rs::CoderResult::InputEmpty);
        }
        Ok(&self.out[self.at..self.length])
    }

    fn consume(&mut self, amount: usize) {
        self.at = (self.at + amount).min(self.length);
    }
}

impl<R: BufRead> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(buffer.len());
        buffer[..length].copy_from_slice(&available[..length]);
        self.consume(length);
        Ok(length)
    }
}

/// Makes lines of a text whose lines end in a carriage return alone, as old Macs and some tills write them.
pub struct CarriageReturns<R> {
    inner: R,
    out: Vec<u8>,
    at: usize,
}

impl<R: BufRead> CarriageReturns<R> {
    /// Reads `inner` with other line ends.
    pub const fn new(inner: R) -> Self {
        Self {
            inner,
            out: Vec::new(),
            at: 0,
        }
    }
}

impl<R: BufRead> BufRead for CarriageReturns<R> {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        if self.at == self.out.len() {
            let input = self.inner.fill_buf()?;
            self.out.clear();
            self.out
                .extend(input.iter().map(|&byte| if byte == b'\r' { b'\n' } else { byte }));
            self.at = 0;
            let read = self.out.len();
            self.inner.consume(read);
        }
        Ok(&self.out[self.at..])
    }

    fn consume(&mut self, amount: usize) {
        self.at = (self.at + amount).min(self.out.len());
    }
}

impl<R: BufRead> Read for CarriageReturns<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(buffer.len());
        buffer[..length].copy_from_slice(&available[..length]);
        self.consume(length);
        Ok(length)
    }
}

/// Whether lines end in a carriage return alone.
#[must_use]
pub fn has_carriage_returns(head: &[u8]) -> bool {
    head.contains(&b'\r') && !head.contains(&b'\n')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn text_in_many_languages_is_read_in_the_encoding_that_it_was_written_in() {
        for (encoding, text) in [
            (UTF_8, "naïve;Müller;日本語;ещё"),
            (WINDOWS_1252, "Müller;Straße;Käse;Größe;10 € – „gut“"),
            (WINDOWS_1252, "Crème brûlée;déjà vu;garçon;où;août"),
            (WINDOWS_1252, "maçã;coração;não;pões;ação"),
            (WINDOWS_1252, "Smørrebrød;blåbær;køkken;på"),
            (WINDOWS_1252, "niño;corazón;¿Qué?;¿qué?;caña;5 m³;nº 7"),
            (WINDOWS_1252, "»Käse« 5±2 m²;für £5;Größe"),
            (WINDOWS_1252, "hyvää;työ;jäätelö;šakki"),
            (WINDOWS_1250, "Żółta łódź;gęś;jaźń;święto;książka"),
            (WINDOWS_1250, "Příliš žluťoučký kůň;úpěl ďábelské ódy;měsíc"),
            (WINDOWS_1250, "Árvíztűrő tükörfúrógép;erdő;gyűrű"),
            (ISO_8859_2, "Żółta łódź;gęś;jaźń;święto;książka"),
            (ISO_8859_2, "Příliš žluťoučký kůň;měšťan;žena"),
            (WINDOWS_1251, "Чай чёрный;Кофе;молоко;сахар;Москва"),
            (KOI8_R, "Чай чёрный;Кофе;молоко;сахар;Москва"),
        ] {
            let (bytes, ..) = encoding.encode(text);
            let guess = guess(&[&bytes]);
            let expected = if encoding == UTF_8 {
                Guess::Utf8
            } else {
                Guess::Other(encoding)
            };
            assert_eq!(guess, expected, "{text}");
        }
    }

    #[test]
    fn utf_16_of_both_orders_with_and_without_a_mark_becomes_utf_8() {
        let text = "user;item\r\n1;Käse – 日本\r\n2;b\r\n";
        for (encoding, little) in [(UTF_16LE, true), (UTF_16BE, false)] {
            for mark in ["", "\u{feff}"] {
                let bytes: Vec<u8> = format!("{mark}{text}")
                    .encode_utf16()
                    .flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() })
                    .collect();
                assert_eq!(guess(&[&bytes]), Guess::Other(encoding));
                let mut found = String::new();
                // A buffer of three bytes cuts characters in two.
                let reader = std::io::BufReader::with_capacity(3, bytes.as_slice());
                Decoded::new(reader, encoding).read_to_string(&mut found).unwrap();
                assert_eq!(found, text);
            }
        }
    }

    #[test]
    fn one_damaged_character_does_not_change_the_encoding_and_unknown_bytes_are_none() {
        assert_eq!(guess(&["Käse Müller Größe ".as_bytes(), b"\xff"]), Guess::Utf8);
        // A block that begins and ends inside a character.
        let text = "ää".as_bytes();
        assert_eq!(guess(&[b"a", &text[1..3]]), Guess::Utf8);
        // German in the encoding of DOS, Chinese in GBK.
        assert_eq!(guess(&[b"M\x81ller K\x84se Gr\x94\xe1e f\x81r"]), Guess::Unknown);
        assert_eq!(
            guess(&[b"\xb2\xe8\xd2\xb6,\xbf\xa7\xb7\xc8,\xc5\xa3\xc4\xcc\xa1\xa3\xb5\xa5"]),
            Guess::Unknown
        );
        assert_eq!(named("windows-1252"), Some(Guess::Other(WINDOWS_1252)));
        assert_eq!(named("latin-1"), Some(Guess::Other(WINDOWS_1252)));
        assert_eq!(named("utf8"), Some(Guess::Utf8));
        assert_eq!(named("klingon"), None);
    }

    #[test]
    fn carriage_returns_alone_end_lines() {
        assert!(has_carriage_returns(b"a\rb") && !has_carriage_returns(b"a\r\nb"));
        let mut found = String::new();
        CarriageReturns::new(b"a\rb\r".as_slice())
            .read_to_string(&mut found)
            .unwrap();
        assert_eq!(found, "a\nb\n");
    }
}
