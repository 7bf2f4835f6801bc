//! What an application gets of a lane: its prompts as data, and the attributes by which its traces
//! are matched to them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::domain::digest::Digest;
use crate::domain::id::PromptId;
use crate::domain::prompt::ResponseFormat;
use crate::engine::ports::{LaneRecord, LaneStore};
use crate::engine::workspace::Workspace;
use crate::engine::workspace::closure::Closure;
use crate::engine::workspace::media::MediaFile;

use super::ReleaseError;

/// A record's prompts, ready to be read by applications.
pub struct LiveLane {
    /// The record.
    pub record: LaneRecord,
    /// The prompts.
    pub prompts: BTreeMap<PromptId, LivePrompt>,
}

/// A prompt as applications get it.
pub struct LivePrompt {
    /// See [`crate::domain::prompt::Prompt::fingerprint`].
    pub fingerprint: Digest,
    /// The prompt with all it includes, as JSON.
    pub document: Value,
}

impl LiveLane {
    /// The prompts of a record.
    pub fn of(lanes: &dyn LaneStore, record: LaneRecord) -> Result<Self, ReleaseError> {
        let tree = lanes.tree(&record)?;
        let workspace = Workspace::new(tree.as_ref());
        let mut prompts = BTreeMap::new();
        for id in workspace.prompt_ids()? {
            let prompt = LivePrompt::of(&record, &workspace.closure(&id)?);
            prompts.insert(id, prompt);
        }
        Ok(Self { record, prompts })
    }
}

impl LivePrompt {
    fn of(record: &LaneRecord, closure: &Closure) -> Self {
        let prompt = closure.prompt();
        let fingerprint = closure.fingerprint();
        let variables = prompt.variables.iter().map(|(name, variable)| {
            json!({
                "name": name,
                "type": variable.kind,
                "description": variable.description,
                "required": variable.default.is_none(),
                "default": variable.default,
            })
        });
        let files: BTreeMap<&str, &MediaFile> = closure.media_files().collect();
        let messages = prompt.messages.iter().map(|message| {
            let content = message.content.to_json(
                |part, name| json!({ "type": part.kind.name(), "path": files[name].media.path }),
            );
            json!({ "role": message.role, "content": content })
        });
        let (response_format, json_schema) = match &prompt.response_format {
            ResponseFormat::Text => ("text", Value::Null),
            ResponseFormat::JsonObject => ("json_object", Value::Null),
            format @ ResponseFormat::JsonSchema(_) => ("json_schema", format.canonical()),
        };
        let document = json!({
            "id": prompt.id,
            "fingerprint": fingerprint,
            "name": prompt.name,
            "description": prompt.description,
            "model": prompt.model,
            "modelParameters": prompt.model_parameters,
            "variables": variables.collect::<Vec<_>>(),
            "messages": messages.collect::<Vec<_>>(),
            "includes": closure.includes(),
            "media": media(&files),
            "responseFormat": response_format,
            "jsonSchema": json_schema,
            "tools": prompt.tools,
            "traceAttributes": trace_attributes(record, &prompt.id, &fingerprint),
        });
        Self {
            fingerprint,
            document,
        }
    }
}

/// The pictures and documents that belong to a prompt, by path.
fn media(files: &BTreeMap<&str, &MediaFile>) -> Map<String, Value> {
    let file = |file: &&MediaFile| {
        let value = json!({
            "mediaType": file.media.media_type,
            "sha256": file.media.digest,
            "base64": STANDARD.encode(&file.bytes),
        });
        (file.media.path.clone(), value)
    };
    files.values().map(file).collect()
}

/// The attributes that a span must carry whose call was made with a prompt of a record. The first
/// two are of OpenTelemetry's conventions for generative AI, the third of those for deployments;
/// the rest are ours.
pub fn trace_attributes(
    record: &LaneRecord,
    prompt: &PromptId,
    fingerprint: &Digest,
) -> Map<String, Value> {
    let deployment = &record.deployment;
    let attributes = [
        ("gen_ai.prompt.name", json!(prompt)),
        ("gen_ai.prompt.version", json!(fingerprint.short())),
        ("deployment.environment.name", json!(deployment.lane)),
        ("pointsman.lane", json!(deployment.lane)),
        ("pointsman.deployment.id", json!(record.id)),
        ("pointsman.deployment.sequence", json!(deployment.sequence)),
        ("pointsman.prompt.fingerprint", json!(fingerprint)),
    ];
    let named = attributes.map(|(name, value)| (name.to_owned(), value));
    named.into_iter().collect()
}
