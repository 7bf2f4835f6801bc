//! Secrets that begin with a word by which they are known: keys of services, JSON web tokens, private
//! keys, and what a header shows.

use regex::Regex;

use crate::domain::redaction::BuiltIn;

use super::{begins_word, ends_word};

/// A sort of secret.
struct Kind {
    pattern: BuiltIn,
    /// How it begins.
    start: &'static str,
    /// What it goes on with.
    rest: Rest,
}

/// What follows the beginning of a secret.
#[derive(Clone, Copy)]
enum Rest {
    /// At least so many letters and digits; underscores and hyphens may be among them.
    Word(usize),
    /// At least so many letters and digits, nothing else.
    Plain(usize),
    /// Exactly so many letters and digits of base 32, in upper case.
    Base32(usize),
    /// So many parts of base64 with dots between them, the first of which has begun.
    Dotted(usize),
    /// Lines up to the one that ends a private key.
    Pem,
    /// A credential after a space, which alone is the secret.
    Credential,
}

const fn key(start: &'static str, rest: Rest) -> Kind {
    Kind {
        pattern: BuiltIn::ApiKey,
        start,
        rest,
    }
}

/// The beginnings, from the services' own documentation. `sk-` stands for `sk-proj-`, `sk-ant-`,
/// `sk-or-` and `sk-lf-`, too.
const KINDS: [Kind; 48] = [
    key("sk-", Rest::Word(20)),
    key("pk-lf-", Rest::Word(20)),
    key("lsv2_", Rest::Word(32)),
    key("gsk_", Rest::Plain(40)),
    key("xai-", Rest::Plain(40)),
    key("pplx-", Rest::Plain(40)),
    key("tvly-", Rest::Word(20)),
    key("r8_", Rest::Plain(32)),
    key("hf_", Rest::Plain(30)),
    key("AIza", Rest::Word(35)),
    key("ya29.", Rest::Word(20)),
    key("GOCSPX-", Rest::Word(24)),
    key("AKIA", Rest::Base32(16)),
    key("ASIA", Rest::Base32(16)),
    key("ABIA", Rest::Base32(16)),
    key("ACCA", Rest::Base32(16)),
    key("ghp_", Rest::Plain(36)),
    key("gho_", Rest::Plain(36)),
    key("ghu_", Rest::Plain(36)),
    key("ghs_", Rest::Plain(36)),
    key("ghr_", Rest::Plain(36)),
    key("github_pat_", Rest::Word(22)),
    key("glpat-", Rest::Word(20)),
    key("gldt-", Rest::Word(20)),
    key("glrt-", Rest::Word(20)),
    key("glptt-", Rest::Word(20)),
    key("xoxb-", Rest::Word(20)),
    key("xoxp-", Rest::Word(20)),
    key("xoxa-", Rest::Word(20)),
    key("xoxe-", Rest::Word(20)),
    key("xoxs-", Rest::Word(20)),
    key("xapp-", Rest::Word(20)),
    key("sk_live_", Rest::Plain(16)),
    key("sk_test_", Rest::Plain(16)),
    key("rk_live_", Rest::Plain(16)),
    key("rk_test_", Rest::Plain(16)),
    key("whsec_", Rest::Word(24)),
    key("SG.", Rest::Dotted(2)),
    key("npm_", Rest::Plain(36)),
    key("pypi-AgE", Rest::Word(50)),
    key("dckr_pat_", Rest::Word(20)),
    key("dop_v1_", Rest::Plain(60)),
    key("shpat_", Rest::Plain(32)),
    key("dapi", Rest::Plain(32)),
    Kind {
        pattern: BuiltIn::Jwt,
        start: "eyJ",
        rest: Rest::Dotted(3),
    },
    Kind {
        pattern: BuiltIn::PrivateKey,
        start: "-----BEGIN ",
        rest: Rest::Pem,
    },
    Kind {
        pattern: BuiltIn::Bearer,
        start: "Bearer ",
        rest: Rest::Credential,
    },
    Kind {
        pattern: BuiltIn::Bearer,
        start: "Basic ",
        rest: Rest::Credential,
    },
];

/// The fewest bytes of any of them, `AKIA` with what follows it.
pub(super) const FEWEST_BYTES: usize = 20;

/// The fewest characters of one part of a token with dots.
const FEWEST_IN_PART: usize = 10;

/// The fewest characters of a credential: shorter words follow `Bearer` and `Basic` in prose.
const FEWEST_IN_CREDENTIAL: usize = 16;

/// Finds secrets by how they begin.
pub(super) struct Tokens {
    starts: Regex,
}

impl Tokens {
    pub(super) fn new() -> Self {
        let starts: Vec<String> = KINDS.iter().map(|kind| regex::escape(kind.start)).collect();
        let starts = Regex::new(&starts.join("|")).expect("a test compiles the beginnings");
        Self { starts }
    }

    pub(super) fn may_match(&self, text: &str) -> bool {
        text.len() >= FEWEST_BYTES && self.starts.is_match(text)
    }

    pub(super) fn find(&self, text: &str, add: &mut impl FnMut(BuiltIn, usize, usize)) {
        let mut from = 0;
        while let Some(found) = self.starts.find_at(text, from) {
            // One beginning may stand within another: the next one is looked for right behind its
            // first character.
            from = found.start() + 1;
            let kind = KINDS.iter().find(|kind| kind.start == found.as_str());
            let Some(kind) = kind.filter(|_| begins_word(text.as_bytes(), found.start())) else {
                continue;
            };
            if let Some((start, end)) = kind.matched(text, found.start(), found.end()) {
                add(kind.pattern, start, end);
                from = end;
            }
        }
    }
}

impl Kind {
    /// Where the secret begins and ends whose beginning stands at `start..rest`.
    fn matched(&self, text: &str, start: usize, rest: usize) -> Option<(usize, usize)> {
        let bytes = text.as_bytes();
        let run = |from: usize, such: fn(&u8) -> bool| {
            let length = bytes[from..].iter().take_while(|byte| such(byte)).count();
            from + length
        };
        let end = match self.rest {
            Rest::Word(least) => {
                let end = run(rest, |byte| {
                    byte.is_ascii_alphanumeric() || b"_-".contains(byte)
                });
                (end - rest >= least).then_some(end)?
            }
            Rest::Plain(least) => {
                let end = run(rest, u8::is_ascii_alphanumeric);
                (end - rest >= least).then_some(end)?
            }
            Rest::Base32(exactly) => {
                let end = run(rest, |byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7'));
                (end - rest == exactly).then_some(end)?
            }
            Rest::Dotted(parts) => dotted(bytes, rest, parts)?,
            Rest::Pem => return pem(text, rest).map(|end| (start, end)),
            Rest::Credential => {
                let end = run(rest, |byte| {
                    byte.is_ascii_alphanumeric() || b"-._~+/=".contains(byte)
                });
                return (end - rest >= FEWEST_IN_CREDENTIAL).then_some((rest, end));
            }
        };
        ends_word(bytes, end).then_some((start, end))
    }
}

/// The end of a token of so many parts of base64 with dots between them.
fn dotted(text: &[u8], start: usize, parts: usize) -> Option<usize> {
    let mut end = start;
    for part in 0..parts {
        if part > 0 {
            (text.get(end) == Some(&b'.')).then_some(())?;
            end += 1;
        }
        let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_-=".contains(byte);
        let length = text[end..].iter().take_while(is_part).count();
        (length >= FEWEST_IN_PART).then_some(())?;
        end += length;
    }
    Some(end)
}

/// The end of a private key: of its last line, or where that is cut off, of the text.
fn pem(text: &str, rest: usize) -> Option<usize> {
    const LABEL_BYTES: usize = 40;
    let (label, _) = text[rest..].split_once("-----")?;
    if label.len() > LABEL_BYTES || !label.ends_with("PRIVATE KEY") {
        return None;
    }
    let last = format!("-----END {label}-----");
    let end = text[rest..].find(&last);
    Some(end.map_or(text.len(), |end| rest + end + last.len()))
}

#[cfg(test)]
mod tests {
    use super::super::tests::found;
    use super::*;

    #[test]
    fn keys_are_found_by_how_they_begin() {
        let filling = "A1b2".repeat(20);
        for kind in KINDS.iter().filter(|kind| kind.pattern == BuiltIn::ApiKey) {
            let rest = match kind.rest {
                Rest::Base32(exactly) => "ABCD2345".repeat(4)[..exactly].to_owned(),
                Rest::Dotted(_) => format!("{}.{filling}", &filling[..20]),
                _ => filling.clone(),
            };
            let key = format!("{}{rest}", kind.start);
            for text in [
                key.clone(),
                format!("use {key}, please"),
                format!("\"{key}\""),
                format!("key={key}\n"),
            ] {
                assert_eq!(found(&text), [("api-key", key.as_str())]);
            }
            assert_eq!(found(&format!("x{key}")), [], "{key}");
        }
    }

    #[test]
    fn a_short_word_that_begins_alike_is_left() {
        for text in [
            "sk-learn",
            "AKIA is short",
            "hf_hub",
            "npm_config_cache",
            "SG.abc",
            "eyJ.a.b",
            "task-1234567890abcdefghijkl",
            "Basic training",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn tokens_private_keys_and_credentials_are_found() {
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P";
        assert_eq!(found(&format!("a {token} b")), [("jwt", token)]);
        let pem = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----";
        assert_eq!(found(&format!("{pem}\n")), [("private-key", pem)]);
        let cut = "-----BEGIN PRIVATE KEY-----\nMHcCAQEE";
        assert_eq!(found(cut), [("private-key", cut)]);
        assert_eq!(found("-----BEGIN CERTIFICATE-----\nMHcC"), []);
        assert_eq!(
            found("Authorization: Bearer abcdefghijklmnop.qrst"),
            [("bearer", "abcdefghijklmnop.qrst")]
        );
    }

    #[test]
    fn many_beginnings_take_no_time() {
        let text = "-----BEGIN ".repeat(100_000);
        assert_eq!(found(&text), []);
        let text = "sk-".repeat(300_000);
        assert!(found(&text).len() <= 1);
    }
}
