//! Reads the `[[webhook]]` tables of a lane: who is told when it moves.

use std::collections::BTreeSet;

use crate::domain::deployment::DeployKind;
use crate::domain::webhook::{Webhook, WebhookFormat};

use super::decode::{Decoder, Fields};
use super::document::{Node, Value};

/// More than anybody needs; each is called after a move.
const MOST_WEBHOOKS: usize = 20;

/// More than two secrets are never valid at once, but for a rotation that was never finished.
const MOST_SECRETS: usize = 5;

#[derive(Clone, Copy)]
enum Format {
    Standard,
    Github,
}

const FORMATS: [(&str, Format); 2] = [("standard", Format::Standard), ("github", Format::Github)];

/// Reads all webhooks of a lane.
pub(super) fn webhooks(decoder: &mut Decoder<'_>, node: &Node) -> Option<Vec<Webhook>> {
    let webhooks = decoder.list_of(node, webhook)?;
    if webhooks.len() > MOST_WEBHOOKS {
        decoder.error(
            "too-many",
            node.span,
            format!("a lane has at most {MOST_WEBHOOKS} webhooks"),
            "let one receiver tell the others",
        );
        return None;
    }
    let mut seen = BTreeSet::new();
    for (webhook, node) in webhooks.iter().zip(decoder.list(node)?) {
        if !seen.insert(&webhook.url_env) {
            decoder.error(
                "duplicate",
                node.span,
                format!("`{}` is another webhook's address already", webhook.url_env),
                "put both into one `[[webhook]]`, or name another variable",
            );
        }
    }
    Some(webhooks)
}

fn webhook(decoder: &mut Decoder<'_>, node: &Node) -> Option<Webhook> {
    let mut fields = decoder.fields(node)?;
    let url_env = fields.required(decoder, "url_env");
    let url_env = url_env.and_then(|node| decoder.variable(node));
    let format = format(decoder, &mut fields);
    let events = match fields.optional("events") {
        Some(node) => events(decoder, node),
        None => Some(Vec::new()),
    };
    fields.finish(decoder);
    Some(Webhook {
        url_env: url_env?,
        format: format?,
        events: events?,
    })
}

fn format(decoder: &mut Decoder<'_>, fields: &mut Fields<'_>) -> Option<WebhookFormat> {
    let format = match fields.optional("format") {
        Some(node) => decoder.word(node, &FORMATS)?,
        None => Format::Standard,
    };
    match format {
        Format::Standard => {
            let node = fields.required(decoder, "secret_env")?;
            let secret_env = secrets(decoder, node)?;
            Some(WebhookFormat::Standard { secret_env })
        }
        Format::Github => {
            let node = fields.required(decoder, "token_env")?;
            let token_env = decoder.variable(node)?;
            Some(WebhookFormat::Github { token_env })
        }
    }
}

/// The variable of the secret, or those of all that are valid while secrets rotate.
fn secrets(decoder: &mut Decoder<'_>, node: &Node) -> Option<Vec<String>> {
    let Value::List(items) = &node.value else {
        return decoder.variable(node).map(|name| vec![name]);
    };
    if !(1..=MOST_SECRETS).contains(&items.len()) {
        decoder.error(
            "out-of-range",
            node.span,
            format!("a webhook has 1 to {MOST_SECRETS} secrets"),
            "name the variable of the secret, and that of the next one while you rotate",
        );
        return None;
    }
    decoder.list_of(node, Decoder::variable)
}

fn events(decoder: &mut Decoder<'_>, node: &Node) -> Option<Vec<DeployKind>> {
    let words = DeployKind::ALL.map(|kind| (kind.name(), kind));
    let mut events = decoder.list_of(node, |decoder, node| decoder.word(node, &words))?;
    if events.is_empty() {
        decoder.error(
            "out-of-range",
            node.span,
            "a webhook that is told nothing has no use",
            "remove `events` to tell every move, or remove the webhook",
        );
        return None;
    }
    events.dedup();
    Some(events)
}

#[cfg(test)]
mod tests {
    use super::super::document::Source;
    use super::super::lane::read_lane;
    use super::*;
    use crate::domain::finding::Findings;
    use crate::domain::id::LaneName;

    fn read(text: &str) -> Result<Vec<Webhook>, Findings> {
        let name = LaneName::new("production").unwrap();
        Ok(read_lane(&name, &Source::new(name.path(), text))?.webhooks)
    }

    #[test]
    fn a_receiver_is_named_by_variables_and_told_every_move_unless_it_says_which() {
        let read = read(
            "[[webhook]]\nurl_env = \"URL\"\nsecret_env = \"SECRET\"\n\
             [[webhook]]\nurl_env = \"DISPATCH\"\nformat = \"github\"\ntoken_env = \"TOKEN\"\n\
             events = [\"rollback\"]\n",
        )
        .unwrap();
        let standard = WebhookFormat::Standard {
            secret_env: vec!["SECRET".to_owned()],
        };
        assert_eq!(read[0].format, standard);
        assert!(read[0].wants(DeployKind::Promote));
        let github = WebhookFormat::Github {
            token_env: "TOKEN".to_owned(),
        };
        assert_eq!(read[1].format, github);
        assert!(!read[1].wants(DeployKind::Promote) && read[1].wants(DeployKind::Rollback));
    }

    #[test]
    fn secrets_rotate() {
        let read = read("[[webhook]]\nurl_env = \"URL\"\nsecret_env = [\"NEW\", \"OLD\"]\n");
        let standard = WebhookFormat::Standard {
            secret_env: vec!["NEW".to_owned(), "OLD".to_owned()],
        };
        assert_eq!(read.unwrap()[0].format, standard);
    }

    #[test]
    fn what_is_wrong_is_found_where_it_stands() {
        let url = "[[webhook]]\nurl_env = \"URL\"\n";
        let whole = "[[webhook]]\nurl_env = \"URL\"\nsecret_env = \"S\"\n";
        for (text, ident, line) in [
            (url.to_owned(), "missing-key", 1),
            (
                "[[webhook]]\nsecret_env = \"S\"\n".to_owned(),
                "missing-key",
                1,
            ),
            (format!("{url}secret_env = []\n"), "out-of-range", 3),
            (format!("{url}secret_env = 5\n"), "wrong-type", 3),
            (
                format!("{url}secret_env = \"S\"\nevents = []\n"),
                "out-of-range",
                4,
            ),
            (
                format!("{whole}events = [\"promoted\"]\n"),
                "unknown-word",
                4,
            ),
            (format!("{whole}token_env = \"T\"\n"), "unknown-key", 4),
            (format!("{whole}format = \"slack\"\n"), "unknown-word", 4),
            (format!("{whole}{whole}"), "duplicate", 4),
            (whole.repeat(21), "too-many", 1),
            ("webhook = \"https://x\"\n".to_owned(), "wrong-type", 1),
        ] {
            let finding = read(&text).unwrap_err().0.remove(0);
            let found = finding.place.span.unwrap().line;
            assert_eq!((finding.ident.as_ref(), found), (ident, line), "{text}");
        }
    }

    #[test]
    fn an_address_or_a_secret_that_was_pasted_into_the_file_is_not_repeated() {
        for text in [
            "[[webhook]]\nurl_env = \"https://h/canary\"\nsecret_env = \"S\"\n",
            "[[webhook]]\nurl_env = \"URL\"\nsecret_env = \"whsec_canary\"\n",
        ] {
            let findings = read(text).unwrap_err();
            assert!(!format!("{findings:?}").contains("canary"), "{findings:?}");
        }
    }
}
