//! Reads the conversation of a row: what the user and the model have said so far.

use crate::domain::finding::Span;
use crate::domain::media::{Media, MediaKind};
use crate::domain::message::{RenderedContent, RenderedMessage, RenderedPart};
use crate::domain::prompt::Role;
use crate::engine::ports::FileTree;

use super::decode::{Decoder, Fields};
use super::document::{Node, Value};
use super::media::{MediaError, expect_kind, media_path, read_media};
use super::parts::parts;

/// Who may speak in a row's conversation.
const SPEAKERS: [(&str, Role); 2] = [("user", Role::User), ("assistant", Role::Assistant)];

/// Where the files stand that the rows of a dataset name.
#[derive(Clone, Copy)]
pub(super) struct RowFiles<'t> {
    pub(super) tree: &'t dyn FileTree,
    /// The dataset's folder for them; absent: it has none.
    pub(super) folder: Option<&'t str>,
}

impl RowFiles<'_> {
    /// Looks at the file of that name. Its bytes are read again when they are sent.
    pub(super) fn find(&self, name: &str) -> Result<Media, MediaError> {
        let folder = self.folder.ok_or_else(MediaError::no_folder)?;
        let path = media_path(folder, name)?;
        read_media(self.tree, &path).map(|file| file.media)
    }
}

/// Reads a conversation. Instructions come from prompts only, so that no row can forge them.
pub(super) fn conversation(
    decoder: &mut Decoder<'_>,
    node: &Node,
    files: RowFiles<'_>,
) -> Option<Vec<RenderedMessage>> {
    let messages = decoder.list_of(node, |decoder, node| message(decoder, node, files))?;
    if messages.last().is_some_and(|last| last.role == Role::User) {
        return Some(messages);
    }
    decoder.error(
        "open-conversation",
        node.span,
        "the conversation does not end with a message of the user",
        "end with the message that the model has to answer",
    );
    None
}

fn message(decoder: &mut Decoder<'_>, node: &Node, files: RowFiles<'_>) -> Option<RenderedMessage> {
    let mut fields = decoder.fields(node)?;
    let role = fields
        .required(decoder, "role")
        .and_then(|node| decoder.word(node, &SPEAKERS));
    let content = fields
        .required(decoder, "content")
        .and_then(|node| content(decoder, node, role, files));
    fields.finish(decoder);
    Some(RenderedMessage {
        role: role?,
        content: content?,
    })
}

fn content(
    decoder: &mut Decoder<'_>,
    node: &Node,
    role: Option<Role>,
    files: RowFiles<'_>,
) -> Option<RenderedContent> {
    if !matches!(node.value, Value::List(_)) {
        return decoder.text(node).map(RenderedContent::Text);
    }
    let text = |decoder: &mut Decoder<'_>, node: &Node| decoder.text(node).map(RenderedPart::Text);
    let file = |decoder: &mut Decoder<'_>, fields: &mut Fields<'_>, kind, span| {
        file(decoder, fields, kind, span, files)
    };
    parts(decoder, node, role, text, file).map(RenderedContent::Parts)
}

fn file(
    decoder: &mut Decoder<'_>,
    fields: &mut Fields<'_>,
    kind: MediaKind,
    span: Span,
    files: RowFiles<'_>,
) -> Option<RenderedPart> {
    let node = fields.required(decoder, "path")?;
    let name = decoder.text(node)?;
    let found = files.find(&name).and_then(|media| {
        expect_kind(&media, kind)?;
        Ok(media)
    });
    match found {
        Ok(media) => Some(RenderedPart::Media(media)),
        Err(error) => {
            decoder.report(vec![error.at(decoder.place(span))]);
            None
        }
    }
}
