//! The workflows of GitHub Actions.

use std::fmt::Write as _;

use super::{GithubOrigin, PipelineFile, WorkspaceFacts, scalar};

macro_rules! workflow {
    ($name:literal) => {
        (
            concat!(".github/workflows/", $name, ".yml"),
            include_str!(concat!("../../../contrib/github/workflows/", $name, ".yml")),
        )
    };
}

/// What judges pull requests.
const JUDGE: [(&str, &str); 2] = [workflow!("pointsman-gate"), workflow!("pointsman-measure")];

/// What moves lanes.
const MOVE: [(&str, &str); 2] = [
    workflow!("pointsman-promote"),
    workflow!("pointsman-rollback"),
];

/// The variable that is named where no provider of the workspace has one.
const USUAL_KEY: &str = "OPENAI_API_KEY";

/// The workflows of a workspace; those that move lanes only where there are any.
pub fn github(origin: &GithubOrigin, facts: &WorkspaceFacts) -> Vec<PipelineFile> {
    let moving = MOVE.into_iter().filter(|_| !facts.lanes.is_empty());
    let templates = JUDGE.into_iter().chain(moving);
    templates
        .map(|(path, template)| (path, fill(template, origin, facts)))
        .collect()
}

fn fill(template: &str, origin: &GithubOrigin, facts: &WorkspaceFacts) -> String {
    let GithubOrigin { repository, commit } = origin;
    let version = env!("CARGO_PKG_VERSION");
    let words = [
        (
            "POINTSMAN_GATE",
            format!("{repository}@{commit} # v{version}"),
        ),
        (
            "POINTSMAN_SETUP",
            format!("{repository}/setup@{commit} # v{version}"),
        ),
        ("POINTSMAN_DIRECTORY", scalar(&facts.directory)),
        ("POINTSMAN_LANES", format!("[{}]", facts.lanes.join(", "))),
    ];
    let mut text = String::new();
    for line in template.lines() {
        if let Some((indent, whose)) = line.split_once("POINTSMAN_KEYS: ") {
            for key in keys(whose, facts) {
                let _ = writeln!(text, "{indent}{key}: ${{{{ secrets.{key} }}}}");
            }
            continue;
        }
        let filled = words.iter().fold(line.to_owned(), |line, (word, value)| {
            line.replace(word, value)
        });
        text.push_str(&filled);
        text.push('\n');
    }
    text
}

/// The variables that a step needs.
fn keys(whose: &str, facts: &WorkspaceFacts) -> Vec<String> {
    let mut keys = Vec::new();
    if whose != "webhooks" {
        keys.extend(facts.provider_keys.iter().cloned());
        if keys.is_empty() {
            keys.push(USUAL_KEY.to_owned());
        }
    }
    if whose != "providers" {
        keys.extend(facts.webhook_keys.iter().cloned());
    }
    keys.sort();
    keys.dedup();
    keys
}
