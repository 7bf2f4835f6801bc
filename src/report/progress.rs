//! A progress bar on stderr while cases are run.

use indicatif::{ProgressBar, ProgressStyle};

use crate::engine::event::{Event, Listener};

/// Shows how many cases are finished, how many have no answer, and how long the rest may take.
pub struct Progress {
    bar: ProgressBar,
    unanswered: u64,
}

impl Progress {
    /// A bar that appears when a run starts.
    pub fn new() -> Self {
        Self {
            bar: ProgressBar::hidden(),
            unanswered: 0,
        }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl Listener for Progress {
    fn on_event(&mut self, event: &Event<'_>) {
        match event {
            Event::RunStarted {
                cases,
                already_done,
            } => {
                let style =
                    ProgressStyle::with_template("{bar:30} {pos}/{len} cases, {eta} left {msg}")
                        .expect("the template is ours");
                self.bar = ProgressBar::new(*cases).with_style(style);
                self.bar.set_position(*already_done);
            }
            Event::CaseFinished(result) => {
                if result.answer.is_err() {
                    self.unanswered += 1;
                    self.bar
                        .set_message(format!("({} without an answer)", self.unanswered));
                }
                self.bar.inc(1);
            }
            Event::RunFinished => self.bar.finish_and_clear(),
        }
    }
}
