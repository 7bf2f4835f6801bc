//! `pointsman init`.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::new_files::write_missing_files;
use crate::cli::pipelines::{
    GITLAB_ROOT, GithubOrigin, GitlabOrigin, PipelineFile, WorkspaceFacts, github, gitlab,
};
use crate::cli::sample;
use crate::cli::ui::Ui;
use crate::domain::project::PROJECT_FILE;
use crate::engine::behaviors::label::LABELER;
use crate::engine::improve::PROPOSER;
use crate::engine::workspace::Workspace;

/// Start a workspace here, with a sample that works without a key and without a network
///
/// Writes prompts, datasets, evaluators, two lanes and recorded answers into the current folder of a
/// git repository. Existing files are never touched: where one is in the way, nothing is written.
/// Each file says at its top where the JSON Schema of its format is, so that editors complete and
/// check it.
///
/// With `--github` or `--gitlab`, writes what makes that host judge pull requests, too. In a
/// workspace that is there already, writes that alone, and of that only the files that are missing.
/// So does `--helpers`, with the prompts by which a model helps.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman init
  pointsman -C services/assistant init
  pointsman init --github=acme/pointsman@<commit>
  pointsman init --gitlab=https://gitlab.com/acme/pointsman@<commit>
  pointsman init --helpers")]
pub struct InitArgs {
    /// Write workflows for GitHub Actions. They run this commit of the repository that holds the
    /// action; a released program knows it
    #[arg(long, value_name = "OWNER/REPOSITORY@COMMIT", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    github: Option<GithubOrigin>,
    /// Write a job for GitLab CI/CD. It builds this commit of pointsman; a released program knows it
    #[arg(long, value_name = "URL@COMMIT", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    gitlab: Option<GitlabOrigin>,
    /// Write the built-in prompts of `improve start` and `behaviors label`, to edit them
    #[arg(long)]
    helpers: bool,
}

#[derive(Serialize)]
struct InitOutput<'f> {
    schema: &'static str,
    root: String,
    written: Vec<&'f str>,
    kept: Vec<&'f str>,
}

/// What was written, and what was not.
struct Files<'f> {
    root: PathBuf,
    sample: Vec<&'f str>,
    added: Vec<&'f str>,
    kept: Vec<&'f str>,
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &InitArgs) -> Result<Exit, CommandError> {
    let top = context.worktree()?;
    let for_host = args.github.is_some() || args.gitlab.is_some();
    let is_new = !(for_host || args.helpers) || context.workspace_root().is_err();
    let mut sample = Vec::new();
    let mut notes = Vec::new();
    if is_new {
        sample = sample::write(context.directory())?;
        notes = first_steps();
    }
    let facts = for_host.then(|| facts(context)).transpose()?;
    let files: Vec<PipelineFile> = facts.iter().flat_map(|it| args.files(it)).collect();
    let files = files.iter().map(|(path, text)| (*path, text.as_str()));
    let [mut added, mut kept] = write_missing_files(&top, files)?;
    notes.extend(facts.iter().flat_map(|it| args.host_steps(it, &top)));
    let workspace = context.workspace_root()?;
    let helpers = [PROPOSER, LABELER].map(|helper| (helper.path(), helper.text));
    if args.helpers {
        let files = helpers.iter().map(|(path, text)| (path.as_str(), *text));
        let [more, there] = write_missing_files(&workspace, files)?;
        added.extend(more);
        kept.extend(there);
        notes.push("say in each of these prompts which model is asked: `model`".to_owned());
    }
    let root = if is_new || !for_host { workspace } else { top };
    let files = Files {
        root,
        sample,
        added,
        kept,
    };
    show(ui, files, &notes);
    Ok(Exit::Success)
}

fn facts(context: &Context) -> Result<WorkspaceFacts, CommandError> {
    let tree = context.tree(None)?;
    let directory = context.workspace_prefix()?;
    if directory.contains(['$', '"', '\\']) {
        return Err(CommandError::usage(format!(
            "the folder `{directory}` cannot be named in a pipeline"
        ))
        .with_hint("move the workspace to a folder with a plain name"));
    }
    Ok(WorkspaceFacts::read(
        &Workspace::new(tree.as_ref()),
        &directory,
    )?)
}

fn first_steps() -> Vec<String> {
    [
        "pointsman check",
        "pointsman eval",
        "git add -A && git commit -m 'Start a pointsman workspace'",
        "pointsman promote staging",
    ]
    .map(str::to_owned)
    .to_vec()
}

impl InitArgs {
    fn files(&self, facts: &WorkspaceFacts) -> Vec<PipelineFile> {
        let mut files = Vec::new();
        files.extend(self.github.iter().flat_map(|origin| github(origin, facts)));
        files.extend(self.gitlab.iter().flat_map(|origin| gitlab(origin, facts)));
        files
    }

    /// What is left to the people who own the repository on its host.
    fn host_steps(&self, facts: &WorkspaceFacts, top: &Path) -> Vec<String> {
        let mut steps = Vec::new();
        if self.github.is_some() && facts.lanes.is_empty() {
            steps.push("write a lane, and run this again: workflows move lanes".to_owned());
        } else if self.github.is_some() && !facts.has_remote {
            steps.push(format!(
                "say `remote = \"origin\"` in `{PROJECT_FILE}`: workflows move lanes there"
            ));
        }
        if self.gitlab.is_some() && !includes_ours(top) {
            steps.push(format!(
                "add `.gitlab/pointsman.yml` to `include` in `{GITLAB_ROOT}`"
            ));
        }
        steps.push("set up the host as docs/ci.md says: checks, environments, keys".to_owned());
        steps
    }
}

fn includes_ours(top: &Path) -> bool {
    let text = std::fs::read_to_string(top.join(GITLAB_ROOT)).unwrap_or_default();
    text.contains(".gitlab/pointsman.yml")
}

fn show(ui: &mut Ui, files: Files<'_>, notes: &[String]) {
    if ui.wants_json() {
        ui.json(&InitOutput {
            schema: "pointsman/init/v1",
            root: files.root.display().to_string(),
            written: [files.sample, files.added].concat(),
            kept: files.kept,
        });
        return;
    }
    let count = files.sample.len() + files.added.len();
    ui.line(format_args!("wrote {count} files"));
    for path in files.added {
        ui.line(format_args!("  {path}"));
    }
    for path in files.kept {
        ui.note(format_args!("kept `{path}`, which is there already"));
    }
    ui.note("next:");
    for note in notes {
        ui.note(format_args!("  {note}"));
    }
}
