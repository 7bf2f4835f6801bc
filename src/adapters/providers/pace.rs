//! How fast calls may start: so many requests and tokens a minute, and fewer at once while a server
//! says that it is too much.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// Spaces the starts of calls evenly, each by its weight.
pub(super) struct Pacer {
    per_unit: Duration,
    next: Mutex<Option<Instant>>,
}

impl Pacer {
    /// So many units a minute.
    pub(super) fn per_minute(units: u32) -> Self {
        Self {
            per_unit: Duration::from_mins(1) / units.max(1),
            next: Mutex::new(None),
        }
    }

    /// Waits until something of this weight may start.
    pub(super) async fn wait(&self, weight: u32) {
        let start = {
            let mut next = held(&self.next);
            let now = Instant::now();
            let start = next.map_or(now, |next| next.max(now));
            *next = Some(start + self.per_unit * weight);
            start
        };
        tokio::time::sleep_until(start).await;
    }

    /// What was started weighed something else than was thought.
    fn correct(&self, thought: u32, real: u32) {
        let mut next = held(&self.next);
        if let Some(next) = next.as_mut() {
            let lighter = *next + self.per_unit * real;
            *next = lighter
                .checked_sub(self.per_unit * thought)
                .unwrap_or(*next);
        }
    }
}

/// Keeps the number of tokens in a minute below a limit. What a call will take is not known when it
/// starts: it is thought to take as many as the calls before it, and corrected afterwards.
pub(super) struct TokenPacer {
    pacer: Pacer,
    /// The most that one call may count for: a minute's tokens, whatever a server says.
    most: u32,
    typical: Mutex<Option<f64>>,
}

impl TokenPacer {
    /// So many tokens a minute.
    pub(super) fn per_minute(tokens: u32) -> Self {
        Self {
            pacer: Pacer::per_minute(tokens),
            most: tokens,
            typical: Mutex::new(None),
        }
    }

    /// Waits until a call may start; answers how many tokens it is thought to take. The first call
    /// goes by the length of its body.
    pub(super) async fn wait(&self, body_bytes: usize) -> u32 {
        let typical = *held(&self.typical);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a mean of counts is neither negative nor larger than the largest of them"
        )]
        let thought = match typical {
            Some(typical) => typical.ceil() as u32,
            None => u32::try_from(body_bytes / 4).unwrap_or(u32::MAX),
        }
        .min(self.most);
        self.pacer.wait(thought).await;
        thought
    }

    /// A call that was thought to take some tokens took these.
    pub(super) fn took(&self, thought: u32, tokens: u64) {
        let tokens = u32::try_from(tokens).map_or(self.most, |tokens| tokens.min(self.most));
        self.pacer.correct(thought, tokens);
        let mut typical = held(&self.typical);
        let mean = typical.map_or(f64::from(tokens), |mean| {
            mean + (f64::from(tokens) - mean) / 8.0
        });
        *typical = Some(mean);
    }
}

/// Lets only so many calls run at once: half as many after a refusal, and one more after each full
/// round of successes.
pub(super) struct Throttle {
    most: usize,
    state: Mutex<State>,
    freed: Notify,
}

struct State {
    limit: usize,
    running: usize,
    successes: usize,
    lowered: Option<Instant>,
}

/// The right to make one try.
pub(super) struct Permit<'t> {
    throttle: &'t Throttle,
    started: Instant,
}

impl Throttle {
    /// Up to `most` at once.
    pub(super) fn new(most: usize) -> Self {
        let most = most.max(1);
        Self {
            most,
            state: Mutex::new(State {
                limit: most,
                running: 0,
                successes: 0,
                lowered: None,
            }),
            freed: Notify::new(),
        }
    }

    /// Waits for the right to make one try.
    pub(super) async fn enter(&self) -> Permit<'_> {
        loop {
            let freed = self.freed.notified();
            {
                let mut state = held(&self.state);
                if state.running < state.limit {
                    state.running += 1;
                    return Permit {
                        throttle: self,
                        started: Instant::now(),
                    };
                }
            }
            freed.await;
        }
    }

    #[cfg(test)]
    fn limit(&self) -> usize {
        held(&self.state).limit
    }
}

impl Permit<'_> {
    /// The server answered.
    pub(super) fn succeeded(&self) {
        let mut state = held(&self.throttle.state);
        state.successes += 1;
        if state.successes >= state.limit {
            state.successes = 0;
            state.limit = (state.limit + 1).min(self.throttle.most);
        }
    }

    /// The server said that it is too much. Of tries that ran together only the first one counts:
    /// the others tell of the same moment.
    pub(super) fn was_too_much(&self) {
        let mut state = held(&self.throttle.state);
        state.successes = 0;
        if state.lowered.is_none_or(|lowered| lowered <= self.started) {
            state.limit = (state.limit / 2).max(1);
            state.lowered = Some(Instant::now());
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        held(&self.throttle.state).running -= 1;
        self.throttle.freed.notify_waiters();
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no holder of the lock panics")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_a_runtime(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(test);
    }

    #[test]
    fn calls_start_evenly_by_their_weight() {
        on_a_runtime(async {
            let pacer = Pacer::per_minute(6_000);
            let started = Instant::now();
            pacer.wait(3).await;
            pacer.wait(1).await;
            assert!(started.elapsed() >= Duration::from_millis(30));
        });
    }

    #[test]
    fn tokens_that_a_call_took_hold_up_the_next_one() {
        on_a_runtime(async {
            let pacer = TokenPacer::per_minute(60_000);
            let started = Instant::now();
            let thought = pacer.wait(40).await;
            assert_eq!(thought, 10);
            pacer.took(thought, 50);
            assert_eq!(pacer.wait(40).await, 50);
            assert!(started.elapsed() >= Duration::from_millis(50));
        });
    }

    #[test]
    fn a_refusal_halves_what_runs_at_once_and_successes_win_it_back() {
        on_a_runtime(async {
            let throttle = Throttle::new(8);
            let burst = [throttle.enter().await, throttle.enter().await];
            for permit in &burst {
                permit.was_too_much();
            }
            assert_eq!(throttle.limit(), 4, "one burst counts once");
            drop(burst);
            for _ in 0..4 {
                throttle.enter().await.succeeded();
            }
            assert_eq!(throttle.limit(), 5);
            for _ in 0..100 {
                throttle.enter().await.succeeded();
            }
            assert_eq!(throttle.limit(), 8, "never above the settings");
            for _ in 0..10 {
                tokio::time::sleep(Duration::from_millis(1)).await;
                throttle.enter().await.was_too_much();
            }
            assert_eq!(throttle.limit(), 1, "never below one");
        });
    }

    #[test]
    fn whoever_waits_is_let_in_when_another_one_leaves() {
        on_a_runtime(async {
            let throttle = Throttle::new(1);
            let first = throttle.enter().await;
            let waits = throttle.enter();
            let leaves = async {
                tokio::time::sleep(Duration::from_millis(5)).await;
                drop(first);
            };
            let both = async { tokio::join!(waits, leaves) };
            tokio::time::timeout(Duration::from_secs(5), both)
                .await
                .expect("the second one is let in");
        });
    }
}
