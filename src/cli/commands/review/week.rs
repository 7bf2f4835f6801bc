//! What is looked at every week.

use crate::cli::error::CommandError;
use crate::report::review::page::Part::{self, Data, Heading, Question};

use super::scene::Scene;

/// The parts of the review of a week.
pub(super) fn parts(scene: &Scene<'_>) -> Result<Vec<Part>, CommandError> {
    let views = scene.views_seen()?;
    Ok(vec![
        Heading("Numbers"),
        Data("numbers", scene.numbers()?),
        Question("Which numbers moved, and why?"),
        Heading("Behaviors"),
        Data("behaviors", scene.behaviors()?),
        Question("Which behaviors are new, came back, or get worse, and what is done about them?"),
        Heading("Evaluators"),
        Data("scores", scene.scores()?),
        Question(
            "Which failures that evaluators found were failures of the product, and which of the evaluator?",
        ),
        Heading("Rows from production"),
        Data("rows", scene.rows()?),
        Question("Are these the cases that matter, and is one missing?"),
        Heading("Candidates"),
        Data("improve", scene.improve()?),
        Question("What was learned from candidates that were edited or rejected?"),
        Heading("Releases and incidents"),
        Data("releases", scene.releases()?),
        Data("incidents", scene.incidents()?),
        Question("Which releases changed what users see, and was it meant?"),
        Heading("Views and exports"),
        Data("views", scene.views(&views)),
        Question("Which saved views and exports are kept for daily work?"),
        Heading("Cleaning up"),
        Data("unused", scene.unused(&views)?),
        Question("Which old datasets, views and evaluators go?"),
    ])
}
