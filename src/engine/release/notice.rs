//! What receivers are told about a move. All of it is derived from the lane's record, so that a
//! message which a crash swallowed can be written later, and is the same message then.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::domain::deployment::{Changes, Deployment};
use crate::domain::digest::Digest;
use crate::domain::id::LaneName;
use crate::domain::untrusted::shorten;
use crate::domain::webhook::delivery::{Delivery, State};
use crate::domain::webhook::{Webhook, WebhookFormat};
use crate::engine::ports::{LaneError, LaneRecord, LaneStore};

use super::standing::policy_in;

/// The most that a message may be, in bytes; the specification asks for less than 20 KB.
const BODY_LIMIT: usize = 18_000;

/// How many names of a list are told, if they fit; else the next number is tried.
const NAMES_TOLD: [usize; 4] = [100, 25, 5, 0];

/// How much of a reason or a name is told, in characters.
const TEXT_TOLD: usize = 500;

/// The messages about a move, one for each receiver.
///
/// Told are those whom the record's own policy names: it is what is live. Beside them, those whom the
/// move itself takes off the list are told once more, so that nobody is dropped in silence.
pub fn notices(lanes: &dyn LaneStore, record: &LaneRecord) -> Result<Vec<Delivery>, LaneError> {
    let deployment = &record.deployment;
    let mut webhooks = webhooks_at(lanes, record)?;
    if let Some(previous) = &deployment.previous {
        let previous = lanes.record(&deployment.lane, previous)?;
        for webhook in webhooks_at(lanes, &previous)? {
            if webhooks
                .iter()
                .all(|known| known.url_env != webhook.url_env)
            {
                webhooks.push(webhook);
            }
        }
    }
    webhooks.retain(|webhook| webhook.wants(deployment.kind));
    let notices = webhooks.into_iter().map(|webhook| notice(record, webhook));
    Ok(notices.collect())
}

/// The receivers that a record's policy names; none where it cannot be read.
pub fn webhooks_at(lanes: &dyn LaneStore, record: &LaneRecord) -> Result<Vec<Webhook>, LaneError> {
    let tree = lanes.tree(record)?;
    let policy = policy_in(tree.as_ref(), &record.deployment.lane);
    Ok(policy
        .ok()
        .flatten()
        .map(|policy| policy.webhooks)
        .unwrap_or_default())
}

/// The message about a move to one receiver.
fn notice(record: &LaneRecord, webhook: Webhook) -> Delivery {
    let deployment = &record.deployment;
    let event = format!("lane.{}", deployment.kind.name());
    let message = format!("msg_{}", record.id);
    let body_with = |names: &usize| {
        let data = data(record, *names);
        body(
            &webhook.format,
            &message,
            &event,
            deployment.recorded_at,
            &data,
        )
    };
    let mut bodies = NAMES_TOLD.iter().map(body_with);
    let body = bodies.find(|body| body.len() <= BODY_LIMIT);
    Delivery {
        schema: Delivery::SCHEMA,
        message,
        event,
        lane: deployment.lane.clone(),
        sequence: Some(deployment.sequence),
        created_at: deployment.recorded_at,
        webhook,
        body: body.expect("texts are cut, so that a body without lists fits"),
        attempts: Vec::new(),
        failures: 0,
        state: State::Waiting {
            next_try_at: deployment.recorded_at,
        },
    }
}

/// A message that says nothing but that it arrives.
pub fn test_notice(lane: &LaneName, webhook: Webhook, now: Timestamp) -> Delivery {
    let event = "webhook.test".to_owned();
    let named = format!("{lane} {} {now}", webhook.url_env);
    let digest = Digest::of(named.as_bytes()).to_string();
    let message = format!("msg_test{}", &digest[..32]);
    let data = json!({ "schema": SCHEMA, "lane": lane });
    Delivery {
        schema: Delivery::SCHEMA,
        body: body(&webhook.format, &message, &event, now, &data),
        message,
        event,
        lane: lane.clone(),
        sequence: None,
        created_at: now,
        webhook,
        attempts: Vec::new(),
        failures: 0,
        state: State::Waiting { next_try_at: now },
    }
}

/// The version of what stands under `data`.
const SCHEMA: &str = "pointsman/webhook/v1";

fn body(format: &WebhookFormat, id: &str, event: &str, at: Timestamp, data: &Value) -> String {
    let body = match format {
        WebhookFormat::Standard { .. } => json!({
            "type": event,
            "timestamp": at,
            "data": data,
        }),
        // GitHub carries no id and no signature of ours, so that the id travels in the payload.
        WebhookFormat::Github { .. } => json!({
            "event_type": event,
            "client_payload": { "id": id, "type": event, "timestamp": at, "data": data },
        }),
    };
    body.to_string()
}

/// What is told about a record: lists of names are cut to `names`, their true lengths beside them.
fn data(record: &LaneRecord, names: usize) -> Value {
    let deployment = &record.deployment;
    let Deployment {
        lane,
        sequence,
        kind,
        recorded_at,
        actor,
        reason,
        source,
        snapshot,
        previous,
        rollback_target,
        holds,
        changes,
        ..
    } = deployment;
    json!({
        "schema": SCHEMA,
        "lane": lane,
        "sequence": sequence,
        "kind": kind,
        "record": record.id,
        "previous": previous,
        "recordedAt": recorded_at,
        "actor": shorten(actor, TEXT_TOLD),
        "reason": reason.as_ref().map(|reason| shorten(reason, TEXT_TOLD)),
        "source": source,
        "snapshot": snapshot,
        "rollbackTarget": rollback_target,
        "holds": holds.len(),
        "changes": changes_told(changes, names),
    })
}

fn changes_told(changes: &Changes, names: usize) -> Value {
    fn list<T: ToString>(all: &[T], names: usize) -> Value {
        let told: Vec<String> = all
            .iter()
            .take(names)
            .map(|name| shorten(&name.to_string(), TEXT_TOLD).into_owned())
            .collect();
        json!({ "count": all.len(), "names": told })
    }
    json!({
        "added": list(&changes.added, names),
        "changed": list(&changes.changed, names),
        "removed": list(&changes.removed, names),
        "files": list(&changes.files, names),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::deployment::{DeployKind, ObjectId, Snapshot, Source};
    use crate::domain::id::PromptId;

    fn id(digit: &str) -> ObjectId {
        ObjectId::new(digit.repeat(40)).unwrap()
    }

    fn record(reason: &str, prompts: usize) -> LaneRecord {
        let prompt = |index| PromptId::new(format!("support/prompt-{index}")).unwrap();
        let deployment = Deployment {
            schema: Deployment::SCHEMA,
            lane: LaneName::new("production").unwrap(),
            sequence: 7,
            kind: DeployKind::Promote,
            recorded_at: "2026-03-02T09:00:00Z".parse().unwrap(),
            actor: "Cleo <cleo@example.com>".to_owned(),
            reason: Some(reason.to_owned()),
            source: Source {
                commit: id("c"),
                lane: None,
                record: None,
            },
            snapshot: Snapshot {
                sha256: Digest::of(b"snapshot"),
                git_tree: id("d"),
            },
            previous: Some(id("b")),
            rollback_target: None,
            holds: Vec::new(),
            changes: Changes {
                added: (0..prompts).map(prompt).collect(),
                files: (0..prompts).map(|_| "\u{1}".repeat(4_000)).collect(),
                ..Changes::default()
            },
            evidence: Vec::new(),
            watch: None,
        };
        LaneRecord {
            id: id("a"),
            deployment,
        }
    }

    fn standard() -> Webhook {
        Webhook {
            url_env: "URL".to_owned(),
            format: WebhookFormat::Standard {
                secret_env: vec!["SECRET".to_owned()],
            },
            events: Vec::new(),
        }
    }

    #[test]
    fn a_message_says_what_moved_where_by_whom_and_why() {
        let notice = notice(&record("shorter", 1), standard());
        assert_eq!(notice.message, format!("msg_{}", "a".repeat(40)));
        let body: Value = serde_json::from_str(&notice.body).unwrap();
        assert_eq!(body["type"], "lane.promote");
        assert_eq!(body["timestamp"], "2026-03-02T09:00:00Z");
        let data = &body["data"];
        assert_eq!(
            (&data["lane"], &data["sequence"]),
            (&json!("production"), &json!(7))
        );
        assert_eq!(data["reason"], "shorter");
        assert_eq!(data["changes"]["added"]["names"][0], "support/prompt-0");
    }

    #[test]
    fn a_message_stays_small_whatever_a_release_holds() {
        for prompts in [0, 1, 10, 150, 20_000] {
            let record = record(&"\u{2}\u{10ffff}".repeat(30_000), prompts);
            for format in [standard().format, github()] {
                let webhook = Webhook {
                    format,
                    ..standard()
                };
                let body = notice(&record, webhook).body;
                assert!(body.len() <= BODY_LIMIT, "{prompts}: {} bytes", body.len());
                assert!(body.contains(&format!("\"count\":{prompts}")));
            }
        }
    }

    fn github() -> WebhookFormat {
        WebhookFormat::Github {
            token_env: "TOKEN".to_owned(),
        }
    }

    #[test]
    fn github_is_told_in_its_own_shape() {
        let webhook = Webhook {
            format: github(),
            ..standard()
        };
        let body: Value = serde_json::from_str(&notice(&record("x", 0), webhook).body).unwrap();
        assert_eq!(body["event_type"], "lane.promote");
        assert_eq!(body["client_payload"]["data"]["sequence"], 7);
        // GitHub takes at most ten properties.
        assert!(body["client_payload"].as_object().unwrap().len() <= 10);
    }
}
