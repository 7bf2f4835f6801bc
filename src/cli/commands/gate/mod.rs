//! `pointsman gate`.

mod revisions;
mod trial;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::evaluation::Workbench;
use crate::cli::exit::Exit;
use crate::cli::limits::LimitArgs;
use crate::cli::output::{Format, Output, check_stdout, write_all};
use crate::cli::ui::Ui;
use crate::domain::finding::Finding;
use crate::domain::gate::Verdict;
use crate::domain::id::LaneName;
use crate::domain::lane::Lane;
use crate::engine::check::check;
use crate::engine::diff::changed_paths;
use crate::engine::evaluate::budget::RunLimits;
use crate::engine::gate::{
    Evidence, PullRequest, RuleChanges, Scope, guarded_files, rule_changes, scope, verdict,
};
use crate::engine::workspace::Workspace;
use crate::report::annotations::render_annotations;
use crate::report::code_quality::render_code_quality;
use crate::report::json;
use crate::report::pull_request::{
    PullRequestReport, PullRequestV1, render_junit, render_markdown, render_text,
};
use crate::report::sarif::render_sarif;

use revisions::Revisions;
use trial::{Trial, try_prompts};

/// Judge a pull request by the rules of its base
///
/// Finds the prompts of which a model would be sent something else, and tests both versions of them
/// on the rows of the base, with its evaluators, judges, policy, providers and settings. Nothing of
/// the head is run. What the head changes about the rules is named: beside a change of a prompt,
/// a rule that is removed or replaced fails the gate, and what is added counts later.
///
/// Exits with 0 where the policy is satisfied or no prompt changes, with 1 where it is not or a rule
/// is bent, with 3 for too little shown, with 4 where base and head cannot be compared, with 6
/// where nothing in the base tests a prompt that changes, and with 2 where the base fails its own
/// check.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman gate --base origin/main
  pointsman gate --base origin/main --head HEAD --lane production
  pointsman gate --base origin/main --recorded
  pointsman gate --base origin/main -o comment.md -o sarif=gate.sarif -o github=-")]
pub struct GateArgs {
    /// The revision that the pull request is to be merged into
    #[arg(long, value_name = "REV")]
    base: String,
    /// The revision that is proposed
    #[arg(long, value_name = "REV", default_value = "HEAD")]
    head: String,
    /// Decide by the policy of this lane, as the base has it, instead of the first one with a gate
    #[arg(long, value_name = "LANE")]
    lane: Option<LaneName>,
    /// Whose recorded answers count for prompts under test: with `head`, those that the author
    /// brings, too
    #[arg(long, value_enum, default_value_t, value_name = "WHOSE")]
    recordings: Whose,
    /// Ask nobody: recorded answers stand in for every model, whoever the files name
    #[arg(long)]
    recorded: bool,
    #[command(flatten)]
    limits: LimitArgs,
    /// Let programs run that the base names as providers or evaluators, from a checkout of the base
    #[arg(long)]
    allow_exec: bool,
    /// Write the result to a file, too: `.json`, `.md` (a step summary or a comment), `.xml` (JUnit)
    /// or `.sarif`. Say `github=-` for annotations on stdout, and `gitlab=PATH` for a code quality
    /// report
    #[arg(short, long = "output", value_name = "[FORMAT=]PATH")]
    outputs: Vec<Output<GateFormat>>,
}

/// Whose recorded answers count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Whose {
    /// Those of the base only.
    Base,
    /// Those of the base, and where it has none those of the head.
    #[default]
    Head,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GateFormat {
    Json,
    Markdown,
    Junit,
    Sarif,
    Github,
    Gitlab,
}

impl Format for GateFormat {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("json", Self::Json),
        ("markdown", Self::Markdown),
        ("md", Self::Markdown),
        ("junit", Self::Junit),
        ("xml", Self::Junit),
        ("sarif", Self::Sarif),
        ("github", Self::Github),
        ("gitlab", Self::Gitlab),
    ];
    const ENDINGS: &'static str = ".json, .md, .xml or .sarif";
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &GateArgs) -> Result<Exit, CommandError> {
    check_stdout(&args.outputs, ui)?;
    let revisions = Revisions::find(context, &args.base, &args.head)?;
    if args.allow_exec {
        revisions.check_programs(context)?;
    }
    let request = revisions.request();
    sound(request)?;
    let base = Workspace::new(request.base);
    let lane = lane(&base, args.lane.as_ref())?;
    let broken = broken(request);
    let (scope, rules) = changes(&revisions, &broken)?;
    let changes_anything = scope.under_test().next().is_some() || !rules.is_empty();
    let trial = if broken.is_empty() && changes_anything {
        try_prompts(context, ui, args, &lane, (request, &scope))?
    } else {
        Trial::default()
    };
    let verdict = verdict(Evidence {
        scope: &scope,
        rules: &rules,
        broken: &broken,
        untested: &trial.untested,
        decision: trial.decision.as_ref(),
    });
    let mut against = broken;
    against.extend(rules.against.iter().cloned());
    let report = PullRequestReport {
        base: request.base.label(),
        head: request.head.label(),
        lane: &lane.name,
        verdict,
        scope: &scope,
        against,
        proposed: rules.proposed.clone(),
        suites: &trial.suites,
        decision: trial.decision.as_ref(),
        compared: trial.compared,
        usage: trial.usage,
        claimed: &trial.claimed,
        untested: &trial.untested,
        takes: trial.takes,
        beside: &trial.beside,
        left_out: &trial.left_out,
    };
    show(context, ui, args, &report, &revisions.prefix)?;
    Ok(exit(verdict))
}

/// A base that is broken judges nobody.
fn sound(request: PullRequest<'_>) -> Result<(), CommandError> {
    let report = check(&Workspace::new(request.base));
    if report.is_usable() {
        return Ok(());
    }
    let errors = report.findings.into_iter().filter(Finding::is_error);
    Err(CommandError::usage(format!(
        "the base ({}) fails its own check, and can judge nothing",
        request.base.label()
    ))
    .with_hint("repair it with a pull request of its own; whoever owns it must let that one in past the gate")
    .with_findings(errors.collect()))
}

/// The policy that decides: of the lane that was named, or of the first one that has a gate.
fn lane(base: &Workspace<'_>, wanted: Option<&LaneName>) -> Result<Lane, CommandError> {
    if let Some(name) = wanted {
        let lane = base.lane(name)?;
        return match lane.gate {
            Some(_) => Ok(lane),
            None => Err(
                CommandError::usage(format!("lane `{name}` of the base has no gate")).with_hint(
                    format!("write `[gate]` in `{}` of the base first", name.path()),
                ),
            ),
        };
    }
    let mut lanes = Vec::new();
    for name in base.lane_names()? {
        lanes.push(base.lane(&name)?);
    }
    lanes.retain(|lane| lane.gate.is_some());
    lanes.sort_by(|one, two| (one.order, &one.name).cmp(&(two.order, &two.name)));
    lanes.into_iter().next().ok_or_else(|| {
        CommandError::usage("no lane of the base has a gate, so nothing says what must be shown")
            .with_hint("write `[gate]` in a file below `environments/` of the base first")
    })
}

/// What is wrong with the head's files.
fn broken(request: PullRequest<'_>) -> Vec<Finding> {
    let report = check(&Workspace::new(request.head));
    report
        .findings
        .into_iter()
        .filter(Finding::is_error)
        .collect()
}

/// What the pull request changes. Where files cannot be read, that is told as such.
fn changes(
    revisions: &Revisions,
    broken: &[Finding],
) -> Result<(Scope, RuleChanges), CommandError> {
    let request = revisions.request();
    let guarded = guarded_files(&revisions.whole_fork, &revisions.whole_head)?;
    if changed_paths(request.fork, request.head)?.is_empty() && guarded.is_empty() {
        return Ok((Scope::default(), RuleChanges::default()));
    }
    let found = scope(request).and_then(|scope| {
        let mut rules = rule_changes(request, &scope)?;
        rules.extend(&scope, guarded);
        Ok((scope, rules))
    });
    match found {
        Err(_) if !broken.is_empty() => Ok(Default::default()),
        found => Ok(found?),
    }
}

fn show(
    context: &Context,
    ui: &mut Ui,
    args: &GateArgs,
    report: &PullRequestReport<'_>,
    prefix: &str,
) -> Result<(), CommandError> {
    let findings = || -> Vec<Finding> {
        let found = report.against.iter().chain(&report.proposed).cloned();
        found.map(|finding| from_the_top(finding, prefix)).collect()
    };
    let shown = write_all(context, ui, &args.outputs, |format| match format {
        GateFormat::Json => json::pretty(&PullRequestV1::from(report)),
        GateFormat::Markdown => render_markdown(report),
        GateFormat::Junit => render_junit(report),
        GateFormat::Sarif => render_sarif(&findings()),
        GateFormat::Github => render_annotations(&findings()),
        GateFormat::Gitlab => render_code_quality(&findings()),
    })?;
    if ui.wants_json() {
        ui.json(&PullRequestV1::from(report));
    } else if !shown {
        ui.text(render_text(report));
    }
    Ok(())
}

/// A finding with its path from the top of the repository; those about guarded files have it.
fn from_the_top(finding: Finding, prefix: &str) -> Finding {
    if finding.ident == "gate-workflow" {
        finding
    } else {
        finding.below(prefix)
    }
}

fn exit(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Pass => Exit::Success,
        Verdict::Fail => Exit::Failed,
        Verdict::Inconclusive => Exit::Inconclusive,
        Verdict::NotComparable => Exit::NotComparable,
        Verdict::NothingEvaluated => Exit::NothingEvaluated,
    }
}

impl GateArgs {
    /// A bench for files that are judged, or judge.
    fn bench<'b>(
        &self,
        context: &'b Context,
        workspace: &'b Workspace<'b>,
    ) -> Result<Workbench<'b>, CommandError> {
        let mut bench = Workbench::new(context, workspace, true)?;
        bench.allow_programs(self.allow_exec)?;
        bench.limits = RunLimits::from(&self.limits);
        Ok(bench)
    }
}
