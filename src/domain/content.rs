//! What a prompt's message says: text, or parts of text, pictures and documents.

use std::fmt;

use serde_json::{Value, json};

use super::finding::Span;
use super::media::MediaKind;
use super::prompt::Template;

/// What a message says.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Text.
    Text(Template),
    /// Several parts, in their order.
    Parts(Vec<Part>),
}

/// One part of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Text.
    Text(Template),
    /// A picture or a document.
    Media(MediaPart),
}

/// A picture or a document of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct MediaPart {
    /// Which of the two.
    pub kind: MediaKind,
    /// Which file.
    pub source: MediaSource,
    /// Where the file is named.
    pub span: Span,
}

/// Where the file of a part comes from. It is named, never computed: what a prompt is made of must
/// be known without rendering it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaSource {
    /// A file that belongs to the prompt, as it is written: relative to `prompts/`.
    File(String),
    /// The file that this variable names.
    Variable(String),
}

impl Content {
    /// The templates, each with its place among the parts, from 1.
    pub fn templates(&self) -> Vec<(usize, &Template)> {
        match self {
            Self::Text(template) => vec![(1, template)],
            Self::Parts(parts) => {
                let numbered = parts.iter().zip(1..);
                numbered
                    .filter_map(|(part, number)| match part {
                        Part::Text(template) => Some((number, template)),
                        Part::Media(_) => None,
                    })
                    .collect()
            }
        }
    }

    /// The pictures and documents.
    pub fn media(&self) -> impl Iterator<Item = &MediaPart> {
        let parts = match self {
            Self::Text(_) => &[][..],
            Self::Parts(parts) => parts.as_slice(),
        };
        parts.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Media(media) => Some(media),
        })
    }

    /// Text as a JSON text, parts as a list of objects as the prompt file has them, with a file of
    /// the prompt as `file` says it.
    pub fn to_json(&self, file: impl Fn(&MediaPart, &str) -> Value) -> Value {
        let part = |part: &Part| match part {
            Part::Text(template) => json!({"type": "text", "text": template.text}),
            Part::Media(media) => match &media.source {
                MediaSource::File(path) => file(media, path),
                MediaSource::Variable(name) => {
                    json!({"type": media.kind.name(), "variable": name})
                }
            },
        };
        match self {
            Self::Text(template) => json!(template.text),
            Self::Parts(parts) => parts.iter().map(part).collect(),
        }
    }
}

/// The content for people: the text, and a line in brackets for each picture or document.
impl fmt::Display for Content {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = match self {
            Self::Text(template) => return formatter.write_str(&template.text),
            Self::Parts(parts) => parts,
        };
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                formatter.write_str("\n")?;
            }
            match part {
                Part::Text(template) => formatter.write_str(&template.text)?,
                Part::Media(media) => match &media.source {
                    MediaSource::File(path) => write!(formatter, "[{} {path}]", media.kind.name())?,
                    MediaSource::Variable(name) => {
                        write!(formatter, "[{} of `{name}`]", media.kind.name())?;
                    }
                },
            }
        }
        Ok(())
    }
}
