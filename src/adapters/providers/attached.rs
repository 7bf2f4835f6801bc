//! The pictures and documents of a request as text: base64 (RFC 4648), as every API wants it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::domain::media::Media;
use crate::domain::run::ModelRequest;

/// The bytes of a file as base64.
pub(super) fn base64_of(request: &ModelRequest, media: &Media) -> String {
    STANDARD.encode(request.attachments.bytes(media))
}

/// The bytes of a file as a `data:` URL (RFC 2397).
pub(super) fn data_url(request: &ModelRequest, media: &Media) -> String {
    let media_type = media.media_type.name();
    format!("data:{media_type};base64,{}", base64_of(request, media))
}

/// The messages in our own shape, with the bytes of their files: for programs, and for servers that
/// are asked by a template.
pub(super) fn messages(request: &ModelRequest) -> Vec<Value> {
    let messages = request.messages.iter();
    messages
        .map(|message| {
            let content = message.content.to_json(|media| part(request, media));
            json!({"role": message.role, "content": content})
        })
        .collect()
}

fn part(request: &ModelRequest, media: &Media) -> Value {
    json!({
        "type": media.media_type.kind().name(),
        "name": media.name(),
        "media_type": media.media_type.name(),
        "data": base64_of(request, media),
    })
}
