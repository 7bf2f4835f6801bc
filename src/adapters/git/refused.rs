//! What to do about a host that does not let a push in, read off the words that it refuses with.
//!
//! The words decide nothing: what happened to the lane is read off its ids. They only pick the
//! advice.

use crate::domain::id::LaneName;

/// Words that hosts refuse with, and what to do there.
const PROTECTED: [(&str, &str); 7] = [
    (
        "GH006",
        "in GitHub's branch protection of `lanes/*`, let whoever releases push, and keep force \
         pushes and deletions off",
    ),
    (
        "GH013",
        "in GitHub's rules for `lanes/*`, put whoever releases on the bypass list, and keep the \
         rules against force pushes and deletions",
    ),
    (
        "GitLab:",
        "in GitLab under Settings, Repository, Protected branches, let whoever releases push to \
         `lanes/*`, and keep force pushes off",
    ),
    (
        "Gitea:",
        "in Gitea under Settings, Branches, put whoever releases on the push list of `lanes/*`",
    ),
    (
        "Forgejo:",
        "in Forgejo under Settings, Branches, put whoever releases on the push list of `lanes/*`",
    ),
    (
        "protected branch",
        "in the host's rules for `lanes/*`, let whoever releases push, and keep force pushes and \
         deletions off",
    ),
    (
        "hook declined",
        "ask whoever runs the server what its hook demands; its own words stand above",
    ),
];

/// What to do about a push that was refused with these words.
pub(super) fn explain(complaint: &str, lane: &LaneName) -> String {
    let known = PROTECTED
        .iter()
        .find(|(words, _)| complaint.contains(words));
    match known {
        Some((_, advice)) => format!("nothing was moved; {advice}"),
        None => format!("nothing was moved; check that you may push to `lanes/{lane}` there"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_each_host_lead_to_its_own_settings() {
        // As the hosts say it; see their documentation and the issues that users file.
        for (complaint, place) in [
            (
                "[remote rejected] (protected branch hook declined); remote: error: GH006: \
                 Protected branch update failed for refs/heads/lanes/production.",
                "GitHub's branch protection",
            ),
            (
                "[remote rejected] (push declined due to repository rule violations); remote: \
                 error: GH013: Repository rule violations found for refs/heads/lanes/production.",
                "bypass list",
            ),
            (
                "[remote rejected] (pre-receive hook declined); remote: GitLab: You are not \
                 allowed to push code to protected branches on this project.",
                "GitLab under Settings",
            ),
            (
                "[remote rejected] (pre-receive hook declined); remote: Gitea: Not allowed to push \
                 to protected branch lanes/production",
                "Gitea under Settings",
            ),
            (
                "[remote rejected] (pre-receive hook declined); remote: Forgejo: Not allowed to \
                 push to protected branch lanes/production",
                "Forgejo under Settings",
            ),
            (
                "[remote rejected] (pre-receive hook declined)",
                "its own words",
            ),
            (
                "fatal: unable to access",
                "check that you may push to `lanes/production`",
            ),
        ] {
            let lane = LaneName::new("production").unwrap();
            let advice = explain(complaint, &lane);
            assert!(advice.starts_with("nothing was moved; "), "{advice}");
            assert!(advice.contains(place), "{complaint}: {advice}");
        }
    }
}
