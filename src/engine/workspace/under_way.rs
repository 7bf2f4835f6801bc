//! The renders that are under way in this process.
//!
//! The template engine counts steps, and not what one of them takes: to compare lists that hold themselves a
//! billion times, or to write them as text, is one step. Whoever watches the process is told of its first
//! render, and of each that goes on, and ends a process that would not end by itself.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

/// All of them, and the number of the next one.
static RENDERS: Mutex<Renders> = Mutex::new(Renders {
    next: 0,
    under_way: BTreeMap::new(),
});

/// Another one began.
static BEGAN: Condvar = Condvar::new();

/// What is called at the first one.
static WATCH: OnceLock<Watch> = OnceLock::new();

struct Renders {
    next: u64,
    /// What is rendered, by number.
    under_way: BTreeMap<u64, String>,
}

struct Watch {
    start: fn(),
    started: std::sync::Once,
}

/// A render that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendering {
    /// Its number: each has another.
    pub number: u64,
    /// What is rendered, for people.
    pub what: String,
}

/// Names what is to be called once, when the first render begins: it should start a watch.
pub fn watch_by(start: fn()) {
    let started = std::sync::Once::new();
    // Only the first one counts, as there is one process to watch.
    let _ = WATCH.set(Watch { start, started });
}

/// Renders something, which is under way for as long.
pub fn render<T>(what: String, render: impl FnOnce() -> T) -> T {
    /// Ends it, also where the engine panics.
    struct Ending(u64);
    impl Drop for Ending {
        fn drop(&mut self) {
            renders().under_way.remove(&self.0);
        }
    }
    if let Some(watch) = WATCH.get() {
        watch.started.call_once(watch.start);
    }
    let mut renders = renders();
    let number = renders.next;
    renders.next += 1;
    renders.under_way.insert(number, what);
    drop(renders);
    BEGAN.notify_all();
    let _ending = Ending(number);
    render()
}

/// The one that has been under way for longest. Waits until there is one.
pub fn oldest() -> Rendering {
    let mut renders = renders();
    loop {
        if let Some((number, what)) = renders.under_way.first_key_value() {
            return Rendering {
                number: *number,
                what: what.clone(),
            };
        }
        renders = BEGAN.wait(renders).unwrap_or_else(PoisonError::into_inner);
    }
}

fn renders() -> MutexGuard<'static, Renders> {
    RENDERS.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_render_is_under_way_until_it_ends_or_breaks() {
        let is_under_way = |number| renders().under_way.contains_key(&number);
        let seen = render("a".to_owned(), || {
            let number = renders().next - 1;
            assert!(oldest().number <= number);
            number
        });
        assert!(!is_under_way(seen));
        let broken = std::panic::catch_unwind(|| render("b".to_owned(), || panic!("on purpose")));
        assert!(broken.is_err());
        assert!(renders().under_way.values().all(|what| what != "b"));
    }
}
