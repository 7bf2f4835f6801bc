//! Checks whose keys policies trust: that the files can be read, and that enough people can sign.

use std::collections::BTreeSet;

use crate::domain::finding::Finding;
use crate::domain::lane::{Lane, SignersFile};
use crate::engine::workspace::document::Source;
use crate::engine::workspace::files::read_text;
use crate::engine::workspace::signers::read_signers;

use super::Checker;

/// Checks the files of keys that a lane names, and adds their paths to `named`.
pub(super) fn check_signers(
    checker: &mut Checker<'_>,
    lane: &Lane,
    source: &Source,
    named: &mut BTreeSet<String>,
) {
    if let Some(file) = &lane.signing {
        check_file(checker, file, source, 1);
        named.insert(file.path.clone());
    }
    if let Some(approval) = &lane.approval {
        let file = &approval.allowed_signers;
        check_file(checker, file, source, approval.required as usize);
        named.insert(file.path.clone());
    }
}

fn check_file(checker: &mut Checker<'_>, file: &SignersFile, source: &Source, needed: usize) {
    let place = source.place(file.span);
    let text = read_text(checker.workspace.tree(), &file.path);
    let Some(text) = checker.keep(text) else {
        return;
    };
    let Some(text) = text else {
        let message = format!("there is no `{}`", file.path);
        let help = "write it, one line for each key: `ada@example.com ssh-ed25519 AAAA...`";
        checker
            .findings
            .push(Finding::error("missing-signers", place, message).with_help(help));
        return;
    };
    let signers = read_signers(&text);
    let Some(people) = checker.keep(signers).map(|signers| signers.people()) else {
        return;
    };
    if people < needed {
        let message = format!("{people} person(s) can sign, and the policy needs {needed}");
        let help = format!("add keys of more people to `{}`", file.path);
        checker
            .findings
            .push(Finding::error("too-few-signers", place, message).with_help(help));
    }
}
