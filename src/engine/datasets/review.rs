//! A person's word on a row: what is wanted of it, and whether it counts.

use serde_json::{Map, Value, json};

use crate::domain::dataset::{Priority, RowStatus};
use crate::engine::workspace::rows::{PRIORITIES, STATUSES};

use super::spelling::word;

/// What a person decides about a row. What is absent stays as it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Review {
    /// The answer that is wanted.
    pub expected: Option<Value>,
    /// Labels that are added.
    pub tags: Vec<String>,
    /// Whether it must pass, whatever the averages say.
    pub critical: Option<bool>,
    /// Whether its failure counts.
    pub priority: Option<Priority>,
    /// A remark.
    pub note: Option<String>,
    /// How far the review has come.
    pub status: Option<RowStatus>,
}

impl Review {
    /// Whether nothing was decided.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The row's line with what was decided; keys that are not touched stay as they are. A proof goes with
    /// the expected answer that it is about.
    pub fn apply(&self, line: &str) -> Result<String, serde_json::Error> {
        let mut row: Map<String, Value> = serde_json::from_str(line)?;
        if let Some(expected) = &self.expected {
            if row.get("expected") != Some(expected) {
                row.shift_remove("proof");
            }
            row.insert("expected".to_owned(), expected.clone());
        }
        if let Some(critical) = self.critical {
            set_or_leave_out(&mut row, "critical", json!(critical), critical);
        }
        if let Some(priority) = self.priority {
            let word = word(&PRIORITIES, &priority);
            set_or_leave_out(
                &mut row,
                "priority",
                json!(word),
                priority != Priority::default(),
            );
        }
        if let Some(status) = self.status {
            let word = word(&STATUSES, &status);
            set_or_leave_out(
                &mut row,
                "status",
                json!(word),
                status != RowStatus::default(),
            );
        }
        if let Some(note) = &self.note {
            row.insert("note".to_owned(), json!(note));
        }
        for tag in &self.tags {
            let tags = row.entry("tags").or_insert_with(|| json!([]));
            if let Value::Array(tags) = tags
                && !tags.contains(&json!(tag))
            {
                tags.push(json!(tag));
            }
        }
        serde_json::to_string(&row)
    }
}

/// Sets a value, or takes it out where it is the default and needs no words.
fn set_or_leave_out(row: &mut Map<String, Value>, key: &str, value: Value, needed: bool) {
    if needed {
        row.insert(key.to_owned(), value);
    } else {
        row.shift_remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_review_changes_what_it_decides_and_nothing_else() {
        let line = r#"{ "id": "a", "status": "pending", "vars": {"x": 1.50}, "tags": ["t"] }"#;
        let review = Review {
            expected: Some(json!("billing")),
            tags: vec!["t".to_owned(), "u".to_owned()],
            status: Some(RowStatus::Reviewed),
            ..Review::default()
        };
        assert_eq!(
            review.apply(line).unwrap(),
            r#"{"id":"a","vars":{"x":1.5},"tags":["t","u"],"expected":"billing"}"#
        );
    }

    #[test]
    fn a_proof_lasts_as_long_as_the_answer_that_is_wanted() {
        let line = r#"{"id":"a","vars":{},"expected":"b","proof":{}}"#;
        let wanted = |answer: &str| Review {
            expected: Some(json!(answer)),
            ..Review::default()
        };
        assert_eq!(wanted("b").apply(line).unwrap(), line);
        let other = wanted("c").apply(line).unwrap();
        assert_eq!(other, r#"{"id":"a","vars":{},"expected":"c"}"#);
    }

    #[test]
    fn what_is_the_default_needs_no_words() {
        let line = r#"{"id":"a","critical":true,"priority":"advisory","vars":{}}"#;
        let review = Review {
            critical: Some(false),
            priority: Some(Priority::Blocking),
            status: Some(RowStatus::AcceptedRisk),
            note: Some("n".to_owned()),
            ..Review::default()
        };
        assert_eq!(
            review.apply(line).unwrap(),
            r#"{"id":"a","vars":{},"status":"accepted-risk","note":"n"}"#
        );
        assert!(Review::default().is_empty() && !review.is_empty());
    }
}
