//! Text from outside, made safe to show: it can neither drive the terminal nor hide in it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

/// Wraps a text that we did not write. Displaying it neutralises control characters, terminal
/// escapes, bidirectional overrides and zero-width characters; line breaks and tabs become visible
/// escapes, so that one value stays on one line. What a runner of CI would take for a command is
/// spelt so that it takes it for text.
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

/// A text of JSON in which every character can be seen, and no runner of CI finds a command: what else
/// there would be, which stands within texts only, becomes escapes that mean the same.
pub fn visible_json(json: &str) -> Cow<'_, str> {
    use fmt::Write as _;
    let must_change = |(at, character): (usize, char)| {
        let is_structure = matches!(character, '\n' | '\t' | '\r');
        (is_hidden(character) && !is_structure) || begins_runner_command(&json[at..], false)
    };
    if !json.char_indices().any(must_change) {
        return Cow::Borrowed(json);
    }
    let mut visible = String::with_capacity(json.len() + 64);
    for (at, character) in json.char_indices() {
        if must_change((at, character)) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to memory cannot fail.
                let _ = write!(visible, "\\u{unit:04x}");
            }
        } else {
            visible.push(character);
        }
    }
    Cow::Owned(visible)
}

/// What runners of CI look for in every line that is printed, wherever it stands there: those of
/// GitHub (the older form), of Azure Pipelines and of `TeamCity`.
const RUNNER_COMMANDS: [&str; 3] = ["##[", "##vso[", "##teamcity["];

/// Whether what begins here is a command to a runner of CI. GitHub's newer form counts at the start of
/// a line only, after white space.
/// <https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions>
fn begins_runner_command(rest: &str, starts_line: bool) -> bool {
    (starts_line && rest.starts_with("::"))
        || (rest.starts_with("##") && RUNNER_COMMANDS.iter().any(|it| rest.starts_with(it)))
}

fn write_safe(text: &str, keep_lines: bool, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    use fmt::Write as _;
    let mut starts_line = true;
    for (at, character) in text.char_indices() {
        let is_command = begins_runner_command(&text[at..], starts_line);
        starts_line =
            (starts_line && character.is_whitespace()) || (keep_lines && character == '\n');
        match character {
            '\n' | '\t' if keep_lines => formatter.write_char(character)?,
            '\n' => formatter.write_str("\\n")?,
            '\r' => formatter.write_str("\\r")?,
            '\t' => formatter.write_str("\\t")?,
            hidden if is_command || is_hidden(hidden) => {
                write!(formatter, "\\u{{{:x}}}", u32::from(hidden))?;
            }
            plain => formatter.write_char(plain)?,
        }
    }
    Ok(())
}

/// Whether a character is one that nobody sees: control characters (C0, DEL, C1), bidirectional controls, zero-width and other invisible
/// formatting characters, line and paragraph separators, tags and private-use characters.
pub fn is_hidden(character: char) -> bool {
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
    fn commands_of_runners_are_spelt_out() {
        for (text, shown) in [
            ("::error::x", "\\u{3a}:error::x"),
            (" \t::error::x", " \\t\\u{3a}:error::x"),
            ("std::io", "std::io"),
            ("see ##[error]", "see \\u{23}#[error]"),
            ("##vso[a]##teamcity[b]", "\\u{23}#vso[a]\\u{23}#teamcity[b]"),
            ("## Title [x]", "## Title [x]"),
        ] {
            assert_eq!(Untrusted(text).to_string(), shown);
        }
        assert_eq!(
            UntrustedBlock("a::b\n  ::stop-commands::c").to_string(),
            "a::b\n  \\u{3a}:stop-commands::c"
        );
    }

    #[test]
    fn json_means_the_same_when_every_character_of_it_can_be_seen() {
        let said = "\u{7f}\u{9b}2J ##[a] \u{202e} \u{feff} \u{e0041} 👨\u{200d}👩 é\n\t";
        let json = serde_json::to_string_pretty(&[said]).unwrap();
        let visible = visible_json(&json);
        assert!(!visible.contains(|it| is_hidden(it) && it != '\n'));
        assert!(visible.contains("\\udb40\\udc41") && visible.contains('é'));
        assert!(visible.contains("\\u0023#[a]"), "{visible}");
        let read: [String; 1] = serde_json::from_str(&visible).unwrap();
        assert_eq!(read, [said]);
        assert!(matches!(visible_json("[\"a\"]\n"), Cow::Borrowed(_)));
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
