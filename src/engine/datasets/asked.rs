//! What a row asks: two rows that ask the same are one case, whatever they are called.

use serde_json::{Value, json};

use crate::domain::dataset::Row;
use crate::domain::digest::Digest;
use crate::domain::message::RenderedMessage;

/// The digest of what a model is asked, but for white space and case.
pub fn asked(row: &Row) -> Digest {
    let vars: Vec<Value> = row
        .vars
        .iter()
        .map(|(name, value)| json!([name, folded(value)]))
        .collect();
    let files: Vec<String> = row
        .files
        .values()
        .map(|file| file.digest.to_string())
        .collect();
    let messages: Vec<Value> = row
        .messages
        .iter()
        .map(RenderedMessage::canonical)
        .collect();
    Digest::of_json(&json!([vars, files, messages]))
}

/// The name of a row that has none of its own: rows that ask the same would be called the same.
pub fn id_of(row: &Row) -> String {
    format!("row-{}", asked(row).short())
}

fn folded(value: &Value) -> Value {
    match value {
        Value::String(text) => json!(fold(text)),
        other => other.clone(),
    }
}

/// A text without what readers do not see: in lower case, with single spaces.
pub fn fold(text: &str) -> String {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, text: &str) -> Row {
        Row {
            id: "a".to_owned(),
            vars: [(name.to_owned(), json!(text))].into_iter().collect(),
            ..Row::default()
        }
    }

    #[test]
    fn white_space_and_case_ask_nothing_else_and_words_do() {
        let one = asked(&row("ticket", "Where is my refund?"));
        assert_eq!(one, asked(&row("ticket", " where  is my\nREFUND? ")));
        assert_ne!(one, asked(&row("ticket", "Where is my order?")));
        assert_ne!(one, asked(&row("text", "Where is my refund?")));
    }
}
