//! How much memory a request may come to when it is read. Two bytes (`{}`) can stand for a span of
//! hundreds, so that its length says little.

/// As much as a request of the longest length comes to, and more.
const MOST_BYTES: usize = 256 * 1024 * 1024;

/// Why a request is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it holds so much that it would take more than {MOST_BYTES} bytes of memory")]
pub struct NoRoom;

/// The room that is left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room(usize);

impl Room {
    pub(super) const WHOLE: Self = Self(MOST_BYTES);

    /// Takes so many bytes of it.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), NoRoom> {
        self.0 = self.0.checked_sub(bytes).ok_or(NoRoom)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::from_json;

    /// A request with one list of the same item, so long that it has these many bytes.
    fn request(before: &str, item: &str, after: &str, bytes: usize) -> String {
        let items = vec![item; bytes / (item.len() + 1)].join(",");
        format!("{before}[{items}]{after}")
    }

    #[test]
    fn a_short_text_that_stands_for_much_is_refused_before_it_takes_its_memory() {
        const BYTES: usize = 16 * 1024 * 1024;
        let spans = r#"{"resourceSpans":[{"scopeSpans":[{"spans":"#;
        let span = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":"#;
        for (before, item, after) in [
            (spans, "{}", "}]}]}"),
            (spans, r#"{"attributes":[{}]}"#, "}]}]}"),
            (span, "{}", "}]}]}]}"),
        ] {
            let text = request(before, item, after, BYTES);
            let error = from_json(text.as_bytes()).err();
            let told = error.map(|error| error.to_string());
            assert!(told.is_some_and(|it| it.contains("of memory")), "{item}");
        }
        // The next request begins anew.
        let fine = request(spans, "{}", "}]}]}", 1_000);
        assert!(from_json(fine.as_bytes()).is_ok());
    }
}
