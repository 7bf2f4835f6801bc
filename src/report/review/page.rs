//! A review as a page: what data says, what a person does, and what a person answers.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::engine::workspace::review::data_part;

/// What stands under a question until a person has answered it.
pub const UNANSWERED: &str = "_Nobody has answered this yet: write the answer here._";

/// A part of a review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A heading.
    Heading(&'static str),
    /// What data says, by the name under which it is found again.
    Data(&'static str, String),
    /// Something that a person does and ticks off.
    Task(&'static str),
    /// A question that only a person can answer.
    Question(&'static str),
}

/// The text of a new review.
pub fn review_body(title: &str, parts: &[Part]) -> String {
    let mut text = format!(
        "# {title}\n\nThe parts between `data` comments are written anew each time; everything else is yours.\n"
    );
    for part in parts {
        let _ = match part {
            Part::Heading(heading) => write!(text, "\n## {heading}\n"),
            Part::Data(name, data) => write!(text, "\n{}", data_part(name, data)),
            Part::Task(task) => write!(text, "\n- [ ] {task}\n"),
            Part::Question(question) => write!(text, "\n**{question}**\n\n{UNANSWERED}\n"),
        };
    }
    text
}

/// What data says, by name.
pub fn data_of(parts: &[Part]) -> BTreeMap<&'static str, String> {
    let data = parts.iter().filter_map(|part| match part {
        Part::Data(name, text) => Some((*name, text.clone())),
        _ => None,
    });
    data.collect()
}
