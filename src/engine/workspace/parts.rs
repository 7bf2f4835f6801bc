//! Reads the parts of a message: text, pictures and documents, in one shape for prompts and rows.

use crate::domain::finding::Span;
use crate::domain::media::MediaKind;
use crate::domain::prompt::Role;

use super::decode::{Decoder, Fields};
use super::document::Node;

/// What a part is.
#[derive(Clone, Copy)]
enum PartType {
    Text,
    Media(MediaKind),
}

const TYPES: [(&str, PartType); 3] = [
    ("text", PartType::Text),
    ("image", PartType::Media(MediaKind::Image)),
    ("file", PartType::Media(MediaKind::File)),
];

/// What APIs call such parts.
const FOREIGN_TYPES: [(&str, &str); 5] = [
    ("image_url", "image"),
    ("input_image", "image"),
    ("input_file", "file"),
    ("document", "file"),
    ("media", "file"),
];

/// Reads a list of parts. `text` reads the text of one; `file` reads what says which file a picture
/// or a document is, at the span of the part. A role that could not be read allows everything: it is
/// reported already.
pub(super) fn parts<T>(
    decoder: &mut Decoder<'_>,
    node: &Node,
    role: Option<Role>,
    text: impl Fn(&mut Decoder<'_>, &Node) -> Option<T>,
    file: impl Fn(&mut Decoder<'_>, &mut Fields<'_>, MediaKind, Span) -> Option<T>,
) -> Option<Vec<T>> {
    let parts = decoder.list_of(node, |decoder, node| {
        let mut fields = decoder.fields(node)?;
        let part_type = fields
            .required(decoder, "type")
            .and_then(|node| part_type(decoder, node))?;
        let part = match part_type {
            PartType::Text => fields
                .required(decoder, "text")
                .and_then(|node| text(decoder, node)),
            PartType::Media(kind) => {
                check_role(decoder, role, kind, node.span);
                file(decoder, &mut fields, kind, node.span)
            }
        };
        fields.finish(decoder);
        part
    })?;
    if parts.is_empty() {
        let help = "add a part of `type: text`, `image` or `file`, or write one text";
        decoder.error("no-parts", node.span, "there is no part", help);
        return None;
    }
    Some(parts)
}

/// What a part is. Whoever writes the word of an API is told ours.
fn part_type(decoder: &mut Decoder<'_>, node: &Node) -> Option<PartType> {
    let text = decoder.text(node)?;
    let foreign = FOREIGN_TYPES.iter().find(|(foreign, _)| *foreign == text);
    let Some((_, own)) = foreign else {
        return decoder.word(node, &TYPES);
    };
    let message = format!("`{text}` is not known here");
    let help = format!("write `type: {own}`, and name the file that it shows");
    decoder.error("unknown-word", node.span, message, help);
    None
}

/// No API takes pictures or documents from anybody but the user.
fn check_role(decoder: &mut Decoder<'_>, role: Option<Role>, kind: MediaKind, span: Span) {
    if let Some(role) = role.filter(|role| *role != Role::User) {
        let message = format!(
            "a message of the role `{}` cannot show the model {}",
            role.name(),
            match kind {
                MediaKind::Image => "an image",
                MediaKind::File => "a file",
            }
        );
        let help = "show it in a message of the role `user`";
        decoder.error("media-in-role", span, message, help);
    }
}
