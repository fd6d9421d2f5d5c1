//! Lines of a text file with their numbers, bounded in length.

use std::collections::VecDeque;
use std::io::BufRead;

/// The longest line that is read as a row, in bytes. A file without line ends must not fill the memory.
pub const MAX_LINE_BYTES: usize = 1 << 20;

/// A line without its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1.
    pub number: u64,
    /// Its bytes; the first [`MAX_LINE_BYTES`] where it is too long.
    pub bytes: Vec<u8>,
    /// Whether it was cut.
    pub too_long: bool,
}

/// Reads lines, and takes some back.
pub struct Lines {
    reader: Box<dyn BufRead>,
    number: u64,
    returned: VecDeque<Line>,
}

impl Lines {
    pub fn new(reader: Box<dyn BufRead>) -> Self {
        Self {
            reader,
            number: 0,
            returned: VecDeque::new(),
        }
    }

    /// Puts lines back in front of what comes next.
    pub fn give_back(&mut self, lines: Vec<Line>) {
        for line in lines.into_iter().rev() {
            self.returned.push_front(line);
        }
    }

    /// Reads the next line into `line`; false at the end of the file.
    pub fn next(&mut self, line: &mut Line) -> std::io::Result<bool> {
        if let Some(returned) = self.returned.pop_front() {
            *line = returned;
            return Ok(true);
        }
        line.bytes.clear();
        line.too_long = false;
        let mut any = false;
        loop {
            let available = match self.reader.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if available.is_empty() {
                break;
            }
            any = true;
            let end = available.iter().position(|&byte| byte == b'\n');
            let piece = &available[..end.unwrap_or(available.len())];
            let room = MAX_LINE_BYTES - line.bytes.len();
            line.bytes.extend_from_slice(&piece[..piece.len().min(room)]);
            line.too_long |= piece.len() > room;
            let used = end.map_or(available.len(), |end| end + 1);
            self.reader.consume(used);
            if end.is_some() {
                break;
            }
        }
        if !any {
            return Ok(false);
        }
        if line.bytes.last() == Some(&b'\r') {
            line.bytes.pop();
        }
        self.number += 1;
        line.number = self.number;
        if line.number == 1 && line.bytes.starts_with(b"\xef\xbb\xbf") {
            line.bytes.drain(..3);
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn all(text: &[u8]) -> Vec<Line> {
        let mut lines = Lines::new(Box::new(std::io::Cursor::new(text.to_vec())));
        let mut line = Line::default();
        let mut found = Vec::new();
        while lines.next(&mut line).unwrap() {
            found.push(line.clone());
        }
        found
    }

    #[test]
    fn line_ends_of_both_kinds_a_mark_and_a_missing_last_end() {
        let lines = all(b"\xef\xbb\xbfa\r\n\nb");
        let bytes: Vec<&[u8]> = lines.iter().map(|line| line.bytes.as_slice()).collect();
        assert_eq!(bytes, [b"a".as_slice(), b"", b"b"]);
        assert_eq!(lines[2].number, 3);
        assert!(all(b"").is_empty());
    }

    #[test]
    fn a_line_without_end_is_cut_and_the_next_one_is_whole() {
        let mut text = vec![b'x'; MAX_LINE_BYTES + 1];
        text.extend_from_slice(b"\nnext\n");
        let lines = all(&text);
        assert!(lines[0].too_long);
        assert_eq!(lines[0].bytes.len(), MAX_LINE_BYTES);
        assert_eq!((lines[1].number, lines[1].bytes.as_slice()), (2, b"next".as_slice()));
        assert!(!lines[1].too_long);
        assert!(!all(&vec![b'x'; MAX_LINE_BYTES])[0].too_long);
    }
}
