//! Reads a provider of `pointsman.toml`: a model server of one of the known kinds, a server that is
//! asked by template, a server that grades, or a program.

use std::time::Duration;

use minijinja::Environment;

use crate::domain::period::Period;
use crate::domain::project::{
    HttpTemplate, ProgramSettings, ProviderSettings, ServerSettings, WireFormat,
};

use super::decode::{Decoder, Fields};
use super::document::Node;
use super::renderer::endless_tag;
use super::template::engine_message;

/// How a provider is spoken to, as files say it.
#[derive(Clone, Copy)]
enum Kind {
    OpenAi,
    Anthropic,
    Gemini,
    Http,
    Grader,
    Exec,
}

const KINDS: [(&str, Kind); 6] = [
    ("openai", Kind::OpenAi),
    ("anthropic", Kind::Anthropic),
    ("gemini", Kind::Gemini),
    ("http", Kind::Http),
    ("grader", Kind::Grader),
    ("exec", Kind::Exec),
];

/// How long one try may take.
const USUAL_TIMEOUT: Duration = Duration::from_mins(1);

/// Headers that are ours, or the connection's, to set.
const RESERVED_HEADERS: [&str; 6] = [
    "host",
    "content-type",
    "content-length",
    "transfer-encoding",
    "connection",
    "user-agent",
];

/// Reads one provider.
pub(super) fn provider(
    decoder: &mut Decoder<'_>,
    _name: &str,
    node: &Node,
) -> Option<ProviderSettings> {
    let mut fields = decoder.fields(node)?;
    let kind = fields.required(decoder, "kind")?;
    let settings = match decoder.word(kind, &KINDS)? {
        Kind::Exec => program(decoder, &mut fields).map(ProviderSettings::Program),
        kind => server(decoder, &mut fields, kind).map(ProviderSettings::Server),
    };
    fields.finish(decoder);
    settings
}

fn server(
    decoder: &mut Decoder<'_>,
    fields: &mut Fields<'_>,
    kind: Kind,
) -> Option<ServerSettings> {
    let address_key = match kind {
        Kind::Http | Kind::Grader => "url",
        _ => "base_url",
    };
    let address = fields.required(decoder, address_key);
    let url = address.and_then(|node| base_url(decoder, node));
    let wire = wire(decoder, fields, kind);
    let key_env = optional(fields.optional("key_env"), |node| decoder.variable(node));
    let key_header = match kind {
        Kind::OpenAi | Kind::Http | Kind::Grader => {
            optional(fields.optional("key_header"), |node| header(decoder, node))
        }
        _ => Some(None),
    };
    let concurrency = count(decoder, fields, "concurrency", 1_000);
    let max_attempts = count(decoder, fields, "max_attempts", 20);
    let requests = count(decoder, fields, "requests_per_minute", 1_000_000);
    let tokens = count(decoder, fields, "tokens_per_minute", 4_000_000_000);
    let timeout = timeout(decoder, fields, USUAL_TIMEOUT);
    Some(ServerSettings {
        wire: wire?,
        url: url?,
        key_env: key_env?,
        key_header: key_header?,
        concurrency: concurrency?.map_or(8, |count| count as usize),
        requests_per_minute: requests?,
        tokens_per_minute: tokens?,
        timeout: timeout?,
        max_attempts: max_attempts?.unwrap_or(4),
    })
}

fn wire(decoder: &mut Decoder<'_>, fields: &mut Fields<'_>, kind: Kind) -> Option<WireFormat> {
    match kind {
        Kind::Anthropic => Some(WireFormat::Anthropic),
        Kind::Gemini => Some(WireFormat::Gemini),
        Kind::Grader => Some(WireFormat::Grader),
        Kind::Http => template(decoder, fields).map(WireFormat::Template),
        _ => {
            let stream = optional(fields.optional("stream"), |node| decoder.boolean(node))?;
            Some(WireFormat::OpenAi {
                stream: stream.unwrap_or(false),
            })
        }
    }
}

fn template(decoder: &mut Decoder<'_>, fields: &mut Fields<'_>) -> Option<HttpTemplate> {
    let body = fields.required(decoder, "body");
    let body = body.and_then(|node| body_template(decoder, node));
    let output = fields.required(decoder, "output");
    let output = output.and_then(|node| pointer(decoder, node));
    let input_tokens = optional(fields.optional("input_tokens"), |node| {
        pointer(decoder, node)
    });
    let output_tokens = optional(fields.optional("output_tokens"), |node| {
        pointer(decoder, node)
    });
    Some(HttpTemplate {
        body: body?,
        output: output?,
        input_tokens: input_tokens?,
        output_tokens: output_tokens?,
    })
}

/// Reads a program and what it may take.
pub(super) fn program(
    decoder: &mut Decoder<'_>,
    fields: &mut Fields<'_>,
) -> Option<ProgramSettings> {
    let command = fields.required(decoder, "command");
    let command = command.and_then(|node| command_line(decoder, node));
    let env = optional(fields.optional("env"), |node| {
        decoder.list_of(node, Decoder::variable)
    });
    let concurrency = count(decoder, fields, "concurrency", 1_000);
    let timeout = timeout(decoder, fields, USUAL_TIMEOUT);
    Some(ProgramSettings {
        command: command?,
        env: env?.unwrap_or_default(),
        concurrency: concurrency?.map_or(4, |count| count as usize),
        timeout: timeout?,
    })
}

/// What a key that may be absent holds: `None` only where it holds something wrong.
#[expect(
    clippy::option_option,
    reason = "absent is not the same as present and wrong"
)]
fn optional<T>(node: Option<&Node>, read: impl FnOnce(&Node) -> Option<T>) -> Option<Option<T>> {
    match node {
        Some(node) => read(node).map(Some),
        None => Some(None),
    }
}

#[expect(
    clippy::option_option,
    reason = "absent is not the same as present and wrong"
)]
fn count(
    decoder: &mut Decoder<'_>,
    fields: &mut Fields<'_>,
    key: &'static str,
    most: i64,
) -> Option<Option<u32>> {
    optional(fields.optional(key), |node| {
        let count = decoder.integer_within(node, 1, most)?;
        u32::try_from(count).ok()
    })
}

/// How long something may take, in whole seconds; `usual` where nothing is said.
pub(super) fn timeout(
    decoder: &mut Decoder<'_>,
    fields: &mut Fields<'_>,
    usual: Duration,
) -> Option<Duration> {
    let read = optional(fields.optional("timeout"), |node| {
        let seconds = decoder.parsed::<Period>(node)?.seconds;
        u64::try_from(seconds).ok()
    });
    Some(read?.map_or(usual, Duration::from_secs))
}

/// Keys travel over TLS, or do not leave the machine.
fn base_url(decoder: &mut Decoder<'_>, node: &Node) -> Option<String> {
    let text = decoder.text(node)?;
    let rest = text.strip_prefix("https://").or_else(|| {
        let rest = text.strip_prefix("http://")?;
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        is_loopback(host).then_some(rest)
    });
    let authority = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    let usable = authority
        .is_some_and(|authority| !authority.is_empty() && !authority.contains('@'))
        && !text.contains(['?', '#', ' ']);
    if !usable {
        let help = "use `https://host/path`; `http://` only for 127.0.0.1, [::1] and localhost; no user, query or fragment";
        decoder.error(
            "invalid-url",
            node.span,
            format!("`{text}` cannot be used as a provider's address"),
            help,
        );
        return None;
    }
    Some(text.trim_end_matches('/').to_owned())
}

fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    matches!(name, "127.0.0.1" | "::1" | "localhost")
}

fn header(decoder: &mut Decoder<'_>, node: &Node) -> Option<String> {
    let name = decoder.text(node)?;
    let plain = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !plain || RESERVED_HEADERS.contains(&name.as_str()) {
        let help = "name the header that carries the key in lower case, for example `api-key`";
        decoder.error_without_excerpt(
            "invalid-name",
            node.span,
            "this header cannot carry the key",
            help,
        );
        return None;
    }
    Some(name)
}

fn pointer(decoder: &mut Decoder<'_>, node: &Node) -> Option<String> {
    let text = decoder.text(node)?;
    if !text.starts_with('/') {
        let help = "a JSON pointer starts with `/`, for example `/choices/0/text`";
        decoder.error(
            "invalid-pointer",
            node.span,
            format!("`{text}` is not a JSON pointer to a part of the answer"),
            help,
        );
        return None;
    }
    Some(text)
}

fn body_template(decoder: &mut Decoder<'_>, node: &Node) -> Option<String> {
    let text = decoder.text(node)?;
    if endless_tag(&text).is_some() {
        let message = "a tag or a line of this template is longer than one may be";
        decoder.error("endless-tag", node.span, message, "take it apart");
        return None;
    }
    if let Err(error) = Environment::new().template_from_str(&text) {
        let help = "write JSON with `{{ prompt }}`, `{{ messages }}`, `{{ model }}` and the like, without quotes around them";
        decoder.error("invalid-template", node.span, engine_message(&error), help);
        return None;
    }
    Some(text)
}

fn command_line(decoder: &mut Decoder<'_>, node: &Node) -> Option<Vec<String>> {
    let command = decoder.list_of(node, Decoder::text)?;
    let usable = command.first().is_some_and(|program| !program.is_empty())
        && command.iter().all(|part| !part.contains('\0'));
    if !usable {
        decoder.error(
            "invalid-command",
            node.span,
            "there is no program to run",
            "name the program and its arguments, for example `[\"python3\", \"model.py\"]`",
        );
        return None;
    }
    Some(command)
}

#[cfg(test)]
mod tests {
    use super::super::document::Source;
    use super::super::project::read_project;
    use super::*;
    use crate::domain::finding::Findings;

    fn read(text: &str) -> Result<ProviderSettings, Findings> {
        let source = Source::new("pointsman.toml", format!("[providers.x]\n{text}"));
        Ok(read_project(&source)?.providers["x"].clone())
    }

    fn server(text: &str) -> ServerSettings {
        match read(text) {
            Ok(ProviderSettings::Server(settings)) => settings,
            other => panic!("not a server: {other:?}"),
        }
    }

    fn finding(text: &str) -> &'static str {
        let known = [
            "invalid-url",
            "invalid-name",
            "invalid-pointer",
            "invalid-template",
            "invalid-command",
            "missing-key",
            "unknown-key",
            "unknown-word",
            "wrong-type",
            "out-of-range",
        ];
        let ident = read(text).unwrap_err().0.remove(0).ident;
        known.into_iter().find(|known| *known == ident).unwrap()
    }

    #[test]
    fn a_server_has_sensible_defaults() {
        let settings = server("kind = \"openai\"\nbase_url = \"https://api.example.com/v1/\"\n");
        assert_eq!(settings.url, "https://api.example.com/v1");
        assert_eq!((settings.concurrency, settings.max_attempts), (8, 4));
        assert_eq!(settings.wire, WireFormat::OpenAi { stream: false });
    }

    #[test]
    fn keys_are_never_sent_in_the_clear_over_a_network() {
        let url = |url: &str| format!("kind = \"anthropic\"\nbase_url = \"{url}\"\n");
        for good in [
            "http://127.0.0.1:8080/v1",
            "http://[::1]:80",
            "http://localhost:11434/v1",
        ] {
            assert!(read(&url(good)).is_ok(), "{good}");
        }
        for bad in [
            "http://api.example.com",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "ftp://x",
            "https://",
            "https://user:pw@x/v1",
            "http://127.0.0.1@evil.example",
            "https://x?key=1",
            "x",
        ] {
            assert_eq!(finding(&url(bad)), "invalid-url", "{bad}");
        }
    }

    #[test]
    fn a_key_that_was_pasted_into_the_file_is_not_repeated_in_the_message() {
        let text = "kind = \"openai\"\nbase_url = \"https://x\"\nkey_env = \"sk-secret\"\n";
        let finding = read(text).unwrap_err().0.remove(0);
        assert!(!format!("{finding:?}").contains("sk-secret"));
    }

    #[test]
    fn a_server_asked_by_template_needs_a_body_and_a_place_for_the_answer() {
        let start = "kind = \"http\"\nurl = \"https://x/run\"\n";
        let whole = format!("{start}body = '{{\"q\": {{{{ prompt }}}}}}'\noutput = \"/text\"\n");
        let WireFormat::Template(template) = server(&whole).wire else {
            panic!("not a template");
        };
        assert_eq!(template.body, "{\"q\": {{ prompt }}}");
        let broken = format!("{start}body = \"{{{{ prompt\"\noutput = \"/text\"\n");
        assert_eq!(finding(&broken), "invalid-template");
        let nowhere = format!("{start}body = \"{{}}\"\noutput = \"text\"\n");
        assert_eq!(finding(&nowhere), "invalid-pointer");
        assert_eq!(finding(start), "missing-key");
    }

    #[test]
    fn a_program_is_a_list_of_words_and_sees_only_named_variables() {
        let whole = "kind = \"exec\"\ncommand = [\"python3\", \"model.py\"]\nenv = [\"LANG\"]\n";
        let Ok(ProviderSettings::Program(program)) = read(whole) else {
            panic!("not a program");
        };
        assert_eq!(program.command, ["python3", "model.py"]);
        assert_eq!(program.env, ["LANG"]);
        assert_eq!(
            finding("kind = \"exec\"\ncommand = []\n"),
            "invalid-command"
        );
        assert_eq!(
            finding("kind = \"exec\"\ncommand = \"python3 model.py\"\n"),
            "wrong-type"
        );
        let key = "kind = \"exec\"\ncommand = [\"x\"]\nbase_url = \"https://x\"\n";
        assert_eq!(finding(key), "unknown-key");
    }
}
