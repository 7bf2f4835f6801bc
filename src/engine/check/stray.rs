//! Files that stand in a workspace folder but that nothing reads: usually a misspelt ending.

use std::collections::BTreeSet;

use crate::domain::finding::{Finding, Place};
use crate::engine::workspace::template::PARTIALS_FOLDER;

use super::Checker;

/// The folders, and the endings of the files that are read there.
const READ: [(&str, &[&str]); 5] = [
    ("prompts", &[".prompt.yml"]),
    ("datasets", &[".yml", ".jsonl", ".csv"]),
    ("evaluators", &[".yml", ".js"]),
    ("environments", &[".toml"]),
    ("recordings", &[".jsonl"]),
];

/// Warns of files that are not read. `named` are files that evaluators and policies name.
pub(super) fn check_stray_files(checker: &mut Checker<'_>, named: &BTreeSet<String>) {
    for (folder, endings) in READ {
        let Ok(entries) = checker.workspace.tree().list(folder) else {
            continue;
        };
        for entry in entries {
            let name = entry.path.rsplit('/').next().unwrap_or_default();
            let read = endings.iter().any(|ending| entry.path.ends_with(ending))
                || named.contains(&entry.path);
            let partial = entry.path.starts_with(&format!("{PARTIALS_FOLDER}/"));
            let meant_for_people = name.starts_with('.')
                || name
                    .rsplit_once('.')
                    .is_some_and(|(_, ending)| ending == "md");
            if !(read || partial || meant_for_people) {
                let place = Place::file(&entry.path);
                let help = format!("files here end in {}", endings.join(", "));
                let finding = Finding::warning("stray-file", place, "nothing reads this file");
                checker.findings.push(finding.with_help(help));
            }
        }
    }
}
