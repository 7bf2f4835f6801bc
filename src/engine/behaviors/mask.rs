//! Messages with everything masked that differs from one occurrence to the next: what is left is the
//! same for the same fault, and is its signature.

/// How much of a message counts, in characters.
const READ: usize = 400;

/// How long a signature is at most, in characters.
const LONGEST: usize = 160;

/// How long a unit behind a number is at most, in bytes: `ms`, `GiB`.
const UNIT: usize = 3;

const NUMBER: &str = "<n>";
const ID: &str = "<id>";
const TEXT: &str = "<text>";
const URL: &str = "<url>";
const EMAIL: &str = "<email>";

/// The signature of a message: its first line in lower case, with numbers, ids, addresses and quoted
/// texts masked. What redaction put in the place of something (`<email>`) stays.
pub(super) fn mask(message: &str) -> String {
    let line = message.lines().find(|line| !line.trim().is_empty());
    let line: Vec<char> = line.unwrap_or_default().chars().take(READ).collect();
    let mut masked = Masked::default();
    let mut at = 0;
    while at < line.len() {
        at = step(&line, at, &mut masked);
    }
    masked.finish()
}

/// Reads one piece; where the next one begins.
fn step(line: &[char], at: usize, masked: &mut Masked) -> usize {
    let character = line[at];
    if character.is_whitespace() || character.is_control() {
        masked.space();
        return at + 1;
    }
    if let Some(end) = placeholder(line, at) {
        masked.push(&line[at..end].iter().collect::<String>());
        return end;
    }
    if let Some(end) = quotation(line, at) {
        masked.push(TEXT);
        return end;
    }
    if let Some(end) = address(line, at) {
        masked.push(URL);
        return end;
    }
    let end = (at..line.len()).find(|index| !is_of_word(line[*index]));
    let end = end.unwrap_or(line.len());
    if end == at {
        masked.push(&character.to_string());
        return at + 1;
    }
    let whole: String = line[at..end].iter().collect();
    let word = whole.trim_end_matches(['.', ':', '!', '?', '/', '-']);
    masked.push(&mask_word(word));
    masked.push(&whole[word.len()..]);
    end
}

fn is_of_word(character: char) -> bool {
    !character.is_whitespace() && !character.is_control() && !"\"'`,;()[]{}<>=|".contains(character)
}

/// Where a mask ends that was there before: `<email>`.
fn placeholder(line: &[char], at: usize) -> Option<usize> {
    const LONGEST_NAME: usize = 24;
    if line[at] != '<' {
        return None;
    }
    let rest = &line[at + 1..];
    let length = rest.iter().take(LONGEST_NAME).position(|it| *it == '>')?;
    let is_name = |it: &char| it.is_ascii_alphanumeric() || "-_:".contains(*it);
    let named = length > 0 && rest[..length].iter().all(is_name);
    named.then_some(at + length + 2)
}

/// Where a quoted text ends. An apostrophe within a word quotes nothing.
fn quotation(line: &[char], at: usize) -> Option<usize> {
    let close = match line[at] {
        '"' => '"',
        '`' => '`',
        '\'' => '\'',
        '“' => '”',
        '«' => '»',
        _ => return None,
    };
    let is_letter = |index: usize| line.get(index).is_some_and(|it| it.is_alphanumeric());
    if at > 0 && is_letter(at - 1) {
        return None;
    }
    let closes = |index: &usize| line[*index] == close && (close != '\'' || !is_letter(index + 1));
    let end = (at + 1..line.len()).find(closes)?;
    (end > at + 1).then_some(end + 1)
}

/// Where an address of the web ends: at the next white space or quote.
fn address(line: &[char], at: usize) -> Option<usize> {
    let rest: String = line[at..].iter().take("https://".len()).collect();
    if !(rest.starts_with("http://") || rest == "https://") {
        return None;
    }
    let ends = |index: &usize| line[*index].is_whitespace() || "\"'<>".contains(line[*index]);
    Some((at..line.len()).find(ends).unwrap_or(line.len()))
}

fn mask_word(word: &str) -> String {
    if word.contains('@') {
        return EMAIL.to_owned();
    }
    if !word.contains(|it: char| it.is_ascii_digit()) {
        return word.to_lowercase();
    }
    let is_of_number = |it: char| it.is_ascii_digit() || ".,:-+/%$€#_".contains(it);
    let unit = word.trim_start_matches(is_of_number);
    let has_unit =
        unit.len() < word.len() && unit.len() <= UNIT && unit.chars().all(char::is_alphabetic);
    match (unit.is_empty(), has_unit) {
        (true, _) => NUMBER.to_owned(),
        (_, true) => format!("{NUMBER}{}", unit.to_lowercase()),
        _ => ID.to_owned(),
    }
}

/// A signature under construction.
#[derive(Default)]
struct Masked {
    text: String,
    space: bool,
}

impl Masked {
    fn space(&mut self) {
        self.space = !self.text.is_empty();
    }

    fn push(&mut self, piece: &str) {
        if piece.is_empty() {
            return;
        }
        if std::mem::take(&mut self.space) {
            self.text.push(' ');
        }
        self.text.push_str(piece);
    }

    /// The signature. Lists of masks count as one, however long they are.
    fn finish(self) -> String {
        let mut text = self.text;
        for mask in [NUMBER, ID, TEXT] {
            for gap in [", ", ",", " "] {
                let pair = format!("{mask}{gap}{mask}");
                while text.contains(&pair) {
                    text = text.replace(&pair, mask);
                }
            }
        }
        let cut = text.char_indices().nth(LONGEST);
        if let Some((end, _)) = cut {
            text.truncate(end);
        }
        text.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_same_fault_has_the_same_signature() {
        for (one, other, signature) in [
            (
                "Payment amount does not add up, total price is 327, but paid 255",
                "payment amount does not add up, total price is 1,204.50, but paid 9",
                "payment amount does not add up, total price is <n>, but paid <n>",
            ),
            (
                "flight HAT045 not available on date 2024-05-17",
                "flight HAT271 not available on date 2024-05-26",
                "flight <id> not available on date <n>",
            ),
            (
                "no answer after 30s\n  at line 3",
                "no answer after 45s\n  at line 9",
                "no answer after <n>s",
            ),
            (
                "unknown queue 'billing', can't route \"it\"",
                "unknown queue 'other thing', can't route \"them\"",
                "unknown queue <text>, can't route <text>",
            ),
            (
                "seats 1, 2, 3 are taken",
                "seats 14, 15 are taken",
                "seats <n> are taken",
            ),
            (
                "GET https://a.example/x?y=1 failed: kim@example.com",
                "GET http://b.example failed: lee@example.org",
                "get <url> failed: <email>",
            ),
            (
                "order 5c1f-77ab of <email> is gone",
                "order 9d0e-12cc of <email> is gone",
                "order <id> of <email> is gone",
            ),
        ] {
            assert_eq!(mask(one), signature);
            assert_eq!(mask(other), signature);
        }
    }

    #[test]
    fn other_faults_have_other_signatures() {
        assert_ne!(mask("flight not found"), mask("user not found"));
        assert_eq!(mask("\n \n"), "");
        assert_eq!(mask("a\u{1b}[2Jb"), "a [<n>jb");
    }

    proptest! {
        #[test]
        fn a_signature_is_short_one_line_and_its_own(text in "\\PC{0,300}|[a-z0-9 '\"<>.,\n]{0,80}") {
            let masked = mask(&text);
            prop_assert!(masked.chars().count() <= LONGEST);
            prop_assert!(!masked.contains('\n'));
            prop_assert!(!masked.chars().any(char::is_control));
        }
    }
}
