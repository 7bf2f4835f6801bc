//! Passwords and keys in addresses: `https://kim:secret@host/?api_key=secret`.

use crate::domain::redaction::BuiltIn;

use super::super::keys::names_a_secret;

const SCHEME_END: &str = "://";

/// Finds what is secret in every address of a text, those within parameters of others included.
pub(super) fn find(text: &str, add: &mut impl FnMut(BuiltIn, usize, usize)) {
    let mut end = 0;
    for (at, _) in text.match_indices(SCHEME_END) {
        let start = at + SCHEME_END.len();
        let is_within = start < end;
        if !is_within {
            let is_end = |it: char| it.is_whitespace() || "\"'<>`\\".contains(it);
            end = text[start..]
                .find(is_end)
                .map_or(text.len(), |length| start + length);
        }
        let address = &text[start..end];
        password(address, start, add);
        if !is_within {
            parameters(address, start, add);
        }
    }
}

/// The password in `kim:secret@host`.
fn password(address: &str, start: usize, add: &mut impl FnMut(BuiltIn, usize, usize)) {
    let authority = address.split(['/', '?', '#']).next().unwrap_or_default();
    if let Some((user, _)) = authority.rsplit_once('@')
        && let Some((name, password)) = user.split_once(':')
        && !password.is_empty()
    {
        let from = start + name.len() + 1;
        add(BuiltIn::UrlSecret, from, from + password.len());
    }
}

/// What stands under the name of a secret in `?page=2&api_key=secret`.
fn parameters(address: &str, start: usize, add: &mut impl FnMut(BuiltIn, usize, usize)) {
    let Some((before, parameters)) = address.split_once('?') else {
        return;
    };
    let mut from = start + before.len() + 1;
    for parameter in parameters.split(['&', '#']) {
        if let Some((name, value)) = parameter.split_once('=')
            && names_a_secret(name)
            && !value.is_empty()
        {
            let value_from = from + name.len() + 1;
            add(BuiltIn::UrlSecret, value_from, value_from + value.len());
        }
        from += parameter.len() + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::found;

    #[test]
    fn passwords_and_keys_in_addresses_are_found() {
        for (text, secret) in [
            ("postgres://kim:hunter2@db:5432/app", "hunter2"),
            ("see https://api.example.com/v1?page=2&api_key=abc#x", "abc"),
            ("https://example.com/?access_token=t0k3n", "t0k3n"),
        ] {
            assert_eq!(found(text), [("url-secret", secret)], "{text}");
        }
    }

    #[test]
    fn other_addresses_are_left() {
        for text in [
            "https://example.com/?page=2&q=api_key",
            "https://kim@example/?a=b",
            "https://example.com:443/a?token=",
            "what? a://b",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn many_schemes_take_little_time() {
        let text = "://".repeat(100_000) + "?";
        assert_eq!(found(&text), []);
    }
}
