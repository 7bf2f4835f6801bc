//! What the engine needs from the world. The adapters implement these traits.

pub mod history;
pub mod traces;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::io::BufRead;
use std::pin::Pin;

use jiff::Timestamp;

use crate::domain::attestation::{PublicKey, SignatureBytes};
use crate::domain::deployment::{Deployment, ObjectId};
use crate::domain::digest::Digest;
use crate::domain::id::LaneName;
use crate::domain::project::Price;
use crate::domain::query::Query;
use crate::domain::run::{Answer, CaseResult, ModelRequest, RunId, RunManifest};

/// The one source of time.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// A read-only tree of workspace files: the worktree, a commit, or a lane's snapshot. Paths are
/// relative to the workspace root, with `/` between segments. No link is ever followed.
pub trait FileTree: Send + Sync {
    /// What this tree is, for people: `worktree`, `commit 1a2b3c4d5e` or `lane production`.
    fn label(&self) -> String;

    /// Every entry below a folder (or the file itself), in byte order of the paths. An absent
    /// folder is empty.
    fn list(&self, folder: &str) -> Result<Vec<TreeEntry>, TreeError>;

    /// The content of a file; `None` where there is none. A file larger than `limit` bytes is an
    /// error, and so is anything that is not a plain file.
    fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, TreeError>;

    /// The content of a file as a stream, for files that may be larger than memory.
    fn open(&self, path: &str) -> Result<Option<Box<dyn BufRead + Send>>, TreeError>;
}

/// One entry of a [`FileTree`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeEntry {
    /// The path, relative to the workspace root.
    pub path: String,
    /// What stands there.
    pub kind: EntryKind,
    /// The id of the git blob; absent in the worktree.
    pub id: Option<ObjectId>,
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A plain file.
    File,
    /// A symbolic link: never followed.
    Symlink,
    /// A submodule, a device or anything else that we do not read.
    Other,
}

/// A file could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read `{path}`: {message}")]
pub struct TreeError {
    /// The path, relative to the workspace root.
    pub path: String,
    /// Why not.
    pub message: String,
}

/// A future that a trait object returns.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Something that answers requests.
pub trait Provider: Send + Sync {
    /// Who answers, and how the engine must treat it.
    fn profile(&self) -> &ProviderProfile;

    /// What a model costs; absent: not known.
    fn price(&self, model: &str) -> Option<Price>;

    /// Whether the request can be asked as it is. The error names what cannot be said to the
    /// provider: nothing that a prompt asks for is left out in silence.
    fn accepts(&self, _request: &ModelRequest) -> Result<(), String> {
        Ok(())
    }

    /// Answers one request, retries included.
    fn answer<'a>(
        &'a self,
        request: &'a ModelRequest,
    ) -> BoxFuture<'a, Result<Answer, ProviderError>>;

    /// Whether a query of an evaluator can be asked. The error says why not; most providers answer
    /// prompts only.
    fn accepts_query(&self, _query: &Query) -> Result<(), String> {
        Err("it answers prompts and nothing else".to_owned())
    }

    /// Answers one query of an evaluator, retries included.
    fn consult<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Answer, ProviderError>> {
        let refused = self.accepts_query(query).err().unwrap_or_default();
        Box::pin(std::future::ready(Err(ProviderError::Failed {
            message: refused,
            attempts: 0,
        })))
    }
}

impl<P: Provider + ?Sized> Provider for &P {
    fn profile(&self) -> &ProviderProfile {
        (**self).profile()
    }

    fn price(&self, model: &str) -> Option<Price> {
        (**self).price(model)
    }

    fn accepts(&self, request: &ModelRequest) -> Result<(), String> {
        (**self).accepts(request)
    }

    fn answer<'a>(
        &'a self,
        request: &'a ModelRequest,
    ) -> BoxFuture<'a, Result<Answer, ProviderError>> {
        (**self).answer(request)
    }

    fn accepts_query(&self, query: &Query) -> Result<(), String> {
        (**self).accepts_query(query)
    }

    fn consult<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Answer, ProviderError>> {
        (**self).consult(query)
    }
}

/// Who answers, and how the engine must treat it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderProfile {
    /// The provider's name in the workspace.
    pub name: String,
    /// Where it answers from (`https://host/path`); empty where nothing leaves the machine.
    pub endpoint: String,
    /// How many calls may run at once.
    pub concurrency: usize,
    /// Whether a call costs money or time, so that answers are worth keeping.
    pub keep_answers: bool,
}

/// Why a provider gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// No answer was recorded for this request.
    #[error("no recorded answer for request {0}")]
    NotRecorded(Digest),
    /// The call failed for good, after the tries that the settings allow.
    #[error("{message} (tried {attempts} time(s))")]
    Failed {
        /// What happened. Never holds a key.
        message: String,
        /// How often the call was tried.
        attempts: u32,
    },
}

/// Answers that were paid for once and need not be paid for again.
pub trait AnswerCache: Send + Sync {
    /// The answer kept under a key. An entry that does not read back whole is a miss.
    fn get(&self, key: &Digest) -> Option<Answer>;

    /// Keeps an answer.
    fn put(&self, key: &Digest, answer: &Answer) -> Result<(), StoreError>;
}

/// The runs of this repository.
pub trait RunStore: Send + Sync {
    /// Starts a run: its manifest is on disk when this returns.
    fn create(&self, manifest: &RunManifest) -> Result<Box<dyn RunWriter>, StoreError>;

    /// Opens a run that did not finish, to append to it.
    fn resume(&self, id: &RunId) -> Result<Box<dyn RunWriter>, StoreError>;

    /// The manifests of all runs, newest first.
    fn list(&self) -> Result<Vec<StoredRun>, StoreError>;

    /// The results of a run, in the order in which they were stored, read one after the other: a run
    /// may be larger than memory. A torn last line, as a crash leaves it, is left out.
    fn results(&self, id: &RunId) -> Result<Results, StoreError>;
}

/// The results of a run, as they are read.
pub type Results = Box<dyn Iterator<Item = Result<CaseResult, StoreError>> + Send>;

/// A run as the store knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRun {
    /// What it set out to do.
    pub manifest: RunManifest,
    /// When it finished; absent: it did not.
    pub finished_at: Option<Timestamp>,
}

/// Appends to one run.
pub trait RunWriter: Send {
    /// Appends results. They are durable when this returns.
    fn append(&mut self, results: &[CaseResult]) -> Result<(), StoreError>;

    /// Marks the run as finished.
    fn finish(self: Box<Self>, at: Timestamp) -> Result<(), StoreError>;
}

/// The store below the git directory failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot {action} `{path}`: {message}")]
pub struct StoreError {
    /// What was tried, as a verb: `write`, `read`.
    pub action: String,
    /// The file.
    pub path: String,
    /// Why it failed.
    pub message: String,
}

impl From<StoreError> for LaneError {
    fn from(error: StoreError) -> Self {
        Self::Failed {
            message: error.to_string(),
            hint: Some("see to it that the file can be read and written, and try again".to_owned()),
        }
    }
}

/// The lanes of this repository: each a chain of records that only grows.
pub trait LaneStore {
    /// The newest record of every lane that has one, as last seen.
    fn tips(&self) -> Result<BTreeMap<LaneName, ObjectId>, LaneError>;

    /// Asks the remote, where lanes live on one, for the newest records, and makes sure that a
    /// record can be appended to `lane` here. Comes before a move is planned.
    fn refresh(&self, lane: &LaneName) -> Result<(), LaneError>;

    /// The newest record of `lane`, as last seen.
    fn tip(&self, lane: &LaneName) -> Result<Option<LaneRecord>, LaneError>;

    /// A record of `lane`.
    fn record(&self, lane: &LaneName, id: &ObjectId) -> Result<LaneRecord, LaneError>;

    /// The files that a record deployed, and what it carries below `.lane/`.
    fn tree(&self, record: &LaneRecord) -> Result<Box<dyn FileTree>, LaneError>;

    /// Who is at work: name and address, as commits name them.
    fn actor(&self) -> Result<String, LaneError>;

    /// The git tree of a content, without writing anything.
    fn git_tree(&self, content: &Content) -> Result<ObjectId, LaneError>;

    /// Appends a record, if the newest one still is `draft.deployment.previous`. It is durable, and
    /// on the remote where lanes live on one, when this returns.
    fn append(&self, draft: &RecordDraft) -> Result<LaneRecord, LaneError>;
}

/// The commits that records are, as they stand, for whoever takes nothing on trust.
pub trait RecordCommits {
    /// A commit, whatever it says.
    fn commit(&self, id: &ObjectId) -> Result<RecordCommit, LaneError>;
}

/// A commit as it stands.
pub struct RecordCommit {
    /// Its parents.
    pub parents: Vec<ObjectId>,
    /// Who committed: name and address.
    pub committer: String,
    /// When, in seconds of the Unix time.
    pub second: i64,
    /// Its message.
    pub message: String,
    /// Its files.
    pub files: Box<dyn FileTree>,
}

/// The history in which prompts are developed.
pub trait SourceHistory {
    /// The addresses, in lower case, of everybody who wrote or committed a change of these files on
    /// the way from one commit (absent: from the first) to another.
    fn authors(
        &self,
        from: Option<&ObjectId>,
        to: &ObjectId,
        paths: &[String],
    ) -> Result<BTreeSet<String>, LaneError>;
}

/// Attestations that are not part of a record. What it gives was written by anybody: nothing counts
/// before its signature was verified.
pub trait AttestationStore {
    /// Asks the remote, where lanes live on one, for the attestations of a snapshot.
    fn refresh(&self, snapshot: Digest) -> Result<(), LaneError>;

    /// The attestations of a snapshot, as last seen, in the order of their digests.
    fn of(&self, snapshot: Digest) -> Result<Vec<Vec<u8>>, LaneError>;

    /// Keeps an attestation, on the remote where lanes live on one.
    fn add(&self, snapshot: Digest, attestation: &[u8]) -> Result<(), LaneError>;
}

/// A record with the commit that it is.
#[derive(Debug, Clone, PartialEq)]
pub struct LaneRecord {
    /// The commit.
    pub id: ObjectId,
    /// What it says.
    pub deployment: Deployment,
}

/// The files of a snapshot: those of a record, edited.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Content {
    /// The record to start from; absent: from nothing.
    pub base: Option<ObjectId>,
    /// By path: the blob that stands there now, or nothing.
    pub edits: BTreeMap<String, Option<ObjectId>>,
}

/// A record that is to be appended.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordDraft {
    /// What the record says.
    pub deployment: Deployment,
    /// The files that it deploys.
    pub content: Content,
    /// Files that it carries below `.lane/` beside the record itself, by path.
    pub attachments: BTreeMap<String, Vec<u8>>,
    /// The commit message, for people.
    pub message: String,
}

/// A lane could not be read or moved.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LaneError {
    /// Something is wrong here: with the lane, the repository or its configuration.
    #[error("{message}")]
    Failed {
        /// What is wrong.
        message: String,
        /// What to do next.
        hint: Option<String>,
    },
    /// The remote cannot be reached, or refuses for a reason of its own.
    #[error("{message}")]
    Remote {
        /// What it said.
        message: String,
        /// What to do next.
        hint: Option<String>,
    },
    /// The lane has moved: it is not where the draft expected it. Nothing was changed.
    #[error("the lane moved in the meantime")]
    Moved {
        /// Where it is now; absent: it is gone.
        tip: Option<Box<LaneRecord>>,
    },
}

/// Signs with one key.
pub trait Signer: Sync {
    /// The key's public half.
    fn key(&self) -> &PublicKey;

    /// The signature of a message.
    fn sign(&self, message: &[u8]) -> Result<SignatureBytes, SignError>;
}

/// A key cannot sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SignError {
    /// What is wrong. Never holds a part of a key.
    pub message: String,
    /// What to do next.
    pub hint: String,
}

impl SignError {
    /// An error with what to do next.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: hint.into(),
        }
    }
}
