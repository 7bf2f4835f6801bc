//! Ids of traces and spans: bytes, which JSON spells as hexadecimal digits or, naively, as base64.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

/// How many bytes the id of a trace has.
pub const TRACE_ID_BYTES: usize = 16;

/// How many bytes the id of a span has.
pub const SPAN_ID_BYTES: usize = 8;

/// The id in lower-case hexadecimal digits; `None`: the text is not an id of so many bytes, or one
/// that is all zeros, which stands for no id.
pub fn hex_id(text: &str, bytes: usize) -> Option<String> {
    if text.len() == 2 * bytes {
        // Each byte is looked at, whatever those before it are: that way many are at once.
        let (digits, zero) = text.bytes().fold((true, true), |(digits, zero), byte| {
            (digits & byte.is_ascii_hexdigit(), zero && byte == b'0')
        });
        return (digits && !zero).then(|| text.to_ascii_lowercase());
    }
    let padded = text.ends_with('=');
    let decoded = if padded { &STANDARD } else { &STANDARD_NO_PAD }.decode(text);
    id_of_bytes(&decoded.ok()?, bytes)
}

/// The same, of the bytes themselves.
pub(super) fn id_of_bytes(id: &[u8], bytes: usize) -> Option<String> {
    let usable = id.len() == bytes && id.iter().any(|byte| *byte != 0);
    usable.then(|| hex(id))
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xF]);
    digits
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_digits_and_base64_spell_the_same_id() {
        let id = "5b8efff798038103d269b633813fc60c";
        for text in [
            id,
            "5B8EFFF798038103D269B633813FC60C",
            "W47/95gDgQPSabYzgT/GDA==",
            "W47/95gDgQPSabYzgT/GDA",
        ] {
            assert_eq!(hex_id(text, TRACE_ID_BYTES).as_deref(), Some(id), "{text}");
        }
        assert_eq!(
            hex_id("7uGbfsPBsXQ=", SPAN_ID_BYTES).as_deref(),
            Some("eee19b7ec3c1b174")
        );
    }

    #[test]
    fn what_is_no_id_is_none() {
        for text in [
            "",
            "5b8e",
            "00000000000000000000000000000000",
            "5b8efff798038103d269b633813fc60g",
            "not base64!",
            "AAAAAAAAAAAAAAAAAAAAAA==",
        ] {
            assert_eq!(hex_id(text, TRACE_ID_BYTES), None, "{text}");
        }
    }
}
