//! Commands that are suggested to the user must do what they say when they are pasted.

/// A text as one word of a shell, whatever is in it.
pub fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=,@%+#".contains(&byte);
    if !text.is_empty() && !text.starts_with('#') && text.bytes().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_mean_something_to_a_shell_is_quoted() {
        assert_eq!(quoted("production#12:24h"), "production#12:24h");
        assert_eq!(quoted("lane = a"), "'lane = a'");
        assert_eq!(quoted("it's $(rm)"), "'it'\\''s $(rm)'");
        assert_eq!((quoted(""), quoted("#x")), ("''".into(), "'#x'".into()));
    }
}
