//! A mapping: what the fields of somebody's own log mean as spans.

use std::fmt;
use std::str::FromStr;

use serde_json::Value as Json;

use super::column::Column;

/// What the fields of a log mean.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mapping {
    /// Where each column stands.
    pub columns: Vec<(MappedColumn, Reading)>,
    /// What columns hold that the log says nothing of.
    pub values: Vec<(MappedColumn, String)>,
    /// Where other attributes stand, by their names.
    pub attributes: Vec<(String, FieldPath)>,
    /// Where scores stand, by their names.
    pub scores: Vec<(String, FieldPath)>,
    /// What is left out.
    pub drop: Vec<FieldPath>,
}

/// Where a column stands, and in which unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The field.
    pub path: FieldPath,
    /// The unit of a number that is a time or a length of time.
    pub unit: Option<TimeUnit>,
}

/// The unit of a number that is a time or a length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say what each is")]
pub enum TimeUnit {
    Seconds,
    Milliseconds,
    Microseconds,
    Nanoseconds,
}

impl TimeUnit {
    /// All of them, with the words of mapping files.
    pub const ALL: [(&'static str, Self); 4] = [
        ("seconds", Self::Seconds),
        ("milliseconds", Self::Milliseconds),
        ("microseconds", Self::Microseconds),
        ("nanoseconds", Self::Nanoseconds),
    ];

    /// How many nanoseconds it has.
    pub fn nanoseconds(self) -> f64 {
        match self {
            Self::Seconds => 1e9,
            Self::Milliseconds => 1e6,
            Self::Microseconds => 1e3,
            Self::Nanoseconds => 1.0,
        }
    }
}

/// A column of a span that a field may fill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MappedColumn {
    /// One that filters know, too.
    Column(Column),
    /// When the span ended.
    End,
    /// What went wrong.
    StatusMessage,
    /// The id of the answer.
    ResponseId,
    /// What the prompt was rendered with.
    Variables,
    /// What the model was told by whoever runs it.
    SystemInstructions,
    /// What went in.
    Input,
    /// What came out.
    Output,
    /// The tools that the model could call.
    ToolDefinitions,
}

/// Those that filters do not know, with their names.
const OTHERS: [(MappedColumn, &str); 8] = [
    (MappedColumn::End, "end"),
    (MappedColumn::StatusMessage, "status_message"),
    (MappedColumn::ResponseId, "response_id"),
    (MappedColumn::Variables, "variables"),
    (MappedColumn::SystemInstructions, "system_instructions"),
    (MappedColumn::Input, "input"),
    (MappedColumn::Output, "output"),
    (MappedColumn::ToolDefinitions, "tool_definitions"),
];

impl MappedColumn {
    /// All of them, with their names.
    pub fn all() -> impl Iterator<Item = (Self, &'static str)> {
        let computed = |column: &Column| [Column::TotalTokens, Column::AnyScore].contains(column);
        let plain = Column::plain().zip(Column::names());
        plain
            .filter(move |(column, _)| !computed(column))
            .map(|(column, name)| (Self::Column(column), name))
            .chain(OTHERS)
    }

    /// Whether it is a time or a length of time.
    pub fn takes_unit(&self) -> bool {
        let timed = [Column::Time, Column::Duration, Column::TimeToFirstChunk];
        match self {
            Self::Column(column) => timed.contains(column),
            other => *other == Self::End,
        }
    }
}

/// Where a value stands in a record: names with dots between them, and numbers for the items of lists.
/// A name may hold dots itself: what stands there as one name is found first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldPath(String);

/// The deepest path.
const MOST_SEGMENTS: usize = 32;

impl FieldPath {
    /// The value.
    pub fn get<'j>(&self, record: &'j Json) -> Option<&'j Json> {
        get(record, &self.0)
    }

    /// Takes the value out.
    pub fn remove(&self, record: &mut Json) -> Option<Json> {
        remove(record, &self.0)
    }
}

fn get<'j>(value: &'j Json, path: &str) -> Option<&'j Json> {
    if let Some(found) = member(value, path) {
        return Some(found);
    }
    let mut dots = path.match_indices('.').map(|(index, _)| index);
    dots.find_map(|dot| get(member(value, &path[..dot])?, &path[dot + 1..]))
}

fn member<'j>(value: &'j Json, name: &str) -> Option<&'j Json> {
    match value {
        Json::Object(entries) => entries.get(name),
        Json::Array(items) => items.get(name.parse::<usize>().ok()?),
        _ => None,
    }
}

fn remove(value: &mut Json, path: &str) -> Option<Json> {
    match value {
        Json::Object(entries) if entries.contains_key(path) => return entries.shift_remove(path),
        // The other items keep their places.
        Json::Array(items) => {
            if let Some(item) = path
                .parse()
                .ok()
                .and_then(|index: usize| items.get_mut(index))
            {
                return Some(item.take());
            }
        }
        _ => {}
    }
    let dots: Vec<usize> = path.match_indices('.').map(|(index, _)| index).collect();
    for dot in dots {
        let inner = match value {
            Json::Object(entries) => entries.get_mut(&path[..dot]),
            Json::Array(items) => {
                let index = path[..dot].parse().ok();
                index.and_then(|index: usize| items.get_mut(index))
            }
            _ => None,
        };
        if let Some(found) = inner.and_then(|inner| remove(inner, &path[dot + 1..])) {
            return Some(found);
        }
    }
    None
}

impl fmt::Display for FieldPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for FieldPath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let segments = text.split('.').count();
        if segments > MOST_SEGMENTS {
            return Err(format!("a path has at most {MOST_SEGMENTS} names"));
        }
        if text.split('.').any(str::is_empty) {
            return Err("a path is names with dots between them, as in `request.model`".to_owned());
        }
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for Reading {
    type Err = String;

    /// `request.model`, or with a unit: `latency (milliseconds)`.
    fn from_str(text: &str) -> Result<Self, String> {
        let Some((path, unit)) = text.strip_suffix(')').and_then(|it| it.rsplit_once(" (")) else {
            return Ok(Self {
                path: text.parse()?,
                unit: None,
            });
        };
        let found = TimeUnit::ALL.iter().find(|(word, _)| *word == unit);
        let words = TimeUnit::ALL.iter().map(|(word, _)| *word);
        let (_, unit) = found.ok_or_else(|| {
            let help = crate::domain::suggest::did_you_mean(unit, words);
            format!("`{unit}` is no unit of time; {help}")
        })?;
        Ok(Self {
            path: path.trim_end().parse()?,
            unit: Some(*unit),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path(text: &str) -> FieldPath {
        text.parse().unwrap()
    }

    #[test]
    fn a_path_finds_names_items_and_names_that_hold_dots() {
        let record = json!({ "request": { "model": "m", "http.method": "GET" }, "a.b": { "c": 1 },
            "choices": [{ "text": "x" }, { "text": "y" }] });
        for (text, found) in [
            ("request.model", json!("m")),
            ("request.http.method", json!("GET")),
            ("a.b.c", json!(1)),
            ("choices.1.text", json!("y")),
        ] {
            assert_eq!(path(text).get(&record), Some(&found), "{text}");
            let mut rest = record.clone();
            assert_eq!(path(text).remove(&mut rest), Some(found), "{text}");
            assert_ne!(rest, record, "{text}");
        }
        for text in [
            "request.nothing",
            "choices.7.text",
            "choices.x",
            "request.model.x",
        ] {
            assert_eq!(path(text).get(&record), None, "{text}");
            assert_eq!(path(text).remove(&mut record.clone()), None, "{text}");
        }
    }

    #[test]
    fn a_reading_may_have_a_unit() {
        let reading: Reading = "latency (milliseconds)".parse().unwrap();
        assert_eq!(reading.unit, Some(TimeUnit::Milliseconds));
        assert_eq!(reading.path.to_string(), "latency");
        assert_eq!("a".parse::<Reading>().unwrap().unit, None);
        let error = "latency (milisecond)".parse::<Reading>().unwrap_err();
        assert!(error.contains("did you mean `milliseconds`?"), "{error}");
        for wrong in ["", "a..b", ".a", "a.", " (seconds)"] {
            assert!(wrong.parse::<Reading>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_column_has_one_name() {
        let names: Vec<&str> = MappedColumn::all().map(|(_, name)| name).collect();
        let mut different = names.clone();
        different.sort_unstable();
        different.dedup();
        assert_eq!(names.len(), different.len());
        assert!(!names.contains(&"total_tokens") && !names.contains(&"score"));
    }
}
