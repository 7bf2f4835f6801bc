//! Ends the program where a template or a schema would not end.

use std::thread;
use std::time::Duration;

use crate::adapters::memory::resident_bytes;
use crate::engine::workspace::under_way::{Work, oldest, watch_by};

use super::exit::Exit;
use super::ui;

/// How often it is looked, and how often in a row the same work may be seen: 5 seconds. Looks are counted
/// and not the time, which passes also while the program stands still.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);
const MOST_LOOKS: u32 = 100;

/// How much memory the process may gain while one work goes on: 1 GiB.
const MOST_BYTES: u64 = 1024 * 1024 * 1024;

/// Watches such work whenever there is some.
pub(super) fn watch() {
    watch_by(|| {
        // Without a thread to spare there is no watch, and all goes on without.
        let _ = thread::Builder::new().spawn(look);
    });
}

fn look() {
    let (mut seen, mut looks, mut before) = (None, 0, None);
    while let Some(work) = oldest() {
        if seen != Some(work.number) {
            (seen, looks, before) = (Some(work.number), 0, resident_bytes());
        }
        let gained = resident_bytes()
            .unwrap_or(0)
            .saturating_sub(before.unwrap_or(0));
        if looks > MOST_LOOKS {
            end(&work, "takes more than 5 seconds");
        } else if gained > MOST_BYTES {
            end(&work, "takes more than 1 GiB of memory");
        }
        looks += 1;
        thread::sleep(BETWEEN_LOOKS);
    }
}

/// Ends the program. What is on disk is as it is when the program is killed: old or new.
#[expect(
    clippy::exit,
    reason = "the thread that would return is the one that works"
)]
fn end(work: &Work, why: &str) -> ! {
    ui::print_last_error(
        &format!("{} {why}", work.what),
        "make it simpler: nothing should hold, or refer to, another thing again and again",
    );
    std::process::exit(Exit::Usage as i32)
}
