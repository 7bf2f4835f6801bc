//! Files of the workspace that must not hold what redaction would take out of traces: they are committed,
//! and cloned by whoever may read.

use crate::domain::deployment::EVIDENCE_FOLDER;
use crate::domain::finding::{Finding, Place};
use crate::domain::media::MediaType;
use crate::domain::redaction::Redaction;
use crate::engine::ports::{EntryKind, FileTree};

use super::redact::find::{Finder, Found, MOST_FOUND, Notation};

/// Where such files stand: rows, recorded answers, what the operating loop writes, and the evidence of a
/// record.
const FOLDERS: [&str; 4] = ["datasets", "recordings", "operations", EVIDENCE_FOLDER];

/// Everything in these files that the rules would take out. The findings say where and by which rule, and
/// never what stands there.
pub fn find_secrets(tree: &dyn FileTree, rules: &Redaction) -> Vec<Finding> {
    let finder = Finder::new(rules);
    let mut findings = Vec::new();
    for folder in FOLDERS {
        // What cannot be listed is told by whoever reads it.
        let entries = tree.list(folder).unwrap_or_default();
        let plain = entries.iter().filter(|entry| entry.kind == EntryKind::File);
        for entry in plain.filter(|entry| MediaType::of_name(&entry.path).is_none()) {
            look_through(tree, &entry.path, &finder, &mut findings);
        }
    }
    findings
}

fn look_through(tree: &dyn FileTree, path: &str, finder: &Finder, findings: &mut Vec<Finding>) {
    let read = tree.open(path).map_err(|error| error.message);
    let found = match read {
        Ok(None) => return,
        Ok(Some(input)) => finder
            .find(input, Notation::of_name(path))
            .map_err(|error| error.to_string()),
        Err(message) => Err(message),
    };
    let found = match found {
        Ok(found) => found,
        Err(why) => {
            let message = format!("this file cannot be looked through for secrets: {why}");
            findings.push(Finding::error(
                "unreadable-file",
                Place::file(path),
                message,
            ));
            return;
        }
    };
    if found.len() == MOST_FOUND {
        let message =
            format!("there are more secrets in this file than the {MOST_FOUND} that are told");
        findings.push(Finding::error("secret-in-file", Place::file(path), message));
    }
    findings.extend(found.into_iter().map(|found| finding(path, found)));
}

/// Without the line as it stands in the file: that is what must not be shown.
fn finding(path: &str, Found { span, rule }: Found) -> Finding {
    let place = Place {
        span: Some(span),
        ..Place::file(path)
    };
    let message = format!("the rule `{rule}` of redaction matches here");
    let help = format!(
        "write `<{rule}>` in its place; name what is no secret in `allow` of `[redaction]`"
    );
    Finding::error("secret-in-file", place, message).with_help(help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::workspace::memory::MemoryTree;

    #[test]
    fn what_is_committed_is_looked_through_and_pictures_are_not() {
        let secret = "kim@example.com\n";
        let tree = MemoryTree::new([
            (
                "datasets/a.jsonl",
                "{\"id\":\"a\"}\n{\"id\":\"kim@example.com\"}\n",
            ),
            ("datasets/shown/a.png", secret),
            ("recordings/a.jsonl", secret),
            ("operations/incidents/a.md", secret),
            (".lane/evidence/a.json", secret),
            ("prompts/a.prompt.yml", secret),
        ]);
        let findings = find_secrets(&tree, &Redaction::default());
        let places: Vec<(&str, u32)> = findings
            .iter()
            .map(|it| {
                (
                    it.place.path.as_str(),
                    it.place.span.map_or(0, |it| it.line),
                )
            })
            .collect();
        assert_eq!(
            places,
            [
                ("datasets/a.jsonl", 2),
                ("recordings/a.jsonl", 1),
                ("operations/incidents/a.md", 1),
                (".lane/evidence/a.json", 1),
            ]
        );
        assert!(
            findings
                .iter()
                .all(|it| !format!("{it:?}").contains("kim@"))
        );
    }
}
