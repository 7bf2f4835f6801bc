//! What somebody who may push could do to a lane, and which link breaks by it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use pointsman::adapters::git::command::GitEnvironment;
use pointsman::adapters::git::{GitHistory, GitLanes, Repository};
use pointsman::domain::deployment::ObjectId;
use pointsman::domain::id::LaneName;
use pointsman::engine::release::audit::{Archive, Range, audit};

use crate::support::Sandbox;
use crate::support::signed_lane::SignedLane;

/// The script of a change, and the link that it breaks.
const CHANGES: [(&str, &str); 10] = [
    ("sed -i 's/worse/better/' .lane/deployment.json", "commit"),
    (
        "sed -i 's/\"sequence\": 3/\"sequence\": 4/' .lane/deployment.json",
        "sequence",
    ),
    (
        "sed -i '/\"previous\"/s/[0-9a-f]\\{40\\}/0000000000000000000000000000000000000000/' .lane/deployment.json",
        "parent",
    ),
    ("echo >> prompts/triage.prompt.yml", "manifest"),
    ("echo hello > README", "manifest"),
    ("chmod +x prompts/triage.prompt.yml", "manifest"),
    ("rm .lane/deployment.intoto.jsonl", "signature"),
    ("echo x > .lane/evidence/more", "evidence"),
    ("rm .lane/evidence/*", "evidence"),
    (
        "sed -i 's/\"reason\": \"worse\"$/&/; s/  \"holds\"/ \"holds\"/' .lane/deployment.json",
        "subject",
    ),
];

#[test]
fn the_link_that_breaks_is_named() {
    let lane = SignedLane::new();
    let tip = lane.sandbox.tip("staging");
    for (change, link) in CHANGES {
        lane.tampers(change);
        assert_eq!(lane.broken_link(), (link.to_owned(), 3), "{change}");
        let reset = ["update-ref", "refs/heads/lanes/staging", &tip];
        lane.sandbox.git(&reset);
    }
    lane.sandbox
        .pointsman(&["evidence", "verify", "staging"])
        .succeeds();
}

#[test]
fn another_key_and_a_swapped_signature_are_told_apart() {
    let lane = SignedLane::new();
    let tip = lane.sandbox.tip("staging");
    let earlier = "git show lanes/staging~1:.lane/deployment.intoto.jsonl \
                   > .lane/deployment.intoto.jsonl";
    lane.tampers(earlier);
    assert_eq!(lane.broken_link(), ("subject".to_owned(), 3));
    lane.sandbox
        .git(&["update-ref", "refs/heads/lanes/staging", &tip]);
    let forge = "sed -i 's/\"sig\":\"..../\"sig\":\"AAAA/' .lane/deployment.intoto.jsonl";
    lane.tampers(forge);
    assert_eq!(lane.broken_link(), ("signature".to_owned(), 3));
    let other =
        "sed -i 's/\"keyid\":\"SHA256:..../\"keyid\":\"SHA256:AAAA/' .lane/deployment.intoto.jsonl";
    lane.sandbox
        .git(&["update-ref", "refs/heads/lanes/staging", &tip]);
    lane.tampers(other);
    assert_eq!(lane.broken_link(), ("signer".to_owned(), 3));
}

#[test]
fn a_record_that_was_taken_out_or_written_again_breaks_the_chain() {
    let lane = SignedLane::new();
    // The second record is gone: the third follows the first.
    let script = "first=$(git rev-parse lanes/staging~2)\n\
                  git cat-file commit lanes/staging | sed \"s/^parent .*/parent $first/\" > ../commit\n\
                  git update-ref refs/heads/lanes/staging $(git hash-object -t commit -w ../commit)";
    lane.sandbox.shell(script).run().succeeds();
    assert_eq!(lane.broken_link(), ("parent".to_owned(), 2));
}

#[test]
fn a_lane_that_was_taken_back_is_told_to_whoever_saw_it_before() {
    let sandbox = Sandbox::with_remote_lanes();
    sandbox.promotes("staging");
    sandbox.reword("in one word.");
    sandbox.promotes("staging");
    let verify = ["evidence", "verify", "staging"];
    sandbox.pointsman(&verify).succeeds();
    // Somebody forces the lane back on the remote, and a fetch brings that here.
    let url = sandbox.remote_path();
    let url = url.to_str().expect("temporary folders have text names");
    sandbox.git(&[
        "push",
        "--quiet",
        "--force",
        url,
        "lanes/staging~1:refs/heads/lanes/staging",
    ]);
    sandbox.git(&["fetch", "--quiet", "origin"]);
    sandbox
        .pointsman(&verify)
        .exits(1)
        .says("parent: the record ")
        .says("was seen here before");
}

#[test]
fn a_thousand_changed_bytes_are_all_found() {
    const CHANGES: usize = 1_000;
    let lane = SignedLane::new();
    // The newest record is one that was promoted: it has an evaluation and an approval of its own.
    lane.sandbox.reword("in two words.");
    lane.releases();
    let sandbox = &lane.sandbox;
    let names = sandbox.git(&["ls-tree", "-r", "--name-only", "lanes/staging"]);
    let read = |path: &str| {
        let run = sandbox.try_git(&["show", &format!("lanes/staging:{path}")]);
        (path.to_owned(), run.succeeds().stdout.clone().into_bytes())
    };
    let files: Vec<(String, Vec<u8>)> = names.lines().map(read).collect();
    let stream = tampered_commits(&lane, &files, CHANGES);
    sandbox.write("../stream", stream);
    let import = "git fast-import --quiet --force < ../stream";
    sandbox.shell(import).run().succeeds();
    let listed = sandbox.git(&[
        "for-each-ref",
        "--format=%(refname) %(objectname)",
        "refs/tampered/",
    ]);
    let tips: BTreeMap<&str, &str> = listed
        .lines()
        .filter_map(|line| line.split_once(' '))
        .collect();
    assert_eq!(tips.len(), CHANGES);

    let environment = GitEnvironment::default();
    let repository = Repository::discover(sandbox.path(), environment).expect("it is ours");
    let lanes = GitLanes::new(&repository, None).expect("there is no remote");
    let history = GitHistory::new(&repository, String::new());
    let archive = Archive {
        lanes: &lanes,
        commits: &lanes,
        history: &history,
    };
    let name = LaneName::new("staging").expect("a lane's name");
    let id = |text: &str| ObjectId::new(text).expect("git prints whole ids");
    let since = id(&sandbox.git(&["rev-parse", "lanes/staging~1"]));
    let genuine = id(&sandbox.tip("staging"));
    let holds = |tip: ObjectId| {
        let range = Range {
            tip,
            since: Some(since.clone()),
            seen: None,
        };
        audit(&archive, &name, &range).is_ok()
    };
    assert!(holds(genuine));
    let unnoticed: Vec<&str> = tips
        .iter()
        .filter(|(_, tip)| holds(id(tip)))
        .map(|(reference, _)| *reference)
        .collect();
    assert_eq!(unnoticed, Vec::<&str>::new());
}

/// A stream for `git fast-import`: as many commits, each the newest record with one byte changed.
/// Every file is changed at some places, spread evenly.
fn tampered_commits(lane: &SignedLane, files: &[(String, Vec<u8>)], count: usize) -> Vec<u8> {
    let sandbox = &lane.sandbox;
    let commit = sandbox.try_git(&["cat-file", "commit", "lanes/staging"]);
    let (headers, message) = commit
        .stdout
        .split_once("\n\n")
        .expect("a commit has a message");
    let header = |name: &str| {
        let found = headers.lines().find(|it| it.starts_with(name));
        found.expect("a commit has this header").to_owned()
    };
    let tree = header("tree").replace("tree ", "");
    let parent = header("parent").replace("parent ", "");
    let mut stream = Vec::new();
    for index in 0..count {
        let (path, bytes) = &files[index % files.len()];
        let round = index / files.len();
        let rounds = count.div_ceil(files.len());
        let mut bytes = bytes.clone();
        let place = (round * bytes.len()) / rounds;
        bytes[place] ^= 1 << (index % 8);
        let mut text = String::new();
        let _ = write!(
            text,
            "commit refs/tampered/{index}\n{}\n{}\ndata {}\n{message}\nfrom {parent}\n\
             M 040000 {tree} \nM 100644 inline {path}\ndata {}\n",
            header("author"),
            header("committer"),
            message.len(),
            bytes.len()
        );
        stream.extend_from_slice(text.as_bytes());
        stream.extend_from_slice(&bytes);
        stream.push(b'\n');
    }
    stream
}
