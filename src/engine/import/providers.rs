//! The providers that imported prompts name, as they are proposed for `pointsman.toml`.

use std::fmt::Write as _;

/// A provider for `pointsman.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// How it is spoken to, as the file says it: `openai`, `anthropic` or `gemini`.
    pub kind: String,
    /// Where it is.
    pub base_url: String,
    /// The environment variable that holds its key; absent: it wants none.
    pub key_env: Option<String>,
    /// The header that carries the key, where it is not the usual one.
    pub key_header: Option<String>,
}

/// Providers by the names that other tools have for them: kind, address, variable of the key.
const KNOWN: [(&str, &str, &str, Option<&str>); 11] = [
    (
        "openai",
        "openai",
        "https://api.openai.com/v1",
        Some("OPENAI_API_KEY"),
    ),
    (
        "anthropic",
        "anthropic",
        "https://api.anthropic.com",
        Some("ANTHROPIC_API_KEY"),
    ),
    (
        "gemini",
        "gemini",
        "https://generativelanguage.googleapis.com",
        Some("GEMINI_API_KEY"),
    ),
    (
        "openrouter",
        "openai",
        "https://openrouter.ai/api/v1",
        Some("OPENROUTER_API_KEY"),
    ),
    (
        "mistral",
        "openai",
        "https://api.mistral.ai/v1",
        Some("MISTRAL_API_KEY"),
    ),
    (
        "groq",
        "openai",
        "https://api.groq.com/openai/v1",
        Some("GROQ_API_KEY"),
    ),
    (
        "deepseek",
        "openai",
        "https://api.deepseek.com/v1",
        Some("DEEPSEEK_API_KEY"),
    ),
    (
        "together",
        "openai",
        "https://api.together.xyz/v1",
        Some("TOGETHER_API_KEY"),
    ),
    ("xai", "openai", "https://api.x.ai/v1", Some("XAI_API_KEY")),
    (
        "github",
        "openai",
        "https://models.github.ai/inference",
        Some("GITHUB_TOKEN"),
    ),
    ("ollama", "openai", "http://localhost:11434/v1", None),
];

/// What is proposed for a provider that goes by this name everywhere.
pub fn known(name: &str) -> Option<Proposal> {
    let (_, kind, base_url, key_env) = KNOWN.iter().find(|(known, ..)| *known == name)?;
    Some(Proposal {
        kind: (*kind).to_owned(),
        base_url: (*base_url).to_owned(),
        key_env: key_env.map(str::to_owned),
        key_header: None,
    })
}

/// The table of a provider in `pointsman.toml`.
pub fn toml_table(name: &str, proposal: &Proposal) -> String {
    let text = |value: &str| toml::Value::from(value).to_string();
    let mut table = format!("[providers.{name}]\n");
    let _ = writeln!(table, "kind = {}", text(&proposal.kind));
    let _ = writeln!(table, "base_url = {}", text(&proposal.base_url));
    let optional = [
        ("key_env", &proposal.key_env),
        ("key_header", &proposal.key_header),
    ];
    for (key, value) in optional {
        if let Some(value) = value {
            let _ = writeln!(table, "{key} = {}", text(value));
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::workspace::document::Source;
    use crate::engine::workspace::project::read_project;

    #[test]
    fn every_provider_that_is_known_can_be_declared_as_proposed() {
        for (name, ..) in KNOWN {
            let table = toml_table(name, &known(name).unwrap());
            let project = read_project(&Source::new("pointsman.toml", table.as_str())).unwrap();
            assert!(project.knows(name), "{table}");
        }
        assert_eq!(known("nobody"), None);
    }
}
