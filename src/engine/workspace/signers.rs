//! Reads `allowed_signers` files, in the format that OpenSSH and git use (ssh-keygen(1), "ALLOWED
//! SIGNERS"): a line is `principals [options] key-type key [comment]`.
//!
//! What would not mean the same here as there is an error and never a guess: patterns, which name
//! nobody in particular, certificates, keys that are not Ed25519, and times without a zone.

use std::ops::Range;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::domain::attestation::{AllowedSigner, AllowedSigners, KeyError, NAMESPACE, PublicKey};
use crate::domain::finding::{Finding, Findings};
use crate::domain::suggest::did_you_mean;

use super::document::Source;
use super::problems::Problems;

const OPTIONS: [&str; 4] = [
    "cert-authority",
    "namespaces",
    "valid-after",
    "valid-before",
];

/// How key types start.
const KEY_TYPES: [&str; 4] = ["ssh-", "sk-", "ecdsa-", "rsa-"];

/// Reads an `allowed_signers` file.
pub fn read_signers(source: &Source) -> Result<AllowedSigners, Findings> {
    let mut reader = Reader {
        source,
        problems: Problems::default(),
    };
    let mut signers = Vec::new();
    let mut start = 0;
    for line in source.text.split_inclusive('\n') {
        let range = start..start + line.trim_end().len();
        start += line.len();
        let words = words(&source.text, range);
        let comment = |word: &Range<usize>| source.text[word.clone()].starts_with('#');
        if words.first().is_none_or(comment) {
            continue;
        }
        signers.extend(reader.line(&words));
    }
    reader.problems.unless_any(AllowedSigners::new(signers))
}

/// The words of a line, by their bytes. White space between quotes does not part them.
fn words(text: &str, line: Range<usize>) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    let (mut start, mut quoted) = (None, false);
    for (offset, character) in text[line.clone()].char_indices() {
        let at = line.start + offset;
        quoted ^= character == '"';
        match (character.is_whitespace() && !quoted, start) {
            (true, Some(begin)) => {
                words.push(begin..at);
                start = None;
            }
            (false, None) => start = Some(at),
            _ => {}
        }
    }
    words.extend(start.map(|begin| begin..line.end));
    words
}

struct Reader<'s> {
    source: &'s Source,
    problems: Problems,
}

impl Reader<'_> {
    fn text(&self, range: &Range<usize>) -> &str {
        &self.source.text[range.clone()]
    }

    fn error(&mut self, ident: &str, range: &Range<usize>, message: String, help: &str) {
        let source = self.source;
        self.problems.add(|| {
            let place = source.place(source.span_of_bytes(range.clone()));
            Finding::error(ident, place, message).with_help(help)
        });
    }

    /// One line. `None`: what is wrong with it has been reported.
    fn line(&mut self, words: &[Range<usize>]) -> Option<AllowedSigner> {
        let is_type = |word: &Range<usize>| {
            let text = self.text(word);
            KEY_TYPES.iter().any(|start| text.starts_with(start))
        };
        let (principals, options, key) = match words {
            [principals, kind, key, ..] if is_type(kind) => (principals, None, kind.start..key.end),
            [principals, options, kind, key, ..] if is_type(kind) => {
                (principals, Some(options), kind.start..key.end)
            }
            _ => {
                let line = words.first()?.start..words.last()?.end;
                self.error(
                    "invalid-signer",
                    &line,
                    "this is not a line of allowed signers".to_owned(),
                    "write `ada@example.com ssh-ed25519 AAAA...`",
                );
                return None;
            }
        };
        let names = self.principals(principals);
        let key = self.key(&key);
        let mut signer = AllowedSigner {
            principals: names?,
            key: key?,
            valid_after: None,
            valid_before: None,
            for_us: true,
        };
        match options {
            Some(options) => self.options(options, &mut signer).then_some(signer),
            None => Some(signer),
        }
    }

    fn principals(&mut self, word: &Range<usize>) -> Option<Vec<String>> {
        let text = self.text(word);
        if text.contains(['*', '?', '!', '"']) {
            self.error(
                "signer-pattern",
                word,
                "a pattern names nobody in particular, and approvals are counted by person"
                    .to_owned(),
                "write the addresses of one person, separated by commas",
            );
            return None;
        }
        let names = text.split(',').filter(|name| !name.is_empty());
        let names: Vec<String> = names.map(str::to_owned).collect();
        if names.is_empty() {
            let message = "a signer needs an address".to_owned();
            self.error("invalid-signer", word, message, "write one");
            return None;
        }
        Some(names)
    }

    fn key(&mut self, words: &Range<usize>) -> Option<PublicKey> {
        match self.text(words).parse() {
            Ok(key) => Some(key),
            Err(error @ KeyError::OtherType(_)) => {
                let help = "make one with `ssh-keygen -t ed25519`";
                self.error("signer-key-type", words, error.to_string(), help);
                None
            }
            Err(error @ KeyError::NotAKey) => {
                let help = "copy the line of the `.pub` file as it is";
                self.error("invalid-signer", words, error.to_string(), help);
                None
            }
        }
    }

    /// The options of a line. `false`: what is wrong with them has been reported.
    fn options(&mut self, word: &Range<usize>, signer: &mut AllowedSigner) -> bool {
        let mut right = true;
        for option in split_options(self.text(word), word.start) {
            let text = self.text(&option).to_owned();
            let (name, value) = match text.split_once('=') {
                Some((name, value)) => (name, value.trim_matches('"')),
                None => (text.as_str(), ""),
            };
            let name = name.to_ascii_lowercase();
            let done = match name.as_str() {
                "namespaces" => self.namespaces(&option, value, signer),
                "valid-after" => self.time(&option, value, &mut signer.valid_after),
                "valid-before" => self.time(&option, value, &mut signer.valid_before),
                "cert-authority" => {
                    let message = "certificates are not supported".to_owned();
                    let help = "name the key of each person";
                    self.error("signer-certificate", &option, message, help);
                    false
                }
                _ => {
                    let message = format!("unknown option `{name}`");
                    let help = did_you_mean(&name, OPTIONS);
                    self.error("unknown-key", &option, message, &help);
                    false
                }
            };
            right &= done;
        }
        right
    }

    fn namespaces(&mut self, option: &Range<usize>, value: &str, to: &mut AllowedSigner) -> bool {
        if value.contains(['*', '?', '!']) {
            let message = "patterns of namespaces are not supported".to_owned();
            let help = format!("write each namespace; ours is `{NAMESPACE}`");
            self.error("signer-pattern", option, message, &help);
            return false;
        }
        to.for_us = value.split(',').any(|name| name == NAMESPACE);
        true
    }

    fn time(&mut self, option: &Range<usize>, value: &str, to: &mut Option<Timestamp>) -> bool {
        *to = time(value);
        if to.is_none() {
            let message = format!("`{value}` is not a time with a zone");
            let help = "write YYYYMMDDZ or YYYYMMDDHHMMSSZ: without `Z` it would mean another time \
                        on another machine";
            self.error("invalid-value", option, message, help);
        }
        to.is_some()
    }
}

/// The options of a word, parted by commas that are not quoted, by their bytes in the file.
fn split_options(text: &str, start: usize) -> Vec<Range<usize>> {
    let (mut options, mut begin, mut quoted) = (Vec::new(), 0, false);
    for (at, character) in text.char_indices() {
        quoted ^= character == '"';
        if character == ',' && !quoted {
            options.push(start + begin..start + at);
            begin = at + 1;
        }
    }
    options.push(start + begin..start + text.len());
    options
}

/// `YYYYMMDDZ`, `YYYYMMDDHHMMZ` or `YYYYMMDDHHMMSSZ`.
fn time(text: &str) -> Option<Timestamp> {
    let digits = text.strip_suffix('Z')?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || !matches!(digits.len(), 8 | 12 | 14) {
        return None;
    }
    let number = |range: Range<usize>| digits.get(range).map_or(Some(0), |text| text.parse().ok());
    let year: i16 = digits[..4].parse().ok()?;
    let time = DateTime::new(
        year,
        number(4..6)?,
        number(6..8)?,
        number(8..10)?,
        number(10..12)?,
        number(12..14)?,
        0,
    );
    TimeZone::UTC.to_timestamp(time.ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGxZEtiJsEiINEo3Do8eWulTd7FYezhZjh96BkCXZShn";

    fn read(text: &str) -> Result<AllowedSigners, Findings> {
        read_signers(&Source::new("environments/allowed_signers", text))
    }

    #[test]
    fn a_file_as_git_uses_it_is_read() {
        let text = format!(
            "# who may approve\n\nada@example.com,ada@work.example {KEY} ada's laptop\n\
             bea@example.com namespaces=\"git,pointsman\",valid-after=\"20260101Z\" {KEY}\n"
        );
        let signers = read(&text).unwrap();
        assert_eq!(signers.people(), 1, "one key is one person");
        let key = KEY.parse::<PublicKey>().unwrap().id();
        assert!(signers.trusted(&key, &[]).is_ok());
        let git_only = read(&format!("ada@example.com namespaces=\"git\" {KEY}")).unwrap();
        assert!(git_only.trusted(&key, &[]).is_err());
    }

    #[test]
    fn times_are_those_of_openssh_with_a_zone() {
        for (text, expected) in [
            ("20260301Z", "2026-03-01T00:00:00Z"),
            ("202603011230Z", "2026-03-01T12:30:00Z"),
            ("20260301123059Z", "2026-03-01T12:30:59Z"),
        ] {
            assert_eq!(time(text), Some(expected.parse().unwrap()), "{text}");
        }
        for text in [
            "20260301",
            "20261301Z",
            "2026Z",
            "2026030112Z",
            "2026-03-01Z",
            "é0260301Z",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_trusted_is_found_where_it_stands() {
        let rsa = "ssh-rsa AAAAB3NzaC1yc2EAAAABIw==";
        for (line, ident, column) in [
            (format!("*@example.com {KEY}"), "signer-pattern", 1),
            (format!("a@b.c {rsa}"), "signer-key-type", 7),
            (
                format!("a@b.c cert-authority {KEY}"),
                "signer-certificate",
                7,
            ),
            (
                format!("a@b.c namespaces=\"git*\" {KEY}"),
                "signer-pattern",
                7,
            ),
            (
                format!("a@b.c namespaces=\"pointsman\",valid-befor=\"20260101Z\" {KEY}"),
                "unknown-key",
                30,
            ),
            (
                format!("a@b.c valid-before=\"20260101\" {KEY}"),
                "invalid-value",
                7,
            ),
            ("a@b.c ssh-ed25519 AAAA".to_owned(), "invalid-signer", 7),
            ("a@b.c ssh-ed25519".to_owned(), "invalid-signer", 1),
            (format!(", {KEY}"), "invalid-signer", 1),
        ] {
            let findings = read(&format!("# first\n{line}\n")).unwrap_err().0;
            let span = findings[0].place.span.unwrap();
            assert_eq!(
                (findings[0].ident.as_str(), span.line, span.column),
                (ident, 2, column),
                "{line}: {findings:?}"
            );
        }
    }

    #[test]
    fn every_line_that_is_wrong_is_told() {
        let findings = read(&format!("x\n* {KEY}\na@b.c {KEY}\ny\n"))
            .unwrap_err()
            .0;
        assert_eq!(findings.len(), 3);
    }
}
