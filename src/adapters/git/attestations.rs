//! Attestations that are not part of a record: those made before a move, such as approvals, and
//! those made long after one. Each is a blob at
//! `refs/pointsman/attestations/<snapshot>/<digest of the envelope>`, here or on the remote that
//! lanes live on. Whoever may write there may put anything there: nothing counts before its
//! signature was verified.

use gix::bstr::ByteSlice as _;

use crate::domain::deployment::ObjectId;
use crate::domain::digest::Digest;
use crate::engine::ports::{AttestationStore, LaneError};

use super::lanes::{GitLanes, git_error, read_error};
use super::objects::write_blob;
use super::repository::{Repository, gix_id, own_id};

/// Where attestations are.
const REFS: &str = "refs/pointsman/attestations/";

/// The largest attestation that is read.
const SIZE_LIMIT: u64 = 16 * 1024 * 1024;

/// How many attestations of one snapshot are read.
const COUNT_LIMIT: usize = 1_000;

/// The attestations of a git repository.
pub struct GitAttestations<'r> {
    lanes: GitLanes<'r>,
    repository: &'r Repository,
}

impl<'r> GitAttestations<'r> {
    /// The attestations of a repository, on the remote that its lanes live on.
    pub fn new(repository: &'r Repository, remote: Option<String>) -> Result<Self, LaneError> {
        let lanes = GitLanes::new(repository, remote)?;
        Ok(Self { lanes, repository })
    }

    /// Where we remember what the remote has.
    fn tracking(remote: &str, snapshot: Digest) -> String {
        format!("refs/pointsman/remotes/{remote}/attestations/{snapshot}/")
    }

    fn fetch(&self, remote: &str, snapshot: Digest) -> Result<(), LaneError> {
        let refspec = format!("+{REFS}{snapshot}/*:{}*", Self::tracking(remote, snapshot));
        let output = self.repository.git().fetch(remote, &refspec);
        let output = output.map_err(git_error)?;
        if output.success {
            return Ok(());
        }
        Err(LaneError::Remote {
            message: format!(
                "cannot fetch attestations from `{remote}`: {}",
                output.complaint()
            ),
            hint: Some("check the network and your access".to_owned()),
        })
    }

    /// Puts a blob on the remote, where nobody else puts another: the name is its content's.
    fn push(
        &self,
        remote: &str,
        snapshot: Digest,
        name: Digest,
        blob: &ObjectId,
    ) -> Result<(), LaneError> {
        let git = self.repository.git();
        let target = format!("{REFS}{snapshot}/{name}");
        let output = git.push(remote, &target, blob, None).map_err(git_error)?;
        self.fetch(remote, snapshot)?;
        let there = format!("{}{name}", Self::tracking(remote, snapshot));
        if self.blob_at(&there)?.as_ref() == Some(blob) {
            return Ok(());
        }
        Err(LaneError::Remote {
            message: format!(
                "`{remote}` did not take the attestation: {}",
                output.complaint()
            ),
            hint: Some(format!("check that you may push to `{REFS}*` there")),
        })
    }

    fn blob_at(&self, name: &str) -> Result<Option<ObjectId>, LaneError> {
        let local = self.repository.local();
        let reference = local.try_find_reference(name).map_err(read_error)?;
        Ok(reference.and_then(|reference| Some(own_id(reference.target().try_id()?.to_owned()))))
    }

    /// The blobs below a prefix, by the digests that they are named by.
    fn below(&self, prefix: &str, found: &mut Vec<(Digest, ObjectId)>) -> Result<(), LaneError> {
        let local = self.repository.local();
        let platform = local.references().map_err(read_error)?;
        for reference in platform.prefixed(prefix).map_err(read_error)? {
            let reference = reference.map_err(read_error)?;
            let name = reference.name().as_bstr().to_str_lossy().into_owned();
            let digest = name[prefix.len()..].parse();
            let id = reference.target().try_id().map(ToOwned::to_owned);
            // What is not named by a digest, or names another ref, is not ours.
            if let (Ok(digest), Some(id)) = (digest, id) {
                found.push((digest, own_id(id)));
            }
        }
        Ok(())
    }

    /// The bytes of a blob, if they are what their name says.
    fn read(&self, name: Digest, id: &ObjectId) -> Result<Option<Vec<u8>>, LaneError> {
        let local = self.repository.local();
        let header = local.try_find_header(gix_id(id)).map_err(read_error)?;
        let small = header.is_some_and(|header| {
            header.kind() == gix::objs::Kind::Blob && header.size() <= SIZE_LIMIT
        });
        if !small {
            return Ok(None);
        }
        let object = local.find_object(gix_id(id)).map_err(read_error)?;
        let bytes = object.data.clone();
        Ok((Digest::of(&bytes) == name).then_some(bytes))
    }
}

impl AttestationStore for GitAttestations<'_> {
    fn refresh(&self, snapshot: Digest) -> Result<(), LaneError> {
        match &self.lanes.remote {
            Some(remote) => self.fetch(remote, snapshot),
            None => Ok(()),
        }
    }

    fn of(&self, snapshot: Digest) -> Result<Vec<Vec<u8>>, LaneError> {
        let mut found = Vec::new();
        self.below(&format!("{REFS}{snapshot}/"), &mut found)?;
        if let Some(remote) = &self.lanes.remote {
            self.below(&Self::tracking(remote, snapshot), &mut found)?;
        }
        found.sort();
        found.dedup();
        if found.len() > COUNT_LIMIT {
            return Err(LaneError::Failed {
                message: format!(
                    "snapshot {} has {} attestations",
                    snapshot.short(),
                    found.len()
                ),
                hint: Some(format!(
                    "remove those that are none: `git for-each-ref {REFS}{snapshot}`"
                )),
            });
        }
        let mut attestations = Vec::new();
        for (name, id) in found {
            attestations.extend(self.read(name, &id)?);
        }
        Ok(attestations)
    }

    fn add(&self, snapshot: Digest, attestation: &[u8]) -> Result<(), LaneError> {
        let name = Digest::of(attestation);
        let blob = write_blob(&self.repository.local(), attestation).map_err(git_error)?;
        if let Some(remote) = &self.lanes.remote {
            return self.push(remote, snapshot, name, &blob);
        }
        let target = format!("{REFS}{snapshot}/{name}");
        if self.blob_at(&target)?.as_ref() == Some(&blob) {
            return Ok(());
        }
        let output = self.lanes.update_ref(&target, &blob, None, "attest")?;
        if output.success {
            return Ok(());
        }
        Err(LaneError::Failed {
            message: format!("git did not keep the attestation: {}", output.complaint()),
            hint: None,
        })
    }
}
