//! The work under way in this process that may have no end.
//!
//! The template engine counts steps, and not what one of them takes: to compare lists that hold themselves a
//! billion times, or to write them as text, is one step. A schema that refers to itself twice at each of forty
//! levels is as bad. Whoever watches the process is told of the first such work, and of each that goes on,
//! and ends a process that would not end by itself.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, Once, OnceLock, PoisonError};

/// All of them, and the number of the next one.
static WORKS: Mutex<Works> = Mutex::new(Works {
    next: 0,
    under_way: BTreeMap::new(),
});

/// Another one began.
static BEGAN: Condvar = Condvar::new();

/// What is called at the first one, and whether it was.
static WATCH: OnceLock<fn()> = OnceLock::new();
static WATCHED: Once = Once::new();

struct Works {
    next: u64,
    /// What is done, by number.
    under_way: BTreeMap<u64, Cow<'static, str>>,
}

/// Work that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// Its number: each has another.
    pub number: u64,
    /// What is done, for people: `rendering message 1`.
    pub what: Cow<'static, str>,
}

/// Names what is to be called once, when the first work begins: it should start a watch.
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
    if let Some(start) = WATCH.get() {
        WATCHED.call_once(start);
    }
    let mut works = works();
    let number = works.next;
    works.next += 1;
    works.under_way.insert(number, what.into());
    drop(works);
    BEGAN.notify_all();
    let _ending = Ending(number);
    work()
}

/// The one that has been under way for longest. Waits until there is one.
pub fn oldest() -> Work {
    let mut works = works();
    loop {
        if let Some((number, what)) = works.under_way.first_key_value() {
            return Work {
                number: *number,
                what: what.clone(),
            };
        }
        works = BEGAN.wait(works).unwrap_or_else(PoisonError::into_inner);
    }
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
            assert!(oldest().number <= number);
            number
        });
        assert!(!is_under_way(seen));
        let broken = std::panic::catch_unwind(|| watched("b", || panic!("on purpose")));
        assert!(broken.is_err());
        assert!(works().under_way.values().all(|what| what != "b"));
    }
}
