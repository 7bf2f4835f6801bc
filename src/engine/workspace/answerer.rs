//! Who answers, named by digest: another server or another program is another test, even where
//! nothing else changed.

use std::collections::BTreeMap;
use std::io::Read as _;

use serde_json::{Value, json};

use crate::domain::digest::{Digest, DigestWriter};
use crate::domain::finding::{Finding, Findings, Place};
use crate::domain::project::{ProgramSettings, ProviderSettings, WireFormat};
use crate::engine::ports::{EntryKind, FileTree, TreeError};

use super::Workspace;

/// The digest of a provider, as far as it decides what is answered.
pub fn provider_digest(
    settings: &ProviderSettings,
    workspace: &Workspace<'_>,
) -> Result<Digest, Findings> {
    match settings {
        ProviderSettings::Program(program) => program_digest(program, workspace),
        ProviderSettings::Server(server) => {
            let template = match &server.wire {
                WireFormat::Template(template) => json!([template.body, template.output]),
                _ => Value::Null,
            };
            let name = json!({"server": server.url, "template": template});
            Ok(Digest::of_json(&name))
        }
    }
}

/// The digest of a program: of its command and of the bytes of every file that the command names, as
/// they stand on disk, where they are run from. A file that is another one in the tree that is tested
/// is a finding: what is run must be what is tested.
pub fn program_digest(
    program: &ProgramSettings,
    workspace: &Workspace<'_>,
) -> Result<Digest, Findings> {
    let disk = workspace.disk();
    let mut files = BTreeMap::new();
    for path in program.paths() {
        for entry in disk.list(path)? {
            if entry.kind == EntryKind::File {
                let digest = file_digest(disk, &entry.path)?;
                let tested = file_digest(workspace.tree(), &entry.path)?;
                if tested.is_some() && tested != digest {
                    return Err(differs(&entry.path, workspace.tree()).into());
                }
                files.insert(entry.path, digest);
            } else if entry.path == path && !is_interpreter(program, path) {
                let place = Place::file(path);
                let message = "a program runs this, and it is not a plain file";
                let finding = Finding::error("not-a-file", place, message);
                return Err(finding
                    .with_help("links are never followed: name the file itself")
                    .into());
            }
        }
    }
    Ok(Digest::of_json(&json!({
        "program": program.command,
        "env": program.env,
        "files": files,
    })))
}

/// Whether a path is the first word of the command. A link there leads to an interpreter, as it
/// does in virtual environments, and interpreters are not covered wherever they stand.
fn is_interpreter(program: &ProgramSettings, path: &str) -> bool {
    program
        .command
        .first()
        .is_some_and(|word| word.ends_with(path))
}

fn differs(path: &str, tree: &dyn FileTree) -> Finding {
    let message = format!(
        "a program runs this from disk, and it is another one in the {}",
        tree.label()
    );
    Finding::error("program-differs", Place::file(path), message)
        .with_help("check out what is tested, or test the files on disk")
}

/// The digest of a file; `None` where there is none.
pub fn file_digest(tree: &dyn FileTree, path: &str) -> Result<Option<Digest>, Findings> {
    let failed = |message: String| TreeError {
        path: path.to_owned(),
        message,
    };
    let Some(mut reader) = tree.open(path)? else {
        return Ok(None);
    };
    let mut digest = DigestWriter::default();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(Some(digest.finish())),
            Ok(count) => digest.update(&buffer[..count]),
            Err(error) => return Err(failed(error.to_string()).into()),
        }
    }
}
