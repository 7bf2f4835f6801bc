//! Works on many things at the same time, and hands over what came of each in their order.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::engine::ports::traces::TraceStoreError;

/// The most threads that work on one question: each needs memory for what it reads.
const MOST_THREADS: usize = 8;

/// Where the work stands.
struct Progress<T> {
    /// The next thing to be worked on.
    next: usize,
    /// How many were handed over.
    handed: usize,
    /// What came of things that cannot be handed over yet.
    done: BTreeMap<usize, Result<T, TraceStoreError>>,
    /// Whether nobody needs the rest.
    stopped: bool,
}

/// The progress, shared by all who work.
struct Shared<T> {
    progress: Mutex<Progress<T>>,
    changed: Condvar,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, Progress<T>> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'g>(&self, guard: MutexGuard<'g, Progress<T>>) -> MutexGuard<'g, Progress<T>> {
        let woken = self.changed.wait(guard);
        woken.unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }
}

/// Does `work` on each thing and hands the results to `each` in the order of the things, until there is
/// an error or `each` wants no more. No more results wait than there are threads, twice.
pub(super) fn in_order<U: Sync, T: Send>(
    things: &[U],
    work: impl Fn(&U) -> Result<T, TraceStoreError> + Sync,
    mut each: impl FnMut(T) -> Result<ControlFlow<()>, TraceStoreError>,
) -> Result<(), TraceStoreError> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = threads.min(MOST_THREADS).min(things.len());
    if threads <= 1 {
        for thing in things {
            if each(work(thing)?)?.is_break() {
                break;
            }
        }
        return Ok(());
    }
    let shared = Shared {
        progress: Mutex::new(Progress {
            next: 0,
            handed: 0,
            done: BTreeMap::new(),
            stopped: false,
        }),
        changed: Condvar::new(),
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| work_on(&shared, things, 2 * threads, &work));
        }
        let handed = hand_over(&shared, things.len(), &mut each);
        shared.stop();
        handed
    })
}

fn work_on<U, T>(
    shared: &Shared<T>,
    things: &[U],
    ahead: usize,
    work: &impl Fn(&U) -> Result<T, TraceStoreError>,
) {
    loop {
        let mut progress = shared.lock();
        while !progress.stopped && progress.next >= progress.handed + ahead {
            progress = shared.wait(progress);
        }
        let index = progress.next;
        let Some(thing) = things.get(index).filter(|_| !progress.stopped) else {
            return;
        };
        progress.next += 1;
        drop(progress);
        // Whoever waits for this one must not wait for ever.
        let stop = StopOnPanic(shared);
        let result = work(thing);
        shared.lock().done.insert(index, result);
        shared.changed.notify_all();
        std::mem::forget(stop);
    }
}

/// Stops everybody when it is dropped, which happens only as its thread panics.
struct StopOnPanic<'s, T>(&'s Shared<T>);

impl<T> Drop for StopOnPanic<'_, T> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

fn hand_over<T>(
    shared: &Shared<T>,
    count: usize,
    each: &mut impl FnMut(T) -> Result<ControlFlow<()>, TraceStoreError>,
) -> Result<(), TraceStoreError> {
    for index in 0..count {
        let mut progress = shared.lock();
        let result = loop {
            if let Some(result) = progress.done.remove(&index) {
                break result;
            }
            if progress.stopped {
                return Ok(());
            }
            progress = shared.wait(progress);
        };
        progress.handed += 1;
        drop(progress);
        shared.changed.notify_all();
        if each(result?)?.is_break() {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(message: String) -> TraceStoreError {
        TraceStoreError {
            message,
            hint: None,
            remote: false,
        }
    }

    #[test]
    fn results_come_in_the_order_of_the_things() {
        let things: Vec<usize> = (0..500).collect();
        let mut results = Vec::new();
        let work = |thing: &usize| {
            if thing.is_multiple_of(7) {
                thread::yield_now();
            }
            Ok(thing * 2)
        };
        let done = in_order(&things, work, |result| {
            results.push(result);
            Ok(ControlFlow::Continue(()))
        });
        assert_eq!(done, Ok(()));
        assert!(
            results
                .iter()
                .enumerate()
                .all(|(index, result)| *result == 2 * index)
        );
        assert_eq!(results.len(), 500);
    }

    #[test]
    fn the_first_error_ends_it_and_so_does_who_wants_no_more() {
        let things: Vec<usize> = (0..500).collect();
        let work = |thing: &usize| match thing {
            40 | 90 => Err(error(format!("{thing}"))),
            thing => Ok(*thing),
        };
        let mut seen = 0;
        let until_error = in_order(&things, work, |_| {
            seen += 1;
            Ok(ControlFlow::Continue(()))
        });
        assert_eq!((until_error, seen), (Err(error("40".to_owned())), 40));
        let enough = in_order(&things, work, |result| {
            Ok(if result == 3 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        });
        assert_eq!(enough, Ok(()));
    }
}
