//! What somebody who may write to a repository, to its remote or to a bundle can do to what was released:
//! go back, stand still, leave out, swap and mix. Each is found, and named.

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::Sandbox;
use crate::support::signed_lane::SignedLane;

/// A change of a lane's branch, as a script, and the link that breaks by it. `$TIP` is the newest record;
/// `record TREE PARENT...` makes a commit like it of another tree, with other parents.
const LANE: [(&str, &str, &str); 16] = [
    (
        "a commit by hand on top",
        "move $(record $TIP^{tree} $TIP)",
        "parent",
    ),
    (
        "a plain commit of the development branch",
        "move $(record HEAD^{tree} $TIP)",
        "record",
    ),
    (
        "two records at once before it",
        "move $(record $TIP^{tree} $TIP~1 $TIP~2)",
        "parent",
    ),
    (
        "the first record once more",
        "move $(record $TIP~3^{tree} $TIP)",
        "parent",
    ),
    (
        "the record before, in its place",
        "move $(record $TIP~1^{tree} $TIP~1)",
        "parent",
    ),
    ("nothing before it", "move $(record $TIP^{tree})", "parent"),
    (
        "what was before, left out",
        "move $(record $TIP^{tree} $TIP~2)",
        "parent",
    ),
    (
        "the record of another lane",
        "move refs/heads/lanes/production",
        "record",
    ),
    (
        "the record of another lane, on top",
        "move $(record refs/heads/lanes/production^{tree} $TIP)",
        "record",
    ),
    (
        "another number",
        "change '.lane/deployment.json' 's/\"sequence\": 4/\"sequence\": 4000/'",
        "sequence",
    ),
    (
        "an earlier time",
        "change '.lane/deployment.json' 's/\"recordedAt\": \"2026-03/\"recordedAt\": \"2025-03/'",
        "commit",
    ),
    (
        "a policy without signatures",
        "change 'environments/staging.toml' '/signing/,$d'",
        "manifest",
    ),
    (
        "the prompt of an earlier release",
        "swap $TIP~3 prompts/triage.prompt.yml",
        "manifest",
    ),
    (
        "the signature of an earlier release",
        "swap $TIP~2 .lane/deployment.intoto.jsonl",
        "subject",
    ),
    (
        "the evidence of an earlier release",
        "swap $TIP~3 .lane/evidence",
        "evidence",
    ),
    (
        "the approval of an earlier release",
        "swap $TIP~3 \"$(git ls-tree -r --name-only $TIP~3 .lane/evidence | grep intoto | head -n 1)\"",
        "evidence",
    ),
];

/// The words of the scripts.
const WORDS: &str = r#"
set -e
TIP=$(git rev-parse lanes/staging)
move() { git update-ref refs/heads/lanes/staging "$1"; }
# A commit like the newest record, of another tree and with other parents.
record() {
    tree=$(git rev-parse "$1"); shift
    {
        echo "tree $tree"
        for parent in "$@"; do echo "parent $(git rev-parse "$parent")"; done
        git cat-file commit "$TIP" | sed '/^tree /d; /^parent /d'
    } | git hash-object -t commit -w --stdin
}
# The newest record with another tree, in its place.
instead() { move "$(record "$(git write-tree)" "$TIP~1")"; }
index() { export GIT_INDEX_FILE=$PWD/../other.index; rm -f "$GIT_INDEX_FILE"; git read-tree "$TIP"; }
change() {
    index
    git show "$TIP:$1" | sed "$2" > ../changed
    git update-index --cacheinfo "100644,$(git hash-object -w ../changed),$1"
    instead
}
# What an earlier record has at a path, in the place of what is there.
swap() {
    index
    git rm --quiet -r --cached --ignore-unmatch "$2"
    git ls-tree -r "$1" -- "$2" | git update-index --index-info
    instead
}
"#;

#[test]
#[expect(
    clippy::print_stdout,
    reason = "whoever runs this wants the figures: `cargo test -- --nocapture`"
)]
fn a_lane_that_was_taken_back_cut_swapped_or_mixed_is_broken_at_a_link_that_is_named() {
    let lane = SignedLane::new();
    lane.sandbox.reword("in two words.");
    lane.releases();
    lane.sandbox
        .pointsman(&["promote", "production", "--yes"])
        .succeeds();
    let verify = ["lanes", "verify", "staging", "--json"];
    lane.sandbox.pointsman(&verify).succeeds();
    let tip = lane.sandbox.tip("staging");
    let mut wrong = String::new();
    for (what, change, link) in LANE {
        lane.sandbox
            .shell(&format!("{WORDS}\n{change}"))
            .run()
            .succeeds();
        assert_ne!(
            lane.sandbox.tip("staging"),
            tip,
            "{what}: nothing was changed"
        );
        let run = lane.sandbox.pointsman(&verify);
        let found = run.exits(1).json()["lanes"][0]["broken"]["link"].clone();
        if found != link {
            let _ = writeln!(wrong, "{what}: {}", run.stdout);
        }
        let reset = ["update-ref", "refs/heads/lanes/staging", &tip];
        lane.sandbox.git(&reset);
    }
    assert!(wrong.is_empty(), "{wrong}");
    lane.sandbox.pointsman(&verify).succeeds();
    println!(
        "{} changes of a signed lane were found and named",
        LANE.len()
    );
}

#[test]
fn a_chain_under_the_name_of_another_lane_does_not_hold() {
    let lane = SignedLane::new();
    lane.sandbox
        .git(&["branch", "lanes/canary", "lanes/staging"]);
    let verify = ["lanes", "verify", "canary", "--json"];
    let run = lane.sandbox.pointsman(&verify);
    assert_eq!(run.exits(1).json()["lanes"][0]["broken"]["link"], "record");
}

/// What somebody who may push does to a lane of three records on the remote, as a script in the bare
/// repository.
const REMOTE: [(&str, &str); 4] = [
    ("it goes back", "move $LANE~1"),
    ("it goes back to the first", "move $LANE~2"),
    (
        "it forks",
        "move $(git commit-tree $LANE^{tree} -p $LANE~1 -m other)",
    ),
    (
        "it begins anew",
        "move $(git commit-tree $LANE^{tree} -m other)",
    ),
];

/// What relies on the lane, and must notice.
const RELIES: [&str; 8] = [
    "lanes verify staging",
    "evidence verify staging",
    "promote staging --yes",
    "rollback staging --yes --reason x",
    "lanes hold staging --yes --reason x",
    "export staging --fetch",
    "export staging -o ../new.json",
    "evidence build staging",
];

#[test]
#[expect(
    clippy::print_stdout,
    reason = "whoever runs this wants the figures: `cargo test -- --nocapture`"
)]
fn a_remote_that_goes_back_is_noticed_by_whoever_saw_it_before() {
    let start = Sandbox::with_remote_lanes();
    for words in ["one", "two", "three"] {
        start.reword(words);
        start.promotes("staging");
    }
    start.reword("four");
    let seen = start.tip("staging");
    let mut unnoticed = String::new();
    for (what, change) in REMOTE {
        let sandbox = start.copy();
        let script = format!(
            "set -e\nexport GIT_DIR='{}' LANE=refs/heads/lanes/staging\n\
             move() {{ git update-ref $LANE \"$1\"; }}\n{change}",
            sandbox.remote_path().display()
        );
        sandbox.shell(&script).run().succeeds();
        sandbox.git(&["fetch", "--quiet", "--prune", "origin"]);
        for line in RELIES {
            let args: Vec<&str> = line.split(' ').collect();
            let run = sandbox.pointsman(&args);
            if run.code == Some(0) {
                let _ = write!(unnoticed, "{what}\n{}", run.transcript());
            }
            assert_eq!(sandbox.tip("staging"), seen, "{what}: {line}");
        }
    }
    assert!(unnoticed.is_empty(), "{unnoticed}");
    println!(
        "{} ways to take a remote back were noticed by {} commands",
        REMOTE.len(),
        RELIES.len()
    );
}

/// Two signed bundles of one lane, and who may sign them.
struct Bundles {
    sandbox: Sandbox,
    first: String,
    second: String,
}

const VERIFY: [&str; 8] = [
    "evidence",
    "verify",
    "staging",
    "--bundle",
    "../out/staging.json",
    "--signers",
    "../out/signers",
    "--json",
];

impl Bundles {
    fn new() -> Self {
        let sandbox = Sandbox::without_gates();
        let cleo = sandbox.key_holder("cleo");
        sandbox.allow_signers("../out/signers", &[&cleo]);
        let export = |lane: &str| {
            sandbox.promotes(lane);
            let args = ["export", lane, "--expires", "7d", "--sign-with", &cleo.key];
            sandbox.pointsman(&args).succeeds().stdout.clone()
        };
        let first = export("staging");
        sandbox.reword("better");
        let second = export("staging");
        Self {
            sandbox,
            first,
            second,
        }
    }

    /// The link that is named as broken where this is the bundle; absent: it holds.
    #[track_caller]
    fn broken(&self, bundle: &str, options: &[&str]) -> Option<String> {
        self.sandbox.write("../out/staging.json", bundle);
        let run = self.sandbox.pointsman(&[&VERIFY[..], options].concat());
        let outcome = run.json();
        assert_eq!(
            run.code,
            Some(i32::from(outcome["holds"] == false)),
            "{outcome}"
        );
        outcome["broken"]["link"].as_str().map(str::to_owned)
    }

    /// The second bundle with one part of the first.
    fn mixed(&self, pointer: &str) -> String {
        let read = |text: &str| -> Value { serde_json::from_str(text).expect("a bundle is JSON") };
        let (first, mut mixed) = (read(&self.first), read(&self.second));
        let part = mixed.pointer_mut(pointer).expect("a bundle has this part");
        *part = first.pointer(pointer).expect("so has the other").clone();
        format!("{mixed}\n")
    }
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "whoever runs this wants the figures: `cargo test -- --nocapture`"
)]
fn a_bundle_that_is_old_mixed_stretched_or_changed_by_a_bit_does_not_hold() {
    let sandbox = Sandbox::without_gates();
    if sandbox.lacks("ssh-keygen") {
        return;
    }
    let bundles = Bundles::new();
    let second = &bundles.second;
    assert_eq!(bundles.broken(second, &["--at-least", "2"]), None);
    let old = bundles.broken(&bundles.first, &["--at-least", "2"]);
    assert_eq!(old.as_deref(), Some("sequence"), "it went back");
    let parts = [
        "/attestation",
        "/attestation/payload",
        "/attestation/signatures",
        "/digest",
        "/expiresAt",
        "/prompts",
        "/record",
        "/sequence",
        "/snapshot",
    ];
    for part in parts {
        assert!(
            bundles.broken(&bundles.mixed(part), &[]).is_some(),
            "{part} is of the first"
        );
    }
    let stretched = second.replace("2026-03-09", "2036-03-09");
    assert_ne!(&stretched, second);
    assert!(bundles.broken(&stretched, &[]).is_some(), "it lasts longer");
    let cut = &second[..second.len() - 2];
    assert!(bundles.broken(cut, &[]).is_some(), "it was cut");
    let flips = flipped(second, 200);
    let unnoticed = flips.iter().filter(|it| bundles.broken(it, &[]).is_none());
    assert_eq!(unnoticed.count(), 0);
    // Nobody says anything new: after its time, what was live once is not what is live.
    bundles.sandbox.wait_seconds(7 * 24 * 3_600);
    assert_eq!(bundles.broken(second, &[]).as_deref(), Some("expired"));
    println!(
        "a bundle that is older, expired, stretched, cut, mixed in {} ways or changed in one of {} bits does not hold",
        parts.len(),
        flips.len()
    );
}

/// A text with one bit changed, at so many places, of which each is still a text.
fn flipped(text: &str, count: usize) -> Vec<String> {
    let places = (0..count).map(|index| index * text.len() / count);
    let flip = |place: usize| {
        let mut bytes = text.as_bytes().to_vec();
        bytes[place] ^= 1;
        String::from_utf8(bytes).ok()
    };
    places.filter_map(flip).collect()
}
