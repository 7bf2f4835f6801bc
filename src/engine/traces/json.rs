//! The way in for records of JSON: which format they have, and from there to spans and scores.

use serde_json::{Map, Value as Json};

use super::import::ImportError;
use super::intake::{Intake, Making, NOT_JSON, Reading};
use super::otlp::from_json;
use super::source::Record;
use super::tools::{Format, Tool, Undecided, detect, translate};

/// What is known to be wrong with a record, as reports count it.
const NO_EXPORT: &str = "it holds neither `resourceSpans` nor `resourceLogs`";
const UNDECIDED: &str = "it is a record of no format that is known here: say which with `--format`, \
                         or what its fields mean with `--mapping`";
const SEVERAL: &str = "it could be a record of several formats: say which with `--format`";

/// How many names of fields that nobody understands are told apart.
const MOST_NAMES: usize = 1_000;

/// How many characters of such a name are kept.
const LONGEST_NAME: usize = 120;

/// Stands for the names beyond.
const OTHER_NAMES: &str = "(others)";

/// A record that was taken apart to see what it is.
type Looked = Map<String, Json>;

impl Intake {
    /// Takes in one record of JSON.
    pub(super) fn json(
        &mut self,
        record: Record<'_>,
        making: &mut Making<'_>,
    ) -> Result<(), ImportError> {
        let mut looked = None;
        let format = match (&self.reading, making.format) {
            (_, Some(known)) => known,
            (Reading::As(format), None) => *format,
            (Reading::Mapped(_), None) => Format::Jsonl,
            (Reading::Detected, None) => match self.look(record, making)? {
                Some((format, fields)) => {
                    looked = Some(fields);
                    format
                }
                None => return Ok(()),
            },
        };
        making.format = Some(format);
        match format {
            Format::Otlp => self.otlp(record, making),
            _ => self.translated(format, record, looked, making),
        }
    }

    /// The format of a record, which may be that of the whole file; `None`: it has none, and is refused.
    fn look(
        &mut self,
        record: Record<'_>,
        making: &Making<'_>,
    ) -> Result<Option<(Format, Looked)>, ImportError> {
        let place = Some(record.place);
        let fields: Looked = match serde_json::from_slice(record.bytes) {
            Ok(fields) => fields,
            Err(error) => {
                let refusal = making.not_json(record.place, error.into());
                self.refuse(making, NOT_JSON, refusal, 1)?;
                return Ok(None);
            }
        };
        match detect(&fields) {
            Ok(format) => return Ok(Some((format, fields))),
            Err(Undecided::None) => {
                self.refuse(making, UNDECIDED, making.refusal(place, None), 1)?;
            }
            Err(Undecided::Several(formats)) => {
                let names: Vec<&str> = formats.iter().map(|format| format.name()).collect();
                let refusal = making.refusal(place, Some(names.join(", ")));
                self.refuse(making, SEVERAL, refusal, 1)?;
            }
        }
        Ok(None)
    }

    fn otlp(&mut self, record: Record<'_>, making: &mut Making<'_>) -> Result<(), ImportError> {
        let place = record.place;
        let (reason, refusal) = match from_json(record.bytes) {
            Ok(export) if !export.is_empty() => return self.export(export, place, making),
            Ok(_) => (NO_EXPORT, making.refusal(Some(place), None)),
            Err(error) => (NOT_JSON, making.not_json(place, error.into())),
        };
        self.refuse(making, reason, refusal, 1)
    }

    fn translated(
        &mut self,
        format: Format,
        record: Record<'_>,
        looked: Option<Looked>,
        making: &mut Making<'_>,
    ) -> Result<(), ImportError> {
        let place = record.place;
        let fields = match looked.map_or_else(|| serde_json::from_slice(record.bytes), Ok) {
            Ok(fields) => fields,
            Err(error) => {
                let refusal = making.not_json(place, error.into());
                return self.refuse(making, NOT_JSON, refusal, 1);
            }
        };
        let tool = match (format, &self.reading) {
            (Format::Langfuse, _) => Tool::Langfuse,
            (Format::Langsmith, _) => Tool::Langsmith,
            (Format::Jsonl, Reading::Mapped(mapping)) => Tool::Mapped(mapping),
            _ => Tool::Phoenix,
        };
        let mut told = translate(tool, fields, record.bytes);
        for name in std::mem::take(&mut told.unmapped) {
            self.unmapped(name);
        }
        for misfit in std::mem::take(&mut told.misfits) {
            let refusal = making.refusal(Some(place), misfit.detail);
            self.refuse(making, misfit.reason, refusal, 1)?;
        }
        self.export(told.export(), place, making)
    }

    fn unmapped(&mut self, mut name: String) {
        let end = name.char_indices().nth(LONGEST_NAME).map(|(end, _)| end);
        name.truncate(end.unwrap_or(name.len()));
        let names = &mut self.counts.unmapped_fields;
        let is_full = names.len() >= MOST_NAMES && !names.contains_key(&name);
        let name = if is_full {
            OTHER_NAMES.to_owned()
        } else {
            name
        };
        *names.entry(name).or_default() += 1;
    }
}
