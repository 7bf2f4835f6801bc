//! A lane with everything that can be verified: a gate, an approval, a signature for each record.

use super::Sandbox;
use super::keys::KeyHolder;

const POLICY: &str = "order = 1

[gate]
floors = { queue-matches = 0.9 }
evidence_max_age = \"1d\"

[approval]
required = 1
allowed_signers = \"environments/approvers\"

[signing]
allowed_signers = \"environments/releasers\"
";

/// The lane `staging` with three signed records: two promotions, and a rollback to the first.
pub(crate) struct SignedLane {
    pub(crate) sandbox: Sandbox,
    /// Who signs records.
    pub(crate) cleo: KeyHolder,
    /// Who approves.
    pub(crate) dana: KeyHolder,
}

impl SignedLane {
    pub(crate) fn new() -> Self {
        let sandbox = Sandbox::with_workspace();
        let (cleo, dana) = (sandbox.key_holder("cleo"), sandbox.key_holder("dana"));
        sandbox.allow_signers("environments/approvers", &[&dana]);
        sandbox.allow_signers("environments/releasers", &[&cleo]);
        sandbox.write("environments/staging.toml", POLICY);
        sandbox.commit("Ask for approvals and signatures");
        let lane = Self {
            sandbox,
            cleo,
            dana,
        };
        lane.releases();
        lane.sandbox.reword("in one word.");
        lane.releases();
        lane.moves(&["rollback", "staging", "--reason", "worse"]);
        lane
    }

    /// Approves and promotes what is there.
    pub(crate) fn releases(&self) {
        let approve = ["approve", "staging", "--yes", "--sign-with", &self.dana.key];
        self.sandbox.pointsman(&approve).succeeds();
        self.moves(&["promote", "staging"]);
    }

    /// Moves the lane with a signature.
    pub(crate) fn moves(&self, arguments: &[&str]) {
        let signed = [arguments, &["--yes", "--sign-with", &self.cleo.key]].concat();
        self.sandbox.pointsman(&signed).succeeds();
    }

    /// Rewrites the newest record as whoever may push could: its commit stays as it is, but for the
    /// files that `change` changes below the folder it runs in.
    pub(crate) fn tampers(&self, change: &str) {
        let script = format!(
            "set -e\nrm -rf ../tampered\nexport GIT_INDEX_FILE=$PWD/../tampered.index\n\
             git read-tree lanes/staging\n\
             git checkout-index --all --prefix=../tampered/\n\
             export GIT_DIR=$PWD/.git\n\
             cd ../tampered\n\
             {change}\n\
             git --work-tree=. add --all --force .\n\
             tree=$(git write-tree)\n\
             git cat-file commit lanes/staging | sed \"1s/.*/tree $tree/\" > ../tampered.commit\n\
             git update-ref refs/heads/lanes/staging $(git hash-object -t commit -w ../tampered.commit)"
        );
        self.sandbox.shell(&script).run().succeeds();
    }

    /// What the verification of the lane names as broken.
    #[track_caller]
    pub(crate) fn broken_link(&self) -> (String, u64) {
        let run = self
            .sandbox
            .pointsman(&["evidence", "verify", "staging", "--json"]);
        let broken = &run.exits(1).json()["lanes"][0]["broken"];
        let link = broken["link"]
            .as_str()
            .expect("a broken lane names the link");
        let sequence = broken["sequence"].as_u64().expect("and the place");
        (link.to_owned(), sequence)
    }
}
