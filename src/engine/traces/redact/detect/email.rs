//! Addresses of electronic mail.

use crate::domain::redaction::BuiltIn;

/// The longest parts before and after the `@` (RFC 5321, 4.5.3.1).
const LONGEST_LOCAL: usize = 64;
const LONGEST_DOMAIN: usize = 255;

/// Finds addresses from their `@` on, to both sides.
pub(super) fn find(text: &[u8], add: &mut impl FnMut(BuiltIn, usize, usize)) {
    let signs = text.iter().enumerate().filter(|(_, byte)| **byte == b'@');
    for (at, _) in signs {
        let before = text[..at].iter().rev().take(LONGEST_LOCAL);
        let local = before.take_while(|byte| is_local(**byte)).count();
        let start = at - local;
        let start = start
            + text[start..at]
                .iter()
                .take_while(|byte| **byte == b'.')
                .count();
        if let Some(end) = end_of_domain(text, at + 1)
            && start < at
        {
            add(BuiltIn::Email, start, end);
        }
    }
}

/// RFC 5322 allows more, which addresses do not have and the text around them does.
fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._%+-".contains(&byte)
}

/// The end of a domain of at least two labels, the last of which is letters.
fn end_of_domain(text: &[u8], start: usize) -> Option<usize> {
    let rest = &text[start..];
    let is_domain = |byte: &&u8| byte.is_ascii_alphanumeric() || b".-".contains(byte);
    let length = rest
        .iter()
        .take(LONGEST_DOMAIN)
        .take_while(is_domain)
        .count();
    let mut domain = &rest[..length];
    while let [.., last] = domain {
        let dot = domain.iter().rposition(|byte| *byte == b'.')?;
        let top = &domain[dot + 1..];
        let named = dot > 0 && top.len() > 1 && top.iter().all(u8::is_ascii_alphabetic);
        if named && domain[dot - 1] != b'.' {
            return Some(start + domain.len());
        }
        domain = match last {
            b'.' | b'-' => &domain[..domain.len() - 1],
            _ => &domain[..dot],
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::tests::found;

    #[test]
    fn an_address_is_found_wherever_it_stands() {
        for (text, address) in [
            ("kim@example.com", "kim@example.com"),
            (
                "<kim.lee+shop@mail.example.co.uk>",
                "kim.lee+shop@mail.example.co.uk",
            ),
            ("Write to kim@example.com.", "kim@example.com"),
            ("mailto:KIM@EXAMPLE.COM?subject=x", "KIM@EXAMPLE.COM"),
            ("请写给kim@example.com谢谢", "kim@example.com"),
            ("a@b@example.org!", "b@example.org"),
            ("to='kim@example.com'", "kim@example.com"),
            ("kim@example.com.1", "kim@example.com"),
        ] {
            assert_eq!(found(text), [("email", address)], "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_an_address_is_left() {
        for text in [
            "@example.com",
            "kim@",
            "kim@localhost",
            "a @ b.de",
            "x@1.2",
            "@@@@..@",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn many_signs_take_no_time() {
        let text = "a@".repeat(200_000);
        assert_eq!(found(&text), []);
        let text = format!("{}@example.com", "a".repeat(1_000_000));
        assert_eq!(found(&text).len(), 1);
    }
}
