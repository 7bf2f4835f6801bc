//! The work under way in this process that may have no end.
//!
//! The template engine counts steps, and not what one of them takes: to compare lists that hold themselves a
//! billion times, or to write them as text, is one step. A schema that refers to itself twice at each of forty
//! levels is as bad. Whoever watches the process looks at what goes on, and ends a process that would not end by
//! itself.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// All of them, the number of the next one, and whether there is a watch.
static WORKS: Mutex<Works> = Mutex::new(Works {
    next: 0,
    under_way: BTreeMap::new(),
    is_watched: false,
});

/// What starts a watch.
static WATCH: OnceLock<fn()> = OnceLock::new();

struct Works {
    next: u64,
    /// What is done, by number.
    under_way: BTreeMap<u64, Cow<'static, str>>,
    is_watched: bool,
}

/// Work that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// Its number: each has another.
    pub number: u64,
    /// What is done, for people: `rendering message 1`.
    pub what: Cow<'static, str>,
}

/// Names what is to be called when work begins that nobody watches: it should start a watch, which goes on
/// until [`oldest`] finds nothing.
pub fn watch_by(start: fn()) {
    // Only the first one counts, as there is one process to watch.
    let _ = WATCH.set(start);
}

/// Does something, which is under way for as long.
pub fn watched<T>(what: impl Into<Cow<'static, str>>, work: impl FnOnce() -> T) -> T {
    /// Ends it, also where it panics.
    struct Ending(u64);
    impl Drop for Ending {
        fn drop(&mut self) {
            works().under_way.remove(&self.0);
        }
    }
    let mut works = works();
    let number = works.next;
    works.next += 1;
    works.under_way.insert(number, what.into());
    let was_watched = std::mem::replace(&mut works.is_watched, true);
    drop(works);
    let _ending = Ending(number);
    if !was_watched && let Some(start) = WATCH.get() {
        start();
    }
    work()
}

/// The one that has been under way for longest. `None`: there is none, and the watch is over.
pub fn oldest() -> Option<Work> {
    let mut works = works();
    let Some((number, what)) = works.under_way.first_key_value() else {
        works.is_watched = false;
        return None;
    };
    Some(Work {
        number: *number,
        what: what.clone(),
    })
}

fn works() -> MutexGuard<'static, Works> {
    WORKS.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_under_way_until_it_ends_or_breaks() {
        let is_under_way = |number| works().under_way.contains_key(&number);
        let seen = watched("a", || {
            let number = works().next - 1;
            assert!(oldest().is_some_and(|it| it.number <= number));
            number
        });
        assert!(!is_under_way(seen));
        let broken = std::panic::catch_unwind(|| watched("b", || panic!("on purpose")));
        assert!(broken.is_err());
        assert!(works().under_way.values().all(|what| what != "b"));
    }
}
