//! JSON that stands in a text: what was said, in attributes and answers. Whoever sends it decides how much
//! it is, and two bytes (`[]`) can stand for a value of a hundred, so that its length says little.

use serde::Deserialize;
use serde::de::Error as _;

/// How many values such a text may hold. It comes to some 30 MiB at most.
pub const MOST_VALUES: usize = 250_000;

/// How deep they may be nested: as deep as serde reads.
const MOST_DEPTH: usize = 127;

/// The fewest bytes that a value takes: itself and a comma.
const LEAST_BYTES: usize = 2;

/// Reads a text as JSON, unless it holds more than [`MOST_VALUES`].
pub fn read<'t, T: Deserialize<'t>>(text: &'t str) -> serde_json::Result<T> {
    if holds_too_much(text) {
        let message = format!("it holds more than {MOST_VALUES} values");
        return Err(serde_json::Error::custom(message));
    }
    serde_json::from_str(text)
}

/// Whether a text that begins as JSON is more than is read, so that nobody knows what stands in it.
pub fn is_beyond_reading(text: &str) -> bool {
    holds_too_much(text) || (text.len() > MOST_DEPTH && Extent::of(text).depth > MOST_DEPTH)
}

fn holds_too_much(text: &str) -> bool {
    text.len() > LEAST_BYTES * MOST_VALUES && Extent::of(text).values > MOST_VALUES
}

/// How much JSON may hold, told by its brackets and commas.
#[derive(Debug, Default, PartialEq)]
struct Extent {
    values: usize,
    depth: usize,
}

impl Extent {
    fn of(text: &str) -> Self {
        let mut extent = Self {
            values: 1,
            depth: 0,
        };
        let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
        for byte in text.bytes() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_string => escaped = true,
                b'"' => in_string = !in_string,
                _ if in_string => {}
                b',' => extent.values += 1,
                b'[' | b'{' => {
                    extent.values += 1;
                    depth += 1;
                    extent.depth = extent.depth.max(depth);
                }
                b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        extent
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn what_holds_too_much_is_not_read_and_long_texts_are() {
        let many = format!("[{}0]", "[],".repeat(MOST_VALUES));
        assert!(read::<Value>(&many).is_err());
        assert!(is_beyond_reading(&many));
        let long = format!("[\"{}\"]", "[,\\\"".repeat(MOST_VALUES));
        assert!(read::<Value>(&long).is_ok());
        assert!(!is_beyond_reading(&long));
    }

    #[test]
    fn what_is_nested_too_deeply_is_beyond_reading_and_what_is_broken_is_not() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read::<Value>(&nested(MOST_DEPTH)).is_ok());
        assert!(!is_beyond_reading(&nested(MOST_DEPTH)));
        assert!(read::<Value>(&nested(MOST_DEPTH + 1)).is_err());
        assert!(is_beyond_reading(&nested(MOST_DEPTH + 1)));
        assert!(!is_beyond_reading(&"{".repeat(MOST_DEPTH)));
    }
}
