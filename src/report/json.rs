//! Results of ours as JSON in which every character can be seen, so that it can be shown as it is.

use serde::Serialize;

use crate::domain::untrusted::visible_json;

/// For people and programs: many lines, the last of which ends.
pub fn pretty(value: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(value)
        .expect("our own result types have text keys and no failing serializers");
    visible_json(&text).into_owned() + "\n"
}

/// For programs: one line, which ends.
pub fn line(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value)
        .expect("our own result types have text keys and no failing serializers");
    visible_json(&text).into_owned() + "\n"
}
