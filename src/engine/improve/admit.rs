//! What may become a candidate: a file that keeps the contract of the prompt that it replaces. Who
//! proposes is not trusted, so that everything that is not allowed is refused: another model, other
//! tests, other inputs or outputs, files that were not reached before, characters that nobody sees.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::domain::digest::Digest;
use crate::domain::finding::{Finding, Findings};
use crate::domain::id::PromptId;
use crate::domain::improve::Changeable;
use crate::domain::prompt::Prompt;
use crate::domain::untrusted::hidden_characters;
use crate::engine::workspace::Workspace;
use crate::engine::workspace::closure::Closure;
use crate::engine::workspace::document::Source;
use crate::engine::workspace::yaml::parse_yaml;

use super::overlay::WithFile;

/// The longest file that is admitted, in bytes.
const SIZE_LIMIT: usize = 256 * 1024;

/// The keys that stay as they are, and what each of them is.
const KEPT: [(&str, &str); 10] = [
    ("name", "the prompt's name"),
    ("model", "who answers"),
    ("modelParameters", "the settings of the model"),
    ("variables", "the contract with those who call the prompt"),
    ("responseFormat", "the shape of the answer"),
    ("jsonSchema", "the shape of the answer"),
    ("tools", "what the model may call"),
    ("evals", "what tests the prompt"),
    ("testData", "what tests the prompt"),
    ("evaluators", "what tests the prompt"),
];

/// Whether a text may become a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// It may; the fingerprint of the prompt that it is.
    Admitted(Digest),
    /// It may not, for all of these reasons.
    Refused(Vec<String>),
}

/// Looks whether a text may take the place of a prompt's file. An error is one of the files that are
/// there already.
pub fn admit(
    workspace: &Workspace<'_>,
    id: &PromptId,
    text: &str,
    may_change: &BTreeSet<Changeable>,
) -> Result<Admission, Findings> {
    let old = workspace.prompt_source(id)?;
    let base = workspace.closure(id)?;
    if text.len() > SIZE_LIMIT {
        let reason = format!("it is {} bytes long, more than {SIZE_LIMIT}", text.len());
        return Ok(Admission::Refused(vec![reason]));
    }
    let new = Source::new(id.path(), text);
    let mut reasons = hidden(&old.text, text);
    let parsed = match parse_yaml(&new) {
        Ok(node) => node.to_json(),
        Err(findings) => {
            reasons.extend(in_words(&findings));
            return Ok(Admission::Refused(reasons));
        }
    };
    let before = parse_yaml(&old)?.to_json();
    if reasons.is_empty() {
        reasons = hidden(&all_text(&before), &all_text(&parsed));
    }
    reasons.extend(other_keys(&before, &parsed, may_change));
    let tree = WithFile {
        base: workspace.tree(),
        path: id.path(),
        text,
    };
    match workspace.beside(&tree).closure(id) {
        Ok(closure) if reasons.is_empty() => {
            reasons = against_contract(&base, &closure);
            if reasons.is_empty() {
                return Ok(Admission::Admitted(closure.fingerprint()));
            }
        }
        Ok(closure) => reasons.extend(against_contract(&base, &closure)),
        Err(findings) => reasons.extend(in_words(&findings)),
    }
    Ok(Admission::Refused(reasons))
}

/// Characters that nobody sees and that the prompt did not have.
fn hidden(old: &str, new: &str) -> Vec<String> {
    let known = hidden_characters(old);
    let fresh: Vec<String> = hidden_characters(new)
        .difference(&known)
        .map(|character| format!("U+{:04X}", u32::from(*character)))
        .collect();
    if fresh.is_empty() {
        return Vec::new();
    }
    vec![format!(
        "it holds characters that nobody sees and that drive terminals or mislead readers: {}",
        fresh.join(", ")
    )]
}

/// Every text of a value, keys among them.
fn all_text(value: &Value) -> String {
    let mut text = String::new();
    add_text(value, &mut text);
    text
}

fn add_text(value: &Value, text: &mut String) {
    match value {
        Value::String(more) => text.push_str(more),
        Value::Array(items) => items.iter().for_each(|item| add_text(item, text)),
        Value::Object(map) => {
            for (key, item) in map {
                text.push_str(key);
                add_text(item, text);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn other_keys(before: &Value, after: &Value, may_change: &BTreeSet<Changeable>) -> Vec<String> {
    let mut reasons = Vec::new();
    for (key, what) in KEPT {
        if before.get(key) == after.get(key) {
            continue;
        }
        let mut all = Changeable::ALL.iter().map(|(_, it)| *it);
        match all.find(|it| it.key() == key) {
            Some(changeable) if may_change.contains(&changeable) => {}
            Some(changeable) => reasons.push(format!(
                "it changes `{key}`, {what}, which takes `--may-change {}`",
                changeable.name()
            )),
            None => reasons.push(format!("it changes `{key}`, {what}")),
        }
    }
    reasons
}

/// What a caller, or a reader of the prompt, would not expect.
fn against_contract(base: &Closure, new: &Closure) -> Vec<String> {
    let mut reasons = Vec::new();
    if inputs(base.prompt()) != inputs(new.prompt()) {
        reasons.push("it takes other variables".to_owned());
    }
    let unused: BTreeSet<&String> = base.unused_variables().map(|(name, _)| name).collect();
    for (name, _) in new.unused_variables() {
        if !unused.contains(name) {
            reasons.push(format!("it does not use the variable `{name}` any more"));
        }
    }
    let known: BTreeSet<&str> = base.files().collect();
    for path in new.files().filter(|path| !known.contains(path)) {
        reasons.push(format!(
            "it reaches `{path}`, which the prompt does not reach"
        ));
    }
    if reasons.is_empty() && base.fingerprint() == new.fingerprint() {
        reasons.push("it changes nothing that a model is sent".to_owned());
    }
    reasons
}

fn inputs(prompt: &Prompt) -> Vec<(&String, &'static str, Option<&Value>)> {
    let variables = prompt.variables.iter();
    let mut inputs: Vec<_> = variables
        .map(|(name, variable)| (name, variable.kind.name(), variable.default.as_ref()))
        .collect();
    inputs.sort_by_key(|(name, _, _)| *name);
    inputs
}

fn in_words(findings: &Findings) -> impl Iterator<Item = String> {
    let errors = findings.0.iter().filter(|finding| finding.is_error());
    errors.map(|Finding { place, message, .. }| match &place.span {
        Some(span) => format!("{}:{}:{}: {message}", place.path, span.line, span.column),
        None => format!("{}: {message}", place.path),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::workspace::memory::MemoryTree;

    const BASE: &str = "name: A\nmodel: echo/echo\nvariables:\n  x: { type: string }\n\
        messages:\n  - role: system\n    content: \"{% include \\\"_partials/tone.md\\\" %} Answer.\"\n  \
        - role: user\n    content: \"{{ x }}\"\nevals:\n  - { dataset: rows, evaluators: [rule] }\n";

    fn tree() -> MemoryTree {
        MemoryTree::new([
            ("prompts/a.prompt.yml", BASE),
            ("prompts/_partials/tone.md", "Be kind."),
            ("prompts/_partials/other.md", "Be rude."),
            ("secret.md", "the secret"),
        ])
    }

    fn reasons_of(text: &str, may_change: &[Changeable]) -> Vec<String> {
        let tree = tree();
        let workspace = Workspace::new(&tree);
        let id = PromptId::new("a").unwrap();
        let may_change = may_change.iter().copied().collect();
        match admit(&workspace, &id, text, &may_change).unwrap() {
            Admission::Admitted(_) => Vec::new(),
            Admission::Refused(reasons) => reasons,
        }
    }

    #[test]
    fn other_words_are_admitted_and_so_is_another_description() {
        let words = BASE.replace("Answer.", "Answer in one word.");
        assert_eq!(reasons_of(&words, &[]), [""; 0]);
        assert_eq!(
            reasons_of(&format!("{words}description: D\n"), &[]),
            [""; 0]
        );
        let role = BASE.replace("role: system", "role: developer");
        assert_eq!(reasons_of(&role, &[]), [""; 0]);
    }

    #[test]
    fn whatever_touches_the_contract_is_refused_with_every_reason() {
        let words = BASE.replace("Answer.", "Answer!");
        for (text, reason) in [
            (BASE.to_owned(), "changes nothing"),
            (words.replace("[rule]", "[lax]"), "changes `evals`"),
            (
                words.replace("echo/echo", "echo/other"),
                "--may-change model",
            ),
            (words.replace("name: A", "name: B"), "changes `name`"),
            (
                words.replace("type: string", "type: integer"),
                "changes `variables`",
            ),
            (
                words.replace("{{ x }}", "nothing"),
                "does not use the variable `x`",
            ),
            (
                words.replace("tone.md", "other.md"),
                "reaches `prompts/_partials/other.md`",
            ),
            (
                words.replace("_partials/tone.md", "../secret.md"),
                "prompts/a.prompt.yml:7:",
            ),
            (format!("{words}id: b\n"), "id"),
            (
                format!("{words}responseFormat: json_object\n"),
                "changes `responseFormat`",
            ),
            (
                format!("{words}testData: [{{ x: 1 }}]\n"),
                "changes `testData`",
            ),
            (words.replace("Answer!", "\\e[2JAnswer!"), "U+001B"),
            (words.replace("Answer!", "An\u{202e}swer!"), "U+202E"),
            ("not: [a prompt".to_owned(), "prompts/a.prompt.yml:"),
        ] {
            let reasons = reasons_of(&text, &[]);
            let found = reasons.iter().any(|it| it.contains(reason));
            assert!(found, "{reason}: {reasons:?}\n{text}");
        }
        assert_eq!(
            reasons_of(
                &words
                    .replace("[rule]", "[lax]")
                    .replace("name: A", "name: B"),
                &[]
            )
            .len(),
            2
        );
    }

    #[test]
    fn a_key_may_change_where_the_one_who_asks_says_so_and_no_other_key() {
        let model = BASE.replace("echo/echo", "echo/other");
        assert_eq!(reasons_of(&model, &[Changeable::Model]), [""; 0]);
        assert_eq!(reasons_of(&model, &[Changeable::Tools]).len(), 1);
    }
}
