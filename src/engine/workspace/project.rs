//! Reads `pointsman.toml`.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::finding::Findings;
use crate::domain::lane::MaxAge;
use crate::domain::project::{BUILT_IN_PROVIDERS, Price, Project, ProviderSettings};

use super::decode::Decoder;
use super::document::{Node, Source};
use super::toml::parse_toml;

/// The version of the file's shape that this program reads.
const SCHEMA: i64 = 1;

/// Reads the settings.
pub fn read_project(source: &Source) -> Result<Project, Findings> {
    let node = parse_toml(source)?;
    let mut decoder = Decoder::new(source);
    let project = project(&mut decoder, &node);
    decoder.finish(project)
}

fn project(decoder: &mut Decoder<'_>, node: &Node) -> Option<Project> {
    let mut fields = decoder.fields(node)?;
    let schema = fields.optional("schema");
    let schema = schema.map(|node| decoder.integer_within(node, SCHEMA, SCHEMA));
    let remote = fields
        .optional("remote")
        .and_then(|node| remote(decoder, node));
    let providers = match fields.optional("providers") {
        Some(node) => by_name(decoder, node, provider)?,
        None => BTreeMap::new(),
    };
    let prices = match fields.optional("prices") {
        Some(node) => by_name(decoder, node, price)?,
        None => BTreeMap::new(),
    };
    fields.finish(decoder);
    schema.unwrap_or(Some(SCHEMA))?;
    Some(Project {
        remote,
        providers,
        prices,
    })
}

/// The name of a remote, never an address: where it points is for git's own configuration to say.
fn remote(decoder: &mut Decoder<'_>, node: &Node) -> Option<String> {
    let name = decoder.text(node)?;
    let plain = name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !plain {
        let help = "name a remote that `git remote` lists, for example `origin`";
        decoder.error(
            "invalid-name",
            node.span,
            format!("`{name}` is not the name of a remote"),
            help,
        );
        return None;
    }
    Some(name)
}

fn by_name<T>(
    decoder: &mut Decoder<'_>,
    node: &Node,
    read: fn(&mut Decoder<'_>, &str, &Node) -> Option<T>,
) -> Option<BTreeMap<String, T>> {
    let mut map = BTreeMap::new();
    for entry in decoder.entries(node)? {
        if BUILT_IN_PROVIDERS.contains(&entry.key.as_str()) {
            let message = format!("`{}` exists without being declared", entry.key);
            decoder.error(
                "reserved-name",
                entry.key_span,
                message,
                "choose another name",
            );
        }
        if let Some(value) = read(decoder, &entry.key, &entry.node) {
            map.insert(entry.key.clone(), value);
        }
    }
    Some(map)
}

fn provider(decoder: &mut Decoder<'_>, _name: &str, node: &Node) -> Option<ProviderSettings> {
    let mut fields = decoder.fields(node)?;
    let kind = fields.required(decoder, "kind");
    let kind = kind.and_then(|node| decoder.word(node, &[("openai", ())]));
    let base_url = fields
        .required(decoder, "base_url")
        .and_then(|node| base_url(decoder, node));
    let key_env = fields
        .optional("key_env")
        .and_then(|node| key_env(decoder, node));
    let mut count = |key, default, most| match fields.optional(key) {
        Some(node) => decoder.integer_within(node, 1, most),
        None => Some(default),
    };
    let concurrency = count("concurrency", 8, 1_000)?;
    let max_attempts = count("max_attempts", 4, 20)?;
    let requests_per_minute = match fields.optional("requests_per_minute") {
        Some(node) => Some(decoder.integer_within(node, 1, 1_000_000)?),
        None => None,
    };
    let timeout = match fields.optional("timeout") {
        Some(node) => decoder.parsed::<MaxAge>(node)?.seconds,
        None => 60,
    };
    fields.finish(decoder);
    kind?;
    Some(ProviderSettings {
        base_url: base_url?,
        key_env,
        concurrency: usize::try_from(concurrency).ok()?,
        requests_per_minute: requests_per_minute.and_then(|count| u32::try_from(count).ok()),
        timeout: Duration::from_secs(u64::try_from(timeout).ok()?),
        max_attempts: u32::try_from(max_attempts).ok()?,
    })
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

fn key_env(decoder: &mut Decoder<'_>, node: &Node) -> Option<String> {
    let name = decoder.text(node)?;
    let plain = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    if !plain {
        let help = "name the variable, for example `OPENAI_API_KEY`; the key itself never goes into a file";
        decoder.error_without_excerpt(
            "invalid-name",
            node.span,
            "this is not the name of an environment variable",
            help,
        );
        return None;
    }
    Some(name)
}

fn price(decoder: &mut Decoder<'_>, _name: &str, node: &Node) -> Option<Price> {
    let mut fields = decoder.fields(node)?;
    let mut rate = |key| {
        let node = fields.required(decoder, key)?;
        decoder.number_within(node, 0.0, f64::MAX)
    };
    let (input, output) = (
        rate("input_usd_per_million"),
        rate("output_usd_per_million"),
    );
    fields.finish(decoder);
    Some(Price {
        input_usd_per_million: input?,
        output_usd_per_million: output?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Project, Findings> {
        read_project(&Source::new("pointsman.toml", text))
    }

    fn url(url: &str) -> Result<Project, Findings> {
        read(&format!(
            "schema = 1\n[providers.x]\nkind = \"openai\"\nbase_url = \"{url}\"\n"
        ))
    }

    #[test]
    fn a_provider_has_sensible_defaults() {
        let project = url("https://api.example.com/v1/").unwrap();
        let provider = &project.providers["x"];
        assert_eq!(provider.base_url, "https://api.example.com/v1");
        assert_eq!((provider.concurrency, provider.max_attempts), (8, 4));
    }

    #[test]
    fn keys_are_never_sent_in_the_clear_over_a_network() {
        for good in [
            "http://127.0.0.1:8080/v1",
            "http://[::1]:80",
            "http://localhost:11434/v1",
        ] {
            assert!(url(good).is_ok(), "{good}");
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
            assert_eq!(url(bad).unwrap_err().0[0].ident, "invalid-url", "{bad}");
        }
    }

    #[test]
    fn a_key_that_was_pasted_into_the_file_is_not_repeated_in_the_message() {
        let text = "schema = 1\n[providers.x]\nkind = \"openai\"\nbase_url = \"https://x\"\nkey_env = \"sk-secret\"\n";
        let finding = read(text).unwrap_err().0.remove(0);
        assert!(!format!("{finding:?}").contains("sk-secret"));
    }

    #[test]
    fn an_empty_file_is_fine_and_a_later_schema_is_refused() {
        assert_eq!(read("").unwrap(), Project::default());
        assert_eq!(read("schema = 2\n").unwrap_err().0[0].ident, "out-of-range");
    }
}
