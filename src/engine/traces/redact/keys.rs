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

/// What a text in JSON has where a name in it may be such a one. The first letter is left out: it may
/// be a capital.
pub(super) const TRACES_OF_NAMES: [&str; 26] = [
    "assword",
    "ASSWORD",
    "asswd",
    "assphrase",
    "ecret",
    "ECRET",
    "pi_key",
    "pi-key",
    "piKey",
    "PI_KEY",
    "pikey",
    "pi key",
    "_key\"",
    "Key\"",
    "KEY\"",
    "-key\"",
    "oken\"",
    "OKEN\"",
    "uthorization",
    "UTHORIZATION",
    "ookie",
    "OOKIE",
    "redential",
    "REDENTIAL",
    "wd\"",
    "pin\"",
];

/// Whether what stands under a name is a secret.
pub(super) fn names_a_secret(name: &str) -> bool {
    is_one_of(name, &ENDINGS, &WHOLE)
}

/// The same for the workspace's own names, which are spelled as [`plain`] spells them.
pub(super) fn names_one_of(name: &str, own: &[String]) -> bool {
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    is_one_of(name, &[], &own)
}

/// A name in lower case without what separates its words.
pub(super) fn plain(name: &str) -> String {
    let letters = name.chars().filter(|it| it.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

fn is_one_of(name: &str, endings: &[&str], whole: &[&str]) -> bool {
    const LONGEST: usize = 100;
    // Of a path, the last part is the name: `http.request.header.authorization`.
    let last = name.rsplit(['.', '/', ':']).next().unwrap_or(name);
    if last.len() > LONGEST {
        return false;
    }
    let last = plain(last);
    whole.contains(&last.as_str()) || endings.iter().any(|ending| last.ends_with(ending))
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
    fn a_name_of_the_workspace_counts_whole() {
        let own = [plain("Customer-No")];
        assert!(names_one_of("customerNo", &own));
        assert!(!names_one_of("old_customer_no", &own));
    }
}
