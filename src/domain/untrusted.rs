//! Text from outside, made safe to show: it can neither drive the terminal nor hide in it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

/// Wraps a text that we did not write. Displaying it neutralises control characters, terminal
/// escapes, bidirectional overrides and zero-width characters; line breaks and tabs become visible
/// escapes, so that one value stays on one line.
#[derive(Debug, Clone, Copy)]
pub struct Untrusted<'a>(pub &'a str);

impl fmt::Display for Untrusted<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_safe(self.0, false, formatter)
    }
}

/// Like [`Untrusted`], but line breaks and tabs stay as they are: for text shown as a block.
#[derive(Debug, Clone, Copy)]
pub struct UntrustedBlock<'a>(pub &'a str);

impl fmt::Display for UntrustedBlock<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_safe(self.0, true, formatter)
    }
}

/// The start of a text, at most `limit` characters, with `…` where something was cut off.
pub fn shorten(text: &str, limit: usize) -> Cow<'_, str> {
    match text.char_indices().nth(limit) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}

/// The characters of a text that nobody sees, line breaks and tabs left aside.
pub fn hidden_characters(text: &str) -> BTreeSet<char> {
    let hidden = |character: &char| !matches!(character, '\n' | '\t') && is_hidden(*character);
    text.chars().filter(hidden).collect()
}

fn write_safe(text: &str, keep_lines: bool, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    use fmt::Write as _;
    for character in text.chars() {
        match character {
            '\n' | '\t' if keep_lines => formatter.write_char(character)?,
            '\n' => formatter.write_str("\\n")?,
            '\r' => formatter.write_str("\\r")?,
            '\t' => formatter.write_str("\\t")?,
            hidden if is_hidden(hidden) => write!(formatter, "\\u{{{:x}}}", u32::from(hidden))?,
            plain => formatter.write_char(plain)?,
        }
    }
    Ok(())
}

/// Control characters (C0, DEL, C1), bidirectional controls, zero-width and other invisible
/// formatting characters, line and paragraph separators, tags and private-use characters.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{e000}'..='\u{f8ff}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
                | '\u{f0000}'..='\u{10ffff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_bidi_and_zero_width_characters_become_visible() {
        let hostile = "a\u{1b}[31mred\u{7}\u{9b}2J\u{202e}\u{200b}\r\n\tb";
        assert_eq!(
            Untrusted(hostile).to_string(),
            "a\\u{1b}[31mred\\u{7}\\u{9b}2J\\u{202e}\\u{200b}\\r\\n\\tb"
        );
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(shorten("你好吗", 2), "你好…");
        assert_eq!(shorten("你好", 2), "你好");
    }

    #[test]
    fn a_block_keeps_its_lines_and_plain_text_stays_as_it_is() {
        assert_eq!(
            UntrustedBlock("a\n\tb\u{1b}c").to_string(),
            "a\n\tb\\u{1b}c"
        );
        assert_eq!(Untrusted("Grüße, 你好, 🙂").to_string(), "Grüße, 你好, 🙂");
    }
}
