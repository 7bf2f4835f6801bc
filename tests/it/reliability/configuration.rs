//! Repositories whose own configuration, attributes, hooks and addresses name programs, that show something
//! else in the place of an object, or that belong to somebody else: with every command there is.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use axum::Router;
use axum::http::StatusCode;

use crate::moves::{COMMANDS, Does, where_nothing_comes_in};
use crate::support::Sandbox;
use crate::support::loopback::Loopback;

/// What git runs, or would run, of a repository's own configuration. `EVIL` is the program.
const SETTINGS: [(&str, &str); 42] = [
    ("core.fsmonitor", "EVIL"),
    ("core.sshCommand", "EVIL"),
    ("core.askPass", "EVIL"),
    ("core.gitProxy", "EVIL"),
    ("core.editor", "EVIL"),
    ("core.pager", "EVIL"),
    ("core.alternateRefsCommand", "EVIL"),
    ("credential.helper", "EVIL"),
    ("credential.http://127.0.0.1.helper", "EVIL"),
    ("remote.origin.uploadpack", "EVIL"),
    ("remote.origin.receivepack", "EVIL"),
    ("gpg.program", "EVIL"),
    ("gpg.openpgp.program", "EVIL"),
    ("gpg.x509.program", "EVIL"),
    ("gpg.ssh.program", "EVIL"),
    ("gpg.ssh.defaultKeyCommand", "EVIL"),
    ("diff.external", "EVIL"),
    ("diff.evil.textconv", "EVIL"),
    ("diff.evil.command", "EVIL"),
    ("filter.evil.clean", "EVIL"),
    ("filter.evil.smudge", "EVIL"),
    ("filter.evil.process", "EVIL"),
    ("merge.evil.driver", "EVIL"),
    ("mergetool.evil.cmd", "EVIL"),
    ("difftool.evil.cmd", "EVIL"),
    ("trailer.evil.command", "EVIL"),
    ("trailer.evil.cmd", "EVIL"),
    ("uploadpack.packObjectsHook", "EVIL"),
    ("sequence.editor", "EVIL"),
    ("interactive.diffFilter", "EVIL"),
    ("sendemail.toCmd", "EVIL"),
    ("submodule.evil.update", "!EVIL"),
    ("gc.recentObjectsHook", "EVIL"),
    ("gc.auto", "1"),
    ("maintenance.auto", "true"),
    ("alias.push", "!EVIL"),
    ("alias.update-ref", "!EVIL"),
    ("pager.push", "EVIL"),
    ("push.gpgSign", "if-asked"),
    ("commit.gpgSign", "true"),
    ("protocol.allow", "always"),
    ("protocol.ext.allow", "always"),
];

/// What git runs when something happens to a repository.
const HOOKS: [&str; 14] = [
    "applypatch-msg",
    "commit-msg",
    "fsmonitor-watchman",
    "post-checkout",
    "post-commit",
    "post-index-change",
    "post-merge",
    "pre-auto-gc",
    "pre-commit",
    "pre-push",
    "prepare-commit-msg",
    "push-to-checkout",
    "reference-transaction",
    "update",
];

/// A program that says in a file that it ran.
struct Canary {
    program: String,
    file: PathBuf,
}

impl Canary {
    /// Puts the program beside a repository, and its name everywhere where git may look for one.
    fn plant(sandbox: &Sandbox) -> Self {
        let program = sandbox.path().with_file_name("evil.sh");
        let file = sandbox.path().with_file_name("canary");
        let script = format!(
            "#!/bin/sh\necho \"$0 $*\" >> '{}'\nexit 1\n",
            file.display()
        );
        sandbox.write("../evil.sh", &script);
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it is ours");
        let program = program.to_str().expect("temporary folders have text names");
        let canary = Self {
            program: program.to_owned(),
            file,
        };
        let hooks = sandbox.path().with_file_name("evil-hooks");
        let hooks = hooks.to_str().expect("temporary folders have text names");
        let mut install = format!("set -e; mkdir -p .git/hooks '{hooks}'");
        for folder in [".git/hooks", hooks] {
            for hook in HOOKS {
                let _ = write!(install, "\ncp '{program}' '{folder}/{hook}'");
            }
        }
        sandbox.shell(&install).run().succeeds();
        // A part stands in the repository's settings, a part in a file that they include, and a part
        // in those of the worktree.
        let included = sandbox.path().with_file_name("included");
        let included = included
            .to_str()
            .expect("temporary folders have text names");
        sandbox.git(&["config", "extensions.worktreeConfig", "true"]);
        sandbox.git(&["config", "include.path", included]);
        let places: [&[&str]; 3] = [&["--local"], &["--file", included], &["--worktree"]];
        for (index, (key, value)) in SETTINGS.iter().enumerate() {
            let value = value.replace("EVIL", program);
            for place in [places[index % 3], places[(index + 1) % 3]] {
                sandbox.git(&[&["config"], place, &[key, &value]].concat());
            }
        }
        sandbox.git(&["config", "core.hooksPath", hooks]);
        sandbox.write(
            ".git/info/attributes",
            "* filter=evil diff=evil merge=evil\n",
        );
        let objects = sandbox.path().with_file_name("alternate");
        sandbox.write(
            ".git/objects/info/alternates",
            format!("{}\n", objects.display()),
        );
        canary.forget();
        canary
    }

    /// What ran.
    fn ran(&self) -> String {
        fs::read_to_string(&self.file).unwrap_or_default()
    }

    fn forget(&self) {
        // It is not there where nothing ran.
        let _ = fs::remove_file(&self.file);
    }

    /// Shows that git itself would have run what we did not.
    #[track_caller]
    fn sings_for_git(&self, sandbox: &Sandbox, args: &[&str]) {
        assert_eq!(self.ran(), "");
        sandbox.try_git(args);
        assert!(
            !self.ran().is_empty(),
            "git runs nothing at `{args:?}` either"
        );
        self.forget();
    }
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "whoever runs this wants the figures: `cargo test -- --nocapture`"
)]
fn no_command_runs_what_the_repository_configures() {
    let sandbox = where_nothing_comes_in();
    let canary = Canary::plant(&sandbox);
    // Files look changed, so that git would have to ask its filters.
    sandbox.shell("touch prompts/* datasets/*").run().succeeds();
    for &(command, more, code, does) in COMMANDS {
        let apart = (does == Does::AppendsOnly).then(|| sandbox.copy());
        let args: Vec<&str> = command
            .split_whitespace()
            .chain(more.iter().copied())
            .collect();
        apart
            .as_ref()
            .unwrap_or(&sandbox)
            .pointsman(&args)
            .exits(code);
        assert_eq!(canary.ran(), "", "`{command}`");
    }
    canary.sings_for_git(&sandbox, &["status"]);
    println!(
        "{} commands ran none of {} settings and {} hooks",
        COMMANDS.len(),
        SETTINGS.len() + 1,
        HOOKS.len()
    );
}

/// What moves lanes, writes commits and talks to a remote, one command a line.
const MOVES: [&str; 19] = [
    "promote staging --yes --reason first",
    "promote production --yes",
    "eval",
    "runs push",
    "runs fetch",
    "lanes hold staging --yes --reason wait",
    "lanes unhold staging --yes --reason go",
    "diff staging",
    "diff HEAD~1 HEAD",
    "gate --base HEAD~1",
    "improve start --prompt triage --from ../candidate.yml",
    "improve check triage/1",
    "improve approve triage/1 --yes",
    "promote staging --yes --tag",
    "rollback staging --yes --reason back",
    "evidence build staging --record 1",
    "lanes at now",
    "export staging",
    "lanes verify",
];

#[test]
fn no_move_and_no_exchange_with_a_remote_runs_what_the_repository_configures() {
    let sandbox = Sandbox::with_remote_lanes();
    let prompt = sandbox.read("prompts/triage.prompt.yml");
    sandbox.write("../candidate.yml", prompt.replace("Answer with", "Name"));
    let canary = Canary::plant(&sandbox);
    for line in MOVES {
        let args: Vec<&str> = line.split(' ').collect();
        let run = sandbox.pointsman(&args);
        assert_eq!(canary.ran(), "", "{}", run.transcript());
        run.succeeds();
    }
    canary.sings_for_git(&sandbox, &["fetch", "origin"]);
}

#[test]
fn no_address_of_a_remote_runs_a_program() {
    let start = Sandbox::with_remote_lanes();
    start.promotes("staging");
    start.reword("better");
    let canary = Canary::plant(&start);
    let program = &canary.program;
    let asks = Router::new().fallback(|| async {
        let challenge = [("www-authenticate", "Basic realm=\"lanes\"")];
        (StatusCode::UNAUTHORIZED, challenge, "who are you?")
    });
    let server = Loopback::serve(asks);
    let settings = [
        ("remote.origin.url", "ssh://127.0.0.1:1/x".to_owned()),
        ("remote.origin.url", "127.0.0.1:x".to_owned()),
        ("remote.origin.url", format!("ext::{program} x")),
        (
            "remote.origin.url",
            format!("ssh://-oProxyCommand={program}/x"),
        ),
        ("remote.origin.url", format!("-oProxyCommand={program}:x")),
        ("remote.origin.url", format!("--upload-pack={program}")),
        ("remote.origin.url", "git://127.0.0.1:1/x".to_owned()),
        ("remote.origin.url", "fd::17".to_owned()),
        ("remote.origin.url", "evil::x".to_owned()),
        (
            "remote.origin.url",
            format!("http://{}/x", server.address()),
        ),
        ("remote.origin.pushurl", format!("ext::{program} x")),
        ("remote.origin.vcs", "evil".to_owned()),
        ("url.ext::sh -c x.insteadOf", "file://".to_owned()),
        ("url.ext::sh -c x.pushInsteadOf", "file://".to_owned()),
    ];
    for (key, value) in &settings {
        let sandbox = start.copy();
        let key = key.replace("sh -c x", &format!("{program} x "));
        sandbox.git(&["config", "--replace-all", &key, value]);
        for line in ["promote staging --yes", "runs push", "runs fetch"] {
            let args: Vec<&str> = line.split(' ').collect();
            let run = sandbox.pointsman(&args);
            assert_eq!(canary.ran(), "", "{key} = {value}\n{}", run.transcript());
        }
        let tip = start.tip("staging");
        assert_eq!(sandbox.tip("staging"), tip, "{key} = {value}: it moved");
    }
    start.git(&["config", "remote.origin.url", &format!("ext::{program} x")]);
    canary.sings_for_git(&start, &["fetch", "origin"]);
}

#[test]
fn an_object_that_a_remote_promised_is_not_fetched_by_a_program_of_the_repository() {
    let sandbox = Sandbox::with_remote_lanes();
    sandbox.promotes("staging");
    sandbox.reword("better");
    let canary = Canary::plant(&sandbox);
    for (key, value) in [
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.partialCloneFilter", "blob:none"),
    ] {
        sandbox.git(&["config", key, value]);
    }
    let blob = sandbox.git(&["rev-parse", "HEAD:prompts/triage.prompt.yml"]);
    let old = sandbox.git(&["rev-parse", "HEAD~1:prompts/triage.prompt.yml"]);
    for missing in [&old, &blob] {
        sandbox.remove(&format!(".git/objects/{}/{}", &missing[..2], &missing[2..]));
        for line in [
            "promote staging --yes",
            "diff HEAD~1 HEAD",
            "lanes verify",
            "runs fetch",
        ] {
            let args: Vec<&str> = line.split(' ').collect();
            let run = sandbox.pointsman(&args);
            assert_eq!(canary.ran(), "", "{}", run.transcript());
        }
    }
    canary.sings_for_git(&sandbox, &["cat-file", "-p", &blob]);
}

#[test]
fn what_a_repository_shows_in_the_place_of_an_object_is_not_looked_at() {
    let sandbox = Sandbox::without_gates();
    sandbox.promotes("staging");
    sandbox.reword("better");
    sandbox.promotes("staging");
    let lines = [
        "export staging",
        "prompt show triage --at lanes/staging",
        "lanes show staging --json",
        "lanes verify staging",
        "diff lanes/staging HEAD",
    ];
    let said = || {
        lines.map(|line| {
            let args: Vec<&str> = line.split(' ').collect();
            sandbox.pointsman(&args).succeeds().stdout.clone()
        })
    };
    let before = said();
    let prompt = sandbox.git(&["rev-parse", "lanes/staging:prompts/triage.prompt.yml"]);
    let other = sandbox.read("prompts/triage.prompt.yml");
    sandbox.write("../other", other.replace("Answer", "Never answer"));
    let other = sandbox.git(&["hash-object", "-w", "../other"]);
    sandbox.git(&["replace", &prompt, &other]);
    let tip = sandbox.tip("staging");
    sandbox.git(&["replace", &tip, "lanes/staging~1"]);
    let shown = sandbox.git(&["show", &prompt]);
    assert!(
        shown.contains("Never answer"),
        "git shows what is not there"
    );
    assert_eq!(said(), before);
    // Nor does it count what git is told to leave out of history.
    sandbox.git(&["replace", "--delete", &prompt, &tip]);
    sandbox.write(".git/info/grafts", format!("{tip}\n"));
    sandbox.write(".git/shallow", format!("{tip}\n"));
    let [exported, .., verified, _] = said();
    assert_eq!((&exported, &verified), (&before[0], &before[3]));
}

/// What ends without a look at a repository: it needs none, or what is typed is wrong already.
const WITHOUT_REPOSITORY: [&str; 12] = [
    "completions bash",
    "demo",
    "import dotprompt none.prompt",
    "import humanloop none.prompt",
    "import promptfoo none.yaml",
    "import prompty none.prompty",
    "man",
    "serve --listen 0.0.0.0:0",
    "traces receive --listen 0.0.0.0:0",
    "view --port 65536",
    "webhook verify --secret-env SECRET",
    "help",
];

#[test]
#[expect(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "whoever runs this wants the figures, and what a test that cannot run has to say"
)]
fn a_repository_of_another_user_is_refused_by_every_command() {
    let sandbox = where_nothing_comes_in();
    let canary = Canary::plant(&sandbox);
    // Nobody but the superuser can give a file away.
    if sandbox.shell("chown -R 65534 .").run().code != Some(0) {
        eprintln!("skipped: only the superuser can give a repository to another user");
        return;
    }
    let mut others = Vec::new();
    for &(command, more, ..) in COMMANDS {
        let args: Vec<&str> = command
            .split_whitespace()
            .chain(more.iter().copied())
            .collect();
        let run = sandbox.pointsman(&args);
        assert_eq!(canary.ran(), "", "`{command}`");
        let refused = run.code == Some(2) && run.stderr.contains("belongs to another user");
        if !refused && !args.is_empty() {
            others.push(args.join(" "));
        }
    }
    assert_eq!(others, WITHOUT_REPOSITORY);
    println!(
        "{} commands refused the repository of another user, {} ended before they looked at it",
        COMMANDS.len() - 1 - others.len(),
        others.len()
    );
}
