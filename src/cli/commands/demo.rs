//! `pointsman demo`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;

/// Play a whole release with the sample, in a temporary repository
///
/// Checks the sample, evaluates it, promotes it to staging and on to production, lets the gate stop a
/// bad edit, releases a good one, and rolls it back. Every step is a real command on a real git
/// repository; no key and no network are needed. The repository is removed afterwards.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman demo
  pointsman demo --keep /tmp/pointsman-demo")]
pub struct DemoArgs {
    /// Play in this folder, which must not exist, and keep it
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

const TRIAGE: &str = "prompts/support/triage.prompt.yml";
const ONE_NAME: &str =
    "      Answer with exactly one queue name, in lower case, and nothing else.\n";
const VAGUE: &str = "      Say which queue fits best.\n";
const TIE_BREAK: &str = "      Answer with exactly one queue name, in lower case, and nothing else.
      Money back for a late, lost or damaged parcel: the queue is delivery, not billing.\n";

/// One step of the play.
enum Step {
    /// Says what comes next.
    Say(&'static str),
    /// Replaces a text of the triage prompt and commits.
    Edit {
        old: &'static str,
        new: &'static str,
        message: &'static str,
    },
    /// Runs pointsman, which must end like this.
    Run(&'static [&'static str], Exit),
    /// Runs git, which must succeed.
    Git(&'static [&'static str]),
}

const PLAY: [Step; 23] = [
    Step::Say("Is everything well formed?"),
    Step::Run(&["check"], Exit::Success),
    Step::Say("How good are the prompts? The answers were recorded, so nothing is called."),
    Step::Run(&["eval"], Exit::Failed),
    Step::Say("The gates ask for less than perfection. Release to staging, then on to production."),
    Step::Run(&["promote", "staging", "--yes"], Exit::Success),
    Step::Run(
        &[
            "promote",
            "production",
            "--yes",
            "--reason",
            "first release",
        ],
        Exit::Success,
    ),
    Step::Say("Somebody loosens the prompt. The gate runs the evaluation and refuses."),
    Step::Edit {
        old: ONE_NAME,
        new: VAGUE,
        message: "triage: sound friendlier",
    },
    Step::Run(&["promote", "staging", "--yes"], Exit::Failed),
    Step::Say("A better edit: a rule for refunds of lost parcels. What changed, and does it pass?"),
    Step::Edit {
        old: VAGUE,
        new: TIE_BREAK,
        message: "triage: refunds for lost parcels go to delivery",
    },
    Step::Run(&["diff", "lanes/staging", "HEAD"], Exit::Success),
    Step::Run(
        &["promote", "staging", "support/triage", "--yes"],
        Exit::Success,
    ),
    Step::Run(
        &[
            "promote",
            "production",
            "--yes",
            "--reason",
            "fewer misrouted refunds",
        ],
        Exit::Success,
    ),
    Step::Say(
        "It is 3 a.m. and something is wrong. Go back; the snapshot that was bypassed is held.",
    ),
    Step::Run(
        &[
            "rollback",
            "production",
            "--yes",
            "--reason",
            "refunds pile up at delivery",
        ],
        Exit::Success,
    ),
    Step::Run(&["promote", "production", "--yes"], Exit::Refused),
    Step::Say("What is live, and how did it get there? A clone without pointsman can read it too."),
    Step::Run(&["lanes", "list"], Exit::Success),
    Step::Run(&["lanes", "log", "production"], Exit::Success),
    Step::Git(&["log", "--oneline", "--no-decorate", "lanes/production"]),
    Step::Git(&["show", "--stat", "--format=%B", "lanes/production"]),
];

/// Runs the command.
pub fn run(_context: &Context, ui: &mut Ui, args: &DemoArgs) -> Result<Exit, CommandError> {
    let failed = |what: &str, error: &dyn std::fmt::Display| {
        CommandError::usage(format!("cannot {what}: {error}"))
    };
    let program = std::env::current_exe().map_err(|error| failed("find this program", &error))?;
    let temporary;
    let folder = if let Some(folder) = &args.keep {
        std::fs::create_dir(folder).map_err(|error| failed("create the folder", &error))?;
        folder.clone()
    } else {
        temporary = tempfile::Builder::new()
            .prefix("pointsman-demo-")
            .tempdir()
            .map_err(|error| failed("create a temporary folder", &error))?;
        temporary.path().to_owned()
    };
    let stage = Stage { program, folder };
    stage.set_up(ui)?;
    for step in &PLAY {
        stage.play(ui, step)?;
    }
    ui.line("\nThe whole loop, with nothing but git.");
    if args.keep.is_some() {
        ui.note(format_args!(
            "the repository is in {}",
            stage.folder.display()
        ));
    }
    Ok(Exit::Success)
}

/// Where the play takes place.
struct Stage {
    program: PathBuf,
    folder: PathBuf,
}

impl Stage {
    fn set_up(&self, ui: &mut Ui) -> Result<(), CommandError> {
        ui.line("A new repository with the sample workspace:");
        self.git(ui, &["init", "--quiet", "--initial-branch=main"])?;
        for (key, value) in [
            ("user.name", "Demo"),
            ("user.email", "demo@example.invalid"),
            ("commit.gpgSign", "false"),
        ] {
            self.quiet_git(&["config", key, value])?;
        }
        self.pointsman(ui, &["--quiet", "init"], Exit::Success)?;
        self.commit("Start with the sample")
    }

    fn play(&self, ui: &mut Ui, step: &Step) -> Result<(), CommandError> {
        match step {
            Step::Say(text) => {
                ui.line(format_args!("\n# {text}"));
                Ok(())
            }
            Step::Edit { old, new, message } => {
                ui.line(format_args!(
                    "$ $EDITOR {TRIAGE} && git commit -am '{message}'"
                ));
                self.edit(old, new)?;
                self.commit(message)
            }
            Step::Run(arguments, exit) => self.pointsman(ui, arguments, *exit),
            Step::Git(arguments) => self.git(ui, arguments),
        }
    }

    fn edit(&self, old: &str, new: &str) -> Result<(), CommandError> {
        let path = self.folder.join(TRIAGE);
        let failed =
            |error: std::io::Error| CommandError::usage(format!("cannot edit `{TRIAGE}`: {error}"));
        let text = std::fs::read_to_string(&path).map_err(failed)?;
        std::fs::write(&path, text.replacen(old, new, 1)).map_err(failed)
    }

    fn commit(&self, message: &str) -> Result<(), CommandError> {
        self.quiet_git(&["add", "--all"])?;
        self.quiet_git(&["commit", "--quiet", "--message", message])
    }

    fn pointsman(&self, ui: &mut Ui, arguments: &[&str], exit: Exit) -> Result<(), CommandError> {
        show_command(ui, "pointsman", arguments);
        let color = if ui.color() { "always" } else { "never" };
        let mut command = Command::new(&self.program);
        command.args(["--color", color]).args(arguments);
        let code = run_in(&self.folder, command)?;
        if code == Some(i32::from(exit as u8)) {
            if exit != Exit::Success {
                ui.line(format_args!("(exit code {})", exit as u8));
            }
            return Ok(());
        }
        let message = format!(
            "the demo expected exit code {} here, and saw {code:?}",
            exit as u8
        );
        Err(CommandError::new(Exit::Bug, message)
            .with_hint("this is a bug in pointsman; please report it"))
    }

    fn git(&self, ui: &mut Ui, arguments: &[&str]) -> Result<(), CommandError> {
        show_command(ui, "git", arguments);
        self.quiet_git(arguments)
    }

    fn quiet_git(&self, arguments: &[&str]) -> Result<(), CommandError> {
        let mut command = Command::new("git");
        command.arg("--no-pager").args(arguments);
        match run_in(&self.folder, command)? {
            Some(0) => Ok(()),
            code => Err(CommandError::usage(format!(
                "`git {}` ended with {code:?}",
                arguments.join(" ")
            ))
            .with_hint("the demo needs git 2.41 or later on the `PATH`")),
        }
    }
}

fn show_command(ui: &mut Ui, program: &str, arguments: &[&str]) {
    let words = arguments.iter().map(|word| {
        if word.contains(' ') {
            format!("'{word}'")
        } else {
            (*word).to_owned()
        }
    });
    let words: Vec<String> = words.collect();
    ui.line(format_args!("$ {program} {}", words.join(" ")));
}

fn run_in(folder: &Path, mut command: Command) -> Result<Option<i32>, CommandError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.current_dir(folder).stdin(Stdio::null()).status();
    let status =
        status.map_err(|error| CommandError::usage(format!("cannot run `{program}`: {error}")))?;
    Ok(status.code())
}
