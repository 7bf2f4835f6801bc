//! Whether a name says what a span does, and says it alike for all that do the same.

/// Names that instrumentations give where nobody named anything.
const EMPTY_NAMES: [&str; 24] = [
    "anonymous",
    "call",
    "default",
    "delete",
    "function",
    "get",
    "handler",
    "http",
    "http get",
    "http post",
    "internal",
    "lambda",
    "main",
    "operation",
    "patch",
    "post",
    "put",
    "request",
    "root",
    "run",
    "span",
    "test",
    "trace",
    "unknown",
];

/// So many digits of a number, or characters of an id, make a name that no other span has.
const ID_DIGITS: usize = 5;
const ID_CHARACTERS: usize = 12;

/// Whether a name is one.
pub(super) fn is_useful(name: &str) -> bool {
    let name = name.trim();
    let plain = name.trim_matches(['<', '>', '(', ')']).to_ascii_lowercase();
    name.chars().count() > 1
        && !EMPTY_NAMES.contains(&plain.as_str())
        && !name
            .split(|character: char| !character.is_ascii_alphanumeric())
            .any(is_id)
}

/// A number as ids are, or hexadecimal digits with letters among them.
fn is_id(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let is_number = digits == word.len() && digits >= ID_DIGITS;
    let is_hexadecimal = word.len() >= ID_CHARACTERS
        && digits > 0
        && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    // The model `claude-3-5-sonnet-20241022` has a date, which all its calls have.
    let is_date = digits == 8 && word.len() == 8 && word.starts_with("20");
    (is_number || is_hexadecimal) && !is_date
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_is_done_and_not_for_whom() {
        for name in [
            "triage",
            "POST /tickets",
            "chat gpt-4.1-mini",
            "chat claude-3-5-sonnet-20241022",
            "execute_tool refund",
            "GET /users/{id}",
            "größe",
        ] {
            assert!(is_useful(name), "{name}");
        }
        for name in [
            "",
            " ",
            "x",
            "span",
            "<lambda>",
            "HTTP POST",
            "GET",
            "GET /users/4711234",
            "job 5b8efff798038103d269b633",
            "run 9b2c7a1e-3d7f-4f63-8a55-1f0c3f9f2f11",
        ] {
            assert!(!is_useful(name), "{name}");
        }
    }
}
