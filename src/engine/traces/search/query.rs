//! What is looked for: words, phrases in quotes, and what must not be there.

use super::words::words;

/// The longest query, in bytes.
const LONGEST: usize = 1_000;

/// How many words and phrases a query may have.
const MOST_TERMS: usize = 32;

/// A query, ready to be looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// What counts for the order, each once.
    pub terms: Vec<Term>,
    /// What must not be there.
    pub excluded: Vec<Term>,
}

/// A word, or several that follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// The words.
    pub words: Vec<String>,
    /// Whether it must be there.
    pub required: bool,
}

/// A text that says nothing to look for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct QueryError {
    /// What is wrong.
    pub message: String,
    /// What to do next.
    pub help: String,
}

fn error(message: impl Into<String>, help: &str) -> QueryError {
    QueryError {
        message: message.into(),
        help: help.to_owned(),
    }
}

impl Query {
    /// Reads words, `"phrases in quotes"`, and either with `-` before it for what must not be there.
    /// What is written as one but is several words (`sign-in`) is looked for as a phrase.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        if text.len() > LONGEST {
            let message = format!(
                "a search has at most {LONGEST} bytes, this one has {}",
                text.len()
            );
            return Err(error(message, "name the words that matter"));
        }
        let mut query = Self {
            terms: Vec::new(),
            excluded: Vec::new(),
        };
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let (exclude, from) = match rest.strip_prefix('-') {
                Some(from) => (true, from),
                None => (false, rest),
            };
            let (said, quoted, after) = piece(from)?;
            let term = Term {
                words: words(said),
                required: quoted,
            };
            let list = if exclude {
                &mut query.excluded
            } else {
                &mut query.terms
            };
            let known = list.iter_mut().find(|known| known.words == term.words);
            match known {
                Some(known) => known.required |= term.required,
                None if term.words.is_empty() => {}
                None => list.push(term),
            }
            rest = after.trim_start();
        }
        query.check()
    }

    fn check(self) -> Result<Self, QueryError> {
        if self.terms.is_empty() {
            let message = "there is no word to look for";
            let help =
                "name words that the answer should hold; `-word` only says what must not be there";
            return Err(error(message, help));
        }
        let count = self.terms.len() + self.excluded.len();
        if count > MOST_TERMS {
            let message = format!(
                "a search has at most {MOST_TERMS} words and phrases, this one has {count}"
            );
            return Err(error(message, "name the words that matter"));
        }
        Ok(self)
    }
}

/// The piece at the start of a text, whether it stood in quotes, and what follows.
fn piece(text: &str) -> Result<(&str, bool, &str), QueryError> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        return Ok((&text[..end], false, &text[end..]));
    };
    let end = quoted
        .find('"')
        .ok_or_else(|| error("a quote is not closed", "add `\"` where the phrase ends"))?;
    Ok((&quoted[..end], true, &quoted[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(words: &[&str], required: bool) -> Term {
        Term {
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            required,
        }
    }

    #[test]
    fn words_phrases_and_what_must_not_be_there() {
        let query = Query::parse("Refund \"charged twice\" sign-in refund -test -\"dry run\" 退款")
            .unwrap();
        assert_eq!(
            query.terms,
            [
                term(&["refund"], false),
                term(&["charged", "twice"], true),
                term(&["sign", "in"], false),
                term(&["退", "款"], false),
            ]
        );
        assert_eq!(
            query.excluded,
            [term(&["test"], false), term(&["dry", "run"], true)]
        );
    }

    #[test]
    fn a_query_without_anything_to_look_for_is_refused() {
        for text in ["", "  ", "-refund", "?!", "\"\"", "-"] {
            let message = Query::parse(text).unwrap_err().message;
            assert_eq!(message, "there is no word to look for", "{text:?}");
        }
        assert!(
            Query::parse("\"open")
                .unwrap_err()
                .message
                .contains("not closed")
        );
        assert!(Query::parse(&"a".repeat(LONGEST + 1)).is_err());
        let many: Vec<String> = (0..=MOST_TERMS).map(|it| format!("w{it}")).collect();
        assert!(Query::parse(&many.join(" ")).is_err());
    }
}
