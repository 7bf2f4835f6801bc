//! A git repository: found, trusted, and asked for commits and files.

use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice as _;
use gix::sec::Trust;

use crate::domain::deployment::{ObjectId, RECORD_PATH};

use super::command::{GitCommand, GitEnvironment, UserPrograms};
use super::error::GitError;
use super::kept::KeptObjects;
use super::revision::RevisionTree;

/// An opened repository. Handles for threads are cheap.
pub struct Repository {
    shared: gix::ThreadSafeRepository,
    kept: KeptObjects,
    git: GitCommand,
}

/// How git is told to sign with SSH keys; the defaults where it signs in another way or not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SshSigning {
    /// The key: a file, or the public key itself.
    pub key: Option<String>,
    /// Whether commits are signed.
    pub commits: bool,
}

impl Repository {
    /// Finds the repository that `folder` is in, and refuses those that we must not or cannot use.
    pub fn discover(folder: &Path, environment: GitEnvironment) -> Result<Self, GitError> {
        let ways = gix::discover::upwards::Options::default();
        let found = gix::ThreadSafeRepository::discover_opts(folder, ways, options());
        let shared = found.map_err(|error| {
            if error
                .downcast_any_ref::<gix::discover::upwards::Error>()
                .is_some()
            {
                GitError::NoRepository(folder.display().to_string())
            } else {
                GitError::Unusable(error.probable_cause().to_string())
            }
        })?;
        let local = shared.to_thread_local();
        if local.git_dir_trust() != Trust::Full {
            let path = local.workdir().unwrap_or(local.git_dir());
            return Err(GitError::Foreign(path.display().to_string()));
        }
        let storage = local.config_snapshot().string("extensions.refStorage");
        if let Some(storage) = storage.filter(|storage| !storage.eq_ignore_ascii_case(b"files")) {
            return Err(GitError::RefStorage(storage.to_string()));
        }
        let programs = user_programs(&local);
        let git = GitCommand::new(absolute(local.git_dir()), environment, programs);
        let kept = KeptObjects::default();
        Ok(Self { shared, kept, git })
    }

    /// The folder with the files; absent in a bare repository.
    pub fn worktree(&self) -> Option<PathBuf> {
        let folder = self.shared.work_dir()?;
        Some(absolute(folder))
    }

    /// The folder that all worktrees of the repository share; our own state lives below it.
    pub fn common_dir(&self) -> PathBuf {
        absolute(self.shared.to_thread_local().common_dir())
    }

    /// The commit that a text names.
    pub fn commit(&self, revision: &str) -> Result<ObjectId, GitError> {
        let local = self.local();
        let unknown = || GitError::UnknownRevision(revision.to_owned());
        let id = match local.rev_parse_single(revision) {
            Ok(id) => id.detach(),
            Err(_) if revision == "HEAD" => return Err(GitError::NoCommits),
            Err(_) => return Err(unknown()),
        };
        let object = local
            .try_find_object(id)?
            .ok_or_else(|| GitError::MissingObject(id.to_string()))?;
        let commit = object
            .peel_to_commit()
            .map_err(|_| GitError::NotACommit(revision.to_owned()))?;
        Ok(own_id(commit.id))
    }

    /// Where two lines of history parted; absent where they have no commit in common.
    pub fn merge_base(
        &self,
        one: &ObjectId,
        other: &ObjectId,
    ) -> Result<Option<ObjectId>, GitError> {
        let local = self.local();
        let bases = local
            .merge_bases_many(gix_id(one), &[gix_id(other)])
            .map_err(|error| GitError::Read(error.to_string()))?;
        Ok(bases.first().map(|id| own_id(id.detach())))
    }

    /// Whether older commits are missing from this clone.
    pub fn is_shallow(&self) -> Result<bool, GitError> {
        Ok(self.local().is_shallow()?)
    }

    /// The author of a commit, as commits name people; absent where the commit is not in this clone.
    pub fn author(&self, commit: &ObjectId) -> Result<Option<String>, GitError> {
        let local = self.local();
        let Some(object) = local.try_find_object(gix_id(commit))? else {
            return Ok(None);
        };
        let commit = object.try_into_commit()?;
        let author = commit.author()?;
        let (name, email) = (author.name.to_str_lossy(), author.email.to_str_lossy());
        Ok(Some(format!("{name} <{email}>")))
    }

    /// The files of a commit below `prefix` (the workspace's folder; empty: the whole tree). A
    /// deployment record is a workspace by itself, whatever the prefix.
    pub fn tree(&self, commit: &ObjectId, prefix: &str) -> Result<RevisionTree, GitError> {
        let label = format!("commit {}", commit.short());
        let whole = RevisionTree::new(self, commit, "", label.clone())?;
        if prefix.is_empty() || whole.has(RECORD_PATH)? {
            return Ok(whole);
        }
        RevisionTree::new(self, commit, prefix, label)
    }

    /// Whether a branch of this name (without `refs/heads/`) exists.
    pub fn has_branch(&self, name: &str) -> bool {
        let full = format!("refs/heads/{name}");
        matches!(self.local().try_find_reference(full.as_str()), Ok(Some(_)))
    }

    /// How git is told to sign with SSH keys.
    pub fn signing(&self) -> SshSigning {
        let local = self.local();
        let config = local.config_snapshot();
        let format = config.string("gpg.format");
        if format.is_none_or(|format| format.as_bytes() != b"ssh") {
            return SshSigning::default();
        }
        SshSigning {
            key: config.string("user.signingKey").map(|key| key.to_string()),
            commits: config.boolean("commit.gpgSign") == Some(true),
        }
    }

    /// A handle of its own for whoever reads.
    pub(super) fn local(&self) -> gix::Repository {
        let mut local = self.shared.to_thread_local();
        let kept = self.kept.clone();
        local
            .objects
            .set_object_cache(move || Box::new(kept.clone()));
        local
    }

    /// The objects that were read a moment ago.
    pub(super) fn kept(&self) -> &KeptObjects {
        &self.kept
    }

    /// The executable.
    pub(super) fn git(&self) -> &GitCommand {
        &self.git
    }
}

/// How repositories are opened, whoever they belong to. An id means what has this id: `refs/replace`,
/// with which a repository shows something else in its place, counts for nothing.
fn options() -> gix::sec::trust::Mapping<gix::open::Options> {
    let own = |options: gix::open::Options| options.config_overrides(["core.useReplaceRefs=false"]);
    let gix::sec::trust::Mapping { full, reduced } = gix::sec::trust::Mapping::default();
    gix::sec::trust::Mapping {
        full: own(full),
        reduced: own(reduced),
    }
}

fn absolute(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// An id of gix as one of ours.
pub(super) fn own_id(id: gix::ObjectId) -> ObjectId {
    ObjectId::new(id.to_string()).expect("gix prints ids as 40 or 64 lower-case digits")
}

/// An id of ours as one of gix.
pub(super) fn gix_id(id: &ObjectId) -> gix::ObjectId {
    gix::ObjectId::from_hex(id.as_str().as_bytes()).expect("an id of ours is 40 or 64 digits")
}

/// The programs that git signs with, and what they are where nobody says.
const SIGNERS: [(&str, &str); 5] = [
    ("gpg.program", "gpg"),
    ("gpg.openpgp.program", "gpg"),
    ("gpg.x509.program", "gpgsm"),
    ("gpg.ssh.program", "ssh-keygen"),
    ("gpg.ssh.defaultKeyCommand", ""),
];

/// What the user configured for all repositories, leaving out what this repository says, and what of it is
/// to be switched off.
fn user_programs(repository: &gix::Repository) -> UserPrograms {
    use gix::config::Source;
    let snapshot = repository.config_snapshot();
    let config = snapshot.plumbing();
    let of_user = |metadata: &gix::config::file::Metadata| {
        !matches!(metadata.source, Source::Local | Source::Worktree)
    };
    let ssh_command = config.string_filter("core.sshCommand", of_user);
    let mut credential_helpers = Vec::new();
    let sections = config.sections_by_name_and_filter("credential", of_user);
    for section in sections.into_iter().flatten() {
        let key = match section.header().subsection_name() {
            Some(url) => format!("credential.{}.helper", url.to_str_lossy()),
            None => "credential.helper".to_owned(),
        };
        for value in section.values("helper") {
            credential_helpers.push((key.clone(), value.to_string()));
        }
    }
    let signer = |(key, default): &(&str, &str)| {
        let program = config.string_filter(*key, of_user);
        let program = program.map(|program| program.to_string());
        ((*key).to_owned(), program.unwrap_or((*default).to_owned()))
    };
    let of_repository = |metadata: &gix::config::file::Metadata| !of_user(metadata);
    let filters = config.sections_by_name_and_filter("filter", of_repository);
    let filters = filters.into_iter().flatten();
    let filter_name = |section: gix::config::file::SectionRef<'_>| {
        let name = section.header().subsection_name()?;
        Some(name.to_str_lossy().into_owned())
    };
    UserPrograms {
        filters_off: filters.filter_map(filter_name).collect(),
        ssh_command: ssh_command.map(|command| command.to_string()),
        credential_helpers,
        signers: SIGNERS.iter().map(signer).collect(),
    }
}
