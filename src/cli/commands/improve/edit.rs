//! `pointsman improve edit`.

use crate::adapters::git::GitImprovements;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::improve::{AttemptId, Author};
use crate::report::improve::{StartV1, render_start};

use super::candidate::{Draft, Subject, keep_edited, next_number};
use super::{kept, text, text_in, undecided};

/// Change a candidate's words, which makes another candidate of it
///
/// Opens the editor that `VISUAL` or `EDITOR` names, or takes a file. What comes of it is a new
/// candidate, made from the same commit, that has to be checked again; the old one is done with. Where
/// the new words are refused, the old candidate stays.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman improve edit support/triage/1
  pointsman improve edit support/triage/1 --from better.prompt.yml")]
pub(super) struct EditArgs {
    /// The candidate
    #[arg(value_name = "CANDIDATE")]
    id: AttemptId,
    /// Take the new text from a file with the whole prompt; `-` is stdin
    #[arg(long, value_name = "FILE")]
    from: Option<String>,
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &EditArgs) -> Result<Exit, CommandError> {
    let improvements = GitImprovements::new(context.repository()?)?;
    let kept = kept(&improvements, &args.id)?;
    let candidate = undecided(&kept.attempt)?;
    let old = text_in(context, &improvements, &candidate.commit, &args.id.prompt)?;
    let text = match &args.from {
        Some(from) => text::read(context, from)?,
        None => text::edited(context, &args.id.prompt, &old)?,
    };
    if text == old {
        return Err(CommandError::usage("nothing was edited")
            .with_hint("the candidate stays as it is; check it with `pointsman improve check`"));
    }
    let subject = Subject::new(context, &args.id.prompt, kept.attempt.base.clone())?;
    let draft = Draft {
        focus: kept.attempt.focus.clone(),
        may_change: kept.attempt.may_change.clone(),
        diagnosis: kept.attempt.diagnosis.clone(),
        author: Author::Person {
            edited: Some(args.id.clone()),
        },
        rationale: kept.attempt.rationale.clone(),
    };
    let number = next_number(&improvements.all()?, &args.id.prompt);
    let place = (&subject, number);
    let attempt = keep_edited(context, &improvements, place, draft, (&kept, text))?;
    let admitted = attempt.candidate.is_some();
    let attempts = [attempt];
    if ui.wants_json() {
        ui.json(&StartV1::new(&attempts));
    } else {
        ui.text(render_start(&attempts));
    }
    Ok(if admitted {
        Exit::Success
    } else {
        Exit::Failed
    })
}
