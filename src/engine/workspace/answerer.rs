//! Who answers, named by digest: another server or another program is another test, even where
//! nothing else changed.

use std::collections::BTreeMap;
use std::io::Read as _;

use serde_json::{Value, json};

use crate::domain::digest::{Digest, DigestWriter};
use crate::domain::finding::{Finding, Findings, Place};
use crate::domain::project::{ProgramSettings, ProviderSettings, WireFormat};
use crate::engine::ports::{EntryKind, FileTree, TreeError};

/// The digest of a provider, as far as it decides what is answered.
pub fn provider_digest(
    settings: &ProviderSettings,
    disk: &dyn FileTree,
) -> Result<Digest, Findings> {
    match settings {
        ProviderSettings::Program(program) => program_digest(program, disk),
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

/// The digest of a program: of its command and of the bytes of every file that the command names.
/// `disk` holds the files that will be run, whatever tree is tested.
pub fn program_digest(program: &ProgramSettings, disk: &dyn FileTree) -> Result<Digest, Findings> {
    let mut files = BTreeMap::new();
    for path in program.paths() {
        for entry in disk.list(path)? {
            if entry.kind == EntryKind::File {
                files.insert(entry.path.clone(), file_digest(disk, &entry.path)?);
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

fn file_digest(disk: &dyn FileTree, path: &str) -> Result<Digest, Findings> {
    let failed = |message: String| TreeError {
        path: path.to_owned(),
        message,
    };
    let mut reader = disk
        .open(path)?
        .ok_or_else(|| failed("it is gone".to_owned()))?;
    let mut digest = DigestWriter::default();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(digest.finish()),
            Ok(count) => digest.update(&buffer[..count]),
            Err(error) => return Err(failed(error.to_string()).into()),
        }
    }
}
