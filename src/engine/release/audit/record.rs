//! One record by itself: its place in the chain, its files, its commit, its signature, its evidence.

use std::collections::BTreeSet;

use crate::domain::attestation::{
    AllowedSigners, Attestation, Distrust, Envelope, Statement, TEST_RESULT, VERIFICATION_SUMMARY,
};
use crate::domain::deployment::{Deployment, EvidenceLink, ObjectId, RECORD_PATH};
use crate::domain::digest::Digest;
use crate::domain::gate::Evaluation;
use crate::domain::lane::Lane;
use crate::engine::ports::{Content, FileTree, LaneRecord, RecordCommit};
use crate::engine::release::attest::{RECORD_ATTESTATION_PATH, record_statement};
use crate::engine::release::evidence::{STATEMENT_LIMIT, read_statement};
use crate::engine::release::record::trailers;
use crate::engine::release::snapshot::{MANIFEST_LIMIT, MANIFEST_PATH, Manifest};
use crate::engine::release::standing::{Standing, Trusted, policy_in};
use crate::engine::workspace::document::MAX_FILE_BYTES;

use super::{Audit, Flaw, Link, moves, next_sequence};

/// The largest record that is read.
const RECORD_LIMIT: u64 = 8 * 1024 * 1024;

/// A record, and everything that it is held against.
pub(super) struct Case<'a> {
    pub(super) audit: &'a Audit<'a>,
    pub(super) standing: Standing,
    pub(super) record: LaneRecord,
    pub(super) commit: RecordCommit,
    /// The digest of the record, byte for byte.
    bytes: Digest,
    trusted: Trusted,
}

/// A statement of the evidence.
pub(super) struct Evidence {
    pub(super) statement: Statement,
    envelope: Option<Envelope>,
    pub(super) bytes: Vec<u8>,
}

impl<'a> Case<'a> {
    /// Reads the record at a commit, and what it follows.
    pub(super) fn open(
        audit: &'a Audit<'a>,
        previous: Option<LaneRecord>,
        id: &ObjectId,
    ) -> Result<Self, Flaw> {
        let Audit { archive, lane, .. } = audit;
        let commit = archive.commits.commit(id)?;
        let bytes = commit.files.read(RECORD_PATH, RECORD_LIMIT)?;
        let bytes =
            bytes.ok_or_else(|| Flaw::new(Link::Record, format!("there is no `{RECORD_PATH}`")))?;
        let deployment: Deployment = serde_json::from_slice(&bytes).map_err(|error| {
            Flaw::new(
                Link::Record,
                format!("`{RECORD_PATH}` is not as expected: {error}"),
            )
        })?;
        if deployment.lane != **lane {
            let message = format!("it is a record of lane `{}`", deployment.lane);
            return Err(Flaw::new(Link::Record, message));
        }
        let standing = Standing::at(archive.lanes, lane, previous)?;
        let in_force = match standing.policy()? {
            Some(policy) => Some((standing.tree(), policy)),
            None => policy_in(commit.files.as_ref(), lane)?.map(|it| (commit.files.as_ref(), it)),
        };
        let trusted = |(tree, policy): (&dyn FileTree, Lane)| Trusted::of(tree, &policy);
        let trusted = in_force.map(trusted).transpose()?.unwrap_or_default();
        Ok(Self {
            audit,
            standing,
            record: LaneRecord {
                id: id.clone(),
                deployment,
            },
            commit,
            bytes: Digest::of(&bytes),
            trusted,
        })
    }

    /// The record.
    pub(super) fn into_record(self) -> LaneRecord {
        self.record
    }

    /// Verifies everything about the record. Returns whether it is signed by somebody whom the
    /// policy in force trusts to sign records.
    pub(super) fn verify(&self) -> Result<bool, Flaw> {
        self.check_place()?;
        self.check_files()?;
        self.check_commit()?;
        let signed = self.check_signature()?;
        let evidence = self.evidence()?;
        moves::check(self, &evidence)?;
        Ok(signed)
    }

    fn check_place(&self) -> Result<(), Flaw> {
        let deployment = &self.record.deployment;
        let previous = self.standing.current.as_ref();
        let expected: Vec<&ObjectId> = previous.iter().map(|it| &it.id).collect();
        let parents: Vec<&ObjectId> = self.commit.parents.iter().collect();
        let named: Vec<&ObjectId> = deployment.previous.iter().collect();
        if parents != expected || named != expected {
            let message = "the record before it is not the one that it names";
            return Err(Flaw::new(Link::Parent, message));
        }
        let next = previous.map_or(1, next_sequence);
        if deployment.sequence != next {
            let message = format!(
                "it is numbered #{}, and #{next} is next",
                deployment.sequence
            );
            return Err(Flaw::new(Link::Sequence, message));
        }
        Ok(())
    }

    /// The snapshot is the one that the record names, in all three ways that it is named.
    fn check_files(&self) -> Result<(), Flaw> {
        let snapshot = &self.record.deployment.snapshot;
        let files = self.commit.files.as_ref();
        let carried = files
            .read(MANIFEST_PATH, MANIFEST_LIMIT)?
            .unwrap_or_default();
        if Digest::of(&carried) != snapshot.sha256 {
            let message = format!("`{MANIFEST_PATH}` is not the manifest of the snapshot");
            return Err(Flaw::new(Link::Manifest, message));
        }
        let computed =
            Manifest::of_files(files, |entry| self.audit.once.digest(files, entry))?.text();
        if computed.as_bytes() != carried {
            let message = match first_difference(&computed, &carried) {
                Some(path) => format!("`{path}` is not what the manifest says"),
                None => "the files are not those of the manifest".to_owned(),
            };
            return Err(Flaw::new(Link::Manifest, message));
        }
        let content = Content {
            base: Some(self.record.id.clone()),
            ..Content::default()
        };
        if self.audit.archive.lanes.git_tree(&content)? != snapshot.git_tree {
            let message = "the git tree is not the one that the record names";
            return Err(Flaw::new(Link::Manifest, message));
        }
        Ok(())
    }

    /// What the commit says for people is what the record says.
    fn check_commit(&self) -> Result<(), Flaw> {
        let deployment = &self.record.deployment;
        let wrong = |message: String| Err(Flaw::new(Link::Commit, message));
        let expected = trailers(deployment);
        let message = self.commit.message.trim_end();
        let said = message.rsplit("\n\n").next().unwrap_or_default();
        if let Some(line) = said
            .lines()
            .find(|line| !expected.iter().any(|it| it == line))
        {
            return wrong(format!("the record does not say `{line}`"));
        }
        let subject = format!(
            "{} {} #{}: ",
            deployment.kind.name(),
            deployment.lane,
            deployment.sequence
        );
        if !message.starts_with(&subject) {
            return wrong(format!(
                "its subject does not start with `{}`",
                subject.trim_end()
            ));
        }
        let other_time = self.commit.second != deployment.recorded_at.as_second();
        if self.commit.committer != deployment.actor || other_time {
            return wrong(format!(
                "it was committed by {}, and the record is by {} of {}",
                self.commit.committer, deployment.actor, deployment.recorded_at
            ));
        }
        Ok(())
    }

    fn check_signature(&self) -> Result<bool, Flaw> {
        let path = RECORD_ATTESTATION_PATH;
        let allowed = self.trusted.record_signers.as_ref();
        let bytes = self.commit.files.read(path, RECORD_LIMIT)?;
        let Some(bytes) = bytes else {
            return match allowed {
                Some(_) => {
                    let message = "the policy in force asks for a signature, and there is none";
                    Err(Flaw::new(Link::Signature, message))
                }
                None => Ok(false),
            };
        };
        let attestation = Attestation::parse(&bytes)
            .map_err(|error| Flaw::new(Link::Signature, format!("`{path}`: {error}")))?;
        if let Some(allowed) = allowed {
            self.check_signer(allowed, &attestation.envelope)?;
        }
        self.check_subject(&attestation.statement)?;
        Ok(allowed.is_some())
    }

    fn check_signer(&self, allowed: &AllowedSigners, envelope: &Envelope) -> Result<(), Flaw> {
        let then = self.record.deployment.recorded_at;
        match allowed.verify(envelope, &[then]) {
            Ok(_) => Ok(()),
            Err(why @ Distrust::Forged(_)) => Err(Flaw::new(Link::Signature, why.to_string())),
            Err(why) => Err(Flaw::new(Link::Signer, why.to_string())),
        }
    }

    /// What was signed is this record, the policy in force and this evidence.
    fn check_subject(&self, statement: &Statement) -> Result<(), Flaw> {
        let deployment = &self.record.deployment;
        let expected = record_statement(deployment, self.bytes, self.policy_digest()?);
        let mut said = statement.clone();
        // Another version may have signed.
        said.predicate["verifier"]["version"] = expected.predicate["verifier"]["version"].clone();
        if said.predicate_type != VERIFICATION_SUMMARY || said != expected {
            let message = "what was signed is not this record of this snapshot under this policy";
            return Err(Flaw::new(Link::Subject, message));
        }
        Ok(())
    }

    fn policy_digest(&self) -> Result<Option<Digest>, Flaw> {
        let path = self.standing.lane.path();
        let live = self.standing.tree().read(&path, MAX_FILE_BYTES)?;
        let policy = match live {
            Some(policy) => Some(policy),
            None => self.commit.files.read(&path, MAX_FILE_BYTES)?,
        };
        Ok(policy.map(|policy| Digest::of(&policy)))
    }

    /// The evidence: everything that the record names is there, and nothing else is.
    fn evidence(&self) -> Result<Vec<Evidence>, Flaw> {
        let links = &self.record.deployment.evidence;
        let mut known: BTreeSet<&str> = links.iter().map(|link| link.path.as_str()).collect();
        known.extend([RECORD_PATH, MANIFEST_PATH, RECORD_ATTESTATION_PATH]);
        for entry in self.commit.files.list(".lane")? {
            if !known.contains(entry.path.as_str()) {
                let message = format!("the record does not name `{}`", entry.path);
                return Err(Flaw::new(Link::Evidence, message));
            }
        }
        links.iter().map(|link| self.statement(link)).collect()
    }

    fn statement(&self, link: &EvidenceLink) -> Result<Evidence, Flaw> {
        let path = &link.path;
        let bytes = self.commit.files.read(path, STATEMENT_LIMIT)?;
        let bytes = bytes.filter(|bytes| Digest::of(bytes) == link.sha256);
        let bytes = bytes.ok_or_else(|| {
            let message = format!("`{path}` is not the evidence that the record names");
            Flaw::new(Link::Evidence, message)
        })?;
        let (statement, envelope) = read_statement(link, &bytes)
            .map_err(|error| Flaw::new(Link::Evidence, format!("`{path}`: {error}")))?;
        let evidence = Evidence {
            statement,
            envelope,
            bytes,
        };
        let of_gate = evidence.statement.predicate_type == TEST_RESULT;
        let signers = self.trusted.record_signers.as_ref();
        if let (true, Some(signers), Some(envelope)) = (of_gate, signers, &evidence.envelope) {
            // It may have been signed with an earlier record of the same snapshot, by somebody who
            // could then: only that it was not changed is known.
            if let Err(why @ Distrust::Forged(_)) = signers.verify(envelope, &[]) {
                return Err(Flaw::new(Link::Signature, format!("`{path}`: {why}")));
            }
        }
        Ok(evidence)
    }
}

/// The first file that two manifests do not agree on.
fn first_difference(computed: &str, carried: &[u8]) -> Option<String> {
    let carried = std::str::from_utf8(carried).ok()?;
    let (one, other): (BTreeSet<&str>, BTreeSet<&str>) =
        (computed.lines().collect(), carried.lines().collect());
    let line = one.symmetric_difference(&other).next()?;
    let (_, path) = line.split_once("  ")?;
    Some(path.to_owned())
}

/// The evaluation that a statement of the evidence holds.
pub(super) fn predicate_evaluation(statement: &Statement) -> Result<Evaluation, Flaw> {
    let evaluation = statement.predicate.get("evaluation").cloned();
    serde_json::from_value(evaluation.unwrap_or_default()).map_err(|error| {
        let message = format!("the evaluation cannot be read: {error}");
        Flaw::new(Link::Result, message)
    })
}
