//! The sample workspace, as it stands at the top of our own repository: `init` writes it and `demo`
//! plays a release with it.

use std::path::Path;

use super::new_files::{NewFilesError, write_new_files};
use super::schemas::{SCHEMAS, modeline};

/// A file of the sample: its path in the workspace and its text.
pub type SampleFile = (&'static str, &'static str);

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("../../../", $path)))),*]
    };
}

/// The settings that a new workspace starts with.
pub const NEW_PROJECT: SampleFile = ("pointsman.toml", include_str!("pointsman.toml"));

/// Every other file.
pub const FILES: [SampleFile; 36] = files![
    "datasets/judge-calibration.jsonl",
    "datasets/judge-calibration.yml",
    "datasets/reply-golden.csv",
    "datasets/reply-golden.yml",
    "datasets/summary-golden.jsonl",
    "datasets/summary-golden.yml",
    "datasets/support-golden.jsonl",
    "datasets/support-golden.yml",
    "datasets/support-regression.jsonl",
    "datasets/support-regression.yml",
    "environments/production.toml",
    "environments/staging.toml",
    "evaluators/addresses-customer.yml",
    "evaluators/cheap.yml",
    "evaluators/cites-passage.yml",
    "evaluators/fast.yml",
    "evaluators/grounded.yml",
    "evaluators/keeps-reference.yml",
    "evaluators/no-apology.yml",
    "evaluators/one-word.yml",
    "evaluators/queue-label.yml",
    "evaluators/short.yml",
    "evaluators/states-facts.yml",
    "evaluators/valid-reply.yml",
    "evaluators/valid-verdict.yml",
    "evaluators/verdict-score.yml",
    "prompts/_partials/queues.md",
    "prompts/_partials/tone.md",
    "prompts/docs/grounded-summary.prompt.yml",
    "prompts/judges/grounded.prompt.yml",
    "prompts/support/reply.prompt.yml",
    "prompts/support/triage.prompt.yml",
    "recordings/docs/grounded-summary.jsonl",
    "recordings/judges/grounded.jsonl",
    "recordings/support/reply.jsonl",
    "recordings/support/triage.jsonl",
];

/// Writes all files below `root`, or none where one of them exists; their paths.
///
/// Beside the files stand the schemas of their formats, and each file says where its own is.
pub fn write(root: &Path) -> Result<Vec<&'static str>, NewFilesError> {
    let files = std::iter::once(NEW_PROJECT).chain(FILES);
    let files = files.map(|(path, text)| (path, modeline(path) + text));
    let schemas = SCHEMAS.map(|schema| (schema.path, schema.text.to_owned()));
    let files: Vec<(&'static str, String)> = files.chain(schemas).collect();
    write_new_files(
        root,
        files.iter().map(|(path, text)| (*path, text.as_str())),
    )?;
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    #[test]
    fn every_file_of_our_own_workspace_is_part_of_the_sample() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut on_disk = BTreeSet::new();
        let mut folders: Vec<PathBuf> = [
            "prompts",
            "datasets",
            "evaluators",
            "environments",
            "recordings",
        ]
        .iter()
        .map(|folder| root.join(folder))
        .collect();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    on_disk.insert(
                        path.strip_prefix(root)
                            .unwrap()
                            .to_str()
                            .unwrap()
                            .to_owned(),
                    );
                }
            }
        }
        let embedded: BTreeSet<String> = FILES.iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(on_disk, embedded);
    }
}
