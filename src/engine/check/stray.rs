//! Files that stand in a workspace folder but that nothing reads: usually a misspelt ending.

use std::collections::BTreeSet;

use crate::domain::dataset::Dataset;
use crate::domain::finding::{Finding, Place};
use crate::domain::media::MediaType;
use crate::engine::workspace::media::MEDIA_FOLDER;
use crate::engine::workspace::template::PARTIALS_FOLDER;

use super::Checker;

/// The folders, and the endings of the files that are read there.
const READ: &[(&str, &[&str])] = &[
    ("prompts", &[".prompt.yml"]),
    ("datasets", &[".yml", ".jsonl", ".csv"]),
    ("evaluators", &[".yml", ".js"]),
    ("environments", &[".toml"]),
    ("operations/views", &[".toml"]),
    ("operations/alerts", &[".toml"]),
    ("operations/behaviors", &[".toml"]),
    ("operations/incidents", &[".md"]),
    ("operations/reviews", &[".md"]),
    ("recordings", &[".jsonl"]),
];

/// Warns of files that are not read. `named` are files that evaluators and policies name; what prompts
/// and datasets may show has folders of its own.
pub(super) fn check_stray_files(
    checker: &mut Checker<'_>,
    named: &BTreeSet<String>,
    datasets: &[Dataset],
) {
    let media = datasets.iter().filter_map(|dataset| dataset.media.as_ref());
    let media_folders: Vec<&str> = media
        .map(|media| media.folder.as_str())
        .chain([MEDIA_FOLDER])
        .collect();
    for (folder, endings) in READ {
        let Ok(entries) = checker.workspace.tree().list(folder) else {
            continue;
        };
        for entry in entries {
            let name = entry.path.rsplit('/').next().unwrap_or_default();
            let read = endings.iter().any(|ending| entry.path.ends_with(ending))
                || named.contains(&entry.path);
            let is_below = |folder: &str| {
                let rest = entry.path.strip_prefix(folder);
                rest.is_some_and(|rest| rest.starts_with('/'))
            };
            let may_be_shown = MediaType::of_name(name).is_some()
                && media_folders.iter().any(|folder| is_below(folder));
            let meant_for_people = name.starts_with('.')
                || name
                    .rsplit_once('.')
                    .is_some_and(|(_, ending)| ending == "md");
            if !(read || is_below(PARTIALS_FOLDER) || may_be_shown || meant_for_people) {
                let place = Place::file(&entry.path);
                let help = format!("files here end in {}", endings.join(", "));
                let finding = Finding::warning("stray-file", place, "nothing reads this file");
                checker.findings.push(finding.with_help(help));
            }
        }
    }
}
