//! What a file is, by its first bytes.

/// The first bytes of a gzip stream.
pub(super) const GZIP: &[u8] = &[0x1F, 0x8B];

/// The first bytes of a zstd frame.
pub(super) const ZSTD: &[u8] = &[0x28, 0xB5, 0x2F, 0xFD];

/// The first bytes of a Parquet file.
const PARQUET: &[u8] = b"PAR1";

/// The mark that some programs put before a text in UTF-8.
pub(super) const BYTE_ORDER_MARK: &[u8] = &[0xEF, 0xBB, 0xBF];

/// How many bytes are looked at.
pub(super) const LOOK_BYTES: usize = 512;

/// How a file that is not compressed holds its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// JSON values.
    Json,
    /// Messages, each behind its length in four bytes, the highest first; compressed or not.
    Frames,
    /// One protobuf message.
    Message,
    /// Rows of text behind a header.
    Csv,
    /// A Parquet file.
    Parquet,
    /// Nothing at all.
    Empty,
}

/// How the file holds its records; `None`: it is nothing that we know.
pub fn sniff(start: &[u8]) -> Option<Framing> {
    if start.starts_with(PARQUET) {
        return Some(Framing::Parquet);
    }
    let text = start.strip_prefix(BYTE_ORDER_MARK).unwrap_or(start);
    let text = text.trim_ascii_start();
    match (start, text.first()) {
        (_, Some(b'{' | b'[')) => Some(Framing::Json),
        (_, None) => Some(Framing::Empty),
        // No message is as long as lengths that begin with a higher byte.
        ([0..=4, _, _, _, ..], _) => Some(Framing::Frames),
        ([0x0A, ..], _) => Some(Framing::Message),
        _ => is_csv_header(text).then_some(Framing::Csv),
    }
}

/// Whether the first line is names with commas between them.
fn is_csv_header(text: &[u8]) -> bool {
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let plain = |byte: &u8| byte.is_ascii_graphic() || [b' ', b'\r'].contains(byte);
    line.contains(&b',') && line.iter().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_first_bytes() {
        let cases: [(&[u8], Option<Framing>); 11] = [
            (b"{\"resourceSpans\":[]}", Some(Framing::Json)),
            (b"\xEF\xBB\xBF\r\n [", Some(Framing::Json)),
            (&[0, 0, 1, 0, 0x0A, 0x10], Some(Framing::Frames)),
            (&[0, 0, 1, 0, 0x28, 0xB5, 0x2F, 0xFD], Some(Framing::Frames)),
            (&[0x0A, 0x05, 0x0A], Some(Framing::Message)),
            (b"id,trace_id,type\r\n1,2,3", Some(Framing::Csv)),
            (b"PAR1\x15", Some(Framing::Parquet)),
            (b"", Some(Framing::Empty)),
            (b" \n", Some(Framing::Empty)),
            (b"hello there", None),
            (b"\x7FELF, and more", None),
        ];
        for (start, framing) in cases {
            assert_eq!(sniff(start), framing, "{start:?}");
        }
    }
}
