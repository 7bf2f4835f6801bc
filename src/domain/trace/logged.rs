//! What was said in a span, as a log record tells it: some instrumentations send spans without content, and
//! the content beside them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::span::Content;

/// What a log record says of a span's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LoggedContent {
    /// The span's trace.
    pub trace_id: String,
    /// The span.
    pub span_id: String,
    /// When it was said.
    pub recorded_at: Timestamp,
    /// What was said.
    pub content: Content,
}

impl Content {
    /// Takes over what log records say of it where it says nothing itself: lists of messages one after the
    /// other. Whether anything was.
    pub fn fill(&mut self, logged: &[&Self]) -> bool {
        let mut changed = fill_text(&mut self.input, logged, |it| it.input.as_ref());
        changed |= fill_text(&mut self.output, logged, |it| it.output.as_ref());
        changed |= fill_text(&mut self.system_instructions, logged, |it| {
            it.system_instructions.as_ref()
        });
        changed |= fill_text(&mut self.tool_definitions, logged, |it| {
            it.tool_definitions.as_ref()
        });
        if self.variables.is_empty() {
            let said = logged.iter().flat_map(|it| it.variables.clone());
            self.variables.extend(said);
            changed |= !self.variables.is_empty();
        }
        changed
    }
}

/// Takes over a text where there is none: lists one after the other, of other texts the first.
fn fill_text(
    own: &mut Option<String>,
    logged: &[&Content],
    text: fn(&Content) -> Option<&String>,
) -> bool {
    if own.is_some() {
        return false;
    }
    let mut texts = logged.iter().filter_map(|it| text(it));
    let Some(first) = texts.next() else {
        return false;
    };
    let list = |text: &str| serde_json::from_str::<Vec<Value>>(text).ok();
    let mut others = texts.peekable();
    let lists = others.peek().and_then(|_| list(first));
    *own = Some(match lists {
        None => first.clone(),
        Some(mut all) => {
            all.extend(others.filter_map(|text| list(text)).flatten());
            Value::Array(all).to_string()
        }
    });
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(text: &str) -> Content {
        Content {
            input: Some(text.to_owned()),
            ..Content::default()
        }
    }

    #[test]
    fn messages_that_were_told_one_by_one_are_put_together() {
        let mut content = Content::default();
        assert!(content.fill(&[&input(r#"[{"a":1}]"#), &input(r#"[{"b":2}]"#)]));
        assert_eq!(content.input.as_deref(), Some(r#"[{"a":1},{"b":2}]"#));
        assert!(!content.fill(&[&input("[]")]), "it is there already");
    }

    #[test]
    fn what_the_span_says_itself_stays() {
        let mut content = input("own");
        let told = Content {
            output: Some("answer".to_owned()),
            variables: [("name".to_owned(), "value".to_owned())].into(),
            ..input("other")
        };
        assert!(content.fill(&[&told]));
        assert_eq!(content.input.as_deref(), Some("own"));
        assert_eq!(content.output.as_deref(), Some("answer"));
        assert_eq!(content.variables.len(), 1);
    }

    #[test]
    fn of_texts_that_are_no_lists_the_first_counts() {
        let mut content = Content::default();
        content.fill(&[&input("plain"), &input("[1]")]);
        assert_eq!(content.input.as_deref(), Some("plain"));
        assert!(!Content::default().fill(&[]));
    }
}
