//! Where a lane stands: its newest record, its files, and the policy in force.

use crate::domain::attestation::AllowedSigners;
use crate::domain::finding::Findings;
use crate::domain::hold::Hold;
use crate::domain::id::LaneName;
use crate::domain::lane::Lane;
use crate::engine::ports::{FileTree, LaneRecord, LaneStore};
use crate::engine::workspace::Workspace;

use super::ReleaseError;
use super::graft::EmptyTree;

/// Where a lane stands.
pub struct Standing {
    /// The lane.
    pub lane: LaneName,
    /// Its newest record; absent before the first.
    pub current: Option<LaneRecord>,
    tree: Box<dyn FileTree>,
}

impl Standing {
    /// Where `lane` stands, as last seen.
    pub fn of(lanes: &dyn LaneStore, lane: &LaneName) -> Result<Self, ReleaseError> {
        Self::at(lanes, lane, lanes.tip(lane)?)
    }

    /// Where `lane` stood at one of its records; absent: before its first.
    pub(super) fn at(
        lanes: &dyn LaneStore,
        lane: &LaneName,
        current: Option<LaneRecord>,
    ) -> Result<Self, ReleaseError> {
        let tree = match &current {
            Some(record) => lanes.tree(record)?,
            None => Box::new(EmptyTree),
        };
        Ok(Self {
            lane: lane.clone(),
            current,
            tree,
        })
    }

    /// What must not come in again.
    pub fn holds(&self) -> &[Hold] {
        let current = self.current.as_ref();
        current.map_or(&[], |record| &record.deployment.holds)
    }

    /// The files that are live.
    pub fn tree(&self) -> &dyn FileTree {
        self.tree.as_ref()
    }

    /// The policy that the lane itself carries; absent before its first record.
    pub fn policy(&self) -> Result<Option<Lane>, Findings> {
        policy_in(self.tree(), &self.lane)
    }

    /// The keys that may sign the lane's records; absent: they need no signature.
    pub fn record_signers(&self) -> Result<Option<AllowedSigners>, Findings> {
        match self.policy()? {
            Some(policy) => Ok(Trusted::of(self.tree(), &policy)?.record_signers),
            None => Ok(None),
        }
    }

    /// Makes sure that the lane is where a caller expects it: at the record with this id or the
    /// first digits of it, or, for `none`, nowhere yet.
    pub fn expect(&self, expected: &str) -> Result<(), ReleaseError> {
        const FEWEST_DIGITS: usize = 7;
        let met = match &self.current {
            None => expected == "none",
            Some(record) => {
                expected.len() >= FEWEST_DIGITS && record.id.as_str().starts_with(expected)
            }
        };
        if met {
            return Ok(());
        }
        Err(ReleaseError::Unexpected(self.current.clone().map(Box::new)))
    }
}

/// The keys that a policy trusts.
#[derive(Debug, Clone, Default)]
pub(super) struct Trusted {
    /// Those whose approval counts; absent: nobody is asked.
    pub(super) approvers: Option<AllowedSigners>,
    /// Those that may sign the lane's records; absent: records need no signature.
    pub(super) record_signers: Option<AllowedSigners>,
}

impl Trusted {
    /// The keys that `policy` trusts, as they stand in the tree that the policy stands in.
    pub(super) fn of(tree: &dyn FileTree, policy: &Lane) -> Result<Self, Findings> {
        let workspace = Workspace::new(tree);
        let approvers = policy.approval.as_ref().map(|it| &it.allowed_signers);
        let read = |file| workspace.signers(file);
        Ok(Self {
            approvers: approvers.map(read).transpose()?,
            record_signers: policy.signing.as_ref().map(read).transpose()?,
        })
    }
}

/// The policy of a lane in a tree; absent where the tree does not declare the lane.
pub fn policy_in(tree: &dyn FileTree, lane: &LaneName) -> Result<Option<Lane>, Findings> {
    if tree.list(&lane.path())?.is_empty() {
        return Ok(None);
    }
    Workspace::new(tree).lane(lane).map(Some)
}
