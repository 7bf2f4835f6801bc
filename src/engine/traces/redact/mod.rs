//! Redaction: what must not be kept is taken out before anything is written.

mod detect;
pub mod find;
mod keys;
pub mod pseudonym;
pub mod text;

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;
use serde_json::json;

use crate::domain::digest::Digest;
use crate::domain::redaction::{BuiltIn, ContentPart, PseudonymColumn, Redaction};
use crate::domain::trace::score::Score;
use crate::domain::trace::span::{Content, Span};
use crate::engine::ports::traces::{BatchSize, TraceBatch};

use pseudonym::PseudonymKey;
use text::{Replaced, TextRedactor, fits};

/// Changes with what the built-in rules take out, so that the digest says which of them were applied.
const RULES_VERSION: u32 = 1;

/// How many names of attributes are remembered with what becomes of them.
const MOST_NAMES: usize = 10_000;

/// Redacts spans and scores.
pub struct Redactor {
    text: TextRedactor,
    settings: Redaction,
    digest: Digest,
    names: HashMap<String, Named, RandomState>,
    replaced: Replaced,
}

/// What a name of an attribute tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Named {
    /// What becomes of the attribute.
    fate: Fate,
    /// Whether something in the name itself must not be kept.
    is_redacted: bool,
}

/// What becomes of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It is kept, and its text is gone over.
    Kept,
    /// It is not kept.
    Dropped,
    /// Its text is a secret as a whole.
    Secret,
}

impl Redactor {
    /// Redacts by the settings.
    pub fn new(settings: &Redaction, key: Option<PseudonymKey>) -> Self {
        let rules = json!({
            "version": RULES_VERSION,
            "settings": settings,
            "key": key.as_ref().map(PseudonymKey::id),
        });
        Self {
            text: TextRedactor::new(settings, key),
            settings: settings.clone(),
            digest: Digest::of_json(&rules),
            names: HashMap::default(),
            replaced: Replaced::new(),
        }
    }

    /// By what the rules are known that were applied.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// How often each rule replaced something since this was last asked.
    pub fn take_replaced(&mut self) -> Replaced {
        std::mem::take(&mut self.replaced)
    }

    /// Takes out of a batch what must not be kept.
    pub fn redact(&mut self, batch: &mut TraceBatch) {
        self.redact_after(BatchSize::default(), batch);
    }

    /// Takes out of what was added to a batch what must not be kept. What it held before was redacted.
    pub fn redact_after(&mut self, before: BatchSize, batch: &mut TraceBatch) {
        for span in &mut batch.spans[before.spans..] {
            self.redact_span(span);
        }
        for score in &mut batch.scores[before.scores..] {
            self.redact_score(score);
        }
        for logged in &mut batch.logged[before.logged..] {
            let mut span = Span {
                content: std::mem::take(&mut logged.content),
                ..Span::default()
            };
            self.redact_span(&mut span);
            logged.content = span.content;
        }
    }

    fn redact_span(&mut self, span: &mut Span) {
        self.keep_content(&mut span.content);
        self.redact_attributes(span);
        for (column, value) in [
            (PseudonymColumn::User, &mut span.origin.user),
            (PseudonymColumn::Session, &mut span.origin.session),
        ] {
            if self.settings.pseudonyms.contains(&column)
                && let Some(value) = value
            {
                let replaced = &mut self.replaced;
                self.text.replace_whole(column.name(), value, replaced);
            }
        }
        let Self { text, replaced, .. } = self;
        each_text(span, &mut |value| text.redact(value, replaced));
        let variables = std::mem::take(&mut span.content.variables);
        for (mut name, mut value) in variables {
            if text.is_secret_name(&name) {
                text.replace_whole(BuiltIn::Secret.name(), &mut value, replaced);
            } else {
                text.redact(&mut value, replaced);
            }
            text.redact(&mut name, replaced);
            span.content.variables.insert(name, value);
        }
    }

    /// Drops the parts of content that are not to be kept.
    fn keep_content(&self, content: &mut Content) {
        let Some(kept) = &self.settings.content else {
            return;
        };
        let dropped = |part| !kept.contains(&part);
        if dropped(ContentPart::Variables) {
            content.variables = BTreeMap::new();
        }
        for (part, value) in [
            (ContentPart::Instructions, &mut content.system_instructions),
            (ContentPart::Input, &mut content.input),
            (ContentPart::Output, &mut content.output),
            (ContentPart::Tools, &mut content.tool_definitions),
            (ContentPart::Events, &mut content.events),
        ] {
            if dropped(part) {
                *value = None;
            }
        }
    }

    fn redact_attributes(&mut self, span: &mut Span) {
        let mut any_name = false;
        span.attributes.retain(|name, value| {
            let named = self.named(name);
            any_name |= named.is_redacted;
            match named.fate {
                Fate::Dropped => return false,
                Fate::Kept => self.text.redact(value, &mut self.replaced),
                Fate::Secret => {
                    let rule = BuiltIn::Secret.name();
                    self.text.replace_whole(rule, value, &mut self.replaced);
                }
            }
            true
        });
        if any_name {
            let attributes = std::mem::take(&mut span.attributes).into_iter();
            let redacted = attributes.map(|(mut name, value)| {
                self.text.redact(&mut name, &mut self.replaced);
                (name, value)
            });
            span.attributes = redacted.collect();
        }
    }

    fn named(&mut self, name: &str) -> Named {
        if let Some(named) = self.names.get(name) {
            return *named;
        }
        let any = |patterns: &[String]| patterns.iter().any(|pattern| fits(pattern, name));
        let kept = self.settings.keep.as_ref().is_none_or(|keep| any(keep));
        let fate = if !kept || any(&self.settings.drop) {
            Fate::Dropped
        } else if self.text.is_secret_name(name) {
            Fate::Secret
        } else {
            Fate::Kept
        };
        let mut redacted = name.to_owned();
        self.text.redact(&mut redacted, &mut Replaced::new());
        let named = Named {
            fate,
            is_redacted: redacted != name,
        };
        if self.names.len() < MOST_NAMES {
            self.names.insert(name.to_owned(), named);
        }
        named
    }

    fn redact_score(&mut self, score: &mut Score) {
        let kept = self.settings.content.as_ref();
        if kept.is_some_and(|kept| !kept.contains(&ContentPart::Explanations)) {
            score.explanation = None;
        }
        let texts = [
            Some(&mut score.name),
            score.response_id.as_mut(),
            score.label.as_mut(),
            score.explanation.as_mut(),
            score.error_type.as_mut(),
            score.source.as_mut(),
        ];
        for text in texts.into_iter().flatten() {
            self.text.redact(text, &mut self.replaced);
        }
        self.redact_id(&mut score.trace_id);
        if let Some(id) = &mut score.span_id {
            self.redact_id(id);
        }
    }

    /// Ids of bytes hold nothing; others are whatever the sender chose.
    fn redact_id(&mut self, id: &mut String) {
        if !is_bytes(id) {
            self.text.redact(id, &mut self.replaced);
        }
    }
}

fn is_bytes(id: &str) -> bool {
    id.bytes()
        .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// Every text of a span but its attributes and variables.
fn each_text(span: &mut Span, redact: &mut impl FnMut(&mut String)) {
    let Span {
        lineage,
        call,
        origin,
        content,
        ..
    } = span;
    let texts = [
        span.status_message.as_mut(),
        span.error_type.as_mut(),
        lineage.prompt.as_mut(),
        lineage.version.as_mut(),
        lineage.fingerprint.as_mut(),
        lineage.lane.as_mut(),
        lineage.deployment.as_mut(),
        call.provider.as_mut(),
        call.model.as_mut(),
        call.finish_reason.as_mut(),
        call.response_id.as_mut(),
        origin.service.as_mut(),
        origin.route.as_mut(),
        origin.session.as_mut(),
        origin.user.as_mut(),
        origin.tool.as_mut(),
        content.system_instructions.as_mut(),
        content.input.as_mut(),
        content.output.as_mut(),
        content.tool_definitions.as_mut(),
        content.events.as_mut(),
    ];
    redact(&mut span.name);
    texts.into_iter().flatten().for_each(&mut *redact);
    origin.tags.iter_mut().for_each(&mut *redact);
    let ids = [
        Some(&mut span.trace_id),
        Some(&mut span.span_id),
        span.parent_span_id.as_mut(),
    ];
    let ids = ids.into_iter().flatten().filter(|id| !is_bytes(id));
    ids.for_each(redact);
}
