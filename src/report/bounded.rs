//! Markdown that fits where it is shown: hosts refuse a comment that is too long, and a report that is
//! refused tells nobody anything.

/// The longest report, in bytes. GitHub takes no more than 65,536 characters as a comment.
pub(super) const LONGEST: usize = 65_000;

/// Room for saying that something is left out.
const REST: usize = 200;

/// A text that grows piece by piece, each of which stands for itself, as far as they fit.
pub(super) struct Bounded {
    text: String,
    limit: usize,
    left_out: usize,
}

impl Bounded {
    /// An empty text of at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            text: String::new(),
            limit,
            left_out: 0,
        }
    }

    /// Adds a piece, or counts it among those that do not fit.
    pub(super) fn add(&mut self, piece: &str) {
        if self.text.len() + piece.len() + REST <= self.limit {
            self.text.push_str(piece);
        } else {
            self.left_out += 1;
        }
    }

    /// The text, which says how many pieces it lacks.
    pub(super) fn finish(mut self) -> String {
        if self.left_out > 0 {
            let note = format!(
                "\nParts left out, because the report would be too long: {}. The log has them.\n",
                self.left_out
            );
            self.text.push_str(&note);
        }
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_left_out_whole_and_counted() {
        let mut text = Bounded::new(REST + 10);
        for piece in ["12345\n", "too long\n", "abc\n"] {
            text.add(piece);
        }
        let text = text.finish();
        assert!(text.starts_with("12345\nabc\n\nParts left out"), "{text}");
        assert!(text.len() <= REST + 10);
    }
}
