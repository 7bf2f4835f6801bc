//! Records: what no recording answers is asked of a live provider and written beside the prompts.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;

use crate::domain::digest::Digest;
use crate::domain::project::Price;
use crate::domain::prompt::ModelRef;
use crate::domain::query::{Query, Task};
use crate::domain::run::{Answer, ModelRequest};
use crate::engine::ports::{
    BoxFuture, Clock, Provider, ProviderError, ProviderProfile, StoreError,
};

use super::replay::{Provenance, Recording, Replay};

/// Takes the place of `replay` while answers are recorded.
pub struct Recorder<'a> {
    profile: ProviderProfile,
    replay: Replay,
    live: Box<dyn Provider + 'a>,
    clock: &'a dyn Clock,
    fresh: Mutex<BTreeMap<String, Vec<Recording>>>,
}

impl<'a> Recorder<'a> {
    /// Answers from `replay`, and from `live` where that has no answer.
    pub(super) fn new(replay: Replay, live: Box<dyn Provider + 'a>, clock: &'a dyn Clock) -> Self {
        Self {
            profile: ProviderProfile {
                concurrency: live.profile().concurrency,
                ..replay.profile().clone()
            },
            replay,
            live,
            clock,
            fresh: Mutex::new(BTreeMap::new()),
        }
    }

    /// Adds what was recorded to the files below the workspace root, each replaced as a whole.
    /// The number of new recordings by file.
    pub fn save(&self, root: &Path) -> Result<BTreeMap<String, usize>, StoreError> {
        let fresh = std::mem::take(&mut *self.lock());
        let mut saved = BTreeMap::new();
        for (path, recordings) in fresh {
            let mut all = self.replay.in_file(&path);
            let before = all.len();
            all.extend(recordings.into_iter().map(|new| (new.request, new)));
            saved.insert(path.clone(), all.len() - before);
            write(root, &path, &all).map_err(|error| StoreError {
                action: "write".to_owned(),
                path,
                message: error.to_string(),
            })?;
        }
        Ok(saved)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Vec<Recording>>> {
        self.fresh.lock().expect("no holder of the lock panics")
    }

    async fn ask(&self, request: &ModelRequest) -> Result<Answer, ProviderError> {
        let (digest, path) = (request.digest(), request.prompt.recordings_path());
        if let Some(answer) = self.replay.recorded(&path, &digest) {
            return Ok(answer.clone());
        }
        let mut live = request.clone();
        live.model.provider.clone_from(&self.live.profile().name);
        let answer = self.live.answer(&live).await?;
        self.keep(path, digest, &answer, &request.model.model);
        Ok(answer)
    }

    async fn ask_query(&self, query: &Query) -> Result<Answer, ProviderError> {
        let Task::Likeness {
            model, recordings, ..
        } = &query.task
        else {
            return self.live.consult(query).await;
        };
        let digest = query.digest();
        if let Some(answer) = self.replay.recorded(recordings, &digest) {
            return Ok(answer.clone());
        }
        let answer = self.live.consult(query).await?;
        self.keep(recordings.clone(), digest, &answer, model);
        Ok(answer)
    }

    fn keep(&self, path: String, request: Digest, answer: &Answer, model: &str) {
        let from = ModelRef {
            provider: self.live.profile().name.clone(),
            model: model.to_owned(),
        };
        let recording = Recording {
            request,
            answer: answer.clone(),
            recorded: Provenance {
                from: from.to_string(),
                at: self.clock.now().to_string(),
            },
        };
        self.lock().entry(path).or_default().push(recording);
    }
}

impl Provider for Recorder<'_> {
    fn profile(&self) -> &ProviderProfile {
        &self.profile
    }

    fn price(&self, model: &str) -> Option<Price> {
        self.live.price(model)
    }

    fn accepts(&self, request: &ModelRequest) -> Result<(), String> {
        self.live.accepts(request)
    }

    fn answer<'a>(
        &'a self,
        request: &'a ModelRequest,
    ) -> BoxFuture<'a, Result<Answer, ProviderError>> {
        Box::pin(self.ask(request))
    }

    fn accepts_query(&self, query: &Query) -> Result<(), String> {
        self.replay.accepts_query(query)?;
        self.live.accepts_query(query)
    }

    fn consult<'q>(&'q self, query: &'q Query) -> BoxFuture<'q, Result<Answer, ProviderError>> {
        Box::pin(self.ask_query(query))
    }
}

fn write(root: &Path, path: &str, recordings: &BTreeMap<Digest, Recording>) -> std::io::Result<()> {
    let target = root.join(path);
    let folder = target.parent().unwrap_or(root);
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    for recording in recordings.values() {
        serde_json::to_writer(&mut file, recording)?;
        file.write_all(b"\n")?;
    }
    file.as_file().sync_all()?;
    file.persist(target)?;
    Ok(())
}
