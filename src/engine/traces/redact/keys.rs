//! Names under which a secret stands: of attributes, of values in JSON, of parameters in addresses.

/// What such names end with, in lower case and without hyphens, underscores and dots.
const ENDINGS: [&str; 26] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "apikey",
    "secretkey",
    "privatekey",
    "accesskey",
    "signingkey",
    "encryptionkey",
    "accesstoken",
    "refreshtoken",
    "idtoken",
    "authtoken",
    "sessiontoken",
    "bearertoken",
    "csrftoken",
    "xsrftoken",
    "authorization",
    "proxyauthorization",
    "cookie",
    "setcookie",
    "credential",
    "credentials",
    "accountkey",
    "sharedkey",
];

/// Such names that other names may end with.
const WHOLE: [&str; 6] = ["token", "pwd", "pin", "otp", "cvv", "cvc"];

/// The longest name of a secret, in bytes.
const LONGEST: usize = 100;

/// Whether what stands under a name is a secret.
pub(super) fn names_a_secret(name: &str) -> bool {
    is_one_of(name, ENDINGS, WHOLE)
}

/// The same for the workspace's own names, which are spelled as [`plain`] spells them.
pub(super) fn names_one_of(name: &str, own: &[String]) -> bool {
    is_one_of(name, [], own.iter().map(String::as_str))
}

/// A name in lower case without what separates its words.
pub(super) fn plain(name: &str) -> String {
    let letters = name.chars().filter(|it| it.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

fn is_one_of<'n>(
    name: &str,
    endings: impl IntoIterator<Item = &'n str>,
    whole: impl IntoIterator<Item = &'n str>,
) -> bool {
    // Of a path, the last part is the name: `http.request.header.authorization`.
    let last = name.rsplit(['.', '/', ':']).next().unwrap_or(name);
    if last.len() > LONGEST {
        return false;
    }
    let before = |end: &str| before_end(last, end);
    endings.into_iter().any(|end| before(end).is_some())
        || whole.into_iter().any(|name| before(name) == Some(false))
}

/// Whether more stands before an end that is spelled as [`plain`] spells it; `None`: the name does not
/// end so.
fn before_end(name: &str, end: &str) -> Option<bool> {
    let letters = name.chars().rev().filter(|it| it.is_alphanumeric());
    let mut letters = letters.flat_map(|it| it.to_lowercase().rev());
    let ends_so = end.chars().rev().all(|it| letters.next() == Some(it));
    ends_so.then(|| letters.next().is_some())
}

/// Whether some name in a text in JSON, or in a text in JSON that stands escaped in it, is one of
/// these. A name with escaped characters may be any.
pub(super) fn any_name(json: &str, mut is_one: impl FnMut(&str) -> bool) -> bool {
    json.match_indices(':').any(|(colon, _)| {
        let Some(before) = without_space(&json[..colon]).strip_suffix('"') else {
            return false;
        };
        let before = before.trim_end_matches('\\');
        // What is longer than this has a last part that is too long to be one.
        let from = before.ceil_char_boundary(before.len().saturating_sub(2 * LONGEST));
        let name = before[from..].rsplit('"').next().unwrap_or_default();
        name.contains('\\') || is_one(name)
    })
}

/// The text without the space at its end, escaped or not.
fn without_space(text: &str) -> &str {
    let mut text = text.trim_ascii_end();
    while let Some(before) = text.strip_suffix(['n', 'r', 't'])
        && before.ends_with('\\')
    {
        text = before.trim_end_matches('\\').trim_ascii_end();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known_however_they_are_spelled() {
        for name in [
            "password",
            "DB_PASSWORD",
            "userPassword",
            "x-api-key",
            "apiKey",
            "http.request.header.authorization",
            "Set-Cookie",
            "token",
            "access_token",
            "stripeSecretKey",
        ] {
            assert!(names_a_secret(name), "{name}");
        }
    }

    #[test]
    fn names_of_other_things_are_not() {
        for name in [
            "max_tokens",
            "gen_ai.usage.input_tokens",
            "tokenizer",
            "password_reset",
            "key",
            "shipping",
            "secretary",
            "",
        ] {
            assert!(!names_a_secret(name), "{name}");
        }
        let long = "password".repeat(1_000);
        assert!(!names_a_secret(&long));
    }

    #[test]
    fn names_are_found_in_json_however_it_is_written() {
        for json in [
            r#"{"password":"x"}"#,
            "{\"a\":1,\n\"DB_PASSWORD\"\n  :\"x\"}",
            r#"{"arguments":"{\"api_key\": \"abc\"}"}"#,
            r#"{"a":"{\"b\":\"{\\\"api_key\\\"\\n:1}\"}"}"#,
            r#"{"a":"{\"password\"\n\t:1}"}"#,
            r#"{"http.request.header.authorization":1}"#,
            r#"{"pass\u0077ord":1}"#,
        ] {
            assert!(any_name(json, names_a_secret), "{json}");
        }
        let long = format!(r#"{{"{}":1}}"#, "password".repeat(50));
        for json in [
            r#"{"role":"user","content":"password: hunter2, token: 7"}"#,
            r#"["password", "token"]"#,
            r#"{"max_tokens":1}"#,
            &long,
        ] {
            assert!(!any_name(json, names_a_secret), "{json}");
        }
    }

    #[test]
    fn a_name_of_the_workspace_counts_whole() {
        let own = [plain("Customer-No")];
        assert!(names_one_of("customerNo", &own));
        assert!(!names_one_of("old_customer_no", &own));
    }
}
