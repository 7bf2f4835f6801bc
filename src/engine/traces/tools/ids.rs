//! Ids of traces and spans as bytes, whatever another tool calls its own: hexadecimal digits stay what
//! they are, and anything else has its digest, so that the same id is the same again.

use crate::domain::digest::Digest;

use super::super::otlp::{SPAN_ID_BYTES, TRACE_ID_BYTES};

/// The id of a trace: its 32 hexadecimal digits, those of a UUID among them.
pub(in super::super) fn trace_id(said: &str) -> String {
    digits(said, TRACE_ID_BYTES).unwrap_or_else(|| digest("trace", said, TRACE_ID_BYTES))
}

/// The id of a span: its 16 hexadecimal digits.
pub(in super::super) fn span_id(said: &str) -> String {
    digits(said, SPAN_ID_BYTES).unwrap_or_else(|| digest("span", said, SPAN_ID_BYTES))
}

fn digits(said: &str, bytes: usize) -> Option<String> {
    let id: String = said
        .chars()
        .filter(|character| *character != '-')
        .map(|character| character.to_ascii_lowercase())
        .collect();
    let usable = id.len() == 2 * bytes
        && id.bytes().all(|byte| byte.is_ascii_hexdigit())
        && id.bytes().any(|byte| byte != b'0');
    usable.then_some(id)
}

fn digest(what: &str, said: &str, bytes: usize) -> String {
    let mut id = Digest::of(format!("{what}\0{said}").as_bytes()).to_string();
    id.truncate(2 * bytes);
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_digits_and_uuids_stay_what_they_are() {
        let id = "5b8efff798038103d269b633813fc60c";
        assert_eq!(trace_id(id), id);
        assert_eq!(trace_id("5B8EFFF7-9803-8103-D269-B633813FC60C"), id);
        assert_eq!(span_id("EEE19B7EC3C1B174"), "eee19b7ec3c1b174");
    }

    #[test]
    fn any_other_id_has_its_digest_which_is_the_same_again_and_another_for_another() {
        for (one, other) in [
            ("clx3k2", "clx3k3"),
            ("", "0"),
            ("00000000000000000000000000000000", "größe"),
        ] {
            assert_eq!(trace_id(one), trace_id(one));
            assert_ne!(trace_id(one), trace_id(other));
            assert_eq!((trace_id(one).len(), span_id(one).len()), (32, 16));
        }
    }
}
