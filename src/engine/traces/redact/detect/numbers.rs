//! Numbers by their digits: payment cards, bank accounts, telephones, social security.

use crate::domain::redaction::{BuiltIn, Validator};

use super::{begins_word, ends_word};

/// How many digits a number of a telephone has with the code of its country (ITU-T E.164).
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// A row of digits, and where it stands.
#[derive(Debug, Clone, Copy)]
struct Group {
    start: usize,
    end: usize,
}

impl Group {
    fn length(self) -> usize {
        self.end - self.start
    }
}

/// Finds numbers of every sort.
pub(super) fn find(text: &[u8], add: &mut impl FnMut(BuiltIn, usize, usize)) {
    let mut at = 0;
    let mut groups = Vec::new();
    while at < text.len() {
        if text[at].is_ascii_uppercase() {
            if let Some(end) = iban(text, at) {
                add(BuiltIn::Iban, at, end);
                at = end;
                continue;
            }
        } else if text[at].is_ascii_digit() && begins_word(text, at) {
            at = read_groups(text, at, &mut groups);
            if !ends_word(text, at) {
                groups.pop();
            }
            classify(text, &groups, add);
            continue;
        }
        at += 1;
    }
}

/// Reads groups of digits with one separator between each two; where they end.
fn read_groups(text: &[u8], start: usize, groups: &mut Vec<Group>) -> usize {
    groups.clear();
    let mut at = start;
    loop {
        let length = text[at..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        groups.push(Group {
            start: at,
            end: at + length,
        });
        at += length;
        let gap = separator(&text[at..]);
        let goes_on = gap > 0 && text.get(at + gap).is_some_and(u8::is_ascii_digit);
        if !goes_on {
            return at;
        }
        at += gap;
    }
}

/// How long the separator is that a text begins with.
fn separator(text: &[u8]) -> usize {
    match text {
        [b')', b' ' | b'-', ..] | [b' ', b'(', ..] => 2,
        [b' ' | b'-' | b'.' | b')' | b'(' | b'/', ..] => 1,
        _ => 0,
    }
}

/// Tells what groups of digits are. What one number took, no other takes.
fn classify(text: &[u8], groups: &[Group], add: &mut impl FnMut(BuiltIn, usize, usize)) {
    let mut rest = groups;
    while let [first, ..] = rest {
        let found = card(text, rest).map(|count| (BuiltIn::Card, first.start, count));
        let found = found
            .or_else(|| ssn(text, rest).map(|count| (BuiltIn::UsSsn, first.start, count)))
            .or_else(|| phone(text, rest).map(|(start, count)| (BuiltIn::Phone, start, count)));
        let Some((pattern, start, count)) = found else {
            rest = &rest[1..];
            continue;
        };
        add(pattern, start, rest[count - 1].end);
        rest = &rest[count..];
    }
}

/// What stands between two groups.
fn between<'t>(text: &'t [u8], groups: &[Group], index: usize) -> &'t [u8] {
    &text[groups[index].end..groups[index + 1].start]
}

/// How many groups make the number of a card.
fn card(text: &[u8], groups: &[Group]) -> Option<usize> {
    const MOST_GROUPS: usize = 5;
    let mut digits = Vec::with_capacity(20);
    for (index, group) in groups.iter().enumerate().take(MOST_GROUPS) {
        if index > 0 && !matches!(between(text, groups, index - 1), b" " | b"-") {
            return None;
        }
        digits.extend_from_slice(&text[group.start..group.end]);
        if digits.len() > 19 {
            return None;
        }
        if is_card(&digits) {
            return Some(index + 1);
        }
    }
    None
}

/// Whether digits begin and are as long as those of a network, and their check digit is right.
fn is_card(digits: &[u8]) -> bool {
    let Ok(number) = std::str::from_utf8(digits) else {
        return false;
    };
    let prefix = |length: usize| number.get(..length)?.parse::<u32>().ok();
    let (Some(two), Some(three), Some(four)) = (prefix(2), prefix(3), prefix(4)) else {
        return false;
    };
    let of_network = match digits.len() {
        13 | 19 if digits[0] == b'4' => true,
        14 => matches!(three, 300..=305) || matches!(two, 36 | 38 | 39),
        15 => matches!(two, 34 | 37),
        16 => {
            digits[0] == b'4'
                || matches!(two, 51..=55 | 62 | 65)
                || matches!(three, 644..=649)
                || matches!(four, 2221..=2720 | 3528..=3589 | 6011)
        }
        17..=19 => two == 62,
        _ => false,
    };
    of_network && Validator::Luhn.passes(number)
}

/// Three groups with hyphens, none of which was never given out.
fn ssn(text: &[u8], groups: &[Group]) -> Option<usize> {
    let [area, group, serial, ..] = groups else {
        return None;
    };
    let lengths = [area.length(), group.length(), serial.length()];
    let hyphens = between(text, groups, 0) == b"-" && between(text, groups, 1) == b"-";
    let digits = |it: &Group| &text[it.start..it.end];
    let given_out = digits(area) != b"000"
        && digits(area) != b"666"
        && digits(area)[0] != b'9'
        && digits(group) != b"00"
        && digits(serial) != b"0000";
    let alone = groups.len() == 3 || between(text, groups, 2) != b"-";
    (lengths == [3, 2, 4] && hyphens && given_out && alone).then_some(3)
}

/// Where the number of a telephone begins, and how many groups it takes.
fn phone(text: &[u8], groups: &[Group]) -> Option<(usize, usize)> {
    let first = groups[0];
    let before = first.start.checked_sub(1).map(|at| text[at]);
    if before == Some(b'+') && begins_word(text, first.start - 1) {
        let mut digits = 0;
        let mut count = 0;
        for group in groups {
            if digits + group.length() > *PHONE_DIGITS.end() {
                break;
            }
            digits += group.length();
            count += 1;
        }
        let whole = PHONE_DIGITS.contains(&digits);
        return whole.then_some((first.start - 1, count));
    }
    let (lead, rest) = match groups {
        [lead, rest @ ..] if text[lead.start..lead.end] == *b"1" => (1, rest),
        all => (0, all),
    };
    let [area, exchange, line, ..] = rest else {
        return None;
    };
    let lengths = [area.length(), exchange.length(), line.length()];
    // Neither part begins with 0 or 1 (North American Numbering Plan).
    let is_part = |it: &Group| text[it.start] >= b'2';
    let bracket = before == Some(b'(') && lead == 0;
    let start = first.start - usize::from(bracket);
    let dots = (lead..lead + 2).all(|index| between(text, groups, index) != b"/");
    (lengths == [3, 3, 4] && is_part(area) && is_part(exchange) && dots)
        .then_some((start, lead + 3))
}

/// The end of the number of a bank account that begins at a place.
fn iban(text: &[u8], start: usize) -> Option<usize> {
    let [
        country @ (b'A'..=b'Z'),
        second @ (b'A'..=b'Z'),
        b'0'..=b'9',
        b'0'..=b'9',
        ..,
    ] = text[start..]
    else {
        return None;
    };
    if !begins_word(text, start) {
        return None;
    }
    let length = iban_length([country, second])?;
    let mut plain = String::with_capacity(length);
    let mut at = start;
    while plain.len() < length {
        let byte = *text.get(at)?;
        let gap = matches!(byte, b' ' | b'-') && plain.len().is_multiple_of(4);
        if byte.is_ascii_digit() || byte.is_ascii_uppercase() {
            plain.push(char::from(byte));
        } else if !gap || matches!(text[at - 1], b' ' | b'-') {
            return None;
        }
        at += 1;
    }
    (ends_word(text, at) && Validator::Mod97.passes(&plain)).then_some(at)
}

/// How long the numbers of a country's accounts are (SWIFT, IBAN registry).
fn iban_length(country: [u8; 2]) -> Option<usize> {
    const LENGTHS: [(usize, &str); 18] = [
        (15, "NO"),
        (16, "BE"),
        (18, "DKFIFKFOGLNLSD"),
        (19, "MKSI"),
        (20, "ATBAEEKZLTLUMNXK"),
        (21, "CHHRLILV"),
        (22, "BGBHCRDEGBGEIEMERSVA"),
        (23, "AEGIILIQOMSOTL"),
        (24, "ADCZESMDPKROSASESKTNVG"),
        (25, "LYPTST"),
        (26, "ISTR"),
        (27, "BIDJFRGRITMCMRSM"),
        (28, "ALAZBYCYDOGTHNHULBNIPLSV"),
        (29, "BREGPSQAUA"),
        (30, "JOKWMUYE"),
        (31, "MTSC"),
        (32, "LC"),
        (33, "RU"),
    ];
    let found = LENGTHS.iter().find(|(_, countries)| {
        let mut codes = countries.as_bytes().chunks_exact(2);
        codes.any(|code| code == country)
    });
    found.map(|(length, _)| *length)
}

#[cfg(test)]
mod tests {
    use super::super::tests::found;

    #[test]
    fn cards_are_found_however_they_are_grouped() {
        for text in [
            "4111111111111111",
            "4111 1111 1111 1111",
            "5555-5555-5555-4444",
            "378282246310005",
            "3782 822463 10005",
            "6011111111111117",
        ] {
            assert_eq!(found(text), [("card", text)]);
            assert_eq!(found(&format!("({text}), 12/29")), [("card", text)]);
            assert_eq!(found(&format!("x{text}")), [], "{text}");
        }
        assert_eq!(
            found("4111 1111 1111 1111 737"),
            [("card", "4111 1111 1111 1111")]
        );
        for text in [
            "4111111111111112",
            "1111111111111111",
            "41111111111111111111",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn accounts_are_found_however_they_are_grouped() {
        for text in [
            "DE89370400440532013000",
            "DE89 3704 0044 0532 0130 00",
            "GB82 WEST 1234 5698 7654 32",
            "NO93 8601 1117 947",
            "MT84 MALT 0110 0001 2345 MTLC AST0 01S",
        ] {
            assert_eq!(found(&format!("to {text}, now")), [("iban", text)]);
        }
        for text in [
            "DE88370400440532013000",
            "XX89370400440532013000",
            "ADE89370400440532013000",
        ] {
            assert!(
                !found(text).iter().any(|(name, _)| *name == "iban"),
                "{text}"
            );
        }
    }

    #[test]
    fn telephones_are_found_with_a_country_or_as_north_america_groups_them() {
        for text in [
            "+49 30 901820",
            "+1 (555) 234-5678",
            "+442071838750",
            "(555) 234-5678",
            "555-234-5678",
            "1-555-234-5678",
        ] {
            assert_eq!(found(&format!("call {text}.")), [("phone", text)]);
        }
        for text in [
            "123-456-7890",
            "+1234",
            "555-2345678",
            "2026-03-01",
            "a+49 30 901820",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn social_security_is_told_from_other_numbers_with_hyphens() {
        assert_eq!(found("SSN 123-45-6789."), [("us-ssn", "123-45-6789")]);
        for text in [
            "000-45-6789",
            "666-45-6789",
            "900-45-6789",
            "123-00-6789",
            "123-45-67890",
            "123-45-6789-1",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn many_digits_take_no_time() {
        assert_eq!(found(&"1 ".repeat(500_000)), []);
        assert_eq!(found(&"1".repeat(1_000_000)), []);
        assert_eq!(found(&"AA11".repeat(200_000)), []);
    }
}
