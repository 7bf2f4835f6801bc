//! What is compressed, as it was before; never more of it than a file of telemetry gives.

use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

use super::sniff::{GZIP, LOOK_BYTES, ZSTD};

/// The longest record that is read, in bytes. Collectors send a few megabytes at once.
pub const MOST_RECORD_BYTES: u64 = 64 * 1024 * 1024;

/// How many times smaller telemetry gets at most. Zeros get thousands of times smaller.
const MOST_RATIO: u64 = 250;

/// How much may come out before the ratio counts.
const RATIO_COUNTS_FROM: u64 = 64 * 1024 * 1024;

/// The memory that a zstd stream may ask for, as a power of two.
const MOST_WINDOW_LOG: u32 = 26;

const BUFFER_BYTES: usize = 256 * 1024;

/// A file's content; where the file is compressed with gzip or zstd, what it was before.
pub fn inflate<'a>(mut input: impl Read + Send + 'a) -> io::Result<Box<dyn BufRead + Send + 'a>> {
    let mut start = Vec::with_capacity(LOOK_BYTES);
    (&mut input)
        .take(LOOK_BYTES as u64)
        .read_to_end(&mut start)?;
    let (gzip, zstd) = (start.starts_with(GZIP), start.starts_with(ZSTD));
    let read = Arc::new(AtomicU64::new(0));
    let counted = Counted {
        input: Cursor::new(start).chain(input),
        count: Arc::clone(&read),
    };
    let whole = BufReader::with_capacity(BUFFER_BYTES, counted);
    if gzip {
        Ok(limited(MultiGzDecoder::new(whole), read))
    } else if zstd {
        let mut decoder = zstd::stream::read::Decoder::with_buffer(whole)?;
        decoder.window_log_max(MOST_WINDOW_LOG)?;
        Ok(limited(decoder, read))
    } else {
        Ok(Box::new(whole))
    }
}

fn limited<'a>(input: impl Read + Send + 'a, read: Arc<AtomicU64>) -> Box<dyn BufRead + Send + 'a> {
    let limited = Limited {
        input,
        read,
        given: 0,
    };
    Box::new(BufReader::with_capacity(BUFFER_BYTES, limited))
}

/// Counts what is read of the file.
struct Counted<R> {
    input: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.count.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Ends with an error where more comes out than can be.
struct Limited<R> {
    input: R,
    read: Arc<AtomicU64>,
    given: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.given += count as u64;
        let read = self.read.load(Ordering::Relaxed);
        if self.given > RATIO_COUNTS_FROM && self.given > read.saturating_mul(MOST_RATIO) {
            let message =
                format!("it is compressed more than {MOST_RATIO} times, which no telemetry is");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(count)
    }
}

/// What one message is compressed with by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Nothing.
    None,
    /// gzip.
    Gzip,
    /// zstd.
    Zstd,
}

/// Why a message that is compressed by itself gives none.
#[derive(Debug, thiserror::Error)]
pub enum InflateError {
    /// More comes out of it than any message has.
    #[error("it holds more than {MOST_RECORD_BYTES} bytes")]
    TooLarge,
    /// It is not compressed so, or it is damaged or cut off.
    #[error(transparent)]
    Damaged(#[from] io::Error),
}

/// One message that was compressed by itself.
pub fn inflate_whole(bytes: Vec<u8>, compression: Compression) -> Result<Vec<u8>, InflateError> {
    match compression {
        Compression::None if bytes.len() as u64 > MOST_RECORD_BYTES => Err(InflateError::TooLarge),
        Compression::None => Ok(bytes),
        Compression::Gzip => limited_message(MultiGzDecoder::new(&bytes[..])),
        Compression::Zstd => inflate_message(&bytes),
    }
}

/// The same for a message that is known to be compressed with zstd.
pub(super) fn inflate_message(bytes: &[u8]) -> Result<Vec<u8>, InflateError> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(bytes)?;
    decoder.window_log_max(MOST_WINDOW_LOG)?;
    limited_message(decoder)
}

fn limited_message(decoder: impl Read) -> Result<Vec<u8>, InflateError> {
    let mut message = Vec::new();
    decoder
        .take(MOST_RECORD_BYTES + 1)
        .read_to_end(&mut message)?;
    if message.len() as u64 > MOST_RECORD_BYTES {
        return Err(InflateError::TooLarge);
    }
    Ok(message)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn inflated(file: &[u8]) -> Vec<u8> {
        let mut content = Vec::new();
        let mut input = inflate(file).unwrap();
        input.read_to_end(&mut content).unwrap();
        content
    }

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_file_reads_alike_whether_it_is_compressed_or_not() {
        let content = b"{\"a\":1}\n".repeat(1_000);
        let zstd = zstd::encode_all(&content[..], 3).unwrap();
        assert_eq!(inflated(&content), content);
        assert_eq!(inflated(&gzip(&content)), content);
        assert_eq!(inflated(&zstd), content);
        let twice = [gzip(b"one"), gzip(b"two")].concat();
        assert_eq!(inflated(&twice), b"onetwo");
        let twice = [
            zstd::encode_all(&b"one"[..], 1),
            zstd::encode_all(&b"two"[..], 1),
        ];
        assert_eq!(inflated(&twice.map(Result::unwrap).concat()), b"onetwo");
        assert_eq!(inflated(b""), b"");
    }

    #[test]
    fn a_bomb_is_refused_before_it_is_large() {
        let zeros = io::repeat(0).take(RATIO_COUNTS_FROM * 2);
        let bomb = zstd::encode_all(zeros, 3).unwrap();
        let count = io::copy(&mut inflate(&bomb[..]).unwrap(), &mut io::sink());
        let message = count.unwrap_err().to_string();
        assert!(message.contains("more than 250 times"), "{message}");
    }

    #[test]
    fn what_is_cut_off_is_an_error() {
        let content = b"{\"a\":1}\n".repeat(1_000);
        for file in [gzip(&content), zstd::encode_all(&content[..], 3).unwrap()] {
            let cut = &file[..file.len() / 2];
            assert!(io::copy(&mut inflate(cut).unwrap(), &mut io::sink()).is_err());
        }
    }
}
