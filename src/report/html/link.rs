//! Addresses of the pages of `view`. What comes from outside is encoded, so that it stays one segment or
//! one value, whatever it is.

use std::fmt::Write as _;

use crate::domain::deployment::ReleaseName;

/// The address of a page: its segments, each encoded.
pub fn path(segments: &[&str]) -> String {
    let mut text = String::new();
    for segment in segments {
        text.push('/');
        encode(segment, &mut text);
    }
    text
}

/// The address with what is asked of the page: names and values. What has no value is left out.
pub fn query(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut text = path.to_owned();
    let given = pairs.iter().filter(|(_, value)| !value.is_empty());
    for (index, (name, value)) in given.enumerate() {
        text.push(if index == 0 { '?' } else { '&' });
        encode(name, &mut text);
        text.push('=');
        encode(value, &mut text);
    }
    text
}

/// The page of a record.
pub fn record(release: &ReleaseName) -> String {
    path(&[
        "lanes",
        release.lane.as_str(),
        &release.sequence.to_string(),
    ])
}

/// The page of a trace.
pub fn trace(trace: &str) -> String {
    path(&["traces", trace])
}

/// The page of a span.
pub fn span(trace: &str, span: &str) -> String {
    path(&["traces", trace, span])
}

/// Everything but what has no meaning in an address (RFC 3986, section 2.3) becomes hexadecimal.
fn encode(text: &str, to: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            to.push(char::from(byte));
        } else {
            let _ = write!(to, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_stays_one_segment_or_value() {
        assert_eq!(path(&["traces", "a/b?c#d e"]), "/traces/a%2Fb%3Fc%23d%20e");
        assert_eq!(path(&["runs", "ü<\"'"]), "/runs/%C3%BC%3C%22%27");
        assert_eq!(
            query("/traces", &[("where", "a = 1 & b"), ("since", "")]),
            "/traces?where=a%20%3D%201%20%26%20b"
        );
    }
}
