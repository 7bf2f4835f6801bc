//! The GitHub Action: its own steps, run by bash as a runner runs them, on checkouts as GitHub makes
//! them, against a server that speaks the few parts of GitHub's API that it uses.

mod comment;
mod install;
mod judge;

use crate::gate::pull_request::PullRequest;
use crate::support::Sandbox;

/// The checkout that GitHub makes for a pull request: the base and the head merged, and the newest commit
/// of the head.
fn checkout(request: PullRequest) -> (Sandbox, String) {
    request.sandbox.commit("Propose");
    let sandbox = request.sandbox.with_remote();
    sandbox.git(&["push", "--quiet", "origin", "topic"]);
    let clone = sandbox.clone_of_remote("runner");
    clone.git(&["switch", "--quiet", "--detach", "origin/main"]);
    clone.git(&["merge", "--quiet", "--no-ff", "--no-edit", "origin/topic"]);
    let head = clone.git(&["rev-parse", "origin/topic"]);
    (clone, head)
}
