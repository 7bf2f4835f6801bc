//! JSON Schemas of the files that people write, for editors. What they say about keys is what the
//! readers of `engine/workspace/` take; tests beside `decode.rs` hold both to that.

use std::path::Path;

use super::new_files::{NewFilesError, replace_file, write_missing_files};

/// The schema of one format.
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    /// The format's name on the command line.
    pub name: &'static str,
    /// Which files have it.
    pub files: &'static str,
    /// Where the schema stands in a workspace.
    pub path: &'static str,
    /// The schema: JSON, of the dialect 2020-12.
    pub text: &'static str,
}

macro_rules! schemas {
    ($($name:literal: $files:literal),* $(,)?) => {
        [$(Schema {
            name: $name,
            files: $files,
            path: concat!(".pointsman/schemas/", $name, ".json"),
            text: include_str!(concat!("../../schemas/", $name, ".json")),
        }),*]
    };
}

/// Every schema, in the order in which a newcomer meets the files.
pub const SCHEMAS: [Schema; 9] = schemas![
    "project": "pointsman.toml",
    "prompt": "prompts/**/*.prompt.yml",
    "dataset": "datasets/**/*.yml",
    "row": "datasets/**/*.jsonl, each line",
    "evaluator": "evaluators/**/*.yml",
    "lane": "environments/*.toml",
    "view": "operations/views/**/*.toml",
    "alert": "operations/alerts/**/*.toml",
    "mapping": "what `traces import --mapping` names",
];

/// The format of a file of a workspace, by its path; `None` where editors need no help with it.
pub fn format_of(path: &str) -> Option<&'static Schema> {
    let name = match path {
        "pointsman.toml" => "project",
        _ if path.starts_with("prompts/") && path.ends_with(".prompt.yml") => "prompt",
        _ if path.starts_with("datasets/") && path.strip_suffix(".yml").is_some() => "dataset",
        _ if path.starts_with("evaluators/") && path.strip_suffix(".yml").is_some() => "evaluator",
        _ if path.starts_with("environments/") && path.strip_suffix(".toml").is_some() => "lane",
        _ if path.starts_with("operations/views/") => "view",
        _ if path.starts_with("operations/alerts/") => "alert",
        _ => return None,
    };
    SCHEMAS.iter().find(|schema| schema.name == name)
}

/// The comment at the top of a file that tells editors where its schema is, from that file on; with a
/// line break. Empty where the file needs none.
pub fn modeline(path: &str) -> String {
    let Some(schema) = format_of(path) else {
        return String::new();
    };
    let up = "../".repeat(path.matches('/').count());
    if path.strip_suffix(".toml").is_some() {
        let up = if up.is_empty() { "./" } else { &up };
        format!("#:schema {up}{}\n", schema.path)
    } else {
        format!("# yaml-language-server: $schema={up}{}\n", schema.path)
    }
}

/// Writes all schemas into a workspace, over those of another version; how many.
pub fn write(root: &Path) -> Result<usize, NewFilesError> {
    let files = SCHEMAS.iter().map(|schema| (schema.path, schema.text));
    let [_, there] = write_missing_files(root, files)?;
    for schema in SCHEMAS.iter().filter(|schema| there.contains(&schema.path)) {
        replace_file(root, schema.path, schema.text)?;
    }
    Ok(SCHEMAS.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_where_its_schema_is_from_where_it_stands() {
        for (path, line) in [
            (
                "prompts/support/triage.prompt.yml",
                "# yaml-language-server: $schema=../../.pointsman/schemas/prompt.json\n",
            ),
            (
                "evaluators/short.yml",
                "# yaml-language-server: $schema=../.pointsman/schemas/evaluator.json\n",
            ),
            (
                "environments/staging.toml",
                "#:schema ../.pointsman/schemas/lane.json\n",
            ),
            (
                "pointsman.toml",
                "#:schema ./.pointsman/schemas/project.json\n",
            ),
            ("prompts/_partials/tone.md", ""),
            ("datasets/golden.jsonl", ""),
            ("evaluators/grade.js", ""),
        ] {
            assert_eq!(modeline(path), line, "{path}");
        }
    }
}
