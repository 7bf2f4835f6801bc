//! JSON values one by one: a value a line, or values one after the other over any number of lines,
//! the items of a list among them. Which of the two it is, the first line tells.

use std::io::{self, BufRead, Read};

use memchr::memchr;

use super::inflate::MOST_RECORD_BYTES;
use super::sniff::BYTE_ORDER_MARK;
use super::{BrokenRecord, Record, RecordPlace};

/// Reads values one by one.
pub struct JsonRecords<R> {
    input: Tracked<R>,
    /// A value a line; `None`: the first line was not looked at yet.
    a_value_a_line: Option<bool>,
    text: Vec<u8>,
    place: RecordPlace,
}

impl<R: BufRead> JsonRecords<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input: Tracked {
                input,
                put_back: Vec::new(),
                taken: 0,
                line: 1,
                offset: 0,
            },
            a_value_a_line: None,
            text: Vec::new(),
            place: RecordPlace::default(),
        }
    }

    pub(super) fn next_record(&mut self) -> io::Result<Option<Result<Record<'_>, BrokenRecord>>> {
        let a_value_a_line = match self.a_value_a_line {
            Some(known) => known,
            None => self.look()?,
        };
        self.a_value_a_line = Some(a_value_a_line);
        let found = if a_value_a_line {
            self.next_line()?
        } else {
            self.next_value()?
        };
        Ok(found.map(|found| {
            found.map(|()| Record {
                bytes: self.text.trim_ascii(),
                place: self.place,
            })
        }))
    }

    /// Whether the file has a value a line: whether its first line is one.
    fn look(&mut self) -> io::Result<bool> {
        if self.input.fill_buf()?.starts_with(BYTE_ORDER_MARK) {
            self.input.consume(BYTE_ORDER_MARK.len());
        }
        self.input.skip_while(|byte| byte.is_ascii_whitespace())?;
        if self.input.fill_buf()?.first() != Some(&b'{') {
            return Ok(false);
        }
        let mut line = Vec::new();
        read_line_up_to(&mut self.input.input, &mut line)?;
        let mut scan = Scan::default();
        let taken = scan.take(&line);
        let whole = scan.ended && line[taken..].trim_ascii().is_empty();
        let too_long = line.len() as u64 > MOST_RECORD_BYTES;
        self.input.put_back(line);
        Ok(whole || too_long)
    }

    fn begin(&mut self) {
        self.text.clear();
        self.place = RecordPlace {
            line: Some(self.input.line),
            record: self.place.record + 1,
            offset: self.input.offset,
        };
    }

    fn next_line(&mut self) -> io::Result<Option<Result<(), BrokenRecord>>> {
        loop {
            self.begin();
            self.input.read_line_up_to(&mut self.text)?;
            if self.text.len() as u64 > MOST_RECORD_BYTES {
                self.input.skip_while(|byte| byte != b'\n')?;
                return Ok(Some(Err(self.too_long())));
            }
            if !self.text.trim_ascii().is_empty() {
                return Ok(Some(Ok(())));
            }
            self.place.record -= 1;
            if self.text.is_empty() {
                return Ok(None);
            }
        }
    }

    fn next_value(&mut self) -> io::Result<Option<Result<(), BrokenRecord>>> {
        let between = |byte: u8| byte.is_ascii_whitespace() || b",[]".contains(&byte);
        self.input.skip_while(between)?;
        self.begin();
        match self.input.fill_buf()?.first() {
            None => return Ok(None),
            Some(b'{') => {}
            Some(_) => {
                self.input
                    .skip_while(|byte| byte != b'\n' && byte != b'{')?;
                return Ok(Some(Err(self.broken("this is not a JSON object", false))));
            }
        }
        let mut scan = Scan::default();
        let mut length = 0;
        while !scan.ended {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return Ok(Some(
                    Err(self.broken("this JSON object does not end", true)),
                ));
            }
            let count = scan.take(buffer);
            length += count as u64;
            if length <= MOST_RECORD_BYTES {
                self.text.extend_from_slice(&buffer[..count]);
            }
            self.input.consume(count);
        }
        if length > MOST_RECORD_BYTES {
            return Ok(Some(Err(self.too_long())));
        }
        Ok(Some(Ok(())))
    }

    fn too_long(&self) -> BrokenRecord {
        let message = format!("this record is longer than {MOST_RECORD_BYTES} bytes");
        self.broken(&message, false)
    }

    fn broken(&self, message: &str, is_last: bool) -> BrokenRecord {
        BrokenRecord {
            place: self.place,
            message: message.to_owned(),
            is_last,
        }
    }
}

/// How far into a value a scan has come.
#[derive(Default)]
struct Scan {
    depth: u64,
    in_string: bool,
    escaped: bool,
    ended: bool,
}

impl Scan {
    /// Takes bytes up to the end of the value, or all of them; how many.
    fn take(&mut self, bytes: &[u8]) -> usize {
        for (index, byte) in bytes.iter().enumerate() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_string => self.escaped = true,
                b'"' => self.in_string = !self.in_string,
                _ if self.in_string => {}
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        self.ended = true;
                        return index + 1;
                    }
                }
                _ => {}
            }
        }
        bytes.len()
    }
}

/// An input that knows where it is, and takes back what was read to look at it.
struct Tracked<R> {
    input: R,
    put_back: Vec<u8>,
    /// How much of what was put back was read again.
    taken: usize,
    line: u64,
    offset: u64,
}

impl<R: BufRead> Tracked<R> {
    fn put_back(&mut self, bytes: Vec<u8>) {
        self.put_back = bytes;
        self.taken = 0;
    }

    /// Reads a line, alike, into an empty buffer.
    fn read_line_up_to(&mut self, line: &mut Vec<u8>) -> io::Result<()> {
        if self.taken < self.put_back.len() {
            return read_line_up_to(self, line);
        }
        // Its end is known then, and need not be looked for once more.
        read_line_up_to(&mut self.input, line)?;
        self.offset += line.len() as u64;
        self.line += u64::from(line.ends_with(b"\n"));
        Ok(())
    }

    /// Passes over bytes, as long as they are such.
    fn skip_while(&mut self, such: impl Fn(u8) -> bool) -> io::Result<()> {
        loop {
            let buffer = self.fill_buf()?;
            let length = buffer.len();
            let end = buffer.iter().position(|byte| !such(*byte));
            self.consume(end.unwrap_or(length));
            if end.is_some() || length == 0 {
                return Ok(());
            }
        }
    }
}

impl<R: BufRead> Read for Tracked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(buffer.len());
        buffer[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Tracked<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.taken < self.put_back.len() {
            return Ok(&self.put_back[self.taken..]);
        }
        self.put_back = Vec::new();
        self.taken = 0;
        self.input.fill_buf()
    }

    /// Only of what the last `fill_buf` gave.
    fn consume(&mut self, count: usize) {
        #[expect(
            clippy::naive_bytecount,
            reason = "it is vectorised, and far from what takes the time"
        )]
        let lines = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.offset += count as u64;
        if self.taken < self.put_back.len() {
            self.line += lines(&self.put_back[self.taken..self.taken + count]);
            self.taken += count;
            return;
        }
        if let Ok(buffer) = self.input.fill_buf() {
            self.line += lines(&buffer[..count]);
        }
        self.input.consume(count);
    }
}

/// Reads a line of at most one byte more than a record may have, its end included.
fn read_line_up_to(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<()> {
    let mut input = input.take(MOST_RECORD_BYTES + 1);
    loop {
        let buffer = match input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            buffer => buffer?,
        };
        let end = memchr(b'\n', buffer);
        let count = end.map_or(buffer.len(), |end| end + 1);
        line.extend_from_slice(&buffer[..count]);
        input.consume(count);
        if end.is_some() || count == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Values = Vec<Result<(String, u64, u64), (u64, String)>>;

    /// Reads through a buffer of so many bytes.
    fn read_by(text: &[u8], buffer: usize) -> Values {
        let mut records = JsonRecords::new(io::BufReader::with_capacity(buffer, text));
        let mut all = Vec::new();
        while let Some(record) = records.next_record().unwrap() {
            all.push(match record {
                Ok(Record { bytes, place }) => Ok((
                    String::from_utf8_lossy(bytes).into_owned(),
                    place.line.unwrap(),
                    place.offset,
                )),
                Err(broken) => Err((broken.place.line.unwrap(), broken.message)),
            });
        }
        all
    }

    fn read(text: &str) -> Values {
        read_by(text.as_bytes(), 3)
    }

    fn ok(text: &str, line: u64, offset: u64) -> Values {
        vec![Ok((text.to_owned(), line, offset))]
    }

    fn broken(line: u64, message: &str) -> Values {
        vec![Err((line, message.to_owned()))]
    }

    #[test]
    fn a_value_a_line_is_read_line_by_line_and_a_bad_line_costs_no_other() {
        assert_eq!(
            read("{\"a\":1}\n\n{\"a\":\r\n{\"a\":3}"),
            [
                ok("{\"a\":1}", 1, 0),
                ok("{\"a\":", 3, 9),
                ok("{\"a\":3}", 4, 16)
            ]
            .concat()
        );
    }

    #[test]
    fn values_may_stand_over_several_lines() {
        assert_eq!(
            read("\u{feff}\n{\n \"a\": \"}{\\\"\"\n}\n{}\n"),
            [ok("{\n \"a\": \"}{\\\"\"\n}", 2, 4), ok("{}", 5, 21)].concat()
        );
    }

    #[test]
    fn the_items_of_a_list_are_values() {
        assert_eq!(
            read("[\n{\"a\":[1,2]},{}\n,\n{\"b\":{}}]"),
            [
                ok("{\"a\":[1,2]}", 2, 2),
                ok("{}", 2, 14),
                ok("{\"b\":{}}", 4, 19)
            ]
            .concat()
        );
        assert_eq!(read("[]"), []);
        assert_eq!(read(""), []);
    }

    #[test]
    fn what_is_no_value_is_told_with_its_line() {
        assert_eq!(
            read("[1,\n{}]"),
            [broken(1, "this is not a JSON object"), ok("{}", 2, 4)].concat()
        );
        assert_eq!(
            read("[{},\n{\"a\": [}"),
            [ok("{}", 1, 1), broken(2, "this JSON object does not end")].concat()
        );
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over_without_being_held() {
        let long = io::repeat(b'x').take(MOST_RECORD_BYTES + 5);
        let input = b"{\"a\":1}\n".chain(long).chain(&b"\n{\"a\":2}"[..]);
        let mut records = JsonRecords::new(io::BufReader::with_capacity(1 << 16, input));
        assert_eq!(
            records.next_record().unwrap().unwrap().unwrap().bytes,
            b"{\"a\":1}"
        );
        let broken = records.next_record().unwrap().unwrap().unwrap_err();
        assert!(broken.message.contains("67108864"), "{}", broken.message);
        assert_eq!(
            records.next_record().unwrap().unwrap().unwrap().bytes,
            b"{\"a\":2}"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_to_their_end_alike_through_any_buffer(
            bytes in prop::collection::vec(
                prop_oneof![prop::sample::select(&b"{}[]\",\\ \n:1a"[..]), any::<u8>()], 0..200),
            buffer in 3_usize..64,
        ) {
            prop_assert_eq!(read_by(&bytes, buffer), read_by(&bytes, 4096));
        }
    }
}
