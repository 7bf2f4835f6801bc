//! A review that was written, for programs: `pointsman/review/v1`. The shape is frozen: fields may be
//! added, and nothing else changes.

use serde::Serialize;

use crate::domain::incident::Signed;
use crate::domain::review::{Review, Subject};
use crate::domain::trace::filter::TimeRange;

/// A review that was written.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReviewV1<'r> {
    schema: &'static str,
    id: &'r str,
    path: String,
    title: &'r str,
    deployment: Option<String>,
    day: Option<i64>,
    window: TimeRange,
    updated: &'r Signed,
    created: bool,
    unanswered: usize,
}

impl<'r> ReviewV1<'r> {
    /// A review, whether its file is new, and how many of its questions nobody has answered.
    pub fn new(review: &'r Review, created: bool, unanswered: usize) -> Self {
        let (deployment, day) = match &review.subject {
            Subject::Launch(release, day) => (Some(release.to_string()), Some(day.days())),
            Subject::Week => (None, None),
        };
        Self {
            schema: "pointsman/review/v1",
            id: review.id.as_str(),
            path: review.id.path(),
            title: &review.title,
            deployment,
            day,
            window: review.window,
            updated: &review.updated,
            created,
            unanswered,
        }
    }
}
