//! The file of a review: written where it is new, and else filled with new data.

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::new_files::{replace_file, write_new_files};
use crate::cli::ui::Ui;
use crate::domain::review::Review;
use crate::engine::workspace::files::read_text;
use crate::engine::workspace::review::{read_review, with_data, write_review};
use crate::report::review::json::ReviewV1;
use crate::report::review::page::{Part, UNANSWERED, data_of, review_body};

/// Writes a review, and tells what is left for people.
pub(super) fn write(
    context: &Context,
    ui: &mut Ui,
    review: &Review,
    parts: &[Part],
) -> Result<Exit, CommandError> {
    let root = context.workspace_root()?;
    let path = review.id.path();
    let old = read_text(context.tree(None)?.as_ref(), &path)?;
    let text = match &old {
        None => {
            let text = write_review(review, &review_body(&review.title, parts));
            write_new_files(&root, std::iter::once((path.as_str(), text.as_str())))?;
            text
        }
        Some(source) => {
            read_review(&review.id, source)?;
            let data = data_of(parts);
            let (text, gone) = with_data(source, review, &data)?;
            for name in gone {
                ui.note(format_args!(
                    "{path} has no place for the data `{name}` any more"
                ));
            }
            replace_file(&root, &path, &text)?;
            text
        }
    };
    let unanswered = text.matches(UNANSWERED).count();
    if ui.wants_json() {
        ui.json(&ReviewV1::new(review, old.is_none(), unanswered));
        return Ok(Exit::Success);
    }
    ui.line(&path);
    if unanswered > 0 {
        ui.note(format_args!(
            "{unanswered} question(s) wait for an answer in it"
        ));
    }
    Ok(Exit::Success)
}
