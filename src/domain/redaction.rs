//! What must not be kept of traces, as the workspace says: the settings of redaction.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// What is kept of traces, and what is replaced in it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Redaction {
    /// Which parts of content are kept; absent: all of them.
    pub content: Option<BTreeSet<ContentPart>>,
    /// Attributes that are kept; absent: all of them. A name may end with `*`.
    pub keep: Option<Vec<String>>,
    /// Attributes that are dropped. A name may end with `*`.
    pub drop: Vec<String>,
    /// Built-in patterns that are not applied.
    pub off: BTreeSet<BuiltIn>,
    /// The workspace's own patterns, by name.
    pub patterns: BTreeMap<String, Pattern>,
    /// Names under which a secret stands, beside the built-in ones.
    pub keys: Vec<String>,
    /// Texts that are no secret though a pattern matches. Each may begin or end with `*`.
    pub allow: Vec<String>,
    /// Columns that are replaced whole, whatever they hold.
    pub pseudonyms: BTreeSet<PseudonymColumn>,
    /// The environment variable that holds the key of pseudonyms; absent: equal values cannot be told
    /// from others.
    pub key_env: Option<String>,
    /// What `redact test` tries.
    #[serde(skip)]
    pub examples: Vec<RedactionExample>,
}

/// A pattern of the workspace's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pattern {
    /// What it matches: a regular expression that compiles.
    pub regex: String,
    /// What a match must pass, too.
    pub validator: Option<Validator>,
}

/// A text, and what is left of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedactionExample {
    /// The text.
    pub text: String,
    /// What is left, each pseudonym without its digits.
    pub expect: String,
    /// The line in the settings.
    pub line: u32,
}

/// A part of a span that holds what was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it, and docs/redaction.md more")]
pub enum ContentPart {
    Variables,
    Instructions,
    Input,
    Output,
    Tools,
    Events,
    Explanations,
}

impl ContentPart {
    /// All of them, with their names in the settings.
    pub const ALL: [(&'static str, Self); 7] = [
        ("variables", Self::Variables),
        ("instructions", Self::Instructions),
        ("input", Self::Input),
        ("output", Self::Output),
        ("tools", Self::Tools),
        ("events", Self::Events),
        ("explanations", Self::Explanations),
    ];
}

/// A column that may be replaced whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names are those of the columns")]
pub enum PseudonymColumn {
    User,
    Session,
}

impl PseudonymColumn {
    /// All of them, with their names in the settings.
    pub const ALL: [(&'static str, Self); 2] = [("user", Self::User), ("session", Self::Session)];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Session => "session",
        }
    }
}

/// A pattern that comes with the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BuiltIn {
    /// Addresses of electronic mail.
    Email,
    /// Numbers of telephones, with the code of a country or as North America groups them.
    Phone,
    /// Numbers of payment cards.
    Card,
    /// Numbers of bank accounts.
    Iban,
    /// Numbers of social security in the United States.
    UsSsn,
    /// Keys of services, by their beginnings.
    ApiKey,
    /// JSON web tokens.
    Jwt,
    /// Private keys.
    PrivateKey,
    /// What a header shows to be let in: `Bearer …`, `Basic …`.
    Bearer,
    /// Passwords and keys in addresses.
    UrlSecret,
    /// What stands under the name of a secret.
    Secret,
}

impl BuiltIn {
    /// All of them, with their names in the settings and in what they leave.
    pub const ALL: [(&'static str, Self); 11] = [
        ("email", Self::Email),
        ("phone", Self::Phone),
        ("card", Self::Card),
        ("iban", Self::Iban),
        ("us-ssn", Self::UsSsn),
        ("api-key", Self::ApiKey),
        ("jwt", Self::Jwt),
        ("private-key", Self::PrivateKey),
        ("bearer", Self::Bearer),
        ("url-secret", Self::UrlSecret),
        ("secret", Self::Secret),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(_, known)| *known == self);
        found.map_or("", |(name, _)| name)
    }
}

/// What a match of a pattern must pass, too, for being one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Validator {
    /// The check digit of payment cards and many other numbers.
    Luhn,
    /// The check digits of bank accounts.
    Mod97,
}

impl Validator {
    /// All of them, with their names in the settings.
    pub const ALL: [(&'static str, Self); 2] = [("luhn", Self::Luhn), ("mod-97", Self::Mod97)];

    /// Whether a text passes. Everything but letters and digits is passed over.
    pub fn passes(self, text: &str) -> bool {
        match self {
            Self::Luhn => luhn(text),
            Self::Mod97 => mod_97(text),
        }
    }
}

/// ISO/IEC 7812-1, annex B.
fn luhn(text: &str) -> bool {
    let digits = text.bytes().rev().filter(u8::is_ascii_digit);
    let mut count = 0_u32;
    let sum: u32 = digits
        .map(|digit| {
            count += 1;
            let value = u32::from(digit - b'0');
            match count % 2 {
                0 if value > 4 => 2 * value - 9,
                0 => 2 * value,
                _ => value,
            }
        })
        .sum();
    count > 1 && sum.is_multiple_of(10)
}

/// ISO 7064, MOD 97-10, as ISO 13616 applies it: the first four characters count last.
fn mod_97(text: &str) -> bool {
    let plain: Vec<u8> = text.bytes().filter(u8::is_ascii_alphanumeric).collect();
    if plain.len() < 5 {
        return false;
    }
    let (first, rest) = plain.split_at(4);
    let remainder = rest.iter().chain(first).fold(0_u32, |remainder, byte| {
        let value = match byte {
            b'0'..=b'9' => u32::from(byte - b'0'),
            _ => u32::from(byte.to_ascii_uppercase() - b'A') + 10,
        };
        let shift = if value > 9 { 100 } else { 10 };
        (remainder * shift + value) % 97
    });
    remainder == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_its_own() {
        for (name, built_in) in BuiltIn::ALL {
            assert_eq!(built_in.name(), name);
            assert_eq!(serde_json::to_value(built_in).unwrap(), name);
        }
        for (name, column) in PseudonymColumn::ALL {
            assert_eq!(column.name(), name);
        }
    }

    #[test]
    fn check_digits_are_those_of_the_standards() {
        // The numbers are the examples of the standards and of the networks' own test cards.
        for number in ["4111 1111 1111 1111", "378282246310005", "79927398713"] {
            assert!(Validator::Luhn.passes(number), "{number}");
        }
        for number in ["4111 1111 1111 1112", "79927398710", "0", ""] {
            assert!(!Validator::Luhn.passes(number), "{number}");
        }
        for account in ["GB82 WEST 1234 5698 7654 32", "DE89370400440532013000"] {
            assert!(Validator::Mod97.passes(account), "{account}");
        }
        for account in ["GB82 WEST 1234 5698 7654 33", "GB82", ""] {
            assert!(!Validator::Mod97.passes(account), "{account}");
        }
    }
}
