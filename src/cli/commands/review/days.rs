//! What is looked at on each day after a release.

use crate::cli::error::CommandError;
use crate::domain::review::LaunchDay;
use crate::report::review::page::Part::{self, Data, Heading, Question, Task};

use super::scene::Scene;

/// The parts of the review of a day.
pub(super) fn parts(scene: &Scene<'_>, day: LaunchDay) -> Result<Vec<Part>, CommandError> {
    match day {
        LaunchDay::Zero => zero(scene),
        LaunchDay::One => one(scene),
        LaunchDay::Three => three(scene),
        LaunchDay::Seven => seven(scene),
    }
}

fn zero(scene: &Scene<'_>) -> Result<Vec<Part>, CommandError> {
    Ok(vec![
        Heading("Traffic, latency, cost, tokens and scores"),
        Data("numbers", scene.numbers()?),
        Question("Is this the traffic that was expected, and does a number need somebody now?"),
        Heading("Traces of normal requests"),
        Data("normal", scene.normal()?),
        Task("Read each of them from the first step to the last: does it do what it should?"),
        Heading("Webhooks and caches"),
        Data("webhooks", scene.webhooks()?),
        Task(
            "See to it that every reader has let go of the version before: restart one, and ask again",
        ),
        Heading("What runs"),
        Data("runtime", scene.runtime()?),
        Task("Every application reads this lane, and the version that is live there"),
        Heading("The way back"),
        Data("way-back", scene.way_back()?),
        Question("Who rolls back outside of working hours, and what would make them do it?"),
    ])
}

fn one(scene: &Scene<'_>) -> Result<Vec<Part>, CommandError> {
    Ok(vec![
        Heading("What failed, and what was graded low"),
        Data("failures", scene.failures()?),
        Task("Read each of them, and say in a word how it fails"),
        Heading("Failures that are known"),
        Data("themes", scene.themes()?),
        Question("Which known ways to fail were searched for, and which of them are there?"),
        Heading("Rows from production"),
        Data("rows", scene.rows()?),
        Task("Add the best examples to a regression dataset, and review them"),
        Heading("Evaluators"),
        Data("scores", scene.scores()?),
        Question("Which evaluator failed something for the wrong reason, and was it made tighter?"),
        Heading("Prompts"),
        Data("edits", scene.edits()?),
        Question("Does the team agree on how it fails? Until then, no prompt is edited."),
    ])
}

fn three(scene: &Scene<'_>) -> Result<Vec<Part>, CommandError> {
    Ok(vec![
        Heading("What it does again and again"),
        Data("behaviors", scene.behaviors()?),
        Task("Go through what users, the assistant and the tools do again and again"),
        Heading("Many of the same"),
        Data("volume", scene.volume()?),
        Question("Which of these are issues, and which are how it should be?"),
        Heading("What is to be improved"),
        Data("improve", scene.improve()?),
        Question("Which of them does the team want mended next, and who does it?"),
        Heading("What must not come back"),
        Data("rows", scene.rows()?),
        Task("Add a row for every case that must never fail again"),
    ])
}

fn seven(scene: &Scene<'_>) -> Result<Vec<Part>, CommandError> {
    Ok(vec![
        Heading("Golden and regression datasets"),
        Data("runs", scene.runs()?),
        Task("They are run before each release of a prompt: `pointsman eval --gate <lane>`"),
        Heading("Snapshots compared"),
        Data("snapshots", scene.snapshots()?),
        Task("The difference is read by somebody before production changes"),
        Heading("Each release watched"),
        Data("releases", scene.releases()?),
        Task("After each release somebody looks at the numbers: `pointsman monitor check`"),
        Heading("What was learned"),
        Data("learned", scene.learned()?),
        Question(
            "Which lessons of this release became a saved view, an evaluator or a row, and which did not yet?",
        ),
    ])
}
