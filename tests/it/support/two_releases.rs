//! A lane with two releases, three hours of traffic after each.

use jiff::{SignedDuration, Timestamp};

use super::Sandbox;
use super::scene::Scene;
use super::traces::Traffic;

/// A text that would drive a terminal, hide in it, or run in a browser.
pub(crate) const HOSTILE: &str = "POST /\u{1b}[2J\u{202e}<script>alert(1)</script>";

/// How long each release is live.
const LIVE: SignedDuration = SignedDuration::from_hours(3);

/// A lane with two releases, and the traffic that each of them had. Nothing is imported yet.
pub(crate) struct Production {
    pub(crate) sandbox: Sandbox,
    pub(crate) first: Traffic,
    pub(crate) second: Traffic,
}

impl Production {
    /// The lane `production` with its records #1 and #2, both made by `promote`.
    pub(crate) fn new() -> Self {
        static NEW: Scene<[Traffic; 2]> = Scene::new();
        Self::copy_of(&NEW, || Self::of(Sandbox::without_gates()))
    }

    fn copy_of(scene: &Scene<[Traffic; 2]>, make: impl FnOnce() -> Self) -> Self {
        let (sandbox, [first, second]) = scene.copy(|| {
            let Self {
                sandbox,
                first,
                second,
            } = make();
            (sandbox, [first, second])
        });
        Self {
            sandbox,
            first,
            second,
        }
    }

    /// The same, under a watch plan.
    pub(crate) fn watched(plan: &str) -> Self {
        let sandbox = Sandbox::without_gates();
        let lane = format!("order = 2\nfrom = \"staging\"\n\n[watch]\n{plan}");
        sandbox.write("environments/production.toml", lane);
        sandbox.commit("Watch production");
        Self::of(sandbox)
    }

    fn of(sandbox: Sandbox) -> Self {
        let first = Self::release(&sandbox);
        sandbox.reword("briefly");
        let second = Self::release(&sandbox);
        Self {
            sandbox,
            first,
            second,
        }
    }

    /// Brings the traffic into the store, with that of the second release made another.
    pub(crate) fn goes_on(self, second: impl FnOnce(Traffic) -> Traffic) -> Sandbox {
        self.sandbox.imports(&self.first);
        self.sandbox.imports(&second(self.second));
        self.sandbox
    }

    /// The same, with its traffic in the store.
    pub(crate) fn calm() -> Self {
        static CALM: Scene<[Traffic; 2]> = Scene::new();
        Self::copy_of(&CALM, || {
            let production = Self::new();
            production.sandbox.imports(&production.first);
            production.sandbox.imports(&production.second);
            production
        })
    }

    /// Releases what is committed; the traffic until three hours later.
    fn release(sandbox: &Sandbox) -> Traffic {
        sandbox.promotes("staging");
        sandbox.promotes("production");
        let at: Timestamp = sandbox.record("production")["recordedAt"]
            .as_str()
            .expect("a record has a time")
            .parse()
            .expect("it is a time");
        sandbox.wait_seconds(LIVE.as_secs());
        sandbox.traffic("production", at, at + LIVE)
    }
}
