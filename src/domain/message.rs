//! A message as a model is sent it: text, or parts of text, pictures and documents.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::digest::Digest;
use super::media::Media;
use super::prompt::Role;

/// One rendered message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RenderedMessage {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: RenderedContent,
}

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RenderedContent {
    /// Text.
    Text(String),
    /// Several parts, in their order.
    Parts(Vec<RenderedPart>),
}

/// One part of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RenderedPart {
    /// Text.
    Text(String),
    /// A picture or a document.
    Media(Media),
}

impl RenderedMessage {
    /// What a digest is taken of.
    pub fn canonical(&self) -> Value {
        json!({"role": self.role, "content": self.content.to_json(Media::canonical)})
    }
}

impl RenderedContent {
    /// Text as a JSON text, parts as a list of objects with a `type`, files as `file` says it.
    pub fn to_json(&self, file: impl Fn(&Media) -> Value) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Parts(parts) => parts
                .iter()
                .map(|part| match part {
                    RenderedPart::Text(text) => json!({"type": "text", "text": text}),
                    RenderedPart::Media(media) => file(media),
                })
                .collect(),
        }
    }

    /// The texts, in their order.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let (whole, parts) = match self {
            Self::Text(text) => (Some(text.as_str()), &[][..]),
            Self::Parts(parts) => (None, parts.as_slice()),
        };
        let texts = parts.iter().filter_map(|part| match part {
            RenderedPart::Text(text) => Some(text.as_str()),
            RenderedPart::Media(_) => None,
        });
        whole.into_iter().chain(texts)
    }

    /// The pictures and documents, in their order.
    pub fn media(&self) -> impl Iterator<Item = &Media> {
        let parts = match self {
            Self::Text(_) => &[][..],
            Self::Parts(parts) => parts.as_slice(),
        };
        parts.iter().filter_map(|part| match part {
            RenderedPart::Text(_) => None,
            RenderedPart::Media(media) => Some(media),
        })
    }
}

impl From<&str> for RenderedContent {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// Files are named, never printed: what is serialized ends up in reports.
impl Serialize for RenderedContent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json(Media::reference).serialize(serializer)
    }
}

/// The bytes of the files that a request shows, each once, by digest. They are shared with whoever
/// read them and last no longer than the request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attachments(BTreeMap<Digest, Arc<[u8]>>);

impl Attachments {
    /// Adds bytes under their digest.
    pub fn insert(&mut self, digest: Digest, bytes: Arc<[u8]>) {
        self.0.insert(digest, bytes);
    }

    /// Whether these bytes are here.
    pub fn contains(&self, digest: &Digest) -> bool {
        self.0.contains_key(digest)
    }

    /// The bytes of a file that a message of the request names.
    pub fn bytes(&self, media: &Media) -> &[u8] {
        self.0
            .get(&media.digest)
            .expect("a request carries every file that its messages name")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::media::MediaType;

    fn shown(path: &str, media_type: MediaType, bytes: &[u8]) -> RenderedMessage {
        RenderedMessage {
            role: Role::User,
            content: RenderedContent::Parts(vec![
                RenderedPart::Text("look".to_owned()),
                RenderedPart::Media(Media {
                    path: path.to_owned(),
                    media_type,
                    bytes: bytes.len() as u64,
                    digest: Digest::of(bytes),
                }),
            ]),
        }
    }

    #[test]
    fn a_message_of_text_is_spelled_as_before_there_were_parts() {
        let message = RenderedMessage {
            role: Role::User,
            content: "hi".into(),
        };
        let spelled = json!({"role": "user", "content": "hi"});
        assert_eq!(json!(message), spelled);
        assert_eq!(message.canonical(), spelled);
    }

    #[test]
    fn digests_see_the_bytes_and_the_name_of_a_document_and_no_other_name() {
        let digest = |path, media_type, bytes: &[u8]| {
            Digest::of_json(&shown(path, media_type, bytes).canonical())
        };
        let image = digest("a/b.png", MediaType::Png, b"1");
        assert_eq!(image, digest("c/d.png", MediaType::Png, b"1"));
        assert_ne!(image, digest("a/b.png", MediaType::Png, b"2"));
        let file = digest("a/b.pdf", MediaType::Pdf, b"1");
        assert_eq!(file, digest("c/b.pdf", MediaType::Pdf, b"1"));
        assert_ne!(file, digest("a/c.pdf", MediaType::Pdf, b"1"));
    }

    #[test]
    fn what_is_serialized_names_files_and_holds_no_bytes() {
        let message = shown("datasets/a.png", MediaType::Png, b"abc");
        assert_eq!(
            json!(message)["content"],
            json!([
                {"type": "text", "text": "look"},
                {
                    "type": "image", "path": "datasets/a.png", "mediaType": "image/png", "bytes": 3,
                    "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                },
            ])
        );
    }
}
