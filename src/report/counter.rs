//! A line on stderr that counts while something is read of which nobody knows how long it is.

use std::time::Duration;

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

/// Shows how far reading has come. The line goes away at the end.
pub struct Counter(ProgressBar);

impl Counter {
    /// A line that begins to count.
    pub fn new() -> Self {
        const TICK: Duration = Duration::from_millis(120);
        let style = ProgressStyle::with_template("{spinner} {msg}").expect("the template is ours");
        let bar = ProgressBar::new_spinner().with_style(style);
        bar.enable_steady_tick(TICK);
        Self(bar)
    }

    /// Shows how many bytes were read and how many spans stored.
    pub fn show_stored(&self, bytes: u64, spans: u64) {
        let text = format!("{} read, {spans} spans stored", HumanBytes(bytes));
        self.0.set_message(text);
    }

    /// Shows how many spans were read.
    pub fn show_read(&self, spans: u64) {
        self.0.set_message(format!("spans read: {spans}"));
    }
}

impl Default for Counter {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
