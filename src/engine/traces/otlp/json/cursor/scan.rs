//! Where texts and numbers end.

/// A number as it is spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    /// A whole one.
    Whole(i64),
    /// One with a point or an exponent, or a whole one that is too large.
    Other,
}

/// The first byte from a place on that cannot stand in a text as it is: a quotation mark, a backslash, a
/// control character, or the end.
pub(super) fn end_of_plain(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    // Eight at a time, by the way to find a byte in a word (Mycroft, 1987). What is found behind the
    // first may be none.
    while let Some(eight) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*eight);
        let found = has(word ^ repeated(b'"')) | has(word ^ repeated(b'\\')) | below_space(word);
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let is_plain = |byte: &&u8| **byte != b'"' && **byte != b'\\' && **byte >= b' ';
    at + bytes[at..].iter().take_while(is_plain).count()
}

const fn repeated(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The highest bit of each byte that is zero.
fn has(word: u64) -> u64 {
    word.wrapping_sub(repeated(1)) & !word & repeated(0x80)
}

/// The highest bit of each byte that is below a space.
fn below_space(word: u64) -> u64 {
    word.wrapping_sub(repeated(b' ')) & !word & repeated(0x80)
}

/// The number that begins at a place, and its end. The error is the place at which a digit is missing.
pub(super) fn number_at(bytes: &[u8], from: usize) -> Result<(Number, usize), usize> {
    let at = |place: usize| bytes.get(place).copied().unwrap_or_default();
    let is_negative = at(from) == b'-';
    let start = from + usize::from(is_negative);
    let mut end = digits(bytes, start)?;
    if at(start) == b'0' && end > start + 1 {
        return Err(start + 1);
    }
    let mut is_whole = true;
    if at(end) == b'.' {
        is_whole = false;
        end = digits(bytes, end + 1)?;
    }
    if matches!(at(end), b'e' | b'E') {
        is_whole = false;
        let sign = usize::from(matches!(at(end + 1), b'+' | b'-'));
        end = digits(bytes, end + 1 + sign)?;
    }
    let whole = || {
        let mut whole: i64 = 0;
        for byte in &bytes[start..end] {
            let digit = i64::from(byte - b'0');
            let digit = if is_negative { -digit } else { digit };
            whole = whole.checked_mul(10)?.checked_add(digit)?;
        }
        // A zero with a sign is a number of its own.
        (whole != 0 || !is_negative).then_some(whole)
    };
    let whole = if is_whole { whole() } else { None };
    Ok((whole.map_or(Number::Other, Number::Whole), end))
}

/// The end of at least one digit.
fn digits(bytes: &[u8], from: usize) -> Result<usize, usize> {
    let rest = bytes.get(from..).unwrap_or_default();
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if count == 0 {
        return Err(from);
    }
    Ok(from + count)
}
