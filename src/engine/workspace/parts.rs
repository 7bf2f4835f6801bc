//! Reads the parts of a message: text, pictures and documents, in one shape for prompts and rows.

use crate::domain::finding::Span;
use crate::domain::media::MediaKind;
use crate::domain::prompt::Role;

use super::decode::{Decoder, Fields};
use super::document::Node;

/// What a part is; `None` is text.
const TYPES: [(&str, Option<MediaKind>); 3] = [
    ("text", None),
    ("image", Some(MediaKind::Image)),
    ("file", Some(MediaKind::File)),
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
        let kind = fields
            .required(decoder, "type")
            .and_then(|node| decoder.word(node, &TYPES))?;
        let part = match kind {
            None => fields
                .required(decoder, "text")
                .and_then(|node| text(decoder, node)),
            Some(kind) => {
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
