//! Finished runs as files that travel: taken out of the store, and let into it only as what they
//! say they are. What comes from elsewhere is data until every line of it has been read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

use crate::domain::digest::Digest;
use crate::domain::id::EvaluatorId;
use crate::domain::run::{CaseKey, CaseResult, RunId, RunManifest, Suite};
use crate::engine::ports::StoreError;

use super::runs::{CASES, FINISHED, FileRunStore, Finished, MANIFEST};
use super::whole::{store_error, sync_folder, write_durably};

/// The files of a finished run, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFiles {
    /// The run.
    pub id: RunId,
    /// The content of each file, by name.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// Why a run is not let in.
#[derive(Debug, thiserror::Error)]
pub enum AdmissionError {
    /// It is not what it says it is.
    #[error("{0}")]
    Refused(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RunFiles {
    /// The names of the files that a finished run consists of.
    pub const NAMES: [&'static str; 3] = [CASES, FINISHED, MANIFEST];
}

impl FileRunStore {
    /// The files of a finished run.
    pub fn export(&self, id: &RunId) -> Result<RunFiles, StoreError> {
        let folder = self.run(id);
        let mut files = BTreeMap::new();
        for name in RunFiles::NAMES {
            let path = folder.join(name);
            let bytes =
                fs::read(&path).map_err(|error| store_error("read", &path, error.to_string()))?;
            files.insert(name.to_owned(), bytes);
        }
        Ok(RunFiles {
            id: id.clone(),
            files,
        })
    }

    /// Lets a run in that was found under the digest of a plan.
    pub fn admit(&self, run: &RunFiles, plan: Digest) -> Result<(), AdmissionError> {
        verify(run, plan).map_err(AdmissionError::Refused)?;
        let folder = self.run(&run.id);
        if folder.exists() {
            let reason = "something of this name is here already";
            return Err(AdmissionError::Refused(reason.to_owned()));
        }
        let written = self.write(run, &folder);
        Ok(written.map_err(|error| store_error("write", &folder, error.to_string()))?)
    }

    /// Writes a run beside the others and gives it its name when it is whole.
    fn write(&self, run: &RunFiles, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let draft = tempfile::Builder::new()
            .prefix(".incoming-")
            .tempdir_in(&self.folder)?;
        for (name, bytes) in &run.files {
            write_durably(&draft.path().join(name), bytes)?;
        }
        fs::rename(draft.path(), folder)?;
        // The folder has another name now: there is nothing left to remove.
        let _ = draft.keep();
        sync_folder(&self.folder)
    }
}

/// Makes sure that the files are a finished run of exactly the plan, with a verdict on every case.
fn verify(run: &RunFiles, plan: Digest) -> Result<(), String> {
    if run.files.keys().ne(RunFiles::NAMES) {
        return Err("it does not consist of the files of a finished run".to_owned());
    }
    let unreadable = |name: &str, error: serde_json::Error| format!("`{name}`: {error}");
    let manifest: RunManifest = serde_json::from_slice(&run.files[MANIFEST])
        .map_err(|error| unreadable(MANIFEST, error))?;
    let _: Finished = serde_json::from_slice(&run.files[FINISHED])
        .map_err(|error| unreadable(FINISHED, error))?;
    if manifest.schema != RunManifest::SCHEMA {
        return Err(format!("it is of version {}", manifest.schema));
    }
    if manifest.id != run.id {
        return Err("it calls itself by another name".to_owned());
    }
    let named_after = plan.to_string();
    if RunManifest::plan_digest(&manifest.suites) != plan
        || !run.id.as_str().ends_with(&named_after[..8])
    {
        return Err("it tested something else than it stands for".to_owned());
    }
    verify_cases(&run.files[CASES], &manifest)
}

fn verify_cases(bytes: &[u8], manifest: &RunManifest) -> Result<(), String> {
    let suites: BTreeMap<Digest, BTreeSet<&EvaluatorId>> = manifest
        .suites
        .iter()
        .map(|suite| (suite.digest(), suite.evaluators.keys().collect()))
        .collect();
    let repeats: BTreeMap<Digest, u32> = manifest
        .suites
        .iter()
        .map(|suite: &Suite| (suite.digest(), suite.repeats))
        .collect();
    let mut latest: BTreeMap<CaseKey, bool> = BTreeMap::new();
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    for (index, line) in lines.enumerate() {
        let wrong = |why: &str| format!("`{CASES}`, line {}: {why}", index + 1);
        let line = line
            .strip_suffix(b"\n")
            .ok_or_else(|| wrong("it is cut off"))?;
        let case: CaseResult =
            serde_json::from_slice(line).map_err(|error| wrong(&error.to_string()))?;
        let Some(evaluators) = suites.get(&case.key.suite) else {
            return Err(wrong("the case belongs to no suite of the run"));
        };
        if !case.grades.keys().eq(evaluators.iter().copied()) {
            return Err(wrong(
                "the case is not graded by the evaluators of its suite",
            ));
        }
        if case.key.repeat >= repeats[&case.key.suite] {
            return Err(wrong("there is no such repeat"));
        }
        latest.insert(case.key.clone(), case.provider_error().is_none());
    }
    if latest.len() as u64 != manifest.cases || latest.values().any(|verdict| !verdict) {
        return Err("not every case has a verdict".to_owned());
    }
    Ok(())
}
