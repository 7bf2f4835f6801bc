//! Messages with their lengths before them, as the collector's file exporter writes them.

use std::io::{self, BufRead, Read as _};

use super::inflate::{MOST_RECORD_BYTES, inflate_message};
use super::sniff::ZSTD;
use super::{BrokenRecord, Record, RecordPlace};

/// How many bytes a length has. The highest comes first.
const LENGTH_BYTES: usize = 4;

/// Reads messages one by one.
pub struct FrameRecords<R> {
    input: R,
    /// The file is one message without a length.
    one: bool,
    message: Vec<u8>,
    place: RecordPlace,
    next_offset: u64,
    ended: bool,
}

impl<R: BufRead> FrameRecords<R> {
    /// Messages with their lengths.
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            one: false,
            message: Vec::new(),
            place: RecordPlace::default(),
            next_offset: 0,
            ended: false,
        }
    }

    /// One message without a length.
    pub(super) fn one(input: R) -> Self {
        Self {
            one: true,
            ..Self::new(input)
        }
    }

    pub(super) fn next_record(&mut self) -> io::Result<Option<Result<Record<'_>, BrokenRecord>>> {
        if self.ended {
            return Ok(None);
        }
        self.place.record += 1;
        self.place.offset = self.next_offset;
        let length = if self.one {
            self.ended = true;
            MOST_RECORD_BYTES
        } else {
            match self.length()? {
                Some(Ok(length)) => length,
                Some(Err(message)) => return Ok(Some(Err(self.broken(message, true)))),
                None => return Ok(None),
            }
        };
        self.message.clear();
        let limit = length + u64::from(self.one);
        let count = (&mut self.input)
            .take(limit)
            .read_to_end(&mut self.message)? as u64;
        self.next_offset += count;
        if self.one && count > length {
            let message = format!("the message is longer than {MOST_RECORD_BYTES} bytes");
            return Ok(Some(Err(self.broken(message, true))));
        }
        if !self.one && count < length {
            let message = format!("the message is cut off: {count} of {length} bytes are there");
            return Ok(Some(Err(self.broken(message, true))));
        }
        if self.message.starts_with(ZSTD) {
            match inflate_message(&self.message) {
                Ok(message) => self.message = message,
                Err(error) => {
                    let message = format!("the compressed message cannot be read: {error}");
                    return Ok(Some(Err(self.broken(message, false))));
                }
            }
        }
        let record = Record {
            bytes: &self.message,
            place: self.place,
        };
        Ok(Some(Ok(record)))
    }

    /// The length of the next message; `None`: the file ends here.
    fn length(&mut self) -> io::Result<Option<Result<u64, String>>> {
        let mut bytes = Vec::with_capacity(LENGTH_BYTES);
        (&mut self.input)
            .take(LENGTH_BYTES as u64)
            .read_to_end(&mut bytes)?;
        self.next_offset += bytes.len() as u64;
        let Ok(bytes) = <[u8; LENGTH_BYTES]>::try_from(bytes.as_slice()) else {
            let torn = "the length of a message is cut off".to_owned();
            return Ok((!bytes.is_empty()).then_some(Err(torn)));
        };
        let length = u64::from(u32::from_be_bytes(bytes));
        if length > MOST_RECORD_BYTES {
            let message = format!(
                "a message of {length} bytes is announced, and at most {MOST_RECORD_BYTES} are \
                 read: the file is damaged here, or it is no file of messages"
            );
            return Ok(Some(Err(message)));
        }
        Ok(Some(Ok(length)))
    }

    fn broken(&mut self, message: String, is_last: bool) -> BrokenRecord {
        self.ended |= is_last;
        BrokenRecord {
            place: self.place,
            message,
            is_last,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &[u8]) -> Vec<Result<(Vec<u8>, u64), String>> {
        let mut records = FrameRecords::new(file);
        let mut all = Vec::new();
        while let Some(record) = records.next_record().unwrap() {
            all.push(match record {
                Ok(record) => Ok((record.bytes.to_vec(), record.place.offset)),
                Err(broken) => Err(broken.message),
            });
        }
        all
    }

    fn framed(message: &[u8]) -> Vec<u8> {
        let length = u32::try_from(message.len()).unwrap();
        [&length.to_be_bytes(), message].concat()
    }

    #[test]
    fn messages_are_read_by_their_lengths_compressed_or_not() {
        let compressed = zstd::encode_all(&b"second"[..], 3).unwrap();
        let file = [framed(b"first"), framed(&compressed), framed(b"")].concat();
        let offsets = [0, 9, 9 + 4 + compressed.len() as u64];
        assert_eq!(
            read(&file),
            [
                Ok((b"first".to_vec(), offsets[0])),
                Ok((b"second".to_vec(), offsets[1])),
                Ok((Vec::new(), offsets[2])),
            ]
        );
    }

    #[test]
    fn a_torn_end_is_told_and_what_stands_before_it_is_kept() {
        let whole = [framed(b"first"), framed(b"second")].concat();
        for cut in 10..whole.len() {
            let read = read(&whole[..cut]);
            assert_eq!(read[0], Ok((b"first".to_vec(), 0)));
            assert!(read[1].as_ref().unwrap_err().contains("cut off"), "{cut}");
            assert_eq!(read.len(), 2);
        }
    }

    #[test]
    fn a_length_that_no_message_has_ends_the_file() {
        let file = [framed(b"first"), vec![0xFF; 100]].concat();
        let read = read(&file);
        assert_eq!(read.len(), 2);
        assert!(read[1].as_ref().unwrap_err().contains("4294967295"));
    }

    #[test]
    fn a_bomb_in_a_message_is_refused_and_the_next_message_is_read() {
        let bomb = zstd::encode_all(std::io::repeat(0).take(MOST_RECORD_BYTES + 1), 3).unwrap();
        let file = [framed(&bomb), framed(b"next")].concat();
        let read = read(&file);
        assert!(read[0].as_ref().unwrap_err().contains("more than"));
        assert_eq!(read[1].as_ref().unwrap().0, b"next");
    }
}
